/* The spool folder, its channels and what is told of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "helpers/chains.h"
#include "helpers/spool_folder.h"

static void
test_what_is_appended_is_told(void **state)
{
	struct channel *channel;

	(void)state;
	spool_append("news", "one\n");
	channel = spool_use("news");
	assert_false(spool.is_polling);
	assert_int_equal(spool_tail(channel), 4);
	for (int i = 0; i < 3; i++) {
		spool_append("news", "more\n");
		spool_wait();
	}
	assert_int_equal(spool_tail(channel), 19);
	channel_unref(channel);
}

static void
test_a_channel_may_be_used_before_it_exists(void **state)
{
	struct channel *channel = spool_use("news");

	(void)state;
	assert_null(channel->segment);
	spool_append("news", "one\n");
	spool_wait();
	assert_int_equal(spool_tail(channel), 4);
	assert_non_null(channel->segment);
	assert_int_equal(channel->segment->form, RECORD_LINE);
	spool_append("news", "two\n");
	spool_wait();
	assert_int_equal(spool_tail(channel), 8);
	channel_unref(channel);
}

static void
test_one_name_is_one_channel(void **state)
{
	struct channel *channel = spool_use("news");
	struct channel *other = spool_use("deploy");

	(void)state;
	assert_ptr_equal(spool_use("news"), channel);
	assert_ptr_not_equal(channel, other);
	assert_int_equal(spool.n_channels, 2);
	channel_unref(channel);
	assert_int_equal(spool.n_channels, 2);
	channel_unref(channel);
	assert_int_equal(spool.n_channels, 1);
	channel_unref(other);
}

static void
test_names_of_channels_are_told(void **state)
{
	char longest[66];

	(void)state;
	memset(longest, 'x', 65);
	longest[65] = '\0';
	spool_append(longest, "too long\n");
	longest[64] = '\0';
	spool_append(longest, "x\n");
	spool_append(".hidden", "x\n");
	spool_append("-a", "x\n");
	spool_append("a~", "x\n");
	spool_append("a.txt", "x\n");
	spool_append("a.1", "x\n");
	spool_append("a.end", "x\n");
	spool_append("a.sse.tmp", "x\n");
	spool_append("deploy.sse", "x\n");
	spool_append("last", "x\n");
	spool_wait_for_name("last");
	assert_int_equal(spool_names.len, 65 + strlen("deploy last "));
	assert_memory_equal(spool_names.data, longest, 64);
	assert_memory_equal(spool_names.data + 64, " deploy last ", 13);
}

static void
test_the_end_is_told_and_the_end_of_the_end(void **state)
{
	struct channel *channel = spool_use("news");

	(void)state;
	assert_false(channel->has_ended);
	spool_append("news.end", "");
	spool_wait();
	assert_true(channel->has_ended);
	spool_append("news", "the last\n");
	spool_wait();
	assert_true(channel->has_ended);
	spool_delete("news.end");
	spool_wait();
	assert_false(channel->has_ended);
	assert_int_equal(spool_tail(channel), 9);
	channel_unref(channel);
	/* It may be there from the beginning. */
	spool_append("news.end", "");
	channel = spool_use("news");
	assert_true(channel->has_ended);
	channel_unref(channel);
}

/* However the name came to stand for another file. */
static void
assert_replaced(struct channel *channel, struct segment *old)
{
	while (channel->segment == old)
		spool_wait();
	assert_int_equal(spool_tail(channel), 4);
	spool_append("news", "more\n");
	while (spool_tail(channel) < 9)
		spool_wait();
	segment_drop(&old);
}

static void
test_a_file_that_took_the_name_replaces_the_other(void **state)
{
	struct channel *channel;
	struct segment *old;

	(void)state;
	spool_append("news", "first\n");
	channel = spool_use("news");
	/* logrotate's default. */
	old = segment_ref(channel->segment);
	spool_move("news", "news.1");
	spool_append("news", "new\n");
	assert_replaced(channel, old);
	/* Delete and recreate. */
	old = segment_ref(channel->segment);
	spool_delete("news");
	spool_append("news", "new\n");
	assert_replaced(channel, old);
	/* An editor's rewrite. */
	old = segment_ref(channel->segment);
	spool_append("news~", "new\n");
	spool_move("news~", "news");
	assert_replaced(channel, old);
	channel_unref(channel);
}

static void
test_a_file_that_went_stays_readable(void **state)
{
	struct channel *channel;
	struct segment *old;

	(void)state;
	spool_append("news", "first\n");
	channel = spool_use("news");
	old = channel->segment;
	spool_delete("news");
	spool_wait();
	assert_ptr_equal(channel->segment, old);
	assert_int_equal(spool_tail(channel), 6);
	channel_unref(channel);
}

static void
test_truncation_is_told(void **state)
{
	struct channel *channel;
	int fd;

	(void)state;
	spool_append("news", "first\n");
	channel = spool_use("news");
	fd = openat(temp_dir_fd, "spool/news", O_WRONLY);
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	spool_wait();
	assert_int_equal(spool_tail(channel), 0);
	channel_unref(channel);
}

static void
test_of_two_forms_the_line_form_wins(void **state)
{
	struct channel *channel;
	struct segment *old;

	(void)state;
	spool_append("news.sse", "data: a\n\n");
	channel = spool_use("news");
	assert_int_equal(channel->segment->form, RECORD_BLOCK);
	assert_int_equal(spool_tail(channel), 9);
	old = segment_ref(channel->segment);
	spool_append("news", "one\n");
	spool_wait();
	assert_int_equal(channel->segment->form, RECORD_LINE);
	segment_drop(&old);
	spool_delete("news");
	while (channel->segment->form != RECORD_BLOCK)
		spool_wait();
	assert_int_equal(spool_tail(channel), 9);
	channel_unref(channel);
}

static void
test_only_files_stand_for_a_channel(void **state)
{
	struct channel *channel = spool_use("news");

	(void)state;
	assert_int_equal(mkdirat(temp_dir_fd, "spool/news", 0700), 0);
	spool_wait();
	assert_null(channel->segment);
	assert_int_equal(mkfifoat(temp_dir_fd, "spool/news.sse", 0600), 0);
	spool_wait();
	assert_null(channel->segment);
	assert_int_equal(unlinkat(temp_dir_fd, "spool/news", AT_REMOVEDIR), 0);
	spool_append("news", "one\n");
	while (channel->segment == NULL)
		spool_wait();
	channel_unref(channel);
}

static void
test_looking_tells_whether_anything_is_different(void **state)
{
	struct channel *channel = spool_use("news");

	(void)state;
	assert_false(channel_look(channel));
	spool_append("news", "one\n");
	assert_true(channel_look(channel));
	assert_false(channel_look(channel));
	spool_append("news", "two\n");
	assert_false(channel_look(channel));
	spool_append("news.end", "");
	assert_true(channel_look(channel));
	spool_move("news", "news.1");
	assert_false(channel_look(channel));
	spool_append("news", "three\n");
	assert_true(channel_look(channel));
	channel_unref(channel);
}

static int
visit(void *cookie, const char *name)
{
	struct buf *names = cookie;

	assert_int_equal(buf_printf(names, "%s ", name), 0);
	return strcmp(name, "stop") == 0 ? 7 : 0;
}

static void
test_a_list_names_what_exists(void **state)
{
	struct buf names = { 0 };

	(void)state;
	assert_int_equal(folder_list(&spool, visit, &names), 0);
	assert_int_equal(names.len, 0);
	spool_append("news", "");
	spool_append("news.2", "");
	spool_append("news.end", "");
	spool_append("deploy.sse.1", "");
	spool_append("a.b", "");
	/* Twice, so that reading the folder leaves no trace. */
	for (int i = 0; i < 2; i++) {
		names.len = 0;
		assert_int_equal(folder_list(&spool, visit, &names), 0);
		assert_int_equal(buf_append(&names, "", 1), 0);
		assert_int_equal(names.len, sizeof("news deploy "));
		assert_non_null(strstr((const char *)names.data, "news "));
		assert_non_null(strstr((const char *)names.data, "deploy "));
	}
	spool_append("stop", "");
	assert_int_equal(folder_list(&spool, visit, &names), 7);
	buf_free(&names);
}

static struct channel *dropped[3];

static void
drop_all(void *cookie, struct channel *channel)
{
	(void)channel;
	spool_on_channel(cookie, channel);
	for (int i = 0; i < 3; i++) {
		if (dropped[i] != NULL)
			channel_unref(dropped[i]);
		dropped[i] = NULL;
	}
}

static void
test_the_owner_may_drop_channels_when_told(void **state)
{
	static const struct folder_ops ops = { .on_channel = drop_all,
		.on_name = spool_on_name };

	(void)state;
	spool.ops = &ops;
	dropped[0] = spool_use("a");
	dropped[1] = spool_use("b");
	dropped[2] = spool_use("c");
	spool_append("a", "x\n");
	spool_append("b", "x\n");
	spool_append("c", "x\n");
	spool_wait();
	assert_int_equal(spool_told, 1);
	assert_int_equal(spool.n_channels, 0);
}

/*
 * Whoever may ask for names can choose such as have the low bits of their hash
 * in common: with one that everybody can work out, all are in one chain.
 */
static void
test_names_that_were_chosen_stand_in_short_chains(void **state)
{
	static struct channel *channels[2000];
	char name[24];
	size_t n = 0;

	(void)state;
	for (unsigned i = 0; n < 2000; i++) {
		int len = snprintf(name, sizeof(name), "n%u", i);

		if (hash_mix(hash_bytes(HASH_START, name, (size_t)len)) %
			2048 ==
		    0)
			channels[n++] = folder_channel(&spool, name);
	}
	assert_int_equal(spool.channels.n_entries, 2000);
	assert_true(chain_longest(&spool.channels) < CHAIN_LONG);
	while (n > 0)
		channel_unref(channels[--n]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define WITH_SPOOL(test)                                                       \
	cmocka_unit_test_setup_teardown(test, spool_start_open, spool_stop)
		WITH_SPOOL(test_what_is_appended_is_told),
		WITH_SPOOL(test_a_channel_may_be_used_before_it_exists),
		WITH_SPOOL(test_one_name_is_one_channel),
		WITH_SPOOL(test_names_of_channels_are_told),
		WITH_SPOOL(test_the_end_is_told_and_the_end_of_the_end),
		WITH_SPOOL(test_a_file_that_took_the_name_replaces_the_other),
		WITH_SPOOL(test_a_file_that_went_stays_readable),
		WITH_SPOOL(test_truncation_is_told),
		WITH_SPOOL(test_of_two_forms_the_line_form_wins),
		WITH_SPOOL(test_only_files_stand_for_a_channel),
		WITH_SPOOL(test_looking_tells_whether_anything_is_different),
		WITH_SPOOL(test_a_list_names_what_exists),
		WITH_SPOOL(test_the_owner_may_drop_channels_when_told),
		WITH_SPOOL(test_names_that_were_chosen_stand_in_short_chains),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name(
	    "folder", tests, temp_dir_make, temp_dir_remove);
}
