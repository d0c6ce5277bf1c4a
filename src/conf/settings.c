/*
 * The table of settings.  Its sentences are for people who run a site: they say
 * what the key does, then why one would change it.
 */
#include <string.h>

#include "base/near.h"
#include "conf/settings.h"

#define KEY(section_, name_, type_, member)                                    \
	.section = (section_), .name = (name_), .type = (type_),               \
	.offset = offsetof(struct settings, member)

static const char *const links[] = { "owner", "any", "none", NULL };
static const char *const on_gap[] = { "oldest", "newest", NULL };
static const char *const flush_modes[] = { "auto", "stream", "batch", "pad",
	"close", NULL };
static const char *const incremental[] = { "auto", "yes", "no", NULL };
static const char *const publish[] = { "no", "token", NULL };

const struct conf_key settings_keys[] = {
	{ KEY("spool", "path", CONF_PATH, path), .initial = "spool",
	    .doc = "The folder that holds the channels. A relative path starts "
		   "at the folder of this file. $SPOOLCAST_SPOOL, where it is "
		   "set, wins over it." },
	{ KEY("spool", "max_record", CONF_SIZE, max_record), .initial = "64K",
	    .min = "1K", .max = "16M", .flags = CONF_PER_CHANNEL,
	    .doc = "The largest record that is delivered; in place of a larger "
		   "one viewers get the event spoolcast.skipped." },
	{ KEY("spool", "max_size", CONF_SIZE, max_size), .initial = "0",
	    .min = "4K", .max = "1000G",
	    .flags = CONF_PER_CHANNEL | CONF_OR_ZERO,
	    .doc = "Rotate a channel whose newest file has grown to this size; "
		   "0 means never." },
	{ KEY("spool", "max_age", CONF_DURATION, max_age_ms), .initial = "0",
	    .min = "1s", .max = "3650d",
	    .flags = CONF_PER_CHANNEL | CONF_OR_ZERO,
	    .doc = "Rotate a channel whose newest file was made this long ago "
		   "and is not empty; 0 means never." },
	{ KEY("spool", "keep", CONF_COUNT, keep), .initial = "4", .min = "0",
	    .max = "1000", .flags = CONF_PER_CHANNEL,
	    .doc = "How many rotated files of a channel are kept; the next "
		   "rotation removes older ones." },
	{ KEY("spool", "links", CONF_CHOICE, links), .initial = "owner",
	    .choices = links, .flags = CONF_PER_CHANNEL,
	    .doc = "Which symbolic links in the spool are followed to a "
		   "channel's files. With owner, these are the links of root, "
		   "of the user that spoolcast runs as and of the owner of "
		   "what they lead to; with any, all links; with none, no "
		   "link. spoolcast publish takes any for owner." },
	{ KEY("spool", "keep_files", CONF_BOOL, keep_files), .initial = "no",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "Whether files taken from a drop folder are moved to its "
		   ".done folder rather than removed." },
	{ KEY("spool", "type_from_extension", CONF_BOOL, type_from_extension),
	    .initial = "no", .flags = CONF_PER_CHANNEL,
	    .doc = "Whether the extension of a file in a drop folder is the "
		   "type of its event." },

	{ KEY("stream", "heartbeat", CONF_DURATION, heartbeat_ms),
	    .initial = "15s", .min = "100ms", .max = "1h",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "How long a stream may be silent before it sends a comment. "
		   "The default is less than the time limits of all common web "
		   "servers, of which the shortest is 30s." },
	{ KEY("stream", "lifetime", CONF_DURATION, lifetime_ms),
	    .initial = "250s", .min = "100ms", .max = "7d",
	    .flags = CONF_PER_CHANNEL | CONF_OR_ZERO,
	    .doc = "After this time, give or take a tenth, a stream ends "
		   "between two events and the browser comes back for the "
		   "rest; 0 means never. The default is less than the 300s "
		   "after which mod_fcgid kills a process." },
	{ KEY("stream", "retry", CONF_DURATION, retry_ms), .initial = "3s",
	    .min = "1ms", .max = "1d", .flags = CONF_PER_CHANNEL,
	    .doc = "How long a browser waits before it comes back." },
	{ KEY("stream", "retry_jitter", CONF_PERCENT, retry_jitter),
	    .initial = "50%", .min = "0%", .max = "100%",
	    .doc = "The share by which the wait of retry differs, up or down, "
		   "from browser to browser, so that they do not all come back "
		   "at once." },
	{ KEY("stream", "reconnect_rate", CONF_COUNT, reconnect_rate),
	    .initial = "100", .min = "1", .max = "1000000",
	    .doc = "When many streams end together, as on a restart, at most "
		   "this many browsers per second are asked to come back." },
	{ KEY("stream", "retry_overload", CONF_DURATION, retry_overload_ms),
	    .initial = "30s", .min = "1ms", .max = "1d",
	    .doc = "How long a browser waits after it was turned away because "
		   "a limit was reached." },
	{ KEY("stream", "history", CONF_COUNT, history), .initial = "0",
	    .min = "0", .max = "1000000", .flags = CONF_PER_CHANNEL,
	    .doc = "How many of the latest records a browser gets when it "
		   "comes for the first time and asks for no number." },
	{ KEY("stream", "history_max", CONF_COUNT, history_max),
	    .initial = "1000", .min = "0", .max = "1000000",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "How many records a browser may ask for with ?history=; it "
		   "gets no more than that." },
	{ KEY("stream", "on_gap", CONF_CHOICE, on_gap), .initial = "oldest",
	    .choices = on_gap, .flags = CONF_PER_CHANNEL,
	    .doc = "Where a stream goes on when the place at which its browser "
		   "left is gone: at the oldest record that is kept, or after "
		   "the newest." },
	{ KEY("stream", "stall", CONF_DURATION, stall_ms), .initial = "60s",
	    .min = "100ms", .max = "1h",
	    .doc = "A stream that accepts no byte for this long is cut off." },
	{ KEY("stream", "drain", CONF_DURATION, drain_ms), .initial = "1s",
	    .min = "0s", .max = "60s",
	    .doc = "How long a process that was told to end may take to end "
		   "its streams." },

	{ KEY("flush", "mode", CONF_CHOICE, flush_mode), .initial = "auto",
	    .choices = flush_modes, .flags = CONF_PER_CHANNEL,
	    .doc = "When events are written: stream writes them at once, batch "
		   "collects them, pad fills every write up, close ends the "
		   "response after them; auto is the mode that suits the web "
		   "server." },
	{ KEY("flush", "interval", CONF_DURATION, interval_ms),
	    .initial = "50ms", .min = "1ms", .max = "1m",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "In mode batch, how long events are collected while they "
		   "come quickly; an event that comes alone is written at "
		   "once. In modes stream and pad that time follows from how "
		   "long it takes to write to all viewers; it is at most 5ms, "
		   "and never more than this setting." },
	{ KEY("flush", "bytes", CONF_SIZE, bytes), .initial = "16K", .min = "1",
	    .max = "1M", .flags = CONF_PER_CHANNEL,
	    .doc = "In mode batch, how many bytes are collected at most." },
	{ KEY("flush", "pad", CONF_SIZE, pad), .initial = "4100", .min = "64",
	    .max = "1M", .flags = CONF_PER_CHANNEL,
	    .doc = "In mode pad, the size of the comment that follows every "
		   "write, so that buffers of the web server overflow: 4100 "
		   "for buffers of 4096 bytes; 8200 for Apache and 20500 for "
		   "nginx where TLS has buffers of its own." },
	{ KEY("flush", "hold", CONF_DURATION, hold_ms), .initial = "25s",
	    .min = "100ms", .max = "1h",
	    .flags = CONF_PER_CHANNEL | CONF_OR_ZERO,
	    .doc = "In mode close, how long a response waits for its first "
		   "event; 0 means that it does not wait." },
	{ KEY("flush", "close_retry", CONF_DURATION, close_retry_ms),
	    .initial = "500ms", .min = "1ms", .max = "1d",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "In mode close, how long a browser waits after a response "
		   "before it comes back." },
	{ KEY("flush", "poll_retry", CONF_DURATION, poll_retry_ms),
	    .initial = "5s", .min = "100ms", .max = "1d",
	    .flags = CONF_PER_CHANNEL,
	    .doc = "In mode close, how long a browser waits after a response "
		   "that was not held open because the budget of streams is "
		   "used up, and with hold = 0 after a response without "
		   "events." },
	{ KEY("flush", "client_may_choose", CONF_BOOL, client_may_choose),
	    .initial = "no", .flags = CONF_PER_CHANNEL,
	    .doc = "Whether ?flush= in a request wins over mode." },
	{ KEY("flush", "incremental", CONF_CHOICE, incremental),
	    .initial = "auto", .choices = incremental,
	    .doc = "Whether streams carry the header Incremental, which asks "
		   "front servers not to hold them back; auto means that they "
		   "do where the web server is known to heed it." },
	{ KEY("flush", "identity", CONF_BOOL, identity), .initial = "yes",
	    .doc = "Whether streams carry Content-Encoding: identity, which "
		   "keeps proxies that compress from waiting for more." },

	{ KEY("limits", "streams", CONF_COUNT, streams), .initial = "0",
	    .min = "0", .max = "1000000",
	    .doc = "How many streams there may be at a time: in a process that "
		   "serves many viewers, in all of serve --processes together "
		   "or, where each viewer has a process of its own, in all "
		   "processes on the spool. While there are that many, a "
		   "viewer that comes is served by short polls. 0 means as "
		   "many as the limit of descriptors allows." },
	{ KEY("limits", "streams_per_address", CONF_COUNT, streams_per_address),
	    .initial = "0", .min = "0", .max = "1000000",
	    .doc = "How many of these streams may go to one address, as the "
		   "web server gives it (of IPv6, its first 64 bits); further "
		   "viewers there have to wait. With serve --processes each "
		   "process counts its own. 0 means no limit." },
	{ KEY("limits", "channels_per_stream", CONF_COUNT, channels_per_stream),
	    .initial = "32", .min = "1", .max = "1000",
	    .doc = "How many channels one request may ask for." },
	{ KEY("limits", "memory", CONF_SIZE, memory), .initial = "64M",
	    .min = "64K", .max = "1000G", .flags = CONF_OR_ZERO,
	    .doc = "How much memory a process may use for its viewers, for "
		   "what they ask for and for what they are being sent. Beyond "
		   "that, a viewer that comes has to wait, batches are made "
		   "later, and the viewer that has taken nothing for the "
		   "longest time is cut off, and resumes later. A record that "
		   "alone would be too much becomes the event "
		   "spoolcast.skipped. 0 means no limit." },
	{ KEY("limits", "resume_bytes", CONF_SIZE, resume_bytes),
	    .initial = "64M", .min = "64K", .max = "1000G",
	    .flags = CONF_OR_ZERO,
	    .doc = "How many bytes may be looked through to find where one "
		   "stream begins, in all of its channels and their older "
		   "segments. Beyond that, a history is shorter, and a comment "
		   "in the stream says so; an id whose place cannot be found "
		   "within it is reported as lost. 0 means no limit." },

	{ KEY("access", "channels", CONF_GLOBS, channels), .initial = "*",
	    .doc = "The channels that exist for the public: names and globs "
		   "such as news,build-*. Requests for other channels are "
		   "refused. The variable SPOOLCAST_CHANNELS of a web server "
		   "narrows the list for one of its addresses." },
	{ KEY("access", "origins", CONF_TEXT, origins), .initial = "",
	    .flags = CONF_PER_CHANNEL | CONF_LATER | CONF_OR_EMPTY,
	    .doc = "Which other sites have pages that may listen (CORS); "
		   "without it, none." },
	{ KEY("access", "users", CONF_TEXT, users), .initial = "",
	    .flags = CONF_PER_CHANNEL | CONF_LATER | CONF_OR_EMPTY,
	    .doc = "Which users, as the web server knows them, may listen; "
		   "without it, anyone may." },
	{ KEY("access", "key_file", CONF_PATH, key_file), .initial = "",
	    .flags = CONF_PER_CHANNEL | CONF_LATER | CONF_OR_EMPTY,
	    .doc = "The file with the key that access tokens are checked with; "
		   "without it, no token is asked for." },
	{ KEY("access", "publish", CONF_CHOICE, publish), .initial = "no",
	    .choices = publish, .flags = CONF_PER_CHANNEL | CONF_LATER,
	    .doc = "Whether a token gives the right to publish by HTTP." },
	{ KEY("access", "status", CONF_BOOL, status), .initial = "no",
	    .flags = CONF_LATER,
	    .doc = "Whether the pages _status and _metrics are served." },

	{ KEY("source", "redis", CONF_TEXT, redis), .initial = "",
	    .flags = CONF_LATER | CONF_OR_EMPTY,
	    .doc = "The Redis server whose streams are the channels; without "
		   "it, there is none." },
};

const size_t settings_count = sizeof(settings_keys) / sizeof(settings_keys[0]);

_Static_assert(sizeof(settings_keys) / sizeof(settings_keys[0]) <= SETTINGS_MAX,
    "more settings than SETTINGS_MAX");

const struct conf_key *
settings_find(const char *name, size_t len)
{
	for (size_t i = 0; i < settings_count; i++) {
		if (strlen(settings_keys[i].name) == len &&
		    memcmp(settings_keys[i].name, name, len) == 0)
			return &settings_keys[i];
	}
	return NULL;
}

int
settings_section_exists(const char *name, size_t len)
{
	for (size_t i = 0; i < settings_count; i++) {
		if (strlen(settings_keys[i].section) == len &&
		    memcmp(settings_keys[i].section, name, len) == 0)
			return 1;
	}
	return 0;
}

/*
 * Return whether ${found} is nearer to ${name} than ${*best}, and near enough
 * to be meant; its distance becomes ${*best} then.
 */
static int
is_nearer(const char *name, const char *found, size_t *best)
{
	size_t d = near_distance(name, found);

	if (d >= *best || d > 1 + strlen(found) / 4)
		return 0;
	*best = d;
	return 1;
}

const struct conf_key *
settings_near(const char *name)
{
	const struct conf_key *near = NULL;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < settings_count; i++) {
		if (is_nearer(name, settings_keys[i].name, &best))
			near = &settings_keys[i];
	}
	return near;
}

const char *
settings_section_near(const char *name)
{
	const char *near = NULL;
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < settings_count; i++) {
		if (is_nearer(name, settings_keys[i].section, &best))
			near = settings_keys[i].section;
	}
	return near;
}

int
settings_rotate(const struct settings *settings)
{
	return settings->max_size > 0 || settings->max_age_ms > 0;
}
