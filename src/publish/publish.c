#include <sys/stat.h>

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "publish/deliver.h"
#include "publish/due.h"
#include "publish/publish.h"

void
publish_init(struct publish *publish)
{
	*publish = (struct publish){ .target = { .spool_fd = -1 } };
}

void
publish_close(struct publish *publish)
{
	if (publish->target.spool_fd != -1)
		close(publish->target.spool_fd);
	report_clear(&publish->report);
	buf_free(&publish->record);
	buf_free(&publish->path);
	publish_init(publish);
}

static enum publish_result
check_name(struct publish *publish)
{
	const char *channel = publish->channel;

	if (name_is_valid(channel, strlen(channel)))
		return PUBLISH_DONE;
	return report_tell(&publish->report, PUBLISH_REFUSED,
	    "%s is not a channel name: 1 to %d letters, digits, - and "
	    "_, the first a letter or a digit",
	    channel, NAME_MAX_LEN);
}

enum publish_result
publish_check(struct publish *publish, const struct message *message)
{
	report_clear(&publish->report);
	if (check_name(publish) != PUBLISH_DONE)
		return PUBLISH_REFUSED;
	return message_check(message, publish->names, &publish->report);
}

enum publish_result
publish_open(struct publish *publish)
{
	bool follows = publish->settings->links != LINKS_NONE;

	report_clear(&publish->report);
	/* With another text, what is opened may be outside the spool. */
	if (check_name(publish) != PUBLISH_DONE)
		return PUBLISH_REFUSED;
	publish->target = (struct target){
		.spool = publish->spool,
		.channel = publish->channel,
		/* Those of anybody may be followed for reading only. */
		.links = follows ? TRUST_OWNER : TRUST_NONE,
		.may_wait = publish->may_wait,
		.report = &publish->report,
		.spool_fd = -1,
	};
	return target_open(&publish->target);
}

static enum publish_result
check_extension(struct publish *publish, const char *type)
{
	const struct target *target = &publish->target;

	if (!publish->settings->type_from_extension)
		return report_tell(&publish->report, PUBLISH_REFUSED,
		    "%s/%s is a drop folder, where %s takes "
		    "type_from_extension = yes in [spool]",
		    target->spool, target->file, publish->names->type);
	if (!message_type_is_extension(type))
		return report_tell(&publish->report, PUBLISH_REFUSED,
		    "%s cannot be the extension of a file in %s/%s: leave out "
		    ". and / and ~, and take another word than tmp",
		    type, target->spool, target->file);
	return PUBLISH_DONE;
}

/* See whether the form has a place for all fields. */
static enum publish_result
check_form(struct publish *publish, const struct message *message)
{
	const struct target *target = &publish->target;
	const struct form *form = target->form;
	bool has_type = message->type != NULL;
	bool needs_block = message_needs_block(message);

	if (form->type == S_IFDIR && has_type && !needs_block)
		return check_extension(publish, message->type);
	if (form->record == RECORD_BLOCK || !(has_type || needs_block))
		return PUBLISH_DONE;
	return report_tell(&publish->report, PUBLISH_REFUSED,
	    "%s/%s is %s, which has no place for %s: "
	    "leave them out, or use a channel in block form (.sse)",
	    target->spool, target->file,
	    form->type == S_IFDIR     ? "a drop folder" :
		form->type == S_IFIFO ? "a named pipe" :
					"in line form",
	    publish->names->all);
}

/* Find what holds the channel, which may be refused for having ended. */
static enum publish_result
find(struct target *target, bool wants_block, bool may_have_ended)
{
	bool has_ended;
	enum publish_result result = target_has_ended(target, &has_ended);

	if (result == PUBLISH_DONE && has_ended && !may_have_ended)
		return target_refuse_ended(target);
	return result == PUBLISH_DONE ? target_find(target, wants_block) :
					result;
}

enum publish_result
publish_look(struct publish *publish, const struct message *message)
{
	bool wants_block =
	    message->type != NULL || message_needs_block(message);
	enum publish_result result;

	report_clear(&publish->report);
	result = find(&publish->target, wants_block, false);
	return result == PUBLISH_DONE ? check_form(publish, message) : result;
}

static enum publish_result
too_long(struct publish *publish, const char *than, size_t size)
{
	return report_tell(&publish->report, PUBLISH_TOO_LARGE,
	    "a record of %s%zu bytes is over max_record of channel %s, %ju, "
	    "and would be skipped: shorten it or raise max_record in [spool]",
	    than, size, publish->channel,
	    (uintmax_t)publish->settings->max_record);
}

enum publish_result
publish_fits(struct publish *publish, size_t len)
{
	report_clear(&publish->report);
	/* A record has one byte for a CRLF, so twice the limit may fit. */
	if (len > 2 * publish->settings->max_record + 2)
		return too_long(publish, "more than ", len / 2);
	return PUBLISH_DONE;
}

/* Make ${record} of ${message}; return the bytes of its data, or -1. */
static ssize_t
encode_as(
    const struct form *form, const struct message *message, struct buf *record)
{
	struct record parsed;

	if (form->type == S_IFDIR)
		return message_encode_file(message, record) == 0 ?
		    (ssize_t)(message->len +
			record_bom_len(message->bytes, message->len)) :
		    -1;
	if (message_encode(message, form->record, clock_wall_s(), record) == -1)
		return -1;
	record_parse(form->record, record->data, record->len, false, &parsed);
	return (ssize_t)parsed.body.len;
}

static enum publish_result
encode(struct publish *publish, const struct message *message)
{
	const struct form *form = publish->target.form;
	ssize_t size;

	if (message->len == 0 && form->record == RECORD_LINE)
		return report_tell(&publish->report, PUBLISH_REFUSED,
		    "a blank line is no event: give a message, or use a "
		    "channel in block form (.sse), where it may be empty");
	size = encode_as(form, message, &publish->record);
	if (size == -1)
		return report_error(
		    &publish->report, PUBLISH_FAILED, "cannot make the record");
	if ((size_t)size > publish->settings->max_record)
		return too_long(publish, "", (size_t)size);
	return PUBLISH_DONE;
}

enum publish_result
publish_record(struct publish *publish, const struct message *message)
{
	struct target *target = &publish->target;
	enum publish_result result;

	publish->record.len = publish->path.len = 0;
	result = publish_look(publish, message);
	if (result == PUBLISH_DONE)
		result = encode(publish, message);
	if (result != PUBLISH_DONE)
		return result;
	due_restore(target);
	result = deliver_record(
	    target, &publish->record, message->type, &publish->path);
	if (result == PUBLISH_DONE)
		due_rotate(target, publish->settings);
	return result;
}

enum publish_result
publish_end(struct publish *publish)
{
	struct target *target = &publish->target;
	enum publish_result result = PUBLISH_DONE;

	report_clear(&publish->report);
	/* The lock to be taken is that of the file which holds the channel. */
	if (target->form == NULL)
		result = find(target, false, true);
	return result == PUBLISH_DONE ? deliver_end(target) : result;
}
