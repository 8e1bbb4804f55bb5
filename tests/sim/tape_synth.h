/*
 * tape_synth: an invented market.
 *
 * The price is value noise: ten octaves, from 15 seconds to 45 days, each
 * four times as long and twice as high as the one before, which looks like a
 * random walk but is a plain function of seed, coin and time. It stays within
 * 26 % of the start price (times the volatility). All arithmetic is on whole
 * numbers, so every machine makes the same market.
 */
#ifndef TESTS_SIM_TAPE_SYNTH_H
#define TESTS_SIM_TAPE_SYNTH_H

#include <stdint.h>

#include "tests/sim/tape.h"

struct tape_synth {
	uint64_t seed;
	int64_t price; /* at the middle, in units of the coin's scale */
	int64_t size; /* mean size of a trade, likewise */
	int64_t trades_per_1000min; /* mean */
	int64_t quiet_ppm; /* share of minutes without a trade */
	int64_t volatility_percent; /* 100 = as described */
};

/* A tape of one-minute base bars from first on, without an end. s is copied. */
void tape_synth_init(struct tape *tp, const struct tape_synth *s,
    const struct tape_events *events, int64_t first);
/* The price at a time, without the bounce of the single trade. */
int64_t tape_synth_price(const struct tape *tp, int64_t time_ms);

#endif
