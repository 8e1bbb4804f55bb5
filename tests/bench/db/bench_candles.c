/*
 * Candles: which order of the key, and what the store costs over a bare loop.
 *
 * Written as they come live (all series of one minute, then the next), in
 * batches of BATCH with synchronous=FULL; written as a backfill (one series
 * after the other) into a table that holds the other half; read back: the
 * newest 500 bars of one series. "tile N" is N bars of time before the series,
 * 1 is the key (t, series), "all" is (series, t).
 */
#include <inttypes.h>

#include "db/store.h"
#include "tests/bench/db/raw.h"

#define SERIES	1000
#define MINUTES 600
#define BATCH	1000
#define STEP_MS INT64_C(60000)
#define START	(INT64_C(1788936000000) / STEP_MS)
#define TAIL	500

static const int tiles[] = {1, 4, 8, 16, 32, 1000000000};

static struct candle
candle_of(int series, int minute)
{
	struct candle c;

	memset(&c, 0, sizeof(c));
	c.open_ms = (START + minute) * STEP_MS;
	c.close_ms = c.open_ms + STEP_MS - 1;
	c.recv_ms = c.close_ms + 300;
	c.trades = 89;
	c.open = c.close = (struct decimal){791390 + minute, 1};
	c.high = (struct decimal){791390 + minute + series, 1};
	c.low = (struct decimal){791100, 1};
	c.volume = (struct decimal){7713900 + series, 5};
	c.state = CANDLE_CLOSED;
	c.interval = 0;
	c.symbol_len =
	    (uint8_t)snprintf(c.symbol, sizeof(c.symbol), "COIN%d", series);
	return c;
}

static sqlite3_stmt *
make_table(sqlite3 *db)
{
	raw_exec(db,
	    "CREATE TABLE candles (tile INTEGER NOT NULL, series INTEGER NOT "
	    "NULL, t INTEGER NOT NULL, o INTEGER NOT NULL, o_scale INTEGER "
	    "NOT NULL, c INTEGER NOT NULL, c_scale INTEGER NOT NULL, h INTEGER "
	    "NOT NULL, h_scale INTEGER NOT NULL, l INTEGER NOT NULL, l_scale "
	    "INTEGER NOT NULL, v INTEGER NOT NULL, v_scale INTEGER NOT NULL, "
	    "trades INTEGER, recv_ms INTEGER, PRIMARY KEY (tile, series, t)) "
	    "STRICT, WITHOUT ROWID");
	return raw_prepare(db, "INSERT OR REPLACE INTO candles VALUES "
			       "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
}

static void
raw_put(sqlite3_stmt *s, int tile, int series, const struct candle *c)
{
	const struct decimal d[] = {
	    c->open, c->close, c->high, c->low, c->volume};
	int i, at = 1;

	sqlite3_bind_int64(s, at++, c->open_ms / (STEP_MS * tile));
	sqlite3_bind_int64(s, at++, series);
	sqlite3_bind_int64(s, at++, c->open_ms);
	for (i = 0; i < 5; i++) {
		sqlite3_bind_int64(s, at++, d[i].mant);
		sqlite3_bind_int64(s, at++, d[i].scale);
	}
	sqlite3_bind_int64(s, at++, c->trades);
	sqlite3_bind_int64(s, at++, c->recv_ms);
	raw_step(s);
}

/* Rows a second of the minutes given: series by series, or minute by
 * minute. */
static double
raw_write(
    sqlite3 *db, sqlite3_stmt *s, int tile, int from, int to, bool by_series)
{
	int outer = by_series ? SERIES : to - from, i, j, n = 0;
	int inner = by_series ? to - from : SERIES;
	int64_t start = clock_mono_us();

	for (i = 0; i < outer; i++) {
		for (j = 0; j < inner; j++) {
			int series = by_series ? i : j;
			struct candle c =
			    candle_of(series, from + (by_series ? j : i));

			if (n % BATCH == 0)
				raw_exec(db, "BEGIN IMMEDIATE");
			raw_put(s, tile, series, &c);
			if (++n % BATCH == 0)
				raw_exec(db, "COMMIT");
		}
	}
	return n * 1e6 / (double)(clock_mono_us() - start);
}

/* Milliseconds to read the newest bars of one series, by the tiles. */
static double
raw_read(sqlite3 *db, int tile)
{
	sqlite3_stmt *s = raw_prepare(db,
	    "SELECT t, c FROM candles WHERE tile = ? AND series = ? "
	    "ORDER BY t DESC");
	int64_t start = clock_mono_us(), t;
	int rounds = 50, i, n;

	for (i = 0; i < rounds; i++) {
		t = (START + MINUTES - 1) / tile;
		for (n = 0; n < TAIL; t--) {
			sqlite3_bind_int64(s, 1, t);
			sqlite3_bind_int64(s, 2, i * 17 % SERIES);
			while (n < TAIL && sqlite3_step(s) == SQLITE_ROW)
				n++;
			(void)sqlite3_reset(s);
		}
	}
	(void)sqlite3_finalize(s);
	return (double)(clock_mono_us() - start) / 1e3 / rounds;
}

static double
key_order(const char *path, int tile)
{
	double live, backfill;
	sqlite3 *db = raw_open(path);
	sqlite3_stmt *s = make_table(db);
	char name[16];

	live = raw_write(db, s, tile, MINUTES / 2, MINUTES, false);
	backfill = raw_write(db, s, tile, 0, MINUTES / 2, true);
	(void)snprintf(name, sizeof(name), tile < 1000000 ? "%d" : "all", tile);
	printf("tile %-4s live %7.0f rows/s  backfill %7.0f rows/s  "
	       "newest %d of one series %6.3f ms\n",
	    name, live, backfill, TAIL, raw_read(db, tile));
	(void)sqlite3_finalize(s);
	MUST(sqlite3_close(db));
	raw_remove(path);
	return live;
}

static void
must(int rc, const struct err *e)
{
	if (rc < 0) {
		fprintf(stderr, "%s\n", e->msg);
		exit(1);
	}
}

static double
store_write(struct store *st, int from, int to, bool by_series)
{
	int outer = by_series ? SERIES : to - from, i, j, n = 0;
	int inner = by_series ? to - from : SERIES;
	int64_t start = clock_mono_us();
	struct err e;

	for (i = 0; i < outer; i++) {
		for (j = 0; j < inner; j++) {
			struct candle c = candle_of(
			    by_series ? i : j, from + (by_series ? j : i));

			if (n % BATCH == 0)
				must(store_begin(st, true, &e), &e);
			must(store_candle_put(st, &c, &e), &e);
			if (++n % BATCH == 0)
				must(store_commit(st, &e), &e);
		}
	}
	return n * 1e6 / (double)(clock_mono_us() - start);
}

static int
count(void *arg, const struct candle *c, struct err *e)
{
	int64_t *n = arg;

	(void)c;
	(void)e;
	++*n;
	return 0;
}

static double
store_read(struct store *st)
{
	int64_t start = clock_mono_us(), n = 0;
	int i, rounds = 50;
	char symbol[16];
	struct err e;

	for (i = 0; i < rounds; i++) {
		(void)snprintf(
		    symbol, sizeof(symbol), "COIN%d", i * 17 % SERIES);
		must(store_candle_tail(st, symbol, 0, TAIL, count, &n, &e), &e);
	}
	if (n != (int64_t)rounds * TAIL)
		exit(1);
	return (double)(clock_mono_us() - start) / 1e3 / rounds;
}

int
main(void)
{
	char dir[512], path[560];
	double bare = 0, live, backfill;
	struct store *st;
	struct err e;
	size_t i;

	raw_directory(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	printf("%d series, %d bars each, batches of %d, synchronous=FULL\n",
	    SERIES, MINUTES, BATCH);
	for (i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		double rate = key_order(path, tiles[i]);

		if (tiles[i] == 1)
			bare = rate;
	}
	must(store_open(&st, path, STORE_CREATE, &e), &e);
	live = store_write(st, MINUTES / 2, MINUTES, false);
	backfill = store_write(st, 0, MINUTES / 2, true);
	printf("store     live %7.0f rows/s  backfill %7.0f rows/s  "
	       "newest %d of one series %6.3f ms\n",
	    live, backfill, TAIL, store_read(st));
	printf("store / bare loop with key (t, series), live: %.2f\n",
	    live / bare);
	store_close(st);
	raw_remove(path);
	(void)rmdir(dir);
	return 0;
}
