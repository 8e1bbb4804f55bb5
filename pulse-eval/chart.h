/*
 * chart: a small picture of a price and of where on it alerts fell. It holds
 * CHART_COLUMNS columns at most: when time runs out of them, two become one.
 */
#ifndef PULSE_EVAL_CHART_H
#define PULSE_EVAL_CHART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"

#define CHART_COLUMNS 72

struct chart {
	int64_t begin_ms, column_ms;
	int columns;
	double close[CHART_COLUMNS]; /* the last of the column; 0: none */
	uint32_t alerts[CHART_COLUMNS];
};

/* Note the price of a bar, and an alert on it. step_ms is its length. */
void chart_add(struct chart *c, int64_t open_ms, int64_t step_ms, double close);
void chart_alert(struct chart *c, int64_t open_ms);
/* Two lines: the price, and under it the alerts. */
int chart_print(const struct chart *c, bool utf8, struct buf *out);

#endif
