#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/interval.h"
#include "common/log.h"
#include "hl-ingest/feed.h"

/* Requests under way at once. */
#define RUNNING_MAX 4
/* How much of the budget confirming and checks may take, and how much
 * confirming at least: then checks come less often than they should. */
#define CONFIRM_PERCENT	      80
#define CONFIRM_LEAST_PERCENT 50
#define CHECK_EVERY_MS	      INT64_C(600000)
/* A series that alone keeps failing is left alone this long, then longer. */
#define FAILING_BASE_MS 1000
#define FAILING_CAP_MS	60000
#define FAILING_SAID	5
#define UNKNOWN_MS	60000

struct question {
	struct member *member;
	bool past; /* for older bars */
	int64_t weight; /* as spent */
};

/* Rows of an answer, as they come. */
struct rows {
	struct member *member;
	struct candle *v;
	size_t n, cap, foreign;
};

static void
on_row(void *arg, const struct candle *c)
{
	struct rows *r = arg;
	struct candle *v;

	if (c->interval != r->member->interval ||
	    strcmp(c->symbol, r->member->coin) != 0) {
		r->foreign++;
		return;
	}
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 64 : r->cap * 2;

		v = realloc(r->v, cap * sizeof(*v));
		if (v == NULL) {
			r->foreign++;
			return;
		}
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = *c;
}

/* ---- answers ------------------------------------------------------------- */

static void
on_failure(struct member *m, const char *why)
{
	int64_t wait = 0;

	m->failures++;
	/* Others are answered: it is this one alone. */
	if (m->failures > 1)
		wait = backoff_jitter_ms(backoff_ceiling_ms(FAILING_BASE_MS,
					     FAILING_CAP_MS, m->failures),
		    backoff_random());
	if (m->failures == FAILING_SAID && !m->failure_said) {
		m->failure_said = true;
		log_warn("%s %s: REST keeps failing (%s); trying on", m->coin,
		    interval_name(m->interval), why);
	}
	series_ask_failed(&m->series, feed_now(m->feed) + wait);
}

static void
on_rows(struct question *q, const struct rest_answer *a)
{
	struct member *m = q->member;
	struct feed *f = m->feed;
	struct rows rows = {.member = m};
	struct err e = {.msg = ""};
	size_t bad = 0;

	if (frame_parse_rows(a->body, a->len, on_row, &rows, &bad, &e) < 0) {
		free(rows.v);
		f->rest.failures++;
		if (q->past)
			past_failed(m);
		else
			on_failure(m, e.msg);
		return;
	}
	if (bad > 0 || rows.foreign > 0) {
		f->count.bad_rows += bad + rows.foreign;
		log_warn("%s %s: %zu rows of REST are no candles of it (%s)",
		    m->coin, interval_name(m->interval), bad + rows.foreign,
		    bad > 0 ? e.msg : "another series");
	}
	rest_charge(&f->rest, budget_weight_rows((int64_t)rows.n) - q->weight);
	if (q->past) {
		past_rows(m, rows.v, rows.n);
	} else {
		m->failures = 0;
		m->failure_said = false;
		series_rows(&m->series, rows.v, rows.n, a->sent_ms,
		    exclock_surely(a->sent_ms, a->server_ms), feed_now(f));
	}
	free(rows.v);
}

/* "No such coin" is final, but not for one that was there before. */
static void
on_unknown(struct member *m, const char *why)
{
	if (!m->series.known) {
		begin_refuse(m->feed, m, why);
		return;
	}
	if (!m->failure_said)
		log_warn("%s %s: %s, although it did; asking on", m->coin,
		    interval_name(m->interval), why);
	m->failure_said = true;
	series_ask_failed(&m->series, feed_now(m->feed) + UNKNOWN_MS);
}

static void
on_no_rows(struct question *q, const struct rest_answer *a)
{
	struct member *m = q->member;

	if (q->past)
		past_failed(m);
	else if (a->result == REST_UNKNOWN || a->result == REST_REFUSED)
		on_unknown(m, a->why);
	else if (a->result == REST_LIMITED)
		series_ask_failed(&m->series, feed_now(m->feed));
	else
		on_failure(m, a->why);
}

static void
on_answer(void *arg, const struct rest_answer *a)
{
	struct question q = *(struct question *)arg;
	struct member *m = q.member;

	free(arg);
	if (q.past)
		m->past.asked = false;
	else
		m->series.asked = false;
	feed_kick(m->feed);
	if (m->state != MEMBER_ACTIVE)
		return;
	if (a->result == REST_FAILED)
		log_info("REST: %s", a->why);
	if (a->result == REST_OK)
		on_rows(&q, a);
	else
		on_no_rows(&q, a);
}

/* ---- questions ----------------------------------------------------------- */

/* What is to be asked, and of whom. */
struct choice {
	struct member *member; /* NULL: nothing */
	struct series_ask ask;
	bool past;
};

static void
note_sent(const struct choice *c, int64_t now_ms)
{
	if (c->past)
		c->member->past.asked = true;
	else
		series_asked(&c->member->series, now_ms);
}

static void
send_question(struct feed *f, const struct choice *c)
{
	struct member *m = c->member;
	int64_t now = feed_now(f), to;
	struct question *q = malloc(sizeof(*q));
	struct err e;

	if (q == NULL)
		return;
	*q = (struct question){.member = m,
	    .past = c->past,
	    .weight = budget_weight_rows(c->ask.rows)};
	to = c->past ? m->past.to_ms - 1 : now + m->series.step_ms;
	rest_print_candles(&f->line, m->coin, m->interval, c->ask.from_ms, to);
	if (rest_post(&f->rest, f->line.p, q->weight, on_answer, q, &e) == 0) {
		note_sent(c, now);
	} else {
		free(q);
		log_warn("REST: %s", e.msg);
		if (c->past)
			past_failed(m);
		else
			series_ask_failed(&m->series, now + FAILING_BASE_MS);
	}
	buf_reset(&f->line);
}

/* Of the questions for which nobody waits right now, the series that was asked
 * longest ago comes first, so that each has its turn however many there are;
 * checks and long answers after this many ms more. */
static const int64_t patience_ms[] = {
    [SERIES_ASK_CLOSE] = 0,
    [SERIES_ASK_CHECK] = INT64_C(60000),
    [SERIES_ASK_HISTORY] = INT64_C(300000),
};

static int64_t
turn_ms(const struct member *m, const struct series_ask *ask)
{
	int64_t asked = m->series.asked_ms;

	return (asked > m->begun_ms ? asked : m->begun_ms) +
	       patience_ms[ask->urgency];
}

/* Whether a is asked before b. */
static bool
is_before(const struct choice *a, const struct choice *b)
{
	bool urgent = a->ask.urgency == SERIES_ASK_CONFIRM;

	if (urgent != (b->ask.urgency == SERIES_ASK_CONFIRM))
		return urgent;
	return urgent
		   ? a->ask.due_ms < b->ask.due_ms
		   : turn_ms(a->member, &a->ask) < turn_ms(b->member, &b->ask);
}

static void
consider(
    struct choice *best, const struct choice *c, int64_t now_ms, int64_t *next)
{
	if (c->ask.due_ms > now_ms) {
		if (c->ask.due_ms < *next)
			*next = c->ask.due_ms;
		return;
	}
	if (best->member == NULL || is_before(c, best))
		*best = *c;
}

/* The question that comes first of those that are due; *next: when another
 * will be, on the exchange's clock. */
static void
choose(struct feed *f, struct choice *best, int64_t *next)
{
	int64_t now = feed_now(f);
	size_t i;

	*best = (struct choice){.member = NULL};
	for (i = 0; i < f->n_members; i++) {
		struct choice c = {.member = f->members[i]};

		if (c.member->state != MEMBER_ACTIVE)
			continue;
		series_ask(&c.member->series, now, &c.ask);
		consider(best, &c, now, next);
		c.past = true;
		past_ask(c.member, &c.ask);
		consider(best, &c, now, next);
	}
}

/* How much of the budget must be free for the question: with the reserve, but
 * no more than confirming leaves in every minute, for else a long answer would
 * be waited for until fewer series are confirmed. */
static int64_t
room_for(int64_t limit, const struct series_ask *ask)
{
	int64_t weight = budget_weight_rows(ask->rows), room, left;

	if (ask->urgency == SERIES_ASK_CONFIRM)
		return weight;
	room = weight + limit * BUDGET_RESERVED_PERCENT / 100;
	left = limit * (100 - CONFIRM_PERCENT) / 100;
	if (room <= left)
		return room;
	return weight > left ? weight : left;
}

int64_t
backfill_step(struct feed *f, int64_t now_ms)
{
	for (;;) {
		int64_t next = INT64_MAX, wait;
		struct choice c;

		choose(f, &c, &next);
		if (c.member == NULL)
			return next == INT64_MAX ? next
						 : now_ms + next - feed_now(f);
		/* The reader is slow, or answers are awaited: either will
		 * wake us. */
		if (!out_room(&f->out) || f->rest.running >= RUNNING_MAX)
			return INT64_MAX;
		wait =
		    rest_wait(&f->rest, room_for(f->rest.budget.limit, &c.ask));
		if (wait > 0)
			return now_ms + wait;
		send_question(f, &c);
	}
}

/* ---- what can be confirmed ----------------------------------------------- */

static int
by_step(const void *a, const void *b)
{
	const struct member *const *x = a, *const *y = b;

	return (*x)->interval < (*y)->interval ? 1
	       : (*x)->interval > (*y)->interval
		   ? -1
		   : strcmp((*x)->coin, (*y)->coin);
}

/* Weight a minute, times 100, to confirm each bar of the series as it closes,
 * and to check its bars now and then. */
static int64_t
confirm_weight(const struct member *m)
{
	return 100 * budget_weight_rows(2) * INT64_C(60000) /
	       interval_step(m->interval);
}

static int64_t
check_weight(const struct member *m)
{
	int64_t step = interval_step(m->interval);

	return 100 * budget_weight_rows(2) * INT64_C(60000) /
	       (step > CHECK_EVERY_MS ? step : CHECK_EVERY_MS);
}

/* Hold the longest intervals first, as many as the budget confirms bar by bar
 * while it checks the others; how many are not held. */
static size_t
plan_auto(struct feed *f, struct member **v, size_t n)
{
	int64_t limit = f->rest.budget.limit, confirm = 0, check = 0;
	size_t i, after = 0;

	for (i = 0; i < n; i++)
		check += check_weight(v[i]);
	qsort(v, n, sizeof(struct member *), by_step);
	for (i = 0; i < n; i++) {
		int64_t one = confirm_weight(v[i]), less = check_weight(v[i]);

		if (confirm + one + check - less <= limit * CONFIRM_PERCENT ||
		    confirm + one <= limit * CONFIRM_LEAST_PERCENT) {
			v[i]->series.confirm = SERIES_CONFIRM_HOLD;
			confirm += one;
			check -= less;
		} else {
			v[i]->series.confirm = SERIES_CONFIRM_AFTER;
			after++;
		}
	}
	return after;
}

void
backfill_plan(struct feed *f)
{
	static const enum series_confirm fixed[] = {
	    [FEED_CONFIRM_HOLD] = SERIES_CONFIRM_HOLD,
	    [FEED_CONFIRM_AFTER] = SERIES_CONFIRM_AFTER,
	    [FEED_CONFIRM_OFF] = SERIES_CONFIRM_OFF,
	};
	struct member **v = calloc(f->n_members + 1, sizeof(struct member *));
	size_t i, n = 0, after = 0;

	if (v == NULL)
		return;
	f->plan_due = false;
	for (i = 0; i < f->n_members; i++)
		if (f->members[i]->state == MEMBER_ACTIVE)
			v[n++] = f->members[i];
	if (f->options.confirm == FEED_CONFIRM_AUTO && !f->options.poll)
		after = plan_auto(f, v, n);
	else
		for (i = 0; i < n; i++)
			v[i]->series.confirm = fixed[f->options.confirm];
	if (after > 0 && !f->confirm_said)
		log_warn("%zu of %zu series close more bars than the REST "
			 "budget can confirm at once: those are printed closed "
			 "from their last frame and checked later",
		    after, n);
	f->confirm_said = after > 0;
	free(v);
}
