/*
 * The quotas of the lines that a hub writes to the log.
 */
#ifndef SPOOLCAST_HUB_HUB_LOG_H
#define SPOOLCAST_HUB_HUB_LOG_H

#include <stdbool.h>

#include "base/log.h"
#include "spool/log_page.h"

struct hub;

struct hub_log {
	struct log_quotas quotas;
	/* Where each viewer has a process of its own. */
	struct log_gate gate;
	struct log_page page;
	bool has_told_alone;
};

/**
 * hub_log_init(hub):
 * Prepare the quotas of ${hub}; where each viewer has a process of its own, let
 * all processes on its spool share them.
 */
void hub_log_init(struct hub *hub);

/**
 * hub_log_end(hub):
 * Share nothing any more.
 */
void hub_log_end(struct hub *hub);

/**
 * hub_log_peer(hub), hub_log_spool(hub):
 * Return whether one more line may be written: about what a stranger did, about
 * what a writer did.  Strangers can cause lines of the second kind, too, but
 * only those that a writer gave a reason for, each once a minute.
 */
bool hub_log_peer(struct hub *hub);
bool hub_log_spool(struct hub *hub);

#endif
