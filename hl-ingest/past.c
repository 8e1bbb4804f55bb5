/*
 * past: a rule may need more bars than the store has of its series, because it
 * is younger than the series, or another rule. Then older ones are asked of
 * REST, once, and told as "past" records: candles of a series come in order of
 * t, and these do not.
 */
#include "common/interval.h"
#include "common/log.h"
#include "hl-ingest/feed.h"

/* After an answer that was none. */
#define AGAIN_MS 10000

/* What is there already: in the store, and what the series prints from where
 * it began. */
static void
plan(struct feed *f, struct member *m)
{
	struct past *p = &m->past;
	int64_t step = m->series.step_ms, from = m->series.from_ms, oldest;
	int64_t now = interval_open(m->interval, feed_now(f)), have, reach;

	p->planned = m->warmup_bars;
	have = follow_stored(f, m, from, &oldest) + (now - from) / step;
	reach = now - f->policy.keep_bars * step;
	p->to_ms = p->from_ms = oldest;
	if (have >= p->planned)
		return;
	p->from_ms -= (p->planned - have) * step;
	if (p->from_ms < reach)
		p->from_ms = reach;
	if (p->from_ms < 0)
		p->from_ms = 0;
	log_info("%s %s: %lld bars are there, a rule needs %lld", m->coin,
	    interval_name(m->interval), (long long)have, (long long)p->planned);
}

void
past_plan(struct feed *f)
{
	size_t i;

	if (f->store == NULL)
		return;
	for (i = 0; i < f->n_members; i++) {
		struct member *m = f->members[i];

		if (m->state == MEMBER_ACTIVE && !m->past.asked &&
		    m->warmup_bars > m->past.planned)
			plan(f, m);
	}
}

void
past_ask(const struct member *m, struct series_ask *ask)
{
	const struct past *p = &m->past;

	*ask = (struct series_ask){.due_ms = INT64_MAX};
	if (p->asked || p->from_ms >= p->to_ms)
		return;
	ask->due_ms = p->not_before_ms;
	ask->from_ms = p->from_ms;
	ask->rows = (p->to_ms - p->from_ms) / m->series.step_ms;
	ask->urgency = SERIES_ASK_CLOSE;
}

void
past_rows(struct member *m, const struct candle *rows, size_t n)
{
	struct past *p = &m->past;
	size_t from = 0;

	while (from < n && rows[from].open_ms < p->from_ms)
		from++;
	while (n > from && rows[n - 1].open_ms >= p->to_ms)
		n--;
	if (n > from)
		report_past(m, rows + from, n - from);
	else
		log_info("%s %s: the exchange has no older bars", m->coin,
		    interval_name(m->interval));
	p->from_ms = p->to_ms;
}

void
past_failed(struct member *m)
{
	m->past.not_before_ms = feed_now(m->feed) + AGAIN_MS;
}
