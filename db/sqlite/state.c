/*
 * state: the engine's blobs, by rule and symbol and by series.
 */
#include "db/sqlite/db.h"

static int
state_put(struct db *db, const struct uuid *rule_id, const char *symbol,
    const void *blob, size_t n, struct err *e)
{
	struct query q;
	int rc;

	if (n == 0) {
		if (q_open(&q, db,
			"DELETE FROM rule_state "
			"WHERE rule_id = ? AND symbol = ?",
			e) < 0)
			return -1;
		q_uuid(&q, rule_id);
		q_text(&q, symbol);
		return q_run(&q, e);
	}
	/* For a rule that was deleted meanwhile there is nothing to keep. */
	if ((rc = rule_exists(db, rule_id, e)) <= 0)
		return rc;
	if (q_open(&q, db,
		"INSERT OR REPLACE INTO rule_state (rule_id, symbol, state) "
		"VALUES (?, ?, ?)",
		e) < 0)
		return -1;
	q_uuid(&q, rule_id);
	q_text(&q, symbol);
	q_blob(&q, blob, n);
	return q_run(&q, e);
}

int
sqlite_state_put(struct store *st, const struct uuid *rule_id,
    const char *symbol, const void *blob, size_t n, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	return db_leave(db, own, state_put(db, rule_id, symbol, blob, n, e), e);
}

int
sqlite_state_list(struct store *st,
    int (*fn)(void *arg, const struct uuid *rule_id, const char *symbol,
	const void *blob, size_t n),
    void *arg, struct err *e)
{
	struct uuid id;
	struct query q;
	int rc;

	if (q_open(&q, db_of(st),
		"SELECT rule_id, symbol, state FROM rule_state", e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0) {
		id = col_uuid(&q, 0);
		if ((rc = db_answer(
			 fn(arg, &id, col_text(&q, 1),
			     sqlite3_column_blob(q.stmt, 2),
			     (size_t)sqlite3_column_bytes(q.stmt, 2)),
			 e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

static int
series_put(struct db *db, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e)
{
	struct query q;
	int64_t id;
	int rc;

	if ((rc = series_id(db, symbol, interval, n > 0, &id, e)) <= 0)
		return rc;
	if (q_open(&q, db,
		n > 0 ? "INSERT OR REPLACE INTO series_state VALUES (?, ?)"
		      : "DELETE FROM series_state WHERE series = ?",
		e) < 0)
		return -1;
	q_int(&q, id);
	if (n > 0)
		q_blob(&q, blob, n);
	return q_run(&q, e);
}

int
sqlite_series_put(struct store *st, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	return db_leave(
	    db, own, series_put(db, symbol, interval, blob, n, e), e);
}

int
sqlite_series_list(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n),
    void *arg, struct err *e)
{
	struct query q;
	int interval, rc;

	if (q_open(&q, db_of(st),
		"SELECT s.symbol, s.interval, t.state FROM series_state t "
		"CROSS JOIN series s ON s.id = t.series",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0) {
		if ((interval = interval_stored(col_text(&q, 1), e)) < 0) {
			rc = -1;
			break;
		}
		if ((rc = db_answer(
			 fn(arg, col_text(&q, 0), (interval_id)interval,
			     sqlite3_column_blob(q.stmt, 2),
			     (size_t)sqlite3_column_bytes(q.stmt, 2)),
			 e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}
