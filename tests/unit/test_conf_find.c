/* Where a configuration is found, and in which order. */
#include <sys/stat.h>

#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/conf_find.h"

/* Any user but root; for root no file is unreadable. */
#define SOMEBODY 65534

static char top[64];	     /* the folder of one test */
static char start[PATH_MAX]; /* the folder that the tests run in */

/* The path of ${name} in the folder of the test. */
static const char *
at(const char *name)
{
	static char paths[4][256];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", top, name);
	return path;
}

static void
make_folder(const char *name)
{
	assert_int_equal(mkdir(at(name), 0755), 0);
}

/* A configuration in which streams is ${streams}, to tell it by. */
static void
make_file(const char *name, int streams)
{
	FILE *file = fopen(at(name), "we");

	assert_non_null(file);
	fprintf(file, "[limits]\nstreams = %d\n", streams);
	assert_int_equal(fclose(file), 0);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(top, sizeof(top), "/tmp/spoolcast-test.XXXXXX");
	if (mkdtemp(top) == NULL || chmod(top, 0755) != 0 ||
	    getcwd(start, sizeof(start)) == NULL)
		return -1;
	unsetenv("HOME");
	unsetenv("SPOOLCAST_CONFIG");
	unsetenv("SPOOLCAST_SPOOL");
	make_folder("bin");
	make_folder("home");
	make_folder("home/.config");
	make_folder("home/.config/spoolcast");
	return 0;
}

static int
remove_one(
    const char *path, const struct stat *status, int type, struct FTW *where)
{
	(void)status;
	(void)type;
	(void)where;
	return remove(path);
}

static int
tear_down(void **state)
{
	(void)state;
	if (chdir(start) != 0)
		return -1;
	return nftw(top, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/* Open with ${option}, as started as bin/spoolcast of the test. */
static struct conf *
open_conf(const char *option, struct conf_errors *errs)
{
	struct conf_where where = { option, at("bin/spoolcast") };
	struct conf *conf;

	if (conf_find(&where, &conf, errs) == 0)
		assert_non_null(conf);
	else
		assert_null(conf);
	return conf;
}

/* The file with ${streams} must be the one that is found. */
static void
expect(const char *option, const char *file, const char *why, int streams)
{
	struct conf_errors errs = { 0 };
	struct conf *conf = open_conf(option, &errs);

	if (conf == NULL)
		fail_msg("%s", conf_errors_line(&errs, 0));
	assert_string_equal(conf_file(conf), file);
	assert_string_equal(conf_why(conf), why);
	assert_int_equal(conf_base(conf)->streams, streams);
	conf_free(conf);
}

/* Nothing must be found; the only message has ${what} in it. */
static void
expect_error(const char *option, const char *what, int is_system)
{
	struct conf_errors errs = { 0 };

	assert_null(open_conf(option, &errs));
	assert_int_equal(conf_errors_count(&errs), 1);
	if (strstr(conf_errors_line(&errs, 0), what) == NULL)
		fail_msg("%s", conf_errors_line(&errs, 0));
	assert_int_equal(errs.is_system, is_system);
	conf_errors_free(&errs);
}

static int
machine_has_a_file(void)
{
	return access("/etc/spoolcast", F_OK) == 0;
}

static void
test_the_order_is_that_of_the_contract(void **state)
{
	(void)state;
	make_file("option.ini", 1);
	make_file("variable.ini", 2);
	make_file("bin/spoolcast.ini", 3);
	make_file("home/.config/spoolcast/spoolcast.ini", 4);
	setenv("SPOOLCAST_CONFIG", at("variable.ini"), 1);
	setenv("HOME", at("home"), 1);
	expect(at("option.ini"), at("option.ini"), "named by -c", 1);
	expect(NULL, at("variable.ini"), "named by $SPOOLCAST_CONFIG", 2);
	setenv("SPOOLCAST_CONFIG", "", 1);
	expect(NULL, at("bin/spoolcast.ini"), "beside the program", 3);
	assert_int_equal(unlink(at("bin/spoolcast.ini")), 0);
	expect(NULL, at("home/.config/spoolcast/spoolcast.ini"), "in $HOME", 4);
}

static void
test_a_named_file_that_is_missing_is_an_error(void **state)
{
	(void)state;
	make_file("bin/spoolcast.ini", 3);
	expect_error(at("no.ini"), "/no.ini: No such file or directory", 0);
	setenv("SPOOLCAST_CONFIG", at("nor.ini"), 1);
	expect_error(NULL, "/nor.ini: No such file or directory", 0);
}

static void
test_a_wrong_file_is_not_passed_over(void **state)
{
	(void)state;
	make_file("bin/spoolcast.ini", -1);
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	expect_error(NULL, "bin/spoolcast.ini:2: [limits] streams: ", 0);
}

static void
test_a_link_to_nowhere_is_not_passed_over(void **state)
{
	(void)state;
	assert_int_equal(symlink("gone", at("bin/spoolcast.ini")), 0);
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	expect_error(NULL, "bin/spoolcast.ini: No such file", 0);
}

static void
test_an_unreadable_file_is_not_passed_over(void **state)
{
	int is_root = geteuid() == 0;

	(void)state;
	make_file("bin/spoolcast.ini", 3);
	assert_int_equal(chmod(at("bin/spoolcast.ini"), 0), 0);
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	if (is_root)
		assert_int_equal(seteuid(SOMEBODY), 0);
	expect_error(NULL, "bin/spoolcast.ini: Permission denied", 1);
	if (is_root)
		assert_int_equal(seteuid(0), 0);
}

static void
test_a_home_that_is_closed_has_no_file(void **state)
{
	struct conf_errors errs = { 0 };
	int is_root = geteuid() == 0;
	struct conf *conf;

	(void)state;
	if (machine_has_a_file())
		skip();
	make_file("home/.config/spoolcast/spoolcast.ini", 4);
	assert_int_equal(chmod(at("home"), 0), 0);
	setenv("HOME", at("home"), 1);
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	if (is_root)
		assert_int_equal(seteuid(SOMEBODY), 0);
	conf = open_conf(NULL, &errs);
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(at("home"), 0755), 0);
	assert_non_null(conf);
	assert_null(conf_file(conf));
	conf_free(conf);
}

static void
test_no_file_is_fine_where_the_variable_names_a_spool(void **state)
{
	struct conf_errors errs = { 0 };
	struct conf *conf;

	(void)state;
	if (machine_has_a_file())
		skip();
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	conf = open_conf(NULL, &errs);
	assert_non_null(conf);
	assert_null(conf_file(conf));
	assert_non_null(strstr(conf_why(conf), "$SPOOLCAST_SPOOL"));
	assert_string_equal(conf_base(conf)->path, at("spool"));
	assert_int_equal(conf_base(conf)->heartbeat_ms, 15000);
	assert_ptr_equal(conf_for(conf, "news"), conf_base(conf));
	conf_free(conf);
}

static void
test_no_file_is_fine_where_a_spool_is_beside_the_program(void **state)
{
	struct conf_errors errs = { 0 };
	struct conf *conf;

	(void)state;
	if (machine_has_a_file())
		skip();
	make_folder("bin/spool");
	conf = open_conf(NULL, &errs);
	assert_non_null(conf);
	assert_null(conf_file(conf));
	assert_non_null(strstr(conf_why(conf), "beside the program"));
	assert_string_equal(conf_base(conf)->path, at("bin/spool"));
	conf_free(conf);
}

static void
test_with_neither_the_message_names_the_remedies(void **state)
{
	(void)state;
	if (machine_has_a_file())
		skip();
	make_file("bin/spool", 1); /* a file is no folder */
	expect_error(NULL, "no configuration and no spool found", 0);
	expect_error(NULL, "$SPOOLCAST_SPOOL", 0);
	expect_error(NULL, at("bin/spool "), 0);
	expect_error(NULL, at("bin/spoolcast.ini"), 0);
}

static void
test_the_variable_wins_over_the_path_in_the_file(void **state)
{
	struct conf_errors errs = { 0 };
	FILE *file = fopen(at("my.ini"), "we");
	struct conf *conf;

	(void)state;
	assert_non_null(file);
	fputs("[spool]\npath = /srv/other\n[channel a*]\nretry = 1s\n", file);
	assert_int_equal(fclose(file), 0);
	conf = open_conf(at("my.ini"), &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, "/srv/other");
	conf_free(conf);
	setenv("SPOOLCAST_SPOOL", at("spool"), 1);
	conf = open_conf(at("my.ini"), &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, at("spool"));
	assert_string_equal(conf_for(conf, "abc")->path, at("spool"));
	assert_non_null(strstr(conf_why(conf), "$SPOOLCAST_SPOOL"));
	conf_free(conf);
}

/* The process may change its folder later. */
static void
test_the_path_of_the_spool_is_absolute(void **state)
{
	struct conf_errors errs = { 0 };
	struct conf *conf;

	(void)state;
	make_file("my.ini", 1);
	assert_int_equal(chdir(top), 0);
	conf = open_conf("my.ini", &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, at("spool"));
	conf_free(conf);
	conf = open_conf("./my.ini", &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, at("spool"));
	conf_free(conf);
	setenv("SPOOLCAST_SPOOL", "data", 1);
	conf = open_conf("my.ini", &errs);
	assert_non_null(conf);
	assert_string_equal(conf_base(conf)->path, at("data"));
	conf_free(conf);
}

static void
test_a_name_without_slash_is_beside_nothing(void **state)
{
	struct conf_where where = { NULL, "spoolcast" };
	struct conf_errors errs = { 0 };
	struct conf *conf;

	(void)state;
	if (machine_has_a_file())
		skip();
	make_file("spoolcast.ini", 1);
	assert_int_equal(chdir(top), 0);
	assert_int_equal(conf_find(&where, &conf, &errs), -1);
	conf_errors_free(&errs);
	where.argv0 = "./spoolcast";
	assert_int_equal(conf_find(&where, &conf, &errs), 0);
	assert_string_equal(conf_file(conf), "./spoolcast.ini");
	assert_string_equal(conf_base(conf)->path, at("spool"));
	conf_free(conf);
	where.argv0 = NULL;
	assert_int_equal(conf_find(&where, &conf, &errs), -1);
	conf_errors_free(&errs);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_the_order_is_that_of_the_contract),
		TEST(test_a_named_file_that_is_missing_is_an_error),
		TEST(test_a_wrong_file_is_not_passed_over),
		TEST(test_a_link_to_nowhere_is_not_passed_over),
		TEST(test_an_unreadable_file_is_not_passed_over),
		TEST(test_a_home_that_is_closed_has_no_file),
		TEST(test_no_file_is_fine_where_the_variable_names_a_spool),
		TEST(test_no_file_is_fine_where_a_spool_is_beside_the_program),
		TEST(test_with_neither_the_message_names_the_remedies),
		TEST(test_the_variable_wins_over_the_path_in_the_file),
		TEST(test_the_path_of_the_spool_is_absolute),
		TEST(test_a_name_without_slash_is_beside_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
