/*
 * The verb publish: finds the file of the channel, makes a record of the
 * message and has it appended (append.h).
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
#include "base/name.h"
#include "base/num.h"
#include "cli/append.h"
#include "cli/cli.h"
#include "cli/message.h"
#include "cli/target.h"
#include "conf/conf.h"
#include "conf/conf_text.h"
#include "spool/record.h"

#define VERB "publish"
#define RETRY_MAX_MS 86400000U /* a day: the longest hint that -r takes */
#define CHUNK 65536

/* What is asked for. */
struct job {
	struct target target; /* where it goes */
	struct message message;
	char **words; /* the message; none: it is standard input */
	int n_words;
	uint64_t max_record;
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
	if (message->id != NULL && !message_id_is_valid(message->id))
		return cli_usage_error(
		    VERB, "-i takes an id: one line that is not empty");
	if (message->flush != NULL && !message_flush_is_valid(message->flush))
		return cli_usage_error(VERB,
		    "-f takes now, hold or close, not %s", message->flush);
	if (retry != NULL &&
	    (num_uint(retry, strlen(retry), &ms) != NUM_OK ||
		ms > RETRY_MAX_MS))
		return cli_usage_error(VERB,
		    "-r takes milliseconds: digits, 0 to %u, not %s",
		    RETRY_MAX_MS, retry);
	return EXIT_DONE;
}

static int
read_options(struct job *job, int argc, char **argv)
{
	static const struct option none[] = { { NULL, 0, NULL, 0 } };
	int found;

	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (
	    (found = getopt_long(argc, argv, ":e:f:i:r:", none, NULL)) != -1) {
		switch (found) {
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
	return check_fields(&job->message);
}

static int
find_file(struct job *job)
{
	struct target *target = &job->target;
	bool has_fields = message_has_fields(&job->message), ended;
	int status = target_has_ended(target, &ended);

	if (status != EXIT_DONE)
		return status;
	if (ended)
		return cli_refuse(VERB, EXIT_NEGATIVE,
		    "channel %s has ended; to reopen it remove %s/%s.end",
		    target->channel, target->spool, target->channel);
	status = target_find(target, has_fields);
	if (status != EXIT_DONE)
		return status;
	if (target->form->type != S_IFREG)
		return cli_usage_error(VERB,
		    "%s/%s is a %s: this version publishes to append files "
		    "only, write to it in its own way or choose another "
		    "channel",
		    target->spool, target->file,
		    target->form->type == S_IFDIR ? "drop folder" :
						    "named pipe");
	if (target->form->record == RECORD_LINE && has_fields)
		return cli_usage_error(VERB,
		    "%s/%s is in line form, which has no place for -e, -i and "
		    "-r: leave them out, or use a channel in block form (.sse)",
		    target->spool, target->file);
	return EXIT_DONE;
}

static int
too_long(const struct job *job, const char *than, size_t size)
{
	return cli_usage_error(VERB,
	    "a record of %s%zu bytes is over max_record of channel %s, %ju, "
	    "and would be skipped: shorten it or raise max_record in [spool]",
	    than, size, job->target.channel, (uintmax_t)job->max_record);
}

static int
read_stdin(const struct job *job, struct buf *text)
{
	ssize_t n;

	do {
		/* Records hold one byte for CRLF: twice the limit may fit. */
		if (text->len > 2 * job->max_record + 2)
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
	if (job->n_words == 0 && !(may_lack && isatty(STDIN_FILENO)))
		status = read_stdin(job, text);
	job->message.has_data = !(may_lack && text->len == 0);
	return status;
}

static int
encode(struct job *job, const struct buf *text, struct buf *record)
{
	struct message *message = &job->message;
	struct record parsed;

	message->len = message_trim(text->data, text->len);
	message->bytes = message->len > 0 ? text->data : (const uint8_t *)"";
	if (message->len == 0 && job->target.form->record == RECORD_LINE)
		return cli_usage_error(VERB,
		    "a blank line is no event: give a message, or use a "
		    "channel in block form (.sse), where it may be empty");
	if (message_encode(message, job->target.form->record, record) == -1)
		return cli_system_error(VERB, "cannot make the record");
	record_parse(job->target.form->record, record->data, record->len, false,
	    &parsed);
	if (parsed.body.len > job->max_record)
		return too_long(job, "", parsed.body.len);
	return EXIT_DONE;
}

static int
report(const struct job *job, const struct buf *record)
{
	struct buf path = { 0 }, text = { 0 };
	int failed = 0;

	failed |=
	    buf_printf(&path, "%s/%s", job->target.spool, job->target.file);
	failed |= buf_append(&path, "", 1);
	if (!failed)
		failed |= conf_text_json((const char *)path.data, &text);
	if (!failed)
		printf("{\"channel\":\"%s\",\"file\":%.*s,\"bytes\":%zu}\n",
		    job->target.channel, (int)text.len, (const char *)text.data,
		    record->len);
	buf_free(&path);
	buf_free(&text);
	return failed ? cli_system_error(VERB, "published, but cannot tell") :
			EXIT_DONE;
}

static int
append(const struct job *job, const struct buf *record)
{
	switch (append_record(job->target.spool_fd, job->target.file,
	    job->target.form->record, record)) {
	case APPEND_DONE:
		return EXIT_DONE;
	case APPEND_NOTHING:
		return cli_system_error(VERB,
		    "nothing was published: cannot write to %s/%s",
		    job->target.spool, job->target.file);
	case APPEND_TORN:
		break;
	}
	return cli_system_error(VERB,
	    "part of the record may be left at the end of %s/%s",
	    job->target.spool, job->target.file);
}

static int
publish(struct job *job, struct buf *text, struct buf *record)
{
	int status = target_open(&job->target);

	if (status == EXIT_DONE)
		status = find_file(job);
	if (status == EXIT_DONE)
		status = read_message(job, text);
	/* Standard input may have taken its time: look again. */
	if (status == EXIT_DONE && job->n_words == 0)
		status = find_file(job);
	if (status == EXIT_DONE)
		status = encode(job, text, record);
	if (status == EXIT_DONE)
		status = append(job, record);
	return status;
}

int
cmd_publish(const struct cli *cli, int argc, char **argv)
{
	struct job job = { .target = { .verb = VERB, .spool_fd = -1 } };
	struct buf text = { 0 }, record = { 0 };
	struct conf *conf;
	int status = read_options(&job, argc, argv);

	if (status == EXIT_DONE)
		status = cli_conf(cli, VERB, &conf);
	if (status != EXIT_DONE)
		return status;
	job.target.spool = conf_base(conf)->path;
	job.max_record = conf_for(conf, job.target.channel)->max_record;
	status = publish(&job, &text, &record);
	if (status == EXIT_DONE && cli->json)
		status = report(&job, &record);
	if (job.target.spool_fd != -1)
		close(job.target.spool_fd);
	buf_free(&text);
	buf_free(&record);
	conf_free(conf);
	return status;
}
