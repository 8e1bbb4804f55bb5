#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "pulse-send/queue.h"

#define WINDOW_START 2

enum { TIMER_ENDPOINT, TIMER_LANE };

void
queue_init(struct queue *q)
{
	*q = (struct queue){.n = 0};
}

void
delivery_free(struct delivery *d)
{
	if (d == NULL)
		return;
	free(d->channel);
	free(d->record);
	free(d);
}

/* ---- endpoints ----------------------------------------------------------- */

static struct host *
get_host(struct queue *q, const char *url)
{
	struct http_url u = {.host = ""};
	struct table_node *node;
	struct host *host;
	uint64_t hash;

	if (url != NULL && http_url_parse(&u, url, NULL) == 0)
		http_url_release(&u);
	hash = hash_text(HASH_BASIS, u.host);
	for (node = table_first(&q->hosts, hash); node != NULL;
	     node = table_next(node)) {
		host = node->owner;
		if (strcmp(host->name, u.host) == 0)
			return host;
	}
	host = calloc(1, sizeof(*host));
	if (host == NULL)
		return NULL;
	host->name = strdup(u.host);
	if (host->name == NULL ||
	    table_add(&q->hosts, &host->node, hash, host) < 0) {
		free(host->name);
		free(host);
		return NULL;
	}
	return host;
}

struct endpoint *
queue_find_endpoint(const struct queue *q, const char *key)
{
	uint64_t hash = hash_text(HASH_BASIS, key);
	struct table_node *node;

	for (node = table_first(&q->endpoints, hash); node != NULL;
	     node = table_next(node)) {
		struct endpoint *e = node->owner;

		if (strcmp(e->key, key) == 0)
			return e;
	}
	return NULL;
}

static uint64_t
url_hash(const char *channel, const char *url)
{
	return hash_text(hash_text(HASH_BASIS, channel), url);
}

struct endpoint *
queue_find_url(const struct queue *q, const char *channel, const char *url)
{
	struct table_node *node = table_first(&q->urls, url_hash(channel, url));

	for (; node != NULL; node = table_next(node)) {
		struct endpoint *e = node->owner;

		if (strcmp(e->rule_url, url) == 0 &&
		    strcmp(e->channel.name, channel) == 0)
			return e;
	}
	return NULL;
}

int
queue_name_url(struct queue *q, struct endpoint *e, const char *url)
{
	e->rule_url = strdup(url);
	if (e->rule_url != NULL && table_add(&q->urls, &e->url_node,
				       url_hash(e->channel.name, url), e) == 0)
		return 0;
	free(e->rule_url);
	e->rule_url = NULL;
	return -1;
}

static void
free_endpoint(struct endpoint *e)
{
	free(e->rule_url);
	pacing_release(&e->pacing);
	channel_release(&e->channel);
	free(e->disabled);
	free(e->moved_from);
	free(e->key);
	free(e);
}

static void
make_runnable(struct queue *q, struct endpoint *e)
{
	if (e->runnable || e->ready_head == NULL)
		return;
	e->runnable = true;
	e->next_runnable = NULL;
	if (q->runnable_tail != NULL)
		q->runnable_tail->next_runnable = e;
	else
		q->runnable_head = e;
	q->runnable_tail = e;
}

/* What the channel says itself stands above the kind's defaults. */
static struct retry_policy
policy_of(const struct channel *c)
{
	struct retry_policy p = retry_policy_default;

	if (c->tries > 0)
		p.tries = c->tries;
	if (c->base_ms > 0)
		p.base_ms = c->base_ms;
	if (c->cap_ms > 0)
		p.cap_ms = c->cap_ms;
	if (c->has_schedule) {
		p.nschedule = c->nschedule;
		memcpy(p.schedule_ms, c->schedule_ms,
		    c->nschedule * sizeof(c->schedule_ms[0]));
	}
	p.hold = c->hold;
	return p;
}

static int
init_pacing(struct endpoint *e)
{
	struct pacing_window w[PACING_WINDOWS];

	memcpy(w, e->ops->windows, sizeof(w));
	if (e->channel.rate_count > 0) {
		memset(w, 0, sizeof(w));
		w[0].count = e->channel.rate_count;
		w[0].period_us = e->channel.rate_period_ms * 1000;
	}
	return pacing_init(&e->pacing, w);
}

struct endpoint *
queue_add_endpoint(struct queue *q, const char *key, struct channel *channel)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->channel = *channel;
	e->ops = channel_ops(channel->kind);
	e->retry = policy_of(channel);
	e->limit = channel->concurrency > 0 ? channel->concurrency
					    : e->ops->concurrency;
	e->window = e->limit < WINDOW_START ? e->limit : WINDOW_START;
	e->timer = (struct timer){.owner = e, .kind = TIMER_ENDPOINT};
	e->key = strdup(key);
	e->host = get_host(q, channel->url);
	if (e->key == NULL || e->host == NULL || init_pacing(e) < 0 ||
	    table_add(&q->endpoints, &e->node, hash_text(HASH_BASIS, key), e) <
		0) {
		/* The channel stays the caller's. */
		e->channel = (struct channel){.name = NULL};
		free_endpoint(e);
		return NULL;
	}
	*channel = (struct channel){.name = NULL};
	e->next = q->first_endpoint;
	q->first_endpoint = e;
	return e;
}

int
queue_update_endpoint(
    struct queue *q, struct endpoint *e, struct channel *channel)
{
	struct host *host = get_host(q, channel->url);
	struct pacing old = e->pacing;
	struct channel keep = e->channel;

	e->channel = *channel;
	e->ops = channel_ops(channel->kind);
	if (host == NULL || init_pacing(e) < 0) {
		e->channel = keep;
		e->ops = channel_ops(keep.kind);
		e->pacing = old;
		return -1;
	}
	/* What the receiver said still holds. */
	e->pacing.in_flight = old.in_flight;
	e->pacing.blocked_until_us = old.blocked_until_us;
	e->pacing.remaining = old.remaining;
	e->pacing.reset_us = old.reset_us;
	pacing_release(&old);
	channel_release(&keep);
	*channel = (struct channel){.name = NULL};
	e->host = host;
	e->retry = policy_of(&e->channel);
	e->limit = e->channel.concurrency > 0 ? e->channel.concurrency
					      : e->ops->concurrency;
	if (e->window > e->limit)
		e->window = e->limit;
	make_runnable(q, e);
	return 0;
}

static struct endpoint *
pop_runnable(struct queue *q)
{
	struct endpoint *e = q->runnable_head;

	q->runnable_head = e->next_runnable;
	if (q->runnable_head == NULL)
		q->runnable_tail = NULL;
	e->runnable = false;
	return e;
}

/* ---- lanes --------------------------------------------------------------- */

static uint64_t
lane_hash(const struct endpoint *e, const struct uuid *key)
{
	return hash_bytes(
	    hash_bytes(HASH_BASIS, &e, sizeof(e)), key, sizeof(*key));
}

static struct lane *
find_lane(
    const struct queue *q, const struct endpoint *e, const struct uuid *key)
{
	struct table_node *node = table_first(&q->lanes, lane_hash(e, key));

	for (; node != NULL; node = table_next(node)) {
		struct lane *lane = node->owner;

		if (lane->endpoint == e && uuid_cmp(&lane->key, key) == 0)
			return lane;
	}
	return NULL;
}

struct delivery *
queue_lane_head(
    const struct queue *q, const struct endpoint *e, const struct uuid *rule_id)
{
	struct lane *lane = find_lane(q, e, rule_id);

	return lane != NULL ? lane->head : NULL;
}

static struct lane *
get_lane(struct queue *q, struct endpoint *e, const struct uuid *key)
{
	struct lane *lane = find_lane(q, e, key);

	if (lane != NULL)
		return lane;
	lane = calloc(1, sizeof(*lane));
	if (lane == NULL)
		return NULL;
	lane->endpoint = e;
	lane->key = *key;
	lane->timer = (struct timer){.owner = lane, .kind = TIMER_LANE};
	if (table_add(&q->lanes, &lane->node, lane_hash(e, key), lane) < 0) {
		free(lane);
		return NULL;
	}
	return lane;
}

static void
make_ready(struct queue *q, struct lane *lane)
{
	struct endpoint *e = lane->endpoint;

	if (lane->ready || lane->sending > 0 || lane->timer.at != 0 ||
	    lane->head == NULL)
		return;
	lane->ready = true;
	lane->next_ready = NULL;
	if (e->ready_tail != NULL)
		e->ready_tail->next_ready = lane;
	else
		e->ready_head = lane;
	e->ready_tail = lane;
	e->nready += lane->n;
	make_runnable(q, e);
}

static void
unready(struct lane *lane)
{
	struct endpoint *e = lane->endpoint;
	struct lane **at = &e->ready_head, *before = NULL;

	if (!lane->ready)
		return;
	while (*at != lane) {
		before = *at;
		at = &(*at)->next_ready;
	}
	*at = lane->next_ready;
	if (e->ready_tail == lane)
		e->ready_tail = before;
	lane->ready = false;
	e->nready -= lane->n;
}

/* Nothing of it is being sent any more: it waits for its head, or is ready. */
static void
go_on(struct queue *q, struct lane *lane)
{
	if (lane->sending > 0 || lane->head == NULL)
		return;
	if (lane->head->state != DELIVERY_STATE_BACKOFF)
		make_ready(q, lane);
	else if (lane->timer.at == 0)
		timers_set(&q->timers, &lane->timer, lane->head->due_us);
}

static void
free_lane(struct queue *q, struct lane *lane)
{
	unready(lane);
	timers_clear(&q->timers, &lane->timer);
	table_remove(&q->lanes, &lane->node);
	free(lane);
}

/* ---- deliveries ---------------------------------------------------------- */

static void
link_lease(struct queue *q, struct delivery *d)
{
	d->older = q->newest;
	d->newer = NULL;
	if (q->newest != NULL)
		q->newest->newer = d;
	else
		q->oldest = d;
	q->newest = d;
}

static void
unlink_lease(struct queue *q, struct delivery *d)
{
	if (d->older != NULL)
		d->older->newer = d->newer;
	else
		q->oldest = d->newer;
	if (d->newer != NULL)
		d->newer->older = d->older;
	else
		q->newest = d->older;
}

void
queue_touch(struct queue *q, struct delivery *d)
{
	unlink_lease(q, d);
	link_lease(q, d);
}

/* By time; behind whatever is being sent or has waited already. */
static void
insert(struct lane *lane, struct delivery *d)
{
	struct delivery **at = &lane->head;

	if (lane->tail != NULL && lane->tail->created_ms <= d->created_ms)
		at = &lane->tail->next;
	while (*at != NULL &&
	       ((*at)->sending || (*at)->state == DELIVERY_STATE_BACKOFF ||
		   (*at)->created_ms <= d->created_ms))
		at = &(*at)->next;
	d->next = *at;
	*at = d;
	if (d->next == NULL)
		lane->tail = d;
}

int
queue_push(struct queue *q, struct delivery *d)
{
	struct endpoint *e = d->endpoint;
	struct lane *lane =
	    get_lane(q, e, e->channel.unordered ? &d->id : &d->rule_id);

	if (lane == NULL)
		return -1;
	d->lane = lane;
	insert(lane, d);
	lane->n++;
	e->queued++;
	if (lane->ready)
		e->nready++;
	q->n++;
	q->bytes += d->record_len;
	link_lease(q, d);
	make_ready(q, lane);
	return 0;
}

void
queue_remove(struct queue *q, struct delivery *d)
{
	struct lane *lane = d->lane;
	struct delivery **at = &lane->head, *before = NULL;
	bool first = lane->head == d;

	while (*at != d) {
		before = *at;
		at = &(*at)->next;
	}
	*at = d->next;
	if (lane->tail == d)
		lane->tail = before;
	if (lane->ready)
		lane->endpoint->nready--;
	lane->n--;
	if (d->sending)
		lane->sending--;
	d->sending = false;
	lane->endpoint->queued--;
	q->n--;
	q->bytes -= d->record_len;
	unlink_lease(q, d);
	d->lane = NULL;
	/* The wait was the old head's. */
	if (first && lane->sending == 0)
		timers_clear(&q->timers, &lane->timer);
	if (lane->head == NULL)
		free_lane(q, lane);
	else
		go_on(q, lane);
}

void
queue_undo(struct queue *q, const struct delivery *newest)
{
	struct delivery *d;

	while ((d = q->newest) != newest) {
		queue_remove(q, d);
		delivery_free(d);
	}
}

/* ---- taking turns -------------------------------------------------------- */

static int64_t
held_until(const struct endpoint *e, int64_t now_us)
{
	int64_t t = pacing_ready_us(&e->pacing, now_us);
	int64_t b = breaker_ready_us(&e->breaker, now_us);

	if (e->disabled != NULL)
		return 0; /* nothing will leave */
	if (b > t)
		t = b;
	return e->host->blocked_until_us > t ? e->host->blocked_until_us : t;
}

/* One alert a request, unless more wait than may leave one by one now. */
static size_t
batch_size(const struct endpoint *e, int64_t now_us)
{
	size_t most = (size_t)e->ops->digest;

	if (most <= 1 || e->channel.no_digest || e->nready <= 1)
		return 1;
	if (e->nready <= (size_t)pacing_room(&e->pacing, now_us))
		return 1;
	return e->nready < most ? e->nready : most;
}

static size_t
take_lanes(struct endpoint *e, size_t want, struct delivery **v)
{
	size_t n = 0;

	while (n < want && e->ready_head != NULL) {
		struct lane *lane = e->ready_head;
		struct delivery *d = lane->head;

		unready(lane);
		for (; d != NULL && n < want; d = d->next) {
			d->state = DELIVERY_STATE_SENDING;
			d->sending = true;
			lane->sending++;
			v[n++] = d;
		}
	}
	return n;
}

/* Whether a request may leave, perhaps after a while; if not, and nothing but
 * time is needed, it is woken. */
static bool
may_leave(struct queue *q, struct endpoint *e, int64_t now_us)
{
	int64_t until = held_until(e, now_us);

	/* queue_returned() brings it back. */
	if (e->ready_head == NULL || e->in_flight >= e->window)
		return false;
	if (until <= now_us)
		return true;
	if (until != INT64_MAX)
		timers_set(&q->timers, &e->timer, until);
	return false;
}

static size_t
take(struct queue *q, struct endpoint *e, int64_t now_us, struct delivery **v)
{
	size_t n = take_lanes(e, batch_size(e, now_us), v);

	e->in_flight++;
	pacing_start(&e->pacing);
	breaker_start(&e->breaker);
	make_runnable(q, e);
	return n;
}

/* Whether no answer that is still to come can forbid what waits in the worker
 * then. */
static bool
may_go_ahead(const struct endpoint *e)
{
	return e->in_flight == 0 && !e->ops->host_waits &&
	       e->channel.kind != CHANNEL_KIND_EXEC;
}

size_t
queue_take(struct queue *q, int64_t now_us, bool ahead, struct delivery **v)
{
	/* The first one that was put back: it has been seen. */
	const struct endpoint *seen = NULL;

	while (q->runnable_head != NULL && q->runnable_head != seen) {
		struct endpoint *e = pop_runnable(q);

		if (!may_leave(q, e, now_us))
			continue;
		if (!ahead || may_go_ahead(e))
			return take(q, e, now_us, v);
		make_runnable(q, e);
		if (seen == NULL)
			seen = e;
	}
	return 0;
}

void
queue_returned(struct queue *q, struct endpoint *e, int trend)
{
	e->in_flight--;
	if (trend > 0 && e->window < e->limit)
		e->window++;
	else if (trend < 0)
		e->window = 1;
	make_runnable(q, e);
}

void
queue_resume(struct queue *q, struct delivery *d)
{
	d->sending = false;
	d->lane->sending--;
	go_on(q, d->lane);
}

static void
wake_lane(struct queue *q, struct lane *lane)
{
	struct delivery *d;

	/* A digest may have left several in BACKOFF: they go together. */
	for (d = lane->head; d != NULL && d->state == DELIVERY_STATE_BACKOFF;
	     d = d->next)
		d->state = DELIVERY_STATE_QUEUED;
	make_ready(q, lane);
}

void
queue_wake(struct queue *q, int64_t now_us)
{
	struct timer *t;

	while ((t = timers_pop(&q->timers, now_us)) != NULL) {
		if (t->kind == TIMER_ENDPOINT)
			make_runnable(q, t->owner);
		else
			wake_lane(q, t->owner);
	}
}

bool
queue_runnable(const struct queue *q)
{
	return q->runnable_head != NULL;
}

int64_t
queue_next_us(const struct queue *q)
{
	return timers_next_us(&q->timers);
}

int64_t
queue_estimate_us(const struct endpoint *e, int64_t now_us)
{
	int64_t t = held_until(e, now_us), slowest = 0, per;
	size_t i, digest = e->channel.no_digest ? 1 : (size_t)e->ops->digest;

	if (t == INT64_MAX || t < now_us)
		t = now_us;
	for (i = 0; i < PACING_WINDOWS; i++) {
		const struct pacing_window *w = &e->pacing.windows[i];

		per = w->count > 0 ? w->period_us / w->count : 0;
		if (per > slowest)
			slowest = per;
	}
	return t + slowest * (int64_t)(e->queued / digest);
}

void
queue_release(struct queue *q)
{
	struct delivery *d;
	size_t i;

	while ((d = q->oldest) != NULL) {
		d->state = DELIVERY_STATE_LOST;
		d->lane->sending = 0;
		queue_remove(q, d);
		delivery_free(d);
	}
	for (i = 0; i < q->endpoints.nslots; i++)
		while (q->endpoints.slots[i] != NULL) {
			struct endpoint *e = q->endpoints.slots[i]->owner;

			table_remove(&q->endpoints, &e->node);
			if (e->rule_url != NULL)
				table_remove(&q->urls, &e->url_node);
			free_endpoint(e);
		}
	for (i = 0; i < q->hosts.nslots; i++)
		while (q->hosts.slots[i] != NULL) {
			struct host *h = q->hosts.slots[i]->owner;

			table_remove(&q->hosts, &h->node);
			free(h->name);
			free(h);
		}
	table_release(&q->endpoints);
	table_release(&q->urls);
	table_release(&q->lanes);
	table_release(&q->hosts);
	timers_release(&q->timers);
}
