/*
 * hl-sim: an exchange to test against. It speaks Hyperliquid's public
 * market-data API (WebSocket on /ws, POST /info) on a loopback port, with an
 * invented or a recorded market, and misbehaves when told to.
 *
 * Time. A client in real time uses the default, --speed 1: simulated and real
 * time are the same. A recording then needs --align, which moves it so that it
 * plays now. With --speed X the exchange's clock runs X times as fast, and so
 * must the client's: PULSE_SPEED=X and PULSE_NOW=(time of GET /sim/clock) in
 * the environment of a program of ours. All durations (the 60 s idle close,
 * limits by the minute, delays of faults) are on that clock: at --speed 1000 a
 * client in real time is idle after 60 ms (--idle 1d helps). --speed max
 * jumps from trade to trade as fast as the clients read, for tests that look
 * at the stream alone; --speed 0 stands until POST /sim/advance?ms=N; in both
 * durations are in real time.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/num.h"
#include "tests/sim/market.h"
#include "tests/sim/sim.h"
#include "tests/wire/tls.h"

#define FILES_MAX  16
#define FAULTS_MAX 64
#define COINS_MAX  64

/* The command line, before anything is made of it. */
struct command {
	const char *play[FILES_MAX];
	size_t n_play;
	const char *fault[FAULTS_MAX];
	size_t n_fault;
	const char *scenario;
	const char *coin[COINS_MAX];
	size_t n_coin;
	int64_t coins;
	double rate;
	int64_t seed;
	int64_t history_ms;
	int64_t backlog_ms;
	int64_t start_ms; /* -1: the default */
	int64_t frames;
	bool align;
	double speed; /* 0: manual; < 0: max */
	const char *frames_log;
	const char *cert, *key;
	bool limits;
};

static const char usage[] =
    "Examples:\n"
    "  hl-sim --port-file port --fault kind=drop,at=30s\n"
    "  hl-sim --play bars.ndjson --speed max --exit-at-end\n"
    "  hl-sim --play bars.ndjson --align --backlog 12h\n"
    "  hl-sim --coins 1000 --rate 5\n"
    "  curl -d kind=status,code=429,for=60s $SIM/sim/fault\n"
    "  curl \"$SIM/sim/wait?subs=3&frames=100\"\n"
    "\n"
    "Usage: hl-sim [OPTION...]\n"
    "Prints \"listening 127.0.0.1:PORT\" and serves ws://…/ws, POST /info and\n"
    "/sim/… (stats wait clock closed series faults fault clear advance hold\n"
    "run speed quit: see admin.h) until SIGTERM.\n"
    "\n"
    "  --listen ADDRESS    127.0.0.1; any loopback address, as ::1\n"
    "  --port N            port; 0, the default: the kernel chooses\n"
    "  --port-file FILE    write the port there, once ready\n"
    "Market:\n"
    "  --coin SPEC         NAME[,px=P][,rate=R][,quiet=Q][,vol=V][,sz=D]\n"
    "                      [,delisted]: price, trades a second, share of\n"
    "                      silent minutes, volatility (1), decimals of sizes;\n"
    "                      repeated. Default: eleven well-known ones\n"
    "  --coins N           N more, named T0001...\n"
    "  --rate R            trades a second of coins that do not say (1)\n"
    "  --seed N            another market (1)\n"
    "  --history TIME      how far invented trading reaches back (3d)\n"
    "  --play FILE         recorded candles (NDJSON); repeated\n"
    "  --frames N          frames that a recorded bar forms in (8)\n"
    "Time:\n"
    "  --speed X           1; any factor; max: as clients read; 0: by\n"
    "                      /sim/advance\n"
    "  --start TIME        of the clock (now; the recording's first bar)\n"
    "  --backlog TIME      start so much after the recording's first bar\n"
    "  --align             move the recording so that its start is now\n"
    "  --hold N            the clock stands until N candle subscriptions\n"
    "                      (0; with --speed max: 1)\n"
    "  --exit-at-end       end when the recording does\n"
    "Behaviour:\n"
    "  --idle TIME         server silence that ends a connection (60s)\n"
    "  --retain N          closed bars that REST keeps (5000)\n"
    "  --latency MS        from trade to frame, simulated (0)\n"
    "  --tail P            share of bars without a last frame (0.14)\n"
    "  --limits            enforce the limits per address\n"
    "  --greet             the old greeting as the first frame\n"
    "  --fault LINE        see below; repeated\n"
    "  --scenario FILE     lines of faults\n"
    "  --frames-log FILE   each candle frame sent: us, conn, s, i, t, n\n"
    "  --tls-cert FILE --tls-key FILE   speak TLS (PEM)\n"
    "  -h, --help\n"
    "\n"
    "A fault: kind=KIND[,at=TIME][,after=COUNTER:N][,for=TIME][,n=COUNT]\n"
    "[,p=SHARE][,coin=C][,interval=I][,conn=N][,type=T][,how=H][,code=N]\n"
    "[,ms=N][,size=N][,text=...]. at and for are simulated time. Kinds:\n";

static _Noreturn void
fail(const char *why)
{
	fprintf(stderr, "hl-sim: %s\n", why);
	exit(2);
}

static _Noreturn void
bad(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "hl-sim: %s: \"%s\" %s\n", option, value, why);
	exit(2);
}

static void
help(void)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	faultset_help(&b);
	fputs(usage, stdout);
	fputs(b.p, stdout);
	buf_release(&b);
	exit(0);
}

enum {
	OPT_PORT = 256,
	OPT_PORT_FILE,
	OPT_COIN,
	OPT_COINS,
	OPT_RATE,
	OPT_SEED,
	OPT_HISTORY,
	OPT_PLAY,
	OPT_FRAMES,
	OPT_SPEED,
	OPT_START,
	OPT_BACKLOG,
	OPT_ALIGN,
	OPT_HOLD,
	OPT_EXIT,
	OPT_IDLE,
	OPT_RETAIN,
	OPT_LATENCY,
	OPT_TAIL,
	OPT_LIMITS,
	OPT_GREET,
	OPT_FAULT,
	OPT_SCENARIO,
	OPT_FRAMES_LOG,
	OPT_CERT,
	OPT_KEY,
	OPT_LISTEN,
};

static const struct option longs[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"port-file", required_argument, NULL, OPT_PORT_FILE},
    {"coin", required_argument, NULL, OPT_COIN},
    {"coins", required_argument, NULL, OPT_COINS},
    {"rate", required_argument, NULL, OPT_RATE},
    {"seed", required_argument, NULL, OPT_SEED},
    {"history", required_argument, NULL, OPT_HISTORY},
    {"play", required_argument, NULL, OPT_PLAY},
    {"frames", required_argument, NULL, OPT_FRAMES},
    {"speed", required_argument, NULL, OPT_SPEED},
    {"start", required_argument, NULL, OPT_START},
    {"backlog", required_argument, NULL, OPT_BACKLOG},
    {"align", no_argument, NULL, OPT_ALIGN},
    {"hold", required_argument, NULL, OPT_HOLD},
    {"exit-at-end", no_argument, NULL, OPT_EXIT},
    {"idle", required_argument, NULL, OPT_IDLE},
    {"retain", required_argument, NULL, OPT_RETAIN},
    {"latency", required_argument, NULL, OPT_LATENCY},
    {"tail", required_argument, NULL, OPT_TAIL},
    {"limits", no_argument, NULL, OPT_LIMITS},
    {"greet", no_argument, NULL, OPT_GREET},
    {"fault", required_argument, NULL, OPT_FAULT},
    {"scenario", required_argument, NULL, OPT_SCENARIO},
    {"frames-log", required_argument, NULL, OPT_FRAMES_LOG},
    {"listen", required_argument, NULL, OPT_LISTEN},
    {"tls-cert", required_argument, NULL, OPT_CERT},
    {"tls-key", required_argument, NULL, OPT_KEY},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int64_t
whole(const char *v, int64_t min, int64_t max, const char *what)
{
	struct err e;
	int64_t x;

	if (num_parse(&x, v, min, max, what, &e) != 0)
		fail(e.msg);
	return x;
}

static int64_t
duration(const char *v, const char *what)
{
	struct err e;
	int64_t ms;

	if (num_parse_duration(
		&ms, v, 0, INT64_C(20000) * 86400000, what, &e) != 0)
		fail(e.msg);
	return ms;
}

static double
real(const char *v, double min, double max, const char *what)
{
	char *end, why[80];
	double x = strtod(v, &end);

	if (*v == '\0' || *end != '\0' || !(x >= min && x <= max)) {
		(void)snprintf(
		    why, sizeof(why), "is not between %g and %g", min, max);
		bad(what, v, why);
	}
	return x;
}

static void
collect(const char **list, size_t *n, size_t max, const char *v)
{
	if (*n == max)
		fail("an option is repeated too often");
	list[(*n)++] = v;
}

static void
take_market(struct command *c, int key, const char *v)
{
	switch (key) {
	case OPT_COIN:
		collect(c->coin, &c->n_coin, COINS_MAX, v);
		break;
	case OPT_COINS:
		c->coins = whole(v, 0, 100000, "--coins");
		break;
	case OPT_RATE:
		c->rate = real(v, 0, 100, "--rate");
		break;
	case OPT_SEED:
		c->seed = whole(v, 0, INT64_MAX, "--seed");
		break;
	case OPT_HISTORY:
		c->history_ms = duration(v, "--history");
		break;
	case OPT_PLAY:
		collect(c->play, &c->n_play, FILES_MAX, v);
		break;
	case OPT_FRAMES:
		c->frames = whole(v, 1, 256, "--frames");
		break;
	default:
		break;
	}
}

static void
take_time(struct command *c, struct sim_options *o, int key, const char *v)
{
	switch (key) {
	case OPT_SPEED:
		c->speed =
		    strcmp(v, "max") == 0 ? -1 : real(v, 0, 1e7, "--speed");
		break;
	case OPT_START:
		if (clock_parse(&c->start_ms, v, strlen(v)) != 0)
			bad("--start", v, "is not a time");
		break;
	case OPT_BACKLOG:
		c->backlog_ms = duration(v, "--backlog");
		break;
	case OPT_ALIGN:
		c->align = true;
		break;
	case OPT_HOLD:
		o->hold = whole(v, 0, 100000, "--hold");
		break;
	case OPT_EXIT:
		o->exit_at_end = true;
		break;
	default:
		break;
	}
}

static void
take_behaviour(struct command *c, struct sim_options *o, int key, const char *v)
{
	switch (key) {
	case OPT_PORT:
		o->port = (int)whole(v, 0, 65535, "--port");
		break;
	case OPT_LISTEN:
		o->address = v;
		break;
	case OPT_PORT_FILE:
		o->port_file = v;
		break;
	case OPT_IDLE:
		o->idle_ms = duration(v, "--idle");
		break;
	case OPT_RETAIN:
		o->retain = whole(v, 1, 10000000, "--retain");
		break;
	case OPT_LATENCY:
		o->latency_ms = whole(v, 0, 60000, "--latency");
		break;
	case OPT_TAIL:
		o->tail_ppm = (int64_t)(real(v, 0, 1, "--tail") * 1e6);
		break;
	case OPT_LIMITS:
		c->limits = true;
		break;
	case OPT_GREET:
		o->greet = true;
		break;
	case OPT_FAULT:
		collect(c->fault, &c->n_fault, FAULTS_MAX, v);
		break;
	case OPT_SCENARIO:
		c->scenario = v;
		break;
	case OPT_FRAMES_LOG:
		c->frames_log = v;
		break;
	case OPT_CERT:
		c->cert = v;
		break;
	case OPT_KEY:
		c->key = v;
		break;
	default:
		break;
	}
}

static void
read_options(struct command *c, struct sim_options *o, int argc, char **argv)
{
	int key;

	while ((key = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
		if (key == 'h')
			help();
		if (key == '?')
			exit(2);
		take_market(c, key, optarg);
		take_time(c, o, key, optarg);
		take_behaviour(c, o, key, optarg);
	}
	if (optind < argc)
		fail("no operands are taken; see --help");
}

/* --- the market ---------------------------------------------------------- */

/* Coins that a test may expect without asking for them: every kind of name,
 * one of them quiet, one delisted. */
static const char *const usual[] = {"BTC", "ETH", "SOL", "HYPE",
    "AAVE,rate=0.05,quiet=0.3", "kPEPE,rate=0.5", "PURR/USDC,rate=0.1",
    "@107,rate=0.5", "@142,rate=0.2", "xyz:NVDA,rate=0.1,quiet=0.2",
    "xyz:XYZ100,rate=0.2", "FTM,px=0.7,rate=0,delisted"};

static void
list_coin(struct market *m, const struct command *c, const char *spec)
{
	char text[256];
	struct err e;
	int n = snprintf(text, sizeof(text), "%s", spec);

	if (n > 200)
		fail("--coin: too long");
	if (strstr(spec, ",rate=") == NULL)
		(void)snprintf(
		    text + n, sizeof(text) - (size_t)n, ",rate=%g", c->rate);
	if (market_add_synth(m, text, &e) != 0) {
		(void)err_prefix(&e, "--coin");
		fail(e.msg);
	}
}

static void
list_coins(struct market *m, const struct command *c)
{
	char name[32];

	for (size_t i = 0; i < c->n_coin; i++)
		list_coin(m, c, c->coin[i]);
	for (int64_t i = 1; i <= c->coins; i++) {
		(void)snprintf(name, sizeof(name), "T%04lld", (long long)i);
		list_coin(m, c, name);
	}
	if (c->n_coin > 0 || c->coins > 0 || c->n_play > 0)
		return;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		list_coin(m, c, usual[i]);
}

/* When the clock starts, and by how much recordings are moved: by whole bars
 * of the longest kind, so that they stay where bars belong. */
static int64_t
plan(const struct command *c, int64_t *shift_ms)
{
	int64_t from, to, longest, now = clock_now_ms(), start;
	struct err e;

	*shift_ms = 0;
	if (c->n_play == 0)
		return c->start_ms >= 0 ? c->start_ms : now;
	if (market_scan_records(c->play, c->n_play, &from, &to, &longest, &e) !=
	    0)
		fail(e.msg);
	start = c->start_ms >= 0 ? c->start_ms : from + c->backlog_ms;
	if (!c->align)
		return start;
	*shift_ms = (now - start) / longest * longest;
	return now;
}

static void
make_market(
    struct sim *s, const struct command *c, int64_t start_ms, int64_t shift_ms)
{
	struct err e;

	market_init(&s->market, (uint64_t)c->seed,
	    start_ms > c->history_ms ? start_ms - c->history_ms : 0);
	s->market.frames = (size_t)c->frames;
	if (c->n_play > 0 && market_add_records(&s->market, c->play, c->n_play,
				 shift_ms, &e) != 0)
		fail(e.msg);
	list_coins(&s->market, c);
}

static void
start_faults(struct sim *s, const struct command *c)
{
	struct err e;

	for (size_t i = 0; i < c->n_fault; i++)
		if (faultset_add(&s->faults, c->fault[i], &e) < 0) {
			(void)err_prefix(&e, "--fault");
			fail(e.msg);
		}
	if (c->scenario != NULL &&
	    faultset_add_file(&s->faults, c->scenario, &e) != 0)
		fail(e.msg);
}

/* By a rename, so that nobody reads half a number. */
static void
write_port(const char *path, int port)
{
	char part[4096];
	FILE *fp;

	if ((size_t)snprintf(part, sizeof(part), "%s.part", path) >=
	    sizeof(part))
		fail("--port-file: too long a path");
	fp = fopen(part, "w");
	if (fp == NULL || fprintf(fp, "%d\n", port) < 0 || fclose(fp) != 0 ||
	    rename(part, path) != 0)
		fail("cannot write the port file");
}

static void
announce(const struct sim *s)
{
	if (s->opt.port_file != NULL)
		write_port(s->opt.port_file, s->listener.port);
	printf("listening %s:%d\n", s->opt.address, s->listener.port);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct command c = {.rate = 1,
	    .seed = 1,
	    .history_ms = INT64_C(3) * 86400000,
	    .start_ms = -1,
	    .frames = 8,
	    .speed = 1};
	static struct sim s;
	enum simclock_mode mode;
	int64_t start_ms, shift_ms;
	struct err e;

	s.opt = (struct sim_options){.address = "127.0.0.1",
	    .idle_ms = 60000,
	    .retain = 5000,
	    .tail_ppm = 140000,
	    .hold = -1};
	read_options(&c, &s.opt, argc, argv);
	mode = c.speed < 0   ? SIMCLOCK_MAX
	       : c.speed > 0 ? SIMCLOCK_SPEED
			     : SIMCLOCK_MANUAL;
	if (s.opt.hold < 0)
		s.opt.hold = mode == SIMCLOCK_MAX;
	start_ms = plan(&c, &shift_ms);
	make_market(&s, &c, start_ms, shift_ms);
	simclock_init(&s.clock, mode, mode == SIMCLOCK_SPEED ? c.speed : 1,
	    start_ms * 1000, true);
	s.budget.enforced = c.limits;
	if (c.frames_log != NULL &&
	    (s.opt.frames_log = fopen(c.frames_log, "w")) == NULL)
		fail("cannot write the frames log");
	/* Who compares frames with deliveries reads it while it grows. */
	if (s.opt.frames_log != NULL)
		setvbuf(s.opt.frames_log, NULL, _IOLBF, 0);
	if ((c.cert == NULL) != (c.key == NULL))
		fail("--tls-cert and --tls-key go together");
	if (c.cert != NULL &&
	    (s.tls = tls_server_new(c.cert, c.key, &e)) == NULL)
		fail(e.msg);
	if (sim_init(&s, &e) != 0)
		fail(e.msg);
	start_faults(&s, &c);
	announce(&s);
	loop_run(&s.loop);
	sim_release(&s);
	if (s.opt.frames_log != NULL)
		fclose(s.opt.frames_log);
	return 0;
}
