/*
 * The small deciders: budget, link, subscriptions, exclock, latency.
 */
#include "common/clock.h"
#include "hl-ingest/budget.h"
#include "hl-ingest/exclock.h"
#include "hl-ingest/latency.h"
#include "hl-ingest/link.h"
#include "hl-ingest/subscriptions.h"
#include "tests/unit/tap.h"

#define SEC INT64_C(1000)

/* ---- budget -------------------------------------------------------------- */

/* However it is spent, no window of a minute holds more than the limit. */
static void
test_window(void)
{
	int64_t now = 1000000007, worst = 0, spent[4000] = {0}, sum;
	struct budget b;
	int i, j, wait;

	budget_init(&b, 100, now);
	for (i = 0; i < 400; i++) {
		int64_t weight = 1 + i * 7 % 23;

		wait = (int)budget_wait(&b, now, weight);
		if (wait > 0)
			now += wait;
		if (budget_wait(&b, now, weight) > 0) {
			ok(false, "after the wait it may be spent");
			return;
		}
		budget_spend(&b, now, weight);
		spent[(now - 1000000007) / 1000] += weight;
		now += i * 13 % 700;
	}
	for (i = 0; i + 60 < 4000; i++) {
		for (sum = 0, j = 0; j < 60; j++)
			sum += spent[i + j];
		if (sum > worst)
			worst = sum;
	}
	ok(worst <= 100 && worst > 80,
	    "of 100 a minute at most %ld were spent in any minute",
	    (long)worst);
}

static void
test_budget(void)
{
	struct budget b;

	budget_init(&b, 600, 5000);
	is_int(budget_wait(&b, 5000, 600), 0, "a whole budget at once");
	budget_spend(&b, 5000, 600);
	is_int(budget_used(&b, 5000), 600, "is used");
	ok(budget_wait(&b, 5000, 1) >= 60 * SEC, "then it is a minute's wait");
	is_int(budget_wait(&b, 67 * SEC, 900), 0,
	    "more than the limit waits for an empty minute, not for ever");
	budget_block(&b, 70 * SEC);
	is_int(budget_wait(&b, 71 * SEC, 1), 59 * SEC,
	    "429 stops all for a window");
	is_int(budget_weight_rows(0), 20, "weight of no rows");
	is_int(budget_weight_rows(60), 21, "of 60");
	is_int(budget_weight_rows(61), 22, "of 61");
	is_int(budget_weight_rows(5000), 104, "of 5,000");
	test_window();
}

/* ---- link ---------------------------------------------------------------- */

static void
test_link(void)
{
	int64_t now = 1000 * SEC, at;
	struct link l;
	int i;

	link_init(&l, now);
	is_int(link_next(&l, now), LINK_CONNECT, "connect at once");
	is_int(link_next(&l, now + 14 * SEC), LINK_NOTHING, "patience");
	is_int(link_next(&l, now + 15 * SEC), LINK_GIVE_UP, "that ends");
	link_closed(&l, now, 0);
	at = l.connect_at_ms - now;
	ok(at > 0 && at <= SEC, "first wait within 1 s (%ld)", (long)at);
	now = l.connect_at_ms;
	is_int(link_next(&l, now), LINK_CONNECT, "again");
	link_opened(&l, now);
	at = l.ping_at_ms - now;
	ok(at >= 27 * SEC && at <= 30 * SEC, "ping within 27 to 30 s (%ld)",
	    (long)at);
	now = l.ping_at_ms;
	is_int(link_next(&l, now), LINK_PING, "ping");
	is_int(link_next(&l, now), LINK_NOTHING, "once");
	is_int(link_next(&l, now + 10 * SEC), LINK_GIVE_UP,
	    "silence for 10 s after a ping is death");
	link_frame(&l, now + 9 * SEC, false);
	is_int(link_next(&l, now + 10 * SEC), LINK_NOTHING,
	    "anything that comes is life");
	link_closed(&l, now, LINK_CLOSE_EXPIRED);
	ok(l.connect_at_ms > now, "expired without data: no hurry");
	now = l.connect_at_ms;
	link_next(&l, now);
	link_opened(&l, now);
	link_frame(&l, now + 31 * SEC, true);
	link_closed(&l, now + 32 * SEC, LINK_CLOSE_EXPIRED);
	is_int(l.connect_at_ms, now + 32 * SEC, "expired: at once");
	/* Accepts and drops: never 30 s of data, so the waits grow. */
	now += 1000 * SEC;
	for (i = 0; i < 12; i++) {
		now = l.connect_at_ms > now ? l.connect_at_ms : now;
		link_next(&l, now);
		link_opened(&l, now);
		link_frame(&l, now, true);
		link_closed(&l, now, 0);
	}
	ok(l.failed >= 12 && l.connect_at_ms - now <= 60 * SEC,
	    "a server that accepts and drops is left alone, at most 60 s");
}

static void
test_connects(void)
{
	int64_t now = 1000 * SEC, begun = now;
	struct link l;
	int n = 0;

	link_init(&l, now);
	for (; now < begun + 60 * SEC; now += 100) {
		l.connect_at_ms = now;
		if (link_next(&l, now) == LINK_CONNECT) {
			n++;
			link_closed(&l, now, 0);
		}
	}
	is_int(n, 20, "20 connections a minute, whatever happens");
}

/* ---- subscriptions ------------------------------------------------------- */

static struct frame_subscription
named(const char *coin, int interval)
{
	struct frame_subscription f = {true, FRAME_TYPE_CANDLE, interval, ""};

	(void)snprintf(f.coin, sizeof(f.coin), "%s", coin);
	return f;
}

static void
test_subscriptions(void)
{
	struct frame_subscription f;
	struct subscriptions s;
	struct buf out;
	int btc, eth;

	buf_init(&out, 1024);
	subscriptions_init(&s, 0);
	btc = subscriptions_add(&s, FRAME_TYPE_CANDLE, "BTC", 0, &s);
	eth = subscriptions_add(&s, FRAME_TYPE_CTX, "xyz:NVDA", -1, &s);
	is_int(subscriptions_add(&s, FRAME_TYPE_CANDLE, "BTC", 0, &s), btc,
	    "one subscription is one slot");
	is_int(subscriptions_next(&s, 0, &out), 0, "nothing before it is up");
	subscriptions_up(&s);
	subscriptions_next(&s, 0, &out);
	is_str(out.p,
	    "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"candle\","
	    "\"coin\":\"BTC\",\"interval\":\"1m\"}}",
	    "subscribe");
	subscriptions_next(&s, 0, &out);
	is_str(out.p,
	    "{\"method\":\"subscribe\",\"subscription\":{\"type\":"
	    "\"activeAssetCtx\",\"coin\":\"xyz:NVDA\"}}",
	    "subscribe to a context");
	is_int(subscriptions_next(&s, 4999, &out), 0, "acks are awaited");
	is_int(subscriptions_due(&s, 1), 5000, "for 5 s");
	f = named("BTC", 0);
	is_int(subscriptions_acked(&s, &f, true), btc, "an ack by its name");
	is_int(subscriptions_next(&s, 5000, &out), 1, "the other is repeated");
	is_int(subscriptions_next(&s, 5000, &out), 0, "alone");
	f = named("SOL", 0);
	is_int(subscriptions_acked(&s, &f, true), -1, "an ack of a stranger");
	subscriptions_renew(&s, btc);
	subscriptions_next(&s, 6000, &out);
	ok(strstr(out.p, "unsubscribe") != NULL, "renewing leaves");
	subscriptions_next(&s, 6000, &out);
	ok(strstr(out.p, "\"subscribe\"") != NULL, "and comes back");
	subscriptions_down(&s);
	subscriptions_up(&s);
	is_int(subscriptions_next(&s, 7000, &out) +
		   subscriptions_next(&s, 7000, &out) +
		   subscriptions_next(&s, 7000, &out),
	    2, "a new connection: all again");
	f = named("BTC", 0);
	is_int(subscriptions_refused(&s, &f), btc, "a refusal by its name");
	is_int(
	    subscriptions_at(&s, btc)->state, SUBSCRIPTION_REFUSED, "is final");
	subscriptions_remove(&s, eth);
	subscriptions_next(&s, 8000, &out);
	ok(strstr(out.p, "unsubscribe") != NULL, "removing leaves");
	is_int(subscriptions_find(&s, FRAME_TYPE_CTX, "xyz:NVDA", -1), -1,
	    "and forgets");
	is_int((int64_t)s.count, 1, "one is left");
	subscriptions_release(&s);
	buf_release(&out);
}

static void
test_pace(void)
{
	struct subscriptions s;
	struct buf out;
	char coin[16];
	int i, n = 0;

	buf_init(&out, 1024);
	subscriptions_init(&s, 0);
	for (i = 0; i < 3000; i++) {
		(void)snprintf(coin, sizeof(coin), "C%d", i);
		subscriptions_add(&s, FRAME_TYPE_CANDLE, coin, i % 14, NULL);
	}
	is_int((int64_t)s.count, 3000, "3,000 subscriptions");
	subscriptions_up(&s);
	for (i = 0; i < 59; i++)
		while (subscriptions_next(&s, i * SEC, &out) == 1)
			n++;
	is_int(n, 1800, "1,800 messages a minute, pings have room");
	subscriptions_too_fast(&s, 70 * SEC);
	is_int(subscriptions_next(&s, 100 * SEC, &out), 0,
	    "told that it is too fast: a minute's pause");
	subscriptions_release(&s);
	buf_release(&out);
}

/* ---- exclock, latency ---------------------------------------------------- */

static void
test_exclock(void)
{
	struct exclock x = {.known = false};

	exclock_measure(&x, 1000, 1100, 5050);
	is_int(x.offset_ms, 4000, "measured halfway");
	exclock_measure(&x, 2000, 4000, 7100);
	is_int(x.offset_ms, 4000, "a slower answer changes nothing");
	exclock_measure_date(&x, 5000, 5010, 9000);
	is_int(x.offset_ms, 4000, "nor does a date that agrees");
	exclock_measure_date(&x, 5000, 5010, 129000);
	ok(x.offset_ms > 123000 && x.offset_ms < 126000,
	    "one that contradicts does");
	x.offset_ms = 4000;
	is_int(exclock_answered(&x, 1000, 1010, -1), 5000,
	    "what is answered was looked for after it was asked,");
	is_int(
	    exclock_answered(&x, 1000, 1010, 5000), 5000, "by our estimate,");
	is_int(exclock_answered(&x, 1000, 4000, 7000), 5000,
	    "however long the answer took,");
	is_int(exclock_answered(&x, 1000, 1010, 4000), 3990,
	    "unless the Date comes before it");
	is_int(exclock_answered(&x, 1000, 1010, 7000), 6990,
	    "or too long after it");
	is_int(exclock_answered(&x, 1000, 1000 - 180000, 4000), 4000,
	    "our clock was set back on the way: no later than the Date");
	exclock_measure(&x, 1000, 1000 - 180000, 5050);
	exclock_measure_date(&x, 1000, 1000 - 180000, 5000);
	is_int(x.offset_ms, 4000, "and nothing is measured then");
	is_int(exclock_surely(5000, 6000), 6000, "clocks that agree");
	is_int(exclock_surely(5000, 90000), 5000, "or the earlier one");
	is_int(exclock_surely(90000, 5000), 5000, "of the two");
}

static void
test_latency(void)
{
	struct latency l = {0};
	int64_t p50, p99;
	int i;

	is_int(latency_percentile(&l, 0.5), 0, "nothing measured");
	for (i = 1; i <= 100000; i++)
		latency_add(&l, i, 1);
	p50 = latency_percentile(&l, 0.5);
	p99 = latency_percentile(&l, 0.99);
	ok(p50 >= 50000 && (double)p50 < 50000 * 1.13,
	    "p50 of 1..100000 is %ld", (long)p50);
	ok(p99 >= 99000 && (double)p99 < 99000 * 1.13,
	    "p99 of 1..100000 is %ld", (long)p99);
}

int
main(void)
{
	test_budget();
	test_link();
	test_connects();
	test_subscriptions();
	test_pace();
	test_exclock();
	test_latency();
	return tap_done();
}
