/*
 * stats: what pulse-send tells the store of itself, for metrics and status.
 *
 * There is one row for all pulse-sends of a machine, the one of the pipeline
 * and those that cron starts beside it, and each adds to it what it has done
 * since it added last: so the totals only grow, over restarts too, and no
 * process hides another. Only what is now (queued, running) is the last
 * writer's.
 */
#ifndef PULSE_SEND_STATS_H
#define PULSE_SEND_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/histogram.h"

struct store;

/* Since the process began. */
struct stats_count {
	int64_t lines, bad, unclaimed, requests, delivered, retrying, dead,
	    released, lost;
};

struct stats {
	struct stats_count told; /* of the totals, in the store already */
	/* Since the last beat. */
	struct histogram attempt, delivery;
};

void stats_init(struct stats *s);
/* An attempt ended after so many us. */
void stats_attempt(struct stats *s, int64_t latency_us);
/* An alert of that record was taken by its receiver at that time: counts the
 * time since it was triggered, which for live alerts is when their candle
 * came in. A record without that time counts nothing. */
void stats_delivered(
    struct stats *s, const char *record, size_t len, int64_t now_ms);
/* Add to the row in the store. 0, or -1 and it is added next time. */
int stats_beat(struct stats *s, struct store *st, const struct stats_count *now,
    size_t queued, size_t running, struct err *e);

#endif
