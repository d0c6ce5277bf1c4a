/*
 * Runs a fuzzer's entry over files, for builds without libFuzzer: each
 * argument is a file, or a folder of files, and each file is one TAP test.
 * A fault ends the program, as it would under libFuzzer.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned n_tests;
static unsigned n_failed;

static int
read_whole(const char *path, struct buf *out)
{
	FILE *file = fopen(path, "rb");
	int rc = -1;
	size_t n;

	if (file == NULL)
		return -1;
	for (;;) {
		if (buf_reserve(out, BUFSIZ) != 0)
			break;
		n = fread(out->data + out->len, 1, BUFSIZ, file);
		out->len += n;
		if (n > 0)
			continue;
		if (!ferror(file))
			rc = 0;
		break;
	}
	fclose(file);
	return rc;
}

/* The entry gets a block of just the right size, so that a read beyond it is
 * noticed by a sanitizer. */
static int
replay_bytes(const struct buf *bytes)
{
	uint8_t *exact = malloc(bytes->len + (bytes->len == 0));

	if (exact == NULL)
		return -1;
	if (bytes->len > 0)
		memcpy(exact, bytes->data, bytes->len);
	LLVMFuzzerTestOneInput(exact, bytes->len);
	free(exact);
	return 0;
}

static void
replay_file(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct buf bytes = { 0 };
	int is_good;

	/* Known before the test, in case that ends the program. */
	printf("# %s\n", path);
	fflush(stdout);
	is_good = read_whole(path, &bytes) == 0 && replay_bytes(&bytes) == 0;
	if (!is_good) {
		printf("# %s: %s\n", path, strerror(errno));
		n_failed++;
	}
	printf("%s %u - corpus %s\n", is_good ? "ok" : "not ok", ++n_tests,
	    slash != NULL ? slash + 1 : path);
	fflush(stdout);
	buf_free(&bytes);
}

static int
is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void
replay_folder(const char *path)
{
	struct dirent **entries;
	struct buf file = { 0 };
	int n = scandir(path, &entries, is_visible, alphasort);

	if (n < 0) {
		replay_file(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		file.len = 0;
		/* With its NUL. */
		if (buf_printf(&file, "%s/%s", path, entries[i]->d_name) != 0 ||
		    buf_append(&file, "", 1) != 0)
			abort();
		replay_file((const char *)file.data);
		free(entries[i]);
	}
	free(entries);
	buf_free(&file);
}

int
main(int argc, char **argv)
{
	struct stat st;

	for (int i = 1; i < argc; i++) {
		if (stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("1..%u\n", n_tests);
	if (n_tests == 0)
		printf("# there is nothing to replay\n");
	return n_tests == 0 || n_failed > 0;
}
