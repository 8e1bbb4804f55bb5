/*
 * place: a rule's levels onto the ladders of its series, and off again.
 */
#include <stdlib.h>

#include "common/engine/state.h"

/* The levels of a rule, on one series. */
struct levels {
	struct rule_watch v[RULE_WATCHES_MAX];
	uint32_t source[RULE_WATCHES_MAX];
	size_t n;
};

static int
no_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

static int
levels_get(struct levels *l, const struct rule *r, struct series *s)
{
	struct indicator_spec specs[2];
	size_t nspecs, i;

	l->n = rule_watches(r, l->v);
	nspecs = rule_indicators(r, specs);
	for (i = 0; i < l->n; i++) {
		l->source[i] = series_source(
		    s, &l->v[i], r->on, specs, nspecs, rule_window_ms(r));
		if (l->source[i] == SERIES_NONE)
			return -1;
	}
	return 0;
}

static ladder_key
level_key(const struct rule_watch *w)
{
	return w->input == RULE_INPUT_PRICE
		   ? decimal_widen(w->level)
		   : ladder_key_double(decimal_to_double(w->level));
}

/* A rung of the level: its ladder and key. A level has one, a cross in either
 * direction two (which = 0, 1); NULL when there is no such. */
static struct ladder *
rung(struct source *src, const struct rule_watch *w, int which, ladder_key *key)
{
	ladder_key level = level_key(w);

	*key = level;
	if (which == 1) {
		*key = level - 1;
		return w->op == RULE_CROSS ? &src->edge_down : NULL;
	}
	switch (w->op) {
	case RULE_GE:
		*key = level - 1;
		return &src->up;
	case RULE_GT:
		return &src->up;
	case RULE_LE:
		return &src->down;
	case RULE_LT:
		*key = level - 1;
		return &src->down;
	case RULE_CROSS_UP:
	case RULE_CROSS:
		return &src->edge_up;
	case RULE_CROSS_DOWN:
		*key = level - 1;
		return &src->edge_down;
	}
	return NULL;
}

/* A level that is true of the value as it is: ask with the next record. */
static int
if_true_ask(struct series *s, struct source *src, const struct ladder *l,
    ladder_key key, uint32_t ref)
{
	struct sleeper x = {.key = key, .ref = ref, .down = l == &src->down};

	if (l == &src->up ? key >= l->value : x.down ? key < l->value : true)
		return 0;
	s->watches[ref / 2].asleep[ref % 2] = true;
	return sleepers_add(&src->again, &x);
}

static int
add_level(
    struct series *s, uint32_t source, const struct rule_watch *w, uint32_t ref)
{
	struct source *src = &s->sources[source];
	struct ladder *l;
	ladder_key key;
	int which;

	for (which = 0; which < 2; which++) {
		l = rung(src, w, which, &key);
		if (l == NULL)
			continue;
		if (ladder_add(l, key, ref) < 0 ||
		    if_true_ask(s, src, l, key, ref) < 0)
			return -1;
	}
	source_stir(src);
	s->calm.is = false;
	series_source_use(s, source, 1);
	return 0;
}

/* Where the watch's number is kept. */
static int
remember(struct engine *g, uint32_t rule, uint32_t series, uint32_t watch)
{
	struct book_rule *b = &g->book.v[rule];
	struct series *s = g->table.v[series];
	uint32_t *any, i;

	if (!b->any_symbol) {
		b->series = series;
		b->watch = watch;
		return 0;
	}
	if (b->watch >= s->nany) {
		any = realloc(s->any, g->any_cap * sizeof(*any));
		if (any == NULL)
			return -1;
		for (i = s->nany; i < g->any_cap; i++)
			any[i] = SERIES_NONE;
		s->any = any;
		s->nany = g->any_cap;
	}
	s->any[b->watch] = watch;
	return 0;
}

static uint32_t
recall(const struct engine *g, uint32_t rule, uint32_t series)
{
	const struct book_rule *b = &g->book.v[rule];
	const struct series *s = g->table.v[series];

	if (!b->any_symbol)
		return b->series == series ? b->watch : SERIES_NONE;
	return b->watch < s->nany ? s->any[b->watch] : SERIES_NONE;
}

struct watch *
place_watch(struct engine *g, uint32_t rule, uint32_t series)
{
	uint32_t i = recall(g, rule, series);

	return i == SERIES_NONE ? NULL : &g->table.v[series]->watches[i];
}

int
place_rule(struct engine *g, uint32_t rule, const struct rule *r,
    uint32_t series, int64_t fired_ms, int64_t window_ms, struct err *e)
{
	struct series *s = g->table.v[series];
	struct levels l; /* large, and only n matters of an empty one */
	uint32_t watch, i;
	struct watch *w;

	l.n = 0;
	if (g->watches >= ENGINE_WATCHES_MAX)
		return err_set(e,
		    "rules on any symbol meet too many series: more than %d "
		    "levels to watch",
		    ENGINE_WATCHES_MAX);
	if (r->is_active && levels_get(&l, r, s) < 0)
		return no_memory(e);
	watch = series_watch_new(s);
	if (watch == SERIES_NONE || remember(g, rule, series, watch) < 0)
		return no_memory(e);
	w = &s->watches[watch];
	w->rule = rule;
	w->fired_ms = fired_ms;
	w->window_ms = window_ms;
	w->source = l.n > 0 ? l.source[0] : SERIES_NONE;
	w->levels = (uint8_t)l.n;
	g->watches++;
	for (i = 0; i < l.n; i++)
		if (add_level(s, l.source[i], &l.v[i], 2 * watch + i) < 0)
			return no_memory(e);
	g->cold |= s->cold;
	return 0;
}

void
place_remove(struct engine *g, uint32_t rule, uint32_t series)
{
	struct series *s = g->table.v[series];
	uint32_t watch = recall(g, rule, series), i;
	struct levels l = {.n = 0};
	struct watch *w;
	struct rule r;
	ladder_key key;
	int which;

	if (watch == SERIES_NONE)
		return;
	w = &s->watches[watch];
	/* The sources exist: nothing is allocated here. */
	if (w->levels > 0) {
		book_rule_get(&g->book.v[rule], &r);
		(void)levels_get(&l, &r, s);
	}
	for (i = 0; i < l.n; i++) {
		struct source *src = &s->sources[l.source[i]];

		for (which = 0; which < 2; which++) {
			struct ladder *to = rung(src, &l.v[i], which, &key);

			if (to != NULL)
				(void)ladder_remove(to, key, 2 * watch + i);
		}
		source_stir(src);
		s->calm.is = false;
		series_source_use(s, l.source[i], -1);
	}
	g->watches--;
	w->rule = SERIES_NONE;
	if (!w->asleep[0] && !w->asleep[1])
		series_watch_free(s, watch);
	if (g->book.v[rule].any_symbol)
		s->any[g->book.v[rule].watch] = SERIES_NONE;
	else
		g->book.v[rule].series = g->book.v[rule].watch = BOOK_NONE;
}

int
place_any(struct engine *g, uint32_t series, struct err *e)
{
	const struct series *s = g->table.v[series];
	struct rule r;
	uint32_t i;

	for (i = 0; i < g->nany; i++) {
		if (g->any[i] == BOOK_NONE ||
		    g->book.v[g->any[i]].interval != s->interval)
			continue;
		book_rule_get(&g->book.v[g->any[i]], &r);
		if (place_rule(g, g->any[i], &r, series, SERIES_NEVER,
			SERIES_NEVER, e) < 0)
			return -1;
	}
	return 0;
}
