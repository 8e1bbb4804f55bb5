/*
 * latency: how long frames stayed here, in microseconds: a histogram with
 * eight steps to each doubling, so that a percentile is right within 9 %.
 */
#ifndef HL_INGEST_LATENCY_H
#define HL_INGEST_LATENCY_H

#include <stddef.h>
#include <stdint.h>

#define LATENCY_STEPS ((size_t)8 * 32)

struct latency {
	uint64_t n;
	uint64_t counts[LATENCY_STEPS];
};

void latency_add(struct latency *l, int64_t us, int64_t times);
/* The time that share (0 .. 1) of all stayed below; 0 when there are none. */
int64_t latency_percentile(const struct latency *l, double share);

#endif
