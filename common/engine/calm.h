/*
 * calm: between which prices nothing can happen on a series.
 *
 * Most records change nothing. After one that did, it is worked out how far
 * the price may go without passing a rung of any source on ticks: as whole
 * ticks, for as long as the bar is the same, its high and low move little, no
 * price leaves a window and nobody's cooldown ends. While a record keeps
 * within that, all of judging is these comparisons.
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
	int64_t open_ms; /* of the bar */
	int64_t from_ms, until_ms; /* event time, inclusive */
	/* Where the bar's low, its high and the close may be, inclusive. */
	int64_t low_min, low_max, high_min, high_max;
	int64_t close_min, close_max;
};

static inline bool
calm_holds(const struct calm *k, const struct candle *c, int64_t event_ms)
{
	return k->is && c->open_ms == k->open_ms &&
	       ((c->close.scale ^ k->scale) | (c->low.scale ^ k->scale) |
		   (c->high.scale ^ k->scale)) == 0 &&
	       c->close.mant >= k->close_min && c->close.mant <= k->close_max &&
	       c->low.mant >= k->low_min && c->low.mant <= k->low_max &&
	       c->high.mant >= k->high_min && c->high.mant <= k->high_max &&
	       event_ms >= k->from_ms && event_ms <= k->until_ms;
}

/* Work it out anew, after the record c (an update) was judged at event_ms. */
void calm_set(struct series *s, const struct candle *c, int64_t event_ms);

#endif
