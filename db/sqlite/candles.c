/*
 * candles: closed bars, by tile (see 0001_init.sql for the why of the order).
 *
 * A series is read by its directory: its spans that hold bars, in each the 64
 * tiles, in each at most 16 bars by one seek. A hole in the series costs at
 * most 64 seeks a span that is not empty, however long the hole is.
 */
#include <stdio.h>
#include <string.h>

#include "db/sqlite/db.h"

#define COLUMNS                                                                \
	"SELECT t, o, o_scale, c, c_scale, h, h_scale, l, l_scale, v, "        \
	"trades, recv_ms FROM candles "                                        \
	"WHERE tile = ? AND series = ? AND t BETWEEN ? AND ? ORDER BY t "

static int64_t
tile_of(interval_id interval, int64_t t)
{
	return t / (interval_step(interval) * TILE_BARS);
}

/* ---- writing ------------------------------------------------------------- */

static void
bind_decimal(struct query *q, struct decimal d)
{
	q_int(q, d.mant);
	q_int(q, d.scale);
}

static int
put(struct db *db, const struct candle *c, struct err *e)
{
	int64_t tile = tile_of(c->interval, c->open_ms), id;
	char volume[CANDLE_VOLUME_TEXT_MAX];
	struct query q;

	if (series_enter(
		db, c->symbol, c->interval, tile / SPAN_TILES, &id, e) < 0 ||
	    q_open(&q, db,
		"INSERT OR REPLACE INTO candles VALUES "
		"(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
		e) < 0)
		return -1;
	q_int(&q, tile);
	q_int(&q, id);
	q_int(&q, c->open_ms);
	bind_decimal(&q, c->open);
	bind_decimal(&q, c->close);
	bind_decimal(&q, c->high);
	bind_decimal(&q, c->low);
	q_textn(&q, volume, candle_volume_print(c, volume));
	if (c->trades >= 0)
		q_int(&q, c->trades);
	else
		q_null(&q);
	if (c->recv_ms >= 0)
		q_int(&q, c->recv_ms);
	else
		q_null(&q);
	return q_run(&q, e);
}

int
sqlite_candle_put(struct store *st, const struct candle *c, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (c->open_ms < 0 || c->interval >= INTERVAL_COUNT ||
	    c->symbol[0] == '\0')
		return err_set(e, "a candle without symbol, interval or time");
	if (db_enter(db, false, &own, e) < 0)
		return -1;
	return db_leave(db, own, put(db, c, e), e);
}

/* ---- reading ------------------------------------------------------------- */

/* One series, a stretch of it, and a direction. */
struct walk {
	struct db *db;
	const char *symbol;
	interval_id interval;
	int64_t id;
	int64_t from_ms, to_ms;
	bool ascending;
	/* Called for each tile that may hold bars; the walk ends when it does
	 * not return 0. */
	int (*tile)(struct walk *w, int64_t tile, struct err *e);
	/* The visitor's own. */
	store_candle_fn *fn;
	void *arg;
	int64_t skip, left; /* bars to pass over, bars still wanted */
	int64_t n; /* bars counted */
	int64_t found_ms;
};

static int
walk_span(
    struct walk *w, int64_t span, int64_t first, int64_t last, struct err *e)
{
	int64_t a = span * SPAN_TILES, b = a + SPAN_TILES - 1, i;
	int rc = 0;

	a = a < first ? first : a;
	b = b > last ? last : b;
	for (i = a; i <= b && rc == 0; i++)
		rc = w->tile(w, w->ascending ? i : b - (i - a), e);
	return rc;
}

/* 0, or what the visitor returned. */
static int
walk_run(struct walk *w, struct err *e)
{
	int64_t first, last;
	struct query q;
	int rc;

	if (w->from_ms < 0)
		w->from_ms = 0;
	if (w->to_ms < w->from_ms)
		return 0;
	if ((rc = series_id(w->db, w->symbol, w->interval, false, &w->id, e)) <=
	    0)
		return rc;
	first = tile_of(w->interval, w->from_ms);
	last = tile_of(w->interval, w->to_ms);
	if (q_open(&q, w->db,
		w->ascending ? "SELECT span FROM candle_spans WHERE series = ? "
			       "AND span BETWEEN ? AND ? ORDER BY span"
			     : "SELECT span FROM candle_spans WHERE series = ? "
			       "AND span BETWEEN ? AND ? ORDER BY span DESC",
		e) < 0)
		return -1;
	q_int(&q, w->id);
	q_int(&q, first / SPAN_TILES);
	q_int(&q, last / SPAN_TILES);
	while ((rc = q_step(&q, e)) > 0)
		if ((rc = walk_span(w, col_int(&q, 0), first, last, e)) != 0)
			break;
	q_close(&q);
	return rc;
}

static struct decimal
col_decimal(const struct query *q, int i)
{
	return (struct decimal){col_int(q, i), (int32_t)col_int(q, i + 1)};
}

static int64_t
col_or_none(const struct query *q, int i)
{
	return sqlite3_column_type(q->stmt, i) == SQLITE_NULL ? -1
							      : col_int(q, i);
}

static int
read_candle(const struct walk *w, const struct query *q, struct candle *c,
    struct err *e)
{
	const char *volume = col_text(q, 9);

	c->open_ms = col_int(q, 0);
	c->close_ms = c->open_ms + interval_step(w->interval) - 1;
	c->open = col_decimal(q, 1);
	c->close = col_decimal(q, 3);
	c->high = col_decimal(q, 5);
	c->low = col_decimal(q, 7);
	c->trades = col_or_none(q, 10);
	c->recv_ms = col_or_none(q, 11);
	if (candle_volume_parse(c, volume, strlen(volume)) < 0)
		return err_set(
		    e, "the store holds a bar with volume \"%s\"", volume);
	return 0;
}

/* Give the bars of a tile to the callback. */
static int
give_tile(struct walk *w, int64_t tile, struct err *e)
{
	struct candle c;
	struct query q;
	int rc;

	if (q_open(&q, w->db, w->ascending ? COLUMNS : COLUMNS "DESC", e) < 0)
		return -1;
	memset(&c, 0, sizeof(c));
	c.symbol_len = (uint8_t)strlen(w->symbol);
	memcpy(c.symbol, w->symbol, c.symbol_len);
	c.interval = w->interval;
	c.state = CANDLE_CLOSED;
	q_int(&q, tile);
	q_int(&q, w->id);
	q_int(&q, w->from_ms);
	q_int(&q, w->to_ms);
	while ((rc = w->left > 0 ? q_step(&q, e) : 1) > 0) {
		if (w->left == 0)
			break;
		if (w->skip > 0) {
			w->skip--;
			continue;
		}
		w->left--;
		if ((rc = read_candle(w, &q, &c, e)) < 0 ||
		    (rc = db_answer(w->fn(w->arg, &c, e), e)) != 0)
			break;
	}
	q_close(&q);
	return rc;
}

/* Count the bars of a tile. */
static int
count_tile(struct walk *w, int64_t tile, struct err *e)
{
	struct query q;
	int64_t n;

	if (q_open(&q, w->db,
		"SELECT count(*), max(t) FROM candles "
		"WHERE tile = ? AND series = ? AND t BETWEEN ? AND ?",
		e) < 0)
		return -1;
	q_int(&q, tile);
	q_int(&q, w->id);
	q_int(&q, w->from_ms);
	q_int(&q, w->to_ms);
	if (q_number(&q, &n, e) < 0)
		return -1;
	w->n += n;
	w->found_ms = tile * TILE_BARS * interval_step(w->interval);
	return w->n >= w->left;
}

/* The newest bar of a tile. */
static int
newest_of_tile(struct walk *w, int64_t tile, struct err *e)
{
	struct query q;

	if (q_open(&q, w->db,
		"SELECT max(t) FROM candles WHERE tile = ? AND series = ?",
		e) < 0)
		return -1;
	q_int(&q, tile);
	q_int(&q, w->id);
	return q_number(&q, &w->found_ms, e);
}

int
sqlite_candle_list(struct store *st, const struct store_candle_filter *f,
    store_candle_fn *fn, void *arg, struct err *e)
{
	struct walk w = {
	    .db = db_of(st),
	    .symbol = f->symbol,
	    .interval = f->interval,
	    .from_ms = f->from_ms,
	    .to_ms = f->to_ms,
	    .ascending = f->ascending,
	    .tile = give_tile,
	    .fn = fn,
	    .arg = arg,
	    .skip = f->offset > 0 ? f->offset : 0,
	    .left = f->limit > 0 ? f->limit : INT64_MAX,
	};

	return walk_run(&w, e) < 0 ? -1 : 0;
}

int
sqlite_candle_count(struct store *st, const struct store_candle_filter *f,
    int64_t *n, struct err *e)
{
	struct walk w = {
	    .db = db_of(st),
	    .symbol = f->symbol,
	    .interval = f->interval,
	    .from_ms = f->from_ms,
	    .to_ms = f->to_ms,
	    .tile = count_tile,
	    .left = INT64_MAX,
	};

	if (walk_run(&w, e) < 0)
		return -1;
	*n = w.n;
	return 0;
}

int
sqlite_candle_tail(struct store *st, const char *symbol, interval_id interval,
    int64_t n, store_candle_fn *fn, void *arg, struct err *e)
{
	struct walk w = {
	    .db = db_of(st),
	    .symbol = symbol,
	    .interval = interval,
	    .to_ms = INT64_MAX,
	    .tile = count_tile,
	    .left = n,
	};

	if (n <= 0)
		return 0;
	/* Back until enough bars were counted, then forth from there: no
	 * memory, however long the tail is. */
	if (walk_run(&w, e) < 0)
		return -1;
	w.from_ms = w.found_ms;
	w.ascending = true;
	w.tile = give_tile;
	w.fn = fn;
	w.arg = arg;
	w.skip = w.n > n ? w.n - n : 0;
	return walk_run(&w, e) < 0 ? -1 : 0;
}

static int
last_of(struct db *db, const char *symbol, interval_id interval,
    int64_t *open_ms, struct err *e)
{
	struct walk w = {
	    .db = db,
	    .symbol = symbol,
	    .interval = interval,
	    .to_ms = INT64_MAX,
	    .tile = newest_of_tile,
	};
	int rc = walk_run(&w, e);

	*open_ms = w.found_ms;
	return rc;
}

int
sqlite_candle_last(struct store *st, const char *symbol, interval_id interval,
    int64_t *open_ms, struct err *e)
{
	return last_of(db_of(st), symbol, interval, open_ms, e);
}

int
sqlite_candle_series(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	int64_t last_open_ms),
    void *arg, struct err *e)
{
	struct db *db = db_of(st);
	int64_t last;
	struct query q;
	int interval, rc;

	if (q_open(&q, db,
		"SELECT symbol, interval FROM series ORDER BY symbol, interval",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0) {
		if ((interval = interval_stored(col_text(&q, 1), e)) < 0 ||
		    (rc = last_of(db, col_text(&q, 0), (interval_id)interval,
			 &last, e)) < 0) {
			rc = -1;
			break;
		}
		if (rc == 0)
			continue; /* no bars: all were pruned or none came */
		if ((rc = db_answer(
			 fn(arg, col_text(&q, 0), (interval_id)interval, last),
			 e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

/* ---- retention ----------------------------------------------------------- */

/* The open time of the oldest bar to keep, 0 when there are not more than
 * keep. Reading only. */
static int
find_cutoff(struct db *db, const char *symbol, interval_id interval,
    int64_t keep, int64_t *cutoff_ms, struct err *e)
{
	struct walk w = {
	    .db = db,
	    .symbol = symbol,
	    .interval = interval,
	    .to_ms = INT64_MAX,
	    .tile = count_tile,
	    .left = keep,
	};
	int rc = walk_run(&w, e);

	/* Whole tiles go: up to 15 bars more than keep stay. */
	*cutoff_ms = rc > 0 ? w.found_ms : 0;
	return rc < 0 ? -1 : 0;
}

/* Delete the bars of one span before a tile; the span when it is empty. */
static int
prune_span(
    struct db *db, int64_t id, int64_t span, int64_t before_tile, struct err *e)
{
	int64_t a = span * SPAN_TILES, b = a + SPAN_TILES, i, n = 0;
	struct query q;

	for (i = a; i < b && i < before_tile; i++) {
		if (q_open(&q, db,
			"DELETE FROM candles WHERE tile = ? AND series = ?",
			e) < 0)
			return -1;
		q_int(&q, i);
		q_int(&q, id);
		if (q_run(&q, e) < 0)
			return -1;
		n += sqlite3_changes(db->sql);
	}
	if (b > before_tile)
		return (int)n;
	if (q_open(&q, db,
		"DELETE FROM candle_spans WHERE series = ? AND span = ?",
		e) < 0)
		return -1;
	q_int(&q, id);
	q_int(&q, span);
	if (q_run(&q, e) < 0 ||
	    q_open(&q, db,
		"UPDATE counters SET n = n + 1 WHERE name = 'prune_epoch'",
		e) < 0 ||
	    q_run(&q, e) < 0)
		return -1;
	series_forget(db);
	return (int)n;
}

/* The oldest spans of a series, until batch bars are gone. */
static int
prune_series(struct db *db, int64_t id, int64_t before_tile, int64_t batch,
    struct err *e)
{
	int64_t span, n = 0;
	struct query q;
	int rc;

	while (n < batch) {
		if (q_open(&q, db,
			"SELECT min(span) FROM candle_spans WHERE series = ?",
			e) < 0)
			return -1;
		q_int(&q, id);
		if ((rc = q_number(&q, &span, e)) < 0)
			return -1;
		if (rc == 0 || span * SPAN_TILES >= before_tile)
			break;
		if ((rc = prune_span(db, id, span, before_tile, e)) < 0)
			return -1;
		n += rc;
		if ((span + 1) * SPAN_TILES > before_tile)
			break; /* the span where the kept bars begin */
	}
	return (int)n;
}

static int
prune_one(struct db *db, int64_t id, const char *symbol, interval_id interval,
    int64_t keep, int64_t batch, struct err *e)
{
	int64_t cutoff_ms, spans;
	struct query q;
	bool own;
	int rc;

	/* Most series are short or were pruned a moment ago: the directory
	 * alone says so, unless there are a span's worth of bars too many. */
	if (q_open(&q, db, "SELECT count(*) FROM candle_spans WHERE series = ?",
		e) < 0)
		return -1;
	q_int(&q, id);
	if (q_number(&q, &spans, e) < 0)
		return -1;
	if (spans * SPAN_TILES * TILE_BARS <= keep)
		return 0;
	if (find_cutoff(db, symbol, interval, keep, &cutoff_ms, e) < 0)
		return -1;
	if (cutoff_ms == 0)
		return 0;
	if (db_enter(db, false, &own, e) < 0)
		return -1;
	rc = prune_series(db, id, tile_of(interval, cutoff_ms), batch, e);
	return db_leave(db, own, rc, e);
}

int
candle_prune(struct db *db, int64_t keep, int64_t batch, struct err *e)
{
	char symbol[SYMBOL_TEXT_MAX];
	int64_t id;
	struct query q;
	int interval, rc;

	/* One series at a time, by number, with no statement left open: the
	 * deletes must not run on the snapshot of a reader. The next step
	 * goes on where this one ended. */
	for (;;) {
		if (q_open(&q, db,
			"SELECT id, symbol, interval FROM series "
			"WHERE id > ? ORDER BY id LIMIT 1",
			e) < 0)
			return -1;
		q_int(&q, db->pruned_series);
		if ((rc = q_step(&q, e)) <= 0) {
			q_close(&q);
			db->pruned_series = 0;
			return rc;
		}
		id = col_int(&q, 0);
		(void)snprintf(symbol, sizeof(symbol), "%s", col_text(&q, 1));
		interval = interval_stored(col_text(&q, 2), e);
		q_close(&q);
		if (interval < 0)
			return -1;
		rc = prune_one(
		    db, id, symbol, (interval_id)interval, keep, batch, e);
		if (rc < 0)
			return -1;
		if (rc < batch)
			db->pruned_series = id;
		if (rc > 0)
			return rc;
	}
}
