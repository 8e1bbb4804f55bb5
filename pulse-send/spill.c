/*
 * spill: memory is for what goes out soon. Deliveries of an endpoint that has
 * to wait long (a long Retry-After, an open breaker, a slow bucket with a long
 * queue) go back to the store, with the time when they are expected to go,
 * and are fetched again then.
 */
#include <stdlib.h>

#include "common/clock.h"
#include "pulse-send/sender.h"

/* Deliveries remembered; what is more is left to pulse-retry. */
#define SPILLED_MAX 100000
/* Fetched in one turn. */
#define FETCH_MAX 256

struct spilled {
	struct timer timer;
	struct spilled *next; /* while it is being fetched */
	struct uuid id;
};

static void
remember_until(struct sender *s, struct spilled *x, int64_t due_us)
{
	x->timer = (struct timer){.owner = x};
	if (timers_set(&s->spilled, &x->timer, due_us) < 0)
		free(x);
}

static void
remember(struct sender *s, const struct uuid *id, int64_t due_us)
{
	struct spilled *x;

	if (s->spilled.n >= SPILLED_MAX)
		return;
	x = calloc(1, sizeof(*x));
	if (x == NULL)
		return;
	x->id = *id;
	remember_until(s, x, due_us);
}

void
spill(struct sender *s, struct delivery *d, int64_t wait_us)
{
	struct uuid id = d->id;

	settle_release(s, d, clock_now_ms() + (wait_us + 999) / 1000);
	remember(s, &id, clock_mono_us() + wait_us);
}

void
spill_endpoint(struct sender *s, struct endpoint *p)
{
	int64_t now_us = clock_mono_us(), wait_us;
	struct delivery *d = s->queue.oldest, *next;

	wait_us = breaker_ready_us(&p->breaker, now_us);
	if (p->pacing.blocked_until_us > wait_us)
		wait_us = p->pacing.blocked_until_us;
	if (wait_us == INT64_MAX ||
	    wait_us - now_us <= p->retry.memory_ms * 1000)
		return;
	wait_us -= now_us;
	for (; d != NULL; d = next) {
		next = d->newer;
		if (d->endpoint != p || d->sending || d->uncommitted > 0)
			continue;
		/* In order, a little apart. */
		spill(s, d, wait_us);
		wait_us += 1000;
	}
}

/* Those that are due, at most so many, as a list. */
static struct spilled *
take_due(struct sender *s, int64_t now_us)
{
	struct spilled *list = NULL, **tail = &list;
	struct timer *t;
	int i;

	for (i = 0; i < FETCH_MAX; i++) {
		t = timers_pop(&s->spilled, now_us);
		if (t == NULL)
			break;
		*tail = t->owner;
		tail = &(*tail)->next;
	}
	*tail = NULL;
	return list;
}

/* In one transaction. */
static int
claim_all(struct sender *s, const struct spilled *x, struct err *e)
{
	if (store_begin(s->store, false, e) < 0)
		return -1;
	for (; x != NULL; x = x->next)
		if (store_delivery_claim_id(s->store, &x->id, s->token,
			clock_now_ms(), LEASE_MS, intake_take, s, e) < 0) {
			store_rollback(s->store);
			return -1;
		}
	return store_commit(s->store, e);
}

int
spill_fetch(struct sender *s, struct err *e)
{
	int64_t now_us = clock_mono_us();
	struct intake_mark mark = intake_begin(s);
	struct spilled *list, *next;
	int rc;

	if (!s->input_open || s->draining || !intake_room(s) ||
	    timers_next_us(&s->spilled) > now_us)
		return 0;
	list = take_due(s, now_us);
	rc = claim_all(s, list, e);
	if (rc < 0)
		intake_undo(s, &mark);
	for (; list != NULL; list = next) {
		next = list->next;
		if (rc < 0)
			remember_until(s, list, now_us);
		else
			free(list);
	}
	return rc;
}

void
spill_release(struct sender *s)
{
	struct timer *t;

	while ((t = timers_pop(&s->spilled, INT64_MAX)) != NULL)
		free(t->owner);
	timers_release(&s->spilled);
	free(s->behind);
}
