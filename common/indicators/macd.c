/*
 * macd: ta.macd: ema(fast) - ema(slow) of the close, each with its own seed
 * from the first bar; the signal is the ema of that line, seeded by the mean
 * of its first values; hist = line - signal.
 *
 * On a straight line of prices, flat ones too, line and signal are equal by
 * their definition, and rounding makes a difference of either sign of them.
 * Rules read a cross from the sign of hist, so what lies below the rounding
 * of the averages (1e-13 of the price) is 0.
 */
#include "common/indicators/state.h"

struct macd {
	struct state_head head;
	struct average fast, slow, signal;
};

static int
macd_first(const double *p)
{
	return param_int(p[1]) + param_int(p[2]) - 1;
}

static int
macd_settled(const double *p)
{
	return 7 * (param_int(p[1]) + param_int(p[2]));
}

static size_t
macd_size(const double *p)
{
	(void)p;
	return sizeof(struct macd);
}

static void
macd_start(const double *p, void *state)
{
	struct macd *s = state;

	average_ema(&s->fast, param_int(p[0]));
	average_ema(&s->slow, param_int(p[1]));
	average_ema(&s->signal, param_int(p[2]));
}

/* hist without what is rounding. */
static double
macd_round(double hist, double price)
{
	return fabs(hist) < 1e-13 * price ? 0 : hist;
}

/* The bars until all three averages recur; for good when one is of one bar. */
__attribute__((noinline)) static void
macd_begin(struct macd *s, double x, double *out, bool keep)
{
	double fast = average_next(&s->fast, x, keep);
	double slow = average_next(&s->slow, x, keep);

	out[0] = fast - slow;
	out[1] = out[2] = NAN;
	if (isnan(out[0]))
		return;
	out[1] = average_next(&s->signal, out[0], keep);
	out[2] = macd_round(out[0] - out[1], x);
}

static void
macd_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct macd *s = state;
	double x = b->price, fast, slow, line, signal;

	(void)p;
	/* The signal recurs no earlier than the slow average. */
	if (__builtin_expect((s->fast.left | s->signal.left) != 0, 0)) {
		macd_begin(s, x, out, keep);
		return;
	}
	fast = average_with(&s->fast, x);
	slow = average_with(&s->slow, x);
	line = fast - slow;
	signal = average_with(&s->signal, line);
	out[0] = line;
	out[1] = signal;
	out[2] = macd_round(line - signal, x);
	if (!keep)
		return;
	s->fast.value = fast;
	s->slow.value = slow;
	s->signal.value = signal;
}

static int
macd_check(const double *p, struct err *e)
{
	if (p[0] < p[1])
		return 0;
	return err_set(e, "macd: fast %g must be below slow %g", p[0], p[1]);
}

const struct indicator indicator_macd = {
    .name = "macd",
    .doc = "moving average convergence divergence of the close",
    .param = {{.name = "fast",
		  .min = 1,
		  .max = INDICATOR_LENGTH_MAX,
		  .fallback = 12,
		  .whole = true},
	{.name = "slow",
	    .min = 2,
	    .max = INDICATOR_LENGTH_MAX,
	    .fallback = 26,
	    .whole = true},
	{.name = "signal",
	    .min = 1,
	    .max = INDICATOR_LENGTH_MAX,
	    .fallback = 9,
	    .whole = true}},
    .params = 3,
    .lines = 3,
    .line = {"macd", "signal", "hist"},
    .check = macd_check,
    .first = macd_first,
    .settled = macd_settled,
    .size = macd_size,
    .start = macd_start,
    .next = macd_next,
};
