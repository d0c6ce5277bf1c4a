/*
 * Configuration files of any bytes: nothing crashes, what is right can be asked
 * for and printed, and what is wrong has a message.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf_dump.h"
#include "conf/conf_load.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Use everything in ${conf}; abort if anything is not as promised. */
static void
use(const struct conf *conf)
{
	static const char *const names[] = { "news", "a", "build-1", "" };
	struct buf out = { 0 };
	struct json json;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct settings *settings = conf_for(conf, names[i]);

		if (settings != conf_for(conf, names[i]) ||
		    settings->heartbeat_ms < 100 ||
		    settings->max_record < 1024 ||
		    settings->key_file[0] != '\0')
			abort();
	}
	if (conf_dump_text(conf, &out) != 0)
		abort();
	json_begin(&json, &out, JSON_SPACED);
	conf_dump_json(conf, &json);
	if (json_finish(&json) != 0)
		abort();
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_errors errs = { 0 };
	struct conf *conf =
	    conf_load_text((const char *)data, size, "/x/my.ini", &errs);

	if ((conf != NULL) != (conf_errors_count(&errs) == 0))
		abort();
	if (conf != NULL)
		use(conf);
	for (size_t i = 0; i < conf_errors_count(&errs); i++) {
		if (strchr(conf_errors_line(&errs, i), '\n') != NULL)
			abort();
	}
	conf_free(conf);
	conf_errors_free(&errs);
	return 0;
}
