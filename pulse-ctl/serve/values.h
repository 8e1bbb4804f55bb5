/*
 * values: indicator values of the candles that an answer shows, computed by
 * the code that judges the rules (common/indicators), so that a chart shows
 * what pulse-eval saw.
 */
#ifndef PULSE_CTL_SERVE_VALUES_H
#define PULSE_CTL_SERVE_VALUES_H

#include <stddef.h>

#include "common/rules/rule_type.h"
#include "db/store.h"

/* Indicators of one answer. */
#define VALUES_MAX 4
/* Candles read before the ones shown: what warms indicators up. A bound on
 * the work of one request; the exchange serves no more either. */
#define VALUES_HISTORY_MAX INDICATOR_LENGTH_MAX

struct values {
	struct indicator_spec spec[VALUES_MAX];
	/* The member's name: the spec as it was given. */
	char name[VALUES_MAX][INDICATOR_SPEC_TEXT_MAX];
	size_t n;
};

/* Add the specs of "rsi:14,macd:12:26:9". 0, or -1 with a sentence. */
int values_parse(struct values *v, const char *text, struct err *e);
/* Add the indicators of a rule, as far as there is room and they are new. */
void values_of_rule(struct values *v, const struct rule *r);

/* Gets each candle shown with its values as a JSON object. */
typedef int values_fn(void *arg, const struct candle *c, const char *json);

/*
 * Call fn for the candles that f selects, in its order, with the values that
 * follow from them and from the closed candles before them. 0 or -1.
 */
int values_list(const struct values *v, struct store *st,
    const struct store_candle_filter *f, values_fn *fn, void *arg,
    struct err *e);

#endif
