/*
 * stats: what the simulator counts, and what GET /sim/stats shows and
 * GET /sim/wait waits for.
 */
#ifndef TESTS_SIM_STATS_H
#define TESTS_SIM_STATS_H

#include <stdint.h>

#include "common/buf.h"

enum stats_id {
	STATS_CONNECTIONS, /* TCP, accepted */
	STATS_WS, /* WebSocket connections made */
	STATS_WS_OPEN, /* open now */
	STATS_SUBSCRIBES, /* taken */
	STATS_SUBS, /* candle subscriptions live now */
	STATS_MESSAGES, /* received over WebSocket */
	STATS_PINGS,
	STATS_FRAMES, /* candle frames sent */
	STATS_BARS, /* forming bars that got their first frame */
	STATS_ERRORS, /* error frames sent */
	STATS_DROPS, /* connections that we ended */
	STATS_GONE, /* connections that the client ended */
	STATS_REQUESTS, /* POST /info */
	STATS_SNAPSHOTS, /* candleSnapshot answered with rows */
	STATS_ROWS, /* rows served */
	STATS_STATUS_4XX,
	STATS_STATUS_5XX,
	STATS_WEIGHT, /* REST weight, in all */
	STATS_FAULTS, /* faults begun */
	STATS_APPLIED, /* times that a fault applied */
	STATS_ENDED, /* 1 when the recording is over */
	STATS_COUNT
};

struct stats {
	uint64_t value[STATS_COUNT];
};

const char *stats_name(enum stats_id id);
/* By its name, or -1. */
int stats_find(const char *name);
/* Append "\"name\":value" for all, comma-separated. */
void stats_print(const struct stats *s, struct buf *out);

#endif
