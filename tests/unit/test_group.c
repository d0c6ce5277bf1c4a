/* Groups as they are named on the command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/group.h"
#include "helpers/temp_dir.h"

#define N_ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* What the output holds before; an error must leave it. */
#define BEFORE 4711

static char path[sizeof(temp_dir) + 8];

static int
write_file(void **state)
{
	FILE *file;

	if (temp_dir_make(state) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/group", temp_dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("root:x:0:\n"
	      "\n"
	      "nonsense\n"
	      "www-data:x:33:caddy,nginx\n"
	      "web:x:1000000:\n"
	      "www-data:x:34:\n"
	      "last:x:7:",
	    file);
	return fclose(file);
}

static void
names_and_numbers_are_found_or_refused(void **state)
{
	static const struct {
		const char *text;
		int error;
		gid_t group;
	} rows[] = {
		{ "root", 0, 0 },
		{ "www-data", 0, 33 }, /* the first counts */
		{ "web", 0, 1000000 },
		{ "last", 0, 7 },
		{ "0", 0, 0 },
		{ "65534", 0, 65534 },
		{ "4294967294", 0, 4294967294U },
		{ "www", ENOENT, BEFORE },
		{ "www-data ", ENOENT, BEFORE },
		{ "nonsense", ENOENT, BEFORE },
		{ "nginx", ENOENT, BEFORE },
		{ "", ENOENT, BEFORE },
		{ "-1", ENOENT, BEFORE },
		{ "33x", ENOENT, BEFORE },
		/* That would mean: leave it as it is. */
		{ "4294967295", ENOENT, BEFORE },
		{ "99999999999999999999", ENOENT, BEFORE },
	};

	(void)state;
	for (size_t i = 0; i < N_ROWS(rows); i++) {
		gid_t group = BEFORE;

		errno = 0;
		print_message("# %s\n", rows[i].text);
		assert_int_equal(group_find(rows[i].text, path, &group),
		    rows[i].error == 0 ? 0 : -1);
		if (rows[i].error != 0)
			assert_int_equal(errno, rows[i].error);
		assert_int_equal(group, rows[i].group);
	}
}

static void
a_file_that_is_missing_is_told_of_and_numbers_need_none(void **state)
{
	gid_t group = BEFORE;

	(void)state;
	assert_int_equal(group_find("root", "/none/group", &group), -1);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(group, BEFORE);
	assert_int_equal(group_find("12", "/none/group", &group), 0);
	assert_int_equal(group, 12);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_numbers_are_found_or_refused),
		cmocka_unit_test(
		    a_file_that_is_missing_is_told_of_and_numbers_need_none),
	};

	return cmocka_run_group_tests(tests, write_file, temp_dir_remove);
}
