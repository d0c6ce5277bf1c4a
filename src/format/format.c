#include <string.h>

#include "format/event.h"
#include "format/format.h"

/*
 * A new format is a row here, and its mode stands in FORMAT_MODES.  The first
 * one is usual.
 */
static const struct format formats[] = {
	{
	    .mode = "sse",
	    .type = "text/event-stream; charset=utf-8",
	    .begin = event_append_retry,
	    .open = event_append_open,
	    .record = event_append,
	    .record_size = event_size_max,
	    .skipped = event_append_skipped,
	    .gap = event_append_gap,
	    .moved = event_append_at,
	    .beat = event_append_beat,
	    .comment = event_append_comment,
	    .padding = event_append_padding,
	    .end = event_append_retry,
	},
};
#define N_FORMATS (sizeof(formats) / sizeof(formats[0]))

const struct format *
format_find(const char *mode, size_t len)
{
	for (size_t i = 0; i < N_FORMATS; i++) {
		if (strlen(formats[i].mode) == len &&
		    memcmp(formats[i].mode, mode, len) == 0)
			return &formats[i];
	}
	return NULL;
}

const struct format *
format_usual(void)
{
	return &formats[0];
}
