/*
 * engine: candles in, alerts out. The whole of judging, without any input,
 * output, store or clock: the same records in the same order give the same
 * alerts, byte for byte, wherever they come from.
 *
 * pulse-eval drives it from stdin and the store; "pulse-ctl rule test" and
 * "rule diff" from files.
 *
 *   record -> sequence (what is it: an update, a closed bar, a repetition?)
 *          -> indicators and price ranges of its series
 *          -> ladders of the series' sources: which rules may fire now
 *          -> rule_judge() of those, cooldown, one alert a window
 *          -> alert
 *
 * Time is event time: E of the record, else the end of its bar.
 */
#ifndef COMMON_ENGINE_ENGINE_H
#define COMMON_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/alert.h"
#include "common/candle.h"
#include "common/err.h"
#include "common/json.h"
#include "common/rules/rule.h"
#include "common/rules/rule_type.h"

/* Levels over all series, rules on any symbol counted once a series. */
#define ENGINE_WATCHES_MAX 20000000

struct engine;

/* What else than the alert's record its keeper wants to know of a rule. */
struct engine_alert_to {
	bool discord, generic;
	const char *channels; /* JSON array of names, or NULL */
};

/* What came of asking one rule about one record. */
enum engine_outcome {
	ENGINE_FIRED,
	ENGINE_NOT_TRUE, /* its condition does not hold */
	ENGINE_SAME_WINDOW, /* it holds; the window had its alert */
	ENGINE_IN_COOLDOWN,
	ENGINE_OLD_NEWS, /* the bar closed before the rule was enabled */
};

struct engine_judged {
	const struct rule *rule;
	uint32_t number; /* of the rule, as engine_rule_each() gives it */
	const struct rule_operands *operands;
	int64_t event_ms;
	enum engine_outcome outcome;
	const char *why; /* of ENGINE_NOT_TRUE: the first condition that
			  * failed */
};

/* Calls out. Each returns 0, or -1 with a sentence, which ends the feed. */
struct engine_calls {
	void *arg;
	/* An alert, in order of rule id among those of one record. Strings
	 * are good during the call; late is the caller's to set. */
	int (*alert)(void *arg, struct alert *a,
	    const struct engine_alert_to *to, struct err *e);
	/* A bar is closed (each bar once). May be NULL. */
	int (*closed)(void *arg, const struct candle *c, struct err *e);
	/* Every rule that was asked. With it every rule is asked on every
	 * record (slow): for --explain and --summary. May be NULL. */
	int (*judged)(void *arg, const struct engine_judged *j, struct err *e);
	/* Give the newest n closed bars of the series, oldest first, to
	 * engine_history(). NULL: there is no history. */
	int (*history)(void *arg, struct engine *engine, const char *symbol,
	    interval_id interval, int64_t n, struct err *e);
};

struct engine_options {
	/* Bars that closed before a rule was created or last enabled only
	 * warm it up. Off: everything is judged. */
	bool old_news;
};

/* NULL when memory is short. The calls are copied. */
struct engine *
engine_new(const struct engine_options *o, const struct engine_calls *calls);
void engine_free(struct engine *g);

/* ---- rules ----------------------------------------------------------------- */

/* Take a rule, or take over its changes: what the change does not touch is
 * kept. An inactive rule is kept but not judged. */
int engine_rule_put(struct engine *g, const struct rule *r, struct err *e);
/* Take a rule that the engine surely lacks, as engine_rule_put() would; a
 * load of all spares the search. */
int engine_rule_add(struct engine *g, const struct rule *r, struct err *e);
/* After a load: make now what would be made when a rule is looked for, so that
 * the first change does not wait for all the others. */
void engine_rules_added(struct engine *g);
/* Forget it. 1, or 0 when it was not there. */
int engine_rule_delete(struct engine *g, const struct uuid *id);
uint32_t engine_rule_count(const struct engine *g);
/* Give each rule with a number of its own: small, and its as long as it is
 * there. fn returns 0, or another value that ends it and is returned. */
int engine_rule_each(const struct engine *g,
    int (*fn)(void *arg, uint32_t number, const struct rule *r), void *arg);
/* Read history into what rule changes made necessary. After a batch of
 * changes, before the next record. */
int engine_warm(struct engine *g, struct err *e);
/* For calls->history: one bar of the series that was asked for. */
int engine_history(struct engine *g, const struct candle *c, struct err *e);

/* Would the bar, told as one of the past, only add to the history? Not when it
 * is after the newest bar closed: that one is to be judged. */
bool engine_is_past(struct engine *g, const struct candle *c);
/* The history of the series has older bars than before: all that is computed
 * from it is to be computed anew, by engine_warm(). */
void
engine_history_grew(struct engine *g, const char *symbol, interval_id interval);

/* ---- records --------------------------------------------------------------- */

enum engine_fed {
	ENGINE_FAILED = -1, /* a call failed or memory is short */
	ENGINE_TAKEN,
	/* A repetition or an update that came too late: nothing to say. */
	ENGINE_IGNORED,
	/* Not taken, bad input, and e says why: a bar out of order, one
	 * series too many. */
	ENGINE_REFUSED,
	/* Not taken: a closed bar came again with other values. e says it,
	 * once a series. */
	ENGINE_DIFFERS,
};

enum engine_fed
engine_feed(struct engine *g, const struct candle *c, struct err *e);
/* Updates of the bar now forming may have been lost. 0 or -1. */
int engine_hole(
    struct engine *g, const char *symbol, interval_id interval, struct err *e);
/* Take a control record: one that says so of a series is a hole. 1 when it was,
 * 0 when it says nothing to the engine, -1. */
int engine_event(struct engine *g, const struct json *j, struct err *e);
/* The input has ended: bars without x are closed. 0 or -1. */
int engine_end(struct engine *g, struct err *e);

struct engine_counts {
	uint64_t forming, closed, alerts;
	uint64_t duplicates, differing, out_of_order, stale, refused_series;
	uint32_t series, rules;
};
void engine_count(const struct engine *g, struct engine_counts *out);

/* ---- what must survive ------------------------------------------------------ */

/* State of a rule on a symbol, as of its last alert. */
#define ENGINE_RULE_STATE_BYTES 16
void engine_rule_state(int64_t fired_ms, int64_t window_ms,
    unsigned char out[ENGINE_RULE_STATE_BYTES]);
/* Take it back; a rule or symbol no longer judged is skipped. 0, or -1 for
 * bytes that are none. */
int engine_rule_restore(struct engine *g, const struct uuid *id,
    const char *symbol, const void *blob, size_t n);

/* Make a series known, as the store has bars of it; engine_warm() reads its
 * last ones. */
int engine_series_add(
    struct engine *g, const char *symbol, interval_id interval, struct err *e);
/* True when some series changed since engine_series_changed(). */
bool engine_is_changed(const struct engine *g);
/*
 * The state of each series that changed since it was last given: what its
 * closed bars do not say (the forming bar, the price seen last). fn returns 0
 * or -1.
 */
int engine_series_changed(struct engine *g,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n, struct err *e),
    void *arg, struct err *e);
/* Take it back, after engine_warm(). 0, or -1 for bytes that are none. */
int engine_series_restore(struct engine *g, const char *symbol,
    interval_id interval, const void *blob, size_t n);

#endif
