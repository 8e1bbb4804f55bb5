/*
 * 1,000 series at 5 updates a second each, out of the simulator, for
 * $BENCH_SECONDS (130: two closes): the CPU and memory of hl-ingest, bars
 * lost, and the time from the simulator's write to our read of hl-ingest's
 * line, both stamped with the same clock.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/candle.h"
#include "common/clock.h"
#include "common/lines.h"
#include "common/num.h"
#include "hl-ingest/latency.h"

#define SERIES	1000
#define RATE	"5"
#define SLOTS	(1 << 22)
#define MINUTES 64

/* When a line came: by series, bar and number of trades. */
struct seen {
	uint64_t key;
	int64_t us;
};

struct bench {
	char dir[64];
	struct seen *seen;
	bool closed[SERIES][MINUTES];
	int64_t first_ms; /* open time of the first closed bar */
	uint64_t lines, closes, matched;
	struct latency latency;
};

/* As the simulator's log of frames. */
static int64_t
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* "T0001" is 1; 0 for anything else. */
static int64_t
series_number(const char *coin)
{
	int64_t n;

	if (coin[0] != 'T' ||
	    num_parse(&n, coin + 1, 1, SERIES, "coin", NULL) < 0)
		return 0;
	return n;
}

static uint64_t
key(const char *coin, int64_t open_ms, int64_t trades)
{
	return (uint64_t)series_number(coin) << 48 |
	       (uint64_t)(open_ms / 60000 % 65536) << 32 |
	       (uint64_t)(trades + 1);
}

static struct seen *
slot(struct bench *b, uint64_t k)
{
	uint64_t i = k * UINT64_C(0x9e3779b97f4a7c15) >> 42;

	while (b->seen[i % SLOTS].key != 0 && b->seen[i % SLOTS].key != k)
		i++;
	return &b->seen[i % SLOTS];
}

static pid_t
run(char *const argv[], int out, const char *err)
{
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	fd = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	(void)dup2(out, STDOUT_FILENO);
	(void)dup2(fd, STDERR_FILENO);
	execvp(argv[0], argv);
	_exit(127);
}

static void
path(char out[512], const char *env, const char *fallback, const char *name)
{
	const char *dir = getenv(env);

	(void)snprintf(out, 512, "%s/%s", dir != NULL ? dir : fallback, name);
}

/* The simulator, its clock held until all are subscribed. The port. */
static int
start_sim(struct bench *b, pid_t *pid)
{
	char bin[512], port_file[128], log[128], err[128], n[16], text[16] = "";
	char *argv[] = {bin, "--coins", n, "--rate", RATE, "--history", "5m",
	    "--hold", n, "--tail", "0", "--frames-log", log, "--port-file",
	    port_file, NULL};
	int i, fd, null = open("/dev/null", O_RDWR);
	int64_t port = 0;

	path(bin, "PULSE_TESTBIN", "build/tests", "hl-sim");
	(void)snprintf(n, sizeof(n), "%d", SERIES);
	(void)snprintf(port_file, sizeof(port_file), "%s/port", b->dir);
	(void)snprintf(log, sizeof(log), "%s/frames", b->dir);
	(void)snprintf(err, sizeof(err), "%s/sim.err", b->dir);
	*pid = run(argv, null, err);
	for (i = 0; i < 200 && port == 0; i++) {
		(void)usleep(50000);
		fd = open(port_file, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
			text[0] = '\0';
		if (fd >= 0)
			(void)close(fd);
		text[strcspn(text, "\n")] = '\0';
		if (num_parse(&port, text, 1, 65535, "port", NULL) < 0)
			port = 0;
	}
	(void)close(null);
	return (int)port;
}

static pid_t
start_ingest(struct bench *b, int port, int out)
{
	static char names[SERIES][16];
	static char *argv[SERIES + 2];
	static char bin[512], url[64], err[128];
	int i;

	path(bin, "PULSE_BIN", "build/bin", "hl-ingest");
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	(void)snprintf(err, sizeof(err), "%s/ingest.err", b->dir);
	(void)setenv("HL_API_URL", url, 1);
	(void)setenv("PULSE_DB", "/nonexistent/pulse.db", 1);
	argv[0] = bin;
	for (i = 0; i < SERIES; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "T%04d:1m", i + 1);
		argv[i + 1] = names[i];
	}
	return run(argv, out, err);
}

static void
take_line(struct bench *b, const char *line, size_t n, int64_t us)
{
	struct candle c;
	struct err e;
	struct seen *s;
	int64_t minute;
	int64_t series;

	if (candle_parse(&c, line, n, &e) != CANDLE_LINE_CANDLE)
		return;
	b->lines++;
	series = series_number(c.symbol) - 1;
	if (c.state != CANDLE_CLOSED) {
		s = slot(b, key(c.symbol, c.open_ms, c.trades));
		if (s->key == 0)
			*s = (struct seen){
			    key(c.symbol, c.open_ms, c.trades), us};
		return;
	}
	if (b->first_ms == 0)
		b->first_ms = c.open_ms;
	minute = (c.open_ms - b->first_ms) / 60000;
	if (minute >= 0 && minute < MINUTES && series >= 0 && series < SERIES)
		b->closed[series][minute] = true;
	b->closes++;
}

static void
read_all(struct bench *b, int fd, pid_t ingest, int64_t seconds)
{
	int64_t until = now_us() + seconds * 1000000;
	enum lines_status st;
	struct lines lines;
	const char *line;
	bool told = false;
	size_t n;

	if (lines_init(&lines, fd, LINES_MAX_DEFAULT) < 0)
		return;
	while (lines_fill(&lines) > 0) {
		int64_t us = now_us();

		while ((st = lines_next(&lines, &line, &n)) == LINES_LINE)
			take_line(b, line, n, us);
		if (!told && us > until) {
			told = true;
			(void)kill(ingest, SIGTERM);
		}
	}
	lines_release(&lines);
}

/* {"us":…,"conn":1,"s":"T0001","i":"1m","t":…,"n":…} */
static void
match_frames(struct bench *b)
{
	char file[128], coin[16], *line = NULL;
	int64_t us, open_ms, trades;
	size_t cap = 0;
	struct seen *s;
	FILE *f;

	(void)snprintf(file, sizeof(file), "%s/frames", b->dir);
	f = fopen(file, "r");
	while (f != NULL && getline(&line, &cap, f) > 0) {
		if (sscanf(line,
			"{\"us\":%" SCNd64 ",\"conn\":%*d,\"s\":\"%15[^\"]\","
			"\"i\":\"1m\",\"t\":%" SCNd64 ",\"n\":%" SCNd64,
			&us, coin, &open_ms, &trades) != 4)
			continue;
		s = slot(b, key(coin, open_ms, trades));
		if (s->key == 0)
			continue;
		b->matched++;
		latency_add(&b->latency, s->us - us, 1);
	}
	free(line);
	if (f != NULL)
		(void)fclose(f);
}

/* Bars missing between a series' neighbours, over all series. */
static int
lost(const struct bench *b, int *bars)
{
	int i, m, missing = 0, last = 0;

	*bars = 0;
	for (i = 0; i < SERIES; i++)
		for (m = 0; m < MINUTES; m++)
			if (b->closed[i][m] && m > last)
				last = m;
	for (i = 0; i < SERIES; i++)
		for (m = 0; m <= last; m++) {
			*bars += b->closed[i][m];
			/* The last minute's may be on their way. */
			missing += !b->closed[i][m] && m < last;
		}
	return missing;
}

int
main(void)
{
	static struct bench b = {.dir = "/tmp/pulse_bench_XXXXXX"};
	const char *text = getenv("BENCH_SECONDS");
	int64_t seconds = 130, begun;
	struct rusage use;
	pid_t sim, ingest;
	int fds[2], port, bars, missing;
	double cpu, wall;

	if (text != NULL)
		(void)num_parse(&seconds, text, 1, 3600, "BENCH_SECONDS", NULL);
	b.seen = calloc(SLOTS, sizeof(*b.seen));
	if (b.seen == NULL || mkdtemp(b.dir) == NULL ||
	    pipe2(fds, O_CLOEXEC) < 0)
		return 1;
	port = start_sim(&b, &sim);
	begun = clock_mono_us();
	ingest = start_ingest(&b, port, fds[1]);
	(void)close(fds[1]);
	read_all(&b, fds[0], ingest, seconds);
	(void)wait4(ingest, NULL, 0, &use);
	wall = (double)(clock_mono_us() - begun) / 1e6;
	(void)kill(sim, SIGTERM);
	(void)waitpid(sim, NULL, 0);
	match_frames(&b);
	missing = lost(&b, &bars);
	cpu = (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
	      (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
	printf("%d series, %.0f frames/s for %.0f s: %.1f %% of a core, "
	       "RSS %.1f MB\n",
	    SERIES, (double)b.matched / wall, wall, 100 * cpu / wall,
	    (double)use.ru_maxrss / 1024);
	printf("closed bars %d, lost %d; forming lines matched %" PRIu64 "\n",
	    bars, missing, b.matched);
	printf("frame sent -> line read: p50 %" PRId64 " us, p99 %" PRId64
	       " us\n",
	    latency_percentile(&b.latency, 0.5),
	    latency_percentile(&b.latency, 0.99));
	free(b.seen);
	return missing > 0;
}
