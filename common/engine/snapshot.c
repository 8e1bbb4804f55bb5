/*
 * snapshot: what must survive the process and cannot be read from closed
 * bars. Of a rule on a symbol, its last alert; of a series, the bar that is
 * forming and the price seen last.
 *
 * The bytes of a series, all numbers 64 bits little-endian:
 *	version, flags, t of the newest closed bar, the bits of the bars seen
 *	before it, mantissa and scale of the price, then t and E of the bar
 *	forming and of the one waiting, then the record held, if any, as its
 *	line.
 * A snapshot counts only for the newest closed bar it names: after bars were
 * pruned or written by another process the bars alone are believed.
 */
#include <string.h>

#include "common/engine/state.h"

#define VERSION 1
#define NUMBERS 9
#define FIXED	(NUMBERS * 8)

enum {
	FLAG_LAST = 1,
	FLAG_PRICE = 2,
	FLAG_HELD = 4,
	FLAG_FORMING_HOLE = 8,
	FLAG_WAITING_HOLE = 16,
};

static void
put64(unsigned char *p, int64_t x)
{
	uint64_t u = (uint64_t)x;
	int i;

	for (i = 0; i < 8; i++)
		p[i] = (unsigned char)(u >> 8 * i);
}

static int64_t
get64(const unsigned char *p)
{
	uint64_t u = 0;
	int i;

	for (i = 0; i < 8; i++)
		u |= (uint64_t)p[i] << 8 * i;
	return (int64_t)u;
}

/* ---- rules ------------------------------------------------------------------ */

void
engine_rule_state(int64_t fired_ms, int64_t window_ms,
    unsigned char out[ENGINE_RULE_STATE_BYTES])
{
	put64(out, fired_ms);
	put64(out + 8, window_ms);
}

int
engine_rule_restore(struct engine *g, const struct uuid *id, const char *symbol,
    const void *blob, size_t n)
{
	uint32_t rule = book_find(&g->book, id), series = SERIES_NONE;
	const unsigned char *p = blob;
	struct watch *w;

	if (n != ENGINE_RULE_STATE_BYTES)
		return -1;
	if (rule == BOOK_NONE)
		return 0;
	/* A series without closed bars is known from this alone. */
	if (!g->book.v[rule].any_symbol)
		series = series_find(&g->table, symbol, strlen(symbol),
		    g->book.v[rule].interval);
	else if (symbol_valid(symbol, strlen(symbol)))
		series = engine_series(
		    g, symbol, strlen(symbol), g->book.v[rule].interval, NULL);
	w = series != SERIES_NONE ? place_watch(g, rule, series) : NULL;
	if (w != NULL) {
		w->fired_ms = get64(p);
		w->window_ms = get64(p + 8);
		if (w->fired_ms > g->table.v[series]->fired_ms)
			g->table.v[series]->fired_ms = w->fired_ms;
	}
	return 0;
}

/* ---- series ------------------------------------------------------------------ */

static size_t
print(const struct series *s, unsigned char *out, struct buf *held)
{
	int64_t flags = 0, v[NUMBERS];
	size_t i;

	flags |= s->has_last ? FLAG_LAST : 0;
	flags |= s->has_price ? FLAG_PRICE : 0;
	flags |= s->has_held ? FLAG_HELD : 0;
	flags |= s->forming.hole ? FLAG_FORMING_HOLE : 0;
	flags |= s->waiting.hole ? FLAG_WAITING_HOLE : 0;
	v[0] = VERSION | flags << 8;
	v[1] = s->has_last ? s->last.open_ms : 0;
	v[2] = (int64_t)s->seen;
	v[3] = s->has_price ? s->price.mant : 0;
	v[4] = s->has_price ? s->price.scale : 0;
	v[5] = s->forming.open_ms;
	v[6] = s->forming.recv_ms;
	v[7] = s->waiting.open_ms;
	v[8] = s->waiting.recv_ms;
	for (i = 0; i < NUMBERS; i++)
		put64(out + 8 * i, v[i]);
	buf_reset(held);
	if (s->has_held && candle_print(&s->held, held) == 0 &&
	    held->len <= CANDLE_TEXT_MAX) {
		memcpy(out + FIXED, held->p, held->len);
		return FIXED + held->len;
	}
	return FIXED;
}

bool
engine_is_changed(const struct engine *g)
{
	return g->nchanged > 0;
}

int
engine_series_changed(struct engine *g,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n, struct err *e),
    void *arg, struct err *e)
{
	unsigned char out[FIXED + CANDLE_TEXT_MAX];
	struct buf held;
	size_t i, n;
	int rc = 0;

	buf_init(&held, 2 * CANDLE_TEXT_MAX);
	for (i = 0; i < g->nchanged && rc == 0; i++) {
		struct series *s = g->table.v[g->changed[i]];

		n = print(s, out, &held);
		rc = fn(arg, s->symbol, s->interval, out, n, e);
		s->dirty = false;
	}
	g->nchanged = 0;
	buf_release(&held);
	return rc;
}

int
engine_series_restore(struct engine *g, const char *symbol,
    interval_id interval, const void *blob, size_t n)
{
	const unsigned char *p = blob;
	struct series *s;
	int64_t flags;
	uint32_t i;

	if (n < FIXED || (get64(p) & 0xff) != VERSION ||
	    !symbol_valid(symbol, strlen(symbol)))
		return -1;
	i = engine_series(g, symbol, strlen(symbol), interval, NULL);
	if (i == SERIES_NONE)
		return 0;
	s = g->table.v[i];
	flags = get64(p) >> 8;
	if (((flags & FLAG_LAST) != 0) != s->has_last ||
	    (s->has_last && get64(p + 8) != s->last.open_ms))
		return 0;
	s->seen = (uint64_t)get64(p + 16);
	s->has_price = (flags & FLAG_PRICE) != 0;
	s->price.mant = get64(p + 24);
	s->price.scale = (int32_t)get64(p + 32);
	s->forming.open_ms = get64(p + 40);
	s->forming.recv_ms = get64(p + 48);
	s->forming.hole = (flags & FLAG_FORMING_HOLE) != 0;
	s->waiting.open_ms = get64(p + 56);
	s->waiting.recv_ms = get64(p + 64);
	s->waiting.hole = (flags & FLAG_WAITING_HOLE) != 0;
	if (s->price.scale < 0 || s->price.scale > DECIMAL_SCALE_MAX)
		return -1;
	if ((flags & FLAG_HELD) == 0)
		return 0;
	s->has_held = candle_parse(&s->held, (const char *)p + FIXED, n - FIXED,
			  NULL) == CANDLE_LINE_CANDLE;
	return s->has_held ? 0 : -1;
}
