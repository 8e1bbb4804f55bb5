#include <string.h>

#include "common/backoff.h"
#include "hl-ingest/link.h"

/* Of the 30 a minute, leave some to other programs of this address. */
#define CONNECTS_A_MINUTE (BUDGET_WS_CONNECTS - 10)

void
link_init(struct link *l, int64_t now_ms)
{
	memset(l, 0, sizeof(*l));
	l->connect_at_ms = now_ms;
	l->pong_by_ms = l->data_ms = -1;
	budget_init(&l->connects, CONNECTS_A_MINUTE, now_ms);
}

static void
plan_ping(struct link *l, int64_t now_ms)
{
	l->ping_at_ms = now_ms + LINK_PING_MS -
			backoff_jitter_ms(LINK_PING_MS / 10, backoff_random());
}

enum link_action
link_next(struct link *l, int64_t now_ms)
{
	switch (l->state) {
	case LINK_DOWN:
		if (now_ms < l->connect_at_ms ||
		    budget_wait(&l->connects, now_ms, 1) > 0)
			return LINK_NOTHING;
		budget_spend(&l->connects, now_ms, 1);
		l->state = LINK_CONNECTING;
		l->deadline_ms = now_ms + LINK_CONNECT_MS;
		return LINK_CONNECT;
	case LINK_CONNECTING:
		return now_ms < l->deadline_ms ? LINK_NOTHING : LINK_GIVE_UP;
	case LINK_UP:
		if (l->pong_by_ms >= 0 && now_ms >= l->pong_by_ms)
			return LINK_GIVE_UP;
		if (l->pong_by_ms >= 0 || now_ms < l->ping_at_ms)
			return LINK_NOTHING;
		l->pong_by_ms = now_ms + LINK_PONG_MS;
		return LINK_PING;
	}
	return LINK_NOTHING;
}

int64_t
link_due(struct link *l, int64_t now_ms)
{
	int64_t wait;

	switch (l->state) {
	case LINK_DOWN:
		wait = budget_wait(&l->connects, now_ms, 1);
		return l->connect_at_ms > now_ms + wait ? l->connect_at_ms
							: now_ms + wait;
	case LINK_CONNECTING:
		return l->deadline_ms;
	case LINK_UP:
		return l->pong_by_ms >= 0 ? l->pong_by_ms : l->ping_at_ms;
	}
	return INT64_MAX;
}

void
link_opened(struct link *l, int64_t now_ms)
{
	l->state = LINK_UP;
	l->opened_ms = now_ms;
	l->data_ms = l->pong_by_ms = -1;
	plan_ping(l, now_ms);
}

void
link_frame(struct link *l, int64_t now_ms, bool data)
{
	if (data)
		l->data_ms = now_ms;
	if (l->pong_by_ms < 0)
		return;
	/* Anything that comes after a ping proves as much as its pong. */
	l->pong_by_ms = -1;
	plan_ping(l, now_ms);
}

void
link_closed(struct link *l, int64_t now_ms, int code)
{
	bool proven = l->state == LINK_UP && l->data_ms >= 0 &&
		      l->data_ms - l->opened_ms >= LINK_PROVEN_MS;

	if (l->state == LINK_UP)
		l->lost++;
	if (proven)
		l->failed = 0;
	l->state = LINK_DOWN;
	l->connect_at_ms = now_ms;
	if (proven && code == LINK_CLOSE_EXPIRED)
		return;
	l->failed++;
	l->connect_at_ms += backoff_jitter_ms(
	    backoff_ceiling_ms(LINK_BACKOFF_BASE, LINK_BACKOFF_CAP, l->failed),
	    backoff_random());
}
