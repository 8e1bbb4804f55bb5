/*
 * prune: retention, in steps short enough to disturb nobody.
 */
#include "common/clock.h"
#include "db/sqlite/db.h"

#define BATCH_DEFAULT 1000
/* Who follows changes asks every second; a week is ample. */
#define TOMBSTONE_MS (INT64_C(7) * 24 * 3600 * 1000)

/* Run a DELETE whose parameters are a time and a number of rows. */
static int
delete_some(struct db *db, const char *sql, int64_t before_ms, int64_t batch,
    struct err *e)
{
	struct query q;
	bool own;
	int rc;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db, sql, e) < 0)
		return db_leave(db, own, -1, e);
	q_int(&q, before_ms);
	q_int(&q, batch);
	rc = q_run(&q, e) < 0 ? -1 : sqlite3_changes(db->sql);
	return db_leave(db, own, rc, e);
}

/* Settled alerts (any status but pending), the oldest first, with their
 * deliveries (trigger alerts_delete) and attempts (ON DELETE CASCADE). */
static int
prune_alerts(struct db *db, int64_t before_ms, int64_t batch, struct err *e)
{
	return delete_some(db,
	    "DELETE FROM alerts WHERE seq IN (SELECT seq FROM alerts "
	    "INDEXED BY alerts_by_time WHERE triggered_ms < ? "
	    "AND status <> 0 ORDER BY triggered_ms LIMIT ?)",
	    before_ms, batch, e);
}

static int
prune_tombstones(struct db *db, int64_t batch, struct err *e)
{
	return delete_some(db,
	    "DELETE FROM rule_tombstones WHERE seq IN (SELECT seq "
	    "FROM rule_tombstones WHERE deleted_ms < ? ORDER BY deleted_ms "
	    "LIMIT ?)",
	    clock_now_ms() - TOMBSTONE_MS, batch, e);
}

int
sqlite_prune_step(struct store *st, const struct store_prune *p, struct err *e)
{
	struct db *db = db_of(st);
	int64_t batch = p->batch > 0 ? p->batch : BATCH_DEFAULT;
	int rc = 0;

	if (p->alerts_before_ms > 0)
		rc = prune_alerts(db, p->alerts_before_ms, batch, e);
	if (rc == 0)
		rc = prune_tombstones(db, batch, e);
	if (rc == 0 && p->keep_candles > 0)
		rc = candle_prune(db, p->keep_candles, batch, e);
	return rc;
}
