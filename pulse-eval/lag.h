/*
 * lag: how old candles are when their batch is done, as a histogram for the
 * heartbeat.
 */
#ifndef PULSE_EVAL_LAG_H
#define PULSE_EVAL_LAG_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define LAG_BOUNDS 12
/* Of a larger batch the rest is counted like its last one. */
#define LAG_BATCH 1024

struct lag {
	uint64_t counts[LAG_BOUNDS + 1];
	double sum; /* seconds */
	int64_t recv_ms[LAG_BATCH];
	size_t n, more;
};

/* A candle with this E came into the batch; the batch is done. */
void lag_note(struct lag *l, int64_t recv_ms);
void lag_flush(struct lag *l, int64_t now_ms);
/* Append ,"lag_seconds":{"le":[…],"counts":[…],"sum":…}. */
void lag_print(const struct lag *l, struct buf *out);

#endif
