/*
 * What a client asks for, read from CGI/1.1 variables (pure).
 *
 * Only REQUEST_URI and QUERY_STRING mean the same behind every web server, so
 * nothing else is used to find the channel.  Everything here is hostile input:
 * what cannot be understood becomes an answer, never a guess.
 */
#ifndef SPOOLCAST_HTTP_REQUEST_H
#define SPOOLCAST_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/answer.h"

/* The variables that matter; rows of a table in request.c. */
enum request_var {
	VAR_METHOD,
	VAR_URI,
	VAR_QUERY,
	VAR_LAST_EVENT_ID,
	VAR_ACCEPT,
	VAR_ADDRESS,
	VAR_SOFTWARE,
	VAR_COUNT,
};

/* Borrowed values; text == NULL where the server did not set the variable. */
struct request_vars {
	struct {
		const char *text;
		size_t len;
	} var[VAR_COUNT];
};

enum request_method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_OPTIONS,
	METHOD_OTHER,
};

/* Texts one behind another, each with its NUL. */
struct text_list {
	struct buf texts;
	size_t count;
};

#define TEXT_LIST_EACH(text, list)                                             \
	for (const char *text = (const char *)(list)->texts.data;              \
	     text != NULL &&                                                   \
	     text < (const char *)(list)->texts.data + (list)->texts.len;      \
	     text += strlen(text) + 1)

#define REQUEST_HISTORY_ALL UINT64_MAX
#define REQUEST_FLUSH_MAX 15

struct request {
	enum request_method method;
	struct text_list channels; /* names and patterns, each once */
	struct text_list types;	   /* only these; empty: all */
	struct buf cursor;	   /* an event id; empty: none */
	bool has_history;
	uint64_t history; /* records; REQUEST_HISTORY_ALL */
	size_t padding;	  /* bytes; 0: none */
	bool wants_open;
	char flush[REQUEST_FLUSH_MAX + 1]; /* a flush mode's name; "": none */
	bool accepts_stream;		   /* text/event-stream is acceptable */
	bool is_eventsource;		   /* and was asked for by name */
};

/**
 * request_var_name(var):
 * Return the name of ${var}, such as "REQUEST_METHOD".
 */
const char *request_var_name(enum request_var var);

/**
 * request_set_var(vars, name, name_len, value, value_len):
 * Keep the value of a variable if it is one of those that matter; ${value} is
 * borrowed.  The first value of a variable counts.
 */
void request_set_var(struct request_vars *vars, const char *name,
    size_t name_len, const char *value, size_t value_len);

/**
 * request_parse(vars, out, answer):
 * Read a request from ${vars} into ${out}, which owns all that it holds: free
 * it with request_free, whatever is returned.  Return 0, or -1 with ${answer}
 * saying which status and text to send.  Method and Accept are read before
 * anything can fail.
 */
int request_parse(const struct request_vars *vars, struct request *out,
    struct answer *answer);

/**
 * request_free(request):
 * Free what ${request} owns.
 */
void request_free(struct request *request);

/**
 * text_list_add(list, text, len):
 * Add a copy of ${text} unless it is in ${list} already.  Return 0, or -1 with
 * ENOMEM and the list unchanged.
 */
int text_list_add(struct text_list *list, const char *text, size_t len);

/**
 * text_list_has(list, text, len):
 * Return whether ${text} is in ${list}.
 */
bool text_list_has(const struct text_list *list, const char *text, size_t len);

#endif
