/*
 * series: the numbers that stand for (symbol, interval), and which stretches
 * of time each one has bars in.
 *
 * Writing a candle needs both, at a million candles a second, so both are
 * remembered in a table of bounded size that is emptied when it is full. What
 * is remembered can become untrue in two ways: a rollback takes back the rows
 * just made (series_forget), or another process removes a span (it counts
 * prune_epoch up, which is looked at once a transaction).
 */
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "db/sqlite/db.h"

#define CACHE_SLOTS 65536 /* a power of two */
#define CACHE_FULL  (CACHE_SLOTS / 2)

struct entry {
	char symbol[SYMBOL_TEXT_MAX];
	interval_id interval;
	int64_t id; /* 0: a free slot; SQLite numbers from 1 */
	int64_t span; /* the one entered last, -1: none */
};

struct series_cache {
	struct entry *v; /* CACHE_SLOTS */
	size_t n;
	int64_t epoch;
	bool epoch_known; /* for this transaction */
};

int
interval_stored(const char *name, struct err *e)
{
	int i = name != NULL ? interval_find(name, strlen(name)) : -1;

	if (i < 0)
		return err_set(e, "the store holds an unknown interval \"%s\"",
		    name != NULL ? name : "");
	return i;
}

static struct entry *
find(struct series_cache *c, const char *symbol, interval_id interval)
{
	uint64_t h = hash_text(HASH_BASIS ^ interval, symbol);
	size_t i;

	i = (h ^ (h >> 32)) % CACHE_SLOTS;
	while (c->v[i].id != 0 && (c->v[i].interval != interval ||
				      strcmp(c->v[i].symbol, symbol) != 0))
		i = (i + 1) % CACHE_SLOTS;
	return &c->v[i];
}

static void
forget(struct series_cache *c)
{
	if (c->n > 0)
		memset(c->v, 0, CACHE_SLOTS * sizeof(*c->v));
	c->n = 0;
}

void
series_forget(struct db *db)
{
	if (db->series != NULL)
		forget(db->series);
}

void
series_free(struct db *db)
{
	if (db->series != NULL)
		free(db->series->v);
	free(db->series);
	db->series = NULL;
}

static struct entry *
remember(struct db *db, const char *symbol, interval_id interval, int64_t id)
{
	struct series_cache *c = db->series;
	struct entry *s;

	if (c->n >= CACHE_FULL)
		forget(c);
	s = find(c, symbol, interval);
	if (s->id == 0)
		c->n++;
	memcpy(s->symbol, symbol, strlen(symbol) + 1);
	s->interval = interval;
	s->id = id;
	s->span = -1;
	return s;
}

static int
make_cache(struct db *db, struct err *e)
{
	if (db->series != NULL)
		return 0;
	db->series = calloc(1, sizeof(*db->series));
	if (db->series == NULL || (db->series->v = calloc(CACHE_SLOTS,
				       sizeof(struct entry))) == NULL) {
		series_free(db);
		return err_set(e, "out of memory");
	}
	return 0;
}

int
series_id(struct db *db, const char *symbol, interval_id interval, bool make,
    int64_t *id, struct err *e)
{
	struct entry *s;
	struct query q;
	int rc;

	if (make_cache(db, e) < 0)
		return -1;
	s = find(db->series, symbol, interval);
	if (s->id != 0) {
		*id = s->id;
		return 1;
	}
	if (strlen(symbol) > SYMBOL_LEN_MAX)
		return 0;
	if (q_open(&q, db,
		"SELECT id FROM series WHERE symbol = ? AND interval = ?",
		e) < 0)
		return -1;
	q_text(&q, symbol);
	q_text(&q, interval_name(interval));
	rc = q_number(&q, id, e);
	if (rc == 0 && make) {
		if (q_open(&q, db,
			"INSERT INTO series (symbol, interval) VALUES (?, ?)",
			e) < 0)
			return -1;
		q_text(&q, symbol);
		q_text(&q, interval_name(interval));
		if (q_run(&q, e) < 0)
			return -1;
		*id = sqlite3_last_insert_rowid(db->sql);
		rc = 1;
	}
	if (rc > 0)
		remember(db, symbol, interval, *id);
	return rc;
}

void
series_doubt(struct db *db)
{
	if (db->series != NULL)
		db->series->epoch_known = false;
}

/* Whether a span was removed since we last looked: then remember none. */
static int
check_epoch(struct db *db, struct err *e)
{
	struct series_cache *c = db->series;
	struct query q;
	int64_t epoch;

	if (q_open(&q, db, "SELECT n FROM counters WHERE name = 'prune_epoch'",
		e) < 0 ||
	    q_number(&q, &epoch, e) < 0)
		return -1;
	if (epoch != c->epoch)
		forget(c);
	c->epoch = epoch;
	c->epoch_known = true;
	return 0;
}

int
series_enter(struct db *db, const char *symbol, interval_id interval,
    int64_t span, int64_t *id, struct err *e)
{
	struct entry *s;
	struct query q;

	if (make_cache(db, e) < 0 ||
	    (!db->series->epoch_known && check_epoch(db, e) < 0))
		return -1;
	s = find(db->series, symbol, interval);
	if (s->id == 0) {
		if (series_id(db, symbol, interval, true, id, e) <= 0)
			return -1;
		s = find(db->series, symbol, interval);
	}
	*id = s->id;
	if (s->span == span)
		return 0;
	if (q_open(&q, db, "INSERT OR IGNORE INTO candle_spans VALUES (?, ?)",
		e) < 0)
		return -1;
	q_int(&q, s->id);
	q_int(&q, span);
	if (q_run(&q, e) < 0)
		return -1;
	s->span = span;
	return 0;
}
