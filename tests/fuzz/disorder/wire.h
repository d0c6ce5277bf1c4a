/*
 * What a responder answers: FastCGI records, of which the text is cut into
 * lines.
 */
#ifndef SPOOLCAST_TESTS_DISORDER_WIRE_H
#define SPOOLCAST_TESTS_DISORDER_WIRE_H

#include <fastcgi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is behind in a longer line is left out. */
#define WIRE_LINE_MAX 255

struct wire {
	uint8_t header[FCGI_HEADER_LEN]; /* of the record, in part */
	uint8_t header_len;
	uint8_t padding; /* bytes to come of the record */
	size_t left;
	bool is_text;	  /* what comes belongs to the answer */
	bool is_wrong;	  /* it is not FastCGI */
	unsigned n_ended; /* requests */
	char line[WIRE_LINE_MAX + 1];
	size_t line_len;
	/* Called for each line, without its end. */
	void (*on_line)(void *cookie, const char *line, size_t len);
	void *cookie;
};

/* Start anew, with the same on_line and cookie. */
void wire_restart(struct wire *wire);

/* Take what has come. */
void wire_feed(struct wire *wire, const uint8_t *bytes, size_t len);

#endif
