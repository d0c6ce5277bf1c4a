/* Which check a request does not pass, and what it is told then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf_load.h"
#include "helpers/temp_dir.h"
#include "hub/checks.h"
#include "hub/viewer.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))
#define STREAM "text/event-stream; charset=utf-8"

/* There is no loop: just what the checks look at. */
static struct hub hub;
static struct viewer viewer;
static struct conn_owner owner = { .cookie = &hub };

/* Begin anew, with these lines of configuration besides the usual ones. */
static void
begin(const char *lines)
{
	struct conf_errors errors = { 0 };
	char text[5000];

	memset(&hub, 0, sizeof(hub));
	memset(&viewer, 0, sizeof(viewer));
	viewer.conn.io.data = &owner;
	snprintf(text, sizeof(text),
	    "[spool]\npath = %s\n[access]\nchannels = news,build-*\n"
	    "[limits]\nchannels_per_stream = 2\n%s",
	    temp_dir, lines);
	hub.conf = conf_load_text(text, strlen(text), "my.ini", &errors);
	if (hub.conf == NULL)
		fail_msg("%s", conf_errors_line(&errors, 0));
	hub.settings = conf_base(hub.conf);
	hub.policy = policy_of(hub.gateway);
	hub.limits.max_descriptors = 1000;
	assert_int_equal(budget_init(&hub.budget), 0);
	assert_int_equal(feeds_init(&hub.feeds), 0);
	assert_int_equal(
	    folder_init(&hub.folder, NULL, temp_dir, NULL, NULL), 0);
	hub.has_folder = true;
}

static void
end(void)
{
	budget_give(&hub, &viewer.share);
	budget_free(&hub.budget);
	feeds_free(&hub.feeds);
	folder_free(&hub.folder);
	mount_free(&hub.mount);
	conf_free(hub.conf);
}

static void
set(struct request_vars *vars, const char *name, const char *value)
{
	if (value != NULL)
		request_set_var(vars, name, strlen(name), value, strlen(value));
}

/* Whether the body of the response is, or ends with, ${text}. */
static bool
ends_with(const struct response *response, const char *text)
{
	size_t len = strlen(text);

	return response->body.len >= len &&
	    memcmp(response->body.data + response->body.len - len, text, len) ==
	    0;
}

/* Let a GET of ${uri} pass; ${mount} is what the web server has set, or NULL.
 */
static const char *
check(struct admission *a, struct request_vars *vars, const char *uri,
    const char *mount)
{
	memset(a, 0, sizeof(*a));
	memset(vars, 0, sizeof(*vars));
	a->viewer = &viewer;
	a->vars = vars;
	set(vars, "REQUEST_METHOD", "GET");
	set(vars, "REQUEST_URI", uri);
	set(vars, "REMOTE_ADDR", "192.0.2.1");
	set(vars, MOUNT_VAR, mount);
	return checks_failed(a);
}

static void
test_a_request_that_passes_has_settings_a_mode_and_a_share(void **state)
{
	struct request_vars vars;
	struct admission a;

	(void)state;
	begin("[channel build-*]\nretry = 1s\n");
	assert_null(check(&a, &vars, "/events/build-1,news?flush=batch", NULL));
	assert_int_equal(a.response.status, 0);
	assert_int_equal(a.request.channels.count, 2);
	assert_ptr_equal(a.settings, conf_for(hub.conf, "build-1"));
	assert_int_equal(a.settings->retry_ms, 1000);
	/* A client may not choose, unless the settings say so. */
	assert_int_equal(viewer.flush, FLUSH_STREAM);
	assert_false(viewer.is_over_budget);
	assert_non_null(viewer.share.address);
	admit_free(&a);
	end();
}

static void
test_the_first_check_that_fails_says_why(void **state)
{
	static const struct {
		const char *uri, *mount, *failed;
		int status;
		const char *text; /* the end of the body */
		bool is_draining, is_full;
	} rows[] = {
		{ "/a.b?flush=x", ",", "request", 400, "ln -s a.b a\n", true,
		    true },
		{ "/other", ",", "mount", 200,
		    ": SPOOLCAST_CHANNELS, as it is set for this address, is "
		    "no list of channels; the log says more\n",
		    true, true },
		{ "/news,other,third", NULL, "channels", 400,
		    "spoolcast: too many channels: 3 asked for, [limits] "
		    "channels_per_stream allows 2\n",
		    true, true },
		{ "/news,other?flush=x", NULL, "channels", 404,
		    "spoolcast: no channel \"other\" here: [access] channels "
		    "does not list it\n",
		    true, true },
		{ "/news", "build-*", "channels", 404,
		    "spoolcast: no channel \"news\" here: SPOOLCAST_CHANNELS, "
		    "as it is set for this address, does not list it\n",
		    true, true },
		{ "/news?flush=x", NULL, "flush", 400,
		    "spoolcast: bad flush \"x\": stream, batch, pad or "
		    "close\n",
		    true, true },
		{ "/news?flush=pad", NULL, "stopping", 200,
		    ": the program is being stopped\n", true, true },
		{ "/news", NULL, "room", 200,
		    ": full: the limit of open files (ulimit -n)\n", false,
		    true },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		struct request_vars vars;
		struct admission a;

		begin("");
		hub.ending.is_draining = rows[i].is_draining;
		if (rows[i].is_full)
			hub.limits.max_descriptors = 0;
		assert_string_equal(
		    check(&a, &vars, rows[i].uri, rows[i].mount),
		    rows[i].failed);
		assert_int_equal(a.response.status, rows[i].status);
		assert_true(ends_with(&a.response, rows[i].text));
		/* What an EventSource is to come back after is a stream. */
		assert_int_equal(a.response.is_stream, rows[i].status == 200);
		if (a.response.is_stream)
			assert_string_equal(a.response.type, STREAM);
		assert_null(viewer.share.address);
		admit_free(&a);
		end();
	}
}

static void
test_a_list_of_the_process_has_to_be_one_too(void **state)
{
	struct request_vars vars;
	struct admission a;

	(void)state;
	begin("");
	assert_int_equal(mount_add(&hub.mount, "build-*", 7), 0);
	assert_string_equal(check(&a, &vars, "/news", "news"), "channels");
	assert_int_equal(a.response.status, 404);
	admit_free(&a);
	assert_int_equal(mount_add(&hub.mount, "", 0), 0);
	assert_string_equal(check(&a, &vars, "/news", "news"), "mount");
	admit_free(&a);
	end();
}

static void
test_without_a_configuration_nobody_passes(void **state)
{
	struct request_vars vars;
	struct admission a;
	struct conf *conf;

	(void)state;
	begin("");
	conf = hub.conf;
	hub.conf = NULL;
	hub.where.option_file = "/nowhere/my.ini";
	/* What cannot be understood is told so all the same. */
	assert_string_equal(check(&a, &vars, "/a.b", NULL), "request");
	admit_free(&a);
	assert_string_equal(check(&a, &vars, "/news", NULL), "settings");
	assert_int_equal(a.response.status, 200);
	assert_true(ends_with(
	    &a.response, ": the configuration is wrong; the log says where\n"));
	admit_free(&a);
	hub.conf = conf;
	end();
}

static void
test_an_address_has_so_many_streams(void **state)
{
	struct request_vars vars;
	struct share first;
	struct admission a;

	(void)state;
	begin("streams_per_address = 1\n");
	assert_null(check(&a, &vars, "/news", NULL));
	admit_free(&a);
	first = viewer.share;
	memset(&viewer.share, 0, sizeof(viewer.share));
	assert_string_equal(check(&a, &vars, "/news", NULL), "budget");
	assert_true(
	    ends_with(&a.response, ": full: [limits] streams_per_address\n"));
	assert_null(viewer.share.address);
	admit_free(&a);
	viewer.share = first;
	end();
}

static void
test_a_viewer_over_the_budget_polls(void **state)
{
	struct request_vars vars;
	struct share first;
	struct admission a;

	(void)state;
	begin("streams = 1\n");
	assert_null(check(&a, &vars, "/news", NULL));
	assert_int_equal(viewer.flush, FLUSH_STREAM);
	admit_free(&a);
	first = viewer.share;
	memset(&viewer.share, 0, sizeof(viewer.share));
	assert_null(check(&a, &vars, "/news", NULL));
	assert_true(viewer.is_over_budget);
	assert_int_equal(viewer.flush, FLUSH_CLOSE);
	assert_null(viewer.share.address);
	admit_free(&a);
	viewer.share = first;
	end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    test_a_request_that_passes_has_settings_a_mode_and_a_share),
		cmocka_unit_test(test_the_first_check_that_fails_says_why),
		cmocka_unit_test(test_a_list_of_the_process_has_to_be_one_too),
		cmocka_unit_test(test_without_a_configuration_nobody_passes),
		cmocka_unit_test(test_an_address_has_so_many_streams),
		cmocka_unit_test(test_a_viewer_over_the_budget_polls),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "checks", tests, temp_dir_make, temp_dir_remove);
}
