/*
 * Durable later: what store_sync_begin() and its kin promise.
 */
#include <poll.h>

#include "tests/unit/db/lib.h"

static void
write_something(struct store *st, int n)
{
	char name[32], config[64];
	struct store_channel c = {.name = name,
	    .kind = "generic",
	    .config = config,
	    .created_ms = 1,
	    .updated_ms = 1};
	struct err e;

	(void)snprintf(name, sizeof(name), "c%d", n);
	(void)snprintf(config, sizeof(config), "{\"name\":\"c%d\"}", n);
	must(store_begin(st, false, &e), &e);
	must(store_channel_put(st, &c, &e), &e);
	must(store_commit(st, &e), &e);
}

static void
one_after_another(struct store *st)
{
	struct pollfd p = {.events = POLLIN};
	struct err e;
	int rc, i;

	is_int(store_sync_fd(st), -1, "none runs at first");
	is_int(store_sync_end(st, false, &e), 1, "so there is none to end");
	for (i = 0; i < 3; i++) {
		write_something(st, i);
		must(store_sync_begin(st, &e), &e);
		p.fd = store_sync_fd(st);
		ok(p.fd >= 0, "one runs");
		ok(store_sync_begin(st, &e) < 0, "no second one (%s)", e.msg);
		/* Transactions go on meanwhile. */
		write_something(st, 10 + i);
		ok(poll(&p, 1, 60000) == 1, "it tells when it ended");
		is_int(store_sync_end(st, false, &e), 1, "it did");
		is_int(store_sync_fd(st), -1, "and runs no more");
	}
	must(store_sync_begin(st, &e), &e);
	while ((rc = store_sync_end(st, false, &e)) == 0)
		;
	is_int(rc, 1, "0 until it has ended");
	must(store_sync_begin(st, &e), &e);
	is_int(store_sync_end(st, true, &e), 1, "or it is waited for");
}

/* Closing ends what runs. */
static void
closed_meanwhile(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	struct err e;

	write_something(st, 99);
	must(store_sync_begin(st, &e), &e);
	store_close(st);
	st = open_scratch(s);
	is_whole(st, "closed while one ran: whole");
	store_close(st);
}

int
main(void)
{
	struct scratch dir;
	struct store *st;

	scratch_make(&dir);
	st = open_scratch(&dir);
	one_after_another(st);
	store_close(st);
	closed_meanwhile(&dir);
	scratch_remove(&dir);
	return tap_done();
}
