#include <assert.h>
#include <fastcgi.h>
#include <stddef.h>
#include <string.h>

#include "fcgi/fcgi_decode.h"
#include "fcgi/fcgi_encode.h"
#include "fcgi/fcgi_intake.h"
#include "fcgi/fcgi_params.h"
#include "fcgi/fcgi_values.h"

enum state {
	STATE_IDLE,    /* no request; waiting for BEGIN_REQUEST */
	STATE_PARAMS,  /* BEGIN_REQUEST seen, PARAMS not yet ended */
	STATE_RUNNING, /* reported by FCGI_REQUEST */
	STATE_ABORTED, /* reported by FCGI_ABORTED */
	STATE_BROKEN,  /* only FCGI_ERROR is left */
};

_Static_assert(sizeof(struct fcgi_decoder) < 32, "one per idle stream");

static enum fcgi_event
break_off(struct fcgi_decoder *d, enum fcgi_error error)
{
	fcgi_intake_free(&d->intake);
	d->state = STATE_BROKEN;
	d->error = (uint8_t)error;
	return FCGI_ERROR;
}

static enum fcgi_event
answer(
    struct fcgi_decoder *d, struct buf *reply, const uint8_t *bytes, size_t len)
{
	if (d->replies >= FCGI_REPLIES_MAX)
		return break_off(d, FCGI_ERROR_FLOOD);
	d->replies++;
	if (buf_append(reply, bytes, len) != 0)
		return break_off(d, FCGI_ERROR_MEMORY);
	return FCGI_REPLY;
}

static enum fcgi_event
refuse(struct fcgi_decoder *d, struct buf *reply, uint8_t protocol_status)
{
	uint8_t end[FCGI_ENCODE_END_LEN];

	fcgi_encode_end(end, d->record_id, protocol_status, 0);
	return answer(d, reply, end, sizeof(end));
}

static enum fcgi_event
refuse_role(struct fcgi_decoder *d, struct buf *reply, bool keep_conn)
{
	enum fcgi_event event = refuse(d, reply, FCGI_UNKNOWN_ROLE);

	/* Nothing can follow on a connection that is not kept. */
	if (event == FCGI_REPLY && !keep_conn)
		break_off(d, FCGI_ERROR_ROLE);
	return event;
}

/* ${content} may be in the intake, whose record ends here. */
static enum fcgi_event
finish_begin(struct fcgi_decoder *d, const uint8_t *content, struct buf *reply)
{
	FCGI_BeginRequestBody body;
	bool keep_conn;

	memcpy(&body, content, sizeof(body));
	fcgi_intake_drop(&d->intake, FCGI_INTAKE_RECORD);
	if (d->record_id == d->id)
		return break_off(d, FCGI_ERROR_BUSY_ID);
	if (d->id != FCGI_NULL_REQUEST_ID)
		return refuse(d, reply, FCGI_CANT_MPX_CONN);
	keep_conn = (body.flags & FCGI_KEEP_CONN) != 0;
	if (body.roleB1 != 0 || body.roleB0 != FCGI_RESPONDER)
		return refuse_role(d, reply, keep_conn);
	d->id = d->record_id;
	d->keep_conn = keep_conn;
	d->state = STATE_PARAMS;
	return FCGI_MORE;
}

static enum fcgi_event
finish_management(struct fcgi_decoder *d, struct buf *reply)
{
	uint8_t out[FCGI_VALUES_ANSWER_MAX];
	const uint8_t *asked = NULL;
	size_t asked_len = 0;
	size_t len;

	if (d->record_type != FCGI_GET_VALUES) {
		len = fcgi_values_unknown(out, d->record_type);
		return answer(d, reply, out, len);
	}
	if (d->intake != NULL) {
		asked = d->intake->record.data;
		asked_len = d->intake->record.len;
	}
	len = fcgi_values_answer(out, asked, asked_len, d->max_requests);
	fcgi_intake_drop(&d->intake, FCGI_INTAKE_RECORD);
	if (len == 0)
		return break_off(d, FCGI_ERROR_PAIRS);
	return answer(d, reply, out, len);
}

static enum fcgi_event
finish_params(struct fcgi_decoder *d)
{
	struct fcgi_param param;
	const uint8_t *params;
	size_t at = 0;
	size_t len;
	int rc;

	params = fcgi_decode_params(d, &len);
	while ((rc = fcgi_params_next(params, len, &at, &param)) == 1)
		;
	if (rc != 0)
		return break_off(d, FCGI_ERROR_PAIRS);
	d->state = STATE_RUNNING;
	return FCGI_REQUEST;
}

/*
 * Act on a record whose content is all there; its padding may still be to come.
 */
static enum fcgi_event
finish_record(struct fcgi_decoder *d, bool is_empty, struct buf *reply)
{
	if (d->record_id == FCGI_NULL_REQUEST_ID)
		return finish_management(d, reply);
	if (d->record_type == FCGI_BEGIN_REQUEST)
		return finish_begin(d, d->intake->record.data, reply);
	if (d->record_id != d->id)
		return FCGI_MORE;
	if (d->record_type == FCGI_STDIN && is_empty && d->wants_body) {
		d->wants_body = false;
		return FCGI_BODY_END;
	}
	if (d->record_type == FCGI_ABORT_REQUEST && d->state != STATE_ABORTED) {
		d->wants_body = false;
		d->state = STATE_ABORTED;
		return FCGI_ABORTED;
	}
	if (d->record_type == FCGI_PARAMS && is_empty &&
	    d->state == STATE_PARAMS)
		return finish_params(d);
	return FCGI_MORE;
}

/*
 * Return what is wrong with a record as far as its header shows it, before its
 * content is there.
 */
static enum fcgi_error
check_header(const struct fcgi_decoder *d)
{
	size_t params_len;

	if (d->record_type == FCGI_BEGIN_REQUEST) {
		if (d->record_id == FCGI_NULL_REQUEST_ID)
			return FCGI_ERROR_NULL_ID;
		if (d->content_left < sizeof(FCGI_BeginRequestBody))
			return FCGI_ERROR_BEGIN;
		return FCGI_ERROR_NONE;
	}
	if (d->record_id == FCGI_NULL_REQUEST_ID) {
		if (d->record_type == FCGI_GET_VALUES &&
		    d->content_left > FCGI_VALUES_MAX)
			return FCGI_ERROR_VALUES_MAX;
		return FCGI_ERROR_NONE;
	}
	if (d->record_id != d->id || d->record_type != FCGI_PARAMS)
		return FCGI_ERROR_NONE;
	if (d->state == STATE_RUNNING)
		return FCGI_ERROR_ORDER;
	fcgi_decode_params(d, &params_len);
	if (d->state == STATE_PARAMS &&
	    d->content_left > FCGI_PARAMS_MAX - params_len)
		return FCGI_ERROR_PARAMS_MAX;
	return FCGI_ERROR_NONE;
}

static enum fcgi_event
finish_header(struct fcgi_decoder *d, struct buf *reply)
{
	enum fcgi_error error = check_header(d);

	if (error != FCGI_ERROR_NONE)
		return break_off(d, error);
	if (d->content_left == 0)
		return finish_record(d, true, reply);
	return FCGI_MORE;
}

static enum fcgi_event
take_header_byte(struct fcgi_decoder *d, uint8_t byte, struct buf *reply)
{
	/* A header may come in pieces, so its bytes are taken one by one. */
	switch (d->header_len++) {
	case offsetof(FCGI_Header, version):
		if (byte != FCGI_VERSION_1)
			return break_off(d, FCGI_ERROR_VERSION);
		break;
	case offsetof(FCGI_Header, type):
		d->record_type = byte;
		break;
	case offsetof(FCGI_Header, requestIdB1):
		d->record_id = (uint16_t)(byte << 8);
		break;
	case offsetof(FCGI_Header, requestIdB0):
		d->record_id |= byte;
		break;
	case offsetof(FCGI_Header, contentLengthB1):
		d->content_left = (uint16_t)(byte << 8);
		break;
	case offsetof(FCGI_Header, contentLengthB0):
		d->content_left |= byte;
		break;
	case offsetof(FCGI_Header, paddingLength):
		d->padding_left = byte;
		break;
	case offsetof(FCGI_Header, reserved):
		return finish_header(d, reply);
	}
	return FCGI_MORE;
}

static bool
is_kept(const struct fcgi_decoder *d)
{
	if (d->record_type == FCGI_BEGIN_REQUEST)
		return true;
	if (d->record_type == FCGI_GET_VALUES)
		return d->record_id == FCGI_NULL_REQUEST_ID;
	return d->record_type == FCGI_PARAMS && d->state == STATE_PARAMS &&
	    d->record_id == d->id;
}

/* Keep the len bytes of content if they matter; -1 with ENOMEM. */
static int
keep_content(struct fcgi_decoder *d, const uint8_t *bytes, size_t len)
{
	size_t kept = d->intake == NULL ? 0 : d->intake->record.len;

	if (!is_kept(d))
		return 0;
	if (d->record_type == FCGI_PARAMS)
		return fcgi_intake_add(
		    &d->intake, FCGI_INTAKE_PARAMS, bytes, len);
	/*
	 * A BEGIN_REQUEST may be longer in some future version; we need no
	 * more.
	 */
	if (d->record_type == FCGI_BEGIN_REQUEST &&
	    len > sizeof(FCGI_BeginRequestBody) - kept)
		len = sizeof(FCGI_BeginRequestBody) - kept;
	return fcgi_intake_add(&d->intake, FCGI_INTAKE_RECORD, bytes, len);
}

static enum fcgi_event
take_content(
    struct fcgi_decoder *d, const uint8_t *bytes, size_t len, struct buf *reply)
{
	/* Mostly this comes in one piece, which need not be kept. */
	if (d->record_type == FCGI_BEGIN_REQUEST && d->intake == NULL &&
	    len == d->content_left) {
		d->content_left = 0;
		return finish_begin(d, bytes, reply);
	}
	if (keep_content(d, bytes, len) != 0)
		return break_off(d, FCGI_ERROR_MEMORY);
	d->content_left = (uint16_t)(d->content_left - len);
	if (d->content_left == 0)
		return finish_record(d, false, reply);
	return FCGI_MORE;
}

/* Whether the content that comes next is for the caller. */
static bool
is_body(const struct fcgi_decoder *d)
{
	return d->wants_body && d->record_type == FCGI_STDIN &&
	    d->record_id == d->id;
}

/* After the last byte of a record the next one starts with its header. */
static void
end_record(struct fcgi_decoder *d)
{
	if (d->header_len == sizeof(FCGI_Header) && d->content_left == 0 &&
	    d->padding_left == 0)
		d->header_len = 0;
}

enum fcgi_event
fcgi_decode(struct fcgi_decoder *d, const uint8_t *bytes, size_t len,
    size_t *used, struct buf *reply)
{
	enum fcgi_event event = FCGI_MORE;
	size_t at = 0;
	size_t n;

	if (d->state == STATE_BROKEN) {
		*used = 0;
		return FCGI_ERROR;
	}
	/*
	 * Each byte is of a header, of the content or of the padding of a
	 * record.
	 */
	while (event == FCGI_MORE && at < len) {
		if (d->header_len < sizeof(FCGI_Header)) {
			event = take_header_byte(d, bytes[at++], reply);
		} else if (d->content_left > 0 && is_body(d)) {
			event = FCGI_BODY;
		} else if (d->content_left > 0) {
			n = len - at < d->content_left ? len - at :
							 d->content_left;
			event = take_content(d, bytes + at, n, reply);
			at += n;
		} else {
			d->padding_left--;
			at++;
		}
		end_record(d);
	}
	*used = at;
	return event;
}

void
fcgi_decode_init(struct fcgi_decoder *d, uint32_t max_requests)
{
	*d = (struct fcgi_decoder){ .max_requests = max_requests };
}

void
fcgi_decode_want_body(struct fcgi_decoder *d)
{
	assert(d->state == STATE_RUNNING);
	d->wants_body = true;
}

size_t
fcgi_decode_body(struct fcgi_decoder *d, size_t len)
{
	size_t n = len < d->content_left ? len : d->content_left;

	assert(is_body(d));
	d->content_left = (uint16_t)(d->content_left - n);
	end_record(d);
	return n;
}

uint16_t
fcgi_decode_id(const struct fcgi_decoder *d)
{
	return d->id;
}

bool
fcgi_decode_keep_conn(const struct fcgi_decoder *d)
{
	return d->keep_conn;
}

const uint8_t *
fcgi_decode_params(const struct fcgi_decoder *d, size_t *len)
{
	if (d->intake == NULL) {
		*len = 0;
		return NULL;
	}
	*len = d->intake->params.len;
	return d->intake->params.data;
}

void
fcgi_decode_drop_params(struct fcgi_decoder *d)
{
	fcgi_intake_drop(&d->intake, FCGI_INTAKE_PARAMS);
}

void
fcgi_decode_end(struct fcgi_decoder *d)
{
	fcgi_decode_drop_params(d);
	d->id = FCGI_NULL_REQUEST_ID;
	d->wants_body = false;
	d->replies = 0;
	if (d->state != STATE_BROKEN)
		d->state = STATE_IDLE;
}

enum fcgi_error
fcgi_decode_error(const struct fcgi_decoder *d)
{
	return d->error;
}

const char *
fcgi_decode_strerror(enum fcgi_error error)
{
	static const char *const texts[] = {
		[FCGI_ERROR_NONE] = "no error",
		[FCGI_ERROR_VERSION] = "not FastCGI version 1",
		[FCGI_ERROR_NULL_ID] = "a request with id 0",
		[FCGI_ERROR_BEGIN] = "a begin record that is too short",
		[FCGI_ERROR_BUSY_ID] = "a request with the id of another",
		[FCGI_ERROR_ROLE] = "not a responder request",
		[FCGI_ERROR_ORDER] = "parameters after their end",
		[FCGI_ERROR_PARAMS_MAX] = "too many bytes of parameters",
		[FCGI_ERROR_VALUES_MAX] = "too many values asked for",
		[FCGI_ERROR_PAIRS] = "a parameter longer than its record",
		[FCGI_ERROR_FLOOD] = "too many records to answer",
		[FCGI_ERROR_MEMORY] = "out of memory",
	};

	return texts[error];
}

void
fcgi_decode_free(struct fcgi_decoder *d)
{
	fcgi_intake_free(&d->intake);
}
