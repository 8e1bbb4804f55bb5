#include <stdlib.h>
#include <string.h>

#include "tests/sim/dice.h"
#include "tests/sim/tape_record.h"

/* Enough for open, high, low, close whatever the wish for frames is. */
#define POINTS_MIN 4

struct record {
	struct bar *bars;
	size_t n;
	size_t *index; /* of the bar at first + i * step, or SIZE_MAX */
	size_t n_index;
	size_t frames;
	uint64_t seed;
};

static const struct bar *
find(const struct tape *tp, int64_t t)
{
	const struct record *r = tp->self;
	size_t i;

	if (t < tp->first || t > tp->last)
		return NULL;
	i = (size_t)((t - tp->first) / tp->step);
	return r->index[i] == SIZE_MAX ? NULL : &r->bars[r->index[i]];
}

static bool
exists(const struct tape *tp, int64_t t)
{
	return find(tp, t) != NULL;
}

static int64_t
price(const struct tape *tp, int64_t t)
{
	const struct bar *b = find(tp, t);

	return b != NULL ? b->o : ((struct record *)tp->self)->bars[0].o;
}

/* The prices that the bar must touch, in order, no two alike in a row. */
static size_t
turning_points(const struct bar *b, uint64_t roll, int64_t *px)
{
	int64_t first = (roll & 1) != 0 ? b->h : b->l;
	int64_t second = (roll & 1) != 0 ? b->l : b->h;
	size_t n = 0;

	px[n++] = b->o;
	if (first != b->o && first != b->c)
		px[n++] = first;
	if (second != b->o && second != b->c)
		px[n++] = second;
	if (b->c != b->o || n > 1)
		px[n++] = b->c;
	return n;
}

/* Put prices within [low, high] between the n turning points until there are
 * want. */
static void
fill_in(const struct bar *b, uint64_t roll, int64_t *px, size_t n, size_t want)
{
	for (; n < want; n++) {
		size_t at = n == 1 ? 1 : 1 + (size_t)dice_below(roll, n - 1);

		roll = dice_mix(roll);
		memmove(px + at + 1, px + at, (n - at) * sizeof(*px));
		px[at] = b->l +
			 (int64_t)dice_below(roll, (uint64_t)(b->h - b->l) + 1);
		if (n == 1)
			px[at] = b->c; /* a bar of one price keeps it */
		roll = dice_mix(roll);
	}
}

/* Share total among the n trades by weights; the last one gets the rest. */
static void
share(int64_t total, const int64_t *weight, size_t n, int64_t *part)
{
	int64_t left = total, all = 0;

	for (size_t k = 0; k < n; k++)
		all += weight[k];
	for (size_t k = 0; k + 1 < n; k++) {
		part[k] = (int64_t)((__extension__(__int128) total) *
				    weight[k] / all);
		left -= part[k];
	}
	part[n - 1] = left;
}

static int64_t
when(const struct tape *tp, int64_t t, size_t k, size_t n, uint64_t roll)
{
	int64_t lo = tp->step * (int64_t)k / (int64_t)n;
	int64_t hi = tp->step * (int64_t)(k + 1) / (int64_t)n;

	/* Every third bar trades in its last 40 ms. */
	if (k + 1 == n && n > 1 && roll % 3 == 0)
		return t + tp->step - 1 - (int64_t)(roll >> 8) % 40;
	return t + lo + (int64_t)dice_below(roll, (uint64_t)(hi - lo));
}

static size_t
trades(const struct tape *tp, int64_t t, struct trade *out, size_t max)
{
	const struct record *r = tp->self;
	const struct bar *b = find(tp, t);
	uint64_t roll = dice_roll(r->seed, 1, (uint64_t)t);
	int64_t px[256], weight[256] = {0}, sz[256], fills[256];
	size_t n, want;

	if (b == NULL || b->n == 0)
		return 0;
	n = turning_points(b, roll, px);
	want = r->frames < (size_t)b->n ? r->frames : (size_t)b->n;
	if (want < n)
		want = n;
	if (want > max)
		want = max;
	fill_in(b, roll, px, n, want);
	for (size_t k = 0; k < want; k++) {
		uint64_t w = dice_roll(r->seed, 2 + k, (uint64_t)t);

		/* What comes last is small: missing it is easily missed. */
		weight[k] = 1 + (int64_t)dice_below(
				    w, k + 1 == want && k > 0 ? 10 : 100);
	}
	share(b->v, weight, want, sz);
	if (b->n >= (int64_t)want) {
		share(b->n - (int64_t)want, weight, want, fills);
		for (size_t k = 0; k < want; k++)
			fills[k]++;
	} else {
		/* Fewer trades than prices to touch: the first ones count. */
		for (size_t k = 0; k < want; k++)
			fills[k] = k < (size_t)b->n;
	}
	for (size_t k = 0; k < want; k++)
		out[k] = (struct trade){
		    .time_ms = when(tp, t, k, want,
			dice_roll(r->seed, 1000 + k, (uint64_t)t)),
		    .px = px[k],
		    .sz = sz[k],
		    .n = fills[k],
		};
	return want;
}

static void
release(struct tape *tp)
{
	struct record *r = tp->self;

	free(r->bars);
	free(r->index);
	free(r);
}

static const struct tape_ops ops = {trades, exists, price, release};

void
tape_record_init(struct tape *tp, struct bar *bars, size_t n, int64_t step,
    size_t frames, uint64_t seed, const struct tape_events *events)
{
	struct record *r = calloc(1, sizeof(*r));
	int64_t first = bars[0].t, last = bars[n - 1].t;

	if (r == NULL)
		abort();
	*r = (struct record){bars, n, NULL, 0, frames, seed};
	r->n_index = (size_t)((last - first) / step) + 1;
	r->index = malloc(r->n_index * sizeof(*r->index));
	if (r->index == NULL)
		abort();
	memset(r->index, 0xff, r->n_index * sizeof(*r->index));
	for (size_t i = 0; i < n; i++)
		r->index[(bars[i].t - first) / step] = i;
	if (r->frames < 1)
		r->frames = 1;
	if (r->frames > 256)
		r->frames = 256;
	tape_init(tp, &ops, r, events, step, first, last,
	    r->frames < POINTS_MIN ? POINTS_MIN : r->frames);
}
