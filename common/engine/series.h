/*
 * series: all that an engine knows of one (symbol, interval): the bars it has
 * seen last, the indicators that rules on it share, and its sources.
 *
 * A source is one changing number that rules compare with a level: the price,
 * a percentage moved, a line of an indicator. All rules on the same source
 * stand on its ladders (ladder.h). Judging walks no list of rules: a source
 * whose value passes no rung costs a few comparisons.
 */
#ifndef COMMON_ENGINE_SERIES_H
#define COMMON_ENGINE_SERIES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/candle.h"
#include "common/engine/calm.h"
#include "common/engine/ladder.h"
#include "common/engine/range.h"
#include "common/engine/sleepers.h"
#include "common/indicators/indicator.h"
#include "common/rules/rule_type.h"

#define SERIES_NONE UINT32_MAX
/* More series than this are refused: bounded memory, whatever comes in. The
 * exchange has about 500 symbols in 14 intervals. */
#define SERIES_MAX 100000
/* No time: before every bar. */
#define SERIES_NEVER INT64_MIN

/* An indicator on the series, shared by all rules that name it. */
struct study {
	struct indicator_spec spec;
	void *state; /* owned; indicator_size(spec) bytes */
	/* With the bar judged last, and with the closed bar before it. */
	double now[INDICATOR_LINES_MAX];
	double before[INDICATOR_LINES_MAX];
	uint32_t users; /* sources in use that look at it: 0, it rests */
	uint32_t tick_users; /* of them, those that look while a bar forms */
	bool cold; /* history has not been read into it yet */
};

/* A price range on the series, likewise, with its answer for windows that
 * begin within [from_ms, until_ms]. */
struct extent {
	struct range range;
	int64_t from_ms, until_ms;
	bool has;
	struct decimal low, high;
	double low_x, high_x;
	uint32_t users;
	bool cold;
};

struct source {
	enum rule_input kind;
	enum rule_on on;
	uint8_t line;
	uint8_t studies; /* how many of study[] it has */
	uint32_t study[2]; /* indexes into the series */
	uint32_t extent; /* or SERIES_NONE */
	uint32_t users; /* levels of rules on it: 0, it rests */
	/* Levels: true while the value is above (not above) the rung. Edges:
	 * fire when the value passes the rung. */
	struct ladder up, down, edge_up, edge_down;
	/* Levels that are true and were dealt with: in the window that opened
	 * at window_ms, or in cooldown. */
	struct sleepers window, due;
	int64_t window_ms;
	/* Levels on whose side the value is, but whose rule says no: asked
	 * again with every record. */
	struct sleepers again;
	/* While the value stays above the one and not above the other, no
	 * rung of any ladder is passed. */
	ladder_key quiet_from, quiet_to;
	/* The same of a source whose values are doubles: within these, ends
	 * included. */
	double still_from, still_to;
};

/* Rungs or sleepers changed: look at all of them with the next record. */
static inline void
source_stir(struct source *src)
{
	src->quiet_from = LADDER_HIGHEST;
	src->quiet_to = LADDER_LOWEST;
	src->still_from = INFINITY;
	src->still_to = -INFINITY;
}

/* A rule on a series. */
struct watch {
	uint32_t rule; /* in the book; SERIES_NONE when it went */
	uint32_t source; /* of its first level */
	bool asleep[2]; /* its levels, in a list of sleepers */
	uint8_t levels; /* 0: a free place, next free in source */
	int64_t fired_ms; /* event time of its last alert, or SERIES_NEVER */
	int64_t window_ms; /* t of that alert's bar, or SERIES_NEVER */
};

/* A price and its double, worked out once. */
struct price_x {
	struct decimal d;
	double x;
};

/* A bar that was seen forming; open_ms is SERIES_NEVER for none. */
struct forming {
	int64_t open_ms;
	int64_t recv_ms; /* E of its last update, or -1 */
	bool hole; /* updates may be missing */
};

struct series {
	char symbol[SYMBOL_TEXT_MAX];
	uint8_t symbol_len;
	interval_id interval;
	bool has_last, has_held, has_price;
	bool differed; /* a differing duplicate was said once */
	uint32_t number; /* its own index */
	bool dirty; /* changed since its snapshot was stored */
	bool cold; /* something of it waits for history */
	int64_t known_ms; /* bars up to this t were in the store before */
	struct candle last; /* closed last */
	uint64_t seen; /* bit k: the bar k steps before last closed here */
	struct candle held; /* without x: forming or closed, not known yet */
	struct decimal price; /* seen last */
	struct calm calm;
	struct price_x low, high; /* of the bar judged last */
	struct price_x close, before; /* likewise, and of the bar before it */
	/* The bar forming, and the one before it while that waits for its
	 * final values. */
	struct forming forming, waiting;
	struct indicator_scale scale;
	uint64_t ticks, closes; /* records judged */
	int64_t fired_ms; /* latest event time of an alert, or SERIES_NEVER */
	struct source *sources;
	struct study *studies;
	struct extent *extents;
	struct watch *watches;
	uint32_t nsources, nstudies, nextents;
	uint32_t nwatches, watch_cap, watch_free;
	/* Watch of each rule on any symbol, by its number there. */
	uint32_t *any;
	uint32_t nany;
};

struct series_table {
	struct series **v; /* each allocated by itself: they do not move */
	uint32_t n, cap;
	uint32_t *slot;
	uint32_t slots;
	uint32_t recent; /* looked up last */
};

void series_table_init(struct series_table *t);
void series_table_release(struct series_table *t);
/* The index of the series, or SERIES_NONE. */
uint32_t series_find(struct series_table *t, const char *symbol, size_t len,
    interval_id interval);
uint32_t series_of(struct series_table *t, const struct candle *c);
/* Make it: SERIES_NONE when there are too many or memory is short. */
uint32_t series_add(struct series_table *t, const char *symbol, size_t len,
    interval_id interval);

/* The source with these properties, made when there is none, as SERIES_NONE
 * when memory is short. window_ms is 0 but for moves. */
uint32_t
series_source(struct series *s, const struct rule_watch *w, enum rule_on on,
    const struct indicator_spec *specs, size_t nspecs, int64_t window_ms);
/* Count a level that comes to the source (+1) or leaves it (-1). What nobody
 * uses rests, and begins anew, cold, when it is used again. */
void series_source_use(struct series *s, uint32_t source, int change);
/* Let all that is computed from closed bars begin anew, cold. */
void series_begin_anew(struct series *s);
/* A free watch, or SERIES_NONE; and back. */
uint32_t series_watch_new(struct series *s);
void series_watch_free(struct series *s, uint32_t watch);

#endif
