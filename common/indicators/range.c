/*
 * range: how far and where in its range the price moves. ta.tr, ta.atr,
 * ta.stoch with its two averages, ta.cci of hlc3, ta.roc of the close.
 */
#include <string.h>

#include "common/indicators/state.h"

static int
first_length(const double *p)
{
	return param_int(p[0]);
}

/* ---- tr, atr ------------------------------------------------------------- */

struct range {
	struct state_head head;
	struct average average; /* atr only; in ticks */
	int64_t previous;
};

static int
tr_first(const double *p)
{
	(void)p;
	return 1;
}

static int
atr_settled(const double *p)
{
	return 14 * param_int(p[0]);
}

static size_t
range_size(const double *p)
{
	(void)p;
	return sizeof(struct range);
}

static void
atr_start(const double *p, void *state)
{
	struct range *s = state;

	average_rma(&s->average, param_int(p[0]));
}

static void
tr_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct range *s = state;

	(void)p;
	out[0] =
	    (double)true_range(b, s->previous, s->head.count > 1) / b->unit;
	if (keep)
		s->previous = b->close;
}

static void
atr_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct range *s = state;
	int64_t range = true_range(b, s->previous, s->head.count > 1);

	(void)p;
	out[0] = average_next(&s->average, (double)range, keep) / b->unit;
	if (keep)
		s->previous = b->close;
}

static void
range_rescale(void *state, const struct rescale *r)
{
	struct range *s = state;

	s->average.value *= r->factor;
	s->previous = rescale_ticks(s->previous, r);
}

const struct indicator indicator_tr = {
    .name = "tr",
    .doc = "true range; high - low at the first bar",
    .params = 0,
    .lines = 1,
    .first = tr_first,
    .size = range_size,
    .next = tr_next,
    .rescale = range_rescale,
};

const struct indicator indicator_atr = {
    .name = "atr",
    .doc = "average true range (Wilder)",
    .param = {PARAM_LENGTH(14)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .settled = atr_settled,
    .size = range_size,
    .start = atr_start,
    .next = atr_next,
    .rescale = range_rescale,
};

/* ---- stoch --------------------------------------------------------------- */

/*
 * raw = 100 (c - lowest low) / (highest high - lowest low); none when the
 * range is zero, and then the averages keep what they had (ta.sma is the mean
 * of the last values that there were).
 */
struct stoch {
	struct state_head head;
	struct extremes window;
	struct sums k, d;
	/* struct extreme v[length]; double kv[k], dv[d]; */
	struct extreme v[];
};

static int
stoch_first(const double *p)
{
	return param_int(p[0]) + param_int(p[1]) + param_int(p[2]) - 2;
}

static size_t
stoch_size(const double *p)
{
	return sizeof(struct stoch) + (size_t)p[0] * sizeof(struct extreme) +
	       ((size_t)p[1] + (size_t)p[2]) * sizeof(double);
}

static void
stoch_start(const double *p, void *state)
{
	struct stoch *s = state;

	extremes_start(&s->window, param_int(p[0]));
	sums_start(&s->k, param_int(p[1]));
	sums_start(&s->d, param_int(p[2]));
}

static void
stoch_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct stoch *s = state;
	double *kv = (double *)(void *)&s->v[s->head.n], *dv = kv + s->k.n;
	double raw = NAN, k, d;
	struct extreme e;

	(void)p;
	extremes_next(&s->window, s->v, b->high, b->low, &e, keep);
	if (s->head.count >= s->head.n && e.high > e.low)
		raw =
		    100 * (double)(b->close - e.low) / (double)(e.high - e.low);
	k = isnan(raw) ? sums_now(&s->k, kv) : sums_next(&s->k, kv, raw, keep);
	k /= s->k.n;
	d = isnan(k) ? sums_now(&s->d, dv) : sums_next(&s->d, dv, k, keep);
	d /= s->d.n;
	out[0] = raw;
	out[1] = k;
	out[2] = d;
}

static void
stoch_rescale(void *state, const struct rescale *r)
{
	struct stoch *s = state;

	extremes_rescale(&s->window, s->v, r);
}

const struct indicator indicator_stoch = {
    .name = "stoch",
    .doc = "stochastic: raw, its average k, and the average of that, d",
    .param = {PARAM_LENGTH(14),
	{.name = "k",
	    .min = 1,
	    .max = INDICATOR_LENGTH_MAX,
	    .fallback = 3,
	    .whole = true},
	{.name = "d",
	    .min = 1,
	    .max = INDICATOR_LENGTH_MAX,
	    .fallback = 3,
	    .whole = true}},
    .params = 3,
    .lines = 3,
    .line = {"raw", "k", "d"},
    .first = stoch_first,
    .size = stoch_size,
    .start = stoch_start,
    .next = stoch_next,
    .rescale = stoch_rescale,
};

/* ---- cci ----------------------------------------------------------------- */

/*
 * (x - sma) / (0.015 * mean absolute deviation), x = h + l + c in ticks (the
 * third cancels). With S the exact sum, n x - S and the n terms
 * |n x[i] - S| are whole numbers below 2^63 (x < 2^50, n < 2^13): a flat
 * window deviates by exactly 0.
 *
 * A short window's terms are added up. Of a long one their sum follows from
 * how many values lie below the mean and what they add up to: its values are
 * kept sorted for that, with a finger where the mean was: a bar costs two
 * binary searches, one memmove() of the values between the one that goes and
 * the one that comes, and a step of the finger for each value that the mean
 * passes.
 */
struct cci {
	struct state_head head;
	int64_t sum;
	int64_t at;
	/* Of a long window only: how many of the sorted values lay below the
	 * mean, and their sum. */
	int64_t below, below_sum;
	/* The window's n values as they came; of a long one, the same sorted.
	 * At first they are zeroes, below every price. */
	int64_t v[];
};

/* The longest of the short windows, where both ways cost the same. */
#define CCI_SHORT 64

static size_t
cci_size(const double *p)
{
	size_t copies = p[0] > CCI_SHORT ? 2 : 1;

	return sizeof(struct cci) + copies * (size_t)p[0] * sizeof(int64_t);
}

/* n n times the mean deviation, of a short window with this bar: at most 64
 * terms below 2^56. */
static int128
cci_add_up(const struct cci *s, int64_t x, int64_t sum)
{
	int64_t n = s->head.n, come = n * x - sum, go = n * s->v[s->at] - sum;
	int64_t deviation, term, i;

	/* The place still holds what goes. */
	deviation = (come < 0 ? -come : come) - (go < 0 ? -go : go);
	for (i = 0; i < n; i++) {
		term = n * s->v[i] - sum;
		deviation += term < 0 ? -term : term;
	}
	return deviation;
}

/* The first place of v whose value is not below x. */
static int64_t
cci_find(const int64_t *v, int64_t n, int64_t x)
{
	const int64_t *base = v;
	int64_t half;

	/* Without a branch on the values, which no processor could guess. */
	for (; n > 1; n -= half) {
		half = n / 2;
		base = base[half - 1] < x ? base + half : base;
	}
	return base - v + (n == 1 && *base < x);
}

/* Put x in the place of old, in order. */
static void
cci_replace(int64_t *v, int64_t n, int64_t old, int64_t x)
{
	int64_t from = cci_find(v, n, old), to = cci_find(v, n, x);

	if (to > from)
		to--;
	if (to > from)
		memmove(
		    v + from, v + from + 1, (size_t)(to - from) * sizeof(*v));
	else
		memmove(v + to + 1, v + to, (size_t)(from - to) * sizeof(*v));
	v[to] = x;
}

/* The finger for a window with this sum. */
static void
cci_point(const struct cci *s, int64_t sum, int64_t *below, int64_t *below_sum)
{
	int64_t n = s->head.n;
	const int64_t *sorted = s->v + n;

	*below = s->below;
	*below_sum = s->below_sum;
	while (*below < n && n * sorted[*below] < sum)
		*below_sum += sorted[(*below)++];
	while (*below > 0 && n * sorted[*below - 1] >= sum)
		*below_sum -= sorted[--*below];
}

/* The same of a long window, and then take the bar in. */
static int128
cci_follow(struct cci *s, int64_t x, int64_t sum, bool keep)
{
	int64_t n = s->head.n, old = s->v[s->at], below, below_sum;
	int64_t come = n * x - sum, go = n * old - sum;
	int128 deviation;

	/* First of the values before this bar, then without the one that
	 * goes and with the one that comes. */
	cci_point(s, sum, &below, &below_sum);
	deviation = (int128)sum * (2 * below - n) +
		    (int128)n * (s->sum - 2 * below_sum);
	deviation += (come < 0 ? -come : come) - (go < 0 ? -go : go);
	if (keep) {
		s->below = below + (come < 0) - (go < 0);
		s->below_sum =
		    below_sum + (come < 0 ? x : 0) - (go < 0 ? old : 0);
		cci_replace(s->v + n, n, old, x);
	}
	return deviation;
}

static void
cci_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct cci *s = state;
	int64_t x = b->high + b->low + b->close, n = s->head.n;
	int64_t sum = s->sum + x - s->v[s->at];
	int128 deviation =
	    n > CCI_SHORT ? cci_follow(s, x, sum, keep) : cci_add_up(s, x, sum);

	(void)p;
	out[0] = NAN;
	if (s->head.count >= n && deviation > 0)
		out[0] = (double)(n * x - sum) * (double)n /
			 (0.015 * wide_to_double(deviation));
	if (!keep)
		return;
	s->sum = sum;
	s->v[s->at] = x;
	s->at = ring_next(s->at, s->head.n);
}

static void
cci_rescale(void *state, const struct rescale *r)
{
	struct cci *s = state;
	int i;

	/* Rounding keeps the order. The finger finds its place anew. */
	s->sum = s->below = s->below_sum = 0;
	for (i = 0; i < s->head.n; i++) {
		s->v[i] = rescale_ticks(s->v[i], r);
		s->sum += s->v[i];
	}
	if (s->head.n > CCI_SHORT)
		for (; i < 2 * s->head.n; i++)
			s->v[i] = rescale_ticks(s->v[i], r);
}

const struct indicator indicator_cci = {
    .name = "cci",
    .doc = "commodity channel index of (high + low + close) / 3",
    .param = {PARAM_LENGTH(20)},
    .params = 1,
    .lines = 1,
    .first = first_length,
    .size = cci_size,
    .next = cci_next,
    .rescale = cci_rescale,
};

/* ---- roc ----------------------------------------------------------------- */

struct roc {
	struct state_head head;
	int64_t at;
	int64_t v[];
};

static int
roc_first(const double *p)
{
	return param_int(p[0]) + 1;
}

static size_t
roc_size(const double *p)
{
	return sizeof(struct roc) + (size_t)p[0] * sizeof(int64_t);
}

static void
roc_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct roc *s = state;
	int64_t old = s->v[s->at];

	(void)p;
	out[0] = NAN;
	if (s->head.count > s->head.n && old > 0)
		out[0] = 100 * (double)(b->close - old) / (double)old;
	if (!keep)
		return;
	s->v[s->at] = b->close;
	s->at = ring_next(s->at, s->head.n);
}

static void
roc_rescale(void *state, const struct rescale *r)
{
	struct roc *s = state;
	int i;

	for (i = 0; i < s->head.n; i++)
		s->v[i] = rescale_ticks(s->v[i], r);
}

const struct indicator indicator_roc = {
    .name = "roc",
    .doc = "rate of change of the close, in percent",
    .param = {PARAM_LENGTH(10)},
    .params = 1,
    .lines = 1,
    .first = roc_first,
    .size = roc_size,
    .next = roc_next,
    .rescale = roc_rescale,
};
