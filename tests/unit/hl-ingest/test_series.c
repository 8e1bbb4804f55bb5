/*
 * series: frames, rows and time in; forming and closed bars, gaps and notes
 * out, as one line of text each.
 */
#include <stdlib.h>

#include "common/buf.h"
#include "hl-ingest/series.h"
#include "tests/unit/tap.h"

#define M   INT64_C(60000)
#define T0  (INT64_C(30000000) * M) /* an opening time */
#define SEC INT64_C(1000)

static struct buf seen;

/* Minutes after T0, which may be beyond one bar for a gap's end. */
static long
minute(int64_t ms)
{
	return (long)((ms - T0) / M);
}

static void
on_forming(void *arg, struct series *s, const struct candle *c)
{
	(void)arg;
	(void)s;
	buf_addf(&seen, "f%ld:%ld ", minute(c->open_ms), (long)c->trades);
}

static void
on_closed(void *arg, struct series *s, const struct candle *c, bool live)
{
	(void)arg;
	(void)s;
	buf_addf(&seen, "c%ld:%ld%s ", minute(c->open_ms), (long)c->trades,
	    live && c->recv_ms > 0    ? "E"
	    : !live && c->recv_ms < 0 ? ""
				      : "?");
}

static void
on_gap(void *arg, struct series *s, int64_t from, int64_t to, const char *why)
{
	(void)arg;
	(void)s;
	buf_addf(&seen, "gap%ld-%ld(%.5s) ", minute(from), minute(to), why);
}

static void
on_note(
    void *arg, struct series *s, enum series_note note, const struct candle *c)
{
	static const char *const names[] = {"regressed", "late", "duplicate",
	    "amended", "corrected", "unconfirmed", "unchecked", "stale",
	    "fresh"};

	(void)arg;
	(void)s;
	(void)c;
	buf_addf(&seen, "%s ", names[note]);
}

static const struct series_ops ops = {on_forming, on_closed, on_gap, on_note};

static struct series_policy policy;

static struct candle
bar(long at, long trades)
{
	struct candle c = {
	    .open_ms = T0 + at * M,
	    .close_ms = T0 + at * M + M - 1,
	    .recv_ms = -1,
	    .trades = trades,
	    .open = {100, 0},
	    .close = {100 + trades, 0},
	    .high = {100 + trades, 0},
	    .low = {100, 0},
	    .volume = {trades, 0},
	    .symbol = "BTC",
	    .symbol_len = 3,
	};

	return c;
}

static void
start(struct series *s, long from, bool begun, enum series_confirm confirm)
{
	policy = (struct series_policy){
	    .grace_ms = 2000,
	    .settle_ms = 5000,
	    .wait_ms = 300000,
	    .keep_bars = 5000,
	};
	series_init(s, "BTC", 0, T0 + from * M, begun, &policy, &ops, NULL);
	s->confirm = confirm;
	series_up(s, T0 - SEC);
	buf_reset(&seen);
}

static void
frame(struct series *s, long at, long trades, int64_t now)
{
	struct candle c = bar(at, trades);

	series_frame(s, &c, T0 + now);
}

/* Rows first .. last with so many trades each, answered at now. */
static void
rows(struct series *s, long first, long last, long trades, int64_t now)
{
	static struct candle v[SERIES_UNCHECKED_MAX + 2];
	size_t n = 0;

	for (; first <= last; first++)
		v[n++] = bar(first, trades);
	series_asked(s, T0 + now);
	series_rows(s, v, n, T0 + now, T0 + now, T0 + now);
}

static void
is(const char *want, const char *what)
{
	if (seen.len > 0)
		seen.p[--seen.len] = '\0';
	is_str(seen.len > 0 ? seen.p : "", want, what);
	buf_reset(&seen);
}

static int64_t
due(const struct series *s, int64_t now)
{
	struct series_ask ask;

	series_ask(s, T0 + now, &ask);
	return ask.due_ms - T0;
}

static void
test_hold(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 1, SEC);
	frame(&s, 0, 2, 2 * SEC);
	frame(&s, 0, 2, 3 * SEC);
	is("f0:1 f0:2 duplicate", "forming bars pass, equal frames do not");
	frame(&s, 1, 1, M + SEC);
	is("f1:1", "the next bar forms on while the last waits for REST");
	is_int(due(&s, M + SEC), M + 2 * SEC, "REST is asked after the grace");
	rows(&s, 0, 0, 2, M + 2 * SEC);
	is("", "a row without a later one is not final at once");
	is_int(due(&s, M + 2 * SEC), M + 5 * SEC, "asked again at 5 s");
	rows(&s, 0, 1, 2, M + 3 * SEC);
	is("c0:2E", "one that trades of the next bar follow is");
	frame(&s, 1, 5, M + 30 * SEC);
	frame(&s, 2, 1, 2 * M + SEC);
	is("f1:5 f2:1", "it goes on");
	rows(&s, 1, 1, 6, 2 * M + 5 * SEC);
	is("amended c1:6E", "or one that had 5 s; REST's values are printed");
	frame(&s, 1, 7, 2 * M + 6 * SEC);
	is("late", "a frame of a closed bar prints nothing");
	series_release(&s);
}

static void
test_lagging_rest(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 9, SEC);
	frame(&s, 1, 1, M + SEC);
	rows(&s, 0, 0, 4, M + 6 * SEC);
	is("f0:9 f1:1", "a row with fewer trades than the frames is behind");
	is_int(due(&s, M + 6 * SEC), M + 15 * SEC, "asked at 15 s");
	rows(&s, 0, 0, 4, M + 15 * SEC);
	is_int(due(&s, M + 15 * SEC), 2 * M, "asked at 60 s");
	is("", "and printed nowhere");
	rows(&s, 0, 0, 4, 2 * M + SEC);
	is("amended c0:4E", "after a minute REST wins all the same");
	series_release(&s);
}

static void
test_quiet(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	series_down(&s);
	is_int(due(&s, 0), M + 5 * SEC, "a bar without frames: asked at 5 s");
	rows(&s, 0, -1, 0, M + 5 * SEC);
	is("", "the row is absent: nothing is invented");
	is_int(due(&s, M + 5 * SEC), M + 15 * SEC, "again at 15 s");
	rows(&s, 0, 0, 0, M + 15 * SEC);
	is("c0:0", "the flat row closes it, without E");
	rows(&s, 2, 2, 3, 3 * M + 5 * SEC);
	is("", "a row is missing before one that just closed");
	rows(&s, 1, 2, 3, 3 * M + 15 * SEC);
	is("c1:3 c2:3", "it came late, and nothing was lost");
	rows(&s, 4, 4, 3, 6 * M + SEC);
	is("", "a minute later it may still come");
	rows(&s, 4, 4, 3, 7 * M + SEC);
	is("gap3-3(not l) c4:3", "one that stays away is a gap");
	series_release(&s);
}

static void
test_outage(void)
{
	struct series s;
	struct candle late;

	start(&s, 0, true, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 2, SEC);
	series_down(&s);
	rows(&s, -1, 9, 3, 9 * M + 30 * SEC);
	is("f0:2 c0:3 c1:3 c2:3 c3:3 c4:3 c5:3 c6:3 c7:3 c8:3",
	    "after an outage REST has all, the cut bar without E");
	series_up(&s, T0 + 9 * M + 30 * SEC);
	frame(&s, 9, 4, 9 * M + 31 * SEC);
	frame(&s, 10, 1, 10 * M + SEC);
	rows(&s, 8, 10, 4, 10 * M + 2 * SEC);
	is("f9:4 f10:1 c9:4", "a bar watched from its middle has no E");
	frame(&s, 11, 1, 11 * M + SEC);
	rows(&s, 10, 11, 1, 11 * M + 2 * SEC);
	is("f11:1 c10:1E", "the next one has it");
	series_down(&s);
	late = bar(20000, 1);
	series_asked(&s, T0 + 20010 * M);
	series_rows(
	    &s, &late, 1, T0 + 20010 * M, T0 + 20010 * M, T0 + 20010 * M);
	is("gap11-19999(older) c20000:1",
	    "what the exchange keeps no more is one gap");
	series_release(&s);
}

static void
test_after(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_AFTER);
	frame(&s, 0, 1, SEC);
	frame(&s, 1, 1, M + SEC);
	is("f0:1 c0:1E f1:1", "after: the next frame closes the bar");
	series_tick(&s, T0 + 2 * M + SEC);
	is("", "within the grace late frames may come");
	frame(&s, 1, 2, 2 * M + SEC);
	series_tick(&s, T0 + 2 * M + 2 * SEC);
	is("f1:2 c1:2E", "then the clock closes it");
	rows(&s, 0, 1, 1, 2 * M + 12 * SEC);
	is("corrected", "REST's check tells the bar that was wrong, once");
	rows(&s, 0, 1, 1, 2 * M + 20 * SEC);
	is("", "and only once");
	frame(&s, 4, 1, 4 * M + SEC);
	frame(&s, 5, 1, 5 * M + SEC);
	is("f4:1 f5:1", "bars without frames between: they wait for REST");
	rows(&s, 2, 4, 1, 5 * M + 6 * SEC);
	is("c2:1 c3:1 c4:1E", "which has them");
	policy.full = true;
	frame(&s, 6, 1, 6 * M + SEC);
	is("f6:1", "a slow reader: no bar is closed");
	policy.full = false;
	series_tick(&s, T0 + 6 * M + 3 * SEC);
	is("c5:1E", "until it has room");
	series_release(&s);
}

/* As many bars as a series remembers, and one more. */
static void
test_many_unchecked(void)
{
	struct series_ask ask;
	struct series s;
	int i;

	start(&s, 0, false, SERIES_CONFIRM_AFTER);
	for (i = 0; i <= SERIES_UNCHECKED_MAX; i++) {
		frame(&s, i, i == 700 ? 2 : 1, i * M + SEC);
		buf_reset(&seen);
	}
	frame(&s, i, 1, i * M + SEC);
	is("unchecked c1440:1E f1441:1", "a day of bars awaits its check: the "
					 "oldest is given up");
	series_ask(&s, T0 + i * M + SEC, &ask);
	ok(ask.from_ms == T0 && ask.urgency == SERIES_ASK_CHECK,
	    "all others are asked for at once");
	rows(&s, 0, SERIES_UNCHECKED_MAX, 1, i * M + 12 * SEC);
	is("corrected", "and the one that was wrong is found among them");
	ok(s.n_unchecked == 0, "then nothing is left to check");
	series_release(&s);
}

static void
test_wait(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 1, SEC);
	frame(&s, 1, 1, M + SEC);
	series_tick(&s, T0 + 5 * M);
	is("f0:1 f1:1", "REST is away: bars wait");
	series_tick(&s, T0 + 6 * M);
	is("unconfirmed c0:1E", "but not for ever");
	series_down(&s);
	rows(&s, 0, 1, 2, 6 * M + 30 * SEC);
	is("corrected amended c1:2E", "and are checked when it is back");
	series_release(&s);
}

static void
test_regress(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 9, SEC);
	frame(&s, 0, 1, 2 * SEC);
	frame(&s, 0, 0, 3 * SEC);
	is("f0:9 regressed f0:1 f0:0", "volume lost is noted once a bar");
	series_release(&s);
}

static void
test_stale(void)
{
	struct series s;

	start(&s, 0, true, SERIES_CONFIRM_HOLD);
	frame(&s, 0, 1, SEC);
	rows(&s, -1, 1, 5, M + 40 * SEC);
	is("f0:1 stale amended c0:5E",
	    "trades in REST that no frame told: the subscription is dead");
	frame(&s, 1, 6, M + 41 * SEC);
	is("fresh f1:6", "until a frame comes");
	series_release(&s);
	start(&s, 0, true, SERIES_CONFIRM_HOLD);
	rows(&s, -1, 0, 0, M + 5 * SEC);
	is("c0:0", "quiet is not dead");
	rows(&s, 0, 1, 1, 2 * M + 5 * SEC);
	is("c1:1", "nor is a bar whose one trade got no frame");
	rows(&s, 1, 2, 1, 3 * M + 5 * SEC);
	rows(&s, 2, 3, 1, 4 * M + 5 * SEC);
	is("c2:1 stale c3:1", "but several such bars are");
	is_int(due(&s, 4 * M + 5 * SEC), 5 * M + 5 * SEC, "asked once a bar");
	series_release(&s);
	/* A burst after long quiet: its frames are on their way. */
	start(&s, 0, true, SERIES_CONFIRM_OFF);
	frame(&s, 0, 1, SEC);
	rows(&s, -1, 0, 9, 30 * SEC);
	is("f0:1", "nine trades may have been just now");
	is_int(due(&s, 30 * SEC), 55 * SEC, "a second look tells");
	rows(&s, -1, 0, 10, 40 * SEC);
	is("", "but not within seconds,");
	rows(&s, -1, 0, 10, 55 * SEC);
	is("stale", "and nine are too many once their frames should be here");
	series_release(&s);
}

static void
test_clocks(void)
{
	struct series s;

	start(&s, 5, false, SERIES_CONFIRM_HOLD);
	frame(&s, 3, 1, 5 * M);
	is("f3:1", "a series that began ahead of the exchange goes back");
	rows(&s, 3, 3, 1, 3 * M + 30 * SEC);
	is("", "by a clock that is behind nothing is over");
	frame(&s, 4, 1, 5 * M + 5 * SEC);
	policy.data_ms = T0 + 4 * M;
	policy.data_since_ms = T0 + 5 * M + 5 * SEC;
	rows(&s, 3, 3, 1, 5 * M + 5 * SEC - 2 * M);
	is("f4:1", "by a clock that is behind, not even then");
	{
		struct candle v[2] = {bar(3, 1), bar(4, 1)};

		/* The exchange's clock seems to have jumped: no time passed. */
		series_asked(&s, T0 + 8 * M);
		series_rows(&s, v, 2, T0 + 5 * M + 6 * SEC,
		    T0 + 3 * M + 40 * SEC, T0 + 8 * M);
		is("", "a jump of its clock proves nothing");
		series_asked(&s, T0 + 5 * M + 7 * SEC);
		series_rows(&s, v, 2, T0 + 5 * M + 7 * SEC,
		    T0 + 3 * M + 40 * SEC, T0 + 5 * M + 7 * SEC);
	}
	is("c3:1E", "but the later frame proves it");
	{
		struct candle v[2] = {bar(4, 1), bar(5, 1)};

		/* Another series shows a later bar while this answer is on its
		 * way. */
		series_asked(&s, T0 + 5 * M + 8 * SEC);
		policy.data_ms = T0 + 6 * M;
		policy.data_since_ms = T0 + 6 * M + 5 * SEC;
		series_rows(&s, v, 2, T0 + 5 * M + 8 * SEC,
		    T0 + 3 * M + 40 * SEC, T0 + 6 * M + 6 * SEC);
		is("", "what was seen after the question says nothing");
		series_asked(&s, T0 + 6 * M + 7 * SEC);
		series_rows(&s, v, 2, T0 + 6 * M + 7 * SEC,
		    T0 + 3 * M + 40 * SEC, T0 + 6 * M + 7 * SEC);
		is("c4:1E", "what was seen before it does");
	}
	series_release(&s);
}

static void
test_strict(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	policy.strict_order = true;
	frame(&s, 0, 1, SEC);
	frame(&s, 1, 1, M + SEC);
	frame(&s, 1, 2, M + 2 * SEC);
	is("f0:1", "strict: forming bars wait");
	rows(&s, 0, 1, 1, M + 3 * SEC);
	is("c0:1E f1:2", "for the one before them; the newest comes then");
	series_release(&s);
}

static void
test_poll(void)
{
	struct series s;

	start(&s, 0, false, SERIES_CONFIRM_HOLD);
	policy.poll_ms = 5000;
	series_down(&s);
	rows(&s, 0, 0, 1, SEC);
	rows(&s, 0, 0, 1, 6 * SEC);
	rows(&s, 0, 0, 2, 11 * SEC);
	is("f0:1 f0:2", "poll: forming bars by REST, when they change");
	is_int(due(&s, 11 * SEC), 16 * SEC, "every so often");
	rows(&s, 0, 0, 3, M + 3 * SEC);
	is("f0:3", "a row is not final before it settled");
	rows(&s, 0, 1, 3, M + 5 * SEC);
	is("c0:3 f1:3", "then it closes, without E");
	series_release(&s);
}

int
main(void)
{
	buf_init(&seen, 1 << 16);
	test_hold();
	test_lagging_rest();
	test_quiet();
	test_outage();
	test_after();
	test_many_unchecked();
	test_wait();
	test_regress();
	test_stale();
	test_clocks();
	test_strict();
	test_poll();
	buf_release(&seen);
	return tap_done();
}
