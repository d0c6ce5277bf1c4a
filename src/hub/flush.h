/*
 * Flush modes: when events are written to a viewer, and how a response is made
 * so that no web server holds it back for ever (pure).
 */
#ifndef SPOOLCAST_HUB_FLUSH_H
#define SPOOLCAST_HUB_FLUSH_H

#include <stdbool.h>

#include "conf/settings.h"
#include "feed/window.h"
#include "listen/gateway.h"

/* How a mode differs from writing everything at once. */
struct flush {
	const char *name;
	enum window_collects collects;
	bool pads;   /* a comment follows, so that a buffer overflows */
	bool closes; /* the response ends after its first events */
};

/**
 * flush_get(mode):
 * Return the row of ${mode}, which is not FLUSH_AUTO.
 */
const struct flush *flush_get(enum flush_mode mode);

/**
 * flush_find(name):
 * Return the mode called ${name} that a client may ask for, or FLUSH_AUTO if
 * there is none.
 */
enum flush_mode flush_find(const char *name);

/**
 * flush_choose(settings, wanted, gateway):
 * Return the mode, never FLUSH_AUTO, for a stream with ${settings} through
 * ${gateway} whose client asked for ${wanted} (FLUSH_AUTO: for none).
 */
enum flush_mode flush_choose(const struct settings *settings,
    enum flush_mode wanted, enum gateway gateway);

#endif
