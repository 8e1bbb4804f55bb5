/*
 * state: the engine's own struct, shared by its files and by nobody else.
 */
#ifndef COMMON_ENGINE_STATE_H
#define COMMON_ENGINE_STATE_H

#include "common/engine/book.h"
#include "common/engine/engine.h"
#include "common/engine/series.h"

/* A rule that fired on the record at hand. */
struct fire {
	uint32_t rule;
	uint32_t source;
	bool unwatched; /* as it was judged */
};

/* One look of a series' sources at a record: those on ticks, or on closes. */
struct pass {
	struct engine *g;
	struct series *s;
	enum rule_on on;
	/* A bar that closes after the next one began to form: it is judged,
	 * but the value of tick sources is that of the newer bar. */
	bool aside;
	int64_t event_ms;
	struct rule_operands o; /* but for now, before, window */
	/* Keys of the prices: close, and the lowest and highest that count. */
	ladder_key close_key, low_key, high_key, previous_key;
	double close, previous_close;
};

struct engine {
	struct engine_options options;
	struct engine_calls calls;
	struct book book;
	struct series_table table;
	/* Rules on any symbol, by their number; BOOK_NONE: free. */
	uint32_t *any;
	uint32_t nany, any_cap;
	uint64_t watches;
	struct engine_counts counts;
	/* Of the pass at hand. */
	struct fire *fires;
	size_t nfires, fire_cap;
	struct buf message, values;
	/* Series that changed since engine_series_changed(), and a copy of
	 * the list while a transaction may fail. */
	uint32_t *changed;
	size_t nchanged, changed_cap;
	/* Series that wait for history; the one being read. */
	bool cold;
	struct series *warming;
	struct indicator_scale warming_scale;
};

/* judge.c: ask the rules of a series about a record. 0 or -1. */
int judge_pass(struct engine *g, struct series *s, const struct candle *c,
    enum rule_on on, bool unwatched, bool aside, struct err *e);

/* place.c: put the watch of a rule on a series, with the alerts it had
 * (SERIES_NEVER: none); and take it off. r is what the book says of it. */
int place_rule(struct engine *g, uint32_t rule, const struct rule *r,
    uint32_t series, int64_t fired_ms, int64_t window_ms, struct err *e);
void place_remove(struct engine *g, uint32_t rule, uint32_t series);
/* A new series: the rules on any symbol come to it. */
int place_any(struct engine *g, uint32_t series, struct err *e);
/* The watch of a rule on a series, or NULL. */
struct watch *place_watch(struct engine *g, uint32_t rule, uint32_t series);

/* Find or make the series, with the rules on any symbol. SERIES_NONE with a
 * sentence when it cannot be. */
uint32_t engine_series(struct engine *g, const char *symbol, size_t len,
    interval_id interval, struct err *e);

/* Note that the series' snapshot is out of date. 0 or -1. */
int engine_touch(struct engine *g, struct series *s);

/* The event time of a record. */
static inline int64_t
event_time(const struct candle *c)
{
	return c->recv_ms >= 0 ? c->recv_ms : c->close_ms + 1;
}

#endif
