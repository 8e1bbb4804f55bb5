#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "hl-ingest/feed.h"

/* Between two subscribings of a series that stays silent. */
#define RENEW_EVERY_MS 30000

static const char ping[] = "{\"method\":\"ping\"}";

/* ---- frames -------------------------------------------------------------- */

static struct member *
member_at(struct feed *f, int slot)
{
	struct subscription *v = subscriptions_at(&f->subscriptions, slot);
	struct member *m = v != NULL ? v->owner : NULL;

	return m != NULL && m->state == MEMBER_ACTIVE ? m : NULL;
}

static void
on_candle(void *arg, const struct candle *c)
{
	struct feed *f = arg;
	struct subscription *v;
	struct member *m;
	int slot;

	slot = subscriptions_find(
	    &f->subscriptions, FRAME_TYPE_CANDLE, c->symbol, c->interval);
	m = member_at(f, slot);
	f->count.candles++;
	if (m == NULL)
		return;
	feed_saw(f, c->open_ms);
	/* Frames are as good as an acknowledgement that was lost. */
	v = subscriptions_at(&f->subscriptions, slot);
	if (v->state == SUBSCRIPTION_SENT)
		v->state = SUBSCRIPTION_LIVE;
	series_up(&m->series, feed_now(f));
	series_frame(&m->series, c, feed_now(f));
}

static void
on_ack(struct feed *f, const struct frame *frame)
{
	int slot = subscriptions_acked(&f->subscriptions, &frame->subscription,
	    frame->kind != FRAME_UNSUBSCRIBED);
	struct member *m = member_at(f, slot);

	if (m != NULL)
		series_up(&m->series, feed_now(f));
}

static void
on_too_many_channels(struct feed *f)
{
	if (f->limit_said)
		return;
	f->limit_said = true;
	log_error("the exchange gives an address %d subscriptions and this "
		  "one has them all: what is left over comes by REST alone; "
		  "run hl-ingest with other series on another machine",
	    BUDGET_SUBSCRIPTIONS);
}

static void
on_error(struct feed *f, const struct frame *frame)
{
	struct member *m;
	int slot;

	switch (frame->error) {
	case FRAME_ERROR_ALREADY:
		on_ack(f, frame);
		return;
	case FRAME_ERROR_NOT_SUBSCRIBED:
		return;
	case FRAME_ERROR_TOO_MANY_CHANNELS:
		on_too_many_channels(f);
		return;
	case FRAME_ERROR_TOO_MANY_MESSAGES:
		log_warn(
		    "the exchange says: %s; waiting a minute", frame->text);
		subscriptions_too_fast(&f->subscriptions, clock_mono_ms());
		return;
	case FRAME_ERROR_INVALID:
	case FRAME_ERROR_MALFORMED:
		slot = subscriptions_refused(
		    &f->subscriptions, &frame->subscription);
		m = member_at(f, slot);
		if (m != NULL && m->series.known) {
			/* It had traded a moment ago: REST will tell. */
			log_warn("%s %s: %s", m->coin,
			    interval_name(m->interval), frame->text);
			return;
		}
		if (m != NULL) {
			begin_refuse(f, m, frame->text);
			return;
		}
		break;
	case FRAME_ERROR_OTHER:
		break;
	}
	log_warn("the exchange says: %s", frame->text);
}

void
connect_message(void *arg, const char *text, size_t n)
{
	struct feed *f = arg;
	struct frame frame;
	struct err e = {.msg = ""};

	if (f->frames_unwritten++ == 0)
		f->message_us = clock_mono_us();
	f->count.frames++;
	frame_parse(&frame, text, n, on_candle, f, &e);
	link_frame(&f->link, clock_mono_ms(), frame.kind != FRAME_PONG);
	if (frame.bad > 0 || frame.kind == FRAME_BAD) {
		f->count.bad_frames++;
		log_warn(
		    "bad frame: %s: %.*s", e.msg, n > 120 ? 120 : (int)n, text);
	}
	switch (frame.kind) {
	case FRAME_SUBSCRIBED:
	case FRAME_UNSUBSCRIBED:
		on_ack(f, &frame);
		break;
	case FRAME_CTX:
		report_ctx(f, &frame.ctx);
		break;
	case FRAME_ERROR:
		on_error(f, &frame);
		break;
	default:
		break;
	}
}

/* ---- the connection ------------------------------------------------------ */

void
connect_opened(void *arg)
{
	struct feed *f = arg;

	log_info("connected to %s", f->url.host);
	link_opened(&f->link, clock_mono_ms());
	subscriptions_up(&f->subscriptions);
	connect_pump(f);
	feed_kick(f);
}

static void
lost(struct feed *f, int code, const char *reason)
{
	int64_t now = clock_mono_ms(), wait;
	bool was_up = f->link.state == LINK_UP;
	size_t i;

	link_closed(&f->link, now, code);
	subscriptions_down(&f->subscriptions);
	for (i = 0; i < f->n_members; i++)
		if (f->members[i]->started)
			series_down(&f->members[i]->series);
	wait = f->link.connect_at_ms - now;
	if (was_up)
		f->count.reconnects++;
	if (code == LINK_CLOSE_EXPIRED)
		log_info("the exchange ended the connection (%s)", reason);
	else
		log_warn("%s: %s; next try in %.1f s",
		    was_up ? "connection lost" : "no connection", reason,
		    (double)wait / 1000);
	feed_kick(f);
}

void
connect_closed(void *arg, int code, const char *reason)
{
	struct feed *f = arg;

	if (f->link.state != LINK_DOWN)
		lost(f, code, reason);
}

static void
dial(struct feed *f)
{
	struct ws_target t = {
	    .port = f->url.port,
	    .tls = strcmp(f->url.scheme, "https") == 0,
	    .host = f->url.host,
	    .path = "/ws",
	};
	struct err e;

	t.address = f->resolve.addresses[f->address++ % f->resolve.n];
	if (ws_connect(f->ws, &t, &e) < 0)
		lost(f, 0, e.msg);
}

static void
on_resolved(void *arg)
{
	struct feed *f = arg;
	struct err e;

	ws_unwatch(f->resolve_watch);
	f->resolve_watch = NULL;
	if (resolve_finish(&f->resolve, f->url.host, &e) < 0)
		lost(f, 0, e.msg);
	else
		dial(f);
}

static void
begin(struct feed *f)
{
	struct err e;
	int rc = resolve_start(&f->resolve, f->url.host, &e);

	if (rc > 0) {
		dial(f);
		return;
	}
	if (rc == 0) {
		f->resolve_watch =
		    ws_watch(f->ws, f->resolve.fd, on_resolved, f);
		if (f->resolve_watch != NULL)
			return;
		err_set(&e, "cannot wait for an address");
		resolve_cancel(&f->resolve);
	}
	lost(f, 0, e.msg);
}

/* It did not come up in time, or nothing came after a ping. */
static void
give_up(struct feed *f)
{
	const char *why = f->link.state == LINK_UP ? "silence after a ping"
						   : "no answer in time";

	if (f->resolve_watch != NULL) {
		ws_unwatch(f->resolve_watch);
		f->resolve_watch = NULL;
		resolve_cancel(&f->resolve);
		why = "its name was not resolved in time";
	}
	ws_hang_up(f->ws);
	lost(f, 0, why);
}

void
connect_pump(struct feed *f)
{
	int64_t now = clock_mono_ms();

	while (subscriptions_next(&f->subscriptions, now, &f->line) == 1)
		if (ws_send(f->ws, f->line.p, f->line.len) < 0)
			break;
	buf_reset(&f->line);
}

/* REST showed that a live subscription is silent: first subscribe anew, then,
 * if that did not help, connect anew. */
static void
mend_stale(struct feed *f, int64_t now_ms)
{
	struct member *m;
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		m = f->members[i];
		if (m->state != MEMBER_ACTIVE || !m->series.stale ||
		    m->slot < 0 || m->series.stale_checks == 0 ||
		    now_ms < m->renewed_ms + RENEW_EVERY_MS)
			continue;
		m->renewed_ms = now_ms;
		if (m->series.stale_checks > 1) {
			m->series.stale_checks = 0;
			log_warn("%s %s stays silent: connecting anew", m->coin,
			    interval_name(m->interval));
			ws_hang_up(f->ws);
			lost(f, 0, "a subscription is dead");
			return;
		}
		log_warn("%s %s is silent although it trades: subscribing anew",
		    m->coin, interval_name(m->interval));
		subscriptions_renew(&f->subscriptions, m->slot);
	}
}

int64_t
connect_step(struct feed *f, int64_t now_ms)
{
	int64_t due, d;

	if (f->options.poll)
		return INT64_MAX;
	for (;;) {
		switch (link_next(&f->link, now_ms)) {
		case LINK_CONNECT:
			begin(f);
			continue;
		case LINK_GIVE_UP:
			give_up(f);
			continue;
		case LINK_PING:
			budget_spend(&f->subscriptions.messages, now_ms, 1);
			(void)ws_send(f->ws, ping, sizeof(ping) - 1);
			continue;
		case LINK_NOTHING:
			break;
		}
		break;
	}
	if (f->link.state == LINK_UP)
		mend_stale(f, now_ms);
	connect_pump(f);
	due = link_due(&f->link, now_ms);
	d = subscriptions_due(&f->subscriptions, now_ms);
	return d < due ? d : due;
}

int
connect_open(struct feed *f, struct err *e)
{
	int64_t now = clock_mono_ms();

	link_init(&f->link, now);
	subscriptions_init(&f->subscriptions, now);
	resolve_init(&f->resolve);
	return http_url_parse(&f->url, f->options.url, e);
}

void
connect_close(struct feed *f)
{
	ws_unwatch(f->resolve_watch);
	resolve_cancel(&f->resolve);
	subscriptions_release(&f->subscriptions);
	http_url_release(&f->url);
}
