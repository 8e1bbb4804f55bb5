/*
 * outage: a store that takes nothing for a while: another program keeps it
 * locked, its disk is full. Nothing of what is in memory is let go then. No
 * request starts and no line is read, so memory is bounded; requests that run
 * end and wait to be recorded; the commit is tried again and again.
 *
 * When the store works again leases may have ended, and what they were of may
 * be another's. So first of all the ended attempts are recorded (also those of
 * a lease that was lost), then every lease is renewed or its delivery
 * forgotten, and only then is anything claimed or sent.
 */
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sig.h"
#include "pulse-send/sender.h"

/* Tries of a commit: at first so far apart, then doubling up to the other. */
#define RETRY_MIN_US 20000
#define RETRY_MAX_US 500000
/* A lock that is held no longer is not worth a word. */
#define QUIET_US 1000000
/* Tries go on so long after everything else has ended. */
#define LAST_TRIES_US 5000000
/* Attempts that are named when they cannot be recorded. */
#define NAMED_MAX 20

bool
outage_now(const struct sender *s)
{
	return s->outage.since_us != 0;
}

void
outage_begin(struct sender *s, const struct err *why)
{
	struct outage *o = &s->outage;
	int64_t now_us = clock_mono_us();

	worker_recall(s->worker);
	if (o->since_us == 0) {
		o->since_us = now_us;
		o->wait_us = RETRY_MIN_US;
	} else if (o->wait_us < RETRY_MAX_US) {
		o->wait_us *= 2;
	}
	o->retry_us = now_us + o->wait_us;
	if (o->said ||
	    (store_busy(s->store) && now_us - o->since_us < QUIET_US))
		return;
	o->said = true;
	log_error(
	    "%s; trying again, nothing is sent or read meanwhile", why->msg);
}

static void
end(struct outage *o)
{
	if (o->said)
		log_warn("the store works again after %" PRId64 " ms",
		    (clock_mono_us() - o->since_us) / 1000);
	*o = (struct outage){.since_us = 0};
}

/* Do what has to be done before anything else, and see whether it can be. */
void
outage_probe(struct sender *s)
{
	struct outage *o = &s->outage;
	struct err e;

	if (o->since_us == 0 || clock_mono_us() < o->retry_us)
		return;
	if (settle_now(s, &e) < 0 || settle_renew(s, &e) < 0 ||
	    sender_beat(s, &e) < 0) {
		outage_begin(s, &e);
		return;
	}
	end(o);
}

int64_t
outage_next_us(const struct sender *s)
{
	return s->outage.retry_us;
}

/* ---- the end ------------------------------------------------------------- */

/* Everything in memory goes back, due at once, or when it would have been. */
static void
give_back(struct sender *s)
{
	int64_t now_us = clock_mono_us(), now_ms = clock_now_ms();
	struct delivery *d;

	while ((d = s->queue.oldest) != NULL) {
		int64_t due_ms = now_ms;

		if (d->state == DELIVERY_STATE_BACKOFF && d->due_us > now_us)
			due_ms += (d->due_us - now_us + 999) / 1000;
		settle_release(s, d, due_ms);
	}
}

/* First what has happened, then what has not. */
static int
store_all(struct sender *s, struct err *e)
{
	if (settle_now(s, e) < 0)
		return -1;
	give_back(s);
	return settle_now(s, e) < 0 ? -1 : intake_keep(s, e);
}

static void
name_one(const struct sending *g, size_t i)
{
	char alert[UUID_TEXT_MAX];

	uuid_print(&g->v[i]->alert_id, alert);
	log_error("not recorded: alert %s through %s: %s%s", alert,
	    g->v[i]->channel,
	    g->state[i] == DELIVERY_STATE_DELIVERED ? "delivered" : "failed: ",
	    g->state[i] == DELIVERY_STATE_DELIVERED ? "" : g->error);
}

/* What is lost, in words: people must be able to look for it. */
static int
say_lost(const struct sender *s, struct err *e)
{
	const struct sending *g;
	size_t i, n = 0, lines = lines_waiting(&s->in);

	STAILQ_FOREACH (g, &s->ended, next)
		for (i = 0; i < g->n; i++)
			if (n++ < NAMED_MAX)
				name_one(g, i);
	if (n > NAMED_MAX)
		log_error("not recorded: %zu more", n - NAMED_MAX);
	return err_set(e,
	    "the store took nothing any more: %zu attempts are not recorded "
	    "(their deliveries are sent again when their leases end), %zu "
	    "lines that were read are not taken",
	    n, lines);
}

/* Whether a signal came within the time. */
static bool
told_to_stop(struct sender *s, int wait_ms)
{
	struct pollfd p = {.fd = s->signal_fd, .events = POLLIN};
	int sig;

	if (poll(&p, 1, wait_ms) <= 0)
		return false;
	sig = sig_read(s->signal_fd);
	return sig == SIGTERM || sig == SIGINT;
}

int
outage_last_tries(struct sender *s, struct err *e)
{
	int64_t end_us = clock_mono_us() + LAST_TRIES_US;
	struct err why;

	for (;;) {
		if (store_all(s, &why) == 0) {
			end(&s->outage);
			return 0;
		}
		outage_begin(s, &why);
		if (s->unsafe || clock_mono_us() + s->outage.wait_us > end_us ||
		    told_to_stop(s, (int)(s->outage.wait_us / 1000)))
			break;
	}
	if (!s->outage.said)
		log_error("%s", why.msg);
	return say_lost(s, e);
}
