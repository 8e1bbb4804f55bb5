/*
 * check: is the database whole? First SQLite's own checks, then what must hold
 * between the tables.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/alert.h"
#include "db/sqlite/db.h"

/* Of one kind of problem, this many are named. */
#define EACH_MAX 20

struct problems {
	void (*fn)(void *arg, const char *problem);
	void *arg;
	int n;
};

__attribute__((format(printf, 2, 3))) static void
found(struct problems *p, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	p->n++;
	p->fn(p->arg, text);
}

/* Each line of a text is a problem, but "ok" and headings. */
static int
found_lines(struct problems *p, const char *text)
{
	size_t n;
	int count = 0;

	for (; *text != '\0'; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n == 0 || strncmp(text, "*** in ", 7) == 0 ||
		    (n == 2 && strncmp(text, "ok", 2) == 0))
			continue;
		found(p, "%.*s", (int)n, text);
		count++;
	}
	return count;
}

/* A query that yields one sentence a problem. */
static int
ask(struct db *db, struct problems *p, const char *sql, struct err *e)
{
	struct query q;
	int rc, n = 0;

	if (q_open_once(&q, db, sql, e) < 0)
		return -1;
	while ((rc = n < EACH_MAX ? q_step(&q, e) : 0) > 0)
		if (col_text(&q, 0) != NULL)
			n += found_lines(p, col_text(&q, 0));
	q_close(&q);
	return rc;
}

static const char *const questions[] = {
    "PRAGMA integrity_check(20)",
    "SELECT 'table ' || \"table\" || ' row ' || rowid || ': its row of ' || "
    "parent || ' is missing' FROM pragma_foreign_key_check",
    /* The counts that are kept. */
    "SELECT 'rules: ' || count(*) || ' rows, counted as ' || (SELECT "
    "coalesce(sum(n), 0) FROM rule_groups WHERE symbol = '') FROM rules "
    "HAVING count(*) <> (SELECT coalesce(sum(n), 0) FROM rule_groups "
    "WHERE symbol = '')",
    "SELECT 'rules of ' || g.symbol || ' ' || g.interval || ': counted as ' "
    "|| g.n FROM rule_groups g WHERE g.symbol <> '' AND g.n <> (SELECT "
    "count(*) FROM rules r WHERE r.symbol = g.symbol AND r.interval = "
    "g.interval AND r.is_active = g.is_active AND r.rule_type = g.rule_type "
    "AND r.warmup_bars = g.warmup_bars)",
    "SELECT 'alerts of status ' || g.status || ': counted as ' || g.n FROM "
    "status_counts g WHERE g.what = 'alerts' AND g.name = '' AND g.n <> "
    "(SELECT count(*) FROM alerts a WHERE a.status = g.status)",
    "SELECT 'alerts of ' || g.name || ', status ' || g.status || ': "
    "counted as ' || g.n FROM status_counts g WHERE g.what = 'alerts' AND "
    "g.name <> '' AND g.n <> (SELECT count(*) FROM alerts a WHERE a.status = "
    "g.status AND a.symbol = g.name)",
    "SELECT 'deliveries by ' || g.name || ', status ' || g.status || ': "
    "counted as ' || g.n FROM status_counts g WHERE g.what = 'deliveries' AND "
    "g.n <> (SELECT count(*) FROM deliveries d WHERE d.status = g.status AND "
    "d.channel = g.name)",
    /* Changes of rules. */
    "SELECT 'rule ' || lower(hex(id)) || ': its change number ' || seq || "
    "' is beyond the newest' FROM rules WHERE seq > "
    "(SELECT n FROM counters WHERE name = 'rule_seq')",
    /* Alerts and their deliveries. */
    "SELECT 'alert ' || lower(hex(a.id)) || ': status ' || a.status || "
    "' does not fit its deliveries' FROM alerts a LEFT JOIN (SELECT alert, "
    "min(status) AS s, max(status) AS m FROM deliveries GROUP BY alert) d ON "
    "d.alert = a.seq "
    "WHERE a.status <> CASE WHEN d.s IS NULL THEN 3 WHEN d.s < 2 OR d.m = 4 "
    "THEN 0 "
    "WHEN d.s = 2 THEN 1 ELSE 2 END",
    "SELECT 'delivery ' || lower(hex(d.id)) || ': delivered without a "
    "successful attempt' FROM deliveries d WHERE d.status = 2 AND NOT EXISTS "
    "(SELECT 1 FROM delivery_attempts x WHERE x.alert = d.alert AND "
    "x.channel = d.channel AND x.success = 1)",
    "SELECT 'attempt ' || x.id || ': its delivery is missing' FROM "
    "delivery_attempts x LEFT JOIN alerts a ON a.seq = x.alert WHERE NOT "
    "EXISTS (SELECT 1 FROM deliveries d WHERE d." N_OF_ALERT
    "AND d.channel = x.channel)",
    "SELECT 'delivery ' || lower(hex(d.id)) || ': its alert is missing' FROM "
    "deliveries d WHERE NOT EXISTS (SELECT 1 FROM alerts a WHERE a.seq = "
    "d.alert)",
};

/* One row of the candles: what is wrong with it, or NULL. */
static const char *
bar_fault(const struct query *q)
{
	const char *name = col_text(q, 4), *volume = col_text(q, 5);
	int interval = interval_stored(name, NULL);
	int64_t t = col_int(q, 2), tile = col_int(q, 1), step;
	struct candle c;

	if (interval < 0)
		return "is of an unknown series or interval";
	step = interval_step((interval_id)interval);
	if (t < 0 || t % step != 0 || tile != t / (step * TILE_BARS))
		return "is off the grid of its interval";
	if (col_int(q, 6) != 0)
		return "has prices that cannot be";
	if (volume == NULL ||
	    candle_volume_parse(&c, volume, strlen(volume)) < 0)
		return "has a volume that cannot be";
	if (col_int(q, 7) == 0)
		return "is not in the directory of spans";
	return NULL;
}

/* Every bar, once: the 64 is SPAN_TILES. */
static int
check_candles(struct db *db, struct problems *p, struct err *e)
{
	const char *fault;
	struct query q;
	int rc, before = p->n;

	if (q_open_once(&q, db,
		"SELECT c.series, c.tile, c.t, s.symbol, s.interval, c.v, "
		"min(c.o, c.c, c.h, c.l) <= 0 OR "
		"max(c.o_scale, c.c_scale, c.h_scale, c.l_scale) > 18 OR "
		"min(c.o_scale, c.c_scale, c.h_scale, c.l_scale) < 0, "
		"EXISTS (SELECT 1 FROM candle_spans p WHERE p.series = "
		"c.series AND p.span = c.tile / 64) FROM candles c "
		"LEFT JOIN series s ON s.id = c.series",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0 && p->n < before + EACH_MAX)
		if ((fault = bar_fault(&q)) != NULL)
			found(p, "series %lld (%s %s): the bar of %lld %s",
			    (long long)col_int(&q, 0),
			    col_text(&q, 3) ? col_text(&q, 3) : "?",
			    col_text(&q, 4) ? col_text(&q, 4) : "?",
			    (long long)col_int(&q, 2), fault);
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

static void
check_alert_id(struct problems *p, const struct query *q)
{
	struct uuid id = col_uuid(q, 0), rule_id = col_uuid(q, 1), want;
	int interval = interval_stored(col_text(q, 3), NULL);
	char text[UUID_TEXT_MAX];

	uuid_print(&id, text);
	if (interval < 0) {
		found(p, "alert %s: unknown interval", text);
		return;
	}
	want = alert_id(&rule_id, col_text(q, 2), (interval_id)interval,
	    col_int(q, 4), col_int(q, 5), col_text(q, 6));
	if (uuid_cmp(&id, &want) != 0)
		found(p, "alert %s: its id is not the one of its window", text);
	if (strstr(col_text(q, 7), text) == NULL)
		found(p, "alert %s: its record is of another", text);
}

/* The identity of an alert is computed from its members. */
static int
check_alert_ids(struct db *db, struct problems *p, struct err *e)
{
	struct query q;
	int rc, before = p->n;

	if (q_open_once(&q, db,
		"SELECT id, rule_id, symbol, interval, window_start_ms, "
		"window_end_ms, state, record FROM alerts",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0 && p->n < before + EACH_MAX)
		check_alert_id(p, &q);
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

/* Every rule must be readable. */
static int
skip_rule(void *arg, const struct rule *r, struct err *e)
{
	(void)arg;
	(void)r;
	(void)e;
	return 0;
}

/* All the questions in their order; the first, of the file itself, ends it
 * when it finds something: what is asked of damaged pages has no meaning. */
static int
check_all(struct db *db, struct problems *p, struct err *e)
{
	struct store_rule_filter all = {.active = -1, .unordered = true};
	struct err bad = {.msg = ""};
	size_t i;

	for (i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		if (ask(db, p, questions[i], e) < 0)
			return -1;
		if (i == 0 && p->n > 0)
			return 0;
	}
	if (check_candles(db, p, e) < 0 || check_alert_ids(db, p, e) < 0)
		return -1;
	if (sqlite_rule_list(&db->store, &all, skip_rule, NULL, &bad) < 0)
		found(p, "%s", bad.msg);
	return 0;
}

int
sqlite_check(struct store *st, void (*fn)(void *arg, const char *), void *arg,
    struct err *e)
{
	struct problems p = {.fn = fn, .arg = arg};
	struct db *db = db_of(st);
	int code;

	if (check_all(db, &p, e) == 0)
		return p.n;
	/* That the file is too damaged to be checked is a finding. */
	code = sqlite3_errcode(db->sql) & 0xff;
	if (code != SQLITE_CORRUPT && code != SQLITE_NOTADB)
		return -1;
	found(&p, "%s: the database is damaged", db->path);
	return p.n;
}

int
sqlite_plans(struct store *st,
    void (*fn)(void *arg, const char *sql, const char *plan), void *arg,
    struct err *e)
{
	struct db *db = db_of(st);
	sqlite3_stmt *s;
	struct buf b;
	size_t i;
	int rc = 0;

	buf_init(&b, (size_t)2 * DB_SQL_MAX);
	for (i = 0; i < DB_STMT_SLOTS && rc == 0; i++) {
		if (db->stmts[i].text == NULL)
			continue;
		buf_reset(&b);
		buf_addf(&b, "EXPLAIN QUERY PLAN %s", db->stmts[i].text);
		if (sqlite3_prepare_v2(db->sql, b.p, -1, &s, NULL) !=
		    SQLITE_OK) {
			rc = db_fail(db, e);
			break;
		}
		while (sqlite3_step(s) == SQLITE_ROW)
			fn(arg, db->stmts[i].text,
			    (const char *)sqlite3_column_text(s, 3));
		(void)sqlite3_finalize(s);
	}
	buf_release(&b);
	return rc;
}
