/*
 * The verb publish: it makes a message of arguments or of standard input, and
 * has publish.h put it into the channel.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/num.h"
#include "cli/cli.h"
#include "conf/conf.h"
#include "publish/publish.h"

#define VERB "publish"
#define CHUNK 65536

enum { OPTION_END = 256, OPTION_TTL };

/* What the command line asks for. */
struct job {
	struct publish publish;
	struct message message;
	char **words; /* the message; none: it is standard input */
	int n_words;
	bool ends;	 /* the channel ends */
	bool has_record; /* else it only ends the channel */
};

static const struct message_names options = {
	.type = "-e",
	.id = "-i",
	.retry = "-r",
	.flush = "-f",
	.all = "-e, -f, -i, -r and --ttl",
};

/* Say on stderr why ${result} is what it is.  Return the exit code. */
static int
tell(const struct job *job, enum publish_result result)
{
	const char *why = report_why(&job->publish.report);

	switch (result) {
	case PUBLISH_DONE:
		if (why != NULL)
			(void)cli_refuse(VERB, EXIT_DONE, "%s", why);
		return EXIT_DONE;
	case PUBLISH_REFUSED:
	case PUBLISH_TOO_LARGE:
		return cli_usage_error(VERB, "%s", why);
	case PUBLISH_ENDED:
		return cli_refuse(VERB, EXIT_NEGATIVE, "%s", why);
	case PUBLISH_BUSY:
	case PUBLISH_NO_ROOM:
	case PUBLISH_FAILED:
	case PUBLISH_UNSURE:
		break;
	}
	return cli_refuse(VERB, EXIT_SYSTEM, "%s", why);
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
	if (message->type == NULL && message->id == NULL &&
	    message->ttl_ms == 0)
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
			status = read_ttl(optarg, &job->message.ttl_ms);
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
	job->publish.channel = argv[optind];
	job->words = argv + optind + 1;
	job->n_words = argc - optind - 1;
	status = tell(job, publish_check(&job->publish, &job->message));
	return status == EXIT_DONE ? check_end(job) : status;
}

static int
read_stdin(struct job *job, struct buf *text)
{
	ssize_t n;

	do {
		int status = tell(job, publish_fits(&job->publish, text->len));

		if (status != EXIT_DONE)
			return status;
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

/* Read the data of the message into ${text}, and see whether there are any. */
static int
read_message(struct job *job, struct buf *text)
{
	struct message *message = &job->message;
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
	message->has_data = !(may_lack && text->len == 0);
	message->len = message_trim(text->data, text->len);
	message->bytes = message->len > 0 ? text->data : (const uint8_t *)"";
	return status;
}

static int
report(const struct job *job, const struct buf *record, const struct buf *path)
{
	struct buf text = { 0 };
	struct json json;

	json_begin(&json, &text, JSON_COMPACT);
	json_text(&json, "channel", job->publish.channel);
	json_text(
	    &json, "file", job->has_record ? (const char *)path->data : NULL);
	json_number(&json, "bytes", record->len);
	if (job->ends)
		json_bool(&json, "ended", true);
	return cli_print_json(VERB, &json, "published, but cannot tell");
}

/* Publish the record that the message is. */
static int
put_record(struct job *job)
{
	struct buf text = { 0 };
	int status = EXIT_DONE;

	/* Nobody is to type a message first that is refused anyway. */
	if (job->n_words == 0)
		status = tell(job, publish_look(&job->publish, &job->message));
	if (status == EXIT_DONE)
		status = read_message(job, &text);
	if (status == EXIT_DONE)
		status =
		    tell(job, publish_record(&job->publish, &job->message));
	buf_free(&text);
	return status;
}

static int
run(struct job *job, bool json)
{
	struct publish *publish = &job->publish;
	int status = tell(job, publish_open(publish));

	if (status == EXIT_DONE && job->has_record)
		status = put_record(job);
	if (status == EXIT_DONE && job->ends)
		status = tell(job, publish_end(publish));
	if (status == EXIT_DONE && json)
		status = report(job, &publish->record, &publish->path);
	return status;
}

int
cmd_publish(const struct cli *cli, int argc, char **argv)
{
	struct job job = { .ends = false };
	struct publish *publish = &job.publish;
	struct conf *conf = NULL;
	int status;

	publish_init(publish);
	publish->names = &options;
	publish->may_wait = true;
	status = read_options(&job, argc, argv);
	cli_tell_waiting(VERB);
	if (status == EXIT_DONE)
		status = cli_conf(cli, VERB, &conf);
	if (status == EXIT_DONE) {
		publish->spool = conf_base(conf)->path;
		publish->settings = conf_for(conf, publish->channel);
		status = run(&job, cli->json);
	}
	publish_close(publish);
	conf_free(conf);
	return status;
}
