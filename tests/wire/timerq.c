#include <stdlib.h>

#include "tests/wire/timerq.h"

static bool
before(const struct timer *a, const struct timer *b)
{
	if (a->due_us != b->due_us)
		return a->due_us < b->due_us;
	return a->order < b->order;
}

static void
place(struct timerq *q, size_t i, struct timer *t)
{
	q->heap[i] = t;
	t->slot = i + 1;
}

static void
rise(struct timerq *q, size_t i, struct timer *t)
{
	while (i > 0 && before(t, q->heap[(i - 1) / 2])) {
		place(q, i, q->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(q, i, t);
}

static void
sink_down(struct timerq *q, size_t i, struct timer *t)
{
	size_t child;

	while ((child = 2 * i + 1) < q->n) {
		if (child + 1 < q->n &&
		    before(q->heap[child + 1], q->heap[child]))
			child++;
		if (!before(q->heap[child], t))
			break;
		place(q, i, q->heap[child]);
		i = child;
	}
	place(q, i, t);
}

void
timerq_release(struct timerq *q)
{
	free(q->heap);
	*q = (struct timerq){0};
}

void
timerq_set(struct timerq *q, struct timer *t, int64_t due_us)
{
	timerq_clear(q, t);
	if (q->n == q->cap) {
		size_t cap = q->cap == 0 ? 64 : 2 * q->cap;
		struct timer **heap = realloc(q->heap, cap * sizeof(*heap));

		/* A test helper without memory has no way on. */
		if (heap == NULL)
			abort();
		q->heap = heap;
		q->cap = cap;
	}
	t->due_us = due_us;
	t->order = q->order++;
	rise(q, q->n++, t);
}

void
timerq_clear(struct timerq *q, struct timer *t)
{
	struct timer *last;
	size_t i;

	if (t->slot == 0)
		return;
	i = t->slot - 1;
	t->slot = 0;
	last = q->heap[--q->n];
	if (last == t)
		return;
	if (i > 0 && before(last, q->heap[(i - 1) / 2]))
		rise(q, i, last);
	else
		sink_down(q, i, last);
}

struct timer *
timerq_first(const struct timerq *q)
{
	return q->n > 0 ? q->heap[0] : NULL;
}

size_t
timerq_run(struct timerq *q, int64_t now_us)
{
	size_t fired = 0;
	struct timer *t;

	while ((t = timerq_first(q)) != NULL && t->due_us <= now_us) {
		timerq_clear(q, t);
		t->fire(t);
		fired++;
	}
	return fired;
}
