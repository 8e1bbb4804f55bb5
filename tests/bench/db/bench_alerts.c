/*
 * Alerts: 100,000 rules fire on one candle, each with one delivery, all in one
 * durable transaction; beside bare prepared statements that put the same rows
 *	into tables with a primary key and nothing else;
 *	into the store's tables with their indexes, foreign keys unchecked: the
 *	peer, for what else the store does is our own cost.
 * The rows are made before the clock starts. Each is done ROUNDS times, by
 * turns, so that a noisy machine disturbs all alike; the median counts. Then
 * the deliveries are claimed and settled, 100 a transaction.
 */
#include <inttypes.h>

#include "common/json.h"
#include "db/store.h"
#include "tests/bench/db/raw.h"

#define ALERTS 100000
#define NOW    INT64_C(1788912600000)
#define START  INT64_C(1788912000000)
#define SETTLE 20000
#define ROUNDS 3

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

/* The rows, made once. */
struct row {
	struct alert alert;
	struct uuid delivery_id;
	char *record;
	size_t len;
};

static struct row *
make_rows(void)
{
	struct row *v = malloc(ALERTS * sizeof(*v));
	char record[2048];
	int i;

	if (v == NULL)
		exit(1);
	for (i = 0; i < ALERTS; i++) {
		v[i].alert = alert_of(i);
		v[i].delivery_id = uuid_named(&v[i].alert.id, "discord", 7);
		v[i].len = record_of(&v[i].alert, i, record, sizeof(record));
		if ((v[i].record = strdup(record)) == NULL)
			exit(1);
	}
	return v;
}

static double
by_store(struct store *st, const struct row *v)
{
	static const char *const channels[] = {"discord"};
	int64_t start = clock_mono_us();
	struct err e;
	int i;

	must(store_begin(st, true, &e), &e);
	for (i = 0; i < ALERTS; i++)
		must(store_alert_put(st, &v[i].alert, v[i].record, v[i].len,
			 channels, 1, NOW, 30000, &e),
		    &e);
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
by_hand(sqlite3 *db, const struct row *v)
{
	sqlite3_stmt *a = raw_prepare(db,
	    "INSERT INTO alerts (id, rule_id, symbol, interval, state, "
	    "window_start_ms, window_end_ms, triggered_ms, created_ms, late, "
	    "status, record) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");
	sqlite3_stmt *d = raw_prepare(db,
	    "INSERT INTO deliveries (id, n, rule_id, channel, status, "
	    "next_attempt_ms, created_ms, updated_ms) VALUES "
	    "(?,?,?,?,?,?,?,?)");
	int64_t start = clock_mono_us();
	int i;

	raw_exec(db, "BEGIN IMMEDIATE");
	for (i = 0; i < ALERTS; i++) {
		const struct alert *x = &v[i].alert;

		bind_row(a, x, v[i].record, v[i].len);
		raw_step(a);
		sqlite3_bind_blob(d, 1, v[i].delivery_id.b, 16, SQLITE_STATIC);
		sqlite3_bind_int64(d, 2, 64 * sqlite3_last_insert_rowid(db));
		sqlite3_bind_blob(d, 3, x->rule_id.b, 16, SQLITE_STATIC);
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
	    "rule_id BLOB NOT NULL, channel TEXT NOT NULL, "
	    "status INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT "
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

enum way { BARE, PEER, OURS, WAYS };

/* One way of writing them into a fresh database, alerts a second. The last one
 * by the store is left open in *st. */
static double
write_rows(
    enum way way, const char *path, const struct row *v, struct store **st)
{
	double rate;
	sqlite3 *db;
	struct err e;

	raw_remove(path);
	if (way != BARE) {
		must(store_open(st, path, STORE_CREATE, &e), &e);
		if (way == OURS) {
			put_rules(*st);
			return by_store(*st, v);
		}
		store_close(*st);
	}
	db = raw_open(path);
	if (way == BARE)
		bare_tables(db);
	if (way == PEER)
		raw_exec(db, "PRAGMA foreign_keys=OFF");
	rate = by_hand(db, v);
	MUST(sqlite3_close(db));
	return rate;
}

static int
rate_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

int
main(void)
{
	static double rates[WAYS][ROUNDS], ratio[ROUNDS];
	char dir[512], path[560];
	struct row *v = make_rows();
	struct store *st = NULL;
	int i, w;

	MUST(sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, 8 * 1024 * 1024));
	raw_directory(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	for (i = 0; i < ROUNDS; i++) {
		for (w = 0; w < WAYS; w++)
			rates[w][i] = write_rows((enum way)w, path, v, &st);
		ratio[i] = rates[OURS][i] / rates[PEER][i];
		if (i < ROUNDS - 1)
			store_close(st);
	}
	for (w = 0; w < WAYS; w++)
		qsort(rates[w], ROUNDS, sizeof(double), rate_cmp);
	qsort(ratio, ROUNDS, sizeof(double), rate_cmp);
	printf("%d alerts with one delivery each, one durable transaction, "
	       "median of %d:\n"
	       "bare statements, no index        %7.0f alerts/s\n"
	       "bare statements, the indexes     %7.0f alerts/s\n"
	       "store                            %7.0f alerts/s\n"
	       "store / the indexes: %.2f (%.2f to %.2f)\n",
	    ALERTS, ROUNDS, rates[BARE][ROUNDS / 2], rates[PEER][ROUNDS / 2],
	    rates[OURS][ROUNDS / 2], ratio[ROUNDS / 2], ratio[0],
	    ratio[ROUNDS - 1]);
	deliveries(st);
	store_close(st);
	raw_remove(path);
	(void)rmdir(dir);
	for (i = 0; i < ALERTS; i++)
		free(v[i].record);
	free(v);
	return 0;
}
