/* A segment with a content.  To be included after <cmocka.h>. */
#ifndef SPOOLCAST_TESTS_HELPERS_SEGMENT_OF_H
#define SPOOLCAST_TESTS_HELPERS_SEGMENT_OF_H

#include <fcntl.h>
#include <unistd.h>

#include "helpers/temp_dir.h"
#include "spool/segment.h"

/* Make the file anew with this content, and open it. */
static inline struct segment *
segment_of(enum record_form form, const void *bytes, size_t len)
{
	struct segment *seg;
	int fd;

	unlinkat(temp_dir_fd, "news", 0);
	fd = openat(temp_dir_fd, "news", O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_true(fd != -1);
	assert_int_equal(write(fd, bytes, len), len);
	close(fd);
	seg = segment_open(temp_dir_fd, "news", form, TRUST_OWNER);
	assert_non_null(seg);
	assert_int_equal(seg->form, form);
	return seg;
}

#endif
