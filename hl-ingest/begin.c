/*
 * begin: how a series comes to be followed, and why one is not: its name, its
 * first bar, its place among the subscriptions, refusals.
 */
#include <string.h>

#include "common/clock.h"
#include "common/interval.h"
#include "common/log.h"
#include "hl-ingest/feed.h"

/* Series begin without the exchange's clock if it is not told by then: real
 * time, however fast the clocks run. */
#define CLOCK_WAIT_US (3 * INT64_C(1000000))

/* ---- beginning a series -------------------------------------------------- */

/* "HYPE/USDC" is @107. False while the names are awaited. */
static bool
name_is_known(struct feed *f, struct member *m)
{
	const struct name *name;

	if (strchr(m->coin, '/') == NULL ||
	    (catalogue_has_spot(&f->catalogue) &&
		names_find(&f->catalogue.names, m->coin) != NULL))
		return true;
	catalogue_want(&f->catalogue);
	if (!catalogue_has_spot(&f->catalogue))
		return false;
	name = names_find_pair(&f->catalogue.names, m->coin);
	if (name != NULL) {
		log_warn("%s is %s on the exchange: that is its name in "
			 "records and rules",
		    m->asked, name->coin);
		memcpy(m->coin, name->coin, sizeof(m->coin));
	}
	return true;
}

/* A pair that is followed by the exchange's name already, or waits for a place
 * by it: one series is enough. */
static bool
join(struct feed *f, struct member *m)
{
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		struct member *other = f->members[i];

		if (other == m || other->interval != m->interval ||
		    (other->state != MEMBER_NEW &&
			other->state != MEMBER_WAITS &&
			other->state != MEMBER_ACTIVE) ||
		    strcmp(other->coin, m->coin) != 0)
			continue;
		other->by_rule |= m->by_rule;
		other->operand |= m->operand;
		if (m->warmup_bars > other->warmup_bars)
			other->warmup_bars = m->warmup_bars;
		m->state = MEMBER_GONE;
		return true;
	}
	return false;
}

static int64_t
first_bar(struct feed *f, struct member *m, bool *begun)
{
	int64_t last = follow_last(f, m), bars = f->options.warmup_bars;
	int64_t step = interval_step(m->interval), from;

	*begun = last >= 0;
	if (last >= 0)
		return last + step;
	if (bars < 0)
		bars = m->by_rule ? f->policy.keep_bars : 0;
	if (bars < m->warmup_bars)
		bars = m->warmup_bars;
	from = interval_open(m->interval, feed_now(f)) - bars * step;
	return from < 0 ? 0 : from;
}

/* ---- its place among the subscriptions ------------------------------------ */

/* The subscriptions that the series needs and that are not there. */
static size_t
places_wanted(const struct feed *f, const struct member *m)
{
	bool ctx = f->options.ctx && subscriptions_find(&f->subscriptions,
					 FRAME_TYPE_CTX, m->coin, -1) < 0;

	return ctx ? 2 : 1;
}

static bool
has_place(const struct feed *f, const struct member *m)
{
	return f->options.poll ||
	       f->subscriptions.count + places_wanted(f, m) <=
		   BUDGET_SUBSCRIPTIONS;
}

static void
wait_for_place(struct member *m)
{
	m->state = MEMBER_WAITS;
	log_error("%s:%s: the exchange gives an address %d subscriptions and "
		  "all are in use: it waits until one is free; run hl-ingest "
		  "with some of the series on another machine",
	    m->asked, interval_name(m->interval), BUDGET_SUBSCRIPTIONS);
}

static void
subscribe(struct feed *f, struct member *m)
{
	if (f->options.poll)
		return;
	m->slot = subscriptions_add(
	    &f->subscriptions, FRAME_TYPE_CANDLE, m->coin, m->interval, m);
	if (f->options.ctx)
		(void)subscriptions_add(
		    &f->subscriptions, FRAME_TYPE_CTX, m->coin, -1, NULL);
}

void
begin_leave(struct feed *f, struct member *m)
{
	int ctx =
	    subscriptions_find(&f->subscriptions, FRAME_TYPE_CTX, m->coin, -1);
	size_t i;

	if (m->slot >= 0)
		subscriptions_remove(&f->subscriptions, m->slot);
	m->slot = -1;
	f->plan_due = true;
	for (i = 0; i < f->n_members; i++)
		if (f->members[i]->slot >= 0 &&
		    strcmp(f->members[i]->coin, m->coin) == 0)
			return;
	if (ctx >= 0)
		subscriptions_remove(&f->subscriptions, ctx);
}

/* ---- beginning ------------------------------------------------------------ */

static void
begin(struct feed *f, struct member *m)
{
	bool begun;
	int64_t from = first_bar(f, m, &begun);

	series_init(&m->series, m->coin, m->interval, from, begun, &f->policy,
	    &report_ops, m);
	m->started = true;
	m->begun_ms = feed_now(f);
	m->state = MEMBER_ACTIVE;
	subscribe(f, m);
	f->plan_due = true;
	log_debug("%s %s: from bar %lld", m->coin, interval_name(m->interval),
	    (long long)from);
}

void
begin_step(struct feed *f)
{
	size_t i;

	if (!f->clock.known && clock_mono_us() < f->start_us + CLOCK_WAIT_US)
		return;
	for (i = 0; i < f->n_members; i++) {
		struct member *m = f->members[i];

		if (m->state == MEMBER_WAITS && has_place(f, m)) {
			log_warn("%s:%s: a place is free: following it",
			    m->asked, interval_name(m->interval));
			begin(f, m);
		}
		if (m->state != MEMBER_NEW || !name_is_known(f, m) ||
		    (strcmp(m->asked, m->coin) != 0 && join(f, m)))
			continue;
		if (has_place(f, m))
			begin(f, m);
		else
			wait_for_place(m);
	}
}

/* ---- refusals ------------------------------------------------------------ */

void
begin_refuse(struct feed *f, struct member *m, const char *why)
{
	begin_leave(f, m);
	m->state = MEMBER_REFUSED;
	strncpy(m->why, why, sizeof(m->why) - 1);
	catalogue_want(&f->catalogue);
	feed_kick(f);
}

static void
say_refused(struct feed *f, struct member *m)
{
	struct buf b;

	m->said = true;
	f->refused_news = true;
	buf_init(&b, 1024);
	names_print_suggestions(&f->catalogue.names, m->asked, &b);
	log_error("%s:%s: %s%s", m->asked, interval_name(m->interval), m->why,
	    b.p != NULL ? b.p : "");
	buf_release(&b);
}

/* The names were read: is it one of them, and its last answer here? */
static bool
may_come_back(const struct feed *f, const struct member *m)
{
	const struct names *names = &f->catalogue.names;

	return !feed_awaits(m) && (names_find(names, m->asked) != NULL ||
				      names_find_pair(names, m->asked) != NULL);
}

static void
come_back(struct feed *f, struct member *m)
{
	log_warn("%s:%s: the exchange lists it now: trying again", m->asked,
	    interval_name(m->interval));
	if (m->started)
		series_release(&m->series);
	m->started = false;
	m->failures = 0;
	m->past = (struct past){.asked = false};
	m->state = MEMBER_NEW;
	f->refused_news = true;
	feed_kick(f);
}

void
begin_refusals(struct feed *f)
{
	bool news = f->catalogue.readings != f->readings_seen;
	size_t refused = 0, i;

	if (!catalogue_done(&f->catalogue))
		return;
	f->readings_seen = f->catalogue.readings;
	for (i = 0; i < f->n_members; i++) {
		struct member *m = f->members[i];

		if (m->state != MEMBER_REFUSED)
			continue;
		if (!m->said)
			say_refused(f, m);
		if (news && may_come_back(f, m))
			come_back(f, m);
		else
			refused++;
	}
	/* Nothing can come any more. */
	if (refused > 0 && refused == f->n_members && !f->options.rules)
		f->stop = true;
	if (refused > 0)
		catalogue_again(&f->catalogue);
}
