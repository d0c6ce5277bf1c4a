/*
 * Requests of any bytes: the input is the values of the variables, with NULs
 * between them.  What is taken is well-formed, what is refused has a
 * response that no byte of it can break out of.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "http/request.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An invariant; assert() may be compiled out. */
static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check_list(const struct text_list *list, size_t max)
{
	size_t n = 0;

	TEXT_LIST_EACH (text, list) {
		must(*text != '\0');
		must(text_list_has(list, text, strlen(text)));
		n++;
	}
	must(n == list->count && n <= max);
}

static void
check_request(const struct request *req)
{
	must(req->channels.count > 0);
	check_list(&req->channels, 1000);
	check_list(&req->types, 32);
	TEXT_LIST_EACH (name, &req->channels)
		must(name_is_valid(name, strlen(name)) ||
		    name_is_pattern(name, strlen(name)));
	must(req->cursor.len <= 4096);
	must(req->padding <= 65536);
	must(req->has_history || req->history == 0);
}

/* Every line up to the empty one is a field, and one line may follow. */
static void
check_response(const struct response *response)
{
	struct buf out = { 0 };
	size_t lines = 0;
	const char *text, *end;

	must(response->status >= 400 && response->status <= 503);
	must(response->fields.len == 0);
	must(response_append(&out, response, true, wire_cgi_head) == 0);
	must(buf_append(&out, "", 1) == 0);
	text = (const char *)out.data;
	must(strlen(text) + 1 == out.len);
	while ((end = strstr(text, "\r\n")) != text) {
		const char *colon = strchr(text, ':');

		must(end != NULL && colon != NULL && colon < end);
		for (; text < end; text++)
			must(*text >= ' ' && *text <= '~');
		text = end + 2;
		must(++lines < 10);
	}
	text += 2;
	must(strchr(text, '\n') == text + strlen(text) - 1);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data, *stop = at + size;
	struct request_vars vars = { 0 };
	struct response response = { 0 };
	struct request req;

	for (size_t i = 0; i < VAR_COUNT && at < stop; i++) {
		const char *nul = memchr(at, 0, (size_t)(stop - at));
		const char *end = nul == NULL ? stop : nul;
		const char *name = request_var_name((enum request_var)i);

		/* Ones with a single '\1' are left out. */
		if (end - at != 1 || *at != 1)
			request_set_var(
			    &vars, name, strlen(name), at, (size_t)(end - at));
		at = nul == NULL ? stop : nul + 1;
	}
	if (request_parse(&vars, &req, &response) == 0) {
		must(response.status == 0);
		check_request(&req);
	} else {
		check_response(&response);
	}
	request_free(&req);
	response_free(&response);
	return 0;
}
