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

/* A pair that is followed by the exchange's name already: one series is
 * enough. */
static bool
join(struct feed *f, struct member *m)
{
	size_t i;

	for (i = 0; i < f->n_members; i++) {
		struct member *other = f->members[i];

		if (other == m || other->interval != m->interval ||
		    (other->state != MEMBER_NEW &&
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

static bool
subscribe(struct feed *f, struct member *m)
{
	size_t wanted = f->options.ctx ? 2 : 1;

	if (f->options.poll)
		return true;
	if (f->subscriptions.count + wanted > BUDGET_SUBSCRIPTIONS) {
		begin_refuse(f, m,
		    "the exchange gives an address 1000 subscriptions: run "
		    "hl-ingest with these series on another machine");
		return false;
	}
	m->slot = subscriptions_add(
	    &f->subscriptions, FRAME_TYPE_CANDLE, m->coin, m->interval, m);
	if (f->options.ctx)
		(void)subscriptions_add(
		    &f->subscriptions, FRAME_TYPE_CTX, m->coin, -1, NULL);
	return true;
}

static void
begin(struct feed *f, struct member *m)
{
	bool begun;
	int64_t from = first_bar(f, m, &begun);

	series_init(&m->series, m->coin, m->interval, from, begun, &f->policy,
	    &report_ops, m);
	m->started = true;
	if (!subscribe(f, m))
		return;
	m->state = MEMBER_ACTIVE;
	log_debug("%s %s: from bar %lld", m->coin, interval_name(m->interval),
	    (long long)from);
}

void
begin_step(struct feed *f)
{
	bool changed = false;
	size_t i;

	if (!f->clock.known && clock_mono_us() < f->start_us + CLOCK_WAIT_US)
		return;
	for (i = 0; i < f->n_members; i++) {
		struct member *m = f->members[i];

		if (m->state != MEMBER_NEW || !name_is_known(f, m) ||
		    (strcmp(m->asked, m->coin) != 0 && join(f, m)))
			continue;
		begin(f, m);
		changed = true;
	}
	if (changed)
		backfill_plan(f);
}

/* ---- refusals ------------------------------------------------------------ */

void
begin_refuse(struct feed *f, struct member *m, const char *why)
{
	if (m->slot >= 0)
		subscriptions_remove(&f->subscriptions, m->slot);
	m->slot = -1;
	m->state = MEMBER_REFUSED;
	strncpy(m->why, why, sizeof(m->why) - 1);
	f->refused++;
	catalogue_want(&f->catalogue);
	feed_kick(f);
}

static void
say_refused(struct feed *f, struct member *m)
{
	struct buf b;

	m->said = true;
	buf_init(&b, 1024);
	names_print_suggestions(&f->catalogue.names, m->asked, &b);
	log_error("%s:%s: %s%s", m->asked, interval_name(m->interval), m->why,
	    b.p != NULL ? b.p : "");
	buf_release(&b);
}

void
begin_refusals(struct feed *f)
{
	size_t i;

	if (!catalogue_done(&f->catalogue))
		return;
	for (i = 0; i < f->n_members; i++)
		if (f->members[i]->state == MEMBER_REFUSED &&
		    !f->members[i]->said)
			say_refused(f, f->members[i]);
	/* Nothing can come any more. */
	if (f->refused > 0 && f->refused == f->n_members && !f->options.rules)
		f->stop = true;
}
