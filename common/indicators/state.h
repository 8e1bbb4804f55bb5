/*
 * state: what the families of indicators build on. Private to
 * common/indicators/.
 *
 * Every state struct begins with a struct state_head, holds no pointer, and
 * may end with an array whose length its parameters give.
 */
#ifndef COMMON_INDICATORS_STATE_H
#define COMMON_INDICATORS_STATE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/indicators/indicator.h"

__extension__ typedef __int128 int128;

struct state_head {
	int32_t scale; /* of the ticks in this state */
	int32_t n; /* the first parameter, a length in bars */
	int64_t count; /* bars taken, the one that is passed to next() too */
};

/* A change of scale, as the factor mul / div (one of them is 1). */
struct rescale {
	int64_t mul, div;
	double factor;
};

/* v in the new ticks, rounded half away from zero when they are coarser. */
int64_t rescale_ticks(int64_t v, const struct rescale *r);

struct indicator_param {
	const char *name;
	double min, max, fallback;
	bool whole;
};

/* A row of the table. p is the spec's parameters. */
struct indicator {
	const char *name;
	const char *doc;
	const struct indicator_param param[INDICATOR_PARAMS_MAX];
	int params;
	int lines;
	const char *line[INDICATOR_LINES_MAX]; /* when lines > 1 */
	/* Between parameters: 0, or -1 with a sentence. NULL: nothing. */
	int (*check)(const double *p, struct err *e);
	int (*first)(const double *p);
	int (*settled)(const double *p); /* NULL: when first is */
	size_t (*size)(const double *p);
	/* The state is zeroed, head.n set; NULL: nothing more to do. */
	void (*start)(const double *p, void *state);
	/* keep: take the bar; else only say what it would give. */
	void (*next)(const double *p, void *state,
	    const struct indicator_bar *b, double *out, bool keep);
	/* NULL: nothing in the state is in ticks. */
	void (*rescale)(void *state, const struct rescale *r);
};

/* The length of a plain lengths-only row. */
#define PARAM_LENGTH(fallback_)                                                \
	{                                                                      \
		.name = "length", .min = 1, .max = INDICATOR_LENGTH_MAX,       \
		.fallback = (fallback_), .whole = true                         \
	}

static inline double
wide_to_double(int128 x)
{
	/* Nearly always: one instruction instead of a call. */
	if (x == (int64_t)x)
		return (double)(int64_t)x;
	return (double)x;
}

static inline int
param_int(double p)
{
	return (int)p;
}

/* ---- averages that recur, on doubles ------------------------------------- */

/*
 * ema and rma (Wilder): the mean of the first n values, then
 * e += weight * (x - e). The mean is built by the same step with weight 1/k,
 * so equal values give exactly that value.
 */
struct average {
	double value, weight;
	int32_t n;
	int32_t left; /* values until it recurs; stays at 1 when n is 1 */
};

static inline void
average_start(struct average *a, int n, double weight)
{
	*a = (struct average){.weight = weight, .n = n, .left = n};
}

static inline void
average_ema(struct average *a, int n)
{
	average_start(a, n, 2.0 / (n + 1));
}

static inline void
average_rma(struct average *a, int n)
{
	average_start(a, n, 1.0 / n);
}

/* The average with x, when it recurs. */
static inline double
average_with(const struct average *a, double x)
{
	return a->value + a->weight * (x - a->value);
}

/* The average with x; NaN before the n-th value. */
static inline double
average_next(struct average *a, double x, bool keep)
{
	double e = a->value;
	int32_t left;

	if (__builtin_expect(a->left == 0, 1)) {
		e = average_with(a, x);
		if (keep)
			a->value = e;
		return e;
	}
	/* Of one value nothing is kept: each is its own average, exactly. */
	e += (x - e) / (a->n - a->left + 1);
	left = a->left - 1;
	if (keep && a->n > 1) {
		a->value = e;
		a->left = left;
	}
	return left == 0 ? e : NAN;
}

/* factor^n, n >= 1, by squaring: the same bits whatever libm there is. What n
 * bars without change leave of an average. */
static inline double
decay(double factor, int64_t n)
{
	double left = 1;

	for (; n > 0; n >>= 1) {
		if ((n & 1) != 0)
			left *= factor;
		factor *= factor;
	}
	return left;
}

/* ---- windows ------------------------------------------------------------- */

/*
 * The newest values of a window of whole numbers, a ring. head.count says how
 * many there are; at is where the next one goes (where the oldest lies once
 * the ring is full).
 */
static inline int64_t
ring_next(int64_t at, int64_t n)
{
	return at + 1 == n ? 0 : at + 1;
}

/*
 * Highest and lowest of the last n pairs, O(1) amortised, without a deque
 * (van Herk, Gil and Werman): the input is cut into blocks of n. A window
 * that ends at place i of a block is the tail of the block before from i + 1
 * on, and the head of this one. v holds the tails of the block before from
 * i + 1 on, and the values of this block up to i.
 */
struct extremes {
	int64_t high, low; /* of this block so far; before any, beyond all */
	int32_t n, at; /* at: place of the next value */
};

struct extreme {
	int64_t high, low;
};

static inline int64_t
max_of(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t
min_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void extremes_start(struct extremes *w, int n);
/* A block is full: turn its values into tails. */
void extremes_fold(struct extremes *w, struct extreme *v);

/* The extremes with this pair, if n pairs have been seen with it: else they
 * mean nothing. v has n. */
static inline void
extremes_next(struct extremes *w, struct extreme *v, int64_t high, int64_t low,
    struct extreme *out, bool keep)
{
	int64_t head_high = max_of(high, w->high);
	int64_t head_low = min_of(low, w->low);
	int32_t at = w->at, next = at + 1;

	out->high = head_high;
	out->low = head_low;
	if (next < w->n) {
		out->high = max_of(head_high, v[next].high);
		out->low = min_of(head_low, v[next].low);
	}
	if (!keep)
		return;
	v[at].high = high;
	v[at].low = low;
	w->high = head_high;
	w->low = head_low;
	w->at = next;
	if (next == w->n)
		extremes_fold(w, v);
}

void extremes_rescale(
    struct extremes *w, struct extreme *v, const struct rescale *r);

/*
 * Sum of the last n doubles, cut into blocks in the same way: nothing is ever
 * subtracted, so a spike leaves no residue and nothing drifts.
 */
struct sums {
	double sum; /* of this block so far */
	int32_t n, at;
	int32_t left; /* values until there are n */
};

void sums_start(struct sums *w, int n);
/* A block is full: turn its values into tails. */
void sums_fold(struct sums *w, double *v);

/* The sum with x; NaN when n values were not seen yet. */
static inline double
sums_next(struct sums *w, double *v, double x, bool keep)
{
	double head = w->sum + x, sum = head;
	int32_t at = w->at, next = at + 1, left = w->left;

	if (next < w->n)
		sum += v[next];
	if (keep) {
		v[at] = x;
		w->sum = head;
		w->at = next;
		if (next == w->n)
			sums_fold(w, v);
		if (__builtin_expect(left > 0, 0))
			w->left = left - 1;
	}
	return left <= 1 ? sum : NAN;
}

/* The sum without another value. */
double sums_now(const struct sums *w, const double *v);

/* ---- prices -------------------------------------------------------------- */

/* True range in ticks; previous is the close before, has_previous false at
 * the first bar (then high - low). */
static inline int64_t
true_range(const struct indicator_bar *b, int64_t previous, bool has_previous)
{
	int64_t high = b->high, low = b->low;

	if (has_previous && previous > high)
		high = previous;
	if (has_previous && previous < low)
		low = previous;
	return high - low;
}

/* ---- the rows ------------------------------------------------------------ */

extern const struct indicator indicator_sma, indicator_ema, indicator_wma,
    indicator_rma, indicator_rsi, indicator_macd, indicator_bb, indicator_atr,
    indicator_tr, indicator_dmi, indicator_stoch, indicator_cci, indicator_mfi,
    indicator_obv, indicator_roc, indicator_donchian, indicator_supertrend,
    indicator_vwap;

#endif
