#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/interval.h"
#include "hl-ingest/subscriptions.h"

/* A reconnect may follow within the minute, and pings need room: never use up
 * what the exchange allows. */
#define MESSAGES_A_MINUTE (BUDGET_WS_MESSAGES - 200)
/* After this many tries without an ack, pause. */
#define TRIES_IN_A_ROW 3
#define PAUSE_MS       INT64_C(60000)

void
subscriptions_init(struct subscriptions *s, int64_t now_ms)
{
	memset(s, 0, sizeof(*s));
	budget_init(&s->messages, MESSAGES_A_MINUTE, now_ms);
}

void
subscriptions_release(struct subscriptions *s)
{
	free(s->v);
	free(s->table);
	s->v = NULL;
	s->table = NULL;
}

/* ---- the list ------------------------------------------------------------ */

static size_t
hash(enum frame_type type, const char *coin, int interval)
{
	uint64_t h = hash_text(HASH_BASIS, coin);

	h = hash_step(h, (uint64_t)(interval + 1));
	h = hash_step(h, (uint64_t)type);
	return (size_t)(h ^ h >> 32);
}

static bool
is(const struct subscription *v, enum frame_type type, const char *coin,
    int interval)
{
	return v->type == type && v->interval == interval &&
	       strcmp(v->coin, coin) == 0;
}

static void
table_put(struct subscriptions *s, size_t slot)
{
	const struct subscription *v = &s->v[slot];
	size_t i = hash(v->type, v->coin, v->interval);

	while (s->table[i & (s->table_size - 1)] != 0)
		i++;
	s->table[i & (s->table_size - 1)] = (int)slot + 1;
}

/* Built anew when it grows and when a slot changes hands: rare. */
static int
table_build(struct subscriptions *s)
{
	size_t i, size = 64;
	int *table;

	while (size < s->n * 4)
		size *= 2;
	table = calloc(size, sizeof(*table));
	if (table == NULL)
		return -1;
	free(s->table);
	s->table = table;
	s->table_size = size;
	for (i = 0; i < s->n; i++)
		if (s->v[i].state != SUBSCRIPTION_FREE)
			table_put(s, i);
	return 0;
}

int
subscriptions_find(const struct subscriptions *s, enum frame_type type,
    const char *coin, int interval)
{
	size_t i;
	int slot;

	if (s->table == NULL)
		return -1;
	for (i = hash(type, coin, interval);; i++) {
		slot = s->table[i & (s->table_size - 1)] - 1;
		if (slot < 0)
			return -1;
		if (is(&s->v[slot], type, coin, interval))
			return slot;
	}
}

static int
free_slot(struct subscriptions *s)
{
	struct subscription *v;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].state == SUBSCRIPTION_FREE)
			return (int)i;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : s->cap * 2;

		v = realloc(s->v, cap * sizeof(*v));
		if (v == NULL)
			return -1;
		s->v = v;
		s->cap = cap;
	}
	return (int)s->n++;
}

int
subscriptions_add(struct subscriptions *s, enum frame_type type,
    const char *coin, int interval, void *owner)
{
	int slot = subscriptions_find(s, type, coin, interval);
	struct subscription *v;

	if (slot >= 0) {
		s->v[slot].leave = false;
		s->v[slot].owner = owner;
		return slot;
	}
	slot = free_slot(s);
	if (slot < 0)
		return -1;
	v = &s->v[slot];
	memset(v, 0, sizeof(*v));
	v->state = SUBSCRIPTION_WANTED;
	v->type = type;
	v->interval = interval;
	v->owner = owner;
	strncpy(v->coin, coin, sizeof(v->coin) - 1);
	s->count++;
	if (table_build(s) < 0) {
		v->state = SUBSCRIPTION_FREE;
		s->count--;
		return -1;
	}
	return slot;
}

static void
forget(struct subscriptions *s, struct subscription *v)
{
	v->state = SUBSCRIPTION_FREE;
	s->count--;
	/* Without memory the old table stays: it finds a free slot, which
	 * no caller asks for. */
	(void)table_build(s);
}

void
subscriptions_remove(struct subscriptions *s, int slot)
{
	struct subscription *v = &s->v[slot];

	v->owner = NULL;
	if (s->up &&
	    (v->state == SUBSCRIPTION_SENT || v->state == SUBSCRIPTION_LIVE)) {
		v->leave = true;
		v->not_before_ms = 0;
	} else {
		forget(s, v);
	}
}

struct subscription *
subscriptions_at(struct subscriptions *s, int slot)
{
	return slot < 0 ? NULL : &s->v[slot];
}

/* ---- the connection ------------------------------------------------------ */

void
subscriptions_up(struct subscriptions *s)
{
	s->up = true;
}

void
subscriptions_down(struct subscriptions *s)
{
	size_t i;

	s->up = false;
	for (i = 0; i < s->n; i++) {
		struct subscription *v = &s->v[i];

		if (v->state == SUBSCRIPTION_FREE)
			continue;
		if (v->leave) {
			forget(s, v);
			continue;
		}
		v->again = false;
		v->tries = 0;
		v->not_before_ms = 0;
		if (v->state != SUBSCRIPTION_REFUSED)
			v->state = SUBSCRIPTION_WANTED;
	}
}

void
subscriptions_renew(struct subscriptions *s, int slot)
{
	struct subscription *v = &s->v[slot];

	if (v->state != SUBSCRIPTION_LIVE)
		return;
	v->again = true;
	v->tries = 0;
	v->not_before_ms = 0;
}

/* ---- sending ------------------------------------------------------------- */

static void
print_message(const struct subscription *v, const char *method, struct buf *out)
{
	buf_reset(out);
	buf_addf(out,
	    "{\"method\":\"%s\",\"subscription\":{\"type\":\"%s\","
	    "\"coin\":",
	    method, v->type == FRAME_TYPE_CANDLE ? "candle" : "activeAssetCtx");
	buf_adds_json(out, v->coin);
	if (v->interval >= 0)
		buf_addf(out, ",\"interval\":\"%s\"",
		    interval_name((interval_id)v->interval));
	buf_adds(out, "}}");
}

static bool
has_message(const struct subscription *v)
{
	return v->state == SUBSCRIPTION_WANTED ||
	       v->state == SUBSCRIPTION_SENT ||
	       (v->state == SUBSCRIPTION_LIVE && (v->leave || v->again));
}

int
subscriptions_next(struct subscriptions *s, int64_t now_ms, struct buf *out)
{
	size_t i;

	if (!s->up || budget_wait(&s->messages, now_ms, 1) > 0)
		return 0;
	for (i = 0; i < s->n; i++) {
		struct subscription *v = &s->v[(s->cursor + i) % s->n];

		if (!has_message(v) || v->not_before_ms > now_ms)
			continue;
		s->cursor = (s->cursor + i + 1) % s->n;
		budget_spend(&s->messages, now_ms, 1);
		if (v->leave || v->again) {
			print_message(v, "unsubscribe", out);
			v->again = false;
			v->state = SUBSCRIPTION_WANTED;
			if (v->leave)
				forget(s, v);
			return 1;
		}
		print_message(v, "subscribe", out);
		v->state = SUBSCRIPTION_SENT;
		v->not_before_ms = now_ms + SUBSCRIPTIONS_ACK_MS;
		if (++v->tries % TRIES_IN_A_ROW == 0)
			v->not_before_ms = now_ms + PAUSE_MS;
		return 1;
	}
	return 0;
}

int64_t
subscriptions_due(struct subscriptions *s, int64_t now_ms)
{
	int64_t due = INT64_MAX, wait;
	size_t i;

	if (!s->up)
		return due;
	for (i = 0; i < s->n; i++)
		if (has_message(&s->v[i]) && s->v[i].not_before_ms < due)
			due = s->v[i].not_before_ms;
	wait = budget_wait(&s->messages, now_ms, 1);
	if (due != INT64_MAX && wait > 0 && now_ms + wait > due)
		due = now_ms + wait;
	return due;
}

/* ---- answers ------------------------------------------------------------- */

static int
named(struct subscriptions *s, const struct frame_subscription *f)
{
	if (!f->known)
		return -1;
	return subscriptions_find(s, f->type, f->coin, f->interval);
}

int
subscriptions_acked(struct subscriptions *s, const struct frame_subscription *f,
    bool subscribed)
{
	int slot = named(s, f);
	struct subscription *v = subscriptions_at(s, slot);

	/* The end of an unsubscribe says nothing: what matters came after. */
	if (v == NULL || !subscribed)
		return -1;
	if (v->state == SUBSCRIPTION_WANTED || v->state == SUBSCRIPTION_SENT) {
		v->state = SUBSCRIPTION_LIVE;
		v->tries = 0;
	}
	return slot;
}

int
subscriptions_refused(
    struct subscriptions *s, const struct frame_subscription *f)
{
	int slot = named(s, f);

	/* One that was to end is no more. */
	if (slot >= 0 && s->v[slot].leave)
		forget(s, &s->v[slot]);
	else if (slot >= 0)
		s->v[slot].state = SUBSCRIPTION_REFUSED;
	return slot;
}

void
subscriptions_too_fast(struct subscriptions *s, int64_t now_ms)
{
	budget_block(&s->messages, now_ms);
}
