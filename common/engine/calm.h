/*
 * calm: between which prices nothing can happen on a series to its rules on
 * ticks.
 *
 * Most records change nothing. After one that did, it is worked out how far
 * the price may go without passing a rung of any source on ticks: as whole
 * ticks, for as long as the highs and lows move little and nobody's cooldown
 * ends. While a record keeps within that, all of judging is these
 * comparisons.
 *
 * Bars come and go meanwhile. A move that must not grow to the rung above it
 * is measured from the lowest of the window and of the bar: what leaves the
 * window can only raise that, and no bar that comes is below what was allowed
 * for. But if there is a rung that a move must not shrink to, or a level that
 * waits for the next window, the calm ends with the bar.
 */
#ifndef COMMON_ENGINE_CALM_H
#define COMMON_ENGINE_CALM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/candle.h"

struct series;

struct calm {
	bool is; /* else nothing is known */
	int32_t scale; /* of all prices here */
	int64_t open_from_ms, open_to_ms; /* t of the bars, inclusive */
	int64_t from_ms, until_ms; /* event time, inclusive */
	/* Where a bar's low, its high and the close may be, inclusive. */
	int64_t low_min, low_max, high_min, high_max;
	int64_t close_min, close_max;
};

/* Whether all is calm at this record; unwatched: a closed bar whose high and
 * low nobody saw, so that they count like its close. */
static inline bool
calm_holds(const struct calm *k, const struct candle *c, int64_t event_ms,
    bool unwatched)
{
	return k->is && c->open_ms >= k->open_from_ms &&
	       c->open_ms <= k->open_to_ms &&
	       ((c->close.scale ^ k->scale) | (c->low.scale ^ k->scale) |
		   (c->high.scale ^ k->scale)) == 0 &&
	       c->close.mant >= k->close_min && c->close.mant <= k->close_max &&
	       c->low.mant >= k->low_min && c->low.mant <= k->low_max &&
	       c->high.mant >= k->high_min && c->high.mant <= k->high_max &&
	       event_ms >= k->from_ms && event_ms <= k->until_ms &&
	       (!unwatched || (c->low.mant >= k->close_min &&
				  c->high.mant <= k->close_max));
}

/* Work it out anew, after the record c was judged at event_ms. */
void calm_set(struct series *s, const struct candle *c, int64_t event_ms);

#endif
