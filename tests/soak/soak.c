/*
 * soak: thousands of viewers for as long as one likes, who come and go, and
 * what the responder takes meanwhile.  See usage(), and run.sh, which starts
 * what this needs.
 */
#include <sys/mman.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>

#include "soak/crowd.h"
#include "soak/samples.h"

#define SAMPLE_NS (10 * SECOND_NS)
/* Descriptors that a moment may be about who is there and who has left. */
#define LEAK_MIN 16

struct options {
	const char *address;
	const char *http;
	const char *file;
	unsigned long pid;
	unsigned long front;
	unsigned long viewers;
	unsigned long churn;
	unsigned long rate;
	unsigned long seconds;
	unsigned long growth;
	unsigned long seed;
};

/* What the publisher and we tell each other. */
struct board {
	_Atomic uint32_t last; /* number of the last event */
	_Atomic bool is_over;
};

struct soak {
	const struct options *o;
	struct board *board;
	struct crowd crowd;
	double owed_cuts;
	double fds_before;
	/* While samples are taken: CPU of the web server, and ours. */
	uint64_t front_ns;
	uint64_t own_ns;
	uint64_t deliveries;
	struct samples samples;
};

static void
usage(void)
{
	fputs("usage: soak --address A --http A --pid PID --front PID "
	      "--file FILE\n"
	      "  --address A  unix:PATH of the responder\n"
	      "  --http A     HOST:PORT of the web server in front of it\n"
	      "  --pid PID    the responder's process\n"
	      "  --front PID  that of the web server\n"
	      "  --file FILE  channel news, where events are appended\n"
	      "  --viewers N  5000: each tenth by HTTP; 1 % never read\n"
	      "  --churn N    so many a second are cut off, and return (50)\n"
	      "  --rate N     events a second (20)\n"
	      "  --seconds N  for so long (3600)\n"
	      "  --growth N   percent by which RSS may grow (2)\n"
	      "  --seed N\n",
	    stderr);
	exit(100);
}

static void
publish(const struct options *o, struct board *board)
{
	uint64_t begin = audience_clock_ns();
	char event[EVENT_BYTES + 1];
	int fd;

	for (uint32_t i = 1; !board->is_over; i++) {
		audience_wait_turn(begin, i, o->rate);
		audience_make_event(event, i);
		/* As `>>` does; a file that was moved away is made anew. */
		fd = open(
		    o->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
		if (fd < 0 || write(fd, event, sizeof(event)) != sizeof(event))
			audience_fail(o->file);
		close(fd);
		board->last = i;
	}
}

/* All are there: come and go, and look at the responder. */
static void
soak(struct soak *s)
{
	uint64_t length_ns = s->o->seconds * SECOND_NS;
	uint64_t sample_ns = length_ns / (10 * SAMPLES_PARTS);
	uint64_t begin_ns, last_ns, part = 1, samples = 1;

	if (sample_ns > SAMPLE_NS)
		sample_ns = SAMPLE_NS;
	s->front_ns = audience_cpu_ns(s->o->front);
	s->own_ns = audience_cpu_ns((unsigned long)getpid());
	s->deliveries = s->crowd.seen.deliveries;
	samples_begin(&s->samples, s->o->pid);
	begin_ns = last_ns = s->samples.at_ns[0];
	while (part <= SAMPLES_PARTS) {
		crowd_turn(&s->crowd);
		s->owed_cuts += (double)s->o->churn *
		    (double)(s->crowd.seen.now_ns - last_ns) / 1e9;
		last_ns = s->crowd.seen.now_ns;
		for (; s->owed_cuts >= 1; s->owed_cuts--)
			crowd_cut_one(&s->crowd);
		if (last_ns >= begin_ns + samples * sample_ns) {
			samples_add(&s->samples, s->crowd.n_open);
			samples = (last_ns - begin_ns) / sample_ns + 1;
		}
		if (last_ns >= begin_ns + part * length_ns / SAMPLES_PARTS) {
			samples_add(&s->samples, s->crowd.n_open);
			samples_next(&s->samples);
			part++;
		}
	}
	s->front_ns = audience_cpu_ns(s->o->front) - s->front_ns;
	s->own_ns = audience_cpu_ns((unsigned long)getpid()) - s->own_ns;
	s->deliveries = s->crowd.seen.deliveries - s->deliveries;
}

/* Nobody is there any more: return how many descriptors stay. */
static double
leave(struct soak *s)
{
	uint64_t until_ns = audience_clock_ns() + WAIT_NS;
	double kept;

	for (size_t i = 0; i < s->crowd.n; i++)
		if (s->crowd.watchers[i].fd >= 0)
			crowd_go(&s->crowd, &s->crowd.watchers[i], true);
	do {
		usleep(100000);
		kept = samples_fds(s->o->pid) - s->fds_before;
	} while (kept > 0 && audience_clock_ns() < until_ns);
	return kept;
}

static void
count(const char *name, uint64_t n)
{
	printf("%-22s %llu\n", name, (unsigned long long)n);
}

static void
print_figures(const struct soak *s)
{
	const struct seen *seen = &s->crowd.seen;
	const struct samples *m = &s->samples;
	double ns = (double)(m->at_ns[SAMPLES_PARTS] - m->at_ns[0]);

	count("deliveries", seen->deliveries);
	count("connections", s->crowd.comes);
	count("ended by lifetime", seen->ends);
	count("cut off by us", s->crowd.cuts);
	count("let go, never reading", s->crowd.let_go);
	count("lost", seen->lost);
	count("doubled or misplaced", seen->again);
	count("torn", seen->torn);
	count("gaps", seen->gaps);
	count("refused", seen->refused);
	count("broken off", seen->broken);
	printf("%-22s p50 %.2f  p99 %.2f  max %.2f\n", "delay, ms",
	    (double)delays_at(&seen->delays, 50) / 1e3,
	    (double)delays_at(&seen->delays, 99) / 1e3,
	    (double)seen->max_us / 1e3);
	printf("%-22s responder %.1f  web server %.1f  this program %.1f\n",
	    "CPU, % of a core", samples_cpu(m, 0, SAMPLES_PARTS),
	    100. * (double)s->front_ns / ns, 100. * (double)s->own_ns / ns);
	printf("%-22s %.2f\n", "a delivery, CPU us",
	    (double)(m->cpu_ns[SAMPLES_PARTS] - m->cpu_ns[0]) / 1e3 /
		(double)s->deliveries);
}

static int
wrong_if(bool is_wrong, const char *what)
{
	if (is_wrong)
		printf("WRONG: %s\n", what);
	return is_wrong;
}

/* Print what is wrong; return whether anything is. */
static int
judge(const struct soak *s, double kept)
{
	const struct seen *seen = &s->crowd.seen;
	double growth = samples_growth(&s->samples);
	double leaked = samples_leaked(&s->samples);
	int wrong = 0;

	printf("%-22s %+.2f %% from the first sixth to the last\n",
	    "RSS has grown", growth);
	printf("%-22s %+.1f between these, %+.0f after all have left\n",
	    "descriptors", leaked, kept);
	printf("%-22s %.0f\n", "RSS then, kB", samples_take(s->o->pid).rss_kb);
	wrong |= wrong_if(seen->lost > 0, "events were lost");
	wrong |= wrong_if(seen->again > 0, "events were doubled or misplaced");
	wrong |= wrong_if(seen->torn > 0, "events were torn");
	wrong |= wrong_if(seen->gaps > 0, "there were gaps");
	wrong |= wrong_if(seen->refused > 0, "viewers were turned away");
	wrong |= wrong_if(seen->broken > 0, "streams were broken off");
	wrong |= wrong_if(
	    growth > (double)s->o->growth, "memory of the responder grows");
	wrong |=
	    wrong_if(leaked > LEAK_MIN || kept > 0, "descriptors have leaked");
	return wrong;
}

static unsigned long
number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0')
		usage();
	return n;
}

static void
read_options(struct options *o, int argc, char **argv)
{
	static const struct option names[] = {
		{ "address", 1, NULL, 0 },
		{ "http", 1, NULL, 1 },
		{ "file", 1, NULL, 2 },
		{ "pid", 1, NULL, 3 },
		{ "front", 1, NULL, 4 },
		{ "viewers", 1, NULL, 5 },
		{ "churn", 1, NULL, 6 },
		{ "rate", 1, NULL, 7 },
		{ "seconds", 1, NULL, 8 },
		{ "growth", 1, NULL, 9 },
		{ "seed", 1, NULL, 10 },
		{ 0 },
	};
	const char **texts[] = { &o->address, &o->http, &o->file };
	unsigned long *numbers[] = { &o->pid, &o->front, &o->viewers, &o->churn,
		&o->rate, &o->seconds, &o->growth, &o->seed };
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		if (c == '?')
			usage();
		if (c < 3)
			*texts[c] = optarg;
		else
			*numbers[c - 3] = number(optarg);
	}
	if (o->address == NULL || o->http == NULL || o->file == NULL ||
	    o->pid == 0 || o->front == 0 || o->viewers == 0 || o->rate == 0 ||
	    o->seconds == 0)
		usage();
}

static void
prepare(struct soak *s)
{
	const struct options *o = s->o;

	audience_most_files();
	s->board = mmap(NULL, sizeof(*s->board), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s->board == MAP_FAILED)
		audience_fail("mmap");
	s->crowd.address = o->address;
	s->crowd.http = o->http;
	crowd_init(&s->crowd, o->viewers);
	s->fds_before = samples_fds(o->pid);
	rnd_seed(&s->crowd.rnd);
	if (o->seed != 0)
		s->crowd.rnd.state = o->seed;
	printf("SEED=%llu\n", (unsigned long long)s->crowd.rnd.state);
}

int
main(int argc, char **argv)
{
	struct options o = { .viewers = 5000,
		.churn = 50,
		.rate = 20,
		.seconds = 3600,
		.growth = 2 };
	static struct soak s;
	size_t away;
	int status;

	read_options(&o, argc, argv);
	s.o = &o;
	prepare(&s);
	if (audience_run_beside() == 0) {
		publish(&o, s.board);
		_exit(0);
	}
	away = crowd_await(&s.crowd, 0);
	if (away > 0) {
		printf("WRONG: %zu viewers are not served\n", away);
		return 1;
	}
	soak(&s);
	s.board->is_over = true;
	if (wait(&status) < 0 || status != 0) {
		puts("WRONG: the publisher has failed");
		return 1;
	}
	/* Who does not get the last event in time has lost it. */
	s.crowd.seen.lost += crowd_await(&s.crowd, s.board->last);
	print_figures(&s);
	return judge(&s, leave(&s));
}
