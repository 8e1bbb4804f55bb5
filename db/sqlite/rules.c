/*
 * rules: the table, its counts, its changes, and the state that hangs on it.
 */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "db/sqlite/db.h"

/* What judging needs of a rule comes first, so that a load of all reads no
 * more (struct store_rule_filter, lean). judged_on is said by config too. */
#define LEAN                                                                   \
	"SELECT id, rule_type, interval, is_active, cooldown_seconds, "        \
	"enabled_ms, name, symbol, config, discord_webhook_url, "              \
	"generic_webhook_url, channels"
#define COLUMNS LEAN ", seq, created_ms, updated_ms FROM rules "

enum column {
	COL_ID,
	COL_TYPE,
	COL_INTERVAL,
	COL_ACTIVE,
	COL_COOLDOWN,
	COL_ENABLED,
	COL_NAME,
	COL_SYMBOL,
	COL_CONFIG,
	COL_DISCORD,
	COL_GENERIC,
	COL_CHANNELS,
	COL_SEQ, /* from here on: not in a lean list */
	COL_CREATED,
	COL_UPDATED,
};

/* ---- a row and back ------------------------------------------------------ */

/* The text of a column, for as long as the row is the statement's. struct rule
 * has no const for those who own its strings. */
static char *
row_text(const struct query *q, int i)
{
	return (char *)(uintptr_t)col_text(q, i);
}

/* Make a rule of the row. Its strings are the row's: they go with the next step
 * of the statement, and nobody releases them. */
static int
read_rule(const struct query *q, struct rule *r, struct err *e)
{
	int interval = interval_stored(col_text(q, COL_INTERVAL), e);
	const char *type = col_text(q, COL_TYPE);
	const char *config = col_text(q, COL_CONFIG);
	char id[UUID_TEXT_MAX];

	*r = (struct rule){.type = rule_type_find(type)};
	if (interval < 0)
		return -1;
	if (r->type == NULL)
		return err_set(
		    e, "the store holds a rule of unknown type \"%s\"", type);
	r->id = col_uuid(q, COL_ID);
	r->interval = (interval_id)interval;
	r->is_active = col_int(q, COL_ACTIVE) != 0;
	r->cooldown_seconds = (int32_t)col_int(q, COL_COOLDOWN);
	r->enabled_ms = col_int(q, COL_ENABLED);
	r->name = row_text(q, COL_NAME);
	r->symbol = row_text(q, COL_SYMBOL);
	r->discord_webhook_url = row_text(q, COL_DISCORD);
	r->generic_webhook_url = row_text(q, COL_GENERIC);
	r->channels = row_text(q, COL_CHANNELS);
	if (sqlite3_column_count(q->stmt) > COL_SEQ) {
		r->seq = col_int(q, COL_SEQ);
		r->created_ms = col_int(q, COL_CREATED);
		r->updated_ms = col_int(q, COL_UPDATED);
	}
	if (rule_config_parse(r, config,
		(size_t)sqlite3_column_bytes(q->stmt, COL_CONFIG), e) == 0)
		return 0;
	uuid_print(&r->id, id);
	return err_prefix(e, "rule %s in the store", id);
}

/* Give every row to fn. */
static int
give_rules(struct query *q, store_rule_fn *fn, void *arg, struct err *e)
{
	struct rule r;
	int rc;

	while ((rc = q_step(q, e)) > 0) {
		if ((rc = read_rule(q, &r, e)) < 0)
			break;
		if ((rc = db_answer(fn(arg, &r, e), e)) != 0)
			break;
	}
	q_close(q);
	return rc < 0 ? -1 : 0;
}

/* The number of the next change. */
static int
next_seq(struct db *db, int64_t *seq, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"UPDATE counters SET n = n + 1 WHERE name = 'rule_seq'",
		e) < 0 ||
	    q_run(&q, e) < 0)
		return -1;
	if (q_open(&q, db, "SELECT n FROM counters WHERE name = 'rule_seq'",
		e) < 0)
		return -1;
	return q_number(&q, seq, e) < 0 ? -1 : 0;
}

static int
put(struct db *db, const struct rule *r, int64_t seq, const struct buf *config,
    struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"INSERT INTO rules (id, seq, rule_type, symbol, interval, "
		"judged_on, is_active, cooldown_seconds, warmup_bars, "
		"created_ms, updated_ms, enabled_ms, name, config, "
		"discord_webhook_url, generic_webhook_url, channels) "
		"VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
		"ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, "
		"rule_type = excluded.rule_type, symbol = excluded.symbol, "
		"interval = excluded.interval, "
		"judged_on = excluded.judged_on, "
		"is_active = excluded.is_active, "
		"cooldown_seconds = excluded.cooldown_seconds, "
		"warmup_bars = excluded.warmup_bars, "
		"created_ms = excluded.created_ms, "
		"updated_ms = excluded.updated_ms, "
		"enabled_ms = excluded.enabled_ms, name = excluded.name, "
		"config = excluded.config, "
		"discord_webhook_url = excluded.discord_webhook_url, "
		"generic_webhook_url = excluded.generic_webhook_url, "
		"channels = excluded.channels",
		e) < 0)
		return -1;
	q_uuid(&q, &r->id);
	q_int(&q, seq);
	q_text(&q, rule_type_name(r->type));
	q_text(&q, r->symbol);
	q_text(&q, interval_name(r->interval));
	q_text(&q, r->on == RULE_ON_TICK ? "tick" : "close");
	q_int(&q, r->is_active);
	q_int(&q, r->cooldown_seconds);
	q_int(&q, rule_warmup(r));
	q_int(&q, r->created_ms);
	q_int(&q, r->updated_ms);
	q_int(&q, r->enabled_ms);
	q_text(&q, r->name);
	q_textn(&q, config->p, config->len);
	q_text(&q, r->discord_webhook_url);
	q_text(&q, r->generic_webhook_url);
	q_text(&q, r->channels);
	return q_run(&q, e);
}

int
sqlite_rule_put(struct store *st, struct rule *r, struct err *e)
{
	struct db *db = db_of(st);
	struct buf config;
	int64_t seq = 0;
	bool own;
	int rc;

	buf_init(&config, RULE_TEXT_MAX);
	if (rule_config_print(r, &config) < 0) {
		buf_release(&config);
		return err_set(e, "out of memory for a rule");
	}
	rc = db_enter(db, true, &own, e);
	if (rc == 0) {
		rc = next_seq(db, &seq, e);
		if (rc == 0)
			rc = put(db, r, seq, &config, e);
		rc = db_leave(db, own, rc, e);
	}
	buf_release(&config);
	if (rc == 0)
		r->seq = seq;
	return rc;
}

int
sqlite_rule_get(
    struct store *st, const struct uuid *id, struct rule *r, struct err *e)
{
	struct rule row;
	struct query q;
	int rc;

	if (q_open(&q, db_of(st), COLUMNS "WHERE id = ?", e) < 0)
		return -1;
	q_uuid(&q, id);
	if ((rc = q_step(&q, e)) > 0) {
		if (read_rule(&q, &row, e) < 0)
			rc = -1;
		else if (rule_copy(r, &row) < 0)
			rc = err_set(e, "out of memory for a rule");
	}
	q_close(&q);
	return rc;
}

int
rule_exists(struct db *db, const struct uuid *id, struct err *e)
{
	struct query q;
	int rc;

	if (q_open(&q, db, "SELECT 1 FROM rules WHERE id = ?", e) < 0)
		return -1;
	q_uuid(&q, id);
	rc = q_step(&q, e);
	q_close(&q);
	return rc;
}

/* ---- deleting ------------------------------------------------------------ */

static int
delete_rule(struct db *db, const struct uuid *id, struct err *e)
{
	struct query q;
	int64_t seq;

	/* What hangs on it goes by the trigger rules_delete. */
	if (counts_write(db, e) < 0 ||
	    q_open(&q, db, "DELETE FROM rules WHERE id = ?", e) < 0)
		return -1;
	q_uuid(&q, id);
	if (q_run(&q, e) < 0)
		return -1;
	if (sqlite3_changes(db->sql) == 0)
		return 0;
	if (next_seq(db, &seq, e) < 0 ||
	    q_open(&q, db,
		"INSERT INTO rule_tombstones (seq, id, deleted_ms) "
		"VALUES (?, ?, ?)",
		e) < 0)
		return -1;
	q_int(&q, seq);
	q_uuid(&q, id);
	q_int(&q, clock_now_ms());
	return q_run(&q, e) < 0 ? -1 : 1;
}

int
sqlite_rule_delete(struct store *st, const struct uuid *id, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	return db_leave(db, own, delete_rule(db, id, e), e);
}

/* ---- lists and counts ---------------------------------------------------- */

int
sqlite_rule_count(struct store *st, const struct store_rule_filter *f,
    int64_t *n, struct err *e)
{
	struct query q;

	/* symbol '' is the sum over all. */
	if (q_open(&q, db_of(st),
		"SELECT sum(n) FROM rule_groups WHERE symbol = ?1 "
		"AND (?2 IS NULL OR rule_type = ?2) "
		"AND (?3 < 0 OR is_active = ?3)",
		e) < 0)
		return -1;
	q_text(&q, f->symbol != NULL ? f->symbol : "");
	q_text(&q, f->rule_type);
	q_int(&q, f->active);
	*n = 0;
	return q_number(&q, n, e) < 0 ? -1 : 0;
}

/* The part of a list: all of it, or of a page that begins after a rule first
 * those of the same time, then the older ones. Each is one range of an
 * index. */
enum part {
	PART_ALL,
	PART_SAME_TIME,
	PART_OLDER,
};

static const char *
list_sql(struct db *db, const struct store_rule_filter *f, enum part part,
    struct err *e)
{
	const char *sql, *and = "WHERE ";
	struct buf b;

	buf_init(&b, DB_SQL_MAX);
	buf_adds(&b, f->lean ? LEAN " FROM rules " : COLUMNS);
	if (f->symbol != NULL) {
		buf_addf(&b, "%ssymbol = ? ", and);
		and = "AND ";
	}
	if (f->rule_type != NULL) {
		buf_addf(&b, "%srule_type = ? ", and);
		and = "AND ";
	}
	if (f->active >= 0) {
		buf_addf(&b, "%sis_active = ? ", and);
		and = "AND ";
	}
	if (part == PART_SAME_TIME)
		buf_addf(&b, "%screated_ms = ? AND id > ? ", and);
	if (part == PART_OLDER)
		buf_addf(&b, "%screated_ms < ? ", and);
	if (!f->unordered)
		buf_adds(&b, "ORDER BY created_ms DESC, id ");
	buf_adds(&b, "LIMIT ? OFFSET ?");
	sql = db_text(db, &b, e);
	buf_release(&b);
	return sql;
}

/* A page being filled from its parts. */
struct page {
	store_rule_fn *fn;
	void *arg;
	int64_t given;
	bool stopped;
};

static int
give_counted(void *arg, const struct rule *r, struct err *e)
{
	struct page *p = arg;
	int rc = p->fn(p->arg, r, e);

	p->given++;
	p->stopped = rc != 0;
	return rc;
}

static int
list_part(struct db *db, const struct store_rule_filter *f, enum part part,
    int64_t limit, int64_t offset, struct page *p, struct err *e)
{
	const char *sql = list_sql(db, f, part, e);
	struct query q;

	if (sql == NULL || q_open(&q, db, sql, e) < 0)
		return -1;
	if (f->symbol != NULL)
		q_text(&q, f->symbol);
	if (f->rule_type != NULL)
		q_text(&q, f->rule_type);
	if (f->active >= 0)
		q_int(&q, f->active);
	if (part != PART_ALL)
		q_int(&q, f->after_created_ms);
	if (part == PART_SAME_TIME)
		q_uuid(&q, &f->after_id);
	q_int(&q, limit);
	q_int(&q, offset);
	return give_rules(&q, give_counted, p, e);
}

int
sqlite_rule_list(struct store *st, const struct store_rule_filter *f,
    store_rule_fn *fn, void *arg, struct err *e)
{
	struct page p = {.fn = fn, .arg = arg};
	struct db *db = db_of(st);
	int64_t limit = f->limit > 0 ? f->limit : INT64_MAX;
	int64_t offset = f->offset > 0 ? f->offset : 0, n;

	if (f->has_after) {
		if (list_part(db, f, PART_SAME_TIME, limit, 0, &p, e) < 0)
			return -1;
		if (p.stopped || p.given >= limit)
			return 0;
		return list_part(db, f, PART_OLDER, limit - p.given, 0, &p, e);
	}
	if (f->unordered)
		return list_part(db, f, PART_ALL, limit, offset, &p, e);
	/* Knowing how many match, the search ends at the last one and does
	 * not look through the rest of its index for more. */
	if (sqlite_rule_count(st, f, &n, e) < 0)
		return -1;
	if (offset >= n)
		return 0;
	if (limit > n - offset)
		limit = n - offset;
	return list_part(db, f, PART_ALL, limit, offset, &p, e);
}

/* ---- following changes --------------------------------------------------- */

int
sqlite_rule_seq(struct store *st, int64_t *seq, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st),
		"SELECT n FROM counters WHERE name = 'rule_seq'", e) < 0)
		return -1;
	return q_number(&q, seq, e) < 0 ? -1 : 0;
}

/* Give the tombstones up to a change number (exclusive); leaves the query on
 * the first one beyond. *more says whether there is one. */
static int
give_gone(struct query *q, int64_t before, bool *more,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e)
{
	struct uuid id;
	int rc;

	while (*more && col_int(q, 0) < before) {
		id = col_uuid(q, 1);
		if ((rc = db_answer(gone(arg, &id, col_int(q, 0)), e)) != 0)
			return rc;
		if ((rc = q_step(q, e)) < 0)
			return -1;
		*more = rc > 0;
	}
	return 0;
}

/* Merge the two lists by change number. */
static int
merge_changes(struct query *puts, struct query *gones, store_rule_fn *put_fn,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e)
{
	bool more;
	struct rule r;
	int rc;

	if ((rc = q_step(gones, e)) < 0)
		return -1;
	more = rc > 0;
	while ((rc = q_step(puts, e)) > 0) {
		if ((rc = give_gone(gones, col_int(puts, COL_SEQ), &more, gone,
			 arg, e)) != 0)
			return rc;
		if (read_rule(puts, &r, e) < 0)
			return -1;
		if ((rc = db_answer(put_fn(arg, &r, e), e)) != 0)
			return rc;
	}
	if (rc < 0)
		return -1;
	return give_gone(gones, INT64_MAX, &more, gone, arg, e);
}

int
sqlite_rule_changes(struct store *st, int64_t since, store_rule_fn *put_fn,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e)
{
	struct query puts, gones;
	int rc;

	if (q_open(&puts, db_of(st), COLUMNS "WHERE seq > ? ORDER BY seq", e) <
	    0)
		return -1;
	q_int(&puts, since);
	if (q_open(&gones, db_of(st),
		"SELECT seq, id FROM rule_tombstones WHERE seq > ? "
		"ORDER BY seq",
		e) < 0) {
		q_close(&puts);
		return -1;
	}
	q_int(&gones, since);
	rc = merge_changes(&puts, &gones, put_fn, gone, arg, e);
	q_close(&gones);
	q_close(&puts);
	return rc < 0 ? -1 : 0;
}

int
sqlite_rule_series(struct store *st,
    int (*fn)(
	void *arg, const char *symbol, interval_id interval, int warmup_bars),
    void *arg, struct err *e)
{
	struct query q;
	int interval, rc;

	if (q_open(&q, db_of(st),
		"SELECT symbol, interval, max(warmup_bars) FROM rule_groups "
		"WHERE symbol > '' AND is_active = 1 AND n > 0 "
		"GROUP BY symbol, interval",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0) {
		if ((interval = interval_stored(col_text(&q, 1), e)) < 0) {
			rc = -1;
			break;
		}
		if ((rc = db_answer(
			 fn(arg, col_text(&q, 0), (interval_id)interval,
			     (int)col_int(&q, 2)),
			 e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}
