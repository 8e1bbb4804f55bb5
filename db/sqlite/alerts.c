/*
 * alerts: kept once each, with a pending delivery for each channel.
 */
#include <stdio.h>
#include <string.h>

#include "db/sqlite/db.h"

enum alert_status {
	ALERT_PENDING,
	ALERT_DELIVERED,
	ALERT_FAILED,
	ALERT_NONE,
};

static const char *const status_names[] = {
    "pending",
    "delivered",
    "failed",
    "none",
};

#define COLUMNS                                                                \
	"SELECT a.id, a.rule_id, a.record, a.symbol, "                         \
	"coalesce(r.rule_type, a.record ->> 'rule_type', ''), "                \
	"a.window_start_ms, a.triggered_ms, a.created_ms, a.late, "            \
	"a.status, (SELECT sum(tries) FROM deliveries WHERE " N_OF_ALERT       \
	"), a.seq FROM alerts a LEFT JOIN rules r ON r.id = a.rule_id "

/* One row of values: a statement that takes the row from a SELECT may have to
 * be undone alone, and keeps a copy of every page it touches for that. */
#define INSERT                                                                 \
	"INSERT INTO alerts (seq, id, rule_id, symbol, interval, state, "      \
	"window_start_ms, window_end_ms, triggered_ms, created_ms, "           \
	"late, status, record) "                                               \
	"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) "     \
	"ON CONFLICT DO NOTHING"

/* ---- numbers ------------------------------------------------------------- */

/* The newest number that an alert ever got: of a row, or of a deleted one. */
static int
newest_seq(struct db *db, int64_t *seq, struct err *e)
{
	struct query q;

	*seq = 0;
	if (q_open(&q, db,
		"SELECT max(coalesce((SELECT max(seq) FROM alerts), 0), "
		"coalesce((SELECT n FROM counters WHERE name = 'alert_seq'), "
		"0))",
		e) < 0)
		return -1;
	return q_number(&q, seq, e) < 0 ? -1 : 0;
}

/* The number for the next alert. Nobody else writes during our transaction,
 * so it is looked for once in each. */
static int
next_seq(struct db *db, int64_t *seq, struct err *e)
{
	if (db->alert_seq < 0 && newest_seq(db, &db->alert_seq, e) < 0)
		return -1;
	if (db->alert_seq >= INT64_MAX / ALERT_DELIVERIES - 1)
		return err_set(
		    e, "%s: no numbers are left for alerts", db->path);
	*seq = db->alert_seq + 1;
	return 0;
}

/* ---- writing ------------------------------------------------------------- */

/* One alert more, or fewer, of that symbol and status. */
static int
count_alert(struct db *db, const char *symbol, int64_t status, int64_t change,
    struct err *e)
{
	if (counts_add(db, COUNT_ALERTS, "", (int)status, change, e) < 0)
		return -1;
	return counts_add(db, COUNT_ALERTS, symbol, (int)status, change, e);
}

/* 1 when it was new and *seq, 0, -1. */
static int
insert_alert(struct db *db, const struct alert *a, const char *record,
    size_t record_len, enum alert_status status, int64_t now_ms, int64_t *seq,
    struct err *e)
{
	struct query q;

	if (next_seq(db, seq, e) < 0 || q_open(&q, db, INSERT, e) < 0)
		return -1;
	q_int(&q, *seq);
	q_uuid(&q, &a->id);
	q_uuid(&q, &a->rule_id);
	q_text(&q, a->symbol);
	q_text(&q, interval_name(a->interval));
	q_text(&q, a->state);
	q_int(&q, a->window_start_ms);
	q_int(&q, a->window_end_ms);
	q_int(&q, a->triggered_ms);
	q_int(&q, now_ms);
	q_int(&q, a->late);
	q_int(&q, status);
	q_textn(&q, record, record_len);
	if (q_run(&q, e) < 0)
		return -1;
	if (sqlite3_changes(db->sql) == 0)
		return 0;
	db->alert_seq = *seq;
	return count_alert(db, a->symbol, status, 1, e) < 0 ? -1 : 1;
}

static int
insert_delivery(struct db *db, const struct alert *a, int64_t number,
    const char *channel, int64_t now_ms, int64_t due_ms, struct err *e)
{
	struct uuid id = uuid_named(&a->id, channel, strlen(channel));
	struct query q;

	if (q_open(&q, db,
		"INSERT INTO deliveries (n, id, rule_id, channel, status, "
		"next_attempt_ms, created_ms, updated_ms) "
		"VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6, ?6) "
		"ON CONFLICT (id) DO NOTHING",
		e) < 0)
		return -1;
	q_int(&q, number);
	q_uuid(&q, &id);
	q_uuid(&q, &a->rule_id);
	q_text(&q, channel);
	q_int(&q, due_ms);
	q_int(&q, now_ms);
	if (q_run(&q, e) < 0)
		return -1;
	return counts_add(db, COUNT_DELIVERIES, channel, DELIVERY_PENDING,
	    sqlite3_changes(db->sql), e);
}

/* ours: only if its rule exists. */
static int
put(struct store *st, bool ours, const struct alert *a, const char *record,
    size_t record_len, const char *const *channels, size_t nchannels,
    int64_t now_ms, int64_t due_ms, struct err *e)
{
	struct db *db = db_of(st);
	int64_t seq = 0;
	size_t i;
	bool own;
	int rc;

	if (nchannels > ALERT_DELIVERIES)
		return err_set(
		    e, "an alert cannot go through %zu channels", nchannels);
	if (a->late)
		nchannels = 0;
	if (db_enter(db, true, &own, e) < 0)
		return -1;
	rc = ours ? rule_exists(db, &a->rule_id, e) : 1;
	if (rc > 0)
		rc = insert_alert(db, a, record, record_len,
		    nchannels > 0 ? ALERT_PENDING : ALERT_NONE, now_ms, &seq,
		    e);
	for (i = 0; i < nchannels && rc > 0; i++)
		if (insert_delivery(db, a, seq * ALERT_DELIVERIES + (int64_t)i,
			channels[i], now_ms, due_ms, e) < 0)
			rc = -1;
	return db_leave(db, own, rc, e);
}

int
sqlite_alert_put(struct store *st, const struct alert *a, const char *record,
    size_t record_len, const char *const *channels, size_t nchannels,
    int64_t now_ms, int64_t handoff_ms, struct err *e)
{
	return put(st, true, a, record, record_len, channels, nchannels, now_ms,
	    now_ms + handoff_ms, e);
}

int
sqlite_alert_put_foreign(struct store *st, const struct alert *a,
    const char *record, size_t record_len, const char *const *channels,
    size_t nchannels, int64_t now_ms, int64_t handoff_ms, struct err *e)
{
	return put(st, false, a, record, record_len, channels, nchannels,
	    now_ms, now_ms + handoff_ms, e);
}

/* What its status was, and what its deliveries make of it: an unsettled one
 * (pending, retrying, held) makes it pending, else a delivered one makes it
 * delivered, else it failed. 1, 0 when there is no such alert, -1. */
static int
look_at(struct db *db, int64_t alert, char symbol[SYMBOL_TEXT_MAX],
    int64_t *was, int64_t *is, struct err *e)
{
	struct query q;
	int rc;

	if (q_open(&q, db,
		"SELECT symbol, status, (SELECT CASE WHEN count(*) = 0 THEN 3 "
		"WHEN min(d.status) < 2 OR max(d.status) = 4 THEN 0 "
		"WHEN min(d.status) = 2 THEN 1 ELSE 2 END "
		"FROM deliveries d WHERE " N_OF_ALERT
		") FROM alerts a WHERE seq = ?",
		e) < 0)
		return -1;
	q_int(&q, alert);
	if ((rc = q_step(&q, e)) > 0) {
		(void)snprintf(symbol, SYMBOL_TEXT_MAX, "%s", col_text(&q, 0));
		*was = col_int(&q, 1);
		*is = col_int(&q, 2);
	}
	q_close(&q);
	return rc;
}

static int
move(struct db *db, int64_t alert, const char *symbol, int64_t was, int64_t is,
    struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"UPDATE alerts SET status = ? WHERE seq = ? AND status = ?",
		e) < 0)
		return -1;
	q_int(&q, is);
	q_int(&q, alert);
	q_int(&q, was);
	if (q_run(&q, e) < 0)
		return -1;
	if (sqlite3_changes(db->sql) == 0)
		return 0;
	if (count_alert(db, symbol, was, -1, e) < 0)
		return -1;
	return count_alert(db, symbol, is, 1, e);
}

int
alert_refresh(struct db *db, int64_t alert, struct err *e)
{
	char symbol[SYMBOL_TEXT_MAX];
	int64_t was, is;
	int rc = look_at(db, alert, symbol, &was, &is, e);

	if (rc <= 0 || was == is)
		return rc < 0 ? -1 : 0;
	return move(db, alert, symbol, was, is, e);
}

int
alert_settled(struct db *db, int64_t alert, const char *symbol, bool delivered,
    struct err *e)
{
	return move(db, alert, symbol, ALERT_PENDING,
	    delivered ? ALERT_DELIVERED : ALERT_FAILED, e);
}

/* ---- reading ------------------------------------------------------------- */

static void
read_alert(const struct query *q, struct store_alert *a)
{
	int64_t status = col_int(q, 9);

	a->id = col_uuid(q, 0);
	a->rule_id = col_uuid(q, 1);
	a->record = col_text(q, 2);
	a->record_len = (size_t)sqlite3_column_bytes(q->stmt, 2);
	a->symbol = col_text(q, 3);
	a->rule_type = col_text(q, 4);
	a->window_start_ms = col_int(q, 5);
	a->triggered_ms = col_int(q, 6);
	a->created_ms = col_int(q, 7);
	a->late = col_int(q, 8) != 0;
	a->delivery_status =
	    status_names[status >= 0 && status <= 3 ? status : ALERT_NONE];
	a->delivery_attempts = col_int(q, 10);
	a->seq = col_int(q, 11);
}

/* Give every row to fn; *given counts. 0 the end, 1 stopped, -1. */
static int
give_alerts(struct query *q, store_alert_fn *fn, void *arg, int64_t *given,
    struct err *e)
{
	struct store_alert a;
	int rc;

	while ((rc = q_step(q, e)) > 0) {
		read_alert(q, &a);
		++*given;
		if ((rc = db_answer(fn(arg, &a, e), e)) != 0)
			break;
	}
	q_close(q);
	return rc;
}

int
sqlite_alert_get(struct store *st, const struct uuid *id, store_alert_fn *fn,
    void *arg, struct err *e)
{
	int64_t given = 0;
	struct query q;

	if (q_open(&q, db_of(st), COLUMNS "WHERE a.id = ?", e) < 0)
		return -1;
	q_uuid(&q, id);
	if (give_alerts(&q, fn, arg, &given, e) < 0)
		return -1;
	return given > 0;
}

static int
status_find(const char *name)
{
	int i;

	for (i = 0; i <= ALERT_NONE; i++)
		if (strcmp(name, status_names[i]) == 0)
			return i;
	return -1;
}

/* Of a page that begins after an alert: first those of the same time, then
 * the older ones. Each is one range of an index. */
enum part {
	PART_ALL,
	PART_SAME_TIME,
	PART_OLDER,
};

/*
 * The conditions of a filter. A "+" keeps the planner from an index: one
 * condition is to choose it, the one that leaves the fewest rows, the others
 * are looked at in passing.
 */
static void
add_where(struct buf *b, const struct store_alert_filter *f, enum part part)
{
	const char *and = "WHERE ";
	bool chosen = false;

	if (f->rule_id != NULL) {
		buf_addf(b, "%sa.rule_id = ? ", and);
		and = "AND ";
		chosen = true;
	}
	if (f->delivery_status != NULL) {
		/* Most are delivered; the index of states is of the others. */
		bool many = strcmp(f->delivery_status, "delivered") == 0;

		buf_addf(
		    b, "%s%sa.status = ? ", and, chosen || many ? "+" : "");
		and = "AND ";
		if (!chosen && !many)
			buf_adds(b, "AND a.status <> 1 ");
		chosen = chosen || !many;
	}
	if (f->symbol != NULL) {
		buf_addf(b, "%s%sa.symbol = ? ", and, chosen ? "+" : "");
		and = "AND ";
	}
	if (f->since_ms > 0) {
		buf_addf(b, "%sa.triggered_ms >= ? ", and);
		and = "AND ";
	}
	if (f->until_ms > 0) {
		buf_addf(b, "%sa.triggered_ms <= ? ", and);
		and = "AND ";
	}
	if (part == PART_SAME_TIME)
		buf_addf(b, "%sa.triggered_ms = ? AND a.seq < ? ", and);
	if (part == PART_OLDER)
		buf_addf(b, "%sa.triggered_ms < ? ", and);
}

/* Ready the statement: head, conditions, tail. 1, 0 when the filter names a
 * status that does not exist, -1. */
static int
open_filtered(struct query *q, struct db *db, const char *head,
    const char *tail, const struct store_alert_filter *f, enum part part,
    int64_t after_seq, struct err *e)
{
	int status = 0;
	const char *sql;
	struct buf b;

	if (f->delivery_status != NULL &&
	    (status = status_find(f->delivery_status)) < 0)
		return 0;
	buf_init(&b, DB_SQL_MAX);
	buf_adds(&b, head);
	add_where(&b, f, part);
	buf_adds(&b, tail);
	sql = db_text(db, &b, e);
	buf_release(&b);
	if (sql == NULL || q_open(q, db, sql, e) < 0)
		return -1;
	if (f->rule_id != NULL)
		q_uuid(q, f->rule_id);
	if (f->delivery_status != NULL)
		q_int(q, status);
	if (f->symbol != NULL)
		q_text(q, f->symbol);
	if (f->since_ms > 0)
		q_int(q, f->since_ms);
	if (f->until_ms > 0)
		q_int(q, f->until_ms);
	if (part != PART_ALL)
		q_int(q, f->after_triggered_ms);
	if (part == PART_SAME_TIME)
		q_int(q, after_seq);
	return 1;
}

/* One list being given out, in one or two parts. */
struct list {
	struct db *db;
	const struct store_alert_filter *f;
	store_alert_fn *fn;
	void *arg;
	int64_t after_seq;
	int64_t given;
};

static int
list_part(struct list *l, enum part part, int64_t limit, int64_t offset,
    struct err *e)
{
	struct query q;
	int rc;

	rc = open_filtered(&q, l->db, COLUMNS,
	    "ORDER BY a.triggered_ms DESC, a.seq DESC LIMIT ? OFFSET ?", l->f,
	    part, l->after_seq, e);
	if (rc <= 0)
		return rc;
	q_int(&q, limit);
	q_int(&q, offset);
	return give_alerts(&q, l->fn, l->arg, &l->given, e);
}

/* The place of an alert in the order of commit; of one that was deleted since
 * the end: then all of its time are given again, rather than some never. */
static int
find_seq(struct db *db, const struct uuid *id, int64_t *seq, struct err *e)
{
	struct query q;

	*seq = INT64_MAX;
	if (q_open(&q, db, "SELECT seq FROM alerts WHERE id = ?", e) < 0)
		return -1;
	q_uuid(&q, id);
	return q_number(&q, seq, e);
}

int
sqlite_alert_list(struct store *st, const struct store_alert_filter *f,
    store_alert_fn *fn, void *arg, struct err *e)
{
	struct list l = {.db = db_of(st), .f = f, .fn = fn, .arg = arg};
	int64_t limit = f->limit > 0 ? f->limit : INT64_MAX;
	int rc;

	if (!f->has_after) {
		rc = list_part(
		    &l, PART_ALL, limit, f->offset > 0 ? f->offset : 0, e);
		return rc < 0 ? -1 : 0;
	}
	if (find_seq(l.db, &f->after_id, &l.after_seq, e) < 0)
		return -1;
	rc = list_part(&l, PART_SAME_TIME, limit, 0, e);
	if (rc == 0 && l.given < limit)
		rc = list_part(&l, PART_OLDER, limit - l.given, 0, e);
	return rc < 0 ? -1 : 0;
}

/* Without rule and time the counts by group answer. */
static int
count_groups(struct db *db, const struct store_alert_filter *f, int64_t *n,
    struct err *e)
{
	int status = -1;
	struct query q;

	if (f->delivery_status != NULL &&
	    (status = status_find(f->delivery_status)) < 0)
		return 0;
	if (counts_write(db, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT sum(n) FROM status_counts "
		"WHERE what = 'alerts' AND name = ?1 "
		"AND (?2 < 0 OR status = ?2)",
		e) < 0)
		return -1;
	q_text(&q, f->symbol != NULL ? f->symbol : "");
	q_int(&q, status);
	return q_number(&q, n, e);
}

int
sqlite_alert_count(struct store *st, const struct store_alert_filter *f,
    int64_t *n, struct err *e)
{
	struct query q;
	int rc;

	*n = 0;
	if (f->rule_id == NULL && f->since_ms <= 0 && f->until_ms <= 0)
		return count_groups(db_of(st), f, n, e) < 0 ? -1 : 0;
	rc = open_filtered(&q, db_of(st), "SELECT count(*) FROM alerts a ", "",
	    f, PART_ALL, 0, e);
	if (rc <= 0)
		return rc;
	return q_number(&q, n, e) < 0 ? -1 : 0;
}

int
sqlite_alert_after(struct store *st, int64_t seq, int64_t limit,
    store_alert_fn *fn, void *arg, struct err *e)
{
	int64_t given = 0;
	struct query q;

	if (q_open(&q, db_of(st),
		COLUMNS "WHERE a.seq > ? ORDER BY a.seq LIMIT ?", e) < 0)
		return -1;
	q_int(&q, seq);
	q_int(&q, limit > 0 ? limit : -1);
	return give_alerts(&q, fn, arg, &given, e) < 0 ? -1 : 0;
}

int
sqlite_alert_seq(struct store *st, int64_t *seq, struct err *e)
{
	return newest_seq(db_of(st), seq, e);
}
