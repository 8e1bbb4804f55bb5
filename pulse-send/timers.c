#include <stdlib.h>

#include "pulse-send/timers.h"

void
timers_release(struct timers *t)
{
	free(t->heap);
	*t = (struct timers){.heap = NULL};
}

static void
put(struct timers *t, size_t at, struct timer *node)
{
	t->heap[at - 1] = node;
	node->at = at;
}

static void
rise(struct timers *t, size_t at, struct timer *node)
{
	while (at > 1 && t->heap[at / 2 - 1]->due_us > node->due_us) {
		put(t, at, t->heap[at / 2 - 1]);
		at /= 2;
	}
	put(t, at, node);
}

static void
sink(struct timers *t, size_t at, struct timer *node)
{
	for (;;) {
		size_t child = 2 * at;

		if (child > t->n)
			break;
		if (child < t->n &&
		    t->heap[child]->due_us < t->heap[child - 1]->due_us)
			child++;
		if (t->heap[child - 1]->due_us >= node->due_us)
			break;
		put(t, at, t->heap[child - 1]);
		at = child;
	}
	put(t, at, node);
}

int
timers_set(struct timers *t, struct timer *node, int64_t due_us)
{
	if (node->at != 0)
		timers_clear(t, node);
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 64;
		struct timer **more = realloc(t->heap, cap * sizeof(*more));

		if (more == NULL)
			return -1;
		t->heap = more;
		t->cap = cap;
	}
	node->due_us = due_us;
	t->n++;
	rise(t, t->n, node);
	return 0;
}

void
timers_clear(struct timers *t, struct timer *node)
{
	size_t at = node->at;
	struct timer *last;

	if (at == 0)
		return;
	node->at = 0;
	last = t->heap[--t->n];
	if (last == node)
		return;
	if (at > 1 && t->heap[at / 2 - 1]->due_us > last->due_us)
		rise(t, at, last);
	else
		sink(t, at, last);
}

struct timer *
timers_pop(struct timers *t, int64_t now_us)
{
	struct timer *node;

	if (t->n == 0 || t->heap[0]->due_us > now_us)
		return NULL;
	node = t->heap[0];
	timers_clear(t, node);
	return node;
}

int64_t
timers_next_us(const struct timers *t)
{
	return t->n > 0 ? t->heap[0]->due_us : INT64_MAX;
}
