/*
 * hl-ingest: candles of Hyperliquid as NDJSON: live over its WebSocket, made
 * complete and final by its REST interface. See hl-ingest(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/http.h"
#include "common/interval.h"
#include "common/log.h"
#include "common/num.h"
#include "common/opt.h"
#include "hl-ingest/feed.h"
#include "hl-ingest/history.h"
#include "hl-ingest/list.h"

#define URL_MAINNET "https://api.hyperliquid.xyz"
#define URL_TESTNET "https://api.hyperliquid-testnet.xyz"
#define DAY_MS	    INT64_C(86400000)

enum {
	KEY_BUDGET = 256,
	KEY_CA_FILE,
	KEY_CLOSED,
	KEY_CONFIRM,
	KEY_CONFIRM_WAIT,
	KEY_CTX,
	KEY_GRACE,
	KEY_HISTORY,
	KEY_LIST,
	KEY_ORDER,
	KEY_PAGE,
	KEY_POLL_EVERY,
	KEY_SETTLE,
	KEY_STATE,
	KEY_TESTNET,
	KEY_URL,
	KEY_WARMUP,
};

static const struct opt options[] = {
    {'r', "rules", NULL, "follow the series that the active rules need"},
    {'p', "poll", NULL, "by REST alone, without the WebSocket"},
    {KEY_HISTORY, "history", "SINCE[,UNTIL]", "past candles, then exit"},
    {KEY_STATE, "state", "FILE", "--history: go on where FILE says"},
    {KEY_LIST, "list", NULL, "print what can be followed, then exit"},
    {KEY_CLOSED, "closed", NULL, "print closed candles only"},
    {KEY_CTX, "ctx", NULL, "print the context of each coin as well"},
    {KEY_CONFIRM, "confirm", "HOW",
	"auto, hold, after or off: which closed candles wait for REST"},
    {KEY_CONFIRM_WAIT, "confirm-wait", "TIME",
	"longest such wait (default 5m)"},
    {KEY_ORDER, "order", "HOW",
	"early or strict: whether forming candles wait too"},
    {KEY_GRACE, "grace", "TIME", "after its end a candle is over (2s)"},
    {KEY_SETTLE, "settle", "TIME", "after its end REST is final (5s)"},
    {KEY_WARMUP, "warmup", "N", "past candles of a new series"},
    {KEY_POLL_EVERY, "poll-every", "TIME", "--poll: forming candles (5s)"},
    {KEY_PAGE, "page", "N", "--history: candles a request (5000)"},
    {KEY_BUDGET, "budget", "PERCENT",
	"share of the exchange's REST weight (50)"},
    {KEY_URL, "url", "URL", "the exchange (default: mainnet, $HL_API_URL)"},
    {KEY_TESTNET, "testnet", NULL, "the exchange's test network"},
    {KEY_CA_FILE, "ca-file", "FILE", "trust these certificates (PEM)"},
    {0, NULL, NULL, NULL},
};

static const struct opt_program program = {
    .name = "hl-ingest",
    .synopsis = "hl-ingest [options] [--rules] [COIN:INTERVAL ...]",
    .examples = "  hl-ingest BTC:1m ETH:5m xyz:NVDA:1h\n"
		"  hl-ingest --rules | pulse-eval | pulse-send\n"
		"  hl-ingest --history 30d BTC:1h | pulse-eval -r rules.json\n"
		"  hl-ingest --closed --poll HYPE/USDC:15m\n"
		"  hl-ingest --list | jq -r .coin\n",
    .options = options,
};

struct settings {
	struct feed_options feed;
	struct history_options history;
	bool is_history, is_list;
	struct history_series *series;
	size_t n_series;
};

/* ---- operands ------------------------------------------------------------ */

/* COIN:INTERVAL; coins may hold colons themselves: the last one counts. */
static void
take_operand(struct history_series *s, const char *text)
{
	const char *colon = strrchr(text, ':');
	int interval;
	size_t n;

	if (colon == NULL)
		opt_usage_error(&program,
		    "'%s': COIN:INTERVAL is wanted, as in BTC:1m", text);
	n = (size_t)(colon - text);
	interval = interval_find(colon + 1, strlen(colon + 1));
	if (interval < 0)
		opt_usage_error(&program, "'%s': no interval '%s' (%s)", text,
		    colon + 1, interval_names());
	if (!symbol_valid(text, n))
		opt_usage_error(&program,
		    "'%s': a coin has 1 to %d printable characters", text,
		    SYMBOL_LEN_MAX);
	memcpy(s->coin, text, n);
	s->coin[n] = '\0';
	s->interval = (interval_id)interval;
	s->next_ms = -1;
}

static void
take_operands(struct settings *s, int argc, char **argv)
{
	size_t i, j, n = (size_t)argc;

	s->series = calloc(n + 1, sizeof(*s->series));
	if (s->series == NULL)
		opt_usage_error(&program, "out of memory");
	for (i = 0; i < n; i++) {
		take_operand(&s->series[s->n_series], argv[i]);
		for (j = 0; j < s->n_series; j++)
			if (strcmp(s->series[j].coin,
				s->series[s->n_series].coin) == 0 &&
			    s->series[j].interval ==
				s->series[s->n_series].interval)
				break;
		/* Named twice is wanted once. */
		s->n_series += j == s->n_series;
	}
}

/* ---- options ------------------------------------------------------------- */

static int64_t
duration(const char *arg, int64_t min_ms, int64_t max_ms, const char *what)
{
	struct err e;
	int64_t ms;

	if (num_parse_duration(&ms, arg, min_ms, max_ms, what, &e) < 0)
		opt_usage_error(&program, "%s", e.msg);
	return ms;
}

static int64_t
number(const char *arg, int64_t min, int64_t max, const char *what)
{
	struct err e;
	int64_t n;

	if (num_parse(&n, arg, min, max, what, &e) < 0)
		opt_usage_error(&program, "%s", e.msg);
	return n;
}

/* "30d" (ago) or a date and time. */
static void
take_moment(struct history_time *t, const char *s, size_t n)
{
	char text[64];

	if (n == 0 || n >= sizeof(text))
		opt_usage_error(&program, "--history: no time '%.40s'", s);
	memcpy(text, s, n);
	text[n] = '\0';
	t->ago = false;
	if (strchr("smhdw", text[n - 1]) == NULL) {
		if (clock_parse(&t->ms, text, n) < 0)
			opt_usage_error(&program,
			    "--history: '%s' is neither a time nor a duration",
			    text);
		return;
	}
	t->ago = true;
	t->ms = duration(text, 1, 20000 * DAY_MS, "--history");
}

/* An age and a time can be compared by the exchange's clock only: not here. */
static bool
is_backwards(const struct history_time *since, const struct history_time *until)
{
	if (since->ago != until->ago)
		return false;
	return since->ago ? since->ms <= until->ms : since->ms >= until->ms;
}

static void
take_range(struct settings *s, const char *arg)
{
	const char *comma = strchr(arg, ',');

	s->is_history = true;
	s->history.until = (struct history_time){true, 0};
	if (comma == NULL) {
		take_moment(&s->history.since, arg, strlen(arg));
		return;
	}
	take_moment(&s->history.since, arg, (size_t)(comma - arg));
	take_moment(&s->history.until, comma + 1, strlen(comma + 1));
	if (is_backwards(&s->history.since, &s->history.until))
		opt_usage_error(
		    &program, "--history: '%.80s' ends before it begins", arg);
}

static int
word(const char *arg, const char *const *words, const char *what)
{
	int i;

	for (i = 0; words[i] != NULL; i++)
		if (strcmp(arg, words[i]) == 0)
			return i;
	opt_usage_error(
	    &program, "%s: '%s' is not one of its words", what, arg);
}

static void
take_option(struct settings *s, int key, const char *arg)
{
	static const char *const confirms[] = {
	    "auto", "hold", "after", "off", NULL};
	static const char *const orders[] = {"early", "strict", NULL};
	struct feed_options *o = &s->feed;

	switch (key) {
	case 'r':
		o->rules = true;
		break;
	case 'p':
		o->poll = true;
		break;
	case KEY_HISTORY:
		take_range(s, arg);
		break;
	case KEY_STATE:
		s->history.state_path = arg;
		break;
	case KEY_LIST:
		s->is_list = true;
		break;
	case KEY_CLOSED:
		o->closed_only = true;
		break;
	case KEY_CTX:
		o->ctx = true;
		break;
	case KEY_CONFIRM:
		o->confirm =
		    (enum feed_confirm)word(arg, confirms, "--confirm");
		break;
	case KEY_CONFIRM_WAIT:
		o->wait_ms = duration(arg, 1000, DAY_MS, "--confirm-wait");
		break;
	case KEY_ORDER:
		o->strict_order = word(arg, orders, "--order") == 1;
		break;
	case KEY_GRACE:
		o->grace_ms = duration(arg, 500, 60000, "--grace");
		break;
	case KEY_SETTLE:
		o->settle_ms = duration(arg, 500, 600000, "--settle");
		break;
	case KEY_WARMUP:
		o->warmup_bars = number(arg, 0, 5000, "--warmup");
		break;
	case KEY_POLL_EVERY:
		o->poll_ms = duration(arg, 1000, DAY_MS, "--poll-every");
		break;
	case KEY_PAGE:
		s->history.page_bars = number(arg, 1, 5000, "--page");
		break;
	case KEY_BUDGET:
		o->budget_percent = number(arg, 10, 100, "--budget");
		break;
	case KEY_URL:
		o->url = arg;
		break;
	case KEY_TESTNET:
		o->url = URL_TESTNET;
		break;
	case KEY_CA_FILE:
		o->ca_file = arg;
		break;
	default:
		break;
	}
}

static void
set_defaults(struct settings *s)
{
	const char *url = getenv("HL_API_URL");

	memset(s, 0, sizeof(*s));
	s->feed.url = url != NULL && *url != '\0' ? url : URL_MAINNET;
	s->feed.grace_ms = 2000;
	s->feed.settle_ms = 5000;
	s->feed.wait_ms = 300000;
	s->feed.poll_ms = 5000;
	s->feed.budget_percent = 50;
	s->feed.warmup_bars = -1;
	s->history.page_bars = 5000;
}

/* What no try would ever reach is refused before the first. */
static void
check_url(const char *url)
{
	struct http_url u;
	struct err e;
	bool whole, user;

	if (http_url_parse(&u, url, &e) < 0)
		opt_usage_error(&program, "--url: '%.80s': %s", url, e.msg);
	user = u.has_user;
	whole = user || u.has_fragment || strcmp(u.path, "/") != 0;
	http_url_release(&u);
	if (whole)
		opt_usage_error(&program,
		    "--url: '%.80s': scheme, host and port are wanted, as in "
		    "%s",
		    user ? "(with a user name)" : url, URL_MAINNET);
}

/* One a series, and with --ctx one a coin. */
static size_t
subscriptions_needed(const struct settings *s)
{
	size_t i, j, n = s->n_series;

	for (i = 0; i < s->n_series && s->feed.ctx; i++) {
		for (j = 0; j < i; j++)
			if (strcmp(s->series[i].coin, s->series[j].coin) == 0)
				break;
		n += j == i;
	}
	return n;
}

/* What may not be combined, and what must be there. */
static void
check_settings(const struct settings *s)
{
	check_url(s->feed.url);
	if (s->is_list)
		return;
	if (s->n_series == 0 && !s->feed.rules)
		opt_usage_error(
		    &program, "which series? COIN:INTERVAL, or --rules");
	if (s->is_history && s->feed.rules)
		opt_usage_error(
		    &program, "--history wants series by name, not --rules");
	if (s->history.state_path != NULL && !s->is_history)
		opt_usage_error(&program, "--state is for --history");
	if (subscriptions_needed(s) > BUDGET_SUBSCRIPTIONS && !s->is_history &&
	    !s->feed.poll)
		opt_usage_error(&program,
		    "%zu series need more than the %d subscriptions that the "
		    "exchange gives an address: share them out to several "
		    "machines, each with its own hl-ingest",
		    s->n_series, BUDGET_SUBSCRIPTIONS);
}

/* ---- running ------------------------------------------------------------- */

static int
run_feed(struct settings *s)
{
	struct feed feed;
	struct err e;
	size_t i;
	int rc = EXIT_SOME_FAILED;

	if (feed_open(&feed, &s->feed, &e) < 0) {
		log_error("%s", e.msg);
	} else {
		for (i = 0; i < s->n_series; i++)
			(void)feed_add(&feed, s->series[i].coin,
			    s->series[i].interval, false, 0);
		rc = feed_run(&feed);
	}
	feed_close(&feed);
	return rc;
}

static int
dry_run(const struct settings *s)
{
	size_t i;

	for (i = 0; i < s->n_series; i++)
		fprintf(stderr, "%s: would follow %s %s at %s\n", program.name,
		    s->series[i].coin, interval_name(s->series[i].interval),
		    s->feed.url);
	if (s->feed.rules)
		fprintf(stderr, "%s: would follow the rules of the store\n",
		    program.name);
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	struct opt_common common = {.db = NULL};
	struct opt_state st = {&program, &common, argc, argv, NULL};
	struct settings s;
	int key, rc;

	clock_from_environment();
	set_defaults(&s);
	while ((key = opt_next(&st)) != -1)
		take_option(&s, key, st.arg);
	opt_start_log(&program, &common, LOG_LEVEL_WARN);
	take_operands(&s, argc - optind, argv + optind);
	check_settings(&s);
	s.feed.db = common.db;
	s.history.url = s.feed.url;
	s.history.ca_file = s.feed.ca_file;
	s.history.budget_percent = s.feed.budget_percent;
	if (common.dry_run)
		rc = dry_run(&s);
	else if (s.is_list)
		rc =
		    list_run(s.feed.url, s.feed.ca_file, s.feed.budget_percent);
	else if (s.is_history)
		rc = history_run(&s.history, s.series, s.n_series);
	else
		rc = run_feed(&s);
	free(s.series);
	return rc;
}
