/*
 * What a sender keeps in memory: leases that it prolongs in time, channels
 * that it reads again.
 */
#include <signal.h>
#include <sys/resource.h>

#include "common/clock.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/sender.h"
#include "tests/unit/db/lib.h"

#define RECORD                                                                 \
	"{\"id\":\"0b2f0000-0000-4000-8000-00000000000%d\","                   \
	"\"rule_id\":\"7323ab12-0000-4000-8000-000000000001\"}"

static void
take_alert(struct sender *s, int i)
{
	struct alert a = {.rule_name = "r",
	    .rule_type = "price_threshold",
	    .symbol = "BTC",
	    .interval = (interval_id)interval_find("1m", 2),
	    .state = "firing",
	    .severity = "info",
	    .window_start_ms = BASE_MS + i * MINUTE_MS,
	    .window_end_ms = BASE_MS + (i + 1) * MINUTE_MS,
	    .triggered_ms = BASE_MS + i * MINUTE_MS,
	    .message = "m"};
	const char *channel = CHANNEL_GENERIC;
	int64_t now_ms = clock_now_ms();
	char record[256];
	struct err e;

	a.id.b[15] = (unsigned char)i;
	a.rule_id.b[0] = 7;
	(void)snprintf(record, sizeof(record), RECORD, i);
	must(store_alert_put_foreign(s->store, &a, record, strlen(record),
		 &channel, 1, now_ms, 0, &e),
	    &e);
	must(store_delivery_claim_alert(s->store, &a.id, s->token, now_ms,
		 LEASE_MS, intake_take, s, &e),
	    &e);
}

static int
keep_lease(void *arg, const struct store_delivery *d, struct err *e)
{
	(void)e;
	*(int64_t *)arg = d->lease_until_ms;
	return 0;
}

static int
ignore(void *arg, const struct store_delivery *d, struct err *e)
{
	(void)arg;
	(void)d;
	(void)e;
	return 0;
}

/* An attempt of the delivery ended, and is not committed yet. */
static void
end_as(struct sender *s, struct delivery *d, enum delivery_state state)
{
	struct sending *g = calloc(1, sizeof(*g));

	g->sender = s;
	g->endpoint = d->endpoint;
	g->v[0] = d;
	g->n = 1;
	g->state[0] = d->state = state;
	d->uncommitted++;
	settle_add(s, g);
}

static int
end_once(struct sender *s, struct delivery *d)
{
	struct err e;

	end_as(s, d, DELIVERY_STATE_BACKOFF);
	return settle_now(s, &e);
}

/* Sent again at once and taken, before the first try was committed. */
static void
test_twice_in_a_commit(struct sender *s)
{
	struct delivery *second;
	struct err e;

	take_alert(s, 8);
	take_alert(s, 9);
	second = s->queue.newest;
	end_as(s, second, DELIVERY_STATE_BACKOFF);
	end_as(s, second, DELIVERY_STATE_DELIVERED);
	queue_remove(&s->queue, second);
	must(settle_now(s, &e), &e);
	ok(s->queue.n == 1 && s->queue.oldest == s->queue.newest &&
		s->queue.oldest->newer == NULL,
	    "what ended within a commit is in no list any more");
	queue_undo(&s->queue, NULL);
}

static void
test_leases(struct sender *s)
{
	int64_t soon_ms = clock_now_ms() + 1000;
	struct delivery *first, *second;
	struct err e;

	take_alert(s, 1);
	take_alert(s, 2);
	first = s->queue.oldest;
	second = first->newer;
	first->lease_until_ms = second->lease_until_ms = soon_ms;
	must(end_once(s, first), &e);
	ok(first->lease_until_ms > soon_ms, "settling prolongs a lease");
	must(settle_renew(s, &e), &e);
	ok(second->lease_until_ms > soon_ms,
	    "that of another behind it is prolonged all the same");
}

/* No file of this process may grow: a commit cannot be written. */
static void
limit_files(rlim_t most)
{
	struct rlimit l = {.rlim_cur = most};

	(void)getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = most;
	(void)signal(SIGXFSZ, SIG_IGN);
	(void)setrlimit(RLIMIT_FSIZE, &l);
}

static int64_t
lease_in_store(struct sender *s, const struct delivery *d)
{
	int64_t ms = 0;
	struct err e;

	must(store_delivery_get(s->store, &d->id, keep_lease, &ms, &e), &e);
	return ms;
}

static void
test_failed_commit(struct sender *s)
{
	int64_t soon_ms = clock_now_ms() + 1000;
	struct delivery *first = s->queue.oldest, *second = first->newer;
	struct err e;

	first->lease_until_ms = second->lease_until_ms = soon_ms;
	limit_files(1);
	ok(settle_renew(s, &e) < 0, "a commit that cannot be written fails");
	ok(first->lease_until_ms == soon_ms &&
		second->lease_until_ms == soon_ms && !settle_holds(s),
	    "leases are not believed to be longer than the store says");
	ok(end_once(s, first) < 0 && first->lease_until_ms == soon_ms,
	    "nor those of attempts that are not recorded");
	ok(s->nended == 1, "which wait to be recorded");
	limit_files(RLIM_INFINITY);
	must(settle_now(s, &e), &e);
	must(settle_renew(s, &e), &e);
	ok(settle_holds(s) &&
		first->lease_until_ms == lease_in_store(s, first) &&
		second->lease_until_ms == lease_in_store(s, second),
	    "afterwards they are as long as the store says");
}

/* Another takes over what we let go; we forget it, but not what happened. */
static void
test_lost_lease(struct sender *s)
{
	struct delivery *first = s->queue.oldest, *second = first->newer;
	int64_t now_ms = clock_now_ms();
	struct uuid alert = first->alert_id;
	int64_t before, after;
	struct err e;

	must(store_attempt_count(s->store, &alert, &before, &e), &e);
	must(store_delivery_adopt(s->store, &first->id, s->token, "other",
		 now_ms, LEASE_MS, ignore, NULL, &e),
	    &e);
	must(store_delivery_adopt(s->store, &second->id, s->token, "other",
		 now_ms, LEASE_MS, ignore, NULL, &e),
	    &e);
	second->lease_until_ms = now_ms;
	must(end_once(s, first), &e);
	must(store_attempt_count(s->store, &alert, &after, &e), &e);
	is_int(after, before + 1, "an attempt under a lost lease is recorded");
	must(settle_renew(s, &e), &e);
	is_int((int64_t)s->queue.n, 0, "what is another's is forgotten");
}

static void
put_channel(struct sender *s, const char *config)
{
	struct store_channel c = {.name = "ops",
	    .kind = "generic",
	    .config = config,
	    .created_ms = BASE_MS,
	    .updated_ms = BASE_MS};
	struct err e;

	must(store_channel_put(s->store, &c, &e), &e);
}

#define OPS                                                                    \
	"{\"name\":\"ops\",\"kind\":\"generic\",\"url\":\"https://a.example/"  \
	"x\""

static void
test_refresh(struct sender *s)
{
	struct endpoint *p;
	struct err e;

	put_channel(s, OPS "}");
	p = endpoint_of(s, "ops", NULL, &e);
	must(endpoints_refresh(s, &e), &e);
	/* Something of it is to be saved when a person changes it. */
	endpoint_changed(s, p);
	put_channel(s, OPS ",\"paused\":true}");
	must(endpoints_refresh(s, &e), &e);
	must(endpoints_save(s, &e), &e);
	endpoints_saved(s);
	must(endpoints_refresh(s, &e), &e);
	ok(p->channel.paused, "a change is seen after what was to be saved");
}

int
main(void)
{
	struct sender_options o = {
	    .concurrency = 1, .generic_url = "https://a.example/hook"};
	struct scratch dir;
	struct store *st;
	struct sender s;
	struct err e;

	scratch_make(&dir);
	st = open_scratch(&dir);
	must(sender_open(&s, &o, st, &e), &e);
	s.reader_gone = true; /* no records between the results */
	test_leases(&s);
	test_failed_commit(&s);
	test_lost_lease(&s);
	test_twice_in_a_commit(&s);
	test_refresh(&s);
	sender_close(&s);
	store_close(st);
	scratch_remove(&dir);
	return tap_done();
}
