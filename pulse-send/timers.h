/*
 * timers: what is to happen at which time of the monotonic clock, as a binary
 * heap of nodes that lie inside what waits.
 */
#ifndef PULSE_SEND_TIMERS_H
#define PULSE_SEND_TIMERS_H

#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_us;
	size_t at; /* place in the heap, from 1; 0: not set */
	void *owner;
	int kind; /* the owner's, told apart by the user */
};

struct timers {
	struct timer **heap;
	size_t n, cap;
};

void timers_release(struct timers *t);
/* Set, or set anew. 0, or -1 without memory. */
int timers_set(struct timers *t, struct timer *node, int64_t due_us);
void timers_clear(struct timers *t, struct timer *node);
/* The earliest that is due, taken off; NULL when none is. */
struct timer *timers_pop(struct timers *t, int64_t now_us);
/* When the next one is due; INT64_MAX without one. */
int64_t timers_next_us(const struct timers *t);

#endif
