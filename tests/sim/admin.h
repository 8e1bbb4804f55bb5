/*
 * admin: /sim/…, the side door for tests. Faults never touch it.
 *
 *	GET  /sim/stats		counters, as one JSON object
 *	GET  /sim/wait?NAME=N…[&time=MS][&timeout=S]
 *				answers the counters once each has reached N
 *				(and the clock MS), or 408 after S seconds (30)
 *	GET  /sim/clock		{"time":MS,"mode":…,"speed":X,"held":…,
 *				"mono_us":…,"real_ms":…}
 *	GET  /sim/closed?coin=C&interval=I[&from=MS][&to=MS][&x=1]
 *				the truth: all closed bars, NDJSON; x=1 adds
 *				"x":true. keep=1: only what REST still keeps
 *	GET  /sim/series	live candle subscriptions, NDJSON
 *	GET  /sim/faults	the faults, NDJSON
 *	POST /sim/fault		lines of faults (fault.h) -> their ids
 *	POST /sim/clear[?id=N]	end one or all
 *	POST /sim/advance?ms=N	move a manual clock
 *	POST /sim/hold, /sim/run	stop the clock, let it run on
 *	POST /sim/speed?x=X
 *	POST /sim/quit
 */
#ifndef TESTS_SIM_ADMIN_H
#define TESTS_SIM_ADMIN_H

#include "tests/sim/sim.h"

void admin_request(struct peer *p, const struct http_request *r);
/* Answer those whose wait is over. */
void admin_waits(struct sim *s);

#endif
