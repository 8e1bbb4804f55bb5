#include <stdlib.h>
#include <string.h>

#include "common/engine/series.h"
#include "common/hash.h"

#define SLOTS_MIN 64

void
series_table_init(struct series_table *t)
{
	*t = (struct series_table){.recent = SERIES_NONE};
}

static void
release(struct series *s)
{
	uint32_t i;

	for (i = 0; i < s->nsources; i++) {
		struct source *o = &s->sources[i];

		ladder_release(&o->up);
		ladder_release(&o->down);
		ladder_release(&o->edge_up);
		ladder_release(&o->edge_down);
		sleepers_release(&o->window);
		sleepers_release(&o->due);
		sleepers_release(&o->again);
	}
	for (i = 0; i < s->nstudies; i++)
		free(s->studies[i].state);
	for (i = 0; i < s->nextents; i++)
		range_release(&s->extents[i].range);
	free(s->sources);
	free(s->studies);
	free(s->extents);
	free(s->watches);
	free(s->any);
	free(s);
}

void
series_table_release(struct series_table *t)
{
	uint32_t i;

	for (i = 0; i < t->n; i++)
		release(t->v[i]);
	free(t->v);
	free(t->slot);
	series_table_init(t);
}

/* Over symbol and interval, then mixed: the last letters of a short name
 * reach only the low bits of the sum, and names differ in just these. */
static uint32_t
home(const struct series_table *t, const char *symbol, size_t len,
    interval_id interval)
{
	uint64_t h = hash_bytes(HASH_BASIS ^ interval, symbol, len);

	h = (h ^ h >> 32) * UINT64_C(0xff51afd7ed558ccd);
	return (uint32_t)(h >> 32) & (t->slots - 1);
}

/* The first len (1..8) bytes in memory of the word, the others zero. */
static uint64_t
mask_first(uint64_t w, size_t len)
{
	unsigned shift = (unsigned)(8 * (sizeof(w) - len));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	return w >> shift;
#else
	return w << shift;
#endif
}

static bool
is(const struct series *s, const char *symbol, size_t len, interval_id interval)
{
	return s->interval == interval && s->symbol_len == len &&
	       memcmp(s->symbol, symbol, len) == 0;
}

uint32_t
series_find(struct series_table *t, const char *symbol, size_t len,
    interval_id interval)
{
	uint32_t i;

	if (t->slots == 0)
		return SERIES_NONE;
	if (is(t->v[t->recent], symbol, len, interval))
		return t->recent;
	for (i = home(t, symbol, len, interval); t->slot[i] != 0;
	     i = (i + 1) & (t->slots - 1)) {
		if (!is(t->v[t->slot[i] - 1], symbol, len, interval))
			continue;
		t->recent = t->slot[i] - 1;
		return t->recent;
	}
	return SERIES_NONE;
}

uint32_t
series_of(struct series_table *t, const struct candle *c)
{
	const struct series *s;
	uint64_t a, b;

	/* Mostly it is the series of the record before, by a short name. */
	if (t->slots > 0 && c->symbol_len <= sizeof(a)) {
		s = t->v[t->recent];
		memcpy(&a, s->symbol, sizeof(a));
		memcpy(&b, c->symbol, sizeof(b));
		if (s->symbol_len == c->symbol_len &&
		    s->interval == c->interval &&
		    mask_first(a ^ b, c->symbol_len) == 0)
			return t->recent;
	}
	return series_find(t, c->symbol, c->symbol_len, c->interval);
}

static void
slot_add(struct series_table *t, uint32_t n)
{
	const struct series *s = t->v[n];
	uint32_t i = home(t, s->symbol, s->symbol_len, s->interval);

	while (t->slot[i] != 0)
		i = (i + 1) & (t->slots - 1);
	t->slot[i] = n + 1;
}

static int
grow(struct series_table *t)
{
	uint32_t slots = t->slots == 0 ? SLOTS_MIN : 2 * t->slots, i;
	uint32_t *slot = calloc(slots, sizeof(*slot));
	struct series **v = realloc(t->v, slots / 2 * sizeof(struct series *));

	if (v != NULL) {
		t->v = v;
		t->cap = slots / 2;
	}
	if (slot == NULL || v == NULL) {
		free(slot);
		return -1;
	}
	free(t->slot);
	t->slot = slot;
	t->slots = slots;
	for (i = 0; i < t->n; i++)
		slot_add(t, i);
	return 0;
}

uint32_t
series_add(struct series_table *t, const char *symbol, size_t len,
    interval_id interval)
{
	struct series *s;

	if (t->n >= SERIES_MAX || (t->n == t->slots / 2 && grow(t) < 0))
		return SERIES_NONE;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return SERIES_NONE;
	memcpy(s->symbol, symbol, len);
	s->symbol_len = (uint8_t)len;
	s->interval = interval;
	s->number = t->n;
	s->known_ms = s->fired_ms = SERIES_NEVER;
	s->forming = s->waiting = (struct forming){SERIES_NEVER, -1, false};
	s->watch_free = SERIES_NONE;
	t->v[t->n] = s;
	slot_add(t, t->n);
	t->recent = t->n++;
	return t->recent;
}

/* ---- sources --------------------------------------------------------------- */

static uint32_t
study(struct series *s, const struct indicator_spec *spec)
{
	struct study *v;
	uint32_t i;

	for (i = 0; i < s->nstudies; i++)
		if (indicator_spec_equal(&s->studies[i].spec, spec))
			return i;
	v = realloc(s->studies, (i + 1) * sizeof(*v));
	if (v == NULL)
		return SERIES_NONE;
	s->studies = v;
	v[i] = (struct study){.spec = *spec};
	v[i].state = malloc(indicator_size(spec));
	if (v[i].state == NULL)
		return SERIES_NONE;
	s->nstudies++;
	return i;
}

static uint32_t
extent(struct series *s, int64_t window_ms)
{
	struct extent *v;
	uint32_t i;

	for (i = 0; i < s->nextents; i++)
		if (s->extents[i].range.window_ms == window_ms)
			return i;
	v = realloc(s->extents, (i + 1) * sizeof(*v));
	if (v == NULL)
		return SERIES_NONE;
	s->extents = v;
	v[i] = (struct extent){.users = 0};
	range_init(&v[i].range, window_ms);
	s->nextents++;
	return i;
}

/* Whether the source is the one for that watch, these studies and this
 * extent. */
static bool
is_for(const struct source *o, const struct rule_watch *w, enum rule_on on,
    const uint32_t study[2], uint32_t extent)
{
	return o->kind == w->input && o->on == on && o->line == w->line &&
	       o->extent == extent && o->study[0] == study[0] &&
	       o->study[1] == study[1];
}

static uint32_t
source_add(struct series *s, const struct source *new)
{
	uint32_t i = s->nsources;
	struct source *v = realloc(s->sources, (i + 1) * sizeof(*v));

	if (v == NULL)
		return SERIES_NONE;
	s->sources = v;
	v[i] = *new;
	ladder_init(&v[i].up, LADDER_LOWEST);
	ladder_init(&v[i].down, LADDER_HIGHEST);
	ladder_init(&v[i].edge_up, LADDER_LOWEST);
	ladder_init(&v[i].edge_down, LADDER_LOWEST);
	source_stir(&v[i]);
	s->nsources++;
	return i;
}

uint32_t
series_source(struct series *s, const struct rule_watch *w, enum rule_on on,
    const struct indicator_spec *specs, size_t nspecs, int64_t window_ms)
{
	uint32_t of[2] = {SERIES_NONE, SERIES_NONE}, range = SERIES_NONE, i;

	for (i = 0; i < nspecs; i++) {
		of[i] = study(s, &specs[i]);
		if (of[i] == SERIES_NONE)
			return SERIES_NONE;
	}
	if (window_ms > 0) {
		range = extent(s, window_ms);
		if (range == SERIES_NONE)
			return SERIES_NONE;
	}
	for (i = 0; i < s->nsources; i++)
		if (is_for(&s->sources[i], w, on, of, range))
			return i;
	return source_add(s, &(struct source){.kind = w->input,
				 .on = on,
				 .line = w->line,
				 .studies = (uint8_t)nspecs,
				 .study = {of[0], of[1]},
				 .extent = range,
				 .window_ms = SERIES_NEVER});
}

static void
study_begin(struct series *s, struct study *d)
{
	int k;

	indicator_start(&d->spec, d->state);
	for (k = 0; k < INDICATOR_LINES_MAX; k++)
		d->now[k] = d->before[k] = NAN;
	d->cold = s->cold = true;
}

static void
study_use(struct series *s, struct study *d, enum rule_on on, uint32_t change)
{
	if (on == RULE_ON_TICK)
		d->tick_users += change;
	if (d->users == 0)
		study_begin(s, d);
	d->users += change;
}

static void
extent_begin(struct series *s, struct extent *x)
{
	range_release(&x->range);
	x->until_ms = INT64_MIN;
	x->cold = s->cold = true;
}

static void
extent_use(struct series *s, struct extent *x, uint32_t change)
{
	if (x->users == 0)
		extent_begin(s, x);
	x->users += change;
}

void
series_begin_anew(struct series *s)
{
	uint32_t i;

	for (i = 0; i < s->nstudies; i++)
		if (s->studies[i].users > 0)
			study_begin(s, &s->studies[i]);
	for (i = 0; i < s->nextents; i++)
		if (s->extents[i].users > 0)
			extent_begin(s, &s->extents[i]);
	/* Values jump: with the next record every source looks again. */
	for (i = 0; i < s->nsources; i++)
		source_stir(&s->sources[i]);
	s->calm.is = false;
}

void
series_source_use(struct series *s, uint32_t source, int change)
{
	struct source *o = &s->sources[source];
	uint32_t i, before = o->users;

	o->users += (uint32_t)change;
	if (before != 0 && o->users != 0)
		return;
	/* First come or last gone: what stands behind it gains or loses. */
	for (i = 0; i < o->studies; i++)
		study_use(s, &s->studies[o->study[i]], o->on, (uint32_t)change);
	if (o->extent != SERIES_NONE)
		extent_use(s, &s->extents[o->extent], (uint32_t)change);
}

uint32_t
series_watch_new(struct series *s)
{
	uint32_t i = s->watch_free;

	if (i != SERIES_NONE) {
		s->watch_free = s->watches[i].source;
	} else {
		if (s->nwatches == s->watch_cap) {
			uint32_t cap = s->watch_cap < 4
					   ? 4
					   : s->watch_cap + s->watch_cap / 2;
			struct watch *v = realloc(s->watches, cap * sizeof(*v));

			if (v == NULL)
				return SERIES_NONE;
			s->watches = v;
			s->watch_cap = cap;
		}
		i = s->nwatches++;
	}
	s->watches[i] = (struct watch){
	    .rule = SERIES_NONE,
	    .source = SERIES_NONE,
	    .fired_ms = SERIES_NEVER,
	    .window_ms = SERIES_NEVER,
	};
	return i;
}

void
series_watch_free(struct series *s, uint32_t watch)
{
	s->watches[watch].rule = SERIES_NONE;
	s->watches[watch].levels = 0;
	s->watches[watch].source = s->watch_free;
	s->watch_free = watch;
}
