/*
 * pulse-send: alerts in, requests out, one delivery record an attempt.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/num.h"
#include "common/opt.h"
#include "common/sig.h"
#include "pulse-send/dry_run.h"
#include "pulse-send/sender.h"
#include "pulse-send/try.h"

#define CONCURRENCY_DEFAULT 100
#define CONCURRENCY_MAX	    1000

enum {
	OPT_ALLOW_PRIVATE = 300,
	OPT_DISCORD_FILE,
	OPT_WEBHOOK_FILE,
	OPT_TEST,
};

static const struct opt options[] = {
    {'c', "concurrency", "N", "requests at once (100)"},
    {OPT_ALLOW_PRIVATE, "allow-private", NULL,
	"call loopback and private addresses too"},
    {OPT_DISCORD_FILE, "discord-file", "FILE",
	"Discord webhook URL for alerts that are not in the store"},
    {OPT_WEBHOOK_FILE, "webhook-file", "FILE",
	"webhook URL for alerts that are not in the store"},
    {OPT_TEST, "test", "CHANNEL", "send one made-up alert to it, keep nothing"},
    {0, NULL, NULL, NULL},
};

static const struct opt_program program = {
    .name = "pulse-send",
    .synopsis = "pulse-send [OPTION]... < ALERTS",
    .examples =
	"  hl-ingest --rules | pulse-eval | pulse-send   the whole service\n"
	"  pulse-retry | pulse-send                      what failed before\n"
	"  pulse-eval -r rules.json < bars | pulse-send --webhook-file url\n"
	"  pulse-send -n < alerts                        what would be sent\n",
    .options = options,
};

struct arguments {
	struct opt_common common;
	struct sender_options sender;
	char *discord_url, *generic_url;
	const char *test; /* channel, or NULL */
};

/* A URL from a file ("-" is taken by the alerts): its first line. */
static char *
read_url(const char *path)
{
	char text[HTTP_URL_MAX + 2];
	FILE *f = fopen(path, "re");

	if (f == NULL || fgets(text, sizeof(text), f) == NULL) {
		fprintf(stderr, "pulse-send: %s: %s\n", path,
		    f == NULL ? strerror(errno) : "no URL in it");
		exit(EXIT_USAGE);
	}
	fclose(f);
	text[strcspn(text, "\r\n")] = '\0';
	return strdup(text);
}

static void
parse_arguments(struct arguments *a, int argc, char **argv)
{
	struct opt_state st = {.program = &program,
	    .common = &a->common,
	    .argc = argc,
	    .argv = argv};
	const char *private = getenv("PULSE_ALLOW_PRIVATE");
	int64_t n;
	struct err e;
	int key;

	a->sender.concurrency = CONCURRENCY_DEFAULT;
	a->sender.allow_private = private != NULL && strcmp(private, "1") == 0;
	while ((key = opt_next(&st)) != -1)
		switch (key) {
		case 'c':
			if (num_parse(&n, st.arg, 1, CONCURRENCY_MAX,
				"--concurrency", &e) < 0)
				opt_usage_error(&program, "%s", e.msg);
			a->sender.concurrency = (int)n;
			break;
		case OPT_ALLOW_PRIVATE:
			a->sender.allow_private = true;
			break;
		case OPT_DISCORD_FILE:
			free(a->discord_url);
			a->discord_url = read_url(st.arg);
			break;
		case OPT_TEST:
			a->test = st.arg;
			break;
		case OPT_WEBHOOK_FILE:
			free(a->generic_url);
			a->generic_url = read_url(st.arg);
			break;
		}
	if (optind < argc)
		opt_usage_error(
		    &program, "'%s': no operands are taken", argv[optind]);
	a->sender.dry_run = a->common.dry_run;
	a->sender.discord_url = a->discord_url;
	a->sender.generic_url = a->generic_url;
}

/*
 * Memory comes and goes with every batch. By default the C library gives it
 * back to the system each time and asks for it anew, and then each page costs
 * a fault: a thirtieth of all time at full speed.
 */
static void
keep_memory(void)
{
	(void)mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
	(void)mallopt(M_TOP_PAD, 256 * 1024);
}

static int
send_all(const struct arguments *a)
{
	struct sender s;
	struct store *store;
	struct err e;
	int status = EXIT_DONE;
	bool gone;

	keep_memory();
	if (store_open(&store, a->common.db, STORE_CREATE, &e) < 0) {
		log_error("%s", e.msg);
		return EXIT_UNAVAILABLE;
	}
	if (sender_open(&s, &a->sender, store, &e) < 0 ||
	    sender_run(&s, &e) < 0) {
		log_error("%s", e.msg);
		status = EXIT_TEMPFAIL;
	} else if (s.count.bad > 0 || s.count.dead > 0) {
		status = EXIT_SOME_FAILED;
	}
	sender_report(&s, &e);
	log_info("%s", e.msg);
	gone = s.stdout_errno == EPIPE;
	sender_close(&s);
	store_close(store);
	if (gone)
		sig_die_of_pipe();
	return status;
}

int
main(int argc, char **argv)
{
	struct arguments a = {.discord_url = NULL};
	int status;

	clock_from_environment();
	parse_arguments(&a, argc, argv);
	opt_start_log(&program, &a.common, LOG_LEVEL_WARN);
	if (a.test != NULL)
		return try_channel(&a.sender, a.common.db, a.test);
	if (isatty(STDIN_FILENO)) {
		opt_print_help(&program);
		return EXIT_USAGE;
	}
	status =
	    a.common.dry_run ? dry_run(&a.sender, a.common.db) : send_all(&a);
	free(a.discord_url);
	free(a.generic_url);
	return status;
}
