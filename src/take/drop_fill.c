/* This file makes the record of a dropped file. */
#include <sys/stat.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "take/drop_parts.h"

#define CHUNK 16384

/*
 * Return whether a file has more bytes than a record may have; its last line
 * end does not count.
 */
static bool
is_too_large(const struct drop *drop, int fd, uint64_t size)
{
	uint64_t max = drop->opts.max_record;
	char last[2];

	if (size <= max)
		return false;
	if (size - max > 2 || pread(fd, last, 2, (off_t)size - 2) != 2)
		return true;
	if (last[1] != '\n' && last[1] != '\r')
		return true;
	return size - max > (memcmp(last, "\r\n", 2) == 0 ? 2 : 1);
}

/* Fill ${bytes} from the file; return how many there are, or -1. */
static ssize_t
read_chunk(int fd, uint8_t *bytes, size_t len, uint64_t at)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n =
		    pread(fd, bytes + done, len - done, (off_t)(at + done));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int
add_data(struct drop_record *record, int fd, uint64_t size)
{
	uint8_t bytes[CHUNK];
	uint64_t at = 0;

	while (at < size) {
		uint64_t left = size - at;
		ssize_t n = read_chunk(
		    fd, bytes, left < CHUNK ? (size_t)left : CHUNK, at);

		if (n == -1)
			return -1;
		if (n == 0)
			break;
		drop_record_data(record, bytes, (size_t)n);
		at += (uint64_t)n;
	}
	return drop_record_end(record);
}

int
drop_fill(struct drop *drop, int fd, struct drop_name *name)
{
	struct drop_batch *batch = &drop->batch;
	const char *type = drop_record_type(name->text);
	struct drop_record record;
	struct stat st;
	int rc;

	if (fstat(fd, &st) != 0)
		return drop_parts_fail(drop, DROP_TAKING, name->text);
	drop_record_begin(&record, &drop->out, batch->token, name->text);
	if (drop->opts.type_from_extension && type != NULL)
		drop_record_event(&record, type);
	if (is_too_large(drop, fd, (uint64_t)st.st_size)) {
		rc = drop_record_skip(&record, (uint64_t)st.st_size);
	} else {
		rc = add_data(&record, fd, (uint64_t)st.st_size);
		batch->bytes += (uint64_t)st.st_size;
	}
	if (rc != 0) {
		drop_record_undo(&record);
		return drop_parts_fail(drop, DROP_TAKING, name->text);
	}
	batch->names[batch->n++] = name;
	return 0;
}
