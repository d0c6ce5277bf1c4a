/*
 * What is known of front servers by their names (pure).
 */
#ifndef SPOOLCAST_HTTP_FRONT_H
#define SPOOLCAST_HTTP_FRONT_H

#include <stdbool.h>
#include <stddef.h>

/* A web server; the last row of the table stands for any that is not known. */
struct front {
	const char *prefix; /* of its SERVER_SOFTWARE */
	/*
	 * What to set there so that it passes events on as they come; NULL
	 * where nothing has to be set.
	 */
	const char *directive;
	/* From which version on it heeds Incremental; all 0: never. */
	unsigned incremental[3];
};

/**
 * front_find(software, len):
 * Return the row for the server that calls itself ${software} (its ${len} bytes
 * need no NUL; NULL is allowed).
 */
const struct front *front_find(const char *software, size_t len);

/**
 * front_heeds_incremental(software, len):
 * Return whether that server is known to stream a response because of the field
 * Incremental (RFC 10036).  Others ignore it or, where an administrator has
 * said that responses are to be collected, answer 501 in our place.
 */
bool front_heeds_incremental(const char *software, size_t len);

/**
 * front_names_fcgid(software, len):
 * Return whether ${software} says that mod_fcgid is there.
 */
bool front_names_fcgid(const char *software, size_t len);

#endif
