/*
 * bands: bands around the price. ta.bb, the Donchian channel, ta.supertrend.
 */
#include "common/indicators/state.h"

static int
first_length(const double *p)
{
	return param_int(p[0]);
}

/* ---- bb ------------------------------------------------------------------ */

/*
 * With exact sums S of x and Q of x^2 over n ticks, the population deviation
 * is sqrt(n Q - S^2) / n: the radicand is a whole number, so a flat window
 * has no deviation at all, and nothing is lost by subtracting. It is kept
 * itself, one product a bar: when x takes the place of old and S becomes S',
 *	n Q' - S'^2 = n Q - S^2 + (x - old) (n (x + old) - S - S').
 * Bounds: x < 2^48 and n < 2^13 keep n (x + old), S + S' below 2^62, the
 * radicand below 2^122.
 */
struct bb {
	struct state_head head;
	int64_t sum;
	int128 radicand;
	int64_t at;
	int64_t v[];
};

static size_t
bb_size(const double *p)
{
	return sizeof(struct bb) + (size_t)p[0] * sizeof(int64_t);
}

static inline void
bb_width(double *out, double mid, double width, double div)
{
	out[1] = (mid + width) / div;
	out[2] = (mid - width) / div;
}

/* A radicand beyond 64 bits: apart, because its conversion is a call. */
__attribute__((noinline)) static void
bb_wide(double *out, double mid, int128 radicand, double k, double div)
{
	bb_width(out, mid, k * sqrt((double)radicand), div);
}

static void
bb_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct bb *s = state;
	double k = p[1], div = p[0] * b->unit, mid;
	int64_t at = s->at, x = b->close, old = s->v[at], n = s->head.n;
	int64_t sum = s->sum + (x - old);
	int128 radicand =
	    s->radicand + (int128)(x - old) * (n * (x + old) - s->sum - sum);

	if (keep) {
		s->sum = sum;
		s->radicand = radicand;
		s->v[at] = x;
		s->at = ring_next(at, n);
	}
	if (__builtin_expect(s->head.count < n, 0)) {
		out[0] = out[1] = out[2] = NAN;
		return;
	}
	mid = (double)sum;
	out[0] = mid / div;
	if (radicand == (int64_t)radicand)
		bb_width(out, mid, k * sqrt((double)(int64_t)radicand), div);
	else
		bb_wide(out, mid, radicand, k, div);
}

static void
bb_rescale(void *state, const struct rescale *r)
{
	struct bb *s = state;
	int128 squares = 0;
	int i;

	s->sum = 0;
	for (i = 0; i < s->head.n; i++) {
		s->v[i] = rescale_ticks(s->v[i], r);
		s->sum += s->v[i];
		squares += (int128)s->v[i] * s->v[i];
	}
	s->radicand = squares * s->head.n - (int128)s->sum * s->sum;
}

const struct indicator indicator_bb = {
    .name = "bb",
    .doc = "Bollinger bands of the close (population deviation)",
    .param = {PARAM_LENGTH(20),
	{.name = "mult", .min = 0.001, .max = 100, .fallback = 2}},
    .params = 2,
    .lines = 3,
    .line = {"basis", "upper", "lower"},
    .first = first_length,
    .size = bb_size,
    .next = bb_next,
    .rescale = bb_rescale,
};

/* ---- donchian ------------------------------------------------------------ */

struct donchian {
	struct state_head head;
	struct extremes window;
	struct extreme v[];
};

static size_t
donchian_size(const double *p)
{
	return sizeof(struct donchian) + (size_t)p[0] * sizeof(struct extreme);
}

static void
donchian_start(const double *p, void *state)
{
	struct donchian *s = state;

	extremes_start(&s->window, param_int(p[0]));
}

static void
donchian_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct donchian *s = state;
	struct extreme e;

	(void)p;
	extremes_next(&s->window, s->v, b->high, b->low, &e, keep);
	if (__builtin_expect(s->head.count < s->head.n, 0)) {
		out[0] = out[1] = out[2] = NAN;
		return;
	}
	out[0] = (double)e.high / b->unit;
	out[1] = (double)e.low / b->unit;
	out[2] = (double)(e.high + e.low) / (2 * b->unit);
}

static void
donchian_rescale(void *state, const struct rescale *r)
{
	struct donchian *s = state;

	extremes_rescale(&s->window, s->v, r);
}

const struct indicator indicator_donchian = {
    .name = "donchian",
    .doc = "highest high, lowest low and their middle",
    .param = {PARAM_LENGTH(20)},
    .params = 1,
    .lines = 3,
    .line = {"high", "low", "mid"},
    .first = first_length,
    .size = donchian_size,
    .start = donchian_start,
    .next = donchian_next,
    .rescale = donchian_rescale,
};

/* ---- supertrend ---------------------------------------------------------- */

/*
 * ta.supertrend(factor, length): bands (h + l) / 2 +- factor * atr(length)
 * that only tighten while the close stays on their side. Everything in ticks.
 */
struct supertrend {
	struct state_head head;
	struct average atr;
	double upper, lower;
	int64_t previous; /* close of the bar before */
	int64_t dir; /* 0: no line yet; -1 up trend, 1 down trend */
};

static int
supertrend_settled(const double *p)
{
	return 14 * param_int(p[0]);
}

static size_t
supertrend_size(const double *p)
{
	(void)p;
	return sizeof(struct supertrend);
}

static void
supertrend_start(const double *p, void *state)
{
	struct supertrend *s = state;

	average_rma(&s->atr, param_int(p[0]));
}

/* Which side the line is on, given the bands as they now are. */
static int
supertrend_dir(
    const struct supertrend *s, double close, double upper, double lower)
{
	if (s->dir == 0)
		return 1;
	/* The line was the upper band; Pine compares the values. */
	if (s->dir > 0 || !(s->upper > s->lower || s->upper < s->lower))
		return close > upper ? -1 : 1;
	return close < lower ? 1 : -1;
}

static void
supertrend_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct supertrend *s = state;
	bool follows = s->head.count > 1;
	double range = (double)true_range(b, s->previous, follows);
	double atr = average_next(&s->atr, range, keep);
	double middle = (double)(b->high + b->low) / 2;
	double upper = middle + p[1] * atr;
	double lower = middle - p[1] * atr;
	double before = (double)s->previous;
	int dir;

	if (keep)
		s->previous = b->close;
	out[0] = out[1] = NAN;
	if (isnan(atr))
		return;
	if (s->dir != 0 && before >= s->lower)
		lower = lower > s->lower ? lower : s->lower;
	if (s->dir != 0 && before <= s->upper)
		upper = upper < s->upper ? upper : s->upper;
	dir = supertrend_dir(s, (double)b->close, upper, lower);
	out[0] = (dir < 0 ? lower : upper) / b->unit;
	out[1] = dir;
	if (!keep)
		return;
	s->upper = upper;
	s->lower = lower;
	s->dir = dir;
}

static void
supertrend_rescale(void *state, const struct rescale *r)
{
	struct supertrend *s = state;

	s->atr.value *= r->factor;
	s->upper *= r->factor;
	s->lower *= r->factor;
	s->previous = rescale_ticks(s->previous, r);
}

const struct indicator indicator_supertrend = {
    .name = "supertrend",
    .doc = "line that follows the trend at a distance of atr; dir -1 is up",
    .param = {PARAM_LENGTH(10),
	{.name = "factor", .min = 0.001, .max = 100, .fallback = 3}},
    .params = 2,
    .lines = 2,
    .line = {"line", "dir"},
    .first = first_length,
    .settled = supertrend_settled,
    .size = supertrend_size,
    .start = supertrend_start,
    .next = supertrend_next,
    .rescale = supertrend_rescale,
};
