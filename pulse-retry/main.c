/*
 * pulse-retry: claims deliveries that are due and prints them for pulse-send.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/num.h"
#include "common/opt.h"
#include "common/sig.h"
#include "pulse-retry/claims.h"

#define LIMIT_DEFAULT 10000
#define LIMIT_MAX     1000000
/* Claimed in one transaction. */
#define BATCH	  500
#define FOLLOW_MS 1000
/* Of a follower for other writers: a signal must not wait long. */
#define WAIT_MS 500
#define OUT_MAX ((size_t)256 * 1024)

enum { OPT_LIMIT = 300, OPT_FOLLOW };

static const struct opt options[] = {
    {OPT_LIMIT, "limit", "N", "claim at most N (10000)"},
    {OPT_FOLLOW, "follow", NULL, "go on: look again every second"},
    {0, NULL, NULL, NULL},
};

static const struct opt_program program = {
    .name = "pulse-retry",
    .synopsis = "pulse-retry [OPTION]... | pulse-send",
    .examples = "  pulse-retry | pulse-send            once, as from cron\n"
		"  pulse-retry --follow | pulse-send   for ever\n"
		"  pulse-retry -n | jq .message        what is due\n",
    .options = options,
};

struct arguments {
	struct opt_common common;
	int64_t limit;
	bool follow;
};

static void
parse_arguments(struct arguments *a, int argc, char **argv)
{
	struct opt_state st = {.program = &program,
	    .common = &a->common,
	    .argc = argc,
	    .argv = argv};
	struct err e;
	int key;

	a->limit = LIMIT_DEFAULT;
	while ((key = opt_next(&st)) != -1)
		switch (key) {
		case OPT_LIMIT:
			if (num_parse(&a->limit, st.arg, 1, LIMIT_MAX,
				"--limit", &e) < 0)
				opt_usage_error(&program, "%s", e.msg);
			break;
		case OPT_FOLLOW:
			a->follow = true;
			break;
		}
	if (optind < argc)
		opt_usage_error(
		    &program, "'%s': no operands are taken", argv[optind]);
}

/* Whether a signal to stop came, or the reader went away, within wait_ms. */
static bool
stopped(int signal_fd, int wait_ms)
{
	struct pollfd p[2] = {
	    {.fd = signal_fd, .events = POLLIN}, {.fd = STDOUT_FILENO}};
	int sig;

	if (poll(p, 2, wait_ms) <= 0)
		return false;
	if (p[1].revents & POLLERR)
		return true;
	sig = sig_read(signal_fd);
	return sig == SIGTERM || sig == SIGINT;
}

/* A follower holds nothing and has time: a store that another program keeps
 * locked is only looked at again. */
static bool
may_wait(const struct claims *c, const struct arguments *a, bool said,
    const char *why)
{
	if (!a->follow || c->output_failed || !store_busy(c->store))
		return false;
	if (!said)
		log_warn("%s; trying again", why);
	return true;
}

static int
run(struct claims *c, const struct arguments *a, int signal_fd, struct err *e)
{
	int64_t left = a->limit;
	bool waits = false;

	if (a->common.dry_run)
		return claims_show(c, a->limit, e);
	if (a->follow)
		store_set_wait(c->store, WAIT_MS);
	for (;;) {
		int n = claims_print(c, left < BATCH ? left : BATCH, e);

		if (n < 0 && !may_wait(c, a, waits, e->msg))
			return -1;
		if (waits && n >= 0)
			log_warn("the store works again");
		waits = n < 0;
		n = n < 0 ? 0 : n;
		left -= n;
		if (n == 0 && !a->follow)
			return 0;
		if (a->follow)
			left = a->limit;
		if (left <= 0 || stopped(signal_fd, n == 0 ? FOLLOW_MS : 0))
			return 0;
	}
}

int
main(int argc, char **argv)
{
	struct arguments a = {.limit = 0};
	struct uuid token = uuid_random();
	struct claims c;
	struct emit out;
	struct err e;
	int status = EXIT_DONE, signal_fd;

	clock_from_environment();
	parse_arguments(&a, argc, argv);
	opt_start_log(&program, &a.common, LOG_LEVEL_WARN);
	signal_fd = sig_open();
	emit_init(&out, STDOUT_FILENO, OUT_MAX);
	c = (struct claims){.out = &out};
	uuid_print(&token, c.token);
	if (store_open(&c.store, a.common.db,
		a.common.dry_run ? STORE_READONLY : STORE_CREATE, &e) < 0) {
		log_error("%s", e.msg);
		return EXIT_UNAVAILABLE;
	}
	errno = 0;
	if (run(&c, &a, signal_fd, &e) < 0) {
		if (errno == EPIPE)
			sig_die_of_pipe();
		log_error("%s", e.msg);
		status = EXIT_TEMPFAIL;
	} else if (c.skipped > 0) {
		status = EXIT_SOME_FAILED;
	}
	log_info("%lld deliveries printed", (long long)c.printed);
	store_close(c.store);
	emit_release(&out);
	return status;
}
