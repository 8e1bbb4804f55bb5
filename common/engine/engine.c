/*
 * engine: what each record is, and what it changes.
 *
 * Order is judged among closed bars only: a bar may get its final values
 * after the next one began to form. A record without x may be an update or
 * the last word on its bar; it is held until the next record of its series
 * (or the end) tells.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/engine/state.h"

#define MESSAGE_MAX ((size_t)4 * 1024)
#define VALUES_MAX  ((size_t)8 * 1024)
/* Closed bars behind the newest one that a series remembers by a bit. */
#define SEEN_BITS 64

static int
no_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

struct engine *
engine_new(const struct engine_options *o, const struct engine_calls *calls)
{
	struct engine *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->options = *o;
	g->calls = *calls;
	book_init(&g->book);
	series_table_init(&g->table);
	buf_init(&g->message, MESSAGE_MAX);
	buf_init(&g->values, VALUES_MAX);
	return g;
}

void
engine_free(struct engine *g)
{
	if (g == NULL)
		return;
	book_release(&g->book);
	series_table_release(&g->table);
	buf_release(&g->message);
	buf_release(&g->values);
	free(g->any);
	free(g->fires);
	free(g->changed);
	free(g);
}

int
engine_touch(struct engine *g, struct series *s)
{
	uint32_t *v;
	size_t cap;

	if (s->dirty)
		return 0;
	if (g->nchanged == g->changed_cap) {
		cap = g->changed_cap < 64 ? 64 : 2 * g->changed_cap;
		v = realloc(g->changed, cap * sizeof(*v));
		if (v == NULL)
			return -1;
		g->changed = v;
		g->changed_cap = cap;
	}
	g->changed[g->nchanged++] = s->number;
	s->dirty = true;
	return 0;
}

void
engine_count(const struct engine *g, struct engine_counts *out)
{
	*out = g->counts;
	out->series = g->table.n;
	out->rules = g->book.count;
}

/* ---- series and rules ------------------------------------------------------ */

uint32_t
engine_series(struct engine *g, const char *symbol, size_t len,
    interval_id interval, struct err *e)
{
	uint32_t i = series_find(&g->table, symbol, len, interval);

	if (i != SERIES_NONE)
		return i;
	i = series_add(&g->table, symbol, len, interval);
	if (i == SERIES_NONE) {
		(void)err_set(e,
		    "%.*s %s is one series too many: %d are judged at most",
		    (int)len, symbol, interval_name(interval), SERIES_MAX);
		return SERIES_NONE;
	}
	return place_any(g, i, e) < 0 ? SERIES_NONE : i;
}

int
engine_series_add(
    struct engine *g, const char *symbol, interval_id interval, struct err *e)
{
	uint32_t i = engine_series(g, symbol, strlen(symbol), interval, e);

	if (i == SERIES_NONE)
		return -1;
	g->table.v[i]->cold = g->cold = true;
	return 0;
}

/* A number among the rules on any symbol. */
static uint32_t
any_new(struct engine *g, uint32_t rule)
{
	uint32_t i, cap, *v;

	for (i = 0; i < g->nany; i++)
		if (g->any[i] == BOOK_NONE)
			break;
	if (i == g->any_cap) {
		cap = g->any_cap < 8 ? 8 : 2 * g->any_cap;
		v = realloc(g->any, cap * sizeof(*v));
		if (v == NULL)
			return BOOK_NONE;
		g->any = v;
		g->any_cap = cap;
	}
	if (i == g->nany)
		g->nany++;
	g->any[i] = rule;
	return i;
}

/* Put the rule, as the book has it, wherever it belongs. */
static int
spread(struct engine *g, uint32_t rule, const struct rule *r, struct err *e)
{
	struct book_rule *b = &g->book.v[rule];
	uint32_t i;

	if (!b->any_symbol) {
		i = engine_series(
		    g, r->symbol, strlen(r->symbol), r->interval, e);
		if (i == SERIES_NONE)
			return -1;
		return place_rule(g, rule, r, i, SERIES_NEVER, SERIES_NEVER, e);
	}
	b->watch = any_new(g, rule);
	if (b->watch == BOOK_NONE)
		return no_memory(e);
	for (i = 0; i < g->table.n; i++)
		if (g->table.v[i]->interval == b->interval &&
		    place_rule(g, rule, r, i, SERIES_NEVER, SERIES_NEVER, e) <
			0)
			return -1;
	return 0;
}

static void
gather(struct engine *g, uint32_t rule)
{
	struct book_rule *b = &g->book.v[rule];
	uint32_t i;

	if (!b->any_symbol) {
		if (b->series != BOOK_NONE)
			place_remove(g, rule, b->series);
		return;
	}
	for (i = 0; i < g->table.n; i++)
		if (g->table.v[i]->interval == b->interval)
			place_remove(g, rule, i);
	g->any[b->watch] = BOOK_NONE;
	b->watch = BOOK_NONE;
}

/* The rule on one series watches other things than before: new levels, but
 * the alerts it had count on. */
static int
place_again(struct engine *g, uint32_t rule, uint32_t series,
    const struct rule *r, struct err *e)
{
	const struct watch *w = place_watch(g, rule, series);
	int64_t fired_ms = SERIES_NEVER, window_ms = SERIES_NEVER;

	if (w != NULL) {
		fired_ms = w->fired_ms;
		window_ms = w->window_ms;
	}
	place_remove(g, rule, series);
	if (book_update(&g->book, rule, r) < 0)
		return no_memory(e);
	return place_rule(g, rule, r, series, fired_ms, window_ms, e);
}

/* The same on every series of a rule on any symbol: the old levels must all
 * be gone before the book changes. */
static int
place_any_again(
    struct engine *g, uint32_t rule, const struct rule *r, struct err *e)
{
	const interval_id interval = g->book.v[rule].interval;
	int64_t *kept = malloc((g->table.n + 1) * 2 * sizeof(*kept));
	uint32_t i;
	int rc = 0;

	if (kept == NULL)
		return no_memory(e);
	for (i = 0; i < g->table.n; i++) {
		const struct watch *w = place_watch(g, rule, i);

		kept[2 * i] = w != NULL ? w->fired_ms : SERIES_NEVER;
		kept[2 * i + 1] = w != NULL ? w->window_ms : SERIES_NEVER;
		if (g->table.v[i]->interval == interval)
			place_remove(g, rule, i);
	}
	if (book_update(&g->book, rule, r) < 0)
		rc = no_memory(e);
	for (i = 0; i < g->table.n && rc == 0; i++)
		if (g->table.v[i]->interval == interval)
			rc = place_rule(
			    g, rule, r, i, kept[2 * i], kept[2 * i + 1], e);
	free(kept);
	return rc;
}

/* When a rule fired last on a symbol. */
struct told {
	char symbol[SYMBOL_TEXT_MAX];
	unsigned char state[ENGINE_RULE_STATE_BYTES];
};

/* Add what the rule's watch on the series knows to the n of v. */
static size_t
told_on(
    struct engine *g, uint32_t rule, uint32_t series, struct told *v, size_t n)
{
	const struct watch *w = place_watch(g, rule, series);

	if (w == NULL || w->fired_ms == SERIES_NEVER)
		return n;
	memcpy(v[n].symbol, g->table.v[series]->symbol, sizeof(v[n].symbol));
	engine_rule_state(w->fired_ms, w->window_ms, v[n].state);
	return n + 1;
}

/* It goes to other series: another symbol or interval. Where it keeps its
 * symbol its alerts count on, as they do for one who reads the state of rules
 * from the store after the change. */
static int
move(struct engine *g, uint32_t rule, const struct rule *r, struct err *e)
{
	const struct book_rule *b = &g->book.v[rule];
	struct told *v = malloc((g->table.n + 1) * sizeof(*v));
	size_t n = 0, i;
	int rc = 0;

	if (v == NULL)
		return no_memory(e);
	if (!b->any_symbol && b->series != BOOK_NONE)
		n = told_on(g, rule, b->series, v, n);
	for (i = 0; b->any_symbol && i < g->table.n; i++)
		if (g->table.v[i]->interval == b->interval)
			n = told_on(g, rule, (uint32_t)i, v, n);
	gather(g, rule);
	if (book_update(&g->book, rule, r) < 0)
		rc = no_memory(e);
	if (rc == 0)
		rc = spread(g, rule, r, e);
	for (i = 0; i < n && rc == 0; i++)
		(void)engine_rule_restore(
		    g, &r->id, v[i].symbol, v[i].state, sizeof(v[i].state));
	free(v);
	return rc;
}

/* Its name, cooldown or URLs changed, or nothing. Levels in cooldown that
 * sleep until its old end are asked again. */
static int
update_in_place(
    struct engine *g, uint32_t rule, const struct rule *r, struct err *e)
{
	const struct book_rule *b = &g->book.v[rule];

	if (b->cooldown_seconds == r->cooldown_seconds &&
	    b->enabled_ms == r->enabled_ms)
		return book_update(&g->book, rule, r) < 0 ? no_memory(e) : 0;
	return b->any_symbol ? place_any_again(g, rule, r, e)
			     : place_again(g, rule, b->series, r, e);
}

int
engine_rule_add(struct engine *g, const struct rule *r, struct err *e)
{
	uint32_t i = book_add(&g->book, r);

	return i == BOOK_NONE ? no_memory(e) : spread(g, i, r, e);
}

void
engine_rules_added(struct engine *g)
{
	book_index(&g->book);
}

int
engine_rule_put(struct engine *g, const struct rule *r, struct err *e)
{
	uint32_t i = book_find(&g->book, &r->id);
	const struct book_rule *b;
	bool placed;

	if (i == BOOK_NONE)
		return engine_rule_add(g, r, e);
	b = &g->book.v[i];
	/* There was no place for it when there were too many series. */
	placed = b->any_symbol || b->series != BOOK_NONE;
	if (placed && book_rule_same_watch(b, r))
		return update_in_place(g, i, r, e);
	if (placed && b->interval == r->interval &&
	    strcmp(book_rule_symbol(b), r->symbol) == 0)
		return b->any_symbol ? place_any_again(g, i, r, e)
				     : place_again(g, i, b->series, r, e);
	return move(g, i, r, e);
}

int
engine_rule_delete(struct engine *g, const struct uuid *id)
{
	uint32_t i = book_find(&g->book, id);

	if (i == BOOK_NONE)
		return 0;
	gather(g, i);
	book_remove(&g->book, i);
	return 1;
}

uint32_t
engine_rule_count(const struct engine *g)
{
	return g->book.count;
}

int
engine_rule_each(const struct engine *g,
    int (*fn)(void *arg, uint32_t number, const struct rule *r), void *arg)
{
	struct rule r;
	uint32_t i;
	int rc = 0;

	for (i = 0; i < g->book.n && rc == 0; i++) {
		if (!g->book.v[i].used)
			continue;
		book_rule_get(&g->book.v[i], &r);
		rc = fn(arg, i, &r);
	}
	return rc;
}

/* ---- history ---------------------------------------------------------------- */

/* Remember a bar as the newest closed one. */
static void
advance(struct series *s, const struct candle *c)
{
	int64_t steps = SEEN_BITS;

	if (s->has_last)
		steps = c->open_ms == s->last.close_ms + 1
			    ? 1
			    : (c->open_ms - s->last.open_ms) /
				  interval_step(s->interval);
	s->seen = steps < SEEN_BITS ? s->seen << steps : 0;
	s->seen |= 1;
	s->last = *c;
	s->before = s->close;
	s->has_last = true;
}

int
engine_history(struct engine *g, const struct candle *c, struct err *e)
{
	struct series *s = g->warming;
	struct indicator_bar bar;
	uint32_t i;

	if (s->nstudies > 0)
		indicator_bar(&g->warming_scale, c, &bar);
	for (i = 0; i < s->nstudies; i++) {
		struct study *d = &s->studies[i];

		if (!d->cold || d->users == 0)
			continue;
		indicator_step(&d->spec, d->state, &bar, d->now);
		memcpy(d->before, d->now, sizeof(d->before));
	}
	for (i = 0; i < s->nextents; i++)
		if (s->extents[i].cold && s->extents[i].users > 0 &&
		    range_add(&s->extents[i].range, c) < 0)
			return no_memory(e);
	if (!s->has_last || c->open_ms > s->last.open_ms) {
		advance(s, c);
		s->known_ms = c->open_ms;
		s->price = c->close;
		s->has_price = true;
	}
	return 0;
}

/* Closed bars that the cold parts of the series need. */
static int64_t
bars_needed(const struct series *s)
{
	int64_t n = s->has_last ? 0 : SEEN_BITS, need;
	uint32_t i;

	for (i = 0; i < s->nstudies; i++)
		if (s->studies[i].cold && s->studies[i].users > 0)
			return INT64_MAX;
	for (i = 0; i < s->nextents; i++) {
		if (!s->extents[i].cold || s->extents[i].users == 0)
			continue;
		need =
		    s->extents[i].range.window_ms / interval_step(s->interval) +
		    2;
		n = need > n ? need : n;
	}
	return n;
}

static int
warm(struct engine *g, struct series *s, struct err *e)
{
	int64_t n = bars_needed(s);
	bool first = true;
	uint32_t i;
	int rc = 0;

	g->warming = s;
	g->warming_scale = (struct indicator_scale){.scale = 0};
	if (n > 0 && g->calls.history != NULL)
		rc = g->calls.history(
		    g->calls.arg, g, s->symbol, s->interval, n, e);
	for (i = 0; i < s->nstudies; i++) {
		first &= s->studies[i].cold || s->studies[i].users == 0;
		s->studies[i].cold = false;
	}
	for (i = 0; i < s->nextents; i++) {
		s->extents[i].cold = false;
		s->extents[i].until_ms = INT64_MIN;
	}
	s->calm.is = false;
	if (first && n == INT64_MAX)
		s->scale = g->warming_scale;
	s->cold = false;
	g->warming = NULL;
	return rc;
}

int
engine_warm(struct engine *g, struct err *e)
{
	uint32_t i;

	if (!g->cold)
		return 0;
	for (i = 0; i < g->table.n; i++)
		if (g->table.v[i]->cold && warm(g, g->table.v[i], e) < 0)
			return -1;
	g->cold = false;
	return 0;
}

bool
engine_is_past(struct engine *g, const struct candle *c)
{
	uint32_t i = series_of(&g->table, c);
	const struct series *s = i != SERIES_NONE ? g->table.v[i] : NULL;

	return s == NULL || !s->has_last || c->open_ms < s->last.open_ms;
}

void
engine_history_grew(struct engine *g, const char *symbol, interval_id interval)
{
	uint32_t i = series_find(&g->table, symbol, strlen(symbol), interval);

	if (i == SERIES_NONE)
		return;
	series_begin_anew(g->table.v[i]);
	g->cold |= g->table.v[i]->cold;
}

/* ---- records ---------------------------------------------------------------- */

static void
step_studies(struct series *s, const struct candle *c)
{
	struct indicator_bar bar;
	uint32_t i;

	if (s->nstudies == 0)
		return;
	indicator_bar(&s->scale, c, &bar);
	s->close = (struct price_x){c->close, bar.price};
	for (i = 0; i < s->nstudies; i++)
		if (s->studies[i].users > 0)
			indicator_step(&s->studies[i].spec, s->studies[i].state,
			    &bar, s->studies[i].now);
}

/* Values as if the forming bar closed now. While the bar before waits for
 * its final values there are none: it would be missing in them. */
static int
peek_studies(struct series *s, const struct candle *c)
{
	bool waits = s->waiting.open_ms != SERIES_NEVER, made = false;
	struct indicator_scale scale;
	struct indicator_bar bar;
	uint32_t i;
	int k;

	for (i = 0; i < s->nstudies; i++) {
		struct study *d = &s->studies[i];

		if (d->tick_users == 0)
			continue;
		if (waits) {
			for (k = 0; k < INDICATOR_LINES_MAX; k++)
				d->now[k] = __builtin_nan("");
			continue;
		}
		if (!made) {
			/* What is closed alone decides on the scale. */
			scale = s->scale;
			indicator_bar(&scale, c, &bar);
		}
		made = true;
		if (indicator_peek(&d->spec, d->state, &bar, d->now) < 0)
			return -1;
	}
	return 0;
}

/* After a closed bar: what was now is before. */
static int
keep_closed(struct series *s, const struct candle *c)
{
	uint32_t i;

	for (i = 0; i < s->nstudies; i++)
		memcpy(s->studies[i].before, s->studies[i].now,
		    sizeof(s->studies[i].before));
	for (i = 0; i < s->nextents; i++) {
		s->extents[i].until_ms = INT64_MIN;
		if (s->extents[i].users > 0 &&
		    range_add(&s->extents[i].range, c) < 0)
			return -1;
	}
	return 0;
}

static enum engine_fed
differs(struct engine *g, struct series *s, struct err *e)
{
	char t[CLOCK_TEXT_MAX];

	g->counts.differing++;
	if (s->differed)
		return ENGINE_IGNORED;
	s->differed = true;
	clock_print(s->last.open_ms, t);
	(void)err_set(e,
	    "%s %s: the closed bar %s came again with other values: the "
	    "first ones count (said once a series)",
	    s->symbol, interval_name(s->interval), t);
	return ENGINE_DIFFERS;
}

/* A bar not after the newest closed one: have we had it? */
static enum engine_fed
repeated(
    struct engine *g, struct series *s, const struct candle *c, struct err *e)
{
	int64_t back =
	    (s->last.open_ms - c->open_ms) / interval_step(s->interval);
	char t[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	if (back == 0 && !candle_same_values(&s->last, c))
		return differs(g, s, e);
	if (c->open_ms <= s->known_ms ||
	    (back < SEEN_BITS && (s->seen >> back & 1) != 0)) {
		g->counts.duplicates++;
		return ENGINE_IGNORED;
	}
	g->counts.out_of_order++;
	clock_print(c->open_ms, t);
	clock_print(s->last.open_ms, last);
	(void)err_set(e, "%s %s: bar %s is out of order, after %s", s->symbol,
	    interval_name(s->interval), t, last);
	return ENGINE_REFUSED;
}

static bool
is_late(const struct series *s, const struct candle *c)
{
	return s->has_last && c->open_ms <= s->last.open_ms;
}

/* Whether prices of the bar were missed: its high and low then count. */
static bool
was_unwatched(const struct series *s, const struct candle *c)
{
	const struct forming *f = s->forming.open_ms == c->open_ms ? &s->forming
				  : s->waiting.open_ms == c->open_ms
				      ? &s->waiting
				      : NULL;

	return f == NULL || f->hole || (f->recv_ms >= 0 && c->recv_ms < 0);
}

static const struct forming nothing = {SERIES_NEVER, -1, false};

/* A closed bar, in order. 0 or -1. */
static int
take_closed(
    struct engine *g, struct series *s, const struct candle *c, struct err *e)
{
	bool unwatched = was_unwatched(s, c);
	bool aside = s->forming.open_ms > c->open_ms;
	bool calm = !aside && calm_holds(&s->calm, c, event_time(c), unwatched);

	g->counts.closed++;
	if (engine_touch(g, s) < 0)
		return no_memory(e);
	if (g->calls.closed != NULL && g->calls.closed(g->calls.arg, c, e) < 0)
		return -1;
	step_studies(s, c);
	s->calm.is = calm;
	if (!calm && (!aside || unwatched) &&
	    judge_pass(g, s, c, RULE_ON_TICK, unwatched, aside, e) < 0)
		return -1;
	if (judge_pass(g, s, c, RULE_ON_CLOSE, false, false, e) < 0)
		return -1;
	if (keep_closed(s, c) < 0)
		return no_memory(e);
	advance(s, c);
	if (!aside) {
		s->price = c->close;
		s->has_price = true;
		s->forming = nothing;
	}
	if (s->waiting.open_ms <= c->open_ms)
		s->waiting = nothing;
	return 0;
}

/* An update older than the last of its bar, or that one again. */
static bool
had_update(const struct series *s, const struct candle *c)
{
	if (c->recv_ms != s->forming.recv_ms)
		return c->recv_ms < s->forming.recv_ms;
	return c->recv_ms >= 0 && decimal_cmp(c->close, s->price) == 0;
}

static enum engine_fed
take_forming(
    struct engine *g, struct series *s, const struct candle *c, struct err *e)
{
	struct forming *f = &s->forming;

	if (is_late(s, c) || c->open_ms < f->open_ms ||
	    (c->open_ms == f->open_ms && had_update(s, c))) {
		g->counts.stale++;
		return ENGINE_IGNORED;
	}
	g->counts.forming++;
	if (engine_touch(g, s) < 0)
		return (enum engine_fed)no_memory(e);
	if (c->open_ms > f->open_ms) {
		if (f->open_ms != SERIES_NEVER)
			s->waiting = *f;
		*f = nothing;
	}
	f->open_ms = c->open_ms;
	f->recv_ms = c->recv_ms;
	if (calm_holds(&s->calm, c, event_time(c), false)) {
		s->price = c->close;
		return ENGINE_TAKEN;
	}
	if (peek_studies(s, c) < 0)
		return (enum engine_fed)no_memory(e);
	if (judge_pass(g, s, c, RULE_ON_TICK, false, false, e) < 0)
		return ENGINE_FAILED;
	s->price = c->close;
	s->has_price = true;
	return ENGINE_TAKEN;
}

/* What was held turns out to be an update, or the last word on its bar. */
static int
release_held(struct engine *g, struct series *s, bool closed, struct err *e)
{
	struct candle c = s->held;

	s->has_held = false;
	c.state = closed ? CANDLE_CLOSED : CANDLE_FORMING;
	if (is_late(s, &c))
		return 0;
	if (closed)
		return take_closed(g, s, &c, e);
	return take_forming(g, s, &c, e) == ENGINE_FAILED ? -1 : 0;
}

/* An update (no x) of a bar before the one that is held. */
static enum engine_fed
refuse_held(struct engine *g, const struct series *s, const struct candle *c,
    struct err *e)
{
	char t[CLOCK_TEXT_MAX], held[CLOCK_TEXT_MAX];

	g->counts.out_of_order++;
	clock_print(c->open_ms, t);
	clock_print(s->held.open_ms, held);
	(void)err_set(e, "%s %s: bar %s is out of order, after %s", s->symbol,
	    interval_name(s->interval), t, held);
	return ENGINE_REFUSED;
}

enum engine_fed
engine_feed(struct engine *g, const struct candle *c, struct err *e)
{
	uint32_t i = series_of(&g->table, c);
	struct series *s;

	if (i == SERIES_NONE)
		i = engine_series(g, c->symbol, c->symbol_len, c->interval, e);
	if (i == SERIES_NONE) {
		g->counts.refused_series++;
		return ENGINE_REFUSED;
	}
	s = g->table.v[i];
	/* This one only: there may be many, each cold at its first record. */
	if (s->cold && warm(g, s, e) < 0)
		return ENGINE_FAILED;
	if (s->has_held && c->state == CANDLE_UNSAID &&
	    c->open_ms == s->held.open_ms && c->recv_ms == s->held.recv_ms &&
	    candle_same_values(c, &s->held)) {
		g->counts.duplicates++;
		return ENGINE_IGNORED;
	}
	if (s->has_held && c->open_ms >= s->held.open_ms &&
	    release_held(g, s, c->open_ms > s->held.open_ms, e) < 0)
		return ENGINE_FAILED;
	if (c->state == CANDLE_FORMING)
		return take_forming(g, s, c, e);
	if (is_late(s, c))
		return repeated(g, s, c, e);
	if (c->state == CANDLE_CLOSED)
		return take_closed(g, s, c, e) < 0 ? ENGINE_FAILED
						   : ENGINE_TAKEN;
	if (s->has_held)
		return refuse_held(g, s, c, e);
	s->held = *c;
	s->has_held = true;
	return engine_touch(g, s) < 0 ? (enum engine_fed)no_memory(e)
				      : ENGINE_TAKEN;
}

int
engine_hole(
    struct engine *g, const char *symbol, interval_id interval, struct err *e)
{
	uint32_t i = series_find(&g->table, symbol, strlen(symbol), interval);

	if (i == SERIES_NONE)
		return 0;
	g->table.v[i]->forming.hole = true;
	return engine_touch(g, g->table.v[i]) < 0 ? no_memory(e) : 0;
}

int
engine_event(struct engine *g, const struct json *j, struct err *e)
{
	const char *event = json_string(json_get(j, "event"));
	const char *symbol = json_string(json_get(j, "s"));
	const char *name = json_string(json_get(j, "i"));
	int interval;

	if (event == NULL || symbol == NULL || name == NULL)
		return 0;
	interval = interval_find(name, strlen(name));
	if (interval < 0 || !symbol_valid(symbol, strlen(symbol)))
		return 0;
	if (strcmp(event, "gap") != 0 && strcmp(event, "stale") != 0)
		return 0;
	return engine_hole(g, symbol, (interval_id)interval, e) < 0 ? -1 : 1;
}

int
engine_end(struct engine *g, struct err *e)
{
	uint32_t i;

	for (i = 0; i < g->table.n; i++)
		if (g->table.v[i]->has_held &&
		    release_held(g, g->table.v[i], true, e) < 0)
			return -1;
	return 0;
}
