/*
 * settle: what happened, into the store and onto stdout. Many attempts share
 * one durable commit; a record is printed when its attempt is safe.
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

/* Attempts wait for company so long, unless nothing else goes on. */
#define LINGER_MIN_US 4000
#define LINGER_MAX_US 32000
#define BATCH_MAX     2048
#define STORE_WAIT_US (1 * 1000000)
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

/* ---- the store ----------------------------------------------------------- */

static int
store_one(struct sender *s, struct sending *g, size_t i, struct err *e)
{
	struct delivery *d = g->v[i];
	bool good = g->state[i] == DELIVERY_STATE_DELIVERED;
	struct store_attempt a = {
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
	    .lease_until_ms = clock_now_ms() + LEASE_MS,
	};
	int rc = store_delivery_settle(s->store, &d->id, s->token, &a, &to, e);

	if (rc < 0)
		return -1;
	g->attempt_no[i] = a.attempt_no;
	g->kept[i] = rc > 0;
	if (to.keep_lease)
		d->lease_until_ms = to.lease_until_ms;
	return 0;
}

static int
store_all(struct sender *s, struct err *e)
{
	struct sending *g;
	size_t i;

	if (store_begin(s->store, true, e) < 0)
		return -1;
	for (g = s->ended; g != NULL; g = g->next)
		for (i = 0; i < g->n; i++)
			if (store_one(s, g, i, e) < 0) {
				store_rollback(s->store);
				return -1;
			}
	if (endpoints_save(s, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	return store_commit(s->store, e);
}

/* ---- the records --------------------------------------------------------- */

static void
count_one(struct sender *s, enum delivery_state state)
{
	switch (state) {
	case DELIVERY_STATE_DELIVERED:
		s->count.delivered++;
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
	/* The lease was lost: it is another's to send again. */
	if (!g->kept[i] && !d->sending && d->uncommitted == 0) {
		s->count.lost++;
		queue_remove(&s->queue, d);
		delivery_free(d);
		return;
	}
	/* Its lease is the youngest now: those that end sooner come first. */
	queue_touch(&s->queue, d);
}

static int
publish(struct sender *s, struct err *e)
{
	struct sending *g;
	size_t i;
	int rc = 0;

	for (g = s->ended; g != NULL; g = g->next)
		for (i = 0; i < g->n; i++) {
			count_one(s, g->state[i]);
			if (!s->reader_gone)
				rc |= print_one(s, g, i);
		}
	while ((g = s->ended) != NULL) {
		s->ended = g->next;
		for (i = 0; i < g->n; i++)
			forget_or_keep(s, g, i);
		free(g);
	}
	s->ended_tail = &s->ended;
	s->nended = 0;
	if (s->reader_gone || (rc == 0 && emit_flush(&s->out) == 0))
		return 0;
	if (errno != EPIPE)
		return err_set(e, "stdout: %s", strerror(errno));
	/* Stop as for a signal: what is in memory still goes back. */
	s->reader_gone = s->draining = true;
	return 0;
}

/* Company is worth waiting for as long as a commit takes, several times over:
 * on a slow disk more attempts share one. */
int64_t
settle_linger_us(const struct sender *s)
{
	int64_t us = 8 * s->commit_us;

	return us < LINGER_MIN_US   ? LINGER_MIN_US
	       : us > LINGER_MAX_US ? LINGER_MAX_US
				    : us;
}

int
settle_ended(struct sender *s, bool now, struct err *e)
{
	int64_t now_us = clock_mono_us();
	struct err why;
	bool idle;

	if (s->nended == 0)
		return 0;
	idle = s->running == NULL && !queue_runnable(&s->queue);
	if (!now && !idle && s->nended < BATCH_MAX &&
	    now_us - s->ended_since_us < settle_linger_us(s))
		return 0;
	if (now_us < s->store_retry_us && !now)
		return 0;
	if (store_all(s, &why) < 0) {
		log_error("%s; trying again", why.msg);
		s->store_retry_us = now_us + STORE_WAIT_US;
		return 0;
	}
	s->commit_us = clock_mono_us() - now_us;
	s->store_retry_us = 0;
	return publish(s, e);
}

/* ---- leases -------------------------------------------------------------- */

void
settle_release(
    struct sender *s, struct delivery *d, int64_t due_ms, struct err *e)
{
	/* When the store is down the lease will end by itself. */
	if (store_delivery_release(s->store, &d->id, s->token, due_ms, e) < 0)
		log_warn("%s", e->msg);
	s->count.released++;
	queue_remove(&s->queue, d);
	delivery_free(d);
}

static int
renew_some(struct sender *s, int64_t now_ms, struct err *e)
{
	struct delivery *d = s->queue.oldest, *next;
	int i, rc;

	for (i = 0; i < RENEW_MAX && d != NULL; i++, d = next) {
		next = d->newer;
		if (d->lease_until_ms > now_ms + LEASE_MS / 2)
			break;
		rc = store_delivery_renew(
		    s->store, &d->id, s->token, now_ms, LEASE_MS, e);
		if (rc < 0)
			return -1;
		if (rc > 0 || d->sending || d->uncommitted > 0) {
			d->lease_until_ms = now_ms + LEASE_MS;
			queue_touch(&s->queue, d);
			continue;
		}
		s->count.lost++;
		queue_remove(&s->queue, d);
		delivery_free(d);
	}
	return 0;
}

int
settle_renew(struct sender *s, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	const struct delivery *d = s->queue.oldest;

	if (d == NULL || d->lease_until_ms > now_ms + LEASE_MS / 2)
		return 0;
	if (store_begin(s->store, false, e) < 0 ||
	    renew_some(s, now_ms, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	return store_commit(s->store, e);
}
