#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/slice.h"
#include "spool/series_list.h"

/*
 * If files are renamed this often while we look, they are renamed all the time.
 */
#define TRIES 8

/* How many bytes all lists have allocated, by their cap. */
static size_t memory;
#define ENTRY_BYTES (sizeof(struct series_entry) + 2 * sizeof(uint32_t))

void
series_list_free(struct series_list *list)
{
	memory -= list->cap * ENTRY_BYTES;
	free(list->entries);
	free(list->slots);
	memset(list, 0, sizeof(*list));
}

/* Empty the list, but keep its memory. */
static void
clear(struct series_list *list)
{
	if (list->n_slots > 0)
		memset(list->slots, 0, list->n_slots * sizeof(*list->slots));
	list->n = 0;
	list->next = list->missing = 0;
	list->is_whole = false;
	list->same[0] = list->same[1] = 0;
}

void
series_list_forget(struct series_list *list)
{
	clear(list);
	list->restarts = 0;
}

size_t
series_list_memory(void)
{
	return memory;
}

/* Return the slot of the file ${id}, or the free one where it would be. */
static size_t
slot_of(const struct series_list *list, const struct segment_id *id)
{
	/*
	 * Birth times are not hashed, as they may be unknown on one side: see
	 * segment_id_equal.
	 */
	size_t slot = hash_mix(id->ino) & (list->n_slots - 1);

	while (list->slots[slot] != 0 &&
	    !segment_id_equal(&list->entries[list->slots[slot] - 1].id, id))
		slot = (slot + 1) & (list->n_slots - 1);
	return slot;
}

int
series_list_find(const struct series_list *list, const struct segment_id *id)
{
	return list->n_slots == 0 ? -1 :
				    (int)list->slots[slot_of(list, id)] - 1;
}

/* Make room for one more entry; at most half of the slots are taken. */
static int
grow(struct series_list *list)
{
	size_t cap = list->cap == 0 ? 8 : list->cap * 2;
	struct series_entry *entries;
	uint32_t *slots;

	if (list->n < list->cap)
		return 0;
	entries = realloc(list->entries, cap * sizeof(*entries));
	if (entries == NULL)
		return -1;
	list->entries = entries;
	if ((slots = calloc(cap * 2, sizeof(*slots))) == NULL)
		return -1;
	free(list->slots);
	list->slots = slots;
	list->n_slots = cap * 2;
	memory += (cap - list->cap) * ENTRY_BYTES;
	list->cap = cap;
	for (size_t i = 0; i < list->n; i++)
		slots[slot_of(list, &list->entries[i].id)] = (uint32_t)i + 1;
	return 0;
}

/* Files were renamed while the list was made: begin again, a few times. */
static int
restart(struct series_list *list)
{
	if (++list->restarts > TRIES) {
		series_list_forget(list);
		errno = EBUSY;
		return -1;
	}
	clear(list);
	return 0;
}

/* The file ${id} is in the list at ${index}, and was met at ${number}, too. */
static int
meet_again(const struct series *series, struct series_list *list, int index,
    int number)
{
	int first = list->entries[index].number;
	struct segment_id id;

	/* It may have been renamed to ${number} meanwhile. */
	if (series_look(series, first, &id) != 0 ||
	    !segment_id_equal(&id, &list->entries[index].id))
		return restart(list);
	list->same[0] = first;
	list->same[1] = number;
	list->missing = 0;
	return 0;
}

static int
add(const struct series *series, struct series_list *list,
    const struct segment_id *id, int number)
{
	int index = series_list_find(list, id);

	if (index != -1)
		return meet_again(series, list, index, number);
	if (grow(list) != 0)
		return -1;
	list->entries[list->n] = (struct series_entry){
		.id = *id,
		.number = number,
		.has_hole = list->n > 0 && list->missing > 0,
	};
	list->slots[slot_of(list, id)] = (uint32_t)++list->n;
	list->missing = 0;
	return 0;
}

/*
 * Return whether ${error} says that nothing can be had at a number, which is no
 * reason to give up.
 */
static bool
is_absence(int error)
{
	return error == ENOENT || error == EACCES || error == EPERM ||
	    error == ELOOP;
}

/* Look at the next number. */
static int
make_step(const struct series *series, struct series_list *list)
{
	struct segment_id id;
	int number = list->next;

	if (slice_take(SLICE_LOOK_COST) != 0)
		return -1;
	if (series_look(series, number, &id) == 0) {
		list->next++;
		return add(series, list, &id, number);
	}
	if (!is_absence(errno))
		return -1;
	list->next++;
	list->missing++;
	return 0;
}

bool
series_list_is_current(
    const struct series *series, const struct series_list *list)
{
	struct segment_id id;

	if (list->n == 0 || list->entries[0].number > 0) {
		if (series_look(series, 0, &id) == 0)
			return false;
	}
	return list->n == 0 ||
	    (series_look(series, list->entries[0].number, &id) == 0 &&
		segment_id_equal(&id, &list->entries[0].id));
}

int
series_list_make(const struct series *series, struct series_list *list)
{
	while (!list->is_whole) {
		if (list->next <= SERIES_LAST &&
		    list->missing <= SERIES_MISSING) {
			if (make_step(series, list) != 0)
				return -1;
			continue;
		}
		/* If a newer file has come meanwhile, all others have moved. */
		if (list->n > 0 && !series_list_is_current(series, list)) {
			if (restart(list) != 0)
				return -1;
			continue;
		}
		list->is_whole = true;
		list->restarts = 0;
	}
	return 0;
}

int
series_list_open(const struct series *series, struct series_list *list,
    size_t index, struct segment **out)
{
	const struct series_entry *entry = &list->entries[index];

	*out = NULL;
	if (slice_take(SLICE_FILE_COST) != 0)
		return -1;
	*out = series_open(series, entry->number);
	if (*out != NULL && segment_id_equal(&(*out)->id, &entry->id))
		return 0;
	if (*out == NULL && errno != ENOENT)
		return -1;
	segment_drop(out);
	series_list_forget(list);
	errno = ESTALE;
	return -1;
}

/*
 * Return whether the entry ${index} still has its number; if not, forget the
 * list.
 */
static bool
stands(const struct series *series, struct series_list *list, size_t index)
{
	struct segment_id id;

	if (series_look(series, list->entries[index].number, &id) == 0 &&
	    segment_id_equal(&id, &list->entries[index].id))
		return true;
	series_list_forget(list);
	return false;
}

static enum series_step
step_of_errno(void)
{
	switch (errno) {
	case EAGAIN:
		return SERIES_MORE;
	case EBUSY:
	case ESTALE:
		return SERIES_BUSY;
	default:
		return SERIES_ERROR;
	}
}

/* Find ${seg} in the list, which is made if need be. */
static enum series_step
find(const struct series *series, struct series_list *list,
    const struct segment *seg, size_t *index)
{
	bool was_whole = list->is_whole;
	int found;

	if (series_list_make(series, list) != 0)
		return step_of_errno();
	if ((found = series_list_find(list, &seg->id)) != -1) {
		*index = (size_t)found;
		return SERIES_NEXT;
	}
	/*
	 * If the list is older, the file may have got a number since it was
	 * made.
	 */
	if (!was_whole && series_list_is_current(series, list))
		return SERIES_NOT_IN;
	series_list_forget(list);
	return SERIES_BUSY;
}

/*
 * Open the neighbour ${to} of the entry ${from}.  Numbers only grow: if ${from}
 * still has its own, what was opened meanwhile had the number of ${to} while it
 * stood beside it.
 */
static enum series_step
open_neighbour(const struct series *series, struct series_list *list,
    size_t from, size_t to, struct segment **out)
{
	const size_t older = from > to ? from : to;
	const bool has_hole = list->entries[older].has_hole;

	if (series_list_open(series, list, to, out) != 0)
		return step_of_errno();
	if (!stands(series, list, from)) {
		segment_drop(out);
		return SERIES_BUSY;
	}
	return has_hole ? SERIES_HOLE : SERIES_NEXT;
}

static enum series_step
try_after(const struct series *series, struct series_list *list,
    const struct segment *seg, struct segment **out)
{
	size_t index = 0;
	enum series_step step = find(series, list, seg, &index);

	if (step != SERIES_NEXT)
		return step;
	/*
	 * A newer file may have come, or the newest may be missing for one step
	 * of a rotation.
	 */
	if (index == 0 && !series_list_is_current(series, list)) {
		series_list_forget(list);
		return SERIES_BUSY;
	}
	if (index == 0)
		return SERIES_NONE;
	step = open_neighbour(series, list, index, index - 1, out);
	if (step != SERIES_HOLE || series_is_settled(seg))
		return step;
	/* The number that is missing is being given to a file just now. */
	segment_drop(out);
	series_list_forget(list);
	return SERIES_BUSY;
}

static enum series_step
try_before(const struct series *series, struct series_list *list,
    const struct segment *seg, struct segment **out)
{
	size_t index = 0;
	enum series_step step = find(series, list, seg, &index);

	if (step != SERIES_NEXT)
		return step;
	if (index + 1 == list->n)
		return stands(series, list, index) ? SERIES_NONE : SERIES_BUSY;
	step = open_neighbour(series, list, index, index + 1, out);
	/*
	 * A file that was renamed just now has only gone ahead of the others.
	 */
	if (step == SERIES_HOLE && !series_is_settled(*out))
		step = SERIES_NEXT;
	return step;
}

enum series_step
series_list_after(const struct series *series, struct series_list *list,
    const struct segment *seg, struct segment **out)
{
	enum series_step step = SERIES_BUSY;

	*out = NULL;
	for (int i = 0; i < TRIES && step == SERIES_BUSY; i++)
		step = try_after(series, list, seg, out);
	return step;
}

enum series_step
series_list_before(const struct series *series, struct series_list *list,
    const struct segment *seg, struct segment **out)
{
	enum series_step step = SERIES_BUSY;

	*out = NULL;
	for (int i = 0; i < TRIES && step == SERIES_BUSY; i++)
		step = try_before(series, list, seg, out);
	/* What is renamed all the time has nothing before it that stays. */
	return step == SERIES_BUSY ? SERIES_NONE : step;
}
