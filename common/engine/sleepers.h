/*
 * sleepers: levels that were true and have been dealt with, waiting to be
 * looked at again: those that alerted wait for the next window, those in
 * cooldown for its end. While they wait nothing looks at them.
 */
#ifndef COMMON_ENGINE_SLEEPERS_H
#define COMMON_ENGINE_SLEEPERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/engine/ladder.h"

struct sleeper {
	ladder_key key; /* its rung */
	int64_t wake_ms; /* event time */
	uint32_t ref;
	bool down; /* true below its rung, not above it */
};

/* A list, or a heap by wake_ms with the earliest at v[0]. */
struct sleepers {
	struct sleeper *v;
	uint32_t n, cap;
};

void sleepers_release(struct sleepers *s);
/* Append to the list. 0, or -1 when memory is short. */
int sleepers_add(struct sleepers *s, const struct sleeper *x);
/* Put into the heap, and take the earliest out of it (n > 0). */
int sleepers_push(struct sleepers *s, const struct sleeper *x);
struct sleeper sleepers_pop(struct sleepers *s);

#endif
