/*
 * rsi: Wilder's relative strength index of the close, as TradingView's RSI
 * study draws it: 100 - 100 / (1 + rma(gains) / rma(losses)), 100 when there
 * was no loss, 0 when there was no gain.
 *
 * Gains and losses are exact ticks. On a bar without change both averages
 * shrink by the same factor and the index stays; the factor is put off until
 * the next change. So ten thousand flat bars do not wear both averages down
 * to 0/0.
 */
#include "common/indicators/state.h"

#define SEEDING (-1)

struct rsi {
	struct state_head head;
	int64_t previous;
	int64_t idle; /* bars without change since the last one; SEEDING */
	double gain, loss;
	double weight, stay; /* 1/n, 1 - 1/n */
	double value;
};

static int
rsi_first(const double *p)
{
	return param_int(p[0]) + 1;
}

static int
rsi_settled(const double *p)
{
	return 14 * param_int(p[0]) + 1;
}

static size_t
rsi_size(const double *p)
{
	(void)p;
	return sizeof(struct rsi);
}

static void
rsi_start(const double *p, void *state)
{
	struct rsi *s = state;

	s->weight = 1 / p[0];
	s->stay = (p[0] - 1) / p[0];
	s->value = NAN;
	s->idle = SEEDING;
}

static double
rsi_index(double gain, double loss)
{
	return loss > 0 ? 100 * gain / (gain + loss) : 100;
}

/* The first n changes: plain sums, then their means. */
static void
rsi_seed(struct rsi *s, int64_t change, double *out, bool keep)
{
	bool last = s->head.count == s->head.n + 1;
	double gain = s->gain + (change > 0 ? (double)change : 0);
	double loss = s->loss + (change < 0 ? (double)-change : 0);

	out[0] = NAN;
	if (last) {
		/* From the whole numbers, so that 7 against 3 is 70. */
		out[0] = rsi_index(gain, loss);
		gain /= s->head.n;
		loss /= s->head.n;
	}
	if (!keep)
		return;
	s->gain = gain;
	s->loss = loss;
	s->value = out[0];
	s->idle = last ? 0 : SEEDING;
}

static void
rsi_flat(struct rsi *s, double *out, bool keep)
{
	/* Over one bar, no change is no loss. */
	out[0] = s->head.n > 1 ? s->value : 100;
	s->idle += keep;
}

/* A change; stay is what is left of the averages before it. */
static inline void
rsi_move(struct rsi *s, int64_t change, double stay, double *out, bool keep)
{
	double by = (double)change, up = by > 0 ? by : 0;
	double gain = s->gain * stay + s->weight * up;
	double loss = s->loss * stay + s->weight * (up - by);
	double value = rsi_index(gain, loss);

	out[0] = value;
	if (!keep)
		return;
	s->gain = gain;
	s->loss = loss;
	s->value = value;
}

/* A bar for which the averages of the bar before are not there as such. */
__attribute__((noinline)) static void
rsi_late(struct rsi *s, int64_t change, double *out, bool keep)
{
	if (s->idle == SEEDING) {
		rsi_seed(s, s->head.count > 1 ? change : 0, out, keep);
	} else if (change == 0) {
		rsi_flat(s, out, keep);
	} else {
		rsi_move(s, change, decay(s->stay, s->idle + 1), out, keep);
		if (keep)
			s->idle = 0;
	}
}

static void
rsi_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct rsi *s = state;
	int64_t change = b->close - s->previous;

	(void)p;
	if (keep)
		s->previous = b->close;
	if (__builtin_expect(s->idle != 0, 0))
		rsi_late(s, change, out, keep);
	else if (__builtin_expect(change == 0, 0))
		rsi_flat(s, out, keep);
	else
		rsi_move(s, change, s->stay, out, keep);
}

static void
rsi_rescale(void *state, const struct rescale *r)
{
	struct rsi *s = state;

	s->previous = rescale_ticks(s->previous, r);
	s->gain *= r->factor;
	s->loss *= r->factor;
}

const struct indicator indicator_rsi = {
    .name = "rsi",
    .doc = "relative strength index (Wilder) of the close",
    .param = {PARAM_LENGTH(14)},
    .params = 1,
    .lines = 1,
    .first = rsi_first,
    .settled = rsi_settled,
    .size = rsi_size,
    .start = rsi_start,
    .next = rsi_next,
    .rescale = rsi_rescale,
};
