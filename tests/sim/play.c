#include <string.h>
#include <time.h>

#include "tests/sim/describe.h"
#include "tests/sim/dice.h"
#include "tests/sim/peer.h"
#include "tests/sim/play.h"

#define CTX_PERIOD_US  INT64_C(1000000)
#define MIDS_PERIOD_US INT64_C(5000000)

/* --- candle frames ------------------------------------------------------- */

/*
 * About one bar in seven ends without a frame for its last trade: the frame
 * before is the last that anybody sees, and REST knows better.
 */
static bool
tail_is_missing(struct sim *s, struct series *sr, int64_t t, int64_t time_ms)
{
	const struct trade *tr;
	int64_t edge = t + sr->step;
	size_t n;

	if (s->opt.tail_ppm == 0 || time_ms < edge - sr->tape->step)
		return false;
	n = tape_trades(sr->tape, edge - sr->tape->step, &tr);
	if (n < 2 || tr[n - 1].time_ms != time_ms)
		return false;
	return (int64_t)dice_below(
		   dice_roll(s->market.seed, 77, (uint64_t)edge), 1000000) <
	       s->opt.tail_ppm;
}

static void
log_frame(struct sim *s, const struct subscription *sub, const struct bar *b)
{
	struct timespec ts;

	if (s->opt.frames_log == NULL)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	fprintf(s->opt.frames_log,
	    "{\"us\":%lld,\"conn\":%lld,\"s\":\"%s\",\"i\":\"%s\",\"t\":%lld,"
	    "\"n\":%lld}\n",
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000,
	    (long long)sub->peer->number, sub->coin->name,
	    interval_name(sub->series->interval), (long long)b->t,
	    (long long)b->n);
}

static void
deliver(struct sim *s, struct subscription *sub, const struct bar *b,
    const char *text, size_t n)
{
	peer_text(sub->peer, text, n);
	log_frame(s, sub, b);
	sim_count(s, STATS_FRAMES, 1);
	sub->series->frames++;
}

/* Keep what the stale fault sends again later: the last frame of the bar
 * before. */
static void
remember(
    struct subscription *sub, const struct bar *b, const char *text, size_t n)
{
	if (b->t != sub->last_t) {
		struct buf swap = sub->old;

		sub->old = sub->last;
		sub->last = swap;
		sub->last_t = b->t;
	}
	buf_reset(&sub->last);
	buf_add(&sub->last, text, n);
}

/* One frame to one subscriber, past the faults that concern frames. */
static void
send_frame(struct sim *s, struct subscription *sub, const struct bar *b,
    const char *text, size_t n)
{
	struct fault_occasion o = {
	    .conn = sub->peer->number,
	    .coin = sub->coin->name,
	    .interval = interval_name(sub->series->interval),
	    .type = "candle",
	};
	struct faults *fs = &s->faults;
	struct fault *f;
	bool late;

	if (b->t != sub->last_t)
		sim_count(s, STATS_BARS, 1);
	if (fs->standing[FAULT_STALE] != 0 || fs->list != NULL)
		remember(sub, b, text, n);
	else
		sub->last_t = b->t;
	f = faultset_stands(fs, FAULT_DEAD, &o);
	if (sub->dead || (f != NULL && f->how[0] != '\0'))
		return;
	if (faultset_take(fs, FAULT_LOSE, &o) != NULL)
		return;
	late = sub->held.len > 0;
	if (!late && faultset_take(fs, FAULT_REORDER, &o) != NULL) {
		buf_add(&sub->held, text, n);
		return;
	}
	deliver(s, sub, b, text, n);
	if (faultset_take(fs, FAULT_DUPLICATE, &o) != NULL)
		deliver(s, sub, b, text, n);
	if (late) {
		deliver(s, sub, b, sub->held.p, sub->held.len);
		buf_reset(&sub->held);
	}
	if (sub->old.len > 0 && faultset_take(fs, FAULT_STALE, &o) != NULL)
		deliver(s, sub, b, sub->old.p, sub->old.len);
}

static void
send_series(struct sim *s, struct series *sr, int64_t time_ms)
{
	int64_t t = interval_open(sr->interval, time_ms);
	struct subscription *sub, *next;
	struct bar b;
	struct buf text;

	if (!market_bar(sr, t, time_ms, TAPE_FRAME, &b) || b.n == 0 ||
	    tail_is_missing(s, sr, t, time_ms))
		return;
	buf_init(&text, 1024);
	buf_adds(&text, "{\"channel\":\"candle\",\"data\":");
	bar_print(&text, &b, sr->coin->name, sr->interval, &sr->coin->scale,
	    BAR_ORDER_FRAME, NULL);
	buf_addc(&text, '}');
	for (sub = sr->subscriptions; sub != NULL; sub = next) {
		next = sub->next;
		send_frame(s, sub, &b, text.p, text.len);
	}
	buf_release(&text);
}

static void
send_trades(struct sim *s, struct coin *c, struct tape *tp, int64_t time_ms)
{
	struct subscription *sub, *next;
	struct buf text;

	if (c->ctx_subscriptions == NULL || tp != &c->tapes[0])
		return;
	buf_init(&text, 1 << 20);
	for (sub = c->ctx_subscriptions; sub != NULL; sub = next) {
		next = sub->next;
		buf_reset(&text);
		if (sub->type == FEED_TRADES)
			describe_trades(s, c, time_ms, time_ms, &text);
		else if (sub->type == FEED_BBO)
			describe_bbo(s, c, time_ms, &text);
		if (text.len > 0)
			peer_text(sub->peer, text.p, text.len);
	}
	buf_release(&text);
}

void
play_kill(struct sim *s, struct fault *f)
{
	for (struct peer *p = s->peers; p != NULL; p = p->next)
		for (struct subscription *sub = p->subscriptions; sub != NULL;
		     sub = sub->peer_next) {
			struct fault_occasion o = {.conn = p->number};

			if (sub->series == NULL)
				continue;
			o.coin = sub->coin->name;
			o.interval = interval_name(sub->series->interval);
			if (faultset_stands(&s->faults, FAULT_DEAD, &o) != f)
				continue;
			if (f->how[0] == '\0')
				sub->dead = true;
			else if (strcmp(f->how, "conn") == 0)
				f->conn = p->number;
		}
}

/* --- players ------------------------------------------------------------- */

static void on_trade(struct timer *t);

static void
arm(struct sim *s, struct player *pl, struct tape *tp, int64_t after_ms)
{
	bool found;

	pl->time_ms = tape_next(tp, after_ms, &found);
	pl->waiting = !found;
	pl->sim = s;
	pl->timer.fire = on_trade;
	if (pl->time_ms == INT64_MAX)
		timerq_clear(&s->events, &pl->timer);
	else
		timerq_set(&s->events, &pl->timer,
		    (pl->time_ms + s->opt.latency_ms) * 1000);
}

static void
on_trade(struct timer *t)
{
	struct player *pl = CONTAINER_OF(t, struct player, timer);
	struct sim *s = pl->sim;
	int64_t now = pl->time_ms;
	struct coin *c = pl->coin;
	struct tape *tp = &c->tapes[pl - c->players];

	if (!pl->waiting) {
		for (size_t k = 0; k < INTERVAL_COUNT; k++) {
			struct series *sr = c->series[k];

			if (sr != NULL && sr->tape == tp &&
			    sr->subscriptions != NULL)
				send_series(s, sr, now);
		}
		send_trades(s, c, tp, now);
	}
	if (pl->listeners > 0)
		arm(s, pl, tp, now);
}

static void
listen_to(struct sim *s, struct coin *c, size_t i)
{
	struct player *pl = &c->players[i];

	pl->coin = c;
	if (pl->listeners++ == 0 && s->started)
		arm(s, pl, &c->tapes[i],
		    simclock_ms(&s->clock) - s->opt.latency_ms);
}

static size_t
tape_index(const struct subscription *sub)
{
	return sub->series == NULL
		   ? 0
		   : (size_t)(sub->series->tape - sub->coin->tapes);
}

void
play_rearm(struct sim *s)
{
	for (size_t i = 0; i < s->market.n_coins; i++) {
		struct coin *c = s->market.coins[i];

		for (size_t k = 0; k < c->n_tapes; k++)
			if (c->players[k].listeners > 0)
				arm(s, &c->players[k], &c->tapes[k],
				    simclock_ms(&s->clock) - s->opt.latency_ms);
	}
}

/* --- contexts, books, mids ----------------------------------------------- */

static void
send_text(struct subscription *sub, enum feed_type type, const struct buf *text)
{
	struct subscription *next;

	for (; sub != NULL; sub = next) {
		next = sub->next;
		if (sub->type == type)
			peer_text(sub->peer, text->p, text->len);
	}
}

static void
on_ctx(struct timer *t)
{
	struct coin *c = CONTAINER_OF(t, struct coin, ctx_timer);
	struct sim *s = c->sim;
	struct buf text;

	if (c->ctx_subscriptions == NULL)
		return;
	buf_init(&text, 1 << 20);
	describe_ctx_frame(s, c, &text);
	send_text(c->ctx_subscriptions, FEED_CTX, &text);
	buf_reset(&text);
	describe_book(s, c, true, &text);
	send_text(c->ctx_subscriptions, FEED_BOOK, &text);
	buf_release(&text);
	timerq_set(&s->events, t, t->due_us + CTX_PERIOD_US);
}

static void
on_mids(struct timer *t)
{
	struct sim *s = CONTAINER_OF(t, struct sim, mids_timer);
	struct buf text;

	if (s->mids == NULL)
		return;
	buf_init(&text, 1 << 22);
	buf_adds(&text, "{\"channel\":\"allMids\",\"data\":{\"mids\":");
	describe_mids(s, "", &text);
	buf_adds(&text, "}}");
	send_text(s->mids, FEED_MIDS, &text);
	buf_release(&text);
	timerq_set(&s->events, t, t->due_us + MIDS_PERIOD_US);
}

static void
start_timer(struct sim *s, struct timer *t, void (*fire)(struct timer *))
{
	t->fire = fire;
	if (!timer_is_set(t))
		timerq_set(&s->events, t, simclock_us(&s->clock) + 1000);
}

/* Subscribers of trades get the last ones at once, those of a book the book. */
static void
first_frame(struct sim *s, struct subscription *sub)
{
	int64_t now = simclock_ms(&s->clock);
	struct buf text;

	buf_init(&text, 1 << 20);
	if (sub->type == FEED_TRADES)
		describe_trades(s, sub->coin, now - 60000, now, &text);
	else if (sub->type == FEED_BBO)
		describe_bbo(s, sub->coin, now, &text);
	if (text.len > 0)
		peer_text(sub->peer, text.p, text.len);
	buf_release(&text);
}

void
play_join(struct sim *s, struct subscription *sub)
{
	if (sub->type == FEED_MIDS) {
		start_timer(s, &s->mids_timer, on_mids);
		return;
	}
	sub->coin->sim = s;
	if (sub->type == FEED_CTX || sub->type == FEED_BOOK)
		start_timer(s, &sub->coin->ctx_timer, on_ctx);
	else
		listen_to(s, sub->coin, tape_index(sub));
	first_frame(s, sub);
}

void
play_leave(struct sim *s, struct subscription *sub)
{
	struct player *pl;

	if (sub->type == FEED_MIDS || sub->type == FEED_CTX ||
	    sub->type == FEED_BOOK)
		return;
	pl = &sub->coin->players[tape_index(sub)];
	if (--pl->listeners == 0)
		timerq_clear(&s->events, &pl->timer);
}
