/*
 * What a client is told that spells an address as other servers have it (pure).
 */
#ifndef SPOOLCAST_HTTP_SPELLING_H
#define SPOOLCAST_HTTP_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

#include "http/response.h"

/**
 * spelling_refuse(response, name, len):
 * Set ${response} for ${name}, which is no name of a channel and no pattern, to
 * say why it is none and what would be one.  Return -1.
 */
int spelling_refuse(struct response *response, const char *name, size_t len);

/**
 * spelling_is_format(name):
 * Return whether ${name}, as the last part of a path, says with other servers
 * in which format the channel before it is wanted.
 */
bool spelling_is_format(const char *name);

/**
 * spelling_refuse_format(response, name):
 * Set ${response} for ${name}, which is a format (spelling_is_format) and no
 * channel.
 */
void spelling_refuse_format(struct response *response, const char *name);

#endif
