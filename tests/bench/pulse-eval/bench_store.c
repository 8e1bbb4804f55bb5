/*
 * What the store costs pulse-eval: a million rules (RULES=N in the environment
 * for another number) loaded, against bare steps over the same rows; a change
 * of one of them followed; 100,000 rules that fire on one candle, stored with
 * their deliveries and printed, against a bare loop of prepared inserts of the
 * same rows in the same engine; and the time from a line in to its alert out,
 * durable, against a bare fdatasync on the same disk. Works in $TMPDIR (or
 * /tmp): put it on the disk that counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "common/alert.h"
#include "common/engine/engine.h"
#include "common/num.h"
#include "common/rules/rule_type.h"
#include "db/store.h"
#include "pulse-eval/load.h"
#include "tests/bench/pulse-eval/bare.h"
#include "tests/bench/db/raw.h"

#define MILLION 1000000
#define FIRES	100000
#define LATENCY 1000
#define TURNS	3
#define CHANGES 1000
/* Of the log, that a transaction with one alert writes: 20 pages. */
#define LOG_BYTES (20 * (2048 + 24))
#define PATH_LEN  512

static char dir[PATH_LEN - 64];

static void
path(char *out, const char *name)
{
	snprintf(out, PATH_LEN, "%s/%s", dir, name);
}

static void
die(const char *what, const struct err *e)
{
	fprintf(stderr, "%s: %s\n", what, e->msg);
	exit(1);
}

static void
remove_db(const char *name)
{
	char p[PATH_LEN];

	path(p, name);
	raw_remove(p);
}

static struct store *
open_db(const char *name)
{
	struct store *st;
	struct err e;
	char p[PATH_LEN];

	path(p, name);
	if (store_open(&st, p, STORE_CREATE, &e) < 0)
		die(p, &e);
	return st;
}

static void
put_rule(struct store *st, uint32_t n, const char *symbol, const char *config,
    bool webhook)
{
	char name[32], sym[SYMBOL_TEXT_MAX], url[64];
	struct rule r = {.type = rule_type_find("price_threshold"),
	    .name = name,
	    .symbol = sym,
	    .created_ms = 1,
	    .updated_ms = 1,
	    .enabled_ms = 1,
	    .is_active = true};
	struct err e = {.msg = ""};

	memcpy(r.id.b, &n, sizeof(n));
	r.id.b[6] = 0x40;
	r.id.b[8] = 0x80;
	snprintf(name, sizeof(name), "rule %u", n);
	snprintf(sym, sizeof(sym), "%s", symbol);
	snprintf(url, sizeof(url), "https://hooks.example/%u", n);
	if (webhook)
		r.generic_webhook_url = url;
	if (rule_config_parse(&r, config, strlen(config), &e) < 0 ||
	    store_rule_put(st, &r, &e) < 0)
		die(config, &e);
}

static int
double_cmp(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* ---- loading ------------------------------------------------------------------ */

static int
no_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	(void)arg, (void)a, (void)to, (void)e;
	return 0;
}

/* A database of so many threshold rules over 1,000 coins. */
static void
make_rules(const char *name, uint32_t rules)
{
	char config[128], symbol[16];
	struct store *st;
	struct err e;
	uint32_t i;

	remove_db(name);
	st = open_db(name);
	if (store_begin(st, false, &e) < 0)
		die("begin", &e);
	for (i = 0; i < rules; i++) {
		snprintf(config, sizeof(config),
		    "{\"threshold\":\"%u\",\"operator\":\"%s\","
		    "\"on\":\"tick\"}",
		    50000 + i % 40000, i % 2 ? "<=" : ">=");
		snprintf(symbol, sizeof(symbol), "C%u", i % 1000);
		put_rule(st, i, symbol, config, false);
	}
	if (store_commit(st, &e) < 0)
		die("commit", &e);
	store_close(st);
}

/* us to step over the columns that a load reads, and over nothing else. */
static double
bare_select(const char *name)
{
	char p[PATH_LEN];
	sqlite3_stmt *s;
	sqlite3 *db;
	double begin;

	path(p, name);
	db = raw_open(p);
	s = raw_prepare(db,
	    "SELECT id, rule_type, interval, is_active, cooldown_seconds, "
	    "enabled_ms, name, symbol, config, discord_webhook_url, "
	    "generic_webhook_url, channels FROM rules");
	begin = bare_wall_us();
	while (sqlite3_step(s) == SQLITE_ROW)
		;
	begin = bare_wall_us() - begin;
	MUST(sqlite3_finalize(s));
	MUST(sqlite3_close(db));
	return begin;
}

struct load {
	double us, bytes; /* bytes: that became resident, a rule */
};

static void
load_rules(const char *name, uint32_t rules, struct load *out)
{
	struct engine_options o = {.old_news = true};
	struct engine_calls calls = {.alert = no_alert};
	struct store *st = open_db(name);
	struct engine *g;
	struct err e;
	int64_t seq;
	double begin;
	long rss = bare_rss_kib();

	begin = bare_wall_us();
	g = engine_new(&o, &calls);
	if (g == NULL || load_store(g, st, &seq, &e) < 0)
		die("load", &e);
	out->us = bare_wall_us() - begin;
	out->bytes = (double)(bare_rss_kib() - rss) * 1024 / rules;
	if (engine_rule_count(g) != rules)
		exit(1);
	engine_free(g);
	store_close(st);
}

static void
make_only(const char *name, uint32_t rules, struct load *out)
{
	(void)out;
	make_rules(name, rules);
}

/* In a process of its own, as a program starts: a heap that was used before
 * makes a load quicker and hides what it takes. */
static struct load
apart(void (*fn)(const char *, uint32_t, struct load *), const char *name,
    uint32_t rules)
{
	struct load *out = mmap(NULL, sizeof(*out), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0),
		    result;
	int status;
	pid_t pid;

	if (out == MAP_FAILED)
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(name, rules, out);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || status != 0)
		exit(1);
	result = *out;
	munmap(out, sizeof(*out));
	return result;
}

/* RULES of the environment, or a million. */
static uint32_t
rules_asked(void)
{
	const char *asked = getenv("RULES");
	int64_t rules = MILLION;
	struct err e;

	if (asked != NULL &&
	    num_parse(&rules, asked, 1, 10 * MILLION, "RULES", &e) < 0)
		die("RULES", &e);
	return (uint32_t)rules;
}

static void
bench_load(void)
{
	struct load best = {1e18, 0}, one;
	const char *name = "bench_load.db";
	uint32_t rules = rules_asked();
	double bare = 1e18, took;
	int i;

	(void)apart(make_only, name, rules);
	for (i = 0; i < TURNS; i++) {
		one = apart(load_rules, name, rules);
		best = one.us < best.us ? one : best;
		took = bare_select(name);
		bare = took < bare ? took : bare;
	}
	printf("%" PRIu32 " rules loaded from the store and ready: %.2f s, "
	       "%.0f bytes a rule resident, texts and all\n"
	       "  stepping over the same rows: %.2f s: %.2f times that\n",
	    rules, best.us / 1e6, best.bytes, bare / 1e6, best.us / bare);
	remove_db(name);
}

/* ---- a change among many ------------------------------------------------------ */

/* us from a look at the store to a changed rule that counts in the next record
 * of its coin, which is judged too. The change itself is another program's. */
static double
follow_change(struct engine *g, struct store *st, struct store *other,
    uint32_t n, int64_t *rule_seq)
{
	char config[128], symbol[16];
	struct bare_market m;
	struct err e;
	double begin;
	int64_t seq;

	snprintf(config, sizeof(config),
	    "{\"threshold\":\"%u\",\"operator\":\">=\",\"on\":\"tick\"}",
	    90000 + n % 1000);
	snprintf(symbol, sizeof(symbol), "C%u", n % 1000);
	put_rule(other, n, symbol, config, false);
	bare_market_init(&m, symbol, 1);
	bare_market_next(&m);
	m.c.recv_ms += (int64_t)n;
	begin = bare_wall_us();
	if (store_rule_seq(st, &seq, &e) < 0 ||
	    load_changes(g, st, seq, rule_seq, &e) < 0 ||
	    engine_feed(g, &m.c, &e) == ENGINE_FAILED)
		die("change", &e);
	return bare_wall_us() - begin;
}

static void
bench_change(void)
{
	struct engine_options o = {.old_news = true};
	struct engine_calls calls = {.alert = no_alert};
	const char *name = "bench_change.db";
	uint32_t rules = rules_asked(), i;
	static double us[CHANGES];
	struct store *st, *other;
	struct engine *g;
	struct err e;
	int64_t seq;
	double first;

	make_rules(name, rules);
	st = open_db(name);
	other = open_db(name);
	g = engine_new(&o, &calls);
	if (g == NULL || load_store(g, st, &seq, &e) < 0)
		die("load", &e);
	first = follow_change(g, st, other, 0, &seq);
	for (i = 0; i < CHANGES; i++)
		us[i] =
		    follow_change(g, st, other, (i + 1) * 7919 % rules, &seq);
	qsort(us, CHANGES, sizeof(double), double_cmp);
	printf("one of %" PRIu32 " rules changed in the store, seen and "
	       "counting: the first %.2f ms, then p50 %.3f ms, p99 %.3f ms\n",
	    rules, first / 1e3, us[CHANGES / 2] / 1e3,
	    us[CHANGES * 99 / 100] / 1e3);
	engine_free(g);
	store_close(st);
	store_close(other);
	remove_db(name);
}

/* ---- many alerts on one candle --------------------------------------------------- */

static pid_t
start(const char *db, int *in, int *out)
{
	const char *bin = getenv("PULSE_BIN");
	char program[PATH_LEN];
	int to[2], from[2];
	pid_t pid;

	snprintf(program, sizeof(program), "%s/pulse-eval",
	    bin != NULL ? bin : "build/bin");
	if (pipe2(to, O_CLOEXEC) < 0 || pipe2(from, O_CLOEXEC) < 0)
		exit(1);
	pid = fork();
	if (pid == 0) {
		dup2(to[0], 0);
		dup2(from[1], 1);
		execl(
		    program, program, "--replay", "-q", "-d", db, (char *)NULL);
		_exit(127);
	}
	close(to[0]);
	close(from[1]);
	*in = to[1];
	*out = from[0];
	return pid;
}

static void
feed_bar(int fd, struct bare_market *m)
{
	struct buf b;

	buf_init(&b, CANDLE_TEXT_MAX);
	candle_print(&m->c, &b);
	buf_addc(&b, '\n');
	if (write(fd, b.p, b.len) != (ssize_t)b.len)
		exit(1);
	buf_release(&b);
}

/* Read until so many newlines came; the records are kept in out. */
static void
read_lines(int fd, size_t lines, struct buf *out)
{
	ssize_t n;

	while (lines > 0) {
		if (buf_reserve(out, 65536) < 0)
			exit(1);
		n = read(fd, out->p + out->len, 65536);
		if (n <= 0)
			exit(1);
		for (ssize_t i = 0; i < n; i++)
			lines -= out->p[out->len + (size_t)i] == '\n';
		out->len += (size_t)n;
	}
}

static double
fire_all(struct buf *records)
{
	struct bare_market m;
	char config[128], db[PATH_LEN];
	struct store *st;
	struct err e;
	double begin, took;
	int in, out, status;
	uint32_t i;
	pid_t pid;

	remove_db("bench_fire.db");
	st = open_db("bench_fire.db");
	if (store_begin(st, false, &e) < 0)
		die("begin", &e);
	for (i = 0; i < FIRES; i++) {
		snprintf(config, sizeof(config),
		    "{\"threshold\":\"%u\",\"operator\":\">=\","
		    "\"on\":\"close\"}",
		    1 + i % 50000);
		put_rule(st, i, "BTC", config, true);
	}
	if (store_commit(st, &e) < 0)
		die("commit", &e);
	store_close(st);
	path(db, "bench_fire.db");
	pid = start(db, &in, &out);
	/* Another coin first: the rules are loaded when its bar is stored. */
	bare_market_init(&m, "ETH", 0);
	bare_market_next(&m);
	feed_bar(in, &m);
	sleep(2);
	bare_market_init(&m, "BTC", 0);
	bare_market_next(&m);
	begin = bare_wall_us();
	feed_bar(in, &m);
	read_lines(out, FIRES, records);
	took = bare_wall_us() - begin;
	close(in);
	waitpid(pid, &status, 0);
	close(out);
	return took / FIRES;
}

/* The rows of one alert, made before the clock starts. */
struct raw_row {
	struct uuid id, rule_id, delivery_id;
	const char *record;
	size_t len;
};

static struct raw_row *
raw_rows(const struct buf *records)
{
	struct raw_row *v = malloc(FIRES * sizeof(*v));
	const char *p = records->p, *end;
	int i;

	if (v == NULL)
		exit(1);
	for (i = 0; i < FIRES; i++) {
		end = strchr(p, '\n');
		if (uuid_parse(&v[i].id, p + strlen("{\"id\":\""), 36) < 0 ||
		    uuid_parse(&v[i].rule_id,
			strstr(p, "\"rule_id\":") + strlen("\"rule_id\":\""),
			36) < 0)
			exit(1);
		v[i].delivery_id = uuid_named(&v[i].id, "generic", 7);
		v[i].record = p;
		v[i].len = (size_t)(end - p);
		p = end + 1;
	}
	return v;
}

static void
raw_id(sqlite3_stmt *q, int at, const struct uuid *id)
{
	MUST(sqlite3_bind_blob(q, at, id->b, sizeof(id->b), SQLITE_STATIC));
}

/* us an alert: its row, its delivery's and its rule's state, into the same
 * tables of a fresh database, in one transaction with synchronous=FULL. */
static double
raw_alerts(const struct buf *records)
{
	struct raw_row *v = raw_rows(records);
	static const char state[ENGINE_RULE_STATE_BYTES] = "0123456789abcde";
	sqlite3_stmt *alert, *delivery, *rule;
	char p[PATH_LEN];
	double begin;
	sqlite3 *db;
	int i;

	remove_db("bench_raw.db");
	store_close(open_db("bench_raw.db"));
	path(p, "bench_raw.db");
	db = raw_open(p);
	alert = raw_prepare(db,
	    "INSERT INTO alerts (id, rule_id, symbol, interval, state, "
	    "window_start_ms, window_end_ms, triggered_ms, created_ms, late, "
	    "status, record) VALUES (?, ?, 'BTC', '1m', 'firing', "
	    "1788936660000, 1788936720000, 1788936720200, 1788936720200, 0, "
	    "0, ?)");
	delivery = raw_prepare(db,
	    "INSERT INTO deliveries (id, n, rule_id, channel, status, "
	    "next_attempt_ms, created_ms, updated_ms) VALUES (?, ?, ?, "
	    "'generic', 0, 1788936750200, 1788936720200, 1788936720200)");
	rule =
	    raw_prepare(db, "INSERT INTO rule_state (rule_id, symbol, state) "
			    "VALUES (?, 'BTC', ?)");
	begin = bare_wall_us();
	raw_exec(db, "BEGIN IMMEDIATE");
	for (i = 0; i < FIRES; i++) {
		raw_id(alert, 1, &v[i].id);
		raw_id(alert, 2, &v[i].rule_id);
		MUST(sqlite3_bind_text(
		    alert, 3, v[i].record, (int)v[i].len, SQLITE_STATIC));
		raw_step(alert);
		raw_id(delivery, 1, &v[i].delivery_id);
		MUST(sqlite3_bind_int64(
		    delivery, 2, 64 * sqlite3_last_insert_rowid(db)));
		raw_id(delivery, 3, &v[i].rule_id);
		raw_step(delivery);
		raw_id(rule, 1, &v[i].rule_id);
		MUST(sqlite3_bind_blob(
		    rule, 2, state, sizeof(state), SQLITE_STATIC));
		raw_step(rule);
	}
	raw_exec(db, "COMMIT");
	begin = bare_wall_us() - begin;
	sqlite3_finalize(alert);
	sqlite3_finalize(delivery);
	sqlite3_finalize(rule);
	sqlite3_close(db);
	free(v);
	remove_db("bench_raw.db");
	return begin / FIRES;
}

static void
bench_fire(void)
{
	struct buf records;
	double ours, raw;

	buf_init(&records, (size_t)1 << 30);
	ours = fire_all(&records);
	raw = raw_alerts(&records);
	printf("100,000 rules fire on one candle: %.1f us an alert, stored "
	       "with its delivery and printed (%.0f a second)\n"
	       "  the same rows by bare prepared inserts: %.1f us: %.2f of "
	       "the bare rate\n",
	    ours, 1e6 / ours, raw, raw / ours);
	buf_release(&records);
	remove_db("bench_fire.db");
}

/* ---- latency -------------------------------------------------------------------- */

/* us of one append of so many bytes and its fdatasync. */
static double
bare_sync(int fd, size_t n)
{
	static char block[LOG_BYTES];
	double begin;

	memset(block, 'x', n);
	begin = bare_wall_us();
	if (write(fd, block, n) != (ssize_t)n || fdatasync(fd) < 0)
		exit(1);
	return bare_wall_us() - begin;
}

/* A store whose one rule fires on every bar, and the program on it. */
static pid_t
start_latency(const char *name, int *in, int *out)
{
	char db[PATH_LEN];
	struct store *st;
	struct err e;

	remove_db(name);
	st = open_db(name);
	if (store_begin(st, true, &e) < 0)
		die("begin", &e);
	put_rule(st, 1, "BTC",
	    "{\"threshold\":\"1\",\"operator\":\">=\",\"on\":\"close\"}", true);
	if (store_commit(st, &e) < 0)
		die("commit", &e);
	store_close(st);
	path(db, name);
	return start(db, in, out);
}

static void
say_latency(const char *what, double v[LATENCY], const double ours[LATENCY])
{
	qsort(v, LATENCY, sizeof(double), double_cmp);
	printf("%s: p50 %.0f us, p99 %.0f us", what, v[LATENCY / 2],
	    v[LATENCY * 99 / 100]);
	if (v != ours)
		printf(": %.2f and %.2f of it",
		    ours[LATENCY / 2] / v[LATENCY / 2],
		    ours[LATENCY * 99 / 100] / v[LATENCY * 99 / 100]);
	putchar('\n');
}

static void
bench_latency(void)
{
	static double ours[LATENCY], bare[LATENCY], same[LATENCY];
	struct bare_market m;
	struct buf records;
	char sync[PATH_LEN];
	int in, out, status, i, fd;
	double begin;
	pid_t pid;

	path(sync, "bench_sync");
	fd = open(sync, O_RDWR | O_CREAT | O_TRUNC, 0600);
	buf_init(&records, 1 << 24);
	pid = start_latency("bench_latency.db", &in, &out);
	bare_market_init(&m, "BTC", 0);
	for (i = 0; i < LATENCY; i++) {
		bare_market_next(&m);
		begin = bare_wall_us();
		feed_bar(in, &m);
		read_lines(out, 1, &records);
		ours[i] = bare_wall_us() - begin;
		bare_market_step(&m);
		/* By turns: what disturbs the one disturbs the others. */
		usleep(2000);
		bare[i] = bare_sync(fd, 4096);
		usleep(2000);
		same[i] = bare_sync(fd, LOG_BYTES);
		usleep(2000);
	}
	close(in);
	waitpid(pid, &status, 0);
	close(out);
	close(fd);
	unlink(sync);
	say_latency("line in to durable alert out", ours, ours);
	say_latency("  a bare 4 KiB append and fdatasync", bare, ours);
	say_latency(
	    "  the same of as many bytes as its transaction", same, ours);
	buf_release(&records);
	remove_db("bench_latency.db");
}

/* One part alone: bench_store load, change, fire or latency. */
static const struct {
	const char *name;
	void (*run)(void);
} parts[] = {
    {"load", bench_load},
    {"change", bench_change},
    {"fire", bench_fire},
    {"latency", bench_latency},
};

int
main(int argc, char **argv)
{
	size_t i;

	raw_directory(dir, sizeof(dir));
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc < 2 || strcmp(argv[1], parts[i].name) == 0)
			parts[i].run();
	rmdir(dir);
	return 0;
}
