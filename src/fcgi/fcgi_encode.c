#include <assert.h>
#include <fastcgi.h>
#include <string.h>

#include "fcgi/fcgi_encode.h"

_Static_assert(sizeof(FCGI_Header) == FCGI_ENCODE_HEADER_LEN, "no holes");
_Static_assert(
    sizeof(FCGI_EndRequestRecord) == FCGI_ENCODE_END_LEN, "no holes");

void
fcgi_encode_header(
    uint8_t out[FCGI_ENCODE_HEADER_LEN], uint8_t type, uint16_t id, size_t len)
{
	FCGI_Header header = {
		.version = FCGI_VERSION_1,
		.type = type,
		.requestIdB1 = (uint8_t)(id >> 8),
		.requestIdB0 = (uint8_t)(id & 0xff),
		.contentLengthB1 = (uint8_t)(len >> 8),
		.contentLengthB0 = (uint8_t)(len & 0xff),
	};

	assert(len <= FCGI_ENCODE_CONTENT_MAX);
	memcpy(out, &header, sizeof(header));
}

void
fcgi_encode_stdout(uint8_t out[FCGI_ENCODE_HEADER_LEN], uint16_t id, size_t len)
{
	assert(id != FCGI_NULL_REQUEST_ID);
	fcgi_encode_header(out, FCGI_STDOUT, id, len);
}

void
fcgi_encode_end(uint8_t out[FCGI_ENCODE_END_LEN], uint16_t id,
    uint8_t protocol_status, uint32_t app_status)
{
	FCGI_EndRequestBody body = {
		.appStatusB3 = (uint8_t)(app_status >> 24),
		.appStatusB2 = (uint8_t)(app_status >> 16 & 0xff),
		.appStatusB1 = (uint8_t)(app_status >> 8 & 0xff),
		.appStatusB0 = (uint8_t)(app_status & 0xff),
		.protocolStatus = protocol_status,
	};

	assert(id != FCGI_NULL_REQUEST_ID);
	fcgi_encode_header(out, FCGI_END_REQUEST, id, sizeof(body));
	memcpy(out + FCGI_ENCODE_HEADER_LEN, &body, sizeof(body));
}

int
fcgi_encode_finish(struct buf *buf, uint16_t id, uint32_t app_status)
{
	uint8_t bytes[FCGI_ENCODE_HEADER_LEN + FCGI_ENCODE_END_LEN];

	fcgi_encode_stdout(bytes, id, 0);
	fcgi_encode_end(bytes + FCGI_ENCODE_HEADER_LEN, id,
	    FCGI_REQUEST_COMPLETE, app_status);
	return buf_append(buf, bytes, sizeof(bytes));
}
