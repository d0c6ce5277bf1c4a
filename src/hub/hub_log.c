#include "base/clock.h"
#include "hub/hub.h"

static bool
may(void *cookie, enum log_about about, uint64_t hash, unsigned *held_back)
{
	struct hub *hub = cookie;
	struct hub_log *log = &hub->log;
	/* Without a configuration nobody knows where the spool is. */
	const char *spool = hub->conf == NULL ? NULL : hub->settings->path;

	if (log_page_may(
		&log->page, spool, clock_wall_s(), about, hash, held_back))
		return true;
	if (log->page.is_alone && !log->has_told_alone) {
		log->has_told_alone = true;
		/* This line is written although the gate allows no more. */
		log_share(NULL);
		log_msg(LOG_LEVEL_WARN,
		    "event=log-alone lines=%d effect=\"this process says no "
		    "more in this minute\" remedy=\"let the web server's user "
		    "write to .spoolcast in the spool, where processes share "
		    "how much they say\"",
		    LOG_PAGE_ALONE);
		log_share(&log->gate);
	}
	return false;
}

void
hub_log_init(struct hub *hub)
{
	struct hub_log *log = &hub->log;

	log->page.fd = -1;
	log->gate.may = may;
	log->gate.cookie = hub;
	if (!hub->policy->holds_many)
		log_share(&log->gate);
}

void
hub_log_end(struct hub *hub)
{
	log_share(NULL);
	log_page_close(&hub->log.page);
}

bool
hub_log_peer(struct hub *hub)
{
	return log_may(&hub->log.quotas, LOG_ABOUT_PEERS);
}

bool
hub_log_spool(struct hub *hub)
{
	return log_may(&hub->log.quotas, LOG_ABOUT_SPOOL);
}
