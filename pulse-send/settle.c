/*
 * settle: what happened, into the store and onto stdout. Many attempts share
 * one commit. While the disk is at work on it (store_sync_begin()) the loop
 * goes on, and what is committed meanwhile shares the next turn of the disk. A
 * record is printed when its attempt is safe:
 *
 *   ended ──commit──▶ written ──sync begins──▶ syncing ──it ends──▶ printed
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/delivery.h"
#include "common/log.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/sender.h"

/* Deliveries that one commit settles: the next turn of the loop is for what
 * came in meanwhile. */
#define BATCH_MAX 256
/* Leases prolonged in one transaction. */
#define RENEW_MAX 512

static int64_t
next_attempt_ms(const struct sending *g, size_t i)
{
	if (delivery_state_status(g->state[i]) != DELIVERY_RETRYING)
		return 0;
	/* Rounded up: never before the time that was asked for. */
	return g->started_ms +
	       (g->latency_us + g->plan[i].delay_us + 999) / 1000;
}

/* ---- lists ---------------------------------------------------------------- */

void
settle_forget(struct sending_list *l)
{
	struct sending *g;
	size_t i;

	while ((g = STAILQ_FIRST(l)) != NULL) {
		STAILQ_REMOVE_HEAD(l, next);
		for (i = 0; i < g->n; i++)
			if (g->state[i] != DELIVERY_STATE_BACKOFF)
				delivery_free(g->v[i]);
		free(g);
	}
}

void
settle_add(struct sender *s, struct sending *g)
{
	if (!settle_waits(s))
		s->ended_since_us = clock_mono_us();
	STAILQ_INSERT_TAIL(&s->ended, g, next);
	s->nended += g->n;
}

/* ---- the store ----------------------------------------------------------- */

static int
store_one(struct sender *s, struct sending *g, size_t i, struct err *e)
{
	struct delivery *d = g->v[i];
	bool good = g->state[i] == DELIVERY_STATE_DELIVERED;
	struct store_attempt a = {
	    .claim = &d->claim,
	    .delivery_id = d->id,
	    .alert_id = d->alert_id,
	    .channel = d->channel,
	    .success = good,
	    .response_code = g->status,
	    .latency_ms = (g->latency_us + 500) / 1000,
	    .error = good ? NULL : g->error,
	    .address = g->address[0] != '\0' ? g->address : NULL,
	    .response = g->response[0] != '\0' ? g->response : NULL,
	    .bytes = (int64_t)g->body_len,
	    .created_ms = g->started_ms,
	};
	struct store_settlement to = {
	    .status = (enum delivery_status)delivery_state_status(g->state[i]),
	    .step = g->plan[i].step,
	    .next_attempt_ms = next_attempt_ms(g, i),
	    .keep_lease = g->state[i] == DELIVERY_STATE_BACKOFF,
	    .lease_until_ms = g->lease_until_ms,
	};
	int rc = store_delivery_settle(s->store, &d->id, s->token, &a, &to, e);

	if (rc < 0)
		return -1;
	g->attempt_no[i] = a.attempt_no;
	g->kept[i] = rc > 0;
	return 0;
}

static int
store_attempts(struct sender *s, struct err *e)
{
	int64_t until_ms = clock_now_ms() + LEASE_MS;
	struct sending *g;
	size_t i;

	STAILQ_FOREACH (g, &s->ended, next) {
		g->lease_until_ms = until_ms;
		for (i = 0; i < g->n; i++)
			if (store_one(s, g, i, e) < 0)
				return -1;
	}
	return 0;
}

/* After the attempts: what stands behind a parked one goes with it. */
static int
store_released(struct sender *s, struct err *e)
{
	const struct delivery *d;

	for (d = s->released; d != NULL; d = d->next)
		if (store_delivery_release(
			s->store, &d->id, s->token, d->scheduled_ms, e) < 0)
			return -1;
	return 0;
}

/* Nothing here need be on the disk at once: attempts are not printed before
 * they are, and what was given back is there again anyway when its lease
 * ends. */
static int
store_all(struct sender *s, struct err *e)
{
	if (store_begin(s->store, false, e) < 0)
		return -1;
	if (store_attempts(s, e) < 0 || store_released(s, e) < 0 ||
	    endpoints_save(s, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	return store_commit(s->store, e);
}

/* ---- the records --------------------------------------------------------- */

static void
count_one(struct sender *s, const struct sending *g, size_t i)
{
	switch (g->state[i]) {
	case DELIVERY_STATE_DELIVERED:
		s->count.delivered++;
		stats_delivered(&s->stats, g->v[i]->record, g->v[i]->record_len,
		    g->started_ms + g->latency_us / 1000);
		break;
	case DELIVERY_STATE_DEAD:
		s->count.dead++;
		break;
	default:
		s->count.retrying++;
	}
}

static int
print_one(struct sender *s, const struct sending *g, size_t i)
{
	const struct delivery *d = g->v[i];
	struct delivery_record r = {
	    .delivery_id = d->id,
	    .alert_id = d->alert_id,
	    .channel = d->channel,
	    .attempt = g->attempt_no[i],
	    .status = delivery_status_name(
		(enum delivery_status)delivery_state_status(g->state[i])),
	    .response_code = g->status,
	    .latency_ms = (g->latency_us + 500) / 1000,
	    .error = g->state[i] == DELIVERY_STATE_DELIVERED ? NULL : g->error,
	    .next_attempt_ms = next_attempt_ms(g, i),
	};
	struct buf b;
	int rc;

	buf_init(&b, DELIVERY_TEXT_MAX);
	rc = delivery_print(&r, &b);
	if (rc == 0)
		rc = emit_add(&s->out, b.p, b.len);
	buf_release(&b);
	return rc;
}

/* What a delivery becomes in memory once its attempt is safe. */
static void
forget_or_keep(struct sender *s, struct sending *g, size_t i)
{
	struct delivery *d = g->v[i];

	d->uncommitted--;
	if (g->state[i] != DELIVERY_STATE_BACKOFF) {
		delivery_free(d);
		return;
	}
	/* It has ended meanwhile: that attempt, behind this one, frees it. */
	if (d->lane == NULL)
		return;
	/* The lease was lost: it is another's to send again. */
	if (!g->kept[i] && !d->sending && d->uncommitted == 0) {
		s->count.lost++;
		queue_remove(&s->queue, d);
		delivery_free(d);
		return;
	}
	/* Its lease is the youngest now: those that end sooner come first. */
	if (g->kept[i])
		d->lease_until_ms = g->lease_until_ms;
	queue_touch(&s->queue, d);
}

static void
forget_released(struct sender *s)
{
	struct delivery *d;

	s->count.released += (int64_t)s->nreleased;
	while ((d = s->released) != NULL) {
		s->released = d->next;
		delivery_free(d);
	}
	s->released_tail = &s->released;
	s->nreleased = 0;
}

/* They are safe. */
static void
publish(struct sender *s, struct sending_list *l)
{
	struct sending *g;
	size_t i;
	int rc = 0;

	STAILQ_FOREACH (g, l, next) {
		stats_attempt(&s->stats, g->latency_us);
		for (i = 0; i < g->n; i++) {
			count_one(s, g, i);
			if (!s->reader_gone)
				rc |= print_one(s, g, i);
		}
	}
	while ((g = STAILQ_FIRST(l)) != NULL) {
		STAILQ_REMOVE_HEAD(l, next);
		for (i = 0; i < g->n; i++)
			forget_or_keep(s, g, i);
		free(g);
	}
	if (s->reader_gone || (rc == 0 && emit_flush(&s->out) == 0))
		return;
	/* Stop as for a signal: what is in memory still goes back. */
	s->stdout_errno = errno;
	s->reader_gone = s->draining = true;
}

/* ---- commit and sync ------------------------------------------------------ */

bool
settle_waits(const struct sender *s)
{
	return s->nended > 0 || s->nreleased > 0;
}

bool
settle_syncs(const struct sender *s)
{
	return !STAILQ_EMPTY(&s->written) || !STAILQ_EMPTY(&s->syncing);
}

static int
commit(struct sender *s, struct err *e)
{
	if (store_all(s, e) < 0)
		return -1;
	endpoints_saved(s);
	forget_released(s);
	STAILQ_CONCAT(&s->written, &s->ended);
	s->nended = 0;
	return 0;
}

/* Unless the disk is at work already. */
static int
begin_sync(struct sender *s, struct err *e)
{
	if (!STAILQ_EMPTY(&s->syncing) || STAILQ_EMPTY(&s->written))
		return 0;
	if (store_sync_begin(s->store, e) < 0)
		return -1;
	STAILQ_CONCAT(&s->syncing, &s->written);
	return 0;
}

static int
end_sync(struct sender *s, bool wait, struct err *e)
{
	int rc = store_sync_end(s->store, wait, e);

	if (rc > 0)
		publish(s, &s->syncing);
	s->unsafe |= rc < 0;
	return rc < 0 ? -1 : 0;
}

int
settle_synced(struct sender *s, struct err *e)
{
	struct err why;

	if (end_sync(s, false, e) < 0)
		return -1;
	if (begin_sync(s, &why) < 0)
		outage_begin(s, &why);
	return 0;
}

int
settle_now(struct sender *s, struct err *e)
{
	if (s->unsafe)
		return err_set(e, "the disk of the store has failed");
	if (settle_waits(s) && commit(s, e) < 0)
		return -1;
	while (settle_syncs(s))
		if (begin_sync(s, e) < 0 || end_sync(s, true, e) < 0)
			return -1;
	return 0;
}

void
settle_ended(struct sender *s)
{
	struct err why;
	bool idle;

	if (!settle_waits(s) || outage_now(s))
		return;
	idle = s->nrunning == 0 && !queue_runnable(&s->queue);
	if (!idle && s->nended + s->nreleased < BATCH_MAX &&
	    clock_mono_us() - s->ended_since_us < SETTLE_LINGER_US)
		return;
	if (commit(s, &why) < 0 || begin_sync(s, &why) < 0)
		outage_begin(s, &why);
}

/* ---- leases -------------------------------------------------------------- */

void
settle_release(struct sender *s, struct delivery *d, int64_t due_ms)
{
	queue_remove(&s->queue, d);
	if (!settle_waits(s))
		s->ended_since_us = clock_mono_us();
	d->scheduled_ms = due_ms;
	d->next = NULL;
	*s->released_tail = d;
	s->released_tail = &d->next;
	s->nreleased++;
}

/* Whether the first lease ends within the time. */
static bool
first_ends(const struct sender *s, int64_t now_ms, int64_t within_ms)
{
	const struct delivery *d = s->queue.oldest;

	return d != NULL && d->lease_until_ms <= now_ms + within_ms;
}

bool
settle_holds(const struct sender *s)
{
	return !first_ends(s, clock_now_ms(), LEASE_MS / 4);
}

/* What the store said of one lease. */
struct renewal {
	struct delivery *delivery;
	bool ours;
};

/* Ask for the first ones. Their number, or -1. */
static int
renew_some(struct sender *s, int64_t now_ms, struct renewal v[RENEW_MAX],
    struct err *e)
{
	struct delivery *d = s->queue.oldest;
	int n, rc;

	for (n = 0; n < RENEW_MAX && d != NULL; n++, d = d->newer) {
		if (d->lease_until_ms > now_ms + LEASE_MS / 2)
			break;
		rc = store_delivery_renew(
		    s->store, &d->id, s->token, now_ms, LEASE_MS, e);
		if (rc < 0)
			return -1;
		v[n] = (struct renewal){d, rc > 0};
	}
	return n;
}

/* It is committed: now it holds. A lease that is lost while the request runs
 * matters no more: its end is recorded, whoever holds the delivery. */
static void
apply_renewal(struct sender *s, int64_t now_ms, const struct renewal *r)
{
	struct delivery *d = r->delivery;

	if (r->ours || d->sending || d->uncommitted > 0) {
		d->lease_until_ms = now_ms + LEASE_MS;
		queue_touch(&s->queue, d);
		return;
	}
	s->count.lost++;
	queue_remove(&s->queue, d);
	delivery_free(d);
}

int
settle_renew(struct sender *s, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	struct renewal v[RENEW_MAX];
	int i, n;

	while (first_ends(s, now_ms, LEASE_MS / 2)) {
		if (store_begin(s->store, false, e) < 0)
			return -1;
		n = renew_some(s, now_ms, v, e);
		if (n < 0) {
			store_rollback(s->store);
			return -1;
		}
		if (store_commit(s->store, e) < 0)
			return -1;
		for (i = 0; i < n; i++)
			apply_renewal(s, now_ms, &v[i]);
	}
	return 0;
}
