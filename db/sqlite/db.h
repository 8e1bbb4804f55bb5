/*
 * db: the SQLite back end's inside: one connection, its statements, its
 * transactions. sqlite3.h is included in this directory and nowhere else.
 *
 * Statements are prepared once, on first use, and kept until the end. A
 * function runs one like this:
 *
 *	struct query q;
 *
 *	if (q_open(&q, db, "SELECT ... WHERE a = ? AND b = ?", e) < 0)
 *		return -1;
 *	q_int(&q, a);
 *	q_text(&q, b);
 *	while ((rc = q_step(&q, e)) > 0)
 *		use(col_int(&q, 0));
 *	q_close(&q);
 *
 * Writers: db_enter() begins a transaction unless the caller of the store has
 * one open; db_leave() ends it, or marks the open one as broken.
 */
#ifndef DB_SQLITE_DB_H
#define DB_SQLITE_DB_H

#include <linux/aio_abi.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "db/store_ops.h"

/* "PLSE": what the header of the file says it is for. */
#define DB_APPLICATION_ID 0x504c5345
/* How long to wait for another writer. */
#define DB_BUSY_MS 10000
/* Longest SQL text that is put together from a filter. */
#define DB_SQL_MAX 4096
/* Slots of the statement cache, a power of two far above their number. */
#define DB_STMT_SLOTS 1024

/* Bars of time in a tile, tiles in a span (0001_init.sql). The stored numbers
 * depend on both: another value needs a migration. */
#define TILE_BARS  16
#define SPAN_TILES 64

/* The deliveries of an alert have the numbers from so many times its own on
 * (0006_numbers.sql); in SQL, of an alert that is called a. */
#define ALERT_DELIVERIES 64
#define N_OF_ALERT	 "n BETWEEN 64 * a.seq AND 64 * a.seq + 63 "

struct series_cache;
struct counts;

struct db {
	struct store store; /* first: a struct store * is a struct db * */
	sqlite3 *sql;
	char *path;
	/* Statements by the address of their text. */
	struct {
		const char *text;
		sqlite3_stmt *stmt;
		bool busy;
	} stmts[DB_STMT_SLOTS];
	size_t nstmts;
	/* Texts put together at run time, so that equal ones have one
	 * address. */
	char **texts;
	size_t ntexts;
	bool readonly;
	bool in_transaction;
	bool broken; /* a write of the open transaction failed */
	int64_t alert_seq; /* newest known to the open transaction, or -1 */
	int64_t commits; /* of ours */
	int64_t page_bytes; /* of the file; 0 while it is being opened */
	/* Pages of the log after our last commit, and when it was copied. */
	int log_pages, log_copied;
	/* The sync that runs (sync.c); descriptors -1 until it is needed. */
	struct {
		aio_context_t queue;
		int event_fd, log_fd;
		bool running;
		bool asked; /* the kernel was: it has the result */
		int error; /* else this is it */
	} sync;
	int64_t wait_ms; /* for another writer */
	int64_t budget_end_us; /* monotonic; 0: none */
	int synchronous; /* as the pragma counts: 1 NORMAL, 2 FULL */
	struct series_cache *series;
	struct counts *counts;
	int64_t pruned_series; /* how far the pruning of candles has come */
};

struct query {
	struct db *db;
	sqlite3_stmt *stmt;
	int at; /* parameters bound so far */
	int rc; /* first failure to bind */
	size_t slot; /* of the cache; DB_STMT_SLOTS: a statement of its own */
};

static inline struct db *
db_of(struct store *st)
{
	return (struct db *)(void *)st;
}

/* ---- statements (db.c) ---- */

/*
 * Ready the statement. sql must stay where it is for the life of db: a
 * literal, or what db_text() gave. A statement that is running already (a
 * callback calls the store) is prepared once more.
 */
int q_open(struct query *q, struct db *db, const char *sql, struct err *e);
/* The same for one that is not kept: rare work. */
int q_open_once(struct query *q, struct db *db, const char *sql, struct err *e);
/* The address that stands for this text; NULL with e when b failed. */
const char *db_text(struct db *db, const struct buf *b, struct err *e);

/* Bind the next parameter. Pointers must live until q_close(). */
void q_int(struct query *q, int64_t v);
void q_text(struct query *q, const char *s); /* NULL: NULL */
void q_textn(struct query *q, const char *s, size_t n);
void q_blob(struct query *q, const void *p, size_t n);
void q_uuid(struct query *q, const struct uuid *u);
void q_null(struct query *q);
/* For a function of ours that knows the type (https://sqlite.org/bindptr.html). */
void q_pointer(struct query *q, const void *p, const char *type);

/* Ids for the function uuids(?) (uuids.c). */
struct db_uuids {
	const struct uuid *v;
	size_t n;
};

void q_uuids(struct query *q, const struct db_uuids *ids);
/* Make that function known. An SQLite result code. */
int uuids_register(struct db *db);

/* 1 a row, 0 the end, -1. */
int q_step(struct query *q, struct err *e);
/* Ready to be bound and run again. */
void q_again(struct query *q);
void q_close(struct query *q);
/* Run one that gives no rows, and close it. 0 or -1. */
int q_run(struct query *q, struct err *e);
/* Run one that gives one number: 1 and *v, 0 no row (or NULL), -1. Closes. */
int q_number(struct query *q, int64_t *v, struct err *e);

int64_t col_int(const struct query *q, int i);
const char *col_text(const struct query *q, int i); /* NULL: NULL */
struct uuid col_uuid(const struct query *q, int i);

/* ---- transactions (db.c) ---- */

int db_begin(struct db *db, bool durable, struct err *e);
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db);
/* *own says whether db_leave() ends it. */
int db_enter(struct db *db, bool durable, bool *own, struct err *e);
/* Gives rc back, or -1 when the commit failed. */
int db_leave(struct db *db, bool own, int rc, struct err *e);

/* ---- the log (wal.c) ---- */

/* Of a new connection: copy the log in time. */
void wal_watch(struct db *db);

/* ---- the files (vfs.c) ---- */

/* The VFS for sqlite3_open_v2(): its name, known from then on; NULL, SQLite's
 * own, when it cannot be registered. */
const char *vfs_register(void);

/* ---- failures (db.c) ---- */

/* A sentence for what SQLite just refused. Returns -1. */
int db_fail(struct db *db, struct err *e);
/* The same for a connection that is not a struct db yet. */
int db_fail_at(sqlite3 *sql, const char *path, int rc, struct err *e);
/* What a callback's answer means for the list: 0 go on, 1 stop, -1 (e has a
 * sentence, the callback's or one saying that it stopped). */
int db_answer(int answer, struct err *e);

/* ---- series (series.c) ---- */

/* The number of a series: 1 and *id, 0 when there is none and !make, -1. */
int series_id(struct db *db, const char *symbol, interval_id interval,
    bool make, int64_t *id, struct err *e);
/* The same for a bar about to be written in that span: makes the series and
 * its entry in the directory of spans. Inside a transaction. */
int series_enter(struct db *db, const char *symbol, interval_id interval,
    int64_t span, int64_t *id, struct err *e);
/* A new transaction: others may have removed spans. */
void series_doubt(struct db *db);
/* Forget what is remembered: after a rollback. */
void series_forget(struct db *db);
void series_free(struct db *db);
/* The interval of that name in the store, or -1 with a sentence. */
int interval_stored(const char *name, struct err *e);

/* ---- counts of groups (counts.c) ---- */

enum count_table { COUNT_ALERTS, COUNT_DELIVERIES };

/* So many rows more (or fewer) of this symbol or channel ("" all symbols) have
 * this status. Inside a transaction. 0 or -1. */
int counts_add(struct db *db, enum count_table table, const char *name,
    int status, int64_t change, struct err *e);
/* Bring the tables up to date: before COMMIT, and inside a transaction before
 * they are read and before rows are deleted: the triggers that count those out
 * change rows that are there, and make none. 0 or -1. */
int counts_write(struct db *db, struct err *e);
/* After a rollback. */
void counts_forget(struct db *db);
void counts_free(struct db *db);

/* ---- the operations, by file ---- */

int sqlite_schema(struct store *st, struct err *e);
int sqlite_check(struct store *st, void (*fn)(void *arg, const char *),
    void *arg, struct err *e);
int sqlite_recount(struct store *st, struct err *e);
int sqlite_backup(struct store *st, const char *path, struct err *e);
bool sqlite_tidy(struct store *st);
int sqlite_sync_begin(struct store *st, struct err *e);
int sqlite_sync_fd(struct store *st);
int sqlite_sync_end(struct store *st, bool wait, struct err *e);
/* Before the connection is closed. */
void sync_close(struct db *db);

int sqlite_rule_put(struct store *st, struct rule *r, struct err *e);
int sqlite_rule_get(
    struct store *st, const struct uuid *id, struct rule *r, struct err *e);
int sqlite_rule_delete(struct store *st, const struct uuid *id, struct err *e);
int sqlite_rule_list(struct store *st, const struct store_rule_filter *f,
    store_rule_fn *fn, void *arg, struct err *e);
int sqlite_rule_count(struct store *st, const struct store_rule_filter *f,
    int64_t *n, struct err *e);
int sqlite_rule_seq(struct store *st, int64_t *seq, struct err *e);
int sqlite_rule_changes(struct store *st, int64_t since, store_rule_fn *put,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e);
int sqlite_rule_series(struct store *st,
    int (*fn)(
	void *arg, const char *symbol, interval_id interval, int warmup_bars),
    void *arg, struct err *e);
/* Whether there is a rule of that id: 1, 0, -1. */
int rule_exists(struct db *db, const struct uuid *id, struct err *e);

int sqlite_state_put(struct store *st, const struct uuid *rule_id,
    const char *symbol, const void *blob, size_t n, struct err *e);
int sqlite_state_list(struct store *st,
    int (*fn)(void *arg, const struct uuid *rule_id, const char *symbol,
	const void *blob, size_t n),
    void *arg, struct err *e);
int sqlite_series_put(struct store *st, const char *symbol,
    interval_id interval, const void *blob, size_t n, struct err *e);
int sqlite_series_list(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n),
    void *arg, struct err *e);

int sqlite_candle_put(struct store *st, const struct candle *c, struct err *e);
int sqlite_candle_last(struct store *st, const char *symbol,
    interval_id interval, int64_t *open_ms, struct err *e);
int
sqlite_candle_tail(struct store *st, const char *symbol, interval_id interval,
    int64_t n, store_candle_fn *fn, void *arg, struct err *e);
int sqlite_candle_list(struct store *st, const struct store_candle_filter *f,
    store_candle_fn *fn, void *arg, struct err *e);
int sqlite_candle_count(struct store *st, const struct store_candle_filter *f,
    int64_t *n, struct err *e);
int sqlite_candle_series(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	int64_t last_open_ms),
    void *arg, struct err *e);
/* Delete at most batch bars of those beyond the newest keep of any series. */
int candle_prune(struct db *db, int64_t keep, int64_t batch, struct err *e);

int sqlite_alert_put(struct store *st, const struct alert *a,
    const char *record, size_t record_len, const char *const *channels,
    size_t nchannels, int64_t now_ms, int64_t handoff_ms, struct err *e);
int sqlite_alert_put_foreign(struct store *st, const struct alert *a,
    const char *record, size_t record_len, const char *const *channels,
    size_t nchannels, int64_t now_ms, int64_t handoff_ms, struct err *e);
int sqlite_alert_get(struct store *st, const struct uuid *id,
    store_alert_fn *fn, void *arg, struct err *e);
int sqlite_alert_list(struct store *st, const struct store_alert_filter *f,
    store_alert_fn *fn, void *arg, struct err *e);
int sqlite_alert_count(struct store *st, const struct store_alert_filter *f,
    int64_t *n, struct err *e);
int sqlite_alert_after(struct store *st, int64_t seq, int64_t limit,
    store_alert_fn *fn, void *arg, struct err *e);
int sqlite_alert_seq(struct store *st, int64_t *seq, struct err *e);
/* Bring the status of an alert in line with its deliveries. */
int alert_refresh(struct db *db, int64_t alert, struct err *e);
/* The only delivery of a pending alert has ended: the same, without a look. */
int alert_settled(struct db *db, int64_t alert, const char *symbol,
    bool delivered, struct err *e);

int sqlite_delivery_claim_alerts(struct store *st, const struct uuid *alert_ids,
    size_t n, int *given, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e);
int sqlite_delivery_claim_due(struct store *st, int64_t limit,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e);
int sqlite_delivery_claim_id(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e);
int sqlite_delivery_claim_lane(struct store *st, const struct uuid *rule_id,
    const char *channel, int64_t limit, const char *token, int64_t now_ms,
    int64_t lease_ms, store_delivery_fn *fn, void *arg, struct err *e);
int sqlite_delivery_adopt(struct store *st, const struct uuid *id,
    const char *old_token, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e);
int sqlite_delivery_renew(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, struct err *e);
int sqlite_delivery_release(struct store *st, const struct uuid *id,
    const char *token, int64_t next_attempt_ms, struct err *e);
int sqlite_delivery_settle(struct store *st, const struct uuid *id,
    const char *token, struct store_attempt *attempt,
    const struct store_settlement *s, struct err *e);
int
sqlite_delivery_list(struct store *st, const struct store_delivery_filter *f,
    store_delivery_fn *fn, void *arg, struct err *e);
int sqlite_delivery_count(struct store *st,
    const struct store_delivery_filter *f, int64_t *n, struct err *e);
int sqlite_delivery_get(struct store *st, const struct uuid *id,
    store_delivery_fn *fn, void *arg, struct err *e);
int sqlite_delivery_retry(struct store *st,
    const struct store_delivery_filter *f, int64_t now_ms, struct err *e);
int sqlite_delivery_drop(struct store *st,
    const struct store_delivery_filter *f, int64_t now_ms, struct err *e);
int sqlite_delivery_stats(struct store *st,
    int (*fn)(void *arg, const char *channel, enum delivery_status status,
	int64_t n, int64_t oldest_created_ms),
    void *arg, struct err *e);
int sqlite_attempt_list(struct store *st, const struct uuid *alert_id,
    int64_t limit, int64_t offset, store_attempt_fn *fn, void *arg,
    struct err *e);
int sqlite_attempt_count(
    struct store *st, const struct uuid *alert_id, int64_t *n, struct err *e);

int sqlite_channel_put(
    struct store *st, const struct store_channel *c, struct err *e);
int sqlite_channel_get(struct store *st, const char *name, store_channel_fn *fn,
    void *arg, struct err *e);
int sqlite_channel_list(struct store *st, const char *after,
    store_channel_fn *fn, void *arg, struct err *e);
int sqlite_channel_delete(struct store *st, const char *name, struct err *e);
int sqlite_channel_seq(struct store *st, int64_t *seq, struct err *e);
int sqlite_endpoint_put(
    struct store *st, const struct store_endpoint *p, struct err *e);
int sqlite_endpoint_delete(struct store *st, const char *key, struct err *e);
int sqlite_endpoint_list(struct store *st, const char *key,
    store_endpoint_fn *fn, void *arg, struct err *e);

int sqlite_key_put(struct store *st, const struct store_key *k, struct err *e);
int sqlite_key_list(struct store *st,
    int (*fn)(void *arg, const struct store_key *k), void *arg, struct err *e);
int sqlite_key_revoke(
    struct store *st, const char *id, int64_t now_ms, struct err *e);
int sqlite_key_used(
    struct store *st, const char *id, int64_t time_ms, struct err *e);

int sqlite_component_put(struct store *st, const char *name,
    const char *instance, int64_t time_ms, const char *counters, struct err *e);
int sqlite_component_list(struct store *st,
    int (*fn)(void *arg, const char *name, const char *instance,
	int64_t time_ms, const char *counters),
    void *arg, struct err *e);

int
sqlite_prune_step(struct store *st, const struct store_prune *p, struct err *e);

/*
 * For the tests: the plan of every statement prepared so far, one line of
 * EXPLAIN QUERY PLAN a call.
 */
int sqlite_plans(struct store *st,
    void (*fn)(void *arg, const char *sql, const char *plan), void *arg,
    struct err *e);

#endif
