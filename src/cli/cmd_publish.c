/*
 * The verb publish: it finds what holds the channel (target.h), makes a record
 * of the message and hands it over (deliver.h).
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/name.h"
#include "base/num.h"
#include "cli/cli.h"
#include "cli/deliver.h"
#include "cli/due.h"
#include "cli/message.h"
#include "cli/target.h"
#include "conf/conf.h"
#include "spool/record.h"

#define VERB "publish"
#define CHUNK 65536

enum { OPTION_END = 256, OPTION_TTL };

/* What the command line asks for. */
struct job {
	struct target target; /* where it goes */
	struct message message;
	char **words; /* the message; none: it is standard input */
	int n_words;
	int64_t ttl_ms;			 /* 0: it does not expire */
	bool ends;			 /* the channel ends */
	bool has_record;		 /* else it only ends the channel */
	const struct settings *settings; /* of the channel */
};

static int
check_fields(const struct message *message)
{
	const char *type = message->type;
	const char *retry = message->retry;
	uint64_t ms;

	if (type != NULL && !message_type_is_valid(type))
		return cli_usage_error(VERB,
		    "-e takes a type: one line of UTF-8 that is not empty");
	if (type != NULL &&
	    record_type_is_reserved((const uint8_t *)type, strlen(type)))
		return cli_usage_error(VERB,
		    "-e takes a type that does not begin with "
		    "\"" RECORD_RESERVED
		    "\": those are for what spoolcast itself tells "
		    "subscribers; give it another name than %s",
		    type);
	if (message->id != NULL && !message_id_is_valid(message->id))
		return cli_usage_error(
		    VERB, "-i takes an id: one line that is not empty");
	if (message->flush != NULL && !message_flush_is_valid(message->flush))
		return cli_usage_error(VERB,
		    "-f takes now, hold or close, not %s", message->flush);
	if (retry != NULL &&
	    (num_uint(retry, strlen(retry), &ms) != NUM_OK ||
		ms > RECORD_RETRY_MAX_MS))
		return cli_usage_error(VERB,
		    "-r takes milliseconds: digits, 0 to %d, not %s",
		    RECORD_RETRY_MAX_MS, retry);
	return EXIT_DONE;
}

static int
read_ttl(const char *text, int64_t *ms)
{
	if (num_duration(text, strlen(text), ms) == NUM_OK && *ms > 0)
		return EXIT_DONE;
	return cli_usage_error(VERB,
	    "--ttl takes a duration with its unit, as in 30s, 5m or 2h, not %s",
	    text);
}

/*
 * Find out whether there is a record.  With --end a message is an argument, as
 * standard input may never end.
 */
static int
check_end(struct job *job)
{
	const struct message *message = &job->message;

	job->has_record = !job->ends || job->n_words > 0 ||
	    message->retry != NULL || message->flush != NULL;
	if (!job->ends || job->n_words > 0)
		return EXIT_DONE;
	if (message->type == NULL && message->id == NULL && job->ttl_ms == 0)
		return EXIT_DONE;
	return cli_usage_error(VERB,
	    "-e, -i and --ttl are about a message, which is an argument where "
	    "there is --end");
}

static int
read_options(struct job *job, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "end", no_argument, NULL, OPTION_END },
		{ "ttl", required_argument, NULL, OPTION_TTL },
		{ NULL, 0, NULL, 0 },
	};
	int found, status = EXIT_DONE;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (status == EXIT_DONE &&
	    (found = getopt_long(argc, argv, ":e:f:i:r:", longs, NULL)) != -1) {
		switch (found) {
		case OPTION_END:
			job->ends = true;
			break;
		case OPTION_TTL:
			status = read_ttl(optarg, &job->ttl_ms);
			break;
		case 'e':
			job->message.type = optarg;
			break;
		case 'f':
			job->message.flush = optarg;
			break;
		case 'i':
			job->message.id = optarg;
			break;
		case 'r':
			job->message.retry = optarg;
			break;
		default:
			return cli_bad_option(VERB, argv, found);
		}
	}
	if (status != EXIT_DONE)
		return status;
	/* What follows the options is the channel and then the message. */
	if (optind == argc)
		return cli_usage_error(VERB, "to which CHANNEL?");
	job->target.channel = argv[optind];
	job->words = argv + optind + 1;
	job->n_words = argc - optind - 1;
	if (!name_is_valid(job->target.channel, strlen(job->target.channel)))
		return cli_usage_error(VERB,
		    "%s is not a channel name: 1 to %d letters, digits, - and "
		    "_, the first a letter or a digit",
		    job->target.channel, NAME_MAX_LEN);
	status = check_fields(&job->message);
	return status == EXIT_DONE ? check_end(job) : status;
}

/* Return whether the message has other fields than its type. */
static bool
needs_block(const struct job *job)
{
	const struct message *message = &job->message;

	return message->id != NULL || message->retry != NULL ||
	    message->flush != NULL || job->ttl_ms > 0;
}

static int
check_file_type(const struct job *job)
{
	if (!job->settings->type_from_extension)
		return cli_usage_error(VERB,
		    "%s/%s is a drop folder, where -e takes "
		    "type_from_extension = yes in [spool]",
		    job->target.spool, job->target.file);
	if (!message_type_is_extension(job->message.type))
		return cli_usage_error(VERB,
		    "%s cannot be the extension of a file in %s/%s: leave out "
		    ". and / and ~, and take another word than tmp",
		    job->message.type, job->target.spool, job->target.file);
	return EXIT_DONE;
}

/* See whether the form has a place for all that is asked for. */
static int
check_form(const struct job *job)
{
	const struct form *form = job->target.form;
	bool has_type = job->message.type != NULL;

	if (form->type == S_IFDIR && has_type && !needs_block(job))
		return check_file_type(job);
	if (form->record == RECORD_BLOCK || !(has_type || needs_block(job)))
		return EXIT_DONE;
	return cli_usage_error(VERB,
	    "%s/%s is %s, which has no place for -e, -f, -i, -r and --ttl: "
	    "leave them out, or use a channel in block form (.sse)",
	    job->target.spool, job->target.file,
	    form->type == S_IFDIR     ? "a drop folder" :
		form->type == S_IFIFO ? "a named pipe" :
					"in line form");
}

static int
find_file(struct job *job)
{
	bool wants_block = job->message.type != NULL || needs_block(job), ended;
	int status = target_has_ended(&job->target, &ended);

	if (status == EXIT_DONE && ended && job->has_record)
		return target_refuse_ended(&job->target);
	if (status == EXIT_DONE)
		status = target_find(&job->target, wants_block);
	return status == EXIT_DONE ? check_form(job) : status;
}

static int
too_long(const struct job *job, const char *than, size_t size)
{
	return cli_usage_error(VERB,
	    "a record of %s%zu bytes is over max_record of channel %s, %ju, "
	    "and would be skipped: shorten it or raise max_record in [spool]",
	    than, size, job->target.channel,
	    (uintmax_t)job->settings->max_record);
}

static int
read_stdin(const struct job *job, struct buf *text)
{
	ssize_t n;

	do {
		/*
		 * A record has one byte for a CRLF, so that twice the limit may
		 * fit.
		 */
		if (text->len > 2 * job->settings->max_record + 2)
			return too_long(job, "more than ", text->len / 2);
		if (buf_reserve(text, CHUNK) == -1)
			return cli_system_error(VERB, "cannot read on");
		n = read(STDIN_FILENO, text->data + text->len, CHUNK);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0);
	if (n == -1)
		return cli_system_error(VERB, "cannot read standard input");
	return EXIT_DONE;
}

/* Read the message into ${text}, and see whether there is one at all. */
static int
read_message(struct job *job, struct buf *text)
{
	const struct message *message = &job->message;
	int status = EXIT_DONE, failed = 0;
	bool may_lack = job->n_words == 0 &&
	    (message->retry != NULL || message->flush != NULL) &&
	    message->type == NULL && message->id == NULL;

	for (int i = 0; i < job->n_words; i++) {
		if (i > 0)
			failed |= buf_puts(text, " ");
		failed |= buf_puts(text, job->words[i]);
	}
	if (failed)
		return cli_system_error(VERB, "cannot take the message");
	/* Where fields may do without data, nobody is expected to type some. */
	if (job->n_words == 0 && !job->ends &&
	    !(may_lack && isatty(STDIN_FILENO)))
		status = read_stdin(job, text);
	job->message.has_data = !(may_lack && text->len == 0);
	return status;
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
	if (message_encode(message, form->record, record) == -1)
		return -1;
	record_parse(form->record, record->data, record->len, false, &parsed);
	return (ssize_t)parsed.body.len;
}

static int
encode(struct job *job, const struct buf *text, struct buf *record)
{
	struct message *message = &job->message;
	const struct form *form = job->target.form;
	ssize_t size;

	message->len = message_trim(text->data, text->len);
	message->bytes = message->len > 0 ? text->data : (const uint8_t *)"";
	/* It is rounded up: the record lives no shorter than was asked for. */
	if (job->ttl_ms > 0)
		message->expires_s = clock_wall_s() + job->ttl_ms / 1000 +
		    (job->ttl_ms % 1000 > 0);
	if (message->len == 0 && form->record == RECORD_LINE)
		return cli_usage_error(VERB,
		    "a blank line is no event: give a message, or use a "
		    "channel in block form (.sse), where it may be empty");
	size = encode_as(form, message, record);
	if (size == -1)
		return cli_system_error(VERB, "cannot make the record");
	if ((size_t)size > job->settings->max_record)
		return too_long(job, "", (size_t)size);
	return EXIT_DONE;
}

static int
report(const struct job *job, const struct buf *record, const struct buf *path)
{
	struct buf text = { 0 };
	struct json json;

	json_begin(&json, &text, JSON_COMPACT);
	json_text(&json, "channel", job->target.channel);
	json_text(&json, "file",
	    job->has_record ? (const char *)path->data : NULL);
	json_number(&json, "bytes", record->len);
	if (job->ends)
		json_bool(&json, "ended", true);
	return cli_print_json(VERB, &json, "published, but cannot tell");
}

/* Publish the record; where it went is put into ${path}. */
static int
publish(struct job *job, struct buf *record, struct buf *path)
{
	const struct target *target = &job->target;
	struct buf text = { 0 };
	int status = read_message(job, &text);

	/* Standard input may have taken long: look again. */
	if (status == EXIT_DONE && job->n_words == 0)
		status = find_file(job);
	if (status == EXIT_DONE)
		status = encode(job, &text, record);
	if (status == EXIT_DONE)
		due_restore(target);
	if (status == EXIT_DONE)
		status =
		    deliver_record(target, record, job->message.type, path);
	if (status == EXIT_DONE)
		due_rotate(target, job->settings);
	buf_free(&text);
	return status;
}

static int
run(struct job *job, bool json)
{
	struct buf record = { 0 }, path = { 0 };
	int status = target_open(&job->target);

	if (status == EXIT_DONE)
		status = find_file(job);
	if (status == EXIT_DONE && job->has_record)
		status = publish(job, &record, &path);
	if (status == EXIT_DONE && job->ends)
		status = deliver_end(&job->target);
	if (status == EXIT_DONE && json)
		status = report(job, &record, &path);
	if (job->target.spool_fd != -1)
		close(job->target.spool_fd);
	buf_free(&record);
	buf_free(&path);
	return status;
}

int
cmd_publish(const struct cli *cli, int argc, char **argv)
{
	struct job job = { .target = { .verb = VERB, .spool_fd = -1 } };
	struct conf *conf;
	int status = read_options(&job, argc, argv);

	cli_tell_waiting(VERB);
	if (status == EXIT_DONE)
		status = cli_conf(cli, VERB, &conf);
	if (status != EXIT_DONE)
		return status;
	job.target.spool = conf_base(conf)->path;
	job.settings = conf_for(conf, job.target.channel);
	/* Links of anybody may be followed for reading, never for writing. */
	job.target.links =
	    job.settings->links == LINKS_NONE ? TRUST_NONE : TRUST_OWNER;
	status = run(&job, cli->json);
	conf_free(conf);
	return status;
}
