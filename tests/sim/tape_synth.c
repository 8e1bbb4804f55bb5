#include <stdlib.h>

#include "tests/sim/dice.h"
#include "tests/sim/tape_synth.h"

#define MINUTE	     INT64_C(60000)
#define OCTAVES	     10
#define FIRST_PERIOD INT64_C(15000)
#define FIRST_PPM    INT64_C(250)

/* What the rolls are for, so that they do not depend on each other. */
enum { ROLL_COUNT = 100, ROLL_ROUND, ROLL_QUIET, ROLL_TRADE };

int64_t
tape_synth_price(const struct tape *tp, int64_t time_ms)
{
	const struct tape_synth *s = tp->self;
	int64_t period = FIRST_PERIOD, ppm = FIRST_PPM, sum = 0, px;

	for (uint64_t k = 0; k < OCTAVES; k++, period *= 4, ppm *= 2) {
		uint64_t i = (uint64_t)(time_ms / period);
		int64_t f = time_ms % period;
		int64_t a = (int64_t)(dice_roll(s->seed, k, i) >> 48) - 32768;
		int64_t b =
		    (int64_t)(dice_roll(s->seed, k, i + 1) >> 48) - 32768;

		/* |a + …| < 2^15, ppm <= 128,000: sum < 2^34. */
		sum += (a + (b - a) * f / period) * ppm;
	}
	px = s->price +
	     s->price * (sum / 32768) / 1000000 * s->volatility_percent / 100;
	return px < 1 ? 1 : px;
}

static size_t
count(const struct tape_synth *s, uint64_t minute)
{
	int64_t mean = s->trades_per_1000min;
	int64_t x;

	if ((int64_t)dice_below(
		dice_roll(s->seed, ROLL_QUIET, minute), 1000000) < s->quiet_ppm)
		return 0;
	x = mean / 2 +
	    (int64_t)dice_below(
		dice_roll(s->seed, ROLL_COUNT, minute), (uint64_t)mean + 1);
	return (size_t)(x / 1000) +
	       ((int64_t)dice_below(
		    dice_roll(s->seed, ROLL_ROUND, minute), 1000) < x % 1000);
}

static size_t
trades(const struct tape *tp, int64_t t, struct trade *out, size_t max)
{
	const struct tape_synth *s = tp->self;
	uint64_t minute = (uint64_t)(t / MINUTE);
	size_t n = count(s, minute);

	if (n > max)
		n = max;
	for (size_t k = 0; k < n; k++) {
		uint64_t r = dice_roll(s->seed, ROLL_TRADE, minute * 65536 + k);
		/* Trade k falls somewhere in the k-th part of the minute. */
		int64_t lo = MINUTE * (int64_t)k / (int64_t)n;
		int64_t hi = MINUTE * (int64_t)(k + 1) / (int64_t)n;
		struct trade *tr = &out[k];

		tr->time_ms =
		    t + lo + (int64_t)dice_below(r, (uint64_t)(hi - lo));
		tr->px = tape_synth_price(tp, tr->time_ms) +
			 (int64_t)((r >> 3) % 3) - 1;
		if (tr->px < 1)
			tr->px = 1;
		/* Most trades are small, a few are not. */
		tr->sz = 1 + (int64_t)dice_below(dice_mix(r),
				 (uint64_t)s->size * ((r & 7) == 0 ? 8 : 1));
		tr->n = 1 + (int64_t)((r >> 6) & 3) * ((r & 7) == 0 ? 3 : 1);
	}
	return n;
}

static bool
exists(const struct tape *tp, int64_t t)
{
	return t >= tp->first;
}

static int64_t
price(const struct tape *tp, int64_t t)
{
	return tape_synth_price(tp, t);
}

static void
release(struct tape *tp)
{
	free(tp->self);
}

static const struct tape_ops ops = {trades, exists, price, release};

void
tape_synth_init(struct tape *tp, const struct tape_synth *s,
    const struct tape_events *events, int64_t first)
{
	struct tape_synth *self = malloc(sizeof(*self));

	if (self == NULL)
		abort();
	*self = *s;
	tape_init(tp, &ops, self, events, MINUTE, first - first % MINUTE,
	    INT64_MAX - MINUTE,
	    (size_t)(s->trades_per_1000min * 3 / 2 / 1000 + 2));
}
