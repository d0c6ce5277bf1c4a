/*
 * Bends an event id, as anybody can who knows how ids are spelled: other
 * numbers in its first mark, and a seal that fits.  See usage().
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/mark.h"
#include "spool/segment.h"

#define EXIT_USAGE 100
#define ID_MAX 4096

static void
usage(void)
{
	fputs("usage: bend_id ID CHANGE...\n"
	      "Prints ID with changes in its first mark, sealed anew:\n"
	      "  check=wrong   one bit of the check is another\n"
	      "  check=FILE    the check is that of the offset in FILE\n"
	      "  offset=N ino=N birth=N before=N tag=N  are so, or by so\n"
	      "                much more or less where N has a sign\n"
	      "Changes are made from left to right.\n",
	    stderr);
	exit(EXIT_USAGE);
}

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "bend_id: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
read_at(int fd, uint8_t *out, size_t len, uint64_t offset)
{
	ssize_t n = pread(fd, out, len, (off_t)offset);

	if (n >= 0 && (size_t)n < len)
		errno = ESTALE;
	if (n < 0 || (size_t)n < len)
		fail("read");
}

/* The check that an honest id has which stands at ${offset} in ${path}. */
static uint32_t
check_in(const char *path, uint64_t offset)
{
	uint8_t head[SEGMENT_CHECK_BYTES], tail[SEGMENT_CHECK_BYTES];
	size_t len = offset < sizeof(head) ? (size_t)offset : sizeof(head);
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail(path);
	read_at(fd, head, len, 0);
	read_at(fd, tail, len, offset - len);
	close(fd);
	return segment_check(head, len, tail, len);
}

/* What ${text} makes of ${old}. */
static uint64_t
number(const char *text, uint64_t old)
{
	const char *digits = text + (*text == '+' || *text == '-');
	char *end;
	unsigned long long n = strtoull(digits, &end, 10);

	if (*digits < '0' || *digits > '9' || *end != '\0')
		usage();
	if (*text == '-')
		return old - n;
	return *text == '+' ? old + n : n;
}

static void
change(struct mark *mark, const char *name, const char *value)
{
	if (strcmp(name, "check") == 0 && strcmp(value, "wrong") == 0)
		mark->at.check ^= 1;
	else if (strcmp(name, "check") == 0)
		mark->at.check = check_in(value, mark->at.offset);
	else if (strcmp(name, "offset") == 0)
		mark->at.offset = number(value, mark->at.offset);
	else if (strcmp(name, "ino") == 0)
		mark->at.ino = (uint32_t)number(value, mark->at.ino);
	else if (strcmp(name, "birth") == 0)
		mark->at.birth = (uint32_t)number(value, mark->at.birth);
	else if (strcmp(name, "before") == 0)
		mark->before = number(value, mark->before);
	else if (strcmp(name, "tag") == 0)
		mark->tag = (uint32_t)number(value, mark->tag);
	else
		usage();
}

/* Make the changes that ${argv} asks for. */
static void
change_all(struct mark *mark, char **argv)
{
	char *equals;

	for (; *argv != NULL; argv++) {
		if ((equals = strchr(*argv, '=')) == NULL)
			usage();
		*equals = '\0';
		change(mark, *argv, equals + 1);
	}
}

int
main(int argc, char **argv)
{
	char out[ID_MAX + MARK_TEXT_MAX];
	struct mark mark;
	const char *id;
	size_t first, len, n;

	if (argc < 3 || strlen(argv[1]) >= ID_MAX)
		usage();
	id = argv[1];
	/* Marks begin behind the seal and end before a publisher's own id. */
	len = strcspn(id, "~");
	first = strcspn(id, ".~");
	if (!mark_is_sealed(id, strlen(id)) ||
	    !mark_parse(id + MARK_SEAL_LEN, first - MARK_SEAL_LEN, &mark) ||
	    mark.state != MARK_AT) {
		fprintf(stderr, "bend_id: no id of a position: %s\n", id);
		return 1;
	}
	change_all(&mark, argv + 2);
	n = MARK_SEAL_LEN + mark_format(&mark, out + MARK_SEAL_LEN);
	memcpy(out + n, id + first, len - first);
	n += len - first;
	mark_seal(out, n);
	printf("%.*s%s\n", (int)n, out, id + len);
	return 0;
}
