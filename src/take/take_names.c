#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "take/drop_inlet.h"
#include "take/pipe.h"
#include "take/take_names.h"

static const struct inlet_kind *const kinds[] = { &drop_inlet, &pipe_inlet };

static const struct inlet_kind *
kind_of(const char *suffix)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(suffix, kinds[i]->form->suffix) == 0)
			return kinds[i];
	}
	return NULL;
}

static void
tell_full(struct take *take)
{
	if (!take->is_over_full)
		log_msg(LOG_LEVEL_ERROR,
		    "event=too-many-sources spool=\"%s\" remedy=\"no more than "
		    "%d pipes and drop folders in a spool\"",
		    take->folder->path, TAKE_MAX);
	take->is_over_full = true;
}

/*
 * Add the inlet of ${kind} for the channel ${name}, to be checked.  Return it,
 * or NULL.
 */
static struct inlet *
add(struct take *take, const char *name, const struct inlet_kind *kind)
{
	struct inlet *inlet;

	if (take->n_inlets == TAKE_MAX) {
		tell_full(take);
		return NULL;
	}
	if ((inlet = kind->make()) == NULL) {
		/* The next look may find memory. */
		take->must_scan = true;
		return NULL;
	}
	inlet->kind = kind;
	inlet->take = take;
	inlet->must_check = inlet->must_hold = true;
	snprintf(inlet->name, sizeof(inlet->name), "%s", name);
	inlet_init(inlet);
	list_push(&take->inlets, &inlet->node);
	take->n_inlets++;
	return inlet;
}

bool
take_names_note(struct take *take, const char *file)
{
	const char *suffix = file + strcspn(file, ".");
	const struct inlet_kind *kind = kind_of(suffix);
	char name[NAME_MAX_LEN + 1];
	bool is_known = false, is_noted = false;

	if (!form_has_suffix(file) || !form_name_of(file, name))
		return false;
	/* Any file of that name may change what the channel consists of. */
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		if (inlet->is_orphan || strcmp(inlet->name, name) != 0)
			continue;
		inlet->must_check = is_noted = true;
		is_known = is_known || inlet->kind == kind;
	}
	if (kind != NULL && !is_known)
		(void)add(take, name, kind);
	return is_noted || kind != NULL;
}

/*
 * Mark all inlets that have a name to be checked; something may have come into
 * them unseen, too.
 */
static void
check_all(struct take *take)
{
	LIST_EACH (node, &take->inlets) {
		struct inlet *inlet = LIST_OF(node, struct inlet, node);

		inlet->must_check = !inlet->is_orphan;
		if (inlet->is_open && take->is_taker &&
		    inlet->kind->look_again != NULL) {
			inlet->kind->look_again(inlet);
			inlet_soon(inlet);
		}
	}
}

bool
take_names_scan(struct take *take, int64_t until_ms)
{
	struct dirent *entry;

	if (take->scan == NULL && take->must_scan) {
		take->scan = opendir(take->folder->path);
		take->must_scan = take->scan == NULL;
		/* Inlets that we know stay until they are known to be gone. */
		if (take->scan != NULL || errno == ENOENT)
			check_all(take);
	}
	while (take->scan != NULL && clock_mono_ms() < until_ms) {
		if ((entry = readdir(take->scan)) == NULL)
			take_names_scan_end(take);
		else if (kind_of(entry->d_name + strcspn(entry->d_name, ".")) !=
		    NULL)
			(void)take_names_note(take, entry->d_name);
	}
	return take->scan == NULL;
}

void
take_names_scan_end(struct take *take)
{
	if (take->scan != NULL)
		closedir(take->scan);
	take->scan = NULL;
}

/*
 * ${inlet} has no name any more, but writers may have it open.  Take what is in
 * it, and let it go on as an orphan.  Return whether it does.
 */
static bool
orphan(struct inlet *inlet)
{
	enum inlet_result result;

	if (!inlet->is_open || !inlet->take->is_taker)
		return false;
	result = inlet_drain(inlet, TAKE_TURN_MS);
	if ((result != INLET_DONE && result != INLET_MORE &&
		result != INLET_BUSY) ||
	    !inlet->kind->outlive(inlet))
		return false;
	inlet->is_orphan = true;
	inlet->is_wanted = false;
	return true;
}

/*
 * Another pipe or drop folder has the name of ${inlet} now: close this one, or
 * keep it as an orphan beside a new inlet for the other.
 */
static void
replace(struct inlet *inlet)
{
	struct inlet *other;

	if (!orphan(inlet)) {
		inlet_end_close(inlet);
		return;
	}
	other = add(inlet->take, inlet->name, inlet->kind);
	if (other != NULL) {
		other->must_check = false;
		other->is_wanted = true;
	}
	inlet_soon(inlet);
}

/*
 * Return whether ${inlet} is there, although its channel consists of ${form};
 * log that once.
 */
static bool
is_shadowed(struct inlet *inlet, const struct form *form)
{
	struct folder *folder = inlet->take->folder;
	struct stat st;

	if (lstat(folder_file(folder, inlet->name, inlet->kind->form->suffix),
		&st) != 0 ||
	    (st.st_mode & S_IFMT) != inlet->kind->form->type)
		return false;
	if (!inlet->is_shadowed)
		folder_tell_shadowed(&inlet->take->quota, inlet->name,
		    inlet->kind->form->suffix, form);
	return true;
}

void
take_names_check(struct inlet *inlet)
{
	struct folder *folder = inlet->take->folder;
	const struct form *form;
	struct stat st;

	form = folder_form(folder, inlet->name, &st);
	/* As long as we cannot find out, the inlet stays as it is. */
	if (form == NULL && errno != ENOENT)
		return;
	inlet->must_check = false;
	inlet->must_hold = true;
	/*
	 * The inlet is what its channel consists of, or is hidden by another
	 * form, or is gone; then writers may still have it open.
	 */
	if (form != NULL &&
	    strcmp(form->suffix, inlet->kind->form->suffix) == 0) {
		inlet->is_shadowed = false;
		inlet->is_wanted = true;
		if (inlet->is_open && !inlet->kind->is_same(inlet, &st))
			replace(inlet);
	} else if (form != NULL && is_shadowed(inlet, form)) {
		inlet->is_shadowed = true;
		inlet->is_wanted = false;
		inlet_end_close(inlet);
	} else if (orphan(inlet)) {
		inlet_soon(inlet);
	} else {
		inlet_end_free(inlet);
	}
}
