/*
 * delivery_state: the life of one delivery, an alert on its way through one
 * channel. Pure: no clock, no store, no network. This file and the table in
 * delivery_state.c are the whole truth; the rest of pulse-send only feeds it.
 *
 *                 claimed               started
 *   PENDING ───────────────▶ QUEUED ───────────────▶ SENDING
 *      ▲  ▲      released      │ ▲ ▲     recalled     │ │
 *      │  └────────────────────┘ │ └──────────────────┘ │
 *      │                         │ timer                │ succeeded ▶ DELIVERED
 *      │                         │                      │ give up   ▶ DEAD
 *      │            lease lost   │    retry soon        │ unclear   ▶ HELD
 *      │   LOST ◀──────────── BACKOFF ◀─────────────────┤
 *      │     ▲                   │                      │ retry later
 *      │     └── QUEUED, SENDING │ released             ▼
 *      │                         └───────────────────▶ PARKED
 *      │                                                │ claimed ▶ QUEUED
 *      └── requeued: DEAD, HELD, PARKED    dropped: PENDING, PARKED, HELD ▶ DEAD
 *
 * PENDING, PARKED, HELD, DELIVERED and DEAD lie in the store (there PARKED is
 * "retrying"); QUEUED, SENDING and BACKOFF are the memory of one pulse-send
 * that holds the lease. LOST is what it forgets because the lease is
 * another's now. When a pulse-send dies, what it had is PENDING or PARKED
 * again as soon as its leases end.
 *
 * Between SENDING and the commit of its end lies the one ambiguous moment: the
 * request may have been acted on, and nobody will know. Who claims it next
 * sends again under the same webhook-id.
 */
#ifndef PULSE_SEND_DELIVERY_STATE_H
#define PULSE_SEND_DELIVERY_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/store.h"

enum delivery_state {
	DELIVERY_STATE_PENDING,
	DELIVERY_STATE_QUEUED,
	DELIVERY_STATE_SENDING,
	DELIVERY_STATE_BACKOFF,
	DELIVERY_STATE_PARKED,
	DELIVERY_STATE_HELD,
	DELIVERY_STATE_DELIVERED,
	DELIVERY_STATE_DEAD,
	DELIVERY_STATE_LOST,
	DELIVERY_STATES,
};

enum delivery_event {
	DELIVERY_EVENT_CLAIMED, /* the lease is ours */
	DELIVERY_EVENT_STARTED, /* a request was handed over to be made */
	DELIVERY_EVENT_RECALLED, /* it was not begun, and will not be */
	DELIVERY_EVENT_SUCCEEDED, /* the receiver took it */
	DELIVERY_EVENT_RETRY_SOON, /* failed; again from memory */
	DELIVERY_EVENT_RETRY_LATER, /* failed; again by pulse-retry */
	DELIVERY_EVENT_GIVE_UP, /* failed for good */
	DELIVERY_EVENT_UNCLEAR, /* may have arrived, and must not go twice */
	DELIVERY_EVENT_TIMER, /* the wait is over */
	DELIVERY_EVENT_RELEASED, /* given back without an attempt */
	DELIVERY_EVENT_LEASE_LOST, /* another holds it now */
	DELIVERY_EVENT_REQUEUED, /* a person wants it tried again */
	DELIVERY_EVENT_DROPPED, /* a person gave it up */
	DELIVERY_EVENTS,
};

/* What a transition does besides. */
enum delivery_effect {
	DELIVERY_RECORDS = 1, /* an attempt row and a line on stdout */
	DELIVERY_KEEPS_LEASE = 2, /* the lease stays (or becomes) ours */
	DELIVERY_ENDS_LEASE = 4, /* the lease is given up */
};

struct delivery_transition {
	enum delivery_state from;
	enum delivery_event event;
	enum delivery_state to;
	unsigned effects;
};

/* The i-th row of the table, or NULL behind the last. */
const struct delivery_transition *delivery_transition_at(size_t i);
/* The row for this event in this state, or NULL: it cannot happen. */
const struct delivery_transition *
delivery_transition(enum delivery_state from, enum delivery_event event);
/* The status that the store keeps for this state; -1 when the memory states
 * leave it as it was. */
int delivery_state_status(enum delivery_state s);
const char *delivery_state_name(enum delivery_state s);
const char *delivery_event_name(enum delivery_event e);

/* ---- what follows from an attempt ---------------------------------------- */

#define SCHEDULE_MAX 16

/* When to try again; per endpoint. */
struct retry_policy {
	/* The fast ladder: tries from memory, waits doubling from base to
	 * cap with full jitter. */
	int tries;
	int64_t base_ms, cap_ms;
	/* The long schedule through pulse-retry: one try after each wait. */
	int64_t schedule_ms[SCHEDULE_MAX];
	size_t nschedule;
	/* Waits up to this are waited in memory, longer ones in the store. */
	int64_t memory_ms;
	/* Older than this it is given up, whatever the receiver asks for. */
	int64_t max_age_ms;
	/* An ambiguous send waits for a person instead of being retried. */
	bool hold;
};

/* 5 tries, 1 s doubling to 32 s; 5 m, 30 m, 2 h, 5 h, 10 h, 24 h; 64 s; 4 d. */
extern const struct retry_policy retry_policy_default;

/* What an attempt came to, as the channel judged the answer. */
enum verdict_kind {
	VERDICT_OK,
	VERDICT_TRANSIENT, /* may be better later */
	VERDICT_THROTTLED, /* too fast: wait as told */
	VERDICT_PERMANENT, /* this message will never be taken */
	VERDICT_GONE, /* nothing will ever be taken: disable the endpoint */
	/* This machine was short of something: as transient, but it says
	 * nothing of the endpoint. */
	VERDICT_LOCAL,
	VERDICT_AGAIN, /* send at once in the way the answer asks for */
	VERDICT_KINDS,
};

/* What happens next. */
struct delivery_plan {
	enum delivery_event event;
	int64_t delay_us; /* from now, for the retries */
	int step; /* position in ladder and schedule from now on */
};

/*
 * Plan the next move of a delivery that is age_ms old and failed at step
 * (0: the first try of the ladder). wait_us is what the receiver asked for
 * (-1: nothing); ambiguous: the request left and no answer came. random gives
 * the jitter.
 */
struct delivery_plan delivery_plan(const struct retry_policy *p, int step,
    int64_t age_ms, enum verdict_kind verdict, int64_t wait_us, bool ambiguous,
    uint64_t random);

#endif
