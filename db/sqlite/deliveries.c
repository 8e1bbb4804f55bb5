/*
 * deliveries: claims with leases, settling, and lists.
 *
 * An unsettled delivery may be claimed by anybody when next_attempt_ms and
 * lease_until_ms are over. The index of what is due knows the first alone:
 * leases come and go without a change of it, and a look for what is due steps
 * over those that are held. That is as much as senders have in memory.
 * Claims need no fsync: after a power cut nobody holds anything, and the
 * settling that follows the request is durable.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/sqlite/db.h"

/* Deliveries that one transaction claims, retries or drops at most. */
#define CLAIM_MAX 10000

/* How many deliveries the alert has. */
#define SIBLINGS "(SELECT count(*) FROM deliveries o WHERE o." N_OF_ALERT ") "
#define COLUMNS                                                                \
	"SELECT d.id, a.id, d.rule_id, d.channel, d.status, d.attempts, "      \
	"d.step, d.next_attempt_ms, d.created_ms, d.updated_ms, d.lease, "     \
	"d.lease_until_ms, d.last_error, CASE d.channel "                      \
	"WHEN 'discord' THEN r.discord_webhook_url "                           \
	"WHEN 'generic' THEN r.generic_webhook_url END, a.record, "            \
	"d.n, d.alert, d.tries, a.symbol, " SIBLINGS
#define FROM_DELIVERIES                                                        \
	"FROM deliveries d CROSS JOIN alerts a ON a.seq = d.alert "            \
	"LEFT JOIN rules r ON r.id = d.rule_id "
#define FROM_ALERTS                                                            \
	"FROM alerts a CROSS JOIN deliveries d ON d." N_OF_ALERT               \
	"LEFT JOIN rules r ON r.id = d.rule_id "

/* ---- a row --------------------------------------------------------------- */

static void
read_delivery(const struct query *q, struct store_delivery *d)
{
	d->id = col_uuid(q, 0);
	d->alert_id = col_uuid(q, 1);
	d->rule_id = col_uuid(q, 2);
	d->channel = col_text(q, 3);
	d->status = (enum delivery_status)col_int(q, 4);
	d->attempts = col_int(q, 5);
	d->step = col_int(q, 6);
	d->next_attempt_ms = col_int(q, 7);
	d->created_ms = col_int(q, 8);
	d->updated_ms = col_int(q, 9);
	d->lease = col_text(q, 10);
	d->lease_until_ms = col_int(q, 11);
	d->last_error = col_text(q, 12);
	d->url = col_text(q, 13);
	d->record = col_text(q, 14);
	d->record_len = (size_t)sqlite3_column_bytes(q->stmt, 14);
	d->claim.status = d->status;
	d->claim.row = col_int(q, 15);
	d->claim.alert = col_int(q, 16);
	d->claim.tries = col_int(q, 17);
	(void)snprintf(
	    d->claim.symbol, sizeof(d->claim.symbol), "%s", col_text(q, 18));
	d->claim.siblings = col_int(q, 19);
}

/* Give every row to fn. The number given, or -1. */
static int
give_deliveries(
    struct query *q, store_delivery_fn *fn, void *arg, struct err *e)
{
	struct store_delivery d;
	int rc, n = 0;

	while ((rc = q_step(q, e)) > 0) {
		read_delivery(q, &d);
		n++;
		if ((rc = db_answer(fn(arg, &d, e), e)) != 0)
			break;
	}
	q_close(q);
	return rc < 0 ? -1 : n;
}

int
sqlite_delivery_get(struct store *st, const struct uuid *id,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st), COLUMNS FROM_DELIVERIES "WHERE d.id = ?", e) <
	    0)
		return -1;
	q_uuid(&q, id);
	return give_deliveries(&q, fn, arg, e);
}

/* ---- claims -------------------------------------------------------------- */

/* Numbers of deliveries. */
struct numbers {
	int64_t *v;
	size_t n, cap;
};

static int
add(struct numbers *l, int64_t n, struct err *e)
{
	int64_t *v;

	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? l->cap * 2 : 16;
		v = realloc(l->v, l->cap * sizeof(*v));
		if (v == NULL)
			return err_set(e, "out of memory");
		l->v = v;
	}
	l->v[l->n++] = n;
	return 0;
}

static int
collect(struct query *q, struct numbers *l, struct err *e)
{
	int rc;

	while ((rc = q_step(q, e)) > 0)
		if ((rc = add(l, col_int(q, 0), e)) < 0)
			break;
	q_close(q);
	return rc;
}

/* How many from i on are of one alert and follow each other. */
static size_t
row_length(const struct numbers *l, size_t i)
{
	size_t n = 1;

	while (i + n < l->n && l->v[i + n] == l->v[i] + (int64_t)n &&
	       l->v[i + n] % ALERT_DELIVERIES != 0)
		n++;
	return n;
}

/* How many from i on are the same n of each of alerts that follow each other,
 * as they are made in a burst. */
static size_t
run_length(const struct numbers *l, size_t i, size_t n)
{
	size_t end = i + n, j;

	for (;; end += n) {
		for (j = end; j < end + n; j++)
			if (j >= l->n ||
			    l->v[j] != l->v[j - n] + ALERT_DELIVERIES)
				return end - i;
	}
}

/* One statement for each run of them: a burst is one. */
static int
lease_all(struct db *db, const struct numbers *l, const char *token,
    int64_t now_ms, int64_t lease_ms, struct err *e)
{
	struct query q;
	size_t i, n, row;
	int64_t place;
	int rc = 0;

	if (l->n == 0)
		return 0;
	if (q_open(&q, db,
		"UPDATE deliveries SET lease = ?, lease_until_ms = ?, "
		"updated_ms = ? WHERE n BETWEEN ? AND ? "
		"AND n % 64 BETWEEN ? AND ?",
		e) < 0)
		return -1;
	for (i = 0; i < l->n && rc == 0; i += n) {
		row = row_length(l, i);
		n = run_length(l, i, row);
		place = l->v[i] % ALERT_DELIVERIES;
		q_again(&q);
		q_text(&q, token);
		q_int(&q, now_ms + lease_ms);
		q_int(&q, now_ms);
		q_int(&q, l->v[i]);
		q_int(&q, l->v[i + n - 1]);
		q_int(&q, place);
		q_int(&q, place + (int64_t)row - 1);
		rc = q_step(&q, e);
	}
	q_close(&q);
	return rc;
}

/* Give each to fn, if it is still ours: fn may take long. The number given, or
 * -1. */
static int
give_numbers(struct db *db, const struct numbers *l, const char *token,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	struct store_delivery d;
	struct query q;
	int rc = 0, n = 0;
	size_t i;

	for (i = 0; i < l->n && rc == 0; i++) {
		if (q_open(&q, db,
			COLUMNS FROM_DELIVERIES "WHERE d.n = ? AND d.lease = ?",
			e) < 0)
			return -1;
		q_int(&q, l->v[i]);
		q_text(&q, token);
		if ((rc = q_step(&q, e)) > 0) {
			read_delivery(&q, &d);
			n++;
			rc = db_answer(fn(arg, &d, e), e);
		}
		q_close(&q);
	}
	return rc < 0 ? -1 : n;
}

/* Claim what the open query names, then give it. */
static int
claim(struct db *db, struct query *q, bool own, const char *token,
    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
    struct err *e)
{
	struct numbers l = {0};
	int rc = collect(q, &l, e);

	if (rc == 0)
		rc = lease_all(db, &l, token, now_ms, lease_ms, e);
	if (own && rc == 0 && l.n == 0)
		db_rollback(db); /* nothing to write */
	else
		rc = db_leave(db, own, rc, e);
	if (rc == 0)
		rc = give_numbers(db, &l, token, fn, arg, e);
	free(l.v);
	return rc;
}

/* The newest first: an alert that is named twice is named soon again. */
static bool
is_among(const struct numbers *l, int64_t n)
{
	size_t i = l->n;

	while (i > 0)
		if (l->v[--i] == n)
			return true;
	return false;
}

/* Give what the open query yields, each once, as if leased, and note it. 0 or
 * -1; given counts by the place in the query. */
static int
give_unleased(struct query *q, struct numbers *l, int *given, const char *token,
    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
    struct err *e)
{
	struct store_delivery d;
	int rc;

	while ((rc = q_step(q, e)) > 0) {
		read_delivery(q, &d);
		if (is_among(l, d.claim.row))
			continue;
		d.lease = token;
		d.lease_until_ms = now_ms + lease_ms;
		d.updated_ms = now_ms;
		given[col_int(q, 20)]++;
		if ((rc = add(l, d.claim.row, e)) < 0 ||
		    (rc = db_answer(fn(arg, &d, e), e)) != 0)
			break;
	}
	q_close(q);
	return rc < 0 ? -1 : 0;
}

static int
claim_alerts(struct db *db, const struct db_uuids *ids, int *given,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e)
{
	struct numbers l = {0};
	struct query q;
	int rc;

	if (q_open(&q, db,
		COLUMNS ", u.i FROM uuids(?) u "
			"CROSS JOIN alerts a ON a.id = u.id "
			"CROSS JOIN deliveries d ON d." N_OF_ALERT
			"LEFT JOIN rules r ON r.id = d.rule_id "
			"WHERE d.status < 2 AND d.lease_until_ms <= ?",
		e) < 0)
		return -1;
	q_uuids(&q, ids);
	q_int(&q, now_ms);
	rc = give_unleased(&q, &l, given, token, now_ms, lease_ms, fn, arg, e);
	if (rc == 0)
		rc = lease_all(db, &l, token, now_ms, lease_ms, e);
	free(l.v);
	return rc < 0 ? -1 : (int)l.n;
}

int
sqlite_delivery_claim_alerts(struct store *st, const struct uuid *alert_ids,
    size_t n, int *given, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	struct db_uuids ids = {.v = alert_ids, .n = n};
	struct db *db = db_of(st);
	bool own;

	memset(given, 0, n * sizeof(*given));
	if (db_enter(db, false, &own, e) < 0)
		return -1;
	return db_leave(db, own,
	    claim_alerts(db, &ids, given, token, now_ms, lease_ms, fn, arg, e),
	    e);
}

/* Whether anything is due: a look that locks nobody out. */
static int
any_due(struct db *db, int64_t now_ms, struct err *e)
{
	int64_t one;
	struct query q;

	if (q_open(&q, db,
		"SELECT 1 FROM deliveries WHERE status < 2 "
		"AND next_attempt_ms <= ? AND lease_until_ms <= ? LIMIT 1",
		e) < 0)
		return -1;
	q_int(&q, now_ms);
	q_int(&q, now_ms);
	return q_number(&q, &one, e);
}

int
sqlite_delivery_claim_due(struct store *st, int64_t limit, const char *token,
    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
    struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;
	int rc;

	if ((rc = any_due(db, now_ms, e)) <= 0)
		return rc;
	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT n FROM deliveries WHERE status < 2 "
		"AND next_attempt_ms <= ? AND lease_until_ms <= ? "
		"ORDER BY next_attempt_ms LIMIT ?",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_int(&q, now_ms);
	q_int(&q, now_ms);
	q_int(&q, limit > 0 && limit < CLAIM_MAX ? limit : CLAIM_MAX);
	return claim(db, &q, own, token, now_ms, lease_ms, fn, arg, e);
}

int
sqlite_delivery_claim_id(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT n FROM deliveries WHERE id = ? AND status < 2 "
		"AND lease_until_ms <= ?",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_uuid(&q, id);
	q_int(&q, now_ms);
	return claim(db, &q, own, token, now_ms, lease_ms, fn, arg, e);
}

int
sqlite_delivery_claim_lane(struct store *st, const struct uuid *rule_id,
    const char *channel, int64_t limit, const char *token, int64_t now_ms,
    int64_t lease_ms, store_delivery_fn *fn, void *arg, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT n FROM deliveries WHERE rule_id = ? AND channel = ? "
		"AND status < 2 AND lease_until_ms <= ? "
		"ORDER BY n LIMIT ?",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_uuid(&q, rule_id);
	q_text(&q, channel);
	q_int(&q, now_ms);
	q_int(&q, limit > 0 && limit < CLAIM_MAX ? limit : CLAIM_MAX);
	return claim(db, &q, own, token, now_ms, lease_ms, fn, arg, e);
}

/* Run a change of one row within its transaction: 1 changed, 0, -1. */
static int
change_one(struct db *db, struct query *q, struct err *e)
{
	return q_run(q, e) < 0 ? -1 : sqlite3_changes(db->sql) > 0;
}

static int
move_lease(struct db *db, const struct uuid *id, const char *old_token,
    const char *token, int64_t now_ms, int64_t lease_ms, struct err *e)
{
	struct query q;
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"UPDATE deliveries SET lease = ?, lease_until_ms = ?, "
		"updated_ms = ? WHERE id = ? AND lease = ? AND status < 2",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_text(&q, token);
	q_int(&q, now_ms + lease_ms);
	q_int(&q, now_ms);
	q_uuid(&q, id);
	q_text(&q, old_token);
	return db_leave(db, own, change_one(db, &q, e), e);
}

int
sqlite_delivery_adopt(struct store *st, const struct uuid *id,
    const char *old_token, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	int rc =
	    move_lease(db_of(st), id, old_token, token, now_ms, lease_ms, e);

	return rc > 0 ? sqlite_delivery_get(st, id, fn, arg, e) : rc;
}

int
sqlite_delivery_renew(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, struct err *e)
{
	return move_lease(db_of(st), id, token, token, now_ms, lease_ms, e);
}

int
sqlite_delivery_release(struct store *st, const struct uuid *id,
    const char *token, int64_t next_attempt_ms, struct err *e)
{
	struct db *db = db_of(st);
	struct query q;
	bool own;

	if (db_enter(db, false, &own, e) < 0)
		return -1;
	if (q_open(&q, db,
		"UPDATE deliveries SET lease = NULL, lease_until_ms = 0, "
		"next_attempt_ms = ? WHERE id = ? AND lease = ? "
		"AND status < 2",
		e) < 0)
		return db_leave(db, own, -1, e);
	q_int(&q, next_attempt_ms);
	q_uuid(&q, id);
	q_text(&q, token);
	return db_leave(db, own, change_one(db, &q, e), e);
}

/* ---- settling ------------------------------------------------------------ */

/* What settling must know of the delivery. */
struct held {
	struct store_claim c;
	char channel[64];
	bool ours;
};

/* It goes from one status to another: the counts. */
static int
count_move(
    struct db *db, const char *channel, int64_t from, int64_t to, struct err *e)
{
	if (counts_add(db, COUNT_DELIVERIES, channel, (int)from, -1, e) < 0)
		return -1;
	return counts_add(db, COUNT_DELIVERIES, channel, (int)to, 1, e);
}

/* 1, or 0 when the delivery is gone with its rule. */
static int
look_at(struct db *db, const struct uuid *id, const char *token, struct held *h,
    struct err *e)
{
	struct query q;
	int rc;

	if (q_open(&q, db,
		"SELECT d.n, d.alert, d.tries, d.status, "
		"d.status < 2 AND d.lease IS ?1, a.symbol, d.channel, " SIBLINGS
		"FROM deliveries d CROSS JOIN alerts a ON a.seq = d.alert "
		"WHERE d.id = ?2",
		e) < 0)
		return -1;
	q_text(&q, token);
	q_uuid(&q, id);
	if ((rc = q_step(&q, e)) > 0) {
		h->c.row = col_int(&q, 0);
		h->c.alert = col_int(&q, 1);
		h->c.tries = col_int(&q, 2);
		h->c.status = col_int(&q, 3);
		h->ours = col_int(&q, 4) != 0;
		(void)snprintf(
		    h->c.symbol, sizeof(h->c.symbol), "%s", col_text(&q, 5));
		(void)snprintf(
		    h->channel, sizeof(h->channel), "%s", col_text(&q, 6));
		h->c.siblings = col_int(&q, 7);
	}
	q_close(&q);
	return rc;
}

static int
record_attempt(struct db *db, const struct store_claim *c, const char *channel,
    struct store_attempt *a, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"INSERT INTO delivery_attempts (alert, channel, attempt_no, "
		"success, response_code, latency_ms, bytes, error, address, "
		"response, created_ms) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
		e) < 0)
		return -1;
	a->attempt_no = c->tries + 1;
	q_int(&q, c->alert);
	q_text(&q, channel);
	q_int(&q, a->attempt_no);
	q_int(&q, a->success);
	q_int(&q, a->response_code);
	q_int(&q, a->latency_ms);
	q_int(&q, a->bytes);
	q_text(&q, a->error);
	q_text(&q, a->address);
	q_text(&q, a->response);
	q_int(&q, a->created_ms);
	if (q_run(&q, e) < 0)
		return -1;
	a->id = sqlite3_last_insert_rowid(db->sql);
	return 0;
}

/* The attempt was another holder's as well: only count it. */
static int
count_try(struct db *db, const struct store_claim *c, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"UPDATE deliveries SET tries = tries + 1 WHERE n = ?", e) < 0)
		return -1;
	q_int(&q, c->row);
	return q_run(&q, e);
}

/* Where it goes, if it is what c says and leased by the token: 1, 0 when it is
 * not, -1. */
static int
move_on(struct db *db, const struct uuid *id, const struct store_claim *c,
    const char *token, const struct store_attempt *a,
    const struct store_settlement *s, struct err *e)
{
	bool keep = s->keep_lease && s->status < DELIVERY_DELIVERED;
	struct query q;

	if (q_open(&q, db,
		"UPDATE deliveries SET status = ?, attempts = attempts + 1, "
		"tries = tries + 1, step = ?, next_attempt_ms = ?, lease = ?, "
		"lease_until_ms = ?, last_error = ?, updated_ms = ? "
		"WHERE n = ? AND id = ? AND lease = ? AND status = ? AND "
		"tries = ?",
		e) < 0)
		return -1;
	q_int(&q, s->status);
	q_int(&q, s->step);
	q_int(&q, s->next_attempt_ms);
	q_text(&q, keep ? token : NULL);
	q_int(&q, keep ? s->lease_until_ms : 0);
	q_text(&q, a->success ? NULL : a->error);
	q_int(&q, a->created_ms);
	q_int(&q, c->row);
	q_uuid(&q, id);
	q_text(&q, token);
	q_int(&q, c->status);
	q_int(&q, c->tries);
	return change_one(db, &q, e);
}

/* The attempt of a delivery that has moved on, its counts and its alert. */
static int
book(struct db *db, const struct store_claim *c, const char *channel,
    struct store_attempt *a, const struct store_settlement *s, struct err *e)
{
	if (record_attempt(db, c, channel, a, e) < 0 ||
	    count_move(db, channel, c->status, s->status, e) < 0)
		return -1;
	if (s->status != DELIVERY_DELIVERED && s->status != DELIVERY_DEAD)
		return 0;
	if (c->siblings > 1)
		return alert_refresh(db, c->alert, e);
	return alert_settled(
	    db, c->alert, c->symbol, s->status == DELIVERY_DELIVERED, e);
}

/* What the claim says from now on. */
static void
settled(struct store_claim *c, const struct store_settlement *s)
{
	c->status = s->status;
	c->tries++;
}

/* By what the claim says. 1, 0 when it is out of date, -1. */
static int
settle_known(struct db *db, const struct uuid *id, const char *token,
    struct store_attempt *a, const struct store_settlement *s, struct err *e)
{
	struct store_claim *c = a->claim;
	int rc;

	if (c == NULL || c->row == 0 || a->channel == NULL)
		return 0;
	if ((rc = move_on(db, id, c, token, a, s, e)) <= 0)
		return rc;
	if (book(db, c, a->channel, a, s, e) < 0)
		return -1;
	settled(c, s);
	return 1;
}

static int
settle(struct db *db, const struct uuid *id, const char *token,
    struct store_attempt *a, const struct store_settlement *s, struct err *e)
{
	struct held h;
	int rc;

	a->attempt_no = 0;
	if ((rc = settle_known(db, id, token, a, s, e)) != 0 ||
	    (rc = look_at(db, id, token, &h, e)) <= 0)
		return rc;
	if (!h.ours) {
		if (record_attempt(db, &h.c, h.channel, a, e) < 0)
			return -1;
		return count_try(db, &h.c, e);
	}
	if (move_on(db, id, &h.c, token, a, s, e) < 0 ||
	    book(db, &h.c, h.channel, a, s, e) < 0)
		return -1;
	if (a->claim != NULL) {
		*a->claim = h.c;
		settled(a->claim, s);
	}
	return 1;
}

int
sqlite_delivery_settle(struct store *st, const struct uuid *id,
    const char *token, struct store_attempt *attempt,
    const struct store_settlement *s, struct err *e)
{
	struct db *db = db_of(st);
	bool own;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	return db_leave(db, own, settle(db, id, token, attempt, s, e), e);
}

/* ---- lists and counts ---------------------------------------------------- */

/*
 * The conditions of a filter. unsettled: only what is not delivered, in the
 * order of the numbers after one. A "+" keeps the planner from an index.
 */
static void
add_where(struct buf *b, const struct store_delivery_filter *f)
{
	const char *and = "WHERE ";
	bool chosen = f->alert_id != NULL || f->rule_id != NULL;

	if (f->alert_id != NULL) {
		buf_addf(b, "%sa.id = ? ", and);
		and = "AND ";
	}
	if (f->rule_id != NULL) {
		buf_addf(b, "%s%sa.rule_id = ? ", and,
		    f->alert_id != NULL ? "+" : "");
		and = "AND ";
	}
	if (f->status >= 0) {
		/* Most are delivered; the index of states is of the others. */
		bool many = f->status == DELIVERY_DELIVERED;

		buf_addf(
		    b, "%s%sd.status = ? ", and, chosen || many ? "+" : "");
		and = "AND ";
		if (!chosen && !many)
			buf_adds(b, "AND d.status <> 2 ");
	}
	if (f->channel != NULL) {
		buf_addf(b, "%s%sd.channel = ? ", and, chosen ? "+" : "");
		and = "AND ";
	}
	if (f->since_ms > 0) {
		buf_addf(b, "%s%sd.created_ms >= ? ", and, chosen ? "+" : "");
		and = "AND ";
	}
	if (f->until_ms > 0)
		buf_addf(b, "%s%sd.created_ms <= ? ", and, chosen ? "+" : "");
}

/* Newest first by the index that the filter uses. */
static const char *
order_of(const struct store_delivery_filter *f)
{
	if (f->alert_id != NULL)
		return "ORDER BY d.n "; /* as the rule names the channels */
	if (f->rule_id != NULL)
		return "ORDER BY a.triggered_ms DESC, a.seq DESC ";
	return "ORDER BY d.created_ms DESC ";
}

static void
bind_filter(struct query *q, const struct store_delivery_filter *f)
{
	if (f->alert_id != NULL)
		q_uuid(q, f->alert_id);
	if (f->rule_id != NULL)
		q_uuid(q, f->rule_id);
	if (f->status >= 0)
		q_int(q, f->status);
	if (f->channel != NULL)
		q_text(q, f->channel);
	if (f->since_ms > 0)
		q_int(q, f->since_ms);
	if (f->until_ms > 0)
		q_int(q, f->until_ms);
}

static int
open_filtered(struct query *q, struct db *db, const char *head,
    const char *tail, const struct store_delivery_filter *f, struct err *e)
{
	bool by_alert = f->alert_id != NULL || f->rule_id != NULL;
	const char *sql;
	struct buf b;

	buf_init(&b, DB_SQL_MAX);
	buf_adds(&b, head);
	buf_adds(&b, by_alert ? FROM_ALERTS : FROM_DELIVERIES);
	add_where(&b, f);
	buf_adds(&b, tail);
	sql = db_text(db, &b, e);
	buf_release(&b);
	if (sql == NULL || q_open(q, db, sql, e) < 0)
		return -1;
	bind_filter(q, f);
	return 0;
}

int
sqlite_delivery_list(struct store *st, const struct store_delivery_filter *f,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	struct query q;
	char tail[128];

	(void)snprintf(tail, sizeof(tail), "%sLIMIT ? OFFSET ?", order_of(f));
	if (open_filtered(&q, db_of(st), COLUMNS, tail, f, e) < 0)
		return -1;
	q_int(&q, f->limit > 0 ? f->limit : -1);
	q_int(&q, f->offset > 0 ? f->offset : 0);
	return give_deliveries(&q, fn, arg, e) < 0 ? -1 : 0;
}

/* Without alert, rule and time the counts by group answer. */
static int
count_groups(struct db *db, const struct store_delivery_filter *f, int64_t *n,
    struct err *e)
{
	struct query q;

	if (counts_write(db, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT sum(n) FROM status_counts WHERE what = 'deliveries' "
		"AND (?1 IS NULL OR name = ?1) AND (?2 < 0 OR status = ?2)",
		e) < 0)
		return -1;
	q_text(&q, f->channel);
	q_int(&q, f->status);
	return q_number(&q, n, e);
}

int
sqlite_delivery_count(struct store *st, const struct store_delivery_filter *f,
    int64_t *n, struct err *e)
{
	struct query q;

	*n = 0;
	if (f->alert_id == NULL && f->rule_id == NULL && f->since_ms <= 0 &&
	    f->until_ms <= 0)
		return count_groups(db_of(st), f, n, e) < 0 ? -1 : 0;
	if (open_filtered(&q, db_of(st), "SELECT count(*) ", "", f, e) < 0)
		return -1;
	return q_number(&q, n, e) < 0 ? -1 : 0;
}

/* ---- operator's changes -------------------------------------------------- */

static int
restart_one(struct db *db, int64_t n, int64_t now_ms, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"UPDATE deliveries SET status = 0, attempts = 0, step = 0, "
		"next_attempt_ms = ?1, updated_ms = ?1 WHERE n = ?2",
		e) < 0)
		return -1;
	q_int(&q, now_ms);
	q_int(&q, n);
	return q_run(&q, e);
}

static int
drop_one(struct db *db, int64_t n, int64_t now_ms, struct err *e)
{
	struct query q;

	if (q_open(&q, db,
		"UPDATE deliveries SET status = 3, lease = NULL, "
		"lease_until_ms = 0, last_error = 'dropped', updated_ms = ?1 "
		"WHERE n = ?2",
		e) < 0)
		return -1;
	q_int(&q, now_ms);
	q_int(&q, n);
	return q_run(&q, e);
}

/* What a person does to a delivery: the statement, and the status it has
 * then. */
struct change {
	int (*run)(struct db *db, int64_t n, int64_t now_ms, struct err *e);
	enum delivery_status status;
};

static const struct change restart = {restart_one, DELIVERY_PENDING};
static const struct change drop = {drop_one, DELIVERY_DEAD};

/* One delivery that has the status from, and its alert. */
static int
change_one_of(struct db *db, const struct change *c, int64_t n,
    enum delivery_status from, int64_t now_ms, struct err *e)
{
	struct query q;
	char channel[64] = "";
	int64_t alert = 0;
	int rc;

	if (q_open(&q, db, "SELECT alert, channel FROM deliveries WHERE n = ?",
		e) < 0)
		return -1;
	q_int(&q, n);
	if ((rc = q_step(&q, e)) > 0) {
		alert = col_int(&q, 0);
		(void)snprintf(channel, sizeof(channel), "%s", col_text(&q, 1));
	}
	q_close(&q);
	if (rc < 0 || c->run(db, n, now_ms, e) < 0 ||
	    count_move(db, channel, from, c->status, e) < 0)
		return -1;
	return alert_refresh(db, alert, e);
}

/* Change all that one status and the filter name. Their number, or -1. */
static int
change_status(struct db *db, const struct store_delivery_filter *f,
    enum delivery_status status, int64_t now_ms, const struct change *c,
    struct err *e)
{
	struct store_delivery_filter g = *f;
	struct numbers l = {0};
	struct query q;
	size_t i;
	int rc;

	if (f->status >= 0 && f->status != (int)status)
		return 0;
	g.status = (int)status;
	if (open_filtered(&q, db, "SELECT d.n ", "", &g, e) < 0)
		return -1;
	rc = collect(&q, &l, e);
	for (i = 0; i < l.n && rc == 0; i++)
		rc = change_one_of(db, c, l.v[i], status, now_ms, e);
	free(l.v);
	return rc < 0 ? -1 : (int)l.n;
}

static int
change_statuses(struct store *st, const struct store_delivery_filter *f,
    const enum delivery_status *statuses, size_t n, int64_t now_ms,
    const struct change *c, struct err *e)
{
	struct db *db = db_of(st);
	int rc, total = 0;
	bool own;
	size_t i;

	if (db_enter(db, true, &own, e) < 0)
		return -1;
	for (i = 0; i < n; i++) {
		rc = change_status(db, f, statuses[i], now_ms, c, e);
		if (rc < 0)
			return db_leave(db, own, -1, e);
		total += rc;
	}
	return db_leave(db, own, total, e);
}

int
sqlite_delivery_retry(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e)
{
	static const enum delivery_status from[] = {
	    /* What becomes pending must not be met again. */
	    DELIVERY_PENDING,
	    DELIVERY_RETRYING,
	    DELIVERY_HELD,
	    DELIVERY_DEAD,
	};

	return change_statuses(st, f, from, 4, now_ms, &restart, e);
}

int
sqlite_delivery_drop(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e)
{
	static const enum delivery_status from[] = {
	    DELIVERY_RETRYING,
	    DELIVERY_PENDING,
	    DELIVERY_HELD,
	};

	return change_statuses(st, f, from, 3, now_ms, &drop, e);
}

/* ---- attempts and numbers ------------------------------------------------ */

static void
read_attempt(const struct query *q, struct store_attempt *a)
{
	a->id = col_int(q, 0);
	a->channel = col_text(q, 1);
	a->attempt_no = col_int(q, 2);
	a->success = col_int(q, 3) != 0;
	a->response_code = (int)col_int(q, 4);
	a->latency_ms = col_int(q, 5);
	a->error = col_text(q, 6);
	a->address = col_text(q, 7);
	a->response = col_text(q, 8);
	a->created_ms = col_int(q, 9);
	a->bytes = col_int(q, 10);
	a->delivery_id =
	    uuid_named(&a->alert_id, a->channel, strlen(a->channel));
}

int
sqlite_attempt_list(struct store *st, const struct uuid *alert_id,
    int64_t limit, int64_t offset, store_attempt_fn *fn, void *arg,
    struct err *e)
{
	struct store_attempt a = {.alert_id = *alert_id};
	struct query q;
	int rc;

	if (q_open(&q, db_of(st),
		"SELECT id, channel, attempt_no, success, response_code, "
		"latency_ms, error, address, response, created_ms, bytes "
		"FROM delivery_attempts WHERE alert = "
		"(SELECT seq FROM alerts WHERE id = ?) "
		"ORDER BY id LIMIT ? OFFSET ?",
		e) < 0)
		return -1;
	q_uuid(&q, alert_id);
	q_int(&q, limit > 0 ? limit : -1);
	q_int(&q, offset > 0 ? offset : 0);
	while ((rc = q_step(&q, e)) > 0) {
		read_attempt(&q, &a);
		if ((rc = db_answer(fn(arg, &a, e), e)) != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}

int
sqlite_attempt_count(
    struct store *st, const struct uuid *alert_id, int64_t *n, struct err *e)
{
	struct query q;

	if (q_open(&q, db_of(st),
		"SELECT count(*) FROM delivery_attempts WHERE alert = "
		"(SELECT seq FROM alerts WHERE id = ?)",
		e) < 0)
		return -1;
	q_uuid(&q, alert_id);
	return q_number(&q, n, e) < 0 ? -1 : 0;
}

static int
oldest_of(struct db *db, const char *channel, int64_t status,
    int64_t *created_ms, struct err *e)
{
	struct query q;

	*created_ms = 0;
	if (status == DELIVERY_DELIVERED)
		return 0;
	if (q_open(&q, db,
		"SELECT created_ms FROM deliveries "
		"WHERE status = ? AND status <> 2 AND channel = ? "
		"ORDER BY created_ms LIMIT 1",
		e) < 0)
		return -1;
	q_int(&q, status);
	q_text(&q, channel);
	return q_number(&q, created_ms, e);
}

int
sqlite_delivery_stats(struct store *st,
    int (*fn)(void *arg, const char *channel, enum delivery_status status,
	int64_t n, int64_t oldest_created_ms),
    void *arg, struct err *e)
{
	struct db *db = db_of(st);
	int64_t oldest;
	struct query q;
	int rc;

	if (counts_write(db, e) < 0)
		return -1;
	if (q_open(&q, db,
		"SELECT name, status, n FROM status_counts "
		"WHERE what = 'deliveries' AND n > 0 ORDER BY name, status",
		e) < 0)
		return -1;
	while ((rc = q_step(&q, e)) > 0) {
		if (oldest_of(db, col_text(&q, 0), col_int(&q, 1), &oldest, e) <
		    0) {
			rc = -1;
			break;
		}
		rc = db_answer(fn(arg, col_text(&q, 0),
				   (enum delivery_status)col_int(&q, 1),
				   col_int(&q, 2), oldest),
		    e);
		if (rc != 0)
			break;
	}
	q_close(&q);
	return rc < 0 ? -1 : 0;
}
