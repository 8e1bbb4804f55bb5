/*
 * lag: how old candles are when their batch is done, as a histogram for the
 * heartbeat.
 */
#ifndef PULSE_EVAL_LAG_H
#define PULSE_EVAL_LAG_H

#include <stddef.h>
#include <stdint.h>

#include "common/histogram.h"

/* Of a larger batch the rest is counted like its last one. */
#define LAG_BATCH 1024

struct lag {
	struct histogram took;
	int64_t recv_ms[LAG_BATCH];
	size_t n, more;
};

void lag_init(struct lag *l);
/* A candle with this E came into the batch; the batch is done. */
void lag_note(struct lag *l, int64_t recv_ms);
void lag_flush(struct lag *l, int64_t now_ms);

#endif
