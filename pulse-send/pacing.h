/*
 * pacing: how soon the next request may leave for one bucket, which is all
 * that shares a receiver's limit. Pure: the caller gives the time, in us of
 * the monotonic clock.
 *
 * Three things hold a request back, the latest of them counts:
 *  - windows that we keep by ourselves (Discord: 5 in 2 s, 30 in 60 s). Sliding,
 *    and counted from the moment an answer came, not from when we sent: however
 *    long the network took, the receiver then never sees more in any window
 *    of its own;
 *  - what the receiver says it has left (X-RateLimit-Remaining, -Reset-After);
 *  - a wait that it demanded (429, 503 with Retry-After).
 */
#ifndef PULSE_SEND_PACING_H
#define PULSE_SEND_PACING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACING_WINDOWS	 2
#define PACING_COUNT_MAX 1000

/* At most count requests in any period_us. count 0: no such window. */
struct pacing_window {
	int count;
	int64_t period_us;
};

struct pacing {
	struct pacing_window windows[PACING_WINDOWS];
	/* When the last requests were done, oldest at head: a ring of as many
	 * as the largest window counts; NULL without windows. */
	int64_t *done_us;
	int capacity, head, used;
	int in_flight;
	/* Said by the receiver: how many may still leave until then. */
	int remaining;
	int64_t reset_us; /* 0: nothing was said */
	int64_t blocked_until_us;
};

/* 0, or -1 without memory. Nothing to release before that. */
int pacing_init(struct pacing *p, const struct pacing_window w[PACING_WINDOWS]);
void pacing_release(struct pacing *p);

/* When the next request may leave: at most now_us when it may at once, or
 * INT64_MAX when only the end of a running one can tell. */
int64_t pacing_ready_us(const struct pacing *p, int64_t now_us);
/* How many could leave now, one right after the other. */
int pacing_room(const struct pacing *p, int64_t now_us);
void pacing_start(struct pacing *p);
/* The end of one that was started; counted: the receiver saw it. */
void pacing_done(struct pacing *p, int64_t now_us, bool counted);

/* The receiver asks for silence. Never shortens one it asked for before. */
void pacing_block(struct pacing *p, int64_t now_us, int64_t wait_us);
/* The receiver says what is left until its window ends, not counting the
 * request that it answered. */
void pacing_learn(
    struct pacing *p, int64_t now_us, int remaining, int64_t reset_after_us);

#endif
