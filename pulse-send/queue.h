/*
 * queue: what is to be sent, endpoint by endpoint. Pure memory: it knows no
 * store and no network; the sender moves what it gives out.
 *
 *   endpoint   one receiver: its channel, pacing, breaker, concurrency
 *   └─ lane    the alerts of one rule for it, in order: the next one waits
 *      │       until the one before is settled (a lane each when the channel
 *      │       is unordered)
 *      └─ delivery
 *
 * Endpoints take turns, so one with a long queue does not hold back another.
 * How many requests run at once at one endpoint grows from 2 by one with each
 * success up to its limit, and falls to 1 with a failure: receivers that hang
 * then hold few of the places that all share.
 */
#ifndef PULSE_SEND_QUEUE_H
#define PULSE_SEND_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/channel.h"
#include "common/uuid.h"
#include "pulse-send/breaker.h"
#include "pulse-send/channel.h"
#include "pulse-send/delivery_state.h"
#include "pulse-send/pacing.h"
#include "pulse-send/table.h"
#include "pulse-send/timers.h"

struct lane;
struct endpoint;

/* One delivery in memory, under our lease. */
struct delivery {
	struct uuid id, alert_id, rule_id;
	struct store_claim claim; /* the store's */
	char id_text[UUID_TEXT_MAX];
	struct endpoint *endpoint;
	struct lane *lane;
	struct delivery *next; /* in its lane */
	struct delivery *older, *newer; /* by the end of their leases */
	enum delivery_state state;
	int64_t attempts;
	int step;
	int64_t created_ms, lease_until_ms;
	/* When the schedule would have had it tried; it may be tried before
	 * that when a younger alert of its lane came. */
	int64_t scheduled_ms;
	int64_t due_us; /* BACKOFF */
	bool sending; /* counted in its lane's */
	int uncommitted; /* attempts not in the store yet */
	bool plain; /* send in plain form from now on */
	char *channel; /* its name in the store */
	char *record;
	size_t record_len;
};

struct lane {
	struct table_node node;
	struct endpoint *endpoint;
	struct uuid key;
	struct delivery *head, *tail;
	size_t n;
	size_t sending; /* of them, from the head */
	struct lane *next_ready;
	bool ready; /* in the endpoint's ready list */
	struct timer timer; /* while the head is in BACKOFF */
};

/* Waits that hold for all endpoints of one host (Discord's global limit). */
struct host {
	struct table_node node;
	char *name;
	int64_t blocked_until_us;
};

struct endpoint {
	struct table_node node;
	struct endpoint *next;
	char *key;
	/* Of a rule's URL: as the rule wrote it, and found by it. */
	struct table_node url_node;
	char *rule_url;
	struct channel channel;
	const struct channel_kind_ops *ops;
	struct retry_policy retry;
	struct pacing pacing;
	struct breaker breaker;
	struct host *host;
	int limit, window, in_flight;
	size_t queued; /* deliveries in its lanes */
	size_t nready; /* of them, in ready lanes */
	char *disabled; /* why, or NULL */
	int64_t disabled_ms;
	/* Its state is to be saved: list of the sender's. */
	bool changed;
	/* The chat's id as it was read, when the chat said it has another:
	 * that is to be saved, too. */
	char *moved_from;
	struct endpoint *next_changed;
	/* Whether the store holds parked deliveries for it, as of a turn. */
	int64_t parked_turn;
	bool parked;
	struct lane *ready_head, *ready_tail;
	struct endpoint *next_runnable;
	bool runnable;
	struct timer timer; /* while held back */
};

struct queue {
	struct table endpoints, urls, lanes, hosts;
	struct endpoint *first_endpoint; /* list of all by next */
	struct timers timers;
	struct endpoint *runnable_head, *runnable_tail;
	/* All deliveries, the one whose lease ends first at oldest. */
	struct delivery *oldest, *newest;
	size_t n; /* deliveries */
	size_t bytes; /* of their records */
};

void queue_init(struct queue *q);
/* Forget everything; what is in memory is not given back to the store. */
void queue_release(struct queue *q);

/* The endpoint of that key, or NULL. */
struct endpoint *queue_find_endpoint(const struct queue *q, const char *key);
/* The endpoint that queue_name_url() gave this URL, or NULL: quicker than by
 * its key, which is a hash. channel: the name of the channel. */
struct endpoint *
queue_find_url(const struct queue *q, const char *channel, const char *url);
/* 0, or -1 without memory. */
int queue_name_url(struct queue *q, struct endpoint *e, const char *url);
/* Make one for the channel, which is taken over. NULL without memory. */
struct endpoint *
queue_add_endpoint(struct queue *q, const char *key, struct channel *channel);

/* The channel has changed: take the new one over. 0, or -1 without memory. */
int queue_update_endpoint(
    struct queue *q, struct endpoint *e, struct channel *channel);

/* Put a delivery (state QUEUED, endpoint set) into its lane, by the time it
 * was created. 0, or -1 without memory: then it is still the caller's. */
int queue_push(struct queue *q, struct delivery *d);
/* Take it out of its lane and off the lists; the caller frees it. */
void queue_remove(struct queue *q, struct delivery *d);
void delivery_free(struct delivery *d);
/* The first delivery of a rule's lane, or NULL. */
struct delivery *queue_lane_head(const struct queue *q,
    const struct endpoint *e, const struct uuid *rule_id);

/*
 * The next request to send, if any may leave now: its deliveries (at most
 * DIGEST_MAX, all of one endpoint) become SENDING. Returns their number.
 * ahead: it is to wait for others to end, so only of an endpoint with which
 * nothing else is under way (an answer that asks for silence would come too
 * late for it), none whose host may ask all of them for silence, no program.
 */
size_t
queue_take(struct queue *q, int64_t now_us, bool ahead, struct delivery **v);
/* A request of this endpoint came back: more of them at once from now on (1),
 * fewer (-1), or as many (0). */
void queue_returned(struct queue *q, struct endpoint *e, int trend);
/* A delivery that was sent goes on as its new state says: BACKOFF waits for
 * due_us, QUEUED is to be sent again. */
void queue_resume(struct queue *q, struct delivery *d);
/* Look at timers: what has waited long enough becomes ready. */
void queue_wake(struct queue *q, int64_t now_us);
/* Whether queue_take() may have something at once. */
bool queue_runnable(const struct queue *q);
/* When queue_wake() has something to do; INT64_MAX: never. */
int64_t queue_next_us(const struct queue *q);

/* When this endpoint can take a request that joins its queue now: at most
 * now_us for at once; an estimate when others wait before it. */
int64_t queue_estimate_us(const struct endpoint *e, int64_t now_us);

/* Forget what was pushed after the delivery that was the newest then (NULL:
 * everything). */
void queue_undo(struct queue *q, const struct delivery *newest);

/* The lease was prolonged: last in the order of leases. */
void queue_touch(struct queue *q, struct delivery *d);

#endif
