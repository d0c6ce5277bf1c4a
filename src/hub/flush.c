#include <string.h>

#include "hub/flush.h"

/* A new mode is a member of enum flush_mode, and then a row here. */
static const struct flush modes[] = {
	[FLUSH_STREAM] = { .name = "stream", .collects = WINDOW_BUSY },
	[FLUSH_BATCH] = { .name = "batch", .collects = WINDOW_ALWAYS },
	[FLUSH_PAD] = { .name = "pad", .collects = WINDOW_BUSY, .pads = true },
	[FLUSH_CLOSE] = { .name = "close", .closes = true },
};
#define N_MODES (sizeof(modes) / sizeof(modes[0]))

const struct flush *
flush_get(enum flush_mode mode)
{
	return &modes[mode];
}

enum flush_mode
flush_find(const char *name)
{
	for (size_t i = FLUSH_AUTO + 1; i < N_MODES; i++) {
		if (strcmp(modes[i].name, name) == 0)
			return (enum flush_mode)i;
	}
	return FLUSH_AUTO;
}

enum flush_mode
flush_choose(const struct settings *settings, enum flush_mode wanted,
    enum gateway gateway)
{
	if (settings->client_may_choose && wanted != FLUSH_AUTO)
		return wanted;
	if (settings->flush_mode != FLUSH_AUTO)
		return (enum flush_mode)settings->flush_mode;
	/*
	 * mod_fcgid holds back 64 KB of a response.  Only the end of the
	 * response gets them out; nothing that a response or an .htaccess can
	 * say does.
	 */
	return gateway == GATEWAY_FCGID ? FLUSH_CLOSE : FLUSH_STREAM;
}
