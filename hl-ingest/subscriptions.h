/*
 * subscriptions: what the exchange is to send, and whether it agreed.
 *
 * The list is the state: after each new connection all of it is asked for
 * again. A subscription goes
 *
 *	WANTED --sent--> SENT --ack, "Already subscribed"--> LIVE
 *	                  |  \--5 s without an ack--> WANTED (sent again)
 *	                  \--"Invalid subscription"--> REFUSED (for good)
 *
 * and any of them back to WANTED when the connection is lost (REFUSED stays).
 * Messages are paced under the exchange's 2,000 a minute. Times are of a
 * monotonic clock.
 */
#ifndef HL_INGEST_SUBSCRIPTIONS_H
#define HL_INGEST_SUBSCRIPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "hl-ingest/budget.h"
#include "hl-ingest/frame.h"

#define SUBSCRIPTIONS_ACK_MS 5000

enum subscription_state {
	SUBSCRIPTION_FREE, /* no subscription: the slot is unused */
	SUBSCRIPTION_WANTED,
	SUBSCRIPTION_SENT,
	SUBSCRIPTION_LIVE,
	SUBSCRIPTION_REFUSED,
};

struct subscription {
	enum subscription_state state;
	enum frame_type type; /* FRAME_TYPE_CANDLE or FRAME_TYPE_CTX */
	int interval; /* interval_id, or -1 */
	char coin[SYMBOL_TEXT_MAX];
	/* An unsubscribe goes out: before the slot is freed, or (again) before
	 * the next subscribe. */
	bool leave, again;
	int64_t not_before_ms;
	int64_t tries;
	void *owner;
};

struct subscriptions {
	struct subscription *v;
	size_t n, cap; /* slots; n of them ever used */
	size_t count; /* not FREE */
	int *table; /* hash of (type, coin, interval) to slot + 1 */
	size_t table_size; /* a power of two */
	bool up;
	size_t cursor; /* where to look for the next to send */
	struct budget messages;
};

void subscriptions_init(struct subscriptions *s, int64_t now_ms);
void subscriptions_release(struct subscriptions *s);

/* The slot of a new subscription, or of the one that is there; -1 when memory
 * is short. Slots never move; a removed one is used again. */
int subscriptions_add(struct subscriptions *s, enum frame_type type,
    const char *coin, int interval, void *owner);
void subscriptions_remove(struct subscriptions *s, int slot);
/* The slot, or -1. */
int subscriptions_find(const struct subscriptions *s, enum frame_type type,
    const char *coin, int interval);
struct subscription *subscriptions_at(struct subscriptions *s, int slot);

/* The connection is there, is lost. */
void subscriptions_up(struct subscriptions *s);
void subscriptions_down(struct subscriptions *s);
/* Unsubscribe and subscribe anew: it is silent although it should not be. */
void subscriptions_renew(struct subscriptions *s, int slot);

/* The next message to send into out (reset first): 1, or 0 when there is none
 * to be sent now. */
int
subscriptions_next(struct subscriptions *s, int64_t now_ms, struct buf *out);
/* When subscriptions_next() may have something (again); INT64_MAX: never. */
int64_t subscriptions_due(struct subscriptions *s, int64_t now_ms);

/* An ack, or an error that names a subscription: the slot it is about, or
 * -1. */
int subscriptions_acked(struct subscriptions *s,
    const struct frame_subscription *f, bool subscribed);
int subscriptions_refused(
    struct subscriptions *s, const struct frame_subscription *f);
/* "Cannot send more than 2000 messages per minute." */
void subscriptions_too_fast(struct subscriptions *s, int64_t now_ms);

#endif
