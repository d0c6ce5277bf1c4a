/*
 * What processes have used: CPU, with all of their threads, and memory, with
 * their share of what they share with others (PSS).
 */
#ifndef SPOOLCAST_TESTS_BENCH_COST_H
#define SPOOLCAST_TESTS_BENCH_COST_H

#include "bench/audience.h"

#define PROCESSES_MAX 64

struct processes {
	unsigned long pids[PROCESSES_MAX];
	size_t n;
	size_t n_ours; /* the first of them are of spoolcast */
};

struct cost {
	uint64_t all_ns;
	uint64_t ours_ns;
	uint64_t all_kb;
	uint64_t ours_kb;
};

/* What the process ${pid} has in memory, its share of what is shared. */
static inline uint64_t
cost_pss_kb(unsigned long pid)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%lu/smaps_rollup", pid);
	file = fopen(path, "re");
	if (file == NULL)
		audience_fail(path);
	while (fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "Pss: %lu", &kb) == 1)
			break;
	fclose(file);
	return kb;
}

static inline struct cost
cost_now(const struct processes *p)
{
	struct cost cost = { 0 };

	for (size_t i = 0; i < p->n; i++) {
		uint64_t ns = audience_cpu_ns(p->pids[i]);
		uint64_t kb = cost_pss_kb(p->pids[i]);

		cost.all_ns += ns;
		cost.all_kb += kb;
		cost.ours_ns += i < p->n_ours ? ns : 0;
		cost.ours_kb += i < p->n_ours ? kb : 0;
	}
	return cost;
}

#endif
