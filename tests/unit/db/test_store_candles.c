/*
 * Candles: kept as written, once each, read in every way, and pruned.
 */
#include "tests/unit/db/lib.h"

static void
is_candle(struct store *st, const struct candle *c, const char *what)
{
	struct store_candle_filter f = {.symbol = c->symbol,
	    .interval = c->interval,
	    .from_ms = c->open_ms,
	    .to_ms = c->open_ms};
	struct seen s = {0};
	struct buf b;
	struct err e;

	must(store_candle_list(st, &f, see_candle, &s, &e), &e);
	buf_init(&b, CANDLE_TEXT_MAX);
	(void)candle_print(c, &b);
	is_int(s.n, 1, "one bar at its time");
	is_str(s.text, b.p, what);
	buf_release(&b);
}

static void
as_written(struct store *st)
{
	struct candle c = make_candle("kPEPE", 0, 0);
	struct err e;

	must(store_candle_put(st, &c, &e), &e);
	is_candle(st, &c, "a bar comes back digit for digit");
	c.trades = -1;
	c.recv_ms = c.close_ms + 7;
	c.volume = (struct decimal){DECIMAL_MANT_MAX, 18};
	c.high = (struct decimal){DECIMAL_MANT_MAX, 0};
	must(store_candle_put(st, &c, &e), &e);
	is_candle(st, &c, "put again it is replaced");
	must(candle_volume_parse(&c, "2115733633.6778900623", 21), NULL);
	must(store_candle_put(st, &c, &e), &e);
	is_candle(st, &c, "a volume of twenty digits, too");
	must(candle_volume_parse(&c, "0", 1), NULL);
	c.interval = INTERVAL_COUNT - 1;
	c.open_ms = 0;
	c.close_ms = interval_step(c.interval) - 1;
	must(store_candle_put(st, &c, &e), &e);
	is_candle(st, &c, "the first bar there ever was");
	c.interval = 0;
	c.open_ms = interval_open(0, INT64_C(253402300799999));
	c.close_ms = c.open_ms + MINUTE_MS - 1;
	must(store_candle_put(st, &c, &e), &e);
	is_candle(st, &c, "the last bar there will be");
	c.symbol[0] = '\0';
	is_int(store_candle_put(st, &c, &e), -1, "no bar without a symbol");
}

/* A series with a hole: bars 0..299 and 40000..40099. */
static bool
has(int64_t bar)
{
	return (bar >= 0 && bar < 300) || (bar >= 40000 && bar < 40100);
}

static void
fill(struct store *st)
{
	struct candle c;
	struct err e;
	int64_t i;

	must(store_begin(st, false, &e), &e);
	for (i = 40099; i >= 0; i--) {
		if (!has(i))
			continue;
		c = make_candle("HOLE", 0, i);
		must(store_candle_put(st, &c, &e), &e);
		/* Neighbours in the same tiles. */
		c = make_candle("OTHER", 0, i);
		must(store_candle_put(st, &c, &e), &e);
		c = make_candle("HOLE", 1, i);
		must(store_candle_put(st, &c, &e), &e);
	}
	must(store_commit(st, &e), &e);
}

/* What a list should give, by asking every bar. */
static void
want(const struct store_candle_filter *f, struct seen *s)
{
	int64_t i, n = 0, step = f->ascending ? 1 : -1;

	for (i = f->ascending ? 0 : 40099; i >= 0 && i < 40100; i += step) {
		int64_t t = BASE_MS + i * MINUTE_MS;

		if (!has(i) || t < f->from_ms || t > f->to_ms ||
		    n++ < f->offset || (f->limit > 0 && s->n >= f->limit))
			continue;
		(void)seen_add(s, &s->last, t);
	}
}

static void
lists(struct store *st)
{
	static const struct {
		int64_t from, to, limit, offset;
	} cases[] = {
	    {-1, 50000, 0, 0},
	    {-1, 50000, 10, 0},
	    {-1, 50000, 10, 95},
	    {-1, 50000, 10, 395},
	    {-1, 50000, 10, 400},
	    {290, 40010, 0, 0},
	    {290, 40010, 5, 8},
	    {299, 299, 0, 0},
	    {300, 39999, 0, 0},
	    {17, 16, 0, 0},
	    {15, 17, 0, 0},
	};
	size_t i;
	int up;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (up = 0; up < 2; up++) {
			struct store_candle_filter f = {.symbol = "HOLE",
			    .from_ms = BASE_MS + cases[i].from * MINUTE_MS,
			    .to_ms = BASE_MS + cases[i].to * MINUTE_MS,
			    .ascending = up,
			    .limit = cases[i].limit,
			    .offset = cases[i].offset};
			struct seen got = {0}, good = {0};
			int64_t n;
			struct err e;

			must(store_candle_list(st, &f, see_candle, &got, &e),
			    &e);
			want(&f, &good);
			ok(got.n == good.n && memcmp(got.numbers, good.numbers,
						  sizeof(got.numbers)) == 0,
			    "list %zu %s: %d bars", i, up ? "up" : "down",
			    got.n);
			f.limit = f.offset = 0;
			memset(&good, 0, sizeof(good));
			want(&f, &good);
			must(store_candle_count(st, &f, &n, &e), &e);
			is_int(n, good.n, "and their count");
		}
	}
}

static void
tails(struct store *st)
{
	static const int64_t sizes[] = {
	    1, 15, 16, 17, 99, 100, 101, 399, 400, 401, INT64_MAX};
	struct seen s;
	struct err e;
	int64_t t;
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		int64_t n = sizes[i] < 400 ? sizes[i] : 400;
		int64_t first = n <= 100 ? 40100 - n : 400 - n;

		memset(&s, 0, sizeof(s));
		must(store_candle_tail(
			 st, "HOLE", 0, sizes[i], see_candle, &s, &e),
		    &e);
		ok(s.n == n && s.numbers[0] == BASE_MS + first * MINUTE_MS,
		    "the newest %" PRId64 ", oldest first", sizes[i]);
	}
	is_int(store_candle_last(st, "HOLE", 0, &t, &e), 1, "a last bar");
	is_int(t, BASE_MS + 40099 * MINUTE_MS, "is the newest");
	is_int(store_candle_last(st, "HOLE", 5, &t, &e), 0,
	    "none of an interval that never came");
	memset(&s, 0, sizeof(s));
	s.stop_at = 3;
	must(store_candle_tail(st, "HOLE", 0, 50, see_candle, &s, &e), &e);
	is_int(s.n, 3, "a callback can end it");
	memset(&s, 0, sizeof(s));
	must(store_candle_tail(st, "NONE", 0, 50, see_candle, &s, &e), &e);
	is_int(s.n, 0, "an unknown series has none");
}

static int
see_series(void *arg, const char *symbol, interval_id interval, int64_t last)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s:%s ", symbol,
	    interval_name(interval));
	return seen_add(s, &s->last, last);
}

static void
series(struct store *st)
{
	struct seen s = {0};
	struct err e;

	must(store_candle_series(st, see_series, &s, &e), &e);
	is_str(s.text, "HOLE:1m HOLE:3m OTHER:1m kPEPE:1M kPEPE:1m ",
	    "every series is named");
	is_int(s.numbers[0], BASE_MS + 40099 * MINUTE_MS, "with its last bar");
}

static int64_t
count_of(struct store *st, const char *symbol, interval_id interval)
{
	struct store_candle_filter f = {
	    .symbol = symbol, .interval = interval, .to_ms = INT64_MAX};
	struct err e;
	int64_t n;

	must(store_candle_count(st, &f, &n, &e), &e);
	return n;
}

static void
prune(struct store *st, const struct scratch *sc)
{
	struct store_prune p = {.keep_candles = 150, .batch = 100};
	struct store *other = open_scratch(sc);
	struct candle c = make_candle("HOLE", 0, 40100), old;
	struct seen s = {0};
	int64_t n = 0, most = 0, left;
	struct err e;
	int rc;

	/* The other remembers which spans it has entered. */
	old = make_candle("HOLE", 0, 5);
	must(store_candle_put(other, &old, &e), &e);
	while ((rc = must(store_prune_step(st, &p, &e), &e)) > 0) {
		n += rc;
		most = rc > most ? rc : most;
	}
	left = count_of(st, "HOLE", 0);
	ok(left >= 150 && left < 166, "%" PRId64 " bars are left", left);
	is_int(n,
	    1200 - left - count_of(st, "OTHER", 0) - count_of(st, "HOLE", 1),
	    "every deleted bar was counted");
	ok(most < 100 + 1024, "no step was long: %" PRId64 " bars", most);
	is_int(store_prune_step(st, &p, &e), 0, "and then it is done");
	must(store_candle_tail(st, "HOLE", 0, 1, see_candle, &s, &e), &e);
	is_int(s.numbers[0], BASE_MS + 40099 * MINUTE_MS, "the newest stays");
	must(store_candle_put(other, &c, &e), &e);
	must(store_candle_put(other, &old, &e), &e);
	is_candle(
	    st, &old, "a bar put back by one who remembered its span is found");
	store_close(other);
	p.keep_candles = 0;
	is_int(store_prune_step(st, &p, &e), 0, "keep 0 keeps all");
}

/* More series than are remembered at a time. */
static void
many_series(struct store *st)
{
	struct candle c;
	struct err e;
	char symbol[16];
	int i, found = 0;
	int64_t t;

	must(store_begin(st, false, &e), &e);
	for (i = 0; i < 40000; i++) {
		(void)snprintf(symbol, sizeof(symbol), "S%d", i);
		c = make_candle(symbol, 0, 0);
		must(store_candle_put(st, &c, &e), &e);
	}
	store_rollback(st);
	is_int(store_candle_last(st, "S1", 0, &t, &e), 0,
	    "what was rolled back is gone");
	must(store_begin(st, false, &e), &e);
	for (i = 0; i < 40000; i++) {
		(void)snprintf(symbol, sizeof(symbol), "S%d", i);
		c = make_candle(symbol, 0, 0);
		must(store_candle_put(st, &c, &e), &e);
	}
	must(store_commit(st, &e), &e);
	for (i = 0; i < 40000; i += 97) {
		(void)snprintf(symbol, sizeof(symbol), "S%d", i);
		found += must(store_candle_last(st, symbol, 0, &t, &e), &e);
	}
	is_int(found, (40000 + 96) / 97, "40,000 series are all found again");
}

int
main(void)
{
	struct scratch s;
	struct store *st;

	scratch_make(&s);
	st = open_scratch(&s);
	as_written(st);
	fill(st);
	lists(st);
	tails(st);
	series(st);
	prune(st, &s);
	many_series(st);
	is_whole(st, "the database is whole");
	store_close(st);
	scratch_remove(&s);
	return tap_done();
}
