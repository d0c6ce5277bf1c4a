/*
 * Content negotiation, as far as it is needed (RFC 9110 section 12.5.1; pure).
 */
#ifndef SPOOLCAST_HTTP_ACCEPT_H
#define SPOOLCAST_HTTP_ACCEPT_H

#include <stddef.h>

enum accept_match {
	ACCEPT_NO,    /* excluded, or not listed */
	ACCEPT_RANGE, /* matched by a wildcard or by a missing field */
	ACCEPT_NAMED, /* named in full */
};

/**
 * accept_match(field, len, type):
 * Return how the Accept field value ${field} (NULL or empty: none was sent)
 * accepts the media type ${type}, a lower-case "type/subtype".
 */
enum accept_match accept_match(const char *field, size_t len, const char *type);

#endif
