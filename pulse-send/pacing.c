#include <stdlib.h>

#include "pulse-send/pacing.h"

int
pacing_init(struct pacing *p, const struct pacing_window w[PACING_WINDOWS])
{
	int i;

	*p = (struct pacing){.capacity = 0};
	for (i = 0; i < PACING_WINDOWS; i++) {
		p->windows[i] = w[i];
		if (w[i].count > p->capacity)
			p->capacity = w[i].count;
	}
	if (p->capacity == 0)
		return 0;
	p->done_us = calloc((size_t)p->capacity, sizeof(p->done_us[0]));
	return p->done_us == NULL ? -1 : 0;
}

void
pacing_release(struct pacing *p)
{
	free(p->done_us);
	p->done_us = NULL;
}

/* When the k-th newest request was done (k from 1). */
static int64_t
nth_newest(const struct pacing *p, int k)
{
	return p->done_us[(p->head + p->used - k) % p->capacity];
}

/* When a window lets one more leave. Those in flight will be done at some
 * later time than now, so they count as not done at all. */
static int64_t
window_ready(const struct pacing *p, const struct pacing_window *w)
{
	int k = w->count - p->in_flight;

	if (k <= 0)
		return INT64_MAX;
	if (p->used < k)
		return 0;
	return nth_newest(p, k) + w->period_us;
}

int64_t
pacing_ready_us(const struct pacing *p, int64_t now_us)
{
	int64_t ready = p->blocked_until_us, t;
	int i;

	if (p->reset_us > now_us && p->remaining <= 0 && p->reset_us > ready)
		ready = p->reset_us;
	for (i = 0; i < PACING_WINDOWS; i++) {
		if (p->windows[i].count == 0)
			continue;
		t = window_ready(p, &p->windows[i]);
		if (t > ready)
			ready = t;
	}
	return ready;
}

/* How many of the remembered ones are inside a window now. */
static int
inside(const struct pacing *p, const struct pacing_window *w, int64_t now_us)
{
	int n = 0;

	while (n < p->used && n < w->count &&
	       nth_newest(p, n + 1) + w->period_us > now_us)
		n++;
	return n;
}

int
pacing_room(const struct pacing *p, int64_t now_us)
{
	int room = PACING_COUNT_MAX, left, i;

	if (p->blocked_until_us > now_us)
		return 0;
	if (p->reset_us > now_us && p->remaining < room)
		room = p->remaining;
	for (i = 0; i < PACING_WINDOWS; i++) {
		const struct pacing_window *w = &p->windows[i];

		if (w->count == 0)
			continue;
		left = w->count - p->in_flight - inside(p, w, now_us);
		if (left < room)
			room = left;
	}
	return room > 0 ? room : 0;
}

void
pacing_start(struct pacing *p)
{
	p->in_flight++;
	if (p->remaining > 0)
		p->remaining--;
}

void
pacing_done(struct pacing *p, int64_t now_us, bool counted)
{
	p->in_flight--;
	if (!counted || p->capacity == 0)
		return;
	if (p->used < p->capacity)
		p->used++;
	else
		p->head = (p->head + 1) % p->capacity;
	p->done_us[(p->head + p->used - 1) % p->capacity] = now_us;
}

void
pacing_block(struct pacing *p, int64_t now_us, int64_t wait_us)
{
	if (now_us + wait_us > p->blocked_until_us)
		p->blocked_until_us = now_us + wait_us;
}

void
pacing_learn(
    struct pacing *p, int64_t now_us, int remaining, int64_t reset_after_us)
{
	/* Those in flight may or may not be counted yet: suppose not. */
	p->remaining = remaining - p->in_flight;
	p->reset_us = now_us + reset_after_us;
}
