#include <string.h>

#include "base/name.h"
#include "base/num.h"
#include "format/format.h"
#include "http/accept.h"
#include "http/request.h"
#include "http/spelling.h"

/*
 * This is longer than any id of ours, even of CHANNELS_MAX marks; a longer one
 * is damaged.
 */
#define CURSOR_MAX 24576
#define TYPES_MAX 32
#define TYPE_LEN_MAX 256
#define PADDING_DEFAULT 2048
#define PADDING_MAX 65536
/* This keeps a request from listing channels for ever; settings allow fewer. */
#define CHANNELS_MAX 1000

static const char *const var_names[VAR_COUNT] = {
	[VAR_METHOD] = "REQUEST_METHOD",
	[VAR_URI] = "REQUEST_URI",
	[VAR_SCRIPT] = "SCRIPT_NAME",
	[VAR_PATH] = "PATH_INFO",
	[VAR_QUERY] = "QUERY_STRING",
	[VAR_LAST_EVENT_ID] = "HTTP_LAST_EVENT_ID",
	[VAR_ACCEPT] = "HTTP_ACCEPT",
	[VAR_ADDRESS] = "REMOTE_ADDR",
	[VAR_SOFTWARE] = "SERVER_SOFTWARE",
};

static const struct {
	const char *name;
	enum request_method method;
} methods[] = {
	{ "GET", METHOD_GET },
	{ "HEAD", METHOD_HEAD },
	{ "OPTIONS", METHOD_OPTIONS },
};
#define N_METHODS (sizeof(methods) / sizeof(methods[0]))

const char *
request_var_name(enum request_var var)
{
	return var_names[var];
}

void
request_set_var(struct request_vars *vars, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	if (mount_is_var(name, name_len)) {
		if (vars->n_mounts < REQUEST_MOUNTS_MAX) {
			vars->mounts[vars->n_mounts].text = value;
			vars->mounts[vars->n_mounts].len = value_len;
		}
		vars->n_mounts++;
		return;
	}
	for (size_t i = 0; i < VAR_COUNT; i++) {
		if (strlen(var_names[i]) != name_len ||
		    memcmp(var_names[i], name, name_len) != 0)
			continue;
		vars->var[i].text = value;
		vars->var[i].len = value_len;
		return;
	}
}

static int
no_memory(struct response *response)
{
	return response_refuse(response, 503, "out of memory, try again later");
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-decode; a '%' without two digits stays as it is. */
static int
decode(struct buf *out, const char *text, size_t len, bool plus_is_blank)
{
	out->len = 0;
	if (buf_reserve(out, len + 1) != 0)
		return -1;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)text[i];

		if (c == '%' && len - i > 2 && hex(text[i + 1]) >= 0 &&
		    hex(text[i + 2]) >= 0) {
			c = (uint8_t)(hex(text[i + 1]) * 16 + hex(text[i + 2]));
			i += 2;
		} else if (c == '+' && plus_is_blank) {
			c = ' ';
		}
		out->data[out->len++] = c;
	}
	return 0;
}

static int
add_channels(struct request *req, const char *text, size_t len,
    struct response *response)
{
	while (len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma == NULL ? len : (size_t)(comma - text);

		if (!name_is_valid(text, n) && !name_is_pattern(text, n))
			return spelling_refuse(response, text, n);
		if (text_list_add(&req->channels, text, n) != 0)
			return no_memory(response);
		if (req->channels.count > CHANNELS_MAX)
			return response_refuse(
			    response, 400, "too many channels");
		text += comma == NULL ? n : n + 1;
		len -= comma == NULL ? n : n + 1;
	}
	return 0;
}

static int
read_types(struct request *req, const char *text, size_t len,
    struct response *response)
{
	while (len > 0) {
		const char *comma = memchr(text, ',', len);
		size_t n = comma == NULL ? len : (size_t)(comma - text);

		if (n > TYPE_LEN_MAX || memchr(text, '\0', n) != NULL)
			return response_refuse(response, 400,
			    "bad type: at most %d bytes each", TYPE_LEN_MAX);
		if (n > 0 && text_list_add(&req->types, text, n) != 0)
			return no_memory(response);
		if (req->types.count > TYPES_MAX)
			return response_refuse(response, 400,
			    "too many types: at most %d", TYPES_MAX);
		text += comma == NULL ? n : n + 1;
		len -= comma == NULL ? n : n + 1;
	}
	return 0;
}

static int
read_cursor(struct request *req, const char *text, size_t len,
    struct response *response)
{
	/* The header was read before and wins; of several, the first does. */
	if (req->cursor.len > 0)
		return 0;
	/*
	 * If it were cut it could look whole again, so it is replaced by what
	 * is no id.
	 */
	if (len > CURSOR_MAX) {
		text = "?";
		len = 1;
	}
	if (buf_append(&req->cursor, text, len) != 0)
		return no_memory(response);
	return 0;
}

static bool
is_text(const char *text, size_t len, const char *want)
{
	return strlen(want) == len && memcmp(text, want, len) == 0;
}

static int
read_history(struct request *req, const char *text, size_t len,
    struct response *response)
{
	req->has_history = true;
	if (is_text(text, len, "all")) {
		req->history = REQUEST_HISTORY_ALL;
		return 0;
	}
	if (num_uint(text, len, &req->history) != NUM_OK)
		return response_refuse(
		    response, 400, "bad history: a number of records, or all");
	return 0;
}

static int
read_padding(struct request *req, const char *text, size_t len,
    struct response *response)
{
	uint64_t bytes = PADDING_DEFAULT;

	if (!is_text(text, len, "true") &&
	    (num_uint(text, len, &bytes) != NUM_OK || bytes > PADDING_MAX))
		return response_refuse(response, 400,
		    "bad padding: a number of bytes up to %d, or true",
		    PADDING_MAX);
	req->padding = (size_t)bytes;
	return 0;
}

static int
read_event(struct request *req, const char *text, size_t len,
    struct response *response)
{
	if (!is_text(text, len, "channel"))
		return response_refuse(response, 400,
		    "bad event: channel, to have each event's channel as its "
		    "type");
	req->names_channel = true;
	return 0;
}

static int
read_beat(struct request *req, const char *text, size_t len,
    struct response *response)
{
	if (!is_text(text, len, "0") && !is_text(text, len, "1"))
		return response_refuse(response, 400, "bad beat: 0 or 1");
	req->wants_beats = text[0] == '1';
	return 0;
}

/*
 * Only keep the name: which modes there are, and whether a client may choose,
 * is known elsewhere.
 */
static int
read_flush(struct request *req, const char *text, size_t len,
    struct response *response)
{
	if (len == 0 || len > REQUEST_FLUSH_MAX ||
	    memchr(text, '\0', len) != NULL)
		return response_refuse(
		    response, 400, "bad flush: no such mode");
	memcpy(req->flush, text, len);
	req->flush[len] = '\0';
	return 0;
}

static int
read_mode(struct request *req, const char *text, size_t len,
    struct response *response)
{
	const struct format *format = format_find(text, len);

	if (format == NULL)
		return response_refuse(response, 400,
		    "bad mode: this version has only " FORMAT_MODES);
	req->format = format;
	return 0;
}

/* Add a query parameter here; others are ignored, as cache busters are. */
static const struct {
	const char *name;
	int (*read)(struct request *req, const char *text, size_t len,
	    struct response *response);
} parameters[] = {
	{ "channel", add_channels },
	{ "lastEventId", read_cursor },
	{ "last_event_id", read_cursor },
	{ "evs_last_event_id", read_cursor },
	{ "history", read_history },
	{ "type", read_types },
	{ "padding", read_padding },
	{ "event", read_event },
	{ "beat", read_beat },
	{ "flush", read_flush },
	{ "mode", read_mode },
};
#define N_PARAMETERS (sizeof(parameters) / sizeof(parameters[0]))

static int
read_parameter(struct request *req, const char *text, size_t len,
    struct response *response)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len = equals == NULL ? len : (size_t)(equals - text);
	struct buf value = { 0 };
	int rc = 0;

	for (size_t i = 0; i < N_PARAMETERS; i++) {
		if (!is_text(text, name_len, parameters[i].name))
			continue;
		if (equals == NULL)
			return response_refuse(response, 400,
			    "%s needs a value", parameters[i].name);
		if (decode(&value, equals + 1, len - name_len - 1, true) != 0)
			return no_memory(response);
		rc = parameters[i].read(
		    req, (const char *)value.data, value.len, response);
		buf_free(&value);
		return rc;
	}
	return 0;
}

static int
read_query(struct request *req, const char *text, size_t len,
    struct response *response)
{
	while (len > 0) {
		const char *amp = memchr(text, '&', len);
		size_t n = amp == NULL ? len : (size_t)(amp - text);

		if (n > 0 && read_parameter(req, text, n, response) != 0)
			return -1;
		text += amp == NULL ? n : n + 1;
		len -= amp == NULL ? n : n + 1;
	}
	return 0;
}

/* The last part of the path names the channels, unless the query did. */
static int
read_path(struct request *req, const struct request_value *part,
    struct response *response)
{
	struct buf names = { 0 };
	int rc;

	if (decode(&names, part->text, part->len, false) != 0)
		return no_memory(response);
	rc = add_channels(req, (const char *)names.data, names.len, response);
	req->is_in_path = true;
	buf_free(&names);
	if (rc == 0 && req->channels.count == 0)
		return response_refuse(response, 400,
		    "no channel: name it in the path (.../news) or as "
		    "?channel=news");
	return rc;
}

enum request_method
request_method(const struct request_vars *vars)
{
	const struct request_value *value = &vars->var[VAR_METHOD];

	for (size_t i = 0; value->text != NULL && i < N_METHODS; i++) {
		if (is_text(value->text, value->len, methods[i].name))
			return methods[i].method;
	}
	return METHOD_OTHER;
}

static void
read_mount(const struct request_vars *vars, struct mount *mount)
{
	static const char *const too_many = "too many lists";

	/* If memory runs out the mount is bad, and nothing may be heard. */
	for (size_t i = 0; i < vars->n_mounts && i < REQUEST_MOUNTS_MAX; i++)
		(void)mount_add(
		    mount, vars->mounts[i].text, vars->mounts[i].len);
	if (vars->n_mounts > REQUEST_MOUNTS_MAX)
		(void)mount_add(mount, too_many, strlen(too_many));
}

/*
 * Return the variable that has the path.  A few web servers set only those of
 * CGI/1.1, so REQUEST_URI may be missing.
 */
static const struct request_value *
path_of(const struct request_vars *vars)
{
	static const enum request_var order[] = { VAR_URI, VAR_PATH,
		VAR_SCRIPT };

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		if (vars->var[order[i]].len > 0)
			return &vars->var[order[i]];
	}
	return &vars->var[VAR_URI];
}

/*
 * Cut ${path} at the query, which is returned and stands in for QUERY_STRING
 * where a web server sets none.
 */
static struct request_value
cut_query(const struct request_vars *vars, struct request_value *path)
{
	struct request_value query = vars->var[VAR_QUERY];
	const char *mark =
	    path->text == NULL ? NULL : memchr(path->text, '?', path->len);

	if (mark == NULL)
		return query;
	if (query.text == NULL || query.len == 0) {
		query.text = mark + 1;
		query.len = path->len - (size_t)(query.text - path->text);
	}
	path->len = (size_t)(mark - path->text);
	return query;
}

struct request_value
request_page(const struct request_vars *vars)
{
	struct request_value path = *path_of(vars);
	size_t start;

	(void)cut_query(vars, &path);
	/* A slash at the end starts no part: sites have rules that add it. */
	if (path.len > 1 && path.text[path.len - 1] == '/')
		path.len--;
	start = path.len;
	while (start > 0 && path.text[start - 1] != '/')
		start--;
	if (start > 0) {
		path.text += start;
		path.len -= start;
	}
	return path;
}

int
request_parse(const struct request_vars *vars, struct request *out,
    struct response *response)
{
	struct request_value path = *path_of(vars), query, page;

	memset(out, 0, sizeof(*out));
	read_mount(vars, &out->mount);
	out->method = request_method(vars);
	out->format = format_usual();
	/* What wants something else needs no more reading. */
	if (accept_match(vars->var[VAR_ACCEPT].text, vars->var[VAR_ACCEPT].len,
		"text/event-stream") == ACCEPT_NO)
		return response_refuse(response, 406,
		    "not acceptable: only text/event-stream is served");
	query = cut_query(vars, &path);
	/*
	 * The header is read first: a browser that comes back sends it with the
	 * old query.
	 */
	if (vars->var[VAR_LAST_EVENT_ID].len > 0 &&
	    read_cursor(out, vars->var[VAR_LAST_EVENT_ID].text,
		vars->var[VAR_LAST_EVENT_ID].len, response) != 0)
		return -1;
	if (query.text != NULL &&
	    read_query(out, query.text, query.len, response) != 0)
		return -1;
	/* The query names the channels, or else the path does. */
	if (out->channels.count > 0)
		return 0;
	if (path.text == NULL)
		return response_refuse(response, 500,
		    "the web server passes no REQUEST_URI, PATH_INFO or "
		    "SCRIPT_NAME; see its FastCGI parameters");
	page = request_page(vars);
	return read_path(out, &page, response);
}

void
request_free(struct request *request)
{
	text_list_free(&request->channels);
	text_list_free(&request->types);
	mount_free(&request->mount);
	buf_free(&request->cursor);
}

size_t
request_memory(const struct request *request)
{
	return request->channels.texts.cap + request->types.texts.cap +
	    request->mount.lists.texts.cap + request->cursor.cap;
}
