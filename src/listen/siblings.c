#include <sys/mman.h>

#include <string.h>

#include "listen/siblings.h"

/*
 * A process may have so many connections more than another, and a part of what
 * that has, before it leaves the next to that.
 */
#define SLACK 4
#define SLACK_PART 16

int
siblings_init(struct siblings *s, unsigned n)
{
	void *page = mmap(NULL, n * sizeof(struct sibling),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	memset(s, 0, sizeof(*s));
	if (page == MAP_FAILED)
		return -1;
	s->page = page;
	s->n = n;
	return 0;
}

void
siblings_free(struct siblings *s)
{
	if (s->page != NULL)
		munmap(s->page, s->n * sizeof(struct sibling));
	s->page = NULL;
}

static void
clear(struct sibling *sibling, unsigned is_there)
{
	atomic_store(&sibling->connections, 0);
	atomic_store(&sibling->streams, 0);
	atomic_store(&sibling->is_there, is_there);
}

void
siblings_join(struct siblings *s, unsigned self)
{
	s->self = self;
	clear(&s->page[self], 1);
}

void
siblings_leave(struct siblings *s, unsigned index)
{
	clear(&s->page[index], 0);
}

void
siblings_tell(struct siblings *s, uint64_t connections)
{
	atomic_store_explicit(&s->page[s->self].connections,
	    (unsigned)connections, memory_order_relaxed);
}

/*
 * Return whether process ${i} has so few connections that it should rather get
 * the next one.
 */
static bool
is_before_us(const struct siblings *s, unsigned i)
{
	unsigned ours = atomic_load_explicit(
	    &s->page[s->self].connections, memory_order_relaxed);
	unsigned its =
	    atomic_load_explicit(&s->page[i].connections, memory_order_relaxed);

	return i != s->self && atomic_load(&s->page[i].is_there) != 0 &&
	    ours > its + SLACK + its / SLACK_PART;
}

bool
siblings_may_accept(struct siblings *s, bool is_again)
{
	bool is_left = false, has_looked = false;

	/* Let the others see that we look, and so are not stuck. */
	atomic_fetch_add_explicit(
	    &s->page[s->self].looks, 1, memory_order_relaxed);
	/*
	 * See whether there is a process to leave it to, which is one that has
	 * looked since it was last found stuck.
	 */
	for (unsigned i = 0; i < s->n; i++) {
		unsigned looks = atomic_load_explicit(
		    &s->page[i].looks, memory_order_relaxed);

		if (!is_before_us(s, i))
			continue;
		if (looks != s->looks[i]) {
			s->looks[i] = looks;
			s->is_stuck[i] = false;
			has_looked = true;
		}
		is_left |= !s->is_stuck[i];
	}
	/* Patience begins anew with each connection, and with each look. */
	if (!is_left || has_looked || !is_again)
		s->patience = 0;
	if (!is_left)
		return true;
	if (++s->patience <= SIBLINGS_PATIENCE)
		return false;
	/* They had their time and did not look: they are stuck. */
	for (unsigned i = 0; i < s->n; i++)
		s->is_stuck[i] |= is_before_us(s, i);
	s->patience = 0;
	return true;
}

bool
siblings_take_stream(struct siblings *s, uint64_t most)
{
	uint64_t sum = 0;

	/*
	 * Count it first, so that of two that ask at the same time at least one
	 * sees the other.
	 */
	atomic_fetch_add(&s->page[s->self].streams, 1);
	for (unsigned i = 0; i < s->n && most > 0; i++)
		sum += atomic_load(&s->page[i].streams);
	if (sum <= most)
		return true;
	siblings_give_stream(s);
	return false;
}

void
siblings_give_stream(struct siblings *s)
{
	atomic_fetch_sub(&s->page[s->self].streams, 1);
}
