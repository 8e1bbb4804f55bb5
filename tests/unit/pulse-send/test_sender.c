/*
 * What a sender keeps in memory: leases that it prolongs in time, channels
 * that it reads again.
 */
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

/* An attempt of the delivery failed and it waits for the next one. */
static void
fail_once(struct sender *s, struct delivery *d)
{
	struct sending *g = calloc(1, sizeof(*g));
	struct err e;

	g->sender = s;
	g->endpoint = d->endpoint;
	g->v[0] = d;
	g->n = 1;
	g->state[0] = d->state = DELIVERY_STATE_BACKOFF;
	d->uncommitted++;
	*s->ended_tail = g;
	s->ended_tail = &g->next;
	s->nended++;
	must(settle_ended(s, true, &e), &e);
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
	fail_once(s, first);
	ok(first->lease_until_ms > soon_ms, "settling prolongs a lease");
	must(settle_renew(s, &e), &e);
	ok(second->lease_until_ms > soon_ms,
	    "that of another behind it is prolonged all the same");
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
	test_refresh(&s);
	sender_close(&s);
	store_close(st);
	scratch_remove(&dir);
	return tap_done();
}
