/*
 * timerq: things to do at a time, soonest first: a binary heap of structs that
 * their owners embed. The queue knows nothing of clocks; the same code keeps
 * the loop's real timers and the simulator's events in simulated time.
 *
 * Two timers with the same due time fire in the order they were set, so a
 * simulation repeats exactly.
 */
#ifndef TESTS_WIRE_TIMERQ_H
#define TESTS_WIRE_TIMERQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timer {
	int64_t due_us;
	uint64_t order;
	size_t slot; /* index in the heap + 1; 0 = not set */
	void (*fire)(struct timer *);
};

struct timerq {
	struct timer **heap;
	size_t n;
	size_t cap;
	uint64_t order;
};

/* The struct that embeds this member. */
#define CONTAINER_OF(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

void timerq_release(struct timerq *q);
/* Set (or move) a timer. The caller owns it and keeps it alive while set. */
void timerq_set(struct timerq *q, struct timer *t, int64_t due_us);
/* Take it out; nothing happens when it is not set. */
void timerq_clear(struct timerq *q, struct timer *t);
/* The soonest, or NULL. */
struct timer *timerq_first(const struct timerq *q);
/* Fire all that are due at now_us, each taken out before its function runs
 * (which may set it again). Returns how many fired. */
size_t timerq_run(struct timerq *q, int64_t now_us);

static inline bool
timer_is_set(const struct timer *t)
{
	return t->slot != 0;
}

#endif
