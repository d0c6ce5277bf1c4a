/*
 * What a client asks for, read from CGI/1.1 variables (pure).
 *
 * Only REQUEST_URI and QUERY_STRING mean the same with every web server, so
 * nothing else is used to find the channel if they are there.  Everything here
 * is hostile input: what cannot be understood becomes an response, never a
 * guess.
 */
#ifndef SPOOLCAST_HTTP_REQUEST_H
#define SPOOLCAST_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/mount.h"
#include "http/response.h"
#include "http/text_list.h"

struct format;

/* The variables that matter; rows of a table in request.c. */
enum request_var {
	VAR_METHOD,
	VAR_URI,
	VAR_SCRIPT,
	VAR_PATH,
	VAR_QUERY,
	VAR_LAST_EVENT_ID,
	VAR_ACCEPT,
	VAR_ADDRESS,
	VAR_SOFTWARE,
	VAR_COUNT,
};

/* More lists of MOUNT_VAR than this count as one that is not valid. */
#define REQUEST_MOUNTS_MAX 8

/* Borrowed; text == NULL where the server did not set the variable. */
struct request_value {
	const char *text;
	size_t len;
};

struct request_vars {
	struct request_value var[VAR_COUNT];
	struct request_value mounts[REQUEST_MOUNTS_MAX]; /* of MOUNT_VAR */
	size_t n_mounts;				 /* that came */
};

enum request_method {
	METHOD_GET,
	METHOD_HEAD,
	METHOD_OPTIONS,
	METHOD_OTHER, /* none of these */
};

#define REQUEST_HISTORY_ALL UINT64_MAX
#define REQUEST_FLUSH_MAX 15

struct request {
	enum request_method method;
	struct text_list channels; /* names and patterns, each once */
	struct text_list types;	   /* only these; empty: all */
	bool is_in_path;	   /* where the channels are named */
	struct mount mount;	   /* what may be heard where it was asked */
	struct buf cursor;	   /* an event id; empty: none */
	bool has_history;
	uint64_t history;		   /* records; REQUEST_HISTORY_ALL */
	size_t padding;			   /* bytes; 0: none */
	bool names_channel;		   /* as the type of each event */
	bool wants_beats;		   /* heartbeats that pages can see */
	const struct format *format;	   /* how its response is spelled */
	char flush[REQUEST_FLUSH_MAX + 1]; /* a flush mode's name; "": none */
};

/**
 * request_var_name(var):
 * Return the name of ${var}, such as "REQUEST_METHOD".
 */
const char *request_var_name(enum request_var var);

/**
 * request_set_var(vars, name, name_len, value, value_len):
 * Keep the value of a variable if it is one of those that matter; ${value} is
 * borrowed.  The last value of a variable counts, as an administrator who adds
 * a line to what a web server sets anyway means that line; of MOUNT_VAR all
 * count.
 */
void request_set_var(struct request_vars *vars, const char *name,
    size_t name_len, const char *value, size_t value_len);

/**
 * request_method(vars), request_page(vars):
 * Return the method, and the last part of the path, as it stands in the address
 * (borrowed): without the query, and without a slash at its end.
 */
enum request_method request_method(const struct request_vars *vars);
struct request_value request_page(const struct request_vars *vars);

/**
 * request_parse(vars, out, response):
 * Read a request for channels from ${vars} into ${out}, which owns all that it
 * holds: free it with request_free, whatever is returned.  Return 0, or -1 with
 * ${response} saying which status and text to send.  Method, Accept and mount
 * are read before anything can fail.
 */
int request_parse(const struct request_vars *vars, struct request *out,
    struct response *response);

/**
 * request_free(request):
 * Free what ${request} owns.
 */
void request_free(struct request *request);

/**
 * request_memory(request):
 * Return how many bytes ${request} owns.
 */
size_t request_memory(const struct request *request);

#endif
