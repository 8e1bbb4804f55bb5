#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "tests/sim/dice.h"
#include "tests/sim/listing.h"

static uint64_t
hash(const char *name, size_t n)
{
	return dice_mix(hash_bytes(HASH_BASIS, name, n));
}

void
market_init(struct market *m, uint64_t seed, int64_t first_ms)
{
	*m = (struct market){
	    .seed = seed,
	    .first_ms = first_ms,
	    .frames = 8,
	    .recorded_from = -1,
	    .recorded_to = -1,
	};
}

void
market_release(struct market *m)
{
	for (size_t i = 0; i < m->n_coins; i++) {
		struct coin *c = m->coins[i];

		for (size_t k = 0; k < c->n_tapes; k++)
			tape_release(&c->tapes[k]);
		for (size_t k = 0; k < INTERVAL_COUNT; k++)
			free(c->series[k]);
		free(c->tapes);
		free(c->players);
		free(c);
	}
	free(m->coins);
	free(m->table);
	free(m->events.losses);
	free(m->events.halts);
}

static void
enter(struct market *m, struct coin *c)
{
	size_t i = hash(c->name, strlen(c->name)) & (m->n_table - 1);

	while (m->table[i] != NULL)
		i = (i + 1) & (m->n_table - 1);
	m->table[i] = c;
}

static void
grow_table(struct market *m)
{
	free(m->table);
	m->n_table = m->n_table == 0 ? 64 : 2 * m->n_table;
	m->table = calloc(m->n_table, sizeof(struct coin *));
	if (m->table == NULL)
		abort();
	for (size_t i = 0; i < m->n_coins; i++)
		enter(m, m->coins[i]);
}

struct coin *
market_coin(struct market *m, const char *name, size_t n)
{
	size_t i;

	if (m->n_table == 0)
		return NULL;
	i = hash(name, n) & (m->n_table - 1);
	for (; m->table[i] != NULL; i = (i + 1) & (m->n_table - 1))
		if (strlen(m->table[i]->name) == n &&
		    memcmp(m->table[i]->name, name, n) == 0)
			return m->table[i];
	return NULL;
}

/* "xyz:NVDA" is of another dex, "@107" and "PURR/USDC" are spot pairs. */
static enum coin_kind
kind_of(const char *name)
{
	if (strchr(name, ':') != NULL)
		return COIN_HIP3;
	return name[0] == '@' || strchr(name, '/') != NULL ? COIN_SPOT
							   : COIN_PERP;
}

struct coin *
market_new_coin(struct market *m, const char *name, size_t n)
{
	struct coin *c = calloc(1, sizeof(*c));

	if (c == NULL)
		abort();
	memcpy(c->name, name, n);
	c->kind = kind_of(c->name);
	if (m->n_coins == m->cap_coins) {
		m->cap_coins = m->cap_coins == 0 ? 64 : 2 * m->cap_coins;
		m->coins =
		    realloc(m->coins, m->cap_coins * sizeof(struct coin *));
		if (m->coins == NULL)
			abort();
	}
	if (2 * (m->n_coins + 1) > m->n_table)
		grow_table(m);
	m->coins[m->n_coins++] = c;
	enter(m, c);
	return c;
}

struct tape *
market_new_tape(struct coin *c)
{
	size_t n = c->n_tapes + 1;

	c->tapes = realloc(c->tapes, n * sizeof(*c->tapes));
	c->players = realloc(c->players, n * sizeof(*c->players));
	if (c->tapes == NULL || c->players == NULL)
		abort();
	c->players[c->n_tapes] = (struct player){.time_ms = -1};
	return &c->tapes[c->n_tapes++];
}

/* The longest tape whose bars make up the interval. */
static struct tape *
source(struct coin *c, int64_t step)
{
	struct tape *best = NULL;

	for (size_t i = 0; i < c->n_tapes; i++)
		if (step % c->tapes[i].step == 0 &&
		    (best == NULL || c->tapes[i].step > best->step))
			best = &c->tapes[i];
	return best;
}

struct series *
market_series(struct market *m, struct coin *c, interval_id interval)
{
	struct series *s = c->series[interval];
	struct tape *tp = source(c, interval_step(interval));

	(void)m;
	if (s != NULL || tp == NULL)
		return s;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		abort();
	s->coin = c;
	s->tape = tp;
	s->interval = interval;
	s->step = interval_step(interval);
	s->part_t = -1;
	return c->series[interval] = s;
}

/*
 * A long bar is asked for at each of its frames: keep the sum of its base
 * bars that are over. With losses about, the plain way is right and rare.
 */
static bool
with_part(struct series *s, int64_t t, int64_t now_ms, struct bar *out)
{
	int64_t edge = now_ms - now_ms % s->tape->step;
	struct bar more;

	if (s->part_t != t || s->part_end > edge ||
	    s->part_generation != s->tape->events->generation) {
		s->part = (struct bar){.t = t};
		s->part_t = t;
		s->part_end = t;
		s->part_generation = s->tape->events->generation;
	}
	if (edge > s->part_end) {
		if (tape_bar(
			s->tape, s->part_end, edge, now_ms, TAPE_WHOLE, &more))
			bar_join(&s->part, &more);
		s->part_end = edge;
	}
	*out = s->part;
	if (tape_bar(
		s->tape, edge, edge + s->tape->step, now_ms, TAPE_WHOLE, &more))
		bar_join(out, &more);
	return out->n > 0;
}

bool
market_bar(struct series *s, int64_t t, int64_t now_ms, enum tape_view view,
    struct bar *out)
{
	bool forming = now_ms < t + s->step;

	if (forming && s->step > s->tape->step && t >= s->tape->first &&
	    t <= now_ms &&
	    (view == TAPE_WHOLE || s->tape->events->n_losses == 0) &&
	    with_part(s, t, now_ms, out))
		return true;
	return tape_bar(s->tape, t, t + s->step, now_ms, view, out);
}

bool
market_range(struct series *s, int64_t now_ms, int64_t *oldest, int64_t *newest)
{
	int64_t last = now_ms < s->tape->last ? now_ms : s->tape->last;

	if (last < s->tape->first)
		return false;
	*oldest = interval_open(s->interval, s->tape->first);
	*newest = interval_open(s->interval, last);
	return true;
}

int64_t
market_price(struct market *m, struct coin *c, int64_t now_ms)
{
	struct tape *tp = &c->tapes[0];
	int64_t t = now_ms < tp->last ? now_ms : tp->last;
	struct bar b;

	(void)m;
	t -= t % tp->step;
	if (t < tp->first)
		t = tp->first;
	if (!tape_bar(
		tp, t, t + tp->step, now_ms > t ? now_ms : t, TAPE_REST, &b))
		return tp->ops->price(tp, t);
	return b.c;
}

void
market_lose(struct market *m, int64_t at_ms, bool rest)
{
	struct tape_events *ev = &m->events;
	struct tape_loss *p =
	    realloc(ev->losses, (ev->n_losses + 1) * sizeof(*p));

	if (p == NULL)
		abort();
	ev->losses = p;
	p[ev->n_losses++] = (struct tape_loss){at_ms, rest};
	ev->generation++;
}

void
market_halt(struct market *m, int64_t from_ms, int64_t to_ms)
{
	struct tape_events *ev = &m->events;
	struct tape_halt *p =
	    realloc(ev->halts, (ev->n_halts + 1) * sizeof(*p));

	if (p == NULL)
		abort();
	ev->halts = p;
	p[ev->n_halts++] = (struct tape_halt){from_ms, to_ms};
	ev->generation++;
}
