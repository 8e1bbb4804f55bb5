/*
 * keys: what opens the HTTP API. Only hashes are kept.
 */
#include <string.h>

#include "db/sqlite/db.h"

static int
put(struct db *db, const struct store_key *k, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"INSERT INTO api_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
		"ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
		"hash = excluded.hash, rate_per_min = excluded.rate_per_min, "
		"admin = excluded.admin, last_used_ms = excluded.last_used_ms, "
		"revoked_ms = excluded.revoked_ms",
		e) < 0)
		return -1;
	q_text(&q, k->id);
	q_text(&q, k->name);
	q_blob(&q, k->hash, sizeof(k->hash));
	q_int(&q, k->rate_per_min);
	q_int(&q, k->admin);
	q_int(&q, k->created_ms);
	q_int(&q, k->last_used_ms);
	q_int(&q, k->revoked_ms);
	return q_run(&q, e);
}

int
sqlite_key_put(struct store *st, const struct store_key *k, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	return db_leave(db, own, put(db, k, e), e);
}

static int
read_key(const struct query *q, struct store_key *k, struct err *e)
{
	k->id = col_text(q, 0);
	k->name = col_text(q, 1);
	if (sqlite3_column_bytes(q->stmt, 2) != sizeof(k->hash))
		return err_set(e, "the store holds a damaged key %s", k->id);
	memcpy(k->hash, sqlite3_column_blob(q->stmt, 2), sizeof(k->hash));
	k->rate_per_min = col_int(q, 3);
	k->admin = col_int(q, 4) != 0;
	k->created_ms = col_int(q, 5);
	k->last_used_ms = col_int(q, 6);
	k->revoked_ms = col_int(q, 7);
	return 0;
}

int
sqlite_key_list(struct store *st,
    int (*fn)(void *arg, const struct store_key *k), void *arg, struct err *e)
{
	struct store_key k;
	struct query q;
	int rc;

	if (q_open(&q, db_of(st),
		"SELECT id, name, hash, rate_per_min, admin, created_ms, "
		"last_used_ms, revoked_ms FROM api_keys ORDER BY id",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0)
		if ((rc = read_key(&q, &k, e)) < 0 ||
		    (rc = db_answer(fn(arg, &k), e)) != 0)
			break;
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

int
sqlite_key_revoke(
    struct store *st, const char *id, int64_t now_ms, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;
	int rc;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"UPDATE api_keys SET revoked_ms = ? "
		"WHERE id = ? AND revoked_ms = 0",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_int(&q, now_ms);
	q_text(&q, id);
	rc = q_run(&q, e) < 0 ? -1 : sqlite3_changes(db->sql) > 0;
	return db_leave(db, own, rc, e);
}

int
sqlite_key_used(
    struct store *st, const char *id, int64_t time_ms, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	if (q_open(&q, db, "UPDATE api_keys SET last_used_ms = ? WHERE id = ?",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_int(&q, time_ms);
	q_text(&q, id);
	return db_leave(db, own, q_run(&q, e), e);
}
