#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interval.h"
#include "common/log.h"
#include "common/opt.h"
#include "common/sig.h"
#include "hl-ingest/feed.h"

#define CLOCK_AGAIN_MS 2000
/* Look around this often even if nothing seems due. */
#define LOOK_AROUND_MS 1000
/* A bar further ahead of both clocks proves nothing. */
#define RUNAWAY_MS (10 * INT64_C(60000))
/* More than an address may subscribe; a bound for memory. */
#define MEMBERS_MAX 20000

int64_t
feed_now(const struct feed *f)
{
	return exclock_now(&f->clock);
}

int64_t
feed_surely(const struct feed *f)
{
	return exclock_surely(clock_now_ms(), feed_now(f));
}

void
feed_saw(struct feed *f, int64_t open_ms)
{
	int64_t now = feed_now(f), ours = clock_now_ms();

	/* The exchange's clock cannot be before the bar that it sends; but no
	 * garbage may make it run away. */
	if (open_ms <= f->policy.data_ms ||
	    open_ms > (now > ours ? now : ours) + RUNAWAY_MS)
		return;
	if (open_ms > now)
		f->clock.offset_ms += open_ms - now;
	f->policy.data_ms = open_ms;
	f->policy.data_since_ms = ours;
}

void
feed_kick(struct feed *f)
{
	f->step_at_us = 0;
}

/* ---- the list of series -------------------------------------------------- */

static struct member *
find(struct feed *f, const char *asked, interval_id interval)
{
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		struct member *m = f->members[i];

		if (m->state != MEMBER_GONE && m->interval == interval &&
		    (strcmp(m->asked, asked) == 0 ||
			strcmp(m->coin, asked) == 0))
			return m;
	}
	return NULL;
}

static struct member *
insert(struct feed *f, const char *asked, interval_id interval)
{
	struct member *m, **v;

	if (f->n_members == MEMBERS_MAX)
		return NULL;
	if (f->n_members == f->cap_members) {
		size_t cap = f->cap_members == 0 ? 64 : f->cap_members * 2;

		v = realloc(f->members, cap * sizeof(struct member *));
		if (v == NULL)
			return NULL;
		f->members = v;
		f->cap_members = cap;
	}
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return NULL;
	m->feed = f;
	m->interval = interval;
	m->slot = -1;
	strncpy(m->asked, asked, sizeof(m->asked) - 1);
	memcpy(m->coin, m->asked, sizeof(m->coin));
	f->members[f->n_members++] = m;
	return m;
}

struct member *
feed_add(struct feed *f, const char *coin, interval_id interval, bool by_rule,
    int64_t warmup_bars)
{
	struct member *m = find(f, coin, interval);

	if (m == NULL && (m = insert(f, coin, interval)) == NULL)
		return NULL;
	m->by_rule |= by_rule;
	m->operand |= !by_rule;
	if (warmup_bars > m->warmup_bars)
		m->warmup_bars = warmup_bars;
	feed_kick(f);
	return m;
}

void
feed_remove(struct feed *f, struct member *m)
{
	log_info(
	    "%s %s: no longer followed", m->coin, interval_name(m->interval));
	begin_leave(f, m);
	f->refused_news |= m->state == MEMBER_REFUSED;
	m->state = MEMBER_GONE;
	feed_kick(f);
}

size_t
feed_count(const struct feed *f, enum member_state state)
{
	size_t i, n = 0;

	for (i = 0; i < f->n_members; i++)
		n += f->members[i]->state == state;
	return n;
}

bool
feed_awaits(const struct member *m)
{
	return (m->started && m->series.asked) || m->past.asked;
}

/* Free what is gone and not awaited by an answer. */
static void
sweep(struct feed *f)
{
	size_t i;

	for (i = f->n_members; i-- > 0;) {
		struct member *m = f->members[i];

		if (m->state != MEMBER_GONE || feed_awaits(m))
			continue;
		if (m->started)
			series_release(&m->series);
		free(m);
		f->members[i] = f->members[--f->n_members];
	}
}

/* ---- the exchange's clock ------------------------------------------------ */

static void
on_measured(void *arg, int measured)
{
	struct feed *f = arg;

	f->clock_asked = false;
	if (!measured)
		f->clock_at_ms = clock_mono_ms() + CLOCK_AGAIN_MS;
	feed_kick(f);
}

static int64_t
measure_clock(struct feed *f, int64_t now_ms)
{
	int64_t wait;
	struct err e;

	if (f->clock_asked)
		return INT64_MAX;
	if (now_ms < f->clock_at_ms)
		return f->clock_at_ms;
	wait = rest_wait(&f->rest, BUDGET_WEIGHT_STATUS);
	if (wait > 0)
		return now_ms + wait;
	f->clock_at_ms = now_ms + EXCLOCK_EVERY_MS;
	if (rest_measure(&f->rest, on_measured, f, &e) < 0) {
		log_warn("REST: %s", e.msg);
		return f->clock_at_ms;
	}
	f->clock_asked = true;
	return INT64_MAX;
}

/* ---- the loop ------------------------------------------------------------ */

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Let time pass for every series; the monotonic time of the next change. */
static int64_t
tick(struct feed *f, int64_t now_ms)
{
	int64_t due = INT64_MAX, now;
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		struct series *s = &f->members[i]->series;

		if (f->members[i]->state != MEMBER_ACTIVE)
			continue;
		now = feed_now(f);
		series_tick(s, feed_surely(f));
		due = earlier(due, series_due(s, now));
	}
	return due == INT64_MAX ? due : now_ms + due - feed_now(f);
}

/* Do all that is due, then plan the next time. */
static void
step(struct feed *f)
{
	int64_t now = clock_mono_ms(), due = now + LOOK_AROUND_MS, d;

	f->step_at_us = INT64_MAX;
	due = earlier(due, measure_clock(f, now));
	due = earlier(due, follow_step(f, now));
	begin_step(f);
	due = earlier(due, catalogue_step(&f->catalogue));
	begin_refusals(f);
	sweep(f);
	past_plan(f);
	if (f->plan_due)
		backfill_plan(f);
	d = tick(f, now);
	/* What is due of a series is either done by now or waits for REST,
	 * and backfill_step() knows until when. */
	if (d > now)
		due = earlier(due, d);
	due = earlier(due, backfill_step(f, now));
	due = earlier(due, connect_step(f, now));
	due = earlier(due, report_step(f, now));
	d = clock_real_ms(due - clock_mono_ms());
	/* Unless something called feed_kick() on the way. */
	if (f->step_at_us == INT64_MAX)
		f->step_at_us = clock_mono_us() + (d < 1 ? 1 : d) * 1000;
}

static void
on_rest(void *arg)
{
	struct feed *f = arg;
	struct err e;

	if (http_service(f->rest.http, &e) < 0) {
		log_error("%s", e.msg);
		f->failed = f->stop = true;
	}
	/* Whatever was answered, something may be due now. */
	feed_kick(f);
}

static void
on_signal(void *arg)
{
	struct feed *f = arg;
	int sig;

	while ((sig = sig_read(f->signal_fd)) != 0)
		if (sig == SIGINT || sig == SIGTERM)
			f->stop = true;
}

static void
on_out(void *arg)
{
	report_flush(arg);
}

static const struct ws_ops ws_ops = {
    .opened = connect_opened,
    .message = connect_message,
    .closed = connect_closed,
};

/* Wake when the next step is due or the HTTP client has something late. */
static void
plan_wake(struct feed *f)
{
	int64_t ms = (f->step_at_us - clock_mono_us() + 999) / 1000;
	int late = http_timeout_ms(f->rest.http);

	if (late >= 0 && late < ms)
		ms = late;
	ws_wake_in(f->ws, ms);
}

int
feed_run(struct feed *f)
{
	while (!f->stop) {
		if (clock_mono_us() >= f->step_at_us)
			step(f);
		report_flush(f);
		plan_wake(f);
		if (ws_service(f->ws) < 0) {
			f->failed = true;
			break;
		}
		if (http_timeout_ms(f->rest.http) == 0)
			on_rest(f);
	}
	report_end(f);
	return f->failed || feed_count(f, MEMBER_REFUSED) > 0 ||
		       feed_count(f, MEMBER_WAITS) > 0
		   ? EXIT_SOME_FAILED
		   : EXIT_DONE;
}

/* ---- open and close ------------------------------------------------------ */

static int
watch_all(struct feed *f, struct err *e)
{
	f->rest_watch = ws_watch(f->ws, http_fd(f->rest.http), on_rest, f);
	f->signal_watch = ws_watch(f->ws, f->signal_fd, on_signal, f);
	if (out_fd(&f->out) >= 0)
		f->out_watch = ws_watch(f->ws, out_fd(&f->out), on_out, f);
	if (f->rest_watch == NULL || f->signal_watch == NULL ||
	    (out_fd(&f->out) >= 0 && f->out_watch == NULL))
		return err_set(e, "the loop takes no descriptors");
	return 0;
}

int
feed_open(struct feed *f, const struct feed_options *o, struct err *e)
{
	memset(f, 0, sizeof(*f));
	f->options = *o;
	f->out.epoll = f->signal_fd = -1;
	f->policy.grace_ms = o->grace_ms;
	f->policy.settle_ms =
	    o->settle_ms > o->grace_ms ? o->settle_ms : o->grace_ms;
	f->policy.wait_ms = o->wait_ms;
	f->policy.keep_bars = 5000;
	f->policy.poll_ms = o->poll ? o->poll_ms : 0;
	f->policy.strict_order = o->strict_order;
	f->start_us = clock_mono_us();
	f->beat_at_ms = clock_mono_ms();
	buf_init(&f->line, 64 * 1024);
	if (connect_open(f, e) < 0 ||
	    rest_open(&f->rest, o->url,
		BUDGET_REST_WEIGHT * o->budget_percent / 100, &f->clock, e) < 0)
		return -1;
	f->rest.ca_file = o->ca_file;
	catalogue_init(&f->catalogue, &f->rest);
	if (follow_open(f, e) < 0)
		return -1;
	f->signal_fd = sig_open();
	if (f->signal_fd < 0 || out_open(&f->out, STDOUT_FILENO) < 0)
		return err_set(e, "cannot take signals or write stdout");
	if (ws_open(&f->ws, o->ca_file, &ws_ops, f, e) < 0)
		return -1;
	return watch_all(f, e);
}

void
feed_close(struct feed *f)
{
	size_t i;

	/* Calls under way point at series: end them first. */
	rest_close(&f->rest);
	for (i = 0; i < f->n_members; i++) {
		if (f->members[i]->started)
			series_release(&f->members[i]->series);
		free(f->members[i]);
	}
	free(f->members);
	ws_unwatch(f->rest_watch);
	ws_unwatch(f->signal_watch);
	ws_unwatch(f->out_watch);
	connect_close(f);
	ws_free(f->ws);
	out_close(&f->out);
	catalogue_release(&f->catalogue);
	store_close(f->store);
	buf_release(&f->line);
}
