/*
 * Alerts: 100,000 rules fire on one candle, each with one delivery, all in one
 * durable transaction; beside bare prepared statements that put the same rows
 * into the same tables (their indexes, triggers and foreign keys), and into
 * tables with a primary key and nothing else. Then the deliveries are claimed
 * and settled, 100 a transaction.
 */
#include <inttypes.h>

#include "common/json.h"
#include "db/store.h"
#include "tests/bench/db/raw.h"

#define ALERTS 100000
#define NOW    INT64_C(1788912600000)
#define START  INT64_C(1788912000000)
#define SETTLE 20000

static void
must(int rc, const struct err *e)
{
	if (rc < 0) {
		fprintf(stderr, "%s\n", e->msg);
		exit(1);
	}
}

static struct uuid
rule_id(int i)
{
	return uuid_named(&(struct uuid){{1}}, &i, sizeof(i));
}

static size_t
record_of(const struct alert *a, int i, char *out, size_t n)
{
	char id[UUID_TEXT_MAX], rule[UUID_TEXT_MAX];

	uuid_print(&a->id, id);
	uuid_print(&a->rule_id, rule);
	return (size_t)snprintf(out, n,
	    "{\"id\":\"%s\",\"rule_id\":\"%s\",\"rule_name\":\"BTC above "
	    "%d\",\"rule_type\":\"price_threshold\",\"symbol\":\"BTC\","
	    "\"interval\":\"1m\",\"state\":\"firing\",\"window_start\":\"2026-"
	    "09-09T00:00:00.000Z\",\"window_end\":\"2026-09-09T00:01:00.000Z\","
	    "\"triggered_at\":\"2026-09-09T00:00:41.203Z\",\"trigger_value\":"
	    "\"79118.0\",\"message\":\"BTC 1m: price 79118.0 >= %d\","
	    "\"values\":{\"price\":\"79118.0\",\"threshold\":\"%d\"},"
	    "\"candle\":{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\","
	    "\"i\":\"1m\",\"o\":\"79139.0\",\"c\":\"79118.0\",\"h\":\"79139."
	    "0\","
	    "\"l\":\"79110.0\",\"v\":\"0.77139\",\"n\":89,\"x\":false,\"E\":"
	    "1788936671203},\"severity\":\"info\"}",
	    id, rule, i, i, i);
}

static struct alert
alert_of(int i)
{
	struct alert a = {.symbol = "BTC",
	    .state = "firing",
	    .window_start_ms = START,
	    .window_end_ms = START + 60000,
	    .triggered_ms = START + 41203};

	a.rule_id = rule_id(i);
	a.id = alert_id(
	    &a.rule_id, "BTC", 0, a.window_start_ms, a.window_end_ms, "firing");
	return a;
}

static void
put_rules(struct store *st)
{
	static const char text[] =
	    "{\"name\":\"BTC above\",\"symbol\":\"BTC\",\"rule_type\":"
	    "\"price_threshold\",\"config\":{\"threshold\":\"50000\","
	    "\"operator\":\">=\"},\"discord_webhook_url\":"
	    "\"https://discord.com/api/webhooks/123456789012345678/abcdefgh\"}";
	struct err e;
	struct json *j = json_parse(text, strlen(text), &e);
	struct faults f;
	struct rule r;
	int i;

	faults_init(&f, "");
	if (rule_parse(&r, j, RULE_CREATED, true, NOW, &f) < 0)
		exit(1);
	must(store_begin(st, true, &e), &e);
	for (i = 0; i < ALERTS; i++) {
		r.id = rule_id(i);
		must(store_rule_put(st, &r, &e), &e);
	}
	must(store_commit(st, &e), &e);
	rule_release(&r);
	json_free(j);
}

static double
by_store(struct store *st)
{
	static const char *const channels[] = {"discord"};
	int64_t start = clock_mono_us();
	char record[2048];
	struct err e;
	int i;

	must(store_begin(st, true, &e), &e);
	for (i = 0; i < ALERTS; i++) {
		struct alert a = alert_of(i);
		size_t n = record_of(&a, i, record, sizeof(record));

		must(store_alert_put(
			 st, &a, record, n, channels, 1, NOW, 30000, &e),
		    &e);
	}
	must(store_commit(st, &e), &e);
	return ALERTS * 1e6 / (double)(clock_mono_us() - start);
}

static void
bind_row(sqlite3_stmt *s, const struct alert *a, const char *record, size_t n)
{
	sqlite3_bind_blob(s, 1, a->id.b, 16, SQLITE_STATIC);
	sqlite3_bind_blob(s, 2, a->rule_id.b, 16, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, "BTC", -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, "1m", -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 5, "firing", -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 6, a->window_start_ms);
	sqlite3_bind_int64(s, 7, a->window_end_ms);
	sqlite3_bind_int64(s, 8, a->triggered_ms);
	sqlite3_bind_int64(s, 9, NOW);
	sqlite3_bind_int64(s, 10, 0);
	sqlite3_bind_int64(s, 11, 0);
	sqlite3_bind_text(s, 12, record, (int)n, SQLITE_STATIC);
}

static double
by_hand(sqlite3 *db)
{
	sqlite3_stmt *a = raw_prepare(db,
	    "INSERT INTO alerts (id, rule_id, symbol, interval, state, "
	    "window_start_ms, window_end_ms, triggered_ms, created_ms, late, "
	    "status, record) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
	sqlite3_stmt *d = raw_prepare(db,
	    "INSERT INTO deliveries (id, alert, rule_id, channel, status, "
	    "next_attempt_ms, created_ms, updated_ms) VALUES "
	    "(?,?,?,?,?,?,?,?)");
	int64_t start = clock_mono_us();
	char record[2048];
	int i;

	raw_exec(db, "BEGIN IMMEDIATE");
	for (i = 0; i < ALERTS; i++) {
		struct alert x = alert_of(i);
		struct uuid id = uuid_named(&x.id, "discord", 7);
		size_t n = record_of(&x, i, record, sizeof(record));

		bind_row(a, &x, record, n);
		raw_step(a);
		sqlite3_bind_blob(d, 1, id.b, 16, SQLITE_STATIC);
		sqlite3_bind_int64(d, 2, sqlite3_last_insert_rowid(db));
		sqlite3_bind_blob(d, 3, x.rule_id.b, 16, SQLITE_STATIC);
		sqlite3_bind_text(d, 4, "discord", -1, SQLITE_STATIC);
		sqlite3_bind_int64(d, 5, 0);
		sqlite3_bind_int64(d, 6, NOW + 30000);
		sqlite3_bind_int64(d, 7, NOW);
		sqlite3_bind_int64(d, 8, NOW);
		raw_step(d);
	}
	raw_exec(db, "COMMIT");
	(void)sqlite3_finalize(a);
	(void)sqlite3_finalize(d);
	return ALERTS * 1e6 / (double)(clock_mono_us() - start);
}

static void
bare_tables(sqlite3 *db)
{
	raw_exec(db,
	    "CREATE TABLE alerts (seq INTEGER PRIMARY KEY, id BLOB NOT NULL, "
	    "rule_id BLOB NOT NULL, symbol TEXT NOT NULL, interval TEXT NOT "
	    "NULL, state TEXT NOT NULL, window_start_ms INTEGER NOT NULL, "
	    "window_end_ms INTEGER NOT NULL, triggered_ms INTEGER NOT NULL, "
	    "created_ms INTEGER NOT NULL, late INTEGER NOT NULL, status "
	    "INTEGER NOT NULL, record TEXT NOT NULL) STRICT; "
	    "CREATE TABLE deliveries (n INTEGER PRIMARY KEY, id BLOB NOT NULL, "
	    "alert INTEGER NOT NULL, rule_id BLOB NOT NULL, channel TEXT NOT "
	    "NULL, status INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT "
	    "0, step INTEGER NOT NULL DEFAULT 0, next_attempt_ms INTEGER NOT "
	    "NULL, created_ms INTEGER NOT NULL, updated_ms INTEGER NOT NULL, "
	    "lease TEXT, lease_until_ms INTEGER NOT NULL DEFAULT 0, last_error "
	    "TEXT) STRICT");
}

struct claimed {
	struct uuid ids[SETTLE];
	int n;
};

static int
keep_id(void *arg, const struct store_delivery *d, struct err *e)
{
	struct claimed *c = arg;

	(void)e;
	if (c->n < SETTLE)
		c->ids[c->n++] = d->id;
	return 0;
}

static void
deliveries(struct store *st)
{
	static struct claimed c;
	struct store_settlement to = {.status = DELIVERY_DELIVERED};
	struct store_attempt a = {.success = true,
	    .response_code = 204,
	    .latency_ms = 31,
	    .bytes = 800,
	    .address = "162.159.128.233",
	    .response = "",
	    .created_ms = NOW};
	int64_t start = clock_mono_us();
	struct err e;
	int i;

	while (c.n < SETTLE)
		must(store_delivery_claim_due(
			 st, 100, "token", NOW + 30000, 60000, keep_id, &c, &e),
		    &e);
	printf("claimed: %.0f deliveries/s, 100 a claim\n",
	    c.n * 1e6 / (double)(clock_mono_us() - start));
	start = clock_mono_us();
	for (i = 0; i < c.n; i++) {
		if (i % 100 == 0)
			must(store_begin(st, true, &e), &e);
		must(store_delivery_settle(st, &c.ids[i], "token", &a, &to, &e),
		    &e);
		if (i % 100 == 99)
			must(store_commit(st, &e), &e);
	}
	printf("settled: %.0f deliveries/s, 100 a durable transaction\n",
	    c.n * 1e6 / (double)(clock_mono_us() - start));
}

/* The tables of the store without what keeps its counts and references. */
static void
plain_tables(sqlite3 *db)
{
	raw_exec(db, "PRAGMA foreign_keys=OFF; DROP TRIGGER alerts_insert; "
		     "DROP TRIGGER deliveries_insert");
}

int
main(void)
{
	char dir[512], path[560];
	double bare, plain, same, ours;
	struct store *st;
	sqlite3 *db;
	struct err e;

	MUST(sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 8 * 1024 * 1024));
	raw_directory(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	db = raw_open(path);
	bare_tables(db);
	bare = by_hand(db);
	MUST(sqlite3_close(db));
	raw_remove(path);
	must(store_open(&st, path, STORE_CREATE, &e), &e);
	store_close(st);
	db = raw_open(path);
	plain_tables(db);
	plain = by_hand(db);
	MUST(sqlite3_close(db));
	raw_remove(path);
	must(store_open(&st, path, STORE_CREATE, &e), &e);
	put_rules(st);
	store_close(st);
	db = raw_open(path);
	same = by_hand(db);
	MUST(sqlite3_close(db));
	raw_remove(path);
	must(store_open(&st, path, STORE_CREATE, &e), &e);
	put_rules(st);
	ours = by_store(st);
	printf("%d alerts with one delivery each, one durable transaction:\n"
	       "bare statements, no index        %7.0f alerts/s\n"
	       "bare statements, the indexes     %7.0f alerts/s\n"
	       "bare statements, the same tables %7.0f alerts/s\n"
	       "store                            %7.0f alerts/s\n"
	       "store / same tables: %.2f, store / no index: %.2f\n",
	    ALERTS, bare, plain, same, ours, ours / same, ours / bare);
	deliveries(st);
	store_close(st);
	raw_remove(path);
	(void)rmdir(dir);
	return 0;
}
