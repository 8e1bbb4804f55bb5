#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/num.h"
#include "tests/sim/admin.h"
#include "tests/sim/feed.h"
#include "tests/sim/peer.h"

static void
answer(struct peer *p, int status, const char *text)
{
	peer_answer(p, status, "text/plain", text, strlen(text));
}

/* A number of the query: 0, or -1 after a 400. */
static int
take_number(struct peer *p, struct span query, const char *name, int64_t min,
    int64_t fallback, int64_t *out)
{
	char text[32];
	struct err e;

	*out = fallback;
	if (!http_query(query, name, text, sizeof(text)))
		return 0;
	if (num_parse(out, text, min, INT64_MAX / 4, name, &e) == 0)
		return 0;
	answer(p, 400, e.msg);
	return -1;
}

static void
stats(struct peer *p)
{
	struct sim *s = p->sim;
	struct buf b;

	buf_init(&b, 1 << 16);
	buf_addc(&b, '{');
	stats_print(&s->stats, &b);
	buf_addf(&b,
	    ",\"subscriptions\":%zu"
	    ",\"time\":%" PRId64 ",\"weight_minute\":%" PRIu64
	    ",\"weight_peak\":%" PRIu64 ",\"messages_minute\":%" PRIu64
	    ",\"connects_minute\":%" PRIu64 ",\"connects_peak\":%" PRIu64 "}\n",
	    s->subscriptions, simclock_ms(&s->clock),
	    budget_spent(&s->budget, BUDGET_WEIGHT),
	    s->budget.peak[BUDGET_WEIGHT],
	    budget_spent(&s->budget, BUDGET_MESSAGES),
	    budget_spent(&s->budget, BUDGET_CONNECTS),
	    s->budget.peak[BUDGET_CONNECTS]);
	peer_answer(p, 200, "application/json", b.p, b.len);
	buf_release(&b);
}

static bool
wait_is_over(const struct peer *p)
{
	for (int i = 0; i < STATS_COUNT; i++)
		if (p->sim->stats.value[i] < p->goal[i])
			return false;
	return simclock_ms(&p->sim->clock) >= p->goal_ms;
}

static void
on_wait_timeout(struct timer *t)
{
	struct peer *p = CONTAINER_OF(t, struct peer, drop_timer);

	p->waiting = false;
	answer(p, 408, "the counters did not get there in time\n");
}

static void
wait_for(struct peer *p, const struct http_request *r)
{
	int64_t n, timeout_s;

	if (take_number(p, r->query, "timeout", 0, 30, &timeout_s) != 0 ||
	    take_number(p, r->query, "time", 0, 0, &p->goal_ms) != 0)
		return;
	for (int i = 0; i < STATS_COUNT; i++) {
		if (take_number(p, r->query, stats_name((enum stats_id)i), 0, 0,
			&n) != 0)
			return;
		p->goal[i] = (uint64_t)n;
	}
	p->waiting = true;
	p->drop_timer.fire = on_wait_timeout;
	timerq_set(&p->sim->loop.timers, &p->drop_timer,
	    clock_mono_us() + timeout_s * 1000000);
}

void
admin_waits(struct sim *s)
{
	struct peer *p = s->peers, *next;

	for (; p != NULL; p = next) {
		next = p->next;
		if (!p->waiting || !wait_is_over(p))
			continue;
		p->waiting = false;
		timerq_clear(&s->loop.timers, &p->drop_timer);
		stats(p);
	}
}

static void
clock_answer(struct peer *p)
{
	static const char *const modes[] = {"speed", "max", "manual"};
	struct simclock *c = &p->sim->clock;
	/* Both of one moment: at a high speed a pause between them shows. */
	int64_t mono_us = clock_mono_us();
	struct buf b;

	buf_init(&b, 512);
	buf_addf(&b,
	    "{\"time\":%" PRId64 ",\"mode\":\"%s\",\"speed\":%g,\"held\":%s,"
	    "\"mono_us\":%" PRId64 ",\"real_ms\":%" PRId64 "}\n",
	    simclock_us_at(c, mono_us) / 1000, modes[c->mode], c->speed,
	    c->held ? "true" : "false", mono_us, clock_now_ms());
	peer_answer(p, 200, "application/json", b.p, b.len);
	buf_release(&b);
}

static void
closed(struct peer *p, const struct http_request *r)
{
	struct sim *s = p->sim;
	char coin[64], interval[8], flag[8];
	int64_t from, to, t, oldest, newest, now = simclock_ms(&s->clock);
	struct series *sr = NULL;
	struct coin *c;
	struct bar bar;
	struct buf b;
	int iv;
	bool x, keep;

	http_query(r->query, "coin", coin, sizeof(coin));
	http_query(r->query, "interval", interval, sizeof(interval));
	x = http_query(r->query, "x", flag, sizeof(flag)) && flag[0] == '1';
	keep =
	    http_query(r->query, "keep", flag, sizeof(flag)) && flag[0] == '1';
	if (take_number(p, r->query, "from", 0, 0, &from) != 0 ||
	    take_number(p, r->query, "to", 0, INT64_MAX, &to) != 0)
		return;
	c = market_coin(&s->market, coin, strlen(coin));
	iv = interval_find(interval, strlen(interval));
	if (c != NULL && iv >= 0)
		sr = market_series(&s->market, c, (interval_id)iv);
	if (sr == NULL) {
		answer(p, 404, "no such series\n");
		return;
	}
	buf_init(&b, (size_t)1 << 30);
	if (market_range(sr, now, &oldest, &newest)) {
		t = interval_open(sr->interval, from);
		if (keep && interval_open(sr->interval, now) - oldest >
				s->opt.retain * sr->step)
			oldest = interval_open(sr->interval, now) -
				 s->opt.retain * sr->step;
		t = t < oldest ? oldest : t;
		for (; t + sr->step <= now && t <= to; t += sr->step) {
			if (!market_bar(sr, t, now, TAPE_REST, &bar))
				continue;
			bar_print(&b, &bar, c->name, sr->interval, &c->scale,
			    BAR_ORDER_FRAME, x ? ",\"x\":true" : NULL);
			buf_addc(&b, '\n');
		}
	}
	peer_answer(p, 200, "application/x-ndjson", b.p, b.len);
	buf_release(&b);
}

static void
series(struct peer *p)
{
	struct buf b;

	buf_init(&b, 1 << 26);
	for (struct peer *q = p->sim->peers; q != NULL; q = q->next)
		for (struct subscription *sub = q->subscriptions; sub != NULL;
		     sub = sub->peer_next) {
			if (sub->series == NULL)
				continue;
			buf_addf(&b, "{\"conn\":%" PRId64 ",\"s\":", q->number);
			buf_adds_json(&b, sub->coin->name);
			buf_addf(&b,
			    ",\"i\":\"%s\",\"frames\":%" PRIu64
			    ",\"dead\":%s}\n",
			    interval_name(sub->series->interval),
			    sub->series->frames, sub->dead ? "true" : "false");
		}
	peer_answer(p, 200, "application/x-ndjson", b.p, b.len);
	buf_release(&b);
}

static void
add_faults(struct peer *p, const struct http_request *r)
{
	const char *at = r->body.p, *end = at + r->body.n;
	struct buf b;
	struct err e;

	buf_init(&b, 1 << 16);
	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		char line[1024];
		size_t n = (size_t)((eol != NULL ? eol : end) - at);
		int id;

		if (n >= sizeof(line))
			n = sizeof(line) - 1;
		memcpy(line, at, n);
		line[n] = '\0';
		at = eol != NULL ? eol + 1 : end;
		if (line[strspn(line, " \t\r")] == '\0')
			continue;
		id = faultset_add(&p->sim->faults, line, &e);
		if (id < 0) {
			buf_release(&b);
			answer(p, 400, e.msg);
			return;
		}
		buf_addf(&b, "%d\n", id);
	}
	peer_answer(p, 200, "text/plain", b.p, b.len);
	buf_release(&b);
}

static void
list_faults(struct peer *p)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	faultset_print(&p->sim->faults, &b);
	peer_answer(p, 200, "application/x-ndjson", b.p, b.len);
	buf_release(&b);
}

static void
control(struct peer *p, const struct http_request *r)
{
	struct sim *s = p->sim;
	char text[32];
	int64_t n;

	if (span_is(r->path, "/sim/clear")) {
		if (take_number(p, r->query, "id", 1, 0, &n) != 0)
			return;
		faultset_clear(&s->faults, (unsigned)n);
	} else if (span_is(r->path, "/sim/advance")) {
		if (take_number(p, r->query, "ms", 0, 0, &n) != 0)
			return;
		if (s->clock.mode != SIMCLOCK_MANUAL) {
			answer(p, 400, "the clock is not manual\n");
			return;
		}
		sim_advance(s, n);
	} else if (span_is(r->path, "/sim/hold")) {
		simclock_hold(&s->clock, true);
	} else if (span_is(r->path, "/sim/run")) {
		simclock_hold(&s->clock, false);
	} else if (span_is(r->path, "/sim/speed")) {
		http_query(r->query, "x", text, sizeof(text));
		if (!(strtod(text, NULL) > 0)) {
			answer(p, 400, "x is the speed, above 0\n");
			return;
		}
		simclock_set_speed(&s->clock, strtod(text, NULL));
	} else if (span_is(r->path, "/sim/quit")) {
		s->loop.stop = true;
	} else {
		answer(p, 404, "no such thing\n");
		return;
	}
	clock_answer(p);
}

void
admin_request(struct peer *p, const struct http_request *r)
{
	if (!span_is(r->method, "GET")) {
		if (span_is(r->path, "/sim/fault"))
			add_faults(p, r);
		else
			control(p, r);
		return;
	}
	if (span_is(r->path, "/sim/stats"))
		stats(p);
	else if (span_is(r->path, "/sim/wait"))
		wait_for(p, r);
	else if (span_is(r->path, "/sim/clock"))
		clock_answer(p);
	else if (span_is(r->path, "/sim/closed"))
		closed(p, r);
	else if (span_is(r->path, "/sim/series"))
		series(p);
	else if (span_is(r->path, "/sim/faults"))
		list_faults(p);
	else
		answer(p, 404, "no such thing\n");
}
