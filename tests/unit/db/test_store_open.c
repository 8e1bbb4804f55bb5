/*
 * Opening: names, permissions, schemas, refusals in one sentence; copies;
 * transactions; keys and components.
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "common/embed.h"
#include "db/sqlite/db.h"
#include "tests/unit/db/lib.h"

/* Opening fails, and says so in these words. */
static void
refused(const char *url, unsigned flags, const char *words, const char *what)
{
	struct err e = {.msg = ""};
	struct store *st;

	ok(store_open(&st, url, flags, &e) < 0 && st == NULL &&
		strstr(e.msg, words) != NULL,
	    "%s: %s", what, e.msg);
}

static void
run_sql(const char *path, const char *sql)
{
	char *said = NULL;
	sqlite3 *db;

	if (sqlite3_open(path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK) {
		printf("Bail out! %s: %s\n", sql, said);
		exit(1);
	}
	(void)sqlite3_close(db);
}

static void
names(const struct scratch *s)
{
	char url[600];
	struct store *st;
	struct err e;

	refused("postgres://u:pw@h/db", 0, "no back end", "another engine");
	refused("mysql:host", 0, "unknown kind", "an unknown engine");
	refused("", 0, "empty", "no name");
	refused("sqlite:", 0, "empty", "no path");
	refused(s->db, 0, "there is no database", "none to open");
	refused(s->dir, STORE_CREATE, "no regular file", "a directory");
	(void)snprintf(url, sizeof(url), "sqlite:%s", s->db);
	must(store_open(&st, url, STORE_CREATE, &e), &e);
	is_str(store_name(st), url, "sqlite:PATH");
	is_int(store_schema(st, &e), store_schema_known(), "the newest schema");
	store_close(st);
}

static void
defaults(const struct scratch *s)
{
	char path[600];
	struct store *st;
	struct err e;
	struct stat sb;

	(void)unsetenv("PULSE_DB");
	(void)unsetenv("STATE_DIRECTORY");
	(void)unsetenv("XDG_STATE_HOME");
	(void)unsetenv("HOME");
	refused(NULL, STORE_CREATE, "no database named", "nothing to go by");
	(void)setenv("HOME", s->dir, 1);
	must(store_open(&st, NULL, STORE_CREATE, &e), &e);
	(void)snprintf(
	    path, sizeof(path), "%s/.local/state/pulse/pulse.db", s->dir);
	is_str(store_name(st), path, "under $HOME");
	ok(stat(path, &sb) == 0 && (sb.st_mode & 0777) == 0600,
	    "the file is its owner's alone");
	put_rule(st, 1, "BTC", 1);
	(void)snprintf(
	    path, sizeof(path), "%s/.local/state/pulse/pulse.db-wal", s->dir);
	ok(stat(path, &sb) == 0 && (sb.st_mode & 0777) == 0600, "its log too");
	(void)snprintf(path, sizeof(path), "%s/.local/state/pulse", s->dir);
	ok(stat(path, &sb) == 0 && (sb.st_mode & 0777) == 0700,
	    "and the directory");
	store_close(st);
	(void)snprintf(path, sizeof(path), "rm -rf '%s/.local'", s->dir);
	if (system(path) != 0)
		printf("# cannot remove %s\n", path);
	(void)snprintf(path, sizeof(path), "%s:/nowhere", s->dir);
	(void)setenv("STATE_DIRECTORY", path, 1);
	must(store_open(&st, NULL, 0, &e), &e);
	is_str(store_name(st), s->db, "the first of $STATE_DIRECTORY");
	store_close(st);
	(void)setenv("PULSE_DB", "/nowhere/x.db", 1);
	refused(NULL, 0, "/nowhere/x.db", "$PULSE_DB comes first");
	(void)unsetenv("PULSE_DB");
	(void)unsetenv("STATE_DIRECTORY");
}

static void
write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(text, 1, n, f) != n || fclose(f) != 0) {
		printf("Bail out! cannot write %s\n", path);
		exit(1);
	}
}

static void
refusals(const struct scratch *s)
{
	static const char rubbish[8192] = "this is not a database at all";
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/other.db", s->dir);
	write_file(path, rubbish, sizeof(rubbish));
	refused(path, STORE_CREATE, "no SQLite database", "rubbish");
	(void)unlink(path);
	run_sql(path, "CREATE TABLE t (a)");
	refused(path, STORE_CREATE, "another program", "a foreign database");
	(void)unlink(path);
	run_sql(path,
	    "PRAGMA application_id=1347179333; PRAGMA user_version=99; "
	    "CREATE TABLE t (a)");
	refused(path, STORE_CREATE, "newer", "a newer schema");
	(void)unlink(path);
	write_file(path, "", 0);
	refused(path, STORE_READONLY, "pulse-ctl db init", "an empty file");
	(void)unlink(path);
}

/* A page in the middle is overwritten. */
static void
damaged(const struct scratch *s)
{
	static const char zeros[4096 * 8];
	struct store_rule_filter f = {.active = -1, .unordered = true};
	struct scratch mine = *s;
	struct seen seen = {0};
	struct store *st;
	struct err e = {.msg = ""};
	int fd, i, n;

	(void)snprintf(mine.db, sizeof(mine.db), "%s/hurt.db", s->dir);
	st = open_scratch(&mine);
	must(store_begin(st, false, &e), &e);
	for (i = 0; i < 2000; i++)
		put_rule(st, i, "BTC", i);
	must(store_commit(st, &e), &e);
	store_close(st);
	fd = open(mine.db, O_WRONLY);
	n = pwrite(fd, zeros, sizeof(zeros), 4096 * 60) == sizeof(zeros);
	(void)close(fd);
	ok(n, "eight pages are overwritten");
	st = open_scratch(&mine);
	e.msg[0] = '\0';
	n = store_check(st, print_problem, NULL, &e);
	ok(n > 0, "the check sees it: %d problems %s", n, e.msg);
	e.msg[0] = '\0';
	n = store_rule_list(st, &f, see_rule, &seen, &e);
	ok(n < 0 && strstr(e.msg, "damaged") != NULL, "and reading says so: %s",
	    e.msg);
	store_close(st);
}

static void
reopened(const struct scratch *s)
{
	struct store *st = open_scratch(s), *reader;
	struct rule r = price_rule(5, "BTC", 5, true), back;
	struct err e;

	must(store_rule_put(st, &r, &e), &e);
	store_close(st);
	st = open_scratch(s);
	is_int(store_rule_get(st, &r.id, &back, &e), 1, "kept over a restart");
	rule_release(&back);
	must(store_open(&reader, s->db, STORE_READONLY, &e), &e);
	is_int(store_rule_get(reader, &r.id, &back, &e), 1, "read by a reader");
	rule_release(&back);
	ok(store_rule_put(reader, &r, &e) < 0 &&
		strstr(e.msg, "reading only") != NULL,
	    "who cannot write: %s", e.msg);
	store_close(reader);
	rule_release(&r);
	store_close(st);
}

static void
backup(const struct scratch *s)
{
	struct store *st = open_scratch(s), *copy;
	struct rule back;
	struct uuid id = put_rule(st, 6, "BTC", 6);
	struct stat sb;
	struct err e;
	char path[600];

	(void)snprintf(path, sizeof(path), "%s/copy.db", s->dir);
	must(store_backup(st, path, &e), &e);
	ok(stat(path, &sb) == 0 && (sb.st_mode & 0777) == 0600,
	    "a copy, its owner's alone");
	is_int(store_backup(st, path, &e), -1, "it overwrites nothing");
	must(store_open(&copy, path, 0, &e), &e);
	is_int(store_rule_get(copy, &id, &back, &e), 1, "it holds the same");
	rule_release(&back);
	is_whole(copy, "and is whole");
	store_close(copy);
	store_close(st);
}

static void
transactions(const struct scratch *s)
{
	struct store *a = open_scratch(s), *b = open_scratch(s);
	struct rule r = price_rule(70, "BTC", 5, true), back;
	struct candle bad;
	struct err e;
	int64_t before, after;

	must(store_begin(a, true, &e), &e);
	must(store_rule_put(a, &r, &e), &e);
	is_int(store_rule_get(b, &r.id, &back, &e), 0,
	    "others do not see what is not committed");
	store_set_wait(b, 0);
	ok(store_begin(b, true, &e) < 0 && store_busy(b),
	    "there is one writer: %s", e.msg);
	must(store_version(b, &before, &e), &e);
	must(store_commit(a, &e), &e);
	must(store_version(b, &after, &e), &e);
	ok(after != before, "the version tells that another committed");
	is_int(store_begin(b, true, &e), 0, "then the other may write");
	store_rollback(b);

	/* A write that fails spoils the whole transaction. */
	must(store_begin(a, true, &e), &e);
	must(store_rule_delete(a, &r.id, &e), &e);
	bad = make_candle("BTC", 0, 1);
	bad.symbol[0] = '\0';
	is_int(store_candle_put(a, &bad, &e), -1, "a bad bar is refused");
	free(r.symbol);
	r.symbol = strdup("");
	is_int(
	    store_rule_put(a, &r, &e), -1, "the tables refuse an empty name");
	ok(store_commit(a, &e) < 0, "the commit refuses: %s", e.msg);
	is_int(store_rule_get(a, &r.id, &back, &e), 1, "nothing was done");
	rule_release(&back);
	rule_release(&r);
	store_close(a);
	store_close(b);
}

static int
see_key(void *arg, const struct store_key *k)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n,
	    "%s:%s:%d:%" PRId64 ":%d:%d:%" PRId64 " ", k->id, k->name,
	    k->hash[31], k->rate_per_min, k->admin, (int)k->last_used_ms,
	    k->revoked_ms);
	return 0;
}

static int
see_component(void *arg, const char *name, const char *instance,
    int64_t time_ms, const char *counters)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s@%s:%d:%s ", name,
	    instance, (int)time_ms, counters);
	return 0;
}

static void
the_rest(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	struct store_key k = {.id = "k_1", .name = "ci", .rate_per_min = 60};
	struct seen seen = {0};
	struct err e;

	k.hash[31] = 7;
	must(store_key_put(st, &k, &e), &e);
	k.last_used_ms = 44;
	must(store_key_put(st, &k, &e), &e);
	k = (struct store_key){.id = "k_0", .name = "me", .admin = true};
	must(store_key_put(st, &k, &e), &e);
	is_int(store_key_revoke(st, "k_1", 99, &e), 1, "a key is revoked");
	is_int(store_key_revoke(st, "k_1", 100, &e), 0, "once");
	is_int(store_key_revoke(st, "k_9", 100, &e), 0, "if there is one");
	must(store_key_list(st, see_key, &seen, &e), &e);
	is_str(seen.text, "k_0:me:0:0:1:0:0 k_1:ci:7:60:0:44:99 ", "the keys");
	k = (struct store_key){.id = "k_2", .name = "again"};
	is_int(store_key_put(st, &k, &e), -1, "no two keys have one hash");

	seen.text[0] = '\0';
	must(store_component_put(st, "hl-ingest", "a", 5, "{\"n\":1}", &e), &e);
	must(store_component_put(st, "hl-ingest", "a", 6, "{\"n\":2}", &e), &e);
	must(store_component_put(st, "hl-ingest", "b", 7, "{}", &e), &e);
	must(store_component_list(st, see_component, &seen, &e), &e);
	is_str(seen.text, "hl-ingest@a:6:{\"n\":2} hl-ingest@b:7:{} ",
	    "the last heartbeat of each");
	is_whole(st, "whole at the end");
	store_close(st);
}

/* One page in the log, with its head. */
#define LOG_PAGE INT64_C(2072)

static int64_t
log_bytes(const struct scratch *s)
{
	char path[300];
	struct stat sb;

	(void)snprintf(path, sizeof(path), "%s-wal", s->db);
	return stat(path, &sb) == 0 ? (int64_t)sb.st_size : -1;
}

/* Commit: some twenty pages each time. */
static void
write_log(struct store *st, int times)
{
	static char text[65536];
	struct err e;
	int i;

	memset(text, 'x', sizeof(text) - 1);
	for (i = 0; i < times; i++)
		must(store_component_put(st, "log", "a", i, text, &e), &e);
}

/* Commit until the file of the log is so long. */
static void
fill_log(struct store *st, const struct scratch *s, int64_t pages)
{
	int i;

	for (i = 0; i < 2000 && log_bytes(s) < pages * LOG_PAGE; i++)
		write_log(st, 1);
	ok(log_bytes(s) >= pages * LOG_PAGE, "a log of %d pages", (int)pages);
}

static void
tidied(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	int64_t size;

	fill_log(st, s, 2000);
	ok(!store_tidy(st), "a short log is not worth a copy");
	fill_log(st, s, 4200);
	ok(store_tidy(st), "a long one is copied when there is time");
	ok(!store_tidy(st), "once");
	size = log_bytes(s);
	write_log(st, 10);
	is_int(log_bytes(s), size, "then it begins anew");
	ok(!store_tidy(st), "and is short");
	write_log(st, 1000);
	ok(log_bytes(s) < 8200 * LOG_PAGE,
	    "without a moment's time a commit copies it");
	is_whole(st, "whole after copies");
	store_close(st);
}

/* A number that SQLite would read as "no" keeps every change in memory. */
static void
spills(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	sqlite3_stmt *q;

	(void)sqlite3_prepare_v2(
	    db_of(st)->sql, "PRAGMA cache_spill", -1, &q, NULL);
	ok(sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 0) > 0,
	    "a transaction does not take all the memory there is");
	(void)sqlite3_finalize(q);
	store_close(st);
}

/* Tables of schema 3 filled from a store of today ("now"), as a program of
 * then would have; the alerts up to 7 were deleted, but for the first. The
 * numbers of the deliveries have a gap, and are not in the order of channels. */
static const char as_then[] =
    "INSERT INTO counters SELECT * FROM now.counters WHERE true "
    "ON CONFLICT DO UPDATE SET n = excluded.n; "
    "DELETE FROM counters WHERE name = 'alert_seq'; "
    "INSERT INTO rules SELECT * FROM now.rules; "
    "INSERT INTO alerts SELECT * FROM now.alerts; "
    "INSERT INTO deliveries (n, id, alert, rule_id, channel, status, attempts, "
    "step, tries, next_attempt_ms, created_ms, updated_ms, lease, "
    "lease_until_ms, last_error) SELECT 10 + n % 64 * 5, id, alert, rule_id, "
    "channel, status, attempts, step, tries, next_attempt_ms, created_ms, "
    "updated_ms, lease, lease_until_ms, last_error FROM now.deliveries; "
    "INSERT INTO alert_groups SELECT name, status, n FROM now.status_counts "
    "WHERE what = 'alerts'; "
    "INSERT INTO delivery_groups SELECT name, status, n "
    "FROM now.status_counts WHERE what = 'deliveries'; "
    "UPDATE sqlite_sequence SET seq = 7 WHERE name = 'alerts'";

static int
see_row(void *arg, const struct store_delivery *d, struct err *e)
{
	(void)e;
	return seen_add(arg, &d->id, d->claim.row);
}

static void
make_older(const char *older, const char *now)
{
	char sql[2000];
	size_t i;

	run_sql(older, "PRAGMA journal_mode=WAL");
	for (i = 0; i < 3; i++)
		run_sql(older, (const char *)migrations_sqlite[i].bytes);
	(void)snprintf(sql, sizeof(sql),
	    "PRAGMA application_id=%d; PRAGMA user_version=3",
	    DB_APPLICATION_ID);
	run_sql(older, sql);
	(void)snprintf(sql, sizeof(sql), "ATTACH '%s' AS now; ", now);
	run_sql(older, strncat(sql, as_then, sizeof(sql) - strlen(sql) - 1));
}

/* The numbers of alerts go on where the older store was, and after whatever
 * was deleted since. */
static void
numbered(struct store *st, const struct uuid *rule)
{
	struct seen seen = {0};
	struct uuid other;
	struct err e;
	int64_t seq;

	must(store_alert_seq(st, &seq, &e), &e);
	is_int(seq, 7, "the newest number, of an alert long gone");
	put_alert(st, rule, "BTC", 1, 0, 1000, 0);
	must(store_begin(st, true, &e), &e);
	put_alert(st, rule, "BTC", 1, 0, 1000, 0);
	put_alert(st, rule, "BTC", 2, 0, 1000, 0);
	put_alert(st, rule, "BTC", 3, 0, 1000, 0);
	must(store_commit(st, &e), &e);
	must(store_alert_after(st, 0, 9, see_alert, &seen, &e), &e);
	is_int(seen.n, 4, "one of them was known");
	ok(seen.numbers[0] == 1 && seen.numbers[1] == 8 &&
		seen.numbers[2] == 9 && seen.numbers[3] == 10,
	    "the others follow without a gap");
	must(store_rule_delete(st, rule, &e), &e);
	other = put_rule(st, 2, "BTC", 1);
	put_alert(st, &other, "BTC", 1, 0, 1000, 0);
	memset(&seen, 0, sizeof(seen));
	must(store_alert_after(st, 0, 9, see_alert, &seen, &e), &e);
	ok(seen.n == 1 && seen.numbers[0] == 11,
	    "and so does one after all were deleted");
}

/* A store of schema 3, with a claim that an older program made: it opens, and
 * what was claimed stays claimed. */
static void
older(const struct scratch *s)
{
	struct scratch mine = *s, now = *s;
	struct store_delivery_filter all = {.status = -1};
	struct seen seen = {0};
	struct store *st;
	struct uuid rule;
	struct err e = {.msg = ""};

	(void)snprintf(mine.db, sizeof(mine.db), "%s/older.db", s->dir);
	(void)snprintf(now.db, sizeof(now.db), "%s/now.db", s->dir);
	st = open_scratch(&now);
	rule = put_rule(st, 1, "BTC", 1);
	all.rule_id = &rule;
	put_alert(st, &rule, "BTC", 0, 2, 1000, 0);
	must(store_delivery_claim_due(
		 st, 1, "held", 1000, 5000, see_delivery, &seen, &e),
	    &e);
	store_close(st);
	make_older(mine.db, now.db);
	st = open_scratch(&mine);
	is_int(store_schema(st, &e), store_schema_known(),
	    "an older schema is brought up to date");
	is_int(store_delivery_claim_due(
		   st, 9, "other", 5999, 5000, see_delivery, &seen, &e),
	    1, "what was claimed is stepped over");
	is_int(store_delivery_claim_due(
		   st, 9, "other", 6000, 4000, see_delivery, &seen, &e),
	    1, "until its lease ends");
	memset(&seen, 0, sizeof(seen));
	must(store_delivery_list(st, &all, see_row, &seen, &e), &e);
	ok(seen.n == 2 && seen.numbers[0] == 64 && seen.numbers[1] == 65,
	    "the deliveries of an alert are numbered by it");
	numbered(st, &rule);
	is_whole(st, "an older store");
	store_close(st);
}

int
main(void)
{
	struct scratch s;

	scratch_make(&s);
	names(&s);
	defaults(&s);
	refusals(&s);
	reopened(&s);
	backup(&s);
	transactions(&s);
	the_rest(&s);
	tidied(&s);
	spills(&s);
	older(&s);
	damaged(&s);
	scratch_remove(&s);
	return tap_done();
}
