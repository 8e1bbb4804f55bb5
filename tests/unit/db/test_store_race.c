/*
 * Several processes at one database: claims are disjoint, writers wait for
 * each other, and a process killed in the middle leaves nothing half-done.
 */
#include <signal.h>
#include <sys/wait.h>

#include "tests/unit/db/lib.h"

#define NOW    INT64_C(1788912600000)
#define ALERTS 500

static struct store *
open_again(const struct scratch *s)
{
	struct store *st;
	struct err e;

	if (store_open(&st, s->db, 0, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		_exit(2);
	}
	return st;
}

/* What a claimer got: the ids, through a pipe. */
static int
tell_id(void *arg, const struct store_delivery *d, struct err *e)
{
	int *fd = arg;

	(void)e;
	return write(*fd, d->id.b, sizeof(d->id.b)) == sizeof(d->id.b) ? 0 : -1;
}

static void
claimer(const struct scratch *s, const char *token, int fd)
{
	struct store *st = open_again(s);
	struct err e;
	int rc;

	while ((rc = store_delivery_claim_due(
		    st, 7, token, NOW, 60000, tell_id, &fd, &e)) > 0)
		;
	if (rc < 0)
		fprintf(stderr, "%s\n", e.msg);
	store_close(st);
	_exit(rc < 0);
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static void
racing_claims(const struct scratch *s)
{
	static struct uuid ids[4 * ALERTS];
	struct store *st = open_scratch(s);
	struct uuid rule = put_rule(st, 1, "BTC", 1);
	int fds[2], i, status, good = 0, twice = 0;
	size_t n = 0;
	struct err e;
	pid_t pids[2];
	ssize_t k;

	must(store_begin(st, false, &e), &e);
	for (i = 0; i < ALERTS; i++)
		put_alert(st, &rule, "BTC", i, 2, NOW - 1000, 0);
	must(store_commit(st, &e), &e);
	if (pipe(fds) < 0)
		exit(1);
	(void)fflush(stdout);
	for (i = 0; i < 2; i++)
		if ((pids[i] = fork()) == 0)
			claimer(s, i ? "two" : "one", fds[1]);
	(void)close(fds[1]);
	while (
	    n < 4 * ALERTS && (k = read(fds[0], ids[n].b, sizeof(ids[n].b))) ==
				  (ssize_t)sizeof(ids[n].b))
		n++;
	(void)close(fds[0]);
	for (i = 0; i < 2; i++)
		good += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	is_int(good, 2, "two processes claim 1,000 deliveries");
	qsort(ids, n, sizeof(ids[0]), by_id);
	for (i = 1; i < (int)n; i++)
		twice += uuid_cmp(&ids[i - 1], &ids[i]) == 0;
	is_int((int64_t)n, 2 * ALERTS, "every one was claimed");
	is_int(twice, 0, "none by both");
	store_close(st);
}

/* Numbers of rules grow by one however many write. */
static void
racing_writers(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	int64_t before, after;
	int i, j, status, good = 0;
	pid_t pids[3];
	struct err e;

	must(store_rule_seq(st, &before, &e), &e);
	(void)fflush(stdout);
	for (i = 0; i < 3; i++) {
		if ((pids[i] = fork()) == 0) {
			struct store *mine = open_again(s);

			for (j = 0; j < 50; j++)
				put_rule(mine, 1000 + i * 100 + j, "BTC", 1);
			store_close(mine);
			_exit(0);
		}
	}
	for (i = 0; i < 3; i++)
		good += waitpid(pids[i], &status, 0) == pids[i] && status == 0;
	is_int(good, 3, "three writers at once");
	must(store_rule_seq(st, &after, &e), &e);
	is_int(after - before, 150, "no change is lost");
	is_whole(st, "whole");
	store_close(st);
}

/* Write transactions of ten alerts for ever; say each one committed. */
static void
victim(const struct scratch *s, const struct uuid *rule, int64_t from, int fd)
{
	struct store *st = open_again(s);
	struct err e;
	int64_t i;

	for (i = from;; i++) {
		if (i % 10 == 0)
			must(store_begin(st, i % 20 == 0, &e), &e);
		put_alert(st, rule, "ETH", i, 2, NOW, 0);
		if (i % 10 == 9) {
			must(store_commit(st, &e), &e);
			if (write(fd, "x", 1) != 1)
				_exit(1);
		}
	}
}

static void
killed(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	struct uuid rule = put_rule(st, 2, "ETH", 1);
	struct store_alert_filter f = {.rule_id = &rule};
	int64_t said = 0, kept, from = 0;
	int fds[2], round, whole = 1;
	struct err e;
	char c[64];
	pid_t pid;
	ssize_t n;

	for (round = 0; round < 8; round++) {
		if (pipe(fds) < 0)
			exit(1);
		(void)fflush(stdout);
		if ((pid = fork()) == 0) {
			(void)close(fds[0]);
			victim(s, &rule, from, fds[1]);
		}
		(void)close(fds[1]);
		/* Some transactions in, at whatever it is doing then. */
		while (said * 10 < from + 10 + round * 37 &&
		       (n = read(fds[0], c, 1)) > 0)
			said += n;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		while ((n = read(fds[0], c, sizeof(c))) > 0)
			said += n;
		(void)close(fds[0]);
		must(store_alert_count(st, &f, &kept, &e), &e);
		/* The one in flight may have been committed unsaid. */
		whole = whole && kept % 10 == 0 &&
			(kept == said * 10 || kept == said * 10 + 10);
		said = kept / 10;
		from = kept;
	}
	ok(whole, "killed 8 times: whole transactions only, none lost");
	ok(kept > 100, "%" PRId64 " alerts were kept", kept);
	is_whole(st, "the database is whole");
	store_close(st);
}

int
main(void)
{
	struct scratch s;

	scratch_make(&s);
	racing_claims(&s);
	racing_writers(&s);
	killed(&s);
	scratch_remove(&s);
	return tap_done();
}
