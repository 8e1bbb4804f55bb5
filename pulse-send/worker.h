/*
 * worker: the HTTP client of pulse-send in a process of its own, so that
 * requests run while the store commits, on another processor if there is one:
 *
 *   pulse-send ──asks──▶ worker ──requests──▶ receivers
 *              ◀─answers──
 *
 * The worker (worker_main.c) knows neither store nor queue: what it is asked
 * to call it calls, so many at once, and the next one the moment a place is
 * free. Shaped like common/http: one descriptor to watch, one function to
 * serve it.
 *
 * It lives exactly as long as pulse-send: killed with it, whatever way that
 * ends, so no request starts that nobody would record. If the worker itself is
 * killed, all its calls end as broken after they may have left, and another
 * one is started.
 */
#ifndef PULSE_SEND_WORKER_H
#define PULSE_SEND_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/http.h"
#include "pulse-send/worker_wire.h"

/* A request that runs for longer than so makes room for another one, until
 * there are so many times as many as are wanted at once: however many
 * receivers hang, the others go on. */
#define WORKER_SLOW_US (1 * 1000000)
#define WORKER_STRETCH 4

struct worker;
struct worker_call;

struct worker_options {
	int concurrency; /* requests at once */
	int calls; /* handed over at most, those that wait included */
	bool allow_private; /* loopback and private addresses, too */
};

/* How a call ended; the answer is good until it returns. started_us of it is 0
 * when the worker was lost before it could tell. */
typedef void worker_done_fn(void *arg, const struct wire_answer *a);

/* Start the process. 0 or -1. */
int
worker_open(struct worker **w, const struct worker_options *o, struct err *e);
/* End it; no done function runs. NULL is allowed. */
void worker_close(struct worker *w);

/*
 * Hand over a call; everything is copied. The request's guard is the worker's:
 * common/guard. done(arg) runs once, out of worker_service(), unless the call
 * is cancelled; a request that cannot be made ends as HTTP_REFUSED, or
 * HTTP_LOCAL for want of memory. -1 (e->local) when there is no room for it.
 */
int worker_start(struct worker *w, const struct http_request *r,
    worker_done_fn *done, void *arg, struct worker_call **call, struct err *e);
/* Drop it: its connection is closed, done never runs. Whether it had begun, so
 * that it may have left. One that had not may begin until the worker has read
 * of this, unless it was recalled before. */
bool worker_cancel(struct worker *w, struct worker_call *call);

/* Whatever was handed over and has not begun yet is not to begin: it ends
 * unsent, in its turn. */
void worker_recall(struct worker *w);

/* How many of the calls that run make room for others: see WORKER_SLOW_US. */
size_t worker_slow(const struct worker *w);

/* What to wait for, and on which descriptor (poll(2)). */
int worker_fd(const struct worker *w);
short worker_events(const struct worker *w);
/* Take the answers that are there. 0, or -1 when the process ends again and
 * again. */
int worker_service(struct worker *w, struct err *e);
/* Let leave what was handed over. */
void worker_flush(struct worker *w);

/* In memory that both processes see. Calls begin in the order of their ids. */
struct worker_shared {
	_Atomic uint64_t recalled; /* calls up to this id are not to begin */
	_Atomic uint64_t begun; /* the last one that did */
	_Atomic int slow; /* running for longer than WORKER_SLOW_US */
};

/* The worker's life, in the process that was made for it, which talks with
 * pulse-send over fd. Returns its exit status. */
int worker_main(
    int fd, const struct worker_options *o, struct worker_shared *shared);

#endif
