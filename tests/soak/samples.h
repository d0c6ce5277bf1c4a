/*
 * What a responder takes, sampled from /proc, and its means over each sixth of
 * the time.
 */
#ifndef SPOOLCAST_TESTS_SOAK_SAMPLES_H
#define SPOOLCAST_TESTS_SOAK_SAMPLES_H

#include <dirent.h>

#include "bench/audience.h"

#define SAMPLES_PARTS 6

struct sample {
	double rss_kb;
	double pss_kb;
	double dirty_kb; /* private */
	double fds;
	double streams; /* as those count them who have them */
};

struct samples {
	unsigned long pid;
	struct sample sums[SAMPLES_PARTS];
	uint64_t n[SAMPLES_PARTS];
	uint64_t cpu_ns[SAMPLES_PARTS + 1]; /* at its begin */
	uint64_t at_ns[SAMPLES_PARTS + 1];
	size_t part; /* the one that is being filled */
};

static inline double
samples_fds(unsigned long pid)
{
	char path[64];
	double n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%lu/fd", pid);
	if ((dir = opendir(path)) == NULL)
		audience_fail(path);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n - 2; /* "." and ".." */
}

/* Memory and descriptors of the process ${pid} now. */
static inline struct sample
samples_take(unsigned long pid)
{
	struct sample sample = { 0 };
	char path[64], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/smaps_rollup", pid);
	if ((file = fopen(path, "re")) == NULL)
		audience_fail(path);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "Rss:", 4) == 0)
			sample.rss_kb = strtod(line + 4, NULL);
		else if (strncmp(line, "Pss:", 4) == 0)
			sample.pss_kb = strtod(line + 4, NULL);
		else if (strncmp(line, "Private_Dirty:", 14) == 0)
			sample.dirty_kb = strtod(line + 14, NULL);
	}
	fclose(file);
	sample.fds = samples_fds(pid);
	return sample;
}

static inline void
samples_begin(struct samples *s, unsigned long pid)
{
	s->pid = pid;
	s->cpu_ns[0] = audience_cpu_ns(pid);
	s->at_ns[0] = audience_clock_ns();
	printf("%-12s %9s %9s %9s %9s %9s %7s\n", "sixth", "RSS kB", "PSS kB",
	    "dirty kB", "descr.", "streams", "CPU %");
}

/* The mean of a sixth; it has one sample at least. */
static inline struct sample
samples_mean(const struct samples *s, size_t part)
{
	struct sample mean = s->sums[part];
	double n = (double)s->n[part];

	mean.rss_kb /= n;
	mean.pss_kb /= n;
	mean.dirty_kb /= n;
	mean.fds /= n;
	mean.streams /= n;
	return mean;
}

/* The CPU that it used, in percent of one core. */
static inline double
samples_cpu(const struct samples *s, size_t from, size_t to)
{
	return 100. * (double)(s->cpu_ns[to] - s->cpu_ns[from]) /
	    (double)(s->at_ns[to] - s->at_ns[from]);
}

/* A sample with so many ${streams}. */
static inline void
samples_add(struct samples *s, size_t streams)
{
	struct sample now = samples_take(s->pid);
	struct sample *sum = &s->sums[s->part];

	sum->rss_kb += now.rss_kb;
	sum->pss_kb += now.pss_kb;
	sum->dirty_kb += now.dirty_kb;
	sum->fds += now.fds;
	sum->streams += (double)streams;
	s->n[s->part]++;
}

/* A sixth is over: print its row. */
static inline void
samples_next(struct samples *s)
{
	struct sample mean = samples_mean(s, s->part);

	s->part++;
	s->cpu_ns[s->part] = audience_cpu_ns(s->pid);
	s->at_ns[s->part] = audience_clock_ns();
	printf("%-12zu %9.0f %9.0f %9.0f %9.1f %9.1f %7.1f\n", s->part,
	    mean.rss_kb, mean.pss_kb, mean.dirty_kb, mean.fds, mean.streams,
	    samples_cpu(s, s->part - 1, s->part));
	fflush(stdout);
}

/* How much it has grown from the first sixth to the last, in percent. */
static inline double
samples_growth(const struct samples *s)
{
	double first = samples_mean(s, 0).rss_kb;

	return 100. * (samples_mean(s, SAMPLES_PARTS - 1).rss_kb - first) /
	    first;
}

/* How many descriptors that are no streams have come since the first sixth. */
static inline double
samples_leaked(const struct samples *s)
{
	struct sample first = samples_mean(s, 0);
	struct sample last = samples_mean(s, SAMPLES_PARTS - 1);

	return (last.fds - last.streams) - (first.fds - first.streams);
}

#endif
