#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite/db.h"

/* ---- failures ------------------------------------------------------------ */

int
db_fail_at(sqlite3 *sql, const char *path, int rc, struct err *e)
{
	int system = sql != NULL ? sqlite3_system_errno(sql) : 0;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return err_set(
		    e, "%s: another program is writing the database", path);
	case SQLITE_FULL:
		return err_set(
		    e, "%s: no space left on the disk of the database", path);
	case SQLITE_READONLY:
		return err_set(e, "%s: the database cannot be written", path);
	case SQLITE_CORRUPT:
		return err_set(e,
		    "%s: the database is damaged (%s): "
		    "look with \"pulse-ctl db check\", restore a backup",
		    path, sqlite3_errstr(rc));
	case SQLITE_NOTADB:
		return err_set(e, "%s: this is no SQLite database", path);
	case SQLITE_NOMEM:
		return err_set(e, "%s: out of memory", path);
	case SQLITE_IOERR:
		if (system == ENOSPC || system == EDQUOT)
			return err_set(e,
			    "%s: no space left on the disk of the database",
			    path);
		return err_set(e, "%s: cannot read or write the database: %s",
		    path, system != 0 ? strerror(system) : sqlite3_errstr(rc));
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return err_set(e, "%s: cannot open the database: %s", path,
		    system != 0 ? strerror(system) : sqlite3_errstr(rc));
	default:
		return err_set(e, "%s: %s", path,
		    sql != NULL ? sqlite3_errmsg(sql) : sqlite3_errstr(rc));
	}
}

int
db_fail(struct db *db, struct err *e)
{
	int rc = sqlite3_extended_errcode(db->sql);

	db->store.busy = (rc & 0xff) == SQLITE_BUSY;
	db->store.overran = (rc & 0xff) == SQLITE_INTERRUPT;
	if (db->store.overran)
		return err_set(e, "%s: this takes too long", db->path);
	if (db->store.busy && db->wait_ms > 0)
		return err_set(e,
		    "%s: another program kept the database locked for %lld ms",
		    db->path, (long long)db->wait_ms);
	return db_fail_at(db->sql, db->path, rc, e);
}

int
db_answer(int answer, struct err *e)
{
	if (answer >= 0)
		return answer > 0;
	if (e != NULL && e->msg[0] == '\0')
		return err_set(e, "the list was given up by its reader");
	return -1;
}

/* ---- statements ---------------------------------------------------------- */

/* The slot of a text: its own, or the free one where it belongs. */
static size_t
slot_of(const struct db *db, const char *text)
{
	size_t i = (size_t)(((uintptr_t)text * UINT64_C(0x9e3779b97f4a7c15)) >>
			    (64 - 10));

	while (db->stmts[i].text != NULL && db->stmts[i].text != text)
		i = (i + 1) % DB_STMT_SLOTS;
	return i;
}

int
q_open_once(struct query *q, struct db *db, const char *sql, struct err *e)
{
	*q = (struct query){.db = db, .slot = DB_STMT_SLOTS};
	if (sqlite3_prepare_v2(db->sql, sql, -1, &q->stmt, NULL) != SQLITE_OK)
		return db_fail(db, e);
	return 0;
}

int
q_open(struct query *q, struct db *db, const char *sql, struct err *e)
{
	size_t i = slot_of(db, sql);

	*q = (struct query){.db = db, .slot = i};
	if (db->stmts[i].text != NULL && !db->stmts[i].busy) {
		q->stmt = db->stmts[i].stmt;
		db->stmts[i].busy = true;
		return 0;
	}
	/* One that runs already, or no room: a statement for this time. */
	if (db->stmts[i].text != NULL || db->nstmts >= DB_STMT_SLOTS / 2)
		return q_open_once(q, db, sql, e);
	if (sqlite3_prepare_v3(db->sql, sql, -1, SQLITE_PREPARE_PERSISTENT,
		&q->stmt, NULL) != SQLITE_OK)
		return db_fail(db, e);
	db->stmts[i].text = sql;
	db->stmts[i].stmt = q->stmt;
	db->stmts[i].busy = true;
	db->nstmts++;
	return 0;
}

const char *
db_text(struct db *db, const struct buf *b, struct err *e)
{
	size_t i;
	char **texts, *text;

	if (buf_failed(b)) {
		(void)err_set(e, "out of memory for a statement");
		return NULL;
	}
	for (i = 0; i < db->ntexts; i++)
		if (strcmp(db->texts[i], b->p) == 0)
			return db->texts[i];
	texts = realloc(db->texts, (db->ntexts + 1) * sizeof(*texts));
	if (texts != NULL)
		db->texts = texts;
	if (texts == NULL || (text = strdup(b->p)) == NULL) {
		(void)err_set(e, "out of memory for a statement");
		return NULL;
	}
	db->texts[db->ntexts++] = text;
	return text;
}

static void
bound(struct query *q, int rc)
{
	if (q->rc == SQLITE_OK)
		q->rc = rc;
}

void
q_int(struct query *q, int64_t v)
{
	bound(q, sqlite3_bind_int64(q->stmt, ++q->at, v));
}

void
q_pointer(struct query *q, const void *p, const char *type)
{
	bound(q, sqlite3_bind_pointer(
		     q->stmt, ++q->at, (void *)(uintptr_t)p, type, NULL));
}

void
q_text(struct query *q, const char *s)
{
	bound(q, sqlite3_bind_text(q->stmt, ++q->at, s, -1, SQLITE_STATIC));
}

void
q_textn(struct query *q, const char *s, size_t n)
{
	bound(q, sqlite3_bind_text64(
		     q->stmt, ++q->at, s, n, SQLITE_STATIC, SQLITE_UTF8));
}

void
q_blob(struct query *q, const void *p, size_t n)
{
	bound(q, sqlite3_bind_blob64(q->stmt, ++q->at, p, n, SQLITE_STATIC));
}

void
q_uuid(struct query *q, const struct uuid *u)
{
	q_blob(q, u->b, sizeof(u->b));
}

void
q_null(struct query *q)
{
	bound(q, sqlite3_bind_null(q->stmt, ++q->at));
}

int
q_step(struct query *q, struct err *e)
{
	if (q->rc != SQLITE_OK)
		return db_fail_at(q->db->sql, q->db->path, q->rc, e);
	switch (sqlite3_step(q->stmt)) {
	case SQLITE_ROW:
		return 1;
	case SQLITE_DONE:
		return 0;
	default:
		return db_fail(q->db, e);
	}
}

void
q_again(struct query *q)
{
	(void)sqlite3_reset(q->stmt);
	q->at = 0;
}

void
q_close(struct query *q)
{
	/* What reset and finalize return is what step said already. */
	if (q->slot == DB_STMT_SLOTS) {
		(void)sqlite3_finalize(q->stmt);
		return;
	}
	(void)sqlite3_reset(q->stmt);
	q->db->stmts[q->slot].busy = false;
}

int
q_run(struct query *q, struct err *e)
{
	int rc;

	while ((rc = q_step(q, e)) > 0)
		;
	q_close(q);
	return rc;
}

int
q_number(struct query *q, int64_t *v, struct err *e)
{
	int rc = q_step(q, e);

	if (rc > 0) {
		rc = sqlite3_column_type(q->stmt, 0) != SQLITE_NULL;
		*v = col_int(q, 0);
	}
	q_close(q);
	return rc;
}

int64_t
col_int(const struct query *q, int i)
{
	return sqlite3_column_int64(q->stmt, i);
}

const char *
col_text(const struct query *q, int i)
{
	return (const char *)sqlite3_column_text(q->stmt, i);
}

struct uuid
col_uuid(const struct query *q, int i)
{
	struct uuid u = {{0}};
	const void *p = sqlite3_column_blob(q->stmt, i);

	if (p != NULL && sqlite3_column_bytes(q->stmt, i) == sizeof(u.b))
		memcpy(u.b, p, sizeof(u.b));
	return u;
}

/* ---- transactions -------------------------------------------------------- */

/*
 * FULL: commit waits until the write-ahead log is on the disk. NORMAL: it does
 * not; the log is synced before it is copied into the database, so a power cut
 * loses the newest transactions but never damages the file. The pragma does
 * nothing inside a transaction, hence here.
 */
static int
set_synchronous(struct db *db, int level, struct err *e)
{
	if (db->synchronous == level)
		return 0;
	if (sqlite3_exec(db->sql,
		level == 2 ? "PRAGMA synchronous=FULL"
			   : "PRAGMA synchronous=NORMAL",
		NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(db, e);
	db->synchronous = level;
	return 0;
}

static int
run(struct db *db, const char *sql, struct err *e)
{
	struct query q;

	if (q_open(&q, db, sql, e) < 0)
		return -1;
	return q_run(&q, e);
}

/*
 * A file that was put in the place of the open one would never get what is
 * written, and nobody else would see it.
 */
static int
is_in_place(struct db *db, struct err *e)
{
	int moved = 0;

	(void)sqlite3_file_control(
	    db->sql, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	if (!moved)
		return 0;
	db->store.busy = db->store.overran = false;
	return err_set(e,
	    "%s: the database was moved, replaced or deleted while it was "
	    "open: start the program again",
	    db->path);
}

int
db_begin(struct db *db, bool durable, struct err *e)
{
	if (db->in_transaction)
		return err_set(e, "a transaction is open already");
	if (db->readonly)
		return err_set(
		    e, "%s: the database is open for reading only", db->path);
	/* IMMEDIATE: a transaction that begins by reading and then wants to
	 * write after somebody else did fails at once, without waiting. */
	if (is_in_place(db, e) < 0 ||
	    set_synchronous(db, durable ? 2 : 1, e) < 0 ||
	    run(db, "BEGIN IMMEDIATE", e) < 0)
		return -1;
	db->in_transaction = true;
	db->broken = false;
	db->alert_seq = -1;
	series_doubt(db);
	return 0;
}

int
db_commit(struct db *db, struct err *e)
{
	if (!db->in_transaction)
		return err_set(e, "no transaction is open");
	/* SQLite rolls back by itself when the disk is full, for one. */
	if (db->broken || sqlite3_get_autocommit(db->sql)) {
		db_rollback(db);
		return err_set(
		    e, "nothing was stored: a part of the transaction failed");
	}
	if (counts_write(db, e) < 0 || run(db, "COMMIT", e) < 0) {
		db_rollback(db);
		return -1;
	}
	db->in_transaction = false;
	db->commits++;
	return 0;
}

void
db_rollback(struct db *db)
{
	if (!db->in_transaction)
		return;
	if (!sqlite3_get_autocommit(db->sql))
		(void)run(db, "ROLLBACK", NULL);
	series_forget(db);
	counts_forget(db);
	db->in_transaction = false;
	db->broken = false;
}

int
db_enter(struct db *db, bool durable, bool *own, struct err *e)
{
	*own = !db->in_transaction;
	return *own ? db_begin(db, durable, e) : 0;
}

int
db_leave(struct db *db, bool own, int rc, struct err *e)
{
	if (rc < 0) {
		if (own)
			db_rollback(db);
		else
			db->broken = true;
		return -1;
	}
	if (own && db_commit(db, e) < 0)
		return -1;
	return rc;
}
