/*
 * histogram: how often something took how long, for the heartbeats that
 * "pulse-ctl serve" shows as metrics. Prometheus adds up histograms of many
 * machines and times, which percentiles do not allow.
 */
#ifndef COMMON_HISTOGRAM_H
#define COMMON_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define HISTOGRAM_BOUNDS_MAX 16

struct histogram {
	const int64_t *bounds_ms; /* ascending, borrowed */
	size_t n; /* of them */
	uint64_t counts[HISTOGRAM_BOUNDS_MAX + 1]; /* not cumulative */
	double sum; /* seconds */
};

/* n is at most HISTOGRAM_BOUNDS_MAX. */
void histogram_init(struct histogram *h, const int64_t *bounds_ms, size_t n);
/* Something took so long, so many times; less than 0 counts as 0. A bound
 * belongs to its bucket, as "le" says. */
void histogram_note(struct histogram *h, double ms, uint64_t times);
/* Append {"le":[seconds…],"counts":[…],"sum":seconds}. */
void histogram_print(const struct histogram *h, struct buf *out);

#endif
