#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "format/utf8.h"
#include "publish/message.h"
#include "take/drop_names.h"

static bool
is_line(const char *text)
{
	return text[0] != '\0' && strpbrk(text, "\r\n") == NULL;
}

static bool
is_retry(const char *text)
{
	uint64_t ms;

	return num_uint(text, strlen(text), &ms) == NUM_OK &&
	    ms <= RECORD_RETRY_MAX_MS;
}

static bool
is_flush(const char *text)
{
	return record_flush_find((const uint8_t *)text, strlen(text)) !=
	    RECORD_FLUSH_NONE;
}

static enum publish_result
check_type(const char *type, const char *name, struct publish_report *report)
{
	const uint8_t *bytes = (const uint8_t *)type;
	size_t len = strlen(type);

	if (!is_line(type) || !utf8_is_valid(bytes, len))
		return report_tell(report, PUBLISH_REFUSED,
		    "%s takes a type: one line of UTF-8 that is not empty",
		    name);
	if (record_type_is_reserved(bytes, len))
		return report_tell(report, PUBLISH_REFUSED,
		    "%s takes a type that does not begin with "
		    "\"" RECORD_RESERVED
		    "\": those are for what spoolcast itself tells "
		    "viewers; give it another name than %s",
		    name, type);
	return PUBLISH_DONE;
}

enum publish_result
message_check(const struct message *message, const struct message_names *names,
    struct publish_report *report)
{
	const char *retry = message->retry, *flush = message->flush;

	if (message->type != NULL &&
	    check_type(message->type, names->type, report) != PUBLISH_DONE)
		return PUBLISH_REFUSED;
	if (message->id != NULL && !is_line(message->id))
		return report_tell(report, PUBLISH_REFUSED,
		    "%s takes an id: one line that is not empty", names->id);
	if (flush != NULL && !is_flush(flush))
		return report_tell(report, PUBLISH_REFUSED,
		    "%s takes now, hold or close, not %s", names->flush, flush);
	if (retry != NULL && !is_retry(retry))
		return report_tell(report, PUBLISH_REFUSED,
		    "%s takes milliseconds: digits, 0 to %d, not %s",
		    names->retry, RECORD_RETRY_MAX_MS, retry);
	return PUBLISH_DONE;
}

bool
message_needs_block(const struct message *message)
{
	return message->id != NULL || message->retry != NULL ||
	    message->flush != NULL || message->ttl_ms > 0;
}

bool
message_type_is_extension(const char *text)
{
	char file[NAME_MAX + 1];
	int len = snprintf(file, sizeof(file), "file.%s", text);

	return len > 0 && (size_t)len < sizeof(file) && text[0] != '\0' &&
	    strpbrk(text, "./") == NULL && drop_names_count(file);
}

size_t
message_trim(const uint8_t *bytes, size_t len)
{
	if (len > 0 && bytes[len - 1] == '\n')
		len--;
	if (len > 0 && bytes[len - 1] == '\r')
		len--;
	return len;
}

/* Return the length of the line at ${bytes}, and in ${end} that of its end. */
static size_t
line_length(const uint8_t *bytes, size_t len, size_t *end)
{
	size_t n = 0;

	while (n < len && bytes[n] != '\r' && bytes[n] != '\n')
		n++;
	*end = n < len;
	if (n + 1 < len && bytes[n] == '\r' && bytes[n + 1] == '\n')
		*end = 2;
	return n;
}

static int
encode_line(const struct message *message, struct buf *out)
{
	size_t at = 0, end;
	int failed = 0;

	/* Each line end is written as a CR, which starts one more data line. */
	do {
		size_t n =
		    line_length(message->bytes + at, message->len - at, &end);

		failed |= buf_append(out, message->bytes + at, n);
		failed |= buf_append(out, "\r", end > 0);
		at += n + end;
	} while (end > 0);
	/*
	 * A CR right before the LF is read as a part of the line's end: add one
	 * more.
	 */
	if (out->len > 0 && out->data[out->len - 1] == '\r')
		failed |= buf_append(out, "\r", 1);
	failed |= buf_append(out, "\n", 1);
	return failed ? -1 : 0;
}

static int
encode_data(const struct message *message, struct buf *out)
{
	size_t at = 0, end;
	int failed = 0;

	do {
		size_t n =
		    line_length(message->bytes + at, message->len - at, &end);

		failed |= buf_puts(out, n > 0 ? "data: " : "data:");
		failed |= buf_append(out, message->bytes + at, n);
		failed |= buf_append(out, "\n", 1);
		at += n + end;
	} while (end > 0);
	return failed;
}

static int
encode_block(const struct message *message, int64_t now_s, struct buf *out)
{
	int failed = 0;

	if (message->type != NULL)
		failed |= buf_printf(out, "event: %s\n", message->type);
	if (message->id != NULL)
		failed |= buf_printf(out, "id: %s\n", message->id);
	if (message->retry != NULL)
		failed |= buf_printf(out, "retry: %s\n", message->retry);
	if (message->flush != NULL)
		failed |= buf_printf(out, "flush: %s\n", message->flush);
	/* It is rounded up: the record lives no shorter than was asked for. */
	if (message->ttl_ms > 0)
		failed |= buf_printf(out, "expires: %" PRId64 "\n",
		    now_s + message->ttl_ms / 1000 +
			(message->ttl_ms % 1000 > 0));
	if (message->has_data)
		failed |= encode_data(message, out);
	failed |= buf_append(out, "\n", 1);
	return failed ? -1 : 0;
}

int
message_encode_file(const struct message *message, struct buf *out)
{
	uint8_t last = message->len > 0 ? message->bytes[message->len - 1] : 0;
	int failed = 0;

	/*
	 * A byte order mark at the start does not count as text: put one before
	 * it.
	 */
	failed |= buf_append(
	    out, message->bytes, record_bom_len(message->bytes, message->len));
	failed |= buf_append(out, message->bytes, message->len);
	/*
	 * The last line end is dropped there, so add one.  After a CR that is
	 * CR LF, as a LF alone would make one end with the CR.
	 */
	failed |= buf_puts(out, last == '\r' ? "\r\n" : "");
	failed |= buf_puts(out, last == '\n' ? "\n" : "");
	return failed ? -1 : 0;
}

int
message_encode(const struct message *message, enum record_form form,
    int64_t now_s, struct buf *out)
{
	switch (form) {
	case RECORD_LINE:
		return encode_line(message, out);
	case RECORD_BLOCK:
	case RECORD_JOURNAL:
		return encode_block(message, now_s, out);
	}
	return -1;
}
