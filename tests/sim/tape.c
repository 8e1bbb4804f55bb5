#include <stdlib.h>

#include "tests/sim/tape.h"

/* How far tape_next() looks ahead in one call, in base bars. */
#define LOOK_AHEAD 512

void
tape_init(struct tape *tp, const struct tape_ops *ops, void *self,
    const struct tape_events *events, int64_t step, int64_t first, int64_t last,
    size_t max_trades)
{
	*tp = (struct tape){
	    .ops = ops,
	    .self = self,
	    .events = events,
	    .step = step,
	    .first = first,
	    .last = last,
	    .max_trades = max_trades,
	    .trades_t = -1,
	};
	tp->trades = calloc(max_trades, sizeof(*tp->trades));
	if (tp->trades == NULL)
		abort();
}

void
tape_release(struct tape *tp)
{
	tp->ops->release(tp);
	free(tp->trades);
	free(tp->bars);
}

static bool
halted(const struct tape *tp, int64_t time_ms)
{
	const struct tape_events *ev = tp->events;

	for (size_t i = 0; i < ev->n_halts; i++)
		if (time_ms >= ev->halts[i].from && time_ms < ev->halts[i].to)
			return true;
	return false;
}

size_t
tape_trades(struct tape *tp, int64_t t, const struct trade **out)
{
	size_t n = 0;

	*out = tp->trades;
	if (t == tp->trades_t &&
	    tp->trades_generation == tp->events->generation)
		return tp->n_trades;
	tp->trades_t = t;
	tp->trades_generation = tp->events->generation;
	tp->n_trades = 0;
	if (t < tp->first || t > tp->last || !tp->ops->exists(tp, t))
		return 0;
	tp->n_trades = tp->ops->trades(tp, t, tp->trades, tp->max_trades);
	if (tp->events->n_halts == 0)
		return tp->n_trades;
	for (size_t i = 0; i < tp->n_trades; i++)
		if (!halted(tp, tp->trades[i].time_ms))
			tp->trades[n++] = tp->trades[i];
	return tp->n_trades = n;
}

int64_t
tape_next(struct tape *tp, int64_t after_ms, bool *found)
{
	int64_t t = after_ms - after_ms % tp->step;

	*found = false;
	if (t < tp->first)
		t = tp->first;
	for (int i = 0; i < LOOK_AHEAD && t <= tp->last; i++, t += tp->step) {
		const struct trade *tr;
		size_t n = tape_trades(tp, t, &tr);

		for (size_t k = 0; k < n; k++)
			if (tr[k].time_ms > after_ms) {
				*found = true;
				return tr[k].time_ms;
			}
	}
	return t > tp->last ? INT64_MAX : t - 1;
}

/* Make the table of base bars reach index i. */
static void
reach(struct tape *tp, size_t i)
{
	size_t n = tp->n_bars;

	if (i < n)
		return;
	n = n == 0 ? 1024 : n;
	while (n <= i)
		n *= 2;
	tp->bars = realloc(tp->bars, n * sizeof(*tp->bars));
	if (tp->bars == NULL)
		abort();
	for (size_t k = tp->n_bars; k < n; k++)
		tp->bars[k].t = -1;
	tp->n_bars = n;
}

/* Sum the trades of the base bar at t that lie within [from, to]. */
static void
sum(struct tape *tp, int64_t t, int64_t from, int64_t to, struct bar *out)
{
	const struct trade *tr;
	size_t n = tape_trades(tp, t, &tr);

	*out = (struct bar){.t = t};
	for (size_t k = 0; k < n && tr[k].time_ms <= to; k++)
		if (tr[k].time_ms >= from)
			bar_add(out, &tr[k]);
}

/* The whole base bar at t, flat ones with n = 0 and no price yet. */
static const struct bar *
base(struct tape *tp, int64_t t)
{
	size_t i = (size_t)((t - tp->first) / tp->step);

	reach(tp, i);
	if (tp->bars[i].t < 0)
		sum(tp, t, t, t + tp->step - 1, &tp->bars[i]);
	return &tp->bars[i];
}

/* The last price before the base bar at t. */
static int64_t
price_before(struct tape *tp, int64_t t)
{
	for (int64_t u = t - tp->step; u >= tp->first; u -= tp->step) {
		const struct bar *b;

		if (!tp->ops->exists(tp, u))
			continue;
		b = base(tp, u);
		if (b->n > 0)
			return b->c;
	}
	return tp->ops->price(tp, t);
}

/* Sum [from, to] over base bars; whole ones from the table. */
static void
join(struct tape *tp, int64_t from, int64_t to, int64_t now_ms, struct bar *out)
{
	int64_t t = from - from % tp->step;

	for (; t <= to && t <= tp->last; t += tp->step) {
		struct bar part;

		if (t < tp->first || !tp->ops->exists(tp, t))
			continue;
		if (t >= from && t + tp->step - 1 <= to &&
		    t + tp->step - 1 < now_ms) {
			bar_join(out, base(tp, t));
			continue;
		}
		sum(tp, t, from, to, &part);
		bar_join(out, &part);
	}
}

/* The last loss inside (t, to], or t. */
static int64_t
loss_in(const struct tape *tp, int64_t t, int64_t to, enum tape_view view)
{
	const struct tape_events *ev = tp->events;
	int64_t at = t;

	for (size_t i = 0; view != TAPE_WHOLE && i < ev->n_losses; i++)
		if (ev->losses[i].at > at && ev->losses[i].at <= to &&
		    (view == TAPE_FRAME || ev->losses[i].rest))
			at = ev->losses[i].at;
	return at;
}

/* Whether any base bar of the tape lies within [t, end). */
static bool
covers(const struct tape *tp, int64_t t, int64_t end)
{
	int64_t u = t > tp->first ? t : tp->first;

	for (; u < end && u <= tp->last; u += tp->step)
		if (tp->ops->exists(tp, u))
			return true;
	return false;
}

bool
tape_bar(struct tape *tp, int64_t t, int64_t end, int64_t now_ms,
    enum tape_view view, struct bar *out)
{
	int64_t to = now_ms < end ? now_ms : end - 1;
	int64_t start;

	if (t > now_ms || !covers(tp, t, end))
		return false;
	*out = (struct bar){.t = t};
	start = loss_in(tp, t, to, view);
	join(tp, start, to, now_ms, out);
	if (start > t) {
		/* The open survives the loss. */
		struct bar before = {.t = t};

		join(tp, t, start - 1, now_ms, &before);
		if (before.n > 0 && out->n == 0)
			bar_flat(out, t, before.o);
		else if (before.n > 0) {
			out->o = before.o;
			if (out->o > out->h)
				out->h = out->o;
			if (out->o < out->l)
				out->l = out->o;
		}
		if (before.n > 0)
			return true;
	}
	if (out->n == 0)
		bar_flat(
		    out, t, price_before(tp, t < tp->first ? tp->first : t));
	out->t = t;
	return true;
}
