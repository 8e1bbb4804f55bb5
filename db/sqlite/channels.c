/*
 * channels: named channels, and what is known of endpoints.
 */
#include "db/sqlite/db.h"

static int
put_channel(struct db *db, const struct store_channel *c, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"INSERT INTO channels VALUES (?, ?, ?, ?, ?) "
		"ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, "
		"config = excluded.config, updated_ms = excluded.updated_ms",
		e) < 0)
		return -1;
	q_text(&q, c->name);
	q_text(&q, c->kind);
	q_text(&q, c->config);
	q_int(&q, c->created_ms);
	q_int(&q, c->updated_ms);
	return q_run(&q, e);
}

int
sqlite_channel_put(
    struct store *st, const struct store_channel *c, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	return db_leave(db, own, put_channel(db, c, e), e);
}

/* Give the rows of an open query; their number, or -1. */
static int
give_channels(struct query *q, store_channel_fn *fn, void *arg, struct err *e)
{
	struct store_channel c;
	int rc, n = 0;

	while ((rc = q_step(q, e)) > 0) {
		c.name = col_text(q, 0);
		c.kind = col_text(q, 1);
		c.config = col_text(q, 2);
		c.created_ms = col_int(q, 3);
		c.updated_ms = col_int(q, 4);
		n++;
		if ((rc = db_answer(fn(arg, &c, e), e)) != 0)
			break;
	}
	q_close(q);
	return rc < 0 ? -1 : n;
}

int
sqlite_channel_get(struct store *st, const char *name, store_channel_fn *fn,
    void *arg, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st),
		"SELECT name, kind, config, created_ms, updated_ms "
		"FROM channels WHERE name = ?",
		e) < 0)
		return -1;
	q_text(&q, name);
	return give_channels(&q, fn, arg, e);
}

int
sqlite_channel_list(struct store *st, const char *after, store_channel_fn *fn,
    void *arg, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st),
		"SELECT name, kind, config, created_ms, updated_ms "
		"FROM channels WHERE name > ? ORDER BY name",
		e) < 0)
		return -1;
	/* No name is empty. */
	q_text(&q, after != NULL ? after : "");
	return give_channels(&q, fn, arg, e) < 0 ? -1 : 0;
}

/* Delete by the one text that the statement takes: 1, 0 or -1. */
static int
delete_one(struct store *st, const char *sql, const char *key, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;
	int rc;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	if (q_open(&q, db, sql, e) < 0)
		return db_leave(db, own, -1, e);
	q_text(&q, key);
	rc = q_run(&q, e) < 0 ? -1 : sqlite3_changes(db->sql) > 0;
	return db_leave(db, own, rc, e);
}

int
sqlite_channel_delete(struct store *st, const char *name, struct err *e)
{
	return delete_one(st, "DELETE FROM channels WHERE name = ?", name, e);
}

int
sqlite_channel_seq(struct store *st, int64_t *seq, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st),
		"SELECT n FROM counters WHERE name = 'channel_seq'", e) < 0)
		return -1;
	return q_number(&q, seq, e) < 0 ? -1 : 0;
}

/* ---- endpoints ----------------------------------------------------------- */

static int
put_endpoint(struct db *db, const struct store_endpoint *p, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"INSERT OR REPLACE INTO endpoints "
		"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
		e) < 0)
		return -1;
	q_text(&q, p->key);
	q_text(&q, p->channel);
	q_int(&q, p->failures);
	q_int(&q, p->trips);
	q_int(&q, p->failing_since_ms);
	q_int(&q, p->open_until_ms);
	q_int(&q, p->blocked_until_ms);
	q_int(&q, p->disabled_ms);
	q_text(&q, p->reason);
	q_int(&q, p->updated_ms);
	return q_run(&q, e);
}

int
sqlite_endpoint_put(
    struct store *st, const struct store_endpoint *p, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	return db_leave(db, own, put_endpoint(db, p, e), e);
}

int
sqlite_endpoint_delete(struct store *st, const char *key, struct err *e)
{
	return delete_one(st, "DELETE FROM endpoints WHERE key = ?", key, e);
}

int
sqlite_endpoint_list(struct store *st, const char *key, store_endpoint_fn *fn,
    void *arg, struct err *e)
{
	struct store_endpoint p;
	struct query q;
	int rc;

	if (q_open(&q, db_of(st),
		"SELECT key, channel, failures, trips, failing_since_ms, "
		"open_until_ms, blocked_until_ms, disabled_ms, reason, "
		"updated_ms FROM endpoints WHERE key BETWEEN ? AND ? "
		"ORDER BY key",
		e) < 0)
		return -1;
	/* "~" is above whatever a key holds. */
	q_text(&q, key != NULL ? key : "");
	q_text(&q, key != NULL ? key : "~");
	while ((rc = q_step(&q, e)) > 0) {
		p.key = col_text(&q, 0);
		p.channel = col_text(&q, 1);
		p.failures = col_int(&q, 2);
		p.trips = col_int(&q, 3);
		p.failing_since_ms = col_int(&q, 4);
		p.open_until_ms = col_int(&q, 5);
		p.blocked_until_ms = col_int(&q, 6);
		p.disabled_ms = col_int(&q, 7);
		p.reason = col_text(&q, 8);
		p.updated_ms = col_int(&q, 9);
		if ((rc = db_answer(fn(arg, &p, e), e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}
