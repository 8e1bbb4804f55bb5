/*
 * What judging costs a line: pulse-eval -r with one rule of each of the six
 * types, on a live stream (each bar with updates) and on closed bars alone,
 * against a bare scan of the same lines in the same run. Prints the parts as
 * well: parsing alone, parsing and judging in this process, the program.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "common/candle_scan.h"
#include "common/engine/engine.h"
#include "common/rules/rule_file.h"
#include "tests/bench/pulse-eval/bare.h"

#define LINES  1000000
#define PASSES 3

static const char rules[] =
    "[{\"name\":\"a\",\"symbol\":\"BTC\",\"rule_type\":\"price_threshold\","
    "\"config\":{\"threshold\":79500,\"operator\":\">=\"},"
    "\"cooldown_seconds\":3600},"
    "{\"name\":\"b\",\"symbol\":\"BTC\",\"rule_type\":\"percent_move\","
    "\"config\":{\"percent_threshold\":2,\"window_seconds\":3600}},"
    "{\"name\":\"c\",\"symbol\":\"BTC\",\"rule_type\":\"candle_close\","
    "\"config\":{\"value\":79500,\"operator\":\"cross_up\"},"
    "\"cooldown_seconds\":3600},"
    "{\"name\":\"d\",\"symbol\":\"BTC\",\"rule_type\":\"macd_cross\","
    "\"config\":{\"crossover_type\":\"bullish\"},"
    "\"cooldown_seconds\":3600},"
    "{\"name\":\"e\",\"symbol\":\"BTC\",\"rule_type\":\"rsi\","
    "\"config\":{\"direction\":\"overbought\"},"
    "\"cooldown_seconds\":3600},"
    "{\"name\":\"f\",\"symbol\":\"BTC\",\"rule_type\":"
    "\"bollinger_bands\",\"config\":{\"band\":\"upper\",\"event\":"
    "\"break\"},\"cooldown_seconds\":3600}]";

static uint64_t alerts;

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	(void)arg, (void)a, (void)to, (void)e;
	alerts++;
	return 0;
}

static int
put(void *arg, struct rule *r, struct err *e)
{
	return engine_rule_put(arg, r, e);
}

enum way {
	BARE,
	PARSE,
	JUDGE,
};

static int64_t
one_pass(const struct buf *text, enum way way, struct engine *g)
{
	const char *p = text->p, *end;
	struct candle_scan s;
	struct err e;
	int64_t sum = 0;
	int i;

	candle_scan_init(&s);
	s.c.close.mant = 0;
	for (i = 0; i < LINES; i++) {
		end = memchr(p, '\n', (size_t)(text->p + text->len - p));
		if (way == BARE)
			sum += bare_scan(p);
		else if (candle_scan_line(&s, p, (size_t)(end - p), &e) !=
			     CANDLE_LINE_CANDLE ||
			 (way == JUDGE &&
			     engine_feed(g, &s.c, &e) != ENGINE_TAKEN))
			exit(1);
		sum += s.c.close.mant;
		p = end + 1;
	}
	return sum;
}

static struct engine *
make_engine(void)
{
	struct engine_options o = {.old_news = false};
	struct engine_calls calls = {.alert = on_alert};
	struct engine *g = engine_new(&o, &calls);
	struct buf faults;
	struct err e = {.msg = ""};

	buf_init(&faults, 10000);
	if (g == NULL || rule_file_parse(rules, strlen(rules), false, 1, put, g,
			     &faults, &e) != 0) {
		fprintf(
		    stderr, "%s %s\n", e.msg, faults.p != NULL ? faults.p : "");
		exit(1);
	}
	return g;
}

/* ns a line of CPU time, best of the passes. */
static double
measure(const struct buf *text, enum way way)
{
	double best = 1e18, begin, took;
	struct engine *g;
	int64_t sum = 0;
	int pass;

	for (pass = 0; pass < PASSES; pass++) {
		g = make_engine();
		alerts = 0;
		begin = bare_cpu_us();
		sum += one_pass(text, way, g);
		took = bare_cpu_us() - begin;
		best = took < best ? took : best;
		engine_free(g);
	}
	if (sum == 42)
		printf("never\n");
	return best * 1000 / LINES;
}

/* The program: user and system time of the child, the same way. */
static double
measure_program(const char *in, const char *rules_path)
{
	const char *bin = getenv("PULSE_BIN");
	double best = 1e18, took;
	char path[4096];
	struct rusage use;
	int pass, status;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/pulse-eval",
	    bin != NULL ? bin : "build/bin");
	for (pass = 0; pass < PASSES; pass++) {
		pid = fork();
		if (pid == 0) {
			dup2(open(in, O_RDONLY), 0);
			dup2(open("/dev/null", O_WRONLY), 1);
			execl(path, path, "-r", rules_path, (char *)NULL);
			_exit(127);
		}
		if (wait4(pid, &status, 0, &use) < 0 || status != 0)
			return -1;
		took =
		    (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
		    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
		best = took < best ? took : best;
	}
	return best * 1000 / LINES;
}

static int
write_file(const char *path, const char *p, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL)
		return -1;
	if (fwrite(p, 1, n, f) != n) {
		fclose(f);
		return -1;
	}
	return fclose(f);
}

static void
row(const char *what, double ns, double bare)
{
	printf("  %-28s %7.1f ns/line %6.2f M lines/s %5.2f of the bare "
	       "rate\n",
	    what, ns, 1000 / ns, bare / ns);
}

static int
bench(const char *what, int updates, const char *dir)
{
	struct bare_market m;
	struct buf text;
	char in[4096], rules_path[4096];
	double bare;
	int i;

	buf_init(&text, (size_t)LINES * CANDLE_TEXT_MAX);
	bare_market_init(&m, "BTC", updates);
	for (i = 0; i < LINES; i++) {
		bare_market_next(&m);
		candle_print(&m.c, &text);
		buf_addc(&text, '\n');
		bare_market_step(&m);
	}
	snprintf(in, sizeof(in), "%s/bench_filter.in", dir);
	snprintf(rules_path, sizeof(rules_path), "%s/bench_filter.rules", dir);
	if (buf_failed(&text) || write_file(in, text.p, text.len) < 0 ||
	    write_file(rules_path, rules, strlen(rules)) < 0)
		return -1;
	printf("%s, %d lines of %.1f bytes:\n", what, LINES,
	    (double)text.len / LINES);
	bare = measure(&text, BARE);
	row("bare scan", bare, bare);
	row("candle_scan_line()", measure(&text, PARSE), bare);
	row("and engine, six rules", measure(&text, JUDGE), bare);
	printf("  %-28s %7.2f %%\n", "lines with an alert",
	    100.0 * (double)alerts / LINES);
	row("pulse-eval -r, whole", measure_program(in, rules_path), bare);
	unlink(in);
	unlink(rules_path);
	buf_release(&text);
	return 0;
}

int
main(void)
{
	const char *tmp = getenv("TMPDIR");
	const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm"
			  : tmp != NULL			? tmp
							: "/tmp";

	return bench("live stream, 30 updates a bar", 30, dir) < 0 ||
	       bench("closed bars only", 0, dir) < 0;
}
