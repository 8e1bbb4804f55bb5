/*
 * components: the last heartbeat of each tool.
 */
#include "db/sqlite/db.h"

int
sqlite_component_put(struct store *st, const char *name, const char *instance,
    int64_t time_ms, const char *counters, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"INSERT OR REPLACE INTO components VALUES (?, ?, ?, ?)", e) < 0)
		return db_leave(db, own, -1, e);
	q_text(&q, name);
	q_text(&q, instance);
	q_int(&q, time_ms);
	q_text(&q, counters);
	return db_leave(db, own, q_run(&q, e), e);
}

int
sqlite_component_list(struct store *st,
    int (*fn)(void *arg, const char *name, const char *instance,
	int64_t time_ms, const char *counters),
    void *arg, struct err *e)
{
	struct query q;
	int rc;

	if (q_open(&q, db_of(st),
		"SELECT name, instance, time_ms, counters FROM components "
		"ORDER BY name, instance",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0)
		if ((rc = db_answer(fn(arg, col_text(&q, 0), col_text(&q, 1),
					col_int(&q, 2), col_text(&q, 3)),
			 e)) != 0)
			break;
	q_close(&q);
	return rc < 0 ? -1 : 0;
}
