/*
 * range: the lowest and the highest price of the last W milliseconds, from
 * closed bars.
 *
 * A bar counts with low and high when all of it lies within the window, that
 * is when it opened at or after (now - W). The bar before that ended within
 * the window or at its edge: its close counts, the rest of it may be older.
 * So every price that counts is known to be of that time, none is guessed,
 * and the range can be made again from stored candles alone.
 */
#ifndef COMMON_ENGINE_RANGE_H
#define COMMON_ENGINE_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/candle.h"
#include "common/decimal.h"

struct range_bar;

struct range {
	int64_t window_ms;
	/* Ring of the bars inside the window, cap a power of two; positions
	 * count from the beginning of time and are taken modulo cap. */
	struct range_bar *bars;
	uint32_t *lows, *highs; /* rings of positions, monotone in price */
	uint32_t cap;
	uint32_t first, end;
	uint32_t low_first, low_end, high_first, high_end;
	/* The newest bar that opened before the window. */
	bool has_edge;
	int64_t edge_end_ms; /* T + 1 */
	struct decimal edge_close;
};

void range_init(struct range *r, int64_t window_ms);
void range_release(struct range *r);
/* Take a closed bar, later than all before it. 0, or -1 when memory is
 * short. */
int range_add(struct range *r, const struct candle *c);
/*
 * The extremes as of now_ms, not before the end of the newest bar; false when
 * nothing is known. Asking changes nothing. The answer is the same up to
 * *until_ms, if no bar is added.
 */
bool range_get(const struct range *r, int64_t now_ms, struct decimal *low,
    struct decimal *high, int64_t *until_ms);

#endif
