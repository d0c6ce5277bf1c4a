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
#include "conf/conf.h"
#include "conf/conf_text.h"
#include "spool/record.h"

#define VERB "publish"
#define RETRY_MAX_MS 86400000U /* a day: the longest hint that -r takes */
#define CHUNK 65536

/* What is asked for, and where it goes. */
struct job {
	const char *channel;
	struct message message;
	char **words; /* the message; none: it is standard input */
	int n_words;
	const char *spool; /* the path of the folder */
	int spool_fd;
	uint64_t max_record;
	enum record_form form;
	char file[NAME_MAX_LEN + 8]; /* in the spool */
};

/* Where the records of a channel can be; the first one that exists is it. */
static const struct {
	const char *suffix;
	const char *rotated; /* the newest of the older segments */
	enum record_form form;
} files[] = {
	{ "", ".1", RECORD_LINE },
	{ ".sse", ".sse.1", RECORD_BLOCK },
};

#define FILES (sizeof(files) / sizeof(files[0]))

/* What else a channel of this name can be. */
static const char *const other_suffixes[] = { ".d", ".fifo" };

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
	job->channel = argv[optind];
	job->words = argv + optind + 1;
	job->n_words = argc - optind - 1;
	if (!name_is_valid(job->channel, strlen(job->channel)))
		return cli_usage_error(VERB,
		    "%s is not a channel name: 1 to %d letters, digits, - and "
		    "_, the first a letter or a digit",
		    job->channel, NAME_MAX_LEN);
	return check_fields(&job->message);
}

static int
open_spool(struct job *job)
{
	job->spool_fd = open(job->spool, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (job->spool_fd != -1)
		return EXIT_DONE;
	if (errno == ENOENT)
		return cli_system_error(VERB,
		    "there is no spool folder (`mkdir -p %s` makes it)",
		    job->spool);
	return cli_system_error(VERB, "cannot use the spool %s", job->spool);
}

/*
 * Make job->file the channel's name with ${suffix}, and ${mode} the mode of
 * that file, 0 if it is not there.
 */
static int
look(struct job *job, const char *suffix, mode_t *mode)
{
	struct stat st = { 0 };

	*mode = 0;
	snprintf(job->file, sizeof(job->file), "%s%s", job->channel, suffix);
	if (fstatat(job->spool_fd, job->file, &st, 0) == -1 && errno != ENOENT)
		return cli_system_error(
		    VERB, "cannot look at %s/%s", job->spool, job->file);
	*mode = st.st_mode;
	return EXIT_DONE;
}

static int
not_a_file(const struct job *job, mode_t mode)
{
	return cli_usage_error(VERB,
	    "%s/%s is a %s: this version publishes to append files only, "
	    "write to it in its own way or choose another channel",
	    job->spool, job->file,
	    S_ISDIR(mode)      ? "folder" :
		S_ISFIFO(mode) ? "named pipe" :
				 "special file");
}

/* No file holds the channel now: choose the one to create. */
static int
choose_form(struct job *job)
{
	size_t pick = message_has_fields(&job->message) ? 1 : 0;
	mode_t mode;

	/* Between two steps of a rotation the form is that of the segments. */
	for (size_t i = FILES; i-- > 0;) {
		int status = look(job, files[i].rotated, &mode);

		if (status != EXIT_DONE)
			return status;
		if (mode != 0)
			pick = i;
	}
	job->form = files[pick].form;
	snprintf(job->file, sizeof(job->file), "%s%s", job->channel,
	    files[pick].suffix);
	return EXIT_DONE;
}

/* Find the channel's file, or the one to create, and its form. */
static int
find_form(struct job *job)
{
	mode_t mode;
	int status;

	for (size_t i = 0; i < FILES; i++) {
		status = look(job, files[i].suffix, &mode);
		if (status != EXIT_DONE)
			return status;
		if (mode != 0 && !S_ISREG(mode))
			return not_a_file(job, mode);
		job->form = files[i].form;
		if (mode != 0)
			return EXIT_DONE;
	}
	for (size_t i = 0; i < 2; i++) {
		status = look(job, other_suffixes[i], &mode);
		if (status != EXIT_DONE)
			return status;
		if (mode != 0)
			return not_a_file(job, mode);
	}
	return choose_form(job);
}

static int
find_file(struct job *job)
{
	mode_t mode;
	int status = look(job, ".end", &mode);

	if (status != EXIT_DONE)
		return status;
	if (mode != 0)
		return cli_refuse(VERB, EXIT_NEGATIVE,
		    "channel %s has ended; to reopen it remove %s/%s",
		    job->channel, job->spool, job->file);
	status = find_form(job);
	if (status == EXIT_DONE && job->form == RECORD_LINE &&
	    message_has_fields(&job->message))
		return cli_usage_error(VERB,
		    "%s/%s is in line form, which has no place for -e, -i and "
		    "-r: leave them out, or use a channel in block form (.sse)",
		    job->spool, job->file);
	return status;
}

static int
too_long(const struct job *job, const char *than, size_t size)
{
	return cli_usage_error(VERB,
	    "a record of %s%zu bytes is over max_record of channel %s, %ju, "
	    "and would be skipped: shorten it or raise max_record in [spool]",
	    than, size, job->channel, (uintmax_t)job->max_record);
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
	if (message->len == 0 && job->form == RECORD_LINE)
		return cli_usage_error(VERB,
		    "a blank line is no event: give a message, or use a "
		    "channel in block form (.sse), where it may be empty");
	if (message_encode(message, job->form, record) == -1)
		return cli_system_error(VERB, "cannot make the record");
	record_parse(job->form, record->data, record->len, false, &parsed);
	if (parsed.body.len > job->max_record)
		return too_long(job, "", parsed.body.len);
	return EXIT_DONE;
}

static int
report(const struct job *job, const struct buf *record)
{
	struct buf path = { 0 }, text = { 0 };
	int failed = 0;

	failed |= buf_printf(&path, "%s/%s", job->spool, job->file);
	failed |= buf_append(&path, "", 1);
	if (!failed)
		failed |= conf_text_json((const char *)path.data, &text);
	if (!failed)
		printf("{\"channel\":\"%s\",\"file\":%.*s,\"bytes\":%zu}\n",
		    job->channel, (int)text.len, (const char *)text.data,
		    record->len);
	buf_free(&path);
	buf_free(&text);
	return failed ? cli_system_error(VERB, "published, but cannot tell") :
			EXIT_DONE;
}

static int
append(const struct job *job, const struct buf *record)
{
	switch (append_record(job->spool_fd, job->file, job->form, record)) {
	case APPEND_DONE:
		return EXIT_DONE;
	case APPEND_NOTHING:
		return cli_system_error(VERB,
		    "nothing was published: cannot write to %s/%s", job->spool,
		    job->file);
	case APPEND_TORN:
		break;
	}
	return cli_system_error(VERB,
	    "part of the record may be left at the end of %s/%s", job->spool,
	    job->file);
}

static int
publish(struct job *job, struct buf *text, struct buf *record)
{
	int status = open_spool(job);

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
	struct job job = { .spool_fd = -1 };
	struct buf text = { 0 }, record = { 0 };
	struct conf *conf;
	int status = read_options(&job, argc, argv);

	if (status == EXIT_DONE)
		status = cli_conf(cli, VERB, &conf);
	if (status != EXIT_DONE)
		return status;
	job.spool = conf_base(conf)->path;
	job.max_record = conf_for(conf, job.channel)->max_record;
	status = publish(&job, &text, &record);
	if (status == EXIT_DONE && cli->json)
		status = report(&job, &record);
	if (job.spool_fd != -1)
		close(job.spool_fd);
	buf_free(&text);
	buf_free(&record);
	conf_free(conf);
	return status;
}
