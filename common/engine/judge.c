/*
 * judge: which rules may fire on this record, ask them, and tell.
 *
 * Levels ("price >= L") and edges ("crosses L") of one source stand on four
 * ladders. A record moves the value; the rungs it passes name the rules to
 * ask. rule_judge() has the last word: a ladder only has to name every rule
 * that fires, it may name more.
 *
 * A level that is true stays true: once dealt with it sleeps until its next
 * window or the end of its cooldown, and is not found by the ladder again
 * meanwhile. So these hold between two records:
 *  - up, down: every rung on whose true side the value is, is asleep;
 *  - asleep levels are in exactly one of window, due, again;
 *  - edges never sleep.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/engine/state.h"

static int
no_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

/* ---- operands -------------------------------------------------------------- */

/* The extent with its answer for now. */
static const struct extent *
extent_get(struct extent *x, int64_t now_ms)
{
	if (now_ms >= x->from_ms && now_ms <= x->until_ms)
		return x;
	x->from_ms = now_ms;
	x->has = range_get(&x->range, now_ms, &x->low, &x->high, &x->until_ms);
	x->low_x = x->has ? decimal_to_double(x->low) : INFINITY;
	x->high_x = x->has ? decimal_to_double(x->high) : -INFINITY;
	return x;
}

/* Complete the operands for the rules of one source. */
static void
operands(struct pass *p, const struct source *src)
{
	struct rule_operands *o = &p->o;
	unsigned i;

	for (i = 0; i < 2; i++) {
		bool has = i < src->studies;
		const struct study *d =
		    has ? &p->s->studies[src->study[i]] : NULL;

		o->now[i] = has ? d->now : NULL;
		o->before[i] = has ? d->before : NULL;
	}
	o->has_window = false;
	if (src->extent != SERIES_NONE) {
		const struct extent *x =
		    extent_get(&p->s->extents[src->extent], p->event_ms);

		o->has_window = x->has;
		o->window_low = x->low;
		o->window_high = x->high;
	}
}

/* ---- asking one rule ------------------------------------------------------- */

/* It is before an alert of the series. So the clock of who received the records
 * was ahead and is right again. */
static bool
time_went_back(const struct pass *p)
{
	return p->event_ms < p->s->fired_ms;
}

/* After time went back it is counted from bar to bar, or the rule would be
 * silent for as long as the clock was wrong. Not aside: nobody is woken there,
 * and an alert must not end a cooldown that levels sleep in. */
static bool
in_cooldown(
    const struct pass *p, const struct watch *w, const struct book_rule *b)
{
	int64_t passed_ms;

	if (b->cooldown_seconds == 0 || w->fired_ms == SERIES_NEVER)
		return false;
	passed_ms = p->event_ms - w->fired_ms;
	if (passed_ms < 0 && !p->aside)
		passed_ms = p->o.bar->open_ms - w->window_ms;
	return passed_ms < (int64_t)b->cooldown_seconds * 1000;
}

static bool
is_old_news(const struct pass *p, const struct book_rule *b)
{
	return p->g->options.old_news &&
	       p->o.bar->close_ms + 1 <= b->enabled_ms;
}

/* High and low of a bar in which the rule was made may be older than it. */
static bool
counts_unwatched(const struct pass *p, const struct book_rule *b)
{
	return p->o.unwatched &&
	       !(p->g->options.old_news && p->o.bar->open_ms < b->enabled_ms);
}

static int
fire(struct pass *p, struct watch *w, uint32_t source, bool unwatched)
{
	struct engine *g = p->g;
	struct fire *v;
	size_t cap;

	if (g->nfires == g->fire_cap) {
		cap = g->fire_cap < 16 ? 16 : 2 * g->fire_cap;
		v = realloc(g->fires, cap * sizeof(*v));
		if (v == NULL)
			return -1;
		g->fires = v;
		g->fire_cap = cap;
	}
	g->fires[g->nfires++] = (struct fire){w->rule, source, unwatched};
	w->fired_ms = p->event_ms;
	w->window_ms = p->o.bar->open_ms;
	if (p->event_ms > p->s->fired_ms)
		p->s->fired_ms = p->event_ms;
	return 0;
}

/* What is in the rule's way, condition aside; ENGINE_FIRED for nothing. */
static enum engine_outcome
gate(const struct pass *p, const struct watch *w, const struct book_rule *b)
{
	if (p->o.bar->open_ms <= w->window_ms)
		return ENGINE_SAME_WINDOW;
	if (in_cooldown(p, w, b))
		return ENGINE_IN_COOLDOWN;
	if (is_old_news(p, b))
		return ENGINE_OLD_NEWS;
	return ENGINE_FIRED;
}

/* -1 when memory is short, else an enum engine_outcome. */
static int
ask(struct pass *p, struct watch *w, uint32_t source)
{
	const struct book_rule *b = &p->g->book.v[w->rule];
	enum engine_outcome outcome = gate(p, w, b);
	bool unwatched = p->o.unwatched, counts;
	const char *why;
	struct rule r;
	bool yes;

	if (outcome != ENGINE_FIRED)
		return (int)outcome;
	counts = counts_unwatched(p, b);
	book_rule_get(b, &r);
	p->o.unwatched = counts;
	yes = rule_judge(&r, &p->o, &why);
	p->o.unwatched = unwatched;
	if (!yes)
		return ENGINE_NOT_TRUE;
	return fire(p, w, source, counts) < 0 ? -1 : ENGINE_FIRED;
}

/* ---- levels ---------------------------------------------------------------- */

/* The watch of a level that left its list for good, if its rule went. */
static void
wake_up(struct series *s, uint32_t ref)
{
	struct watch *w = &s->watches[ref / 2];

	w->asleep[ref % 2] = false;
	if (w->rule == SERIES_NONE && !w->asleep[0] && !w->asleep[1])
		series_watch_free(s, ref / 2);
}

/* Ask about a level whose side the value is on, and put it to sleep. */
static int
ask_level(struct pass *p, uint32_t source, struct sleeper *x)
{
	struct series *s = p->s;
	struct source *src = &s->sources[source];
	struct watch *w = &s->watches[x->ref / 2];
	const struct book_rule *b = &p->g->book.v[w->rule];
	int outcome = ask(p, w, source);

	if (outcome < 0)
		return -1;
	if (p->aside)
		return 0;
	w->asleep[x->ref % 2] = true;
	switch (outcome) {
	case ENGINE_FIRED:
	case ENGINE_SAME_WINDOW:
		return sleepers_add(&src->window, x);
	case ENGINE_IN_COOLDOWN:
		x->wake_ms = p->event_ms;
		if (p->event_ms >= w->fired_ms)
			x->wake_ms =
			    w->fired_ms + (int64_t)b->cooldown_seconds * 1000;
		break;
	case ENGINE_OLD_NEWS:
		x->wake_ms = b->enabled_ms + 1;
		break;
	default:
		x->wake_ms = p->event_ms;
	}
	if (x->wake_ms <= p->event_ms)
		return sleepers_add(&src->again, x);
	return sleepers_push(&src->due, x);
}

/* A sleeper's time has come: ask if the value is still on its side (it
 * reaches down to low and up to high), else let it lie idle. */
static int
wake(struct pass *p, uint32_t source, struct sleeper *x, ladder_key low,
    ladder_key high)
{
	bool there = p->s->watches[x->ref / 2].rule != SERIES_NONE;

	if (there && (x->down ? low <= x->key : high > x->key))
		return ask_level(p, source, x);
	wake_up(p->s, x->ref);
	return 0;
}

/* Wake the whole list; those that stay asleep go to lists again. */
static int
wake_list(struct pass *p, uint32_t source, struct sleepers *list,
    ladder_key low, ladder_key high)
{
	struct sleepers all = *list;
	uint32_t i;
	int rc = 0;

	*list = (struct sleepers){.v = NULL};
	for (i = 0; i < all.n && rc == 0; i++)
		rc = wake(p, source, &all.v[i], low, high);
	sleepers_release(&all);
	return rc;
}

static int
wake_all(struct pass *p, uint32_t source, ladder_key low, ladder_key high)
{
	struct source *src = &p->s->sources[source];
	struct sleeper x;
	int rc = 0;

	if (src->again.n > 0)
		rc = wake_list(p, source, &src->again, low, high);
	if (src->window.n > 0 && p->o.bar->open_ms > src->window_ms && rc == 0)
		rc = wake_list(p, source, &src->window, low, high);
	if (src->due.n > 0 && time_went_back(p) && rc == 0)
		rc = wake_list(p, source, &src->due, low, high);
	while (
	    rc == 0 && src->due.n > 0 && src->due.v[0].wake_ms <= p->event_ms) {
		x = sleepers_pop(&src->due);
		rc = wake(p, source, &x, low, high);
	}
	return rc;
}

/* Ask about the idle levels of rungs [from, to). */
static int
ask_levels(struct pass *p, uint32_t source, struct ladder *l, bool down,
    ladder_key from, ladder_key to)
{
	uint32_t first, n, i, ref;
	struct sleeper x;

	if (l->n == 0)
		return 0;
	n = ladder_range(l, from, to, &first);
	for (i = first; i < first + n; i++) {
		ref = l->ref[i];
		if (ref == LADDER_GONE ||
		    (!p->aside && p->s->watches[ref / 2].asleep[ref % 2]))
			continue;
		x = (struct sleeper){
		    .key = l->key[i], .ref = ref, .down = down};
		if (ask_level(p, source, &x) < 0)
			return -1;
	}
	return 0;
}

static int
ask_edges(struct pass *p, uint32_t source, struct ladder *l, ladder_key from,
    ladder_key to)
{
	uint32_t first, n, i, ref;

	if (l->n == 0)
		return 0;
	n = ladder_range(l, from, to, &first);
	for (i = first; i < first + n; i++) {
		ref = l->ref[i];
		if (ref != LADDER_GONE &&
		    ask(p, &p->s->watches[ref / 2], source) < 0)
			return -1;
	}
	return 0;
}

/* ---- sources ---------------------------------------------------------------- */

/* Where a source's value is and has been. */
struct reach {
	ladder_key now;
	ladder_key low, high; /* as far as it went on this record */
	bool has_previous;
	ladder_key previous;
};

/* The double of a price that seldom changes. */
static double
price_x(struct price_x *p, struct decimal d)
{
	if (p->d.mant != d.mant || p->d.scale != d.scale) {
		p->d = d;
		p->x = decimal_to_double(d);
	}
	return p->x;
}

static inline double
least(double a, double b)
{
	return a < b ? a : b;
}

static inline double
most(double a, double b)
{
	return a > b ? a : b;
}

/* The move as a share, from the lowest to the close, or of a bar that nobody
 * watched from the open or the window to the high. */
static double
rise(const struct pass *p, const struct extent *w)
{
	const struct candle *c = p->o.bar;
	double from = least(price_x(&p->s->low, c->low), w->low_x);
	double x = (p->close - from) / from;

	if (!p->o.unwatched)
		return x;
	from = least(decimal_to_double(c->open), w->low_x);
	return most(x, (price_x(&p->s->high, c->high) - from) / from);
}

static double
fall(const struct pass *p, const struct extent *w)
{
	const struct candle *c = p->o.bar;
	double from = most(price_x(&p->s->high, c->high), w->high_x);
	double x = (from - p->close) / from;

	if (!p->o.unwatched)
		return x;
	from = most(decimal_to_double(c->open), w->high_x);
	return most(x, (from - price_x(&p->s->low, c->low)) / from);
}

/*
 * The largest move in percent, a little too large rather than too small:
 * rule_judge() compares exactly. Doubles are off by a few 1e-14 of a percent
 * of the price.
 */
static double
move(const struct pass *p, const struct source *src)
{
	const struct extent *w =
	    extent_get(&p->s->extents[src->extent], p->event_ms);
	double x =
	    100 * (src->kind == RULE_INPUT_MOVE_UP ? rise(p, w) : fall(p, w));

	return x + 1e-12 * (1 + fabs(x));
}

/* A number without extremes. */
static void
reach_double(struct reach *r, double now, double previous)
{
	r->now = r->low = r->high = ladder_key_double(now);
	r->has_previous = !isnan(previous);
	r->previous = r->has_previous ? ladder_key_double(previous) : 0;
}

/* False when the source has no value. */
static bool
reach_get(struct pass *p, const struct source *src, struct reach *r)
{
	const struct study *d =
	    src->studies > 0 ? &p->s->studies[src->study[0]] : NULL;

	switch (src->kind) {
	case RULE_INPUT_PRICE:
		r->now = p->close_key;
		r->low = p->low_key;
		r->high = p->high_key;
		r->has_previous = p->o.has_previous;
		r->previous = p->previous_key;
		return true;
	case RULE_INPUT_MOVE_UP:
	case RULE_INPUT_MOVE_DOWN:
		reach_double(r, move(p, src), NAN);
		return true;
	case RULE_INPUT_LINE:
		if (isnan(d->now[src->line]))
			return false;
		reach_double(r, d->now[src->line], d->before[src->line]);
		return true;
	case RULE_INPUT_CLOSE_LESS_LINE:
		if (isnan(d->now[src->line]))
			return false;
		reach_double(r, p->close - d->now[src->line],
		    p->o.has_previous_close
			? p->previous_close - d->before[src->line]
			: NAN);
		return true;
	}
	return false;
}

static ladder_key
below(const struct ladder *l)
{
	return l->at > 0 ? l->key[l->at - 1] : LADDER_LOWEST;
}

static ladder_key
above(const struct ladder *l)
{
	return l->at < l->n ? l->key[l->at] : LADDER_HIGHEST;
}

/* Remember between which rungs the value can move unseen. */
static void
set_quiet(struct source *src)
{
	const struct ladder *l[4] = {
	    &src->up, &src->down, &src->edge_up, &src->edge_down};
	int i;

	src->quiet_from = LADDER_LOWEST;
	src->quiet_to = LADDER_HIGHEST;
	for (i = 0; i < 4; i++) {
		if (below(l[i]) > src->quiet_from)
			src->quiet_from = below(l[i]);
		if (above(l[i]) < src->quiet_to)
			src->quiet_to = above(l[i]);
	}
	src->still_from = src->quiet_from > LADDER_LOWEST
			      ? ladder_double(src->quiet_from + 2)
			      : -INFINITY;
	src->still_to = src->quiet_to < LADDER_HIGHEST
			    ? ladder_double(src->quiet_to - 2)
			    : INFINITY;
}

static void
place(struct source *src, ladder_key now)
{
	ladder_place(&src->up, now);
	ladder_place(&src->down, now);
	ladder_place(&src->edge_up, now);
	ladder_place(&src->edge_down, now);
	set_quiet(src);
}

/* Edges lie between the least and the greatest of all that the value was;
 * one key more on each side, for rules that fire on reaching a level. */
static int
pass_edges(struct pass *p, uint32_t source, const struct reach *r)
{
	struct source *src = &p->s->sources[source];
	ladder_key from = r->low, to = r->high;

	if (r->has_previous && r->previous < from)
		from = r->previous;
	if (r->has_previous && r->previous > to)
		to = r->previous;
	if (ask_edges(p, source, &src->edge_up, from - 1, to + 1) < 0)
		return -1;
	return ask_edges(p, source, &src->edge_down, from - 1, to + 1);
}

static int
pass_loud(struct pass *p, uint32_t source, const struct reach *r)
{
	struct source *src = &p->s->sources[source];
	ladder_key up_from = p->aside ? LADDER_LOWEST : src->up.value;
	ladder_key down_to = p->aside ? LADDER_HIGHEST : src->down.value;

	if (ladder_sort(&src->up) < 0 || ladder_sort(&src->down) < 0 ||
	    ladder_sort(&src->edge_up) < 0 || ladder_sort(&src->edge_down) < 0)
		return -1;
	operands(p, src);
	if (!p->aside && wake_all(p, source, r->low, r->high) < 0)
		return -1;
	if (ask_levels(p, source, &src->up, false, up_from, r->high) < 0 ||
	    ask_levels(p, source, &src->down, true, r->low, down_to) < 0 ||
	    pass_edges(p, source, r) < 0)
		return -1;
	if (p->aside)
		return 0;
	src->window_ms = p->o.bar->open_ms;
	place(src, r->now);
	return 0;
}

/* True when no level wakes. */
static inline bool
all_sleep(const struct pass *p, const struct source *src)
{
	return src->again.n == 0 &&
	       (src->window.n == 0 || p->o.bar->open_ms <= src->window_ms) &&
	       (src->due.n == 0 ||
		   (src->due.v[0].wake_ms > p->event_ms && !time_went_back(p)));
}

/* True when nothing can happen: no rung is near, nobody wakes. */
static bool
is_quiet(const struct pass *p, const struct source *src, const struct reach *r)
{
	ladder_key q = src->quiet_from, t = src->quiet_to;

	return r->low - 1 > q && r->high + 1 < t &&
	       (!r->has_previous || (r->previous > q && r->previous < t)) &&
	       all_sleep(p, src);
}

/* The same, found without keys, of a number without extremes that is there
 * now and was before (NaN is not within anything). False: look closely. */
static inline bool
is_still(const struct pass *p, const struct source *src)
{
	const struct study *d;
	double now, before;

	if (src->kind != RULE_INPUT_LINE &&
	    src->kind != RULE_INPUT_CLOSE_LESS_LINE)
		return false;
	d = &p->s->studies[src->study[0]];
	now = d->now[src->line];
	before = d->before[src->line];
	if (src->kind == RULE_INPUT_CLOSE_LESS_LINE) {
		now = p->close - now;
		before = p->previous_close - before;
	}
	return now >= src->still_from && now <= src->still_to &&
	       before >= src->still_from && before <= src->still_to &&
	       all_sleep(p, src);
}

/* ---- telling ---------------------------------------------------------------- */

static int
tell(struct pass *p, const struct fire *f, struct err *e)
{
	struct engine *g = p->g;
	const struct book_rule *b = &g->book.v[f->rule];
	const struct candle *c = p->o.bar;
	struct engine_alert_to to = {
	    b->has_discord, b->has_generic, book_rule_channels(b)};
	struct alert a;
	struct rule r;

	book_rule_get(b, &r);
	operands(p, &p->s->sources[f->source]);
	p->o.unwatched = f->unwatched;
	buf_reset(&g->message);
	buf_reset(&g->values);
	if (rule_message(&r, &p->o, &g->message) < 0 ||
	    rule_values(&r, &p->o, &g->values) < 0)
		return no_memory(e);
	a = (struct alert){
	    .rule_id = r.id,
	    .rule_name = r.name,
	    .rule_type = rule_type_name(r.type),
	    .symbol = c->symbol,
	    .interval = c->interval,
	    .state = "firing",
	    .severity = "info",
	    .window_start_ms = c->open_ms,
	    .window_end_ms = c->close_ms + 1,
	    .triggered_ms = p->event_ms,
	    .trigger_value = rule_trigger_value(&r, &p->o),
	    .message = g->message.p,
	    .values = g->values.p,
	    .candle = c,
	};
	a.id = alert_id(&r.id, a.symbol, a.interval, a.window_start_ms,
	    a.window_end_ms, a.state);
	g->counts.alerts++;
	return g->calls.alert(g->calls.arg, &a, &to, e);
}

/* By rule id: the order must not depend on the order of ladders or lists. */
static int
fire_cmp(const void *va, const void *vb, void *arg)
{
	const struct fire *a = va, *b = vb;
	const struct book *book = arg;

	return uuid_cmp(&book->v[a->rule].id, &book->v[b->rule].id);
}

static int
tell_all(struct pass *p, struct err *e)
{
	struct engine *g = p->g;
	bool unwatched = p->o.unwatched;
	size_t i;
	int rc = 0;

	if (g->nfires == 0)
		return 0;
	if (g->nfires > 1)
		qsort_r(
		    g->fires, g->nfires, sizeof(*g->fires), fire_cmp, &g->book);
	for (i = 0; i < g->nfires && rc == 0; i++)
		rc = tell(p, &g->fires[i], e);
	g->nfires = 0;
	p->o.unwatched = unwatched;
	return engine_touch(g, p->s) < 0 ? no_memory(e) : rc;
}

/* ---- asking everybody -------------------------------------------------------- */

static int
ask_and_report(struct pass *p, struct watch *w, struct err *e)
{
	const struct book_rule *b = &p->g->book.v[w->rule];
	enum engine_outcome outcome = gate(p, w, b);
	bool unwatched = p->o.unwatched, counts = counts_unwatched(p, b);
	struct engine_judged j = {
	    .number = w->rule, .operands = &p->o, .event_ms = p->event_ms};
	struct rule r;
	int rc;

	book_rule_get(b, &r);
	operands(p, &p->s->sources[w->source]);
	p->o.unwatched = counts;
	if (!rule_judge(&r, &p->o, &j.why))
		outcome = ENGINE_NOT_TRUE;
	else if (outcome == ENGINE_FIRED && fire(p, w, w->source, counts) < 0)
		return no_memory(e);
	j.rule = &r;
	j.outcome = outcome;
	rc = p->g->calls.judged(p->g->calls.arg, &j, e);
	p->o.unwatched = unwatched;
	return rc;
}

static int
pass_everybody(struct pass *p, struct err *e)
{
	struct series *s = p->s;
	uint32_t i;

	for (i = 0; i < s->nwatches; i++) {
		struct watch *w = &s->watches[i];

		if (w->rule == SERIES_NONE || w->levels == 0 ||
		    s->sources[w->source].on != p->on)
			continue;
		if (ask_and_report(p, w, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the pass ---------------------------------------------------------------- */

/* Everything of p but what operands() completes. */
static void
prepare(struct pass *p, const struct candle *c, bool unwatched)
{
	const struct series *s = p->s;
	bool tick = p->on == RULE_ON_TICK && !p->aside;

	p->event_ms = event_time(c);
	p->o.bar = c;
	p->o.closed = c->state == CANDLE_CLOSED;
	p->o.unwatched = unwatched && p->on == RULE_ON_TICK;
	p->o.has_previous_close = s->has_last;
	p->o.previous_close = s->last.close;
	/* Aside, the price seen last belongs to the bar after. */
	p->o.has_previous = tick ? s->has_price : s->has_last;
	p->o.previous = tick ? s->price : s->last.close;
	p->close_key = p->low_key = p->high_key = decimal_widen(c->close);
	if (p->o.unwatched) {
		p->low_key = decimal_widen(c->low);
		p->high_key = decimal_widen(c->high);
	}
	p->previous_key = decimal_widen(p->o.previous);
	if (s->nstudies + s->nextents > 0) {
		p->close = price_x(&p->s->close, c->close);
		p->previous_close = price_x(&p->s->before, p->o.previous_close);
	}
}

int
judge_pass(struct engine *g, struct series *s, const struct candle *c,
    enum rule_on on, bool unwatched, bool aside, struct err *e)
{
	struct pass p;
	struct reach r;
	uint32_t i;

	if (s->nsources == 0)
		return 0;
	p.g = g;
	p.s = s;
	p.on = on;
	p.aside = aside;
	prepare(&p, c, unwatched);
	if (g->calls.judged != NULL) {
		if (pass_everybody(&p, e) < 0)
			return -1;
		return tell_all(&p, e);
	}
	for (i = 0; i < s->nsources; i++) {
		const struct source *src = &s->sources[i];

		if (src->on != on || (!aside && is_still(&p, src)) ||
		    !reach_get(&p, src, &r))
			continue;
		if ((aside || !is_quiet(&p, src, &r)) &&
		    pass_loud(&p, i, &r) < 0)
			return no_memory(e);
	}
	if (on == RULE_ON_TICK && !aside)
		calm_set(s, c, p.event_ms);
	return tell_all(&p, e);
}
