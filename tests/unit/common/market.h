/*
 * market: invented series that hurt, for tests of indicators and rules. The
 * same numbers everywhere: splitmix64 and integers.
 */
#ifndef TESTS_UNIT_COMMON_MARKET_H
#define TESTS_UNIT_COMMON_MARKET_H

#include "common/candle.h"
#include "tests/unit/common/reference.h"

/* Bars of a series. */
#define ROWS 1200

enum kind {
	WALK,
	FLAT, /* flat, a walk, flat again */
	SPIKE, /* one bar 1e7-fold, one crash to a tick */
	STEPS, /* plateaus, ties, alternation, no volume */
	DIGITS, /* whole numbers first, then a digit more each stretch */
	KINDS,
};

static const char *const kind_names[KINDS] = {
    "walk", "flat", "spike", "steps", "digits"};

static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static int64_t
below(uint64_t *state, int64_t n)
{
	return (int64_t)(next_random(state) % (uint64_t)n);
}

/* What is special to the kind. */
static void
bend(struct row *b, enum kind kind, size_t i, int64_t base)
{
	int64_t flat = base;

	if (kind == FLAT && (i < ROWS / 5 || i >= ROWS / 2))
		*b =
		    (struct row){b->open_ms, flat, flat, flat, flat, b->volume};
	if (kind == SPIKE && i == ROWS / 3)
		b->close = b->high = b->close * 10000000;
	if (kind == SPIKE && i == 2 * ROWS / 3)
		b->close = b->low = 1;
	if (kind == STEPS && i % 7 != 0 && i % 300 < 150)
		*b = (struct row){
		    b->open_ms, b->open, b->open, b->open, b->open, b->volume};
	if (kind == STEPS && i % 300 >= 200)
		b->volume = 0;
	if (kind == STEPS && i % 300 >= 250)
		*b = (struct row){b->open_ms, base, base + 3, base - 3,
		    base + (i % 2 ? 3 : -3), b->volume};
}

/* Round the bar's prices to multiples of a power of ten. */
static void
coarsen(struct row *b, int64_t unit)
{
	b->open = (b->open / unit + 1) * unit;
	b->high = (b->high / unit + 1) * unit;
	b->low = (b->low / unit + 1) * unit;
	b->close = (b->close / unit + 1) * unit;
}

/* ROWS bars of three minutes around base ticks. */
static void
make(struct row *v, enum kind kind, int64_t base, uint64_t seed)
{
	int64_t close = base, unit;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		struct row *b = &v[i];
		int64_t open = close, step = close / 500 + 1;

		close += below(&seed, 2 * step + 1) - step;
		close = close < 2 ? 2 : close;
		*b = (struct row){
		    .open_ms = (1700000000000 / 60000 + (int64_t)i * 3) * 60000,
		    .open = open,
		    .high = (open > close ? open : close) +
			    below(&seed, step / 2 + 1),
		    .low = (open < close ? open : close) -
			   below(&seed, step / 2 + 1),
		    .close = close,
		    .volume = 1 + below(&seed, 1000000)};
		b->low = b->low < 1 ? 1 : b->low;
		bend(b, kind, i, base);
		if (kind == DIGITS) {
			unit = i < ROWS / 3 ? 100 : i < 2 * ROWS / 3 ? 10 : 1;
			coarsen(b, unit);
		}
	}
}

/* The row as a candle whose decimals have no needless zeros, so that digits
 * appear as the market shows them. */
static struct candle
to_candle(const struct row *b, int32_t scale)
{
	struct candle c = {.open_ms = b->open_ms};

	c.open = decimal_normal((struct decimal){b->open, scale});
	c.high = decimal_normal((struct decimal){b->high, scale});
	c.low = decimal_normal((struct decimal){b->low, scale});
	c.close = decimal_normal((struct decimal){b->close, scale});
	c.volume = decimal_normal((struct decimal){b->volume, 3});
	return c;
}

#endif
