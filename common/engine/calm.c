#include <math.h>

#include "common/engine/series.h"

/* Prices worked out in doubles are kept this far from, as a share. */
#define MARGIN 1e-9
/* How far lows may fall and highs rise, as a share: much is tried first. */
static const double slacks[] = {1e-2, 1e-3};

/* Bounds as they narrow: prices that the close must be above and below, with
 * a bar's low and high anywhere from .x to .far. */
struct bounds {
	double low, high;
	double bar_low, bar_low_far, bar_high, bar_high_far;
	int64_t until_ms;
	bool this_bar; /* it cannot outlast the bar */
};

static void
narrow(struct bounds *b, double low, double high)
{
	b->low = fmax(b->low, low * (1 + MARGIN));
	b->high = fmin(b->high, high * (1 - MARGIN));
}

/*
 * A move may grow up to the rung above it and shrink down to the one below,
 * wherever within its slack the low (high) is that it is measured from. A
 * rung below zero stands for none: moves are at least zero.
 */
static void
narrow_rise(struct bounds *b, const struct extent *w, const struct source *src)
{
	if (src->quiet_to < LADDER_HIGHEST)
		narrow(b, 0,
		    fmin(b->bar_low_far, w->low_x) *
			(1 + ladder_double(src->quiet_to) / 100));
	if (src->quiet_from > 0)
		narrow(b,
		    fmin(b->bar_low, w->low_x) *
			(1 + ladder_double(src->quiet_from) / 100),
		    INFINITY);
}

static void
narrow_fall(struct bounds *b, const struct extent *w, const struct source *src)
{
	if (src->quiet_to < LADDER_HIGHEST)
		narrow(b,
		    fmax(b->bar_high_far, w->high_x) *
			(1 - ladder_double(src->quiet_to) / 100),
		    INFINITY);
	if (src->quiet_from > 0)
		narrow(b, 0,
		    fmax(b->bar_high, w->high_x) *
			(1 - ladder_double(src->quiet_from) / 100));
}

/* False when the source cannot be bounded by a price. */
static bool
narrow_source(
    struct bounds *b, const struct series *s, const struct source *src)
{
	if (src->again.n > 0)
		return false;
	if (src->due.n > 0 && src->due.v[0].wake_ms - 1 < b->until_ms)
		b->until_ms = src->due.v[0].wake_ms - 1;
	if (src->window.n > 0)
		b->this_bar = true;
	if (src->extent != SERIES_NONE && src->quiet_from > 0) {
		b->this_bar = true;
		if (s->extents[src->extent].until_ms < b->until_ms)
			b->until_ms = s->extents[src->extent].until_ms;
	}
	switch (src->kind) {
	case RULE_INPUT_PRICE:
		narrow(b, (double)src->quiet_from / 1e18,
		    (double)src->quiet_to / 1e18);
		return true;
	case RULE_INPUT_MOVE_UP:
		narrow_rise(b, &s->extents[src->extent], src);
		return true;
	case RULE_INPUT_MOVE_DOWN:
		narrow_fall(b, &s->extents[src->extent], src);
		return true;
	default:
		return false;
	}
}

/* With this slack; s->calm says whether the close is within. */
static void
try(struct series *s, const struct candle *c, int64_t event_ms, double slack)
{
	double unit = decimal_to_double((struct decimal){1, c->close.scale});
	int64_t low_far = c->low.mant - (int64_t)(slack * (double)c->low.mant);
	int64_t high_far =
	    c->high.mant + (int64_t)(slack * (double)c->high.mant);
	struct bounds b = {
	    .high = (double)DECIMAL_MANT_MAX * unit,
	    .bar_low = (double)c->low.mant * unit,
	    .bar_low_far = (double)low_far * unit,
	    .bar_high = (double)c->high.mant * unit,
	    .bar_high_far = (double)high_far * unit,
	    .until_ms = INT64_MAX,
	};
	uint32_t i;

	for (i = 0; i < s->nsources; i++)
		if (s->sources[i].on == RULE_ON_TICK &&
		    !narrow_source(&b, s, &s->sources[i]))
			return;
	s->calm = (struct calm){
	    .scale = c->close.scale,
	    .open_from_ms = c->open_ms,
	    .open_to_ms = b.this_bar ? c->open_ms : INT64_MAX,
	    .from_ms = event_ms,
	    .until_ms = b.until_ms,
	    .low_min = low_far,
	    .low_max = b.this_bar ? c->low.mant : INT64_MAX,
	    .high_min = b.this_bar ? c->high.mant : 0,
	    .high_max = high_far,
	    .close_min = (int64_t)(b.low / unit) + 2,
	    .close_max = (int64_t)(b.high / unit) - 2,
	};
	s->calm.is = c->close.mant >= s->calm.close_min &&
		     c->close.mant <= s->calm.close_max;
}

void
calm_set(struct series *s, const struct candle *c, int64_t event_ms)
{
	size_t i;

	s->calm.is = false;
	if (c->low.scale != c->close.scale || c->high.scale != c->close.scale)
		return;
	for (i = 0; i < sizeof(slacks) / sizeof(slacks[0]) && !s->calm.is; i++)
		try(s, c, event_ms, slacks[i]);
}
