/*
 * resume: viewers who ask a responder for what they have missed, and how long
 * it takes until they have it.  See usage().
 */
#include <getopt.h>

#include "bench/audience.h"

/* How far apart are the places of those who wait, in events. */
#define APART 1000

struct options {
	const char *address;
	const char *uri;
	const char *id;
	const char *begins;
	unsigned long pid;
	unsigned long events;
	unsigned long tries;
	unsigned long waiting;
};

/* One who reads a stream, record by record. */
struct stream {
	int fd;
	struct buf in;	 /* records */
	struct buf text; /* of the stream */
	size_t at;	 /* how much of it was taken */
	char id[200];
};

static void
usage(void)
{
	fputs("usage: resume --address ADDRESS --pid PID --uri URI\n"
	      "  --address A   unix:PATH or HOST:PORT of the responder\n"
	      "  --pid PID     its process\n"
	      "  --uri URI     what is asked for\n"
	      "  --id ID       the last that was had\n"
	      "  --begins TEXT so the first event has to begin\n"
	      "  --events N    are waited for (1)\n"
	      "  --tries N     (1)\n"
	      "  --waiting N   then so many ask, from places 1000 events\n"
	      "                apart, and take no more than the first (0)\n",
	    stderr);
	exit(100);
}

_Noreturn static void
fail_stream(const char *what, const char *text)
{
	fprintf(stderr, "resume: %s: %.200s\n", what, text);
	exit(1);
}

static void
stream_open(struct stream *s, const struct options *o, const char *id)
{
	memset(s, 0, sizeof(*s));
	s->fd = socket_connect(o->address);
	socket_receive_time(s->fd, (struct timeval){ .tv_sec = 60 });
	wire_fcgi_ask(s->fd, o->uri, id);
}

static void
stream_close(struct stream *s)
{
	close(s->fd);
	buf_free(&s->in);
	buf_free(&s->text);
}

/* Read one record more. */
static void
stream_more(struct stream *s)
{
	const uint8_t *r;
	size_t len;

	if (socket_read_record(s->fd, &s->in, &len) != ANSWER_RECORD)
		audience_fail("nothing comes");
	r = s->in.data;
	if (r[1] != FCGI_STDOUT)
		fail_stream("the response ended", s->id);
	peer_put(&s->text, r + FCGI_HEADER_LEN, (size_t)(r[4] << 8 | r[5]));
	buf_consume(&s->in, len);
}

/* Take a block, the text up to a blank line, as a string. */
static char *
stream_block(struct stream *s)
{
	static char block[1024];
	const uint8_t *from, *end = NULL;

	for (;;) {
		from = s->text.data + s->at;
		if (s->text.len > s->at)
			end = memmem(from, s->text.len - s->at, "\n\n", 2);
		if (end != NULL)
			break;
		buf_consume(&s->text, s->at);
		s->at = 0;
		stream_more(s);
	}
	if ((size_t)(end - from) >= sizeof(block))
		fail_stream("a long block", (const char *)from);
	memcpy(block, from, (size_t)(end - from));
	block[end - from] = '\0';
	s->at += (size_t)(end - from) + 2;
	return block;
}

/* Take the next event, remember its id and return its data. */
static const char *
stream_event(struct stream *s)
{
	char *block, *data, *id;

	for (;;) {
		block = stream_block(s);
		/* The opening block is about the place that was asked for. */
		if (strstr(block, "event: spoolcast.open\n") != NULL)
			continue;
		if (strstr(block, "event: spoolcast.") != NULL)
			fail_stream("no event that was missed", block);
		id = strstr(block, "id: ");
		/* The id stood in front of it in former versions. */
		data = strstr(block, "data: ");
		if (id != NULL && data != NULL)
			break;
	}
	snprintf(
	    s->id, sizeof(s->id), "%.*s", (int)strcspn(id + 4, "\n"), id + 4);
	return data + 6;
}

static void
check_first(const struct options *o, const char *data)
{
	if (strncmp(data, o->begins, strlen(o->begins)) != 0)
		fail_stream("another event than asked for", data);
}

/* What ${name} says in the file ${of} of the process, or 0. */
static unsigned long long
told(unsigned long pid, const char *of, const char *name)
{
	unsigned long long n = 0;
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/%s", pid, of);
	file = fopen(path, "re");
	if (file == NULL)
		audience_fail(path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			n = strtoull(line + strlen(name), NULL, 10);
	fclose(file);
	return n;
}

/* Print how long each try took, in milliseconds. */
static void
ask_in_turn(const struct options *o)
{
	unsigned long long from = told(o->pid, "io", "rchar:");
	struct delays first = { 0 };
	uint64_t max = 0, begin = 0, us;
	struct stream s;

	for (unsigned long i = 0; i < o->tries; i++) {
		begin = audience_clock_ns();
		stream_open(&s, o, o->id);
		check_first(o, stream_event(&s));
		us = (audience_clock_ns() - begin) / 1000;
		delays_add(&first, us);
		max = us > max ? us : max;
		for (unsigned long n = 1; n < o->events; n++)
			stream_event(&s);
		stream_close(&s);
	}
	printf("first_ms %.3f\nmax_ms %.3f\nall_ms %.3f\nread_kb %.1f\n",
	    (double)delays_at(&first, 50) / 1e3, (double)max / 1e3,
	    (double)(audience_clock_ns() - begin) / 1e6,
	    (double)(told(o->pid, "io", "rchar:") - from) / 1024 /
		(double)o->tries);
}

/* Print what each of those costs in memory who take no more than an event. */
static void
ask_and_wait(const struct options *o)
{
	struct stream ahead, *streams = calloc(o->waiting, sizeof(*streams));
	unsigned long long before, after;

	if (streams == NULL)
		audience_fail("calloc");
	before = told(o->pid, "smaps_rollup", "Private_Dirty:");
	stream_open(&ahead, o, o->id);
	check_first(o, stream_event(&ahead));
	for (unsigned long i = 0; i < o->waiting; i++) {
		stream_open(&streams[i], o, i == 0 ? o->id : ahead.id);
		stream_event(&streams[i]);
		for (int n = 0; n < APART && i + 1 < o->waiting; n++)
			stream_event(&ahead);
	}
	stream_close(&ahead);
	after = told(o->pid, "smaps_rollup", "Private_Dirty:");
	for (unsigned long i = 0; i < o->waiting; i++)
		stream_close(&streams[i]);
	free(streams);
	printf("viewer_kb %.1f\n",
	    ((double)after - (double)before) / (double)o->waiting);
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '1' || *text > '9' || *end != '\0')
		usage();
	return n;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 'a' },
		{ "pid", 1, NULL, 'p' },
		{ "uri", 1, NULL, 'u' },
		{ "id", 1, NULL, 'i' },
		{ "begins", 1, NULL, 'b' },
		{ "events", 1, NULL, 'e' },
		{ "tries", 1, NULL, 't' },
		{ "waiting", 1, NULL, 'w' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'a')
			o->address = optarg;
		else if (c == 'p')
			o->pid = number(optarg);
		else if (c == 'u')
			o->uri = optarg;
		else if (c == 'i')
			o->id = optarg;
		else if (c == 'b')
			o->begins = optarg;
		else if (c == 'e')
			o->events = number(optarg);
		else if (c == 't')
			o->tries = number(optarg);
		else if (c == 'w')
			o->waiting = number(optarg);
		else
			usage();
	}
	if (o->address == NULL || o->pid == 0 || o->uri == NULL)
		usage();
}

int
main(int argc, char **argv)
{
	struct options o = { .begins = "", .events = 1, .tries = 1 };

	read_options(&o, argc, argv);
	ask_in_turn(&o);
	if (o.waiting > 0)
		ask_and_wait(&o);
	return 0;
}
