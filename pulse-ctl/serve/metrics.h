/*
 * metrics: what this process counted, and with the heartbeats in the store
 * what every stage did, as Prometheus text 0.0.4 or as JSON.
 */
#ifndef PULSE_CTL_SERVE_METRICS_H
#define PULSE_CTL_SERVE_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "db/store.h"

#define METRICS_ROUTES_MAX 40
#define METRICS_CODES	   600
#define METRICS_BUCKETS	   10

struct metrics {
	/* By route (the last: none) and status. */
	uint64_t requests[METRICS_ROUTES_MAX + 1][METRICS_CODES];
	uint64_t duration[METRICS_BUCKETS + 1];
	double duration_sum;
	uint64_t limiter_refused; /* 429 for a key's rate */
	uint64_t keys_failed;
	uint64_t limiter_failed_open;
	uint64_t connections_refused;
	uint64_t commits, committed_requests;
	int64_t connections, subscribers;
};

/* Note one answered request; route < 0: none was found. */
void
metrics_count(struct metrics *m, long route, int status, int64_t duration_us);
int metrics_print(
    const struct metrics *m, struct store *st, struct buf *out, struct err *e);
int metrics_print_json(
    const struct metrics *m, struct store *st, struct buf *out, struct err *e);

#endif
