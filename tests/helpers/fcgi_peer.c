/*
 * A FastCGI client for tests: what a web server would do (get), and what none
 * should (attack).  See usage().  It ends by itself at a deadline, so that no
 * test can hang on it.
 */
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rnd.h"
#include "fcgi_attack.h"
#include "fcgi_peer.h"
#include "fcgi_socket.h"

#define EXIT_USAGE 100

/* How long one attack waits for the answer it should get. */
#define ANSWER_SECONDS 2

struct options {
	const char *address;
	uint16_t id;
	uint16_t role;
	bool keep;
	bool pipeline;
	bool raw;
	size_t hold;
	int hold_seconds;
	struct rnd rnd;
	struct buf pairs; /* of the request */
};

static void
usage(void)
{
	fputs(
	    "usage: fcgi_peer ADDRESS get [NAME=VALUE ...]\n"
	    "       fcgi_peer ADDRESS attack KIND COUNT [NAME=VALUE ...]\n"
	    "ADDRESS is unix:PATH or HOST:PORT.\n"
	    "  --deadline S  give up after S seconds (60)\n"
	    "  --id N        request id (1)\n"
	    "get: content goes to stdout; 0 if every request was ended\n"
	    "  --keep        ask for the connection to be kept, and ask the\n"
	    "                same again when the first request has ended\n"
	    "  --pipeline    the same, with both requests sent at once\n"
	    "  --raw         print records in hexadecimal, one a line\n"
	    "  --role N      role of the request (1, responder)\n"
	    "attack: COUNT connections, one after another\n"
	    "  --hold N      keep up to N of them open (1)\n"
	    "  --for S       in the end wait S seconds for the other side to\n"
	    "                close those that are open\n"
	    "  --seed N      of the kind garbage\n",
	    stderr);
	exit(EXIT_USAGE);
}

static void
on_deadline(int signo)
{
	static const char text[] = "fcgi_peer: deadline\n";

	(void)signo;
	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		_exit(2);
	_exit(1);
}

static void
put_request(struct buf *out, const struct options *o)
{
	peer_begin(out, o->id, o->role, o->keep ? FCGI_KEEP_CONN : 0);
	peer_params(out, o->id, &o->pairs);
	peer_empty(out, FCGI_STDIN, o->id);
}

static void
print_record(const uint8_t *r, bool raw)
{
	size_t len = (size_t)(r[4] << 8 | r[5]);
	const uint8_t *content = r + FCGI_HEADER_LEN;

	if (raw) {
		for (size_t i = 0; i < FCGI_HEADER_LEN + len; i++)
			printf("%02x", r[i]);
		putchar('\n');
	} else if (r[1] == FCGI_STDOUT) {
		fwrite(content, 1, len, stdout);
	} else if (r[1] == FCGI_STDERR) {
		fwrite(content, 1, len, stderr);
	}
	fflush(stdout);
	if (r[1] == FCGI_END_REQUEST && len >= sizeof(FCGI_EndRequestBody))
		fprintf(stderr, "END app=%lu proto=%u\n",
		    (unsigned long)content[0] << 24 |
			(unsigned long)content[1] << 16 |
			(unsigned long)content[2] << 8 | content[3],
		    content[4]);
}

static int
run_get(const struct options *o)
{
	int fd = socket_connect(o->address);
	int left = o->keep ? 2 : 1;
	struct buf request = { 0 };
	struct buf in = { 0 };
	size_t len;
	bool is_end;

	put_request(&request, o);
	socket_send_all(fd, &request);
	if (o->pipeline)
		socket_send_all(fd, &request);
	while (left > 0) {
		if (socket_read_record(fd, &in, &len) != ANSWER_RECORD) {
			fputs("EOF\n", stderr);
			break;
		}
		print_record(in.data, o->raw);
		is_end = in.data[1] == FCGI_END_REQUEST;
		buf_consume(&in, len);
		if (is_end && --left > 0 && !o->pipeline)
			socket_send_all(fd, &request);
	}
	close(fd);
	buf_free(&request);
	buf_free(&in);
	return left > 0;
}

/* The connections held open, oldest first, and how all of them ended. */
struct held {
	int *fds;
	size_t n;
	unsigned ended;	 /* by END_REQUEST */
	unsigned closed; /* by the other side */
	unsigned silent; /* by us, without an answer */
};

/* Read what is there, or what comes within the time set on fd. */
static void
await_answer(int fd, struct held *held)
{
	enum answer answer;
	struct buf in = { 0 };
	size_t len;

	while ((answer = socket_read_record(fd, &in, &len)) == ANSWER_RECORD) {
		if (in.data[1] == FCGI_END_REQUEST)
			break;
		buf_consume(&in, len);
	}
	if (answer == ANSWER_RECORD)
		held->ended++;
	else if (answer == ANSWER_CLOSED)
		held->closed++;
	else
		held->silent++;
	buf_free(&in);
	close(fd);
}

static void
release_oldest(struct held *held)
{
	/* The least there is: zero would mean for ever. */
	socket_receive_time(held->fds[0], (struct timeval){ .tv_usec = 1 });
	await_answer(held->fds[0], held);
	held->n--;
	memmove(held->fds, held->fds + 1, held->n * sizeof(held->fds[0]));
}

/* Wait until the other side has closed all, but not for ever. */
static void
wait_for_closes(const struct held *held, int seconds)
{
	int64_t until = clock_mono_ms() + (int64_t)seconds * 1000;
	struct pollfd pfd = { .events = POLLRDHUP };
	int64_t left;

	for (size_t i = 0; i < held->n; i++) {
		left = until - clock_mono_ms();
		pfd.fd = held->fds[i];
		if (left <= 0 || poll(&pfd, 1, (int)left) == 0)
			return;
	}
}

static const struct attack_kind *
find_kind(const char *name, size_t turn)
{
	size_t first = N_ATTACK_KINDS;
	size_t n = 0;

	for (size_t i = N_ATTACK_KINDS; i-- > 0;)
		if (strcmp(attack_kinds[i].name, name) == 0) {
			first = i;
			n++;
		}
	return n == 0 ? NULL : &attack_kinds[first + turn % n];
}

static void
attack_once(
    struct options *o, const struct attack_kind *kind, struct held *held)
{
	struct attack a = { o->id, &o->pairs, &o->rnd };
	struct buf bytes = { 0 };
	int fd;

	while (held->n >= o->hold)
		release_oldest(held);
	fd = socket_connect(o->address);
	kind->build(&bytes, &a);
	socket_send_all(fd, &bytes);
	buf_free(&bytes);
	switch (kind->after) {
	case AFTER_HOLD:
		held->fds[held->n++] = fd;
		return;
	case AFTER_CLOSE:
		close(fd);
		return;
	case AFTER_HANG_UP:
		shutdown(fd, SHUT_WR);
		break;
	case AFTER_WAIT:
		break;
	}
	socket_receive_time(fd, (struct timeval){ .tv_sec = ANSWER_SECONDS });
	await_answer(fd, held);
}

static int
run_attack(struct options *o, const char *name, size_t count)
{
	struct held held = { 0 };

	if (find_kind(name, 0) == NULL)
		usage();
	if (o->pairs.len == 0) {
		peer_pair(&o->pairs, "REQUEST_METHOD", "GET");
		peer_pair(&o->pairs, "REQUEST_URI", "/news");
		peer_pair(&o->pairs, "QUERY_STRING", "");
	}
	held.fds = calloc(o->hold, sizeof(held.fds[0]));
	if (held.fds == NULL)
		socket_fail("hold");
	fprintf(stderr, "SEED=%llu\n", (unsigned long long)o->rnd.state);
	for (size_t i = 0; i < count; i++)
		attack_once(o, find_kind(name, i), &held);
	if (o->hold_seconds > 0) {
		printf("%s: holding %zu\n", name, held.n);
		fflush(stdout);
		wait_for_closes(&held, o->hold_seconds);
	}
	while (held.n > 0)
		release_oldest(&held);
	free(held.fds);
	fprintf(stderr, "%s: ended=%u closed=%u silent=%u\n", name, held.ended,
	    held.closed, held.silent);
	printf("%s: %zu done\n", name, count);
	return 0;
}

static unsigned long
number(const char *text, unsigned long max)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || n > max)
		usage();
	return n;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "deadline", 1, NULL, 'd' },
		{ "id", 1, NULL, 'i' },
		{ "keep", 0, NULL, 'k' },
		{ "pipeline", 0, NULL, 'p' },
		{ "raw", 0, NULL, 'x' },
		{ "role", 1, NULL, 'r' },
		{ "hold", 1, NULL, 'h' },
		{ "for", 1, NULL, 'f' },
		{ "seed", 1, NULL, 's' },
		{ 0 },
	};
	int c;

	alarm(60);
	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == 'd')
			alarm((unsigned)number(optarg, 3600));
		else if (c == 'i')
			o->id = (uint16_t)number(optarg, UINT16_MAX);
		else if (c == 'k')
			o->keep = true;
		else if (c == 'p')
			o->keep = o->pipeline = true;
		else if (c == 'x')
			o->raw = true;
		else if (c == 'r')
			o->role = (uint16_t)number(optarg, UINT16_MAX);
		else if (c == 'h')
			o->hold = number(optarg, 100000);
		else if (c == 'f')
			o->hold_seconds = (int)number(optarg, 3600);
		else if (c == 's')
			o->rnd.state = number(optarg, ULONG_MAX);
		else
			usage();
	}
	if (o->hold == 0 || o->rnd.state == 0)
		usage();
}

static void
read_pairs(struct buf *pairs, char **argv)
{
	char *equals;

	for (; *argv != NULL; argv++) {
		if ((equals = strchr(*argv, '=')) == NULL)
			usage();
		*equals = '\0';
		peer_pair(pairs, *argv, equals + 1);
	}
}

static int
run(struct options *o, int argc, char **argv)
{
	if (argc < 2)
		usage();
	o->address = argv[0];
	if (strcmp(argv[1], "get") == 0) {
		read_pairs(&o->pairs, argv + 2);
		return run_get(o);
	}
	if (strcmp(argv[1], "attack") != 0 || argc < 4)
		usage();
	read_pairs(&o->pairs, argv + 4);
	return run_attack(o, argv[2], number(argv[3], 1000000));
}

int
main(int argc, char **argv)
{
	struct options o = { .id = 1, .role = FCGI_RESPONDER, .hold = 1 };
	struct rlimit files;
	int rc;

	signal(SIGALRM, on_deadline);
	rnd_seed(&o.rnd);
	read_options(&o, argc, argv);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	rc = run(&o, argc - optind, argv + optind);
	buf_free(&o.pairs);
	return rc;
}
