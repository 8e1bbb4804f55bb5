/*
 * pulse-ctl status: one screen that says what runs, how old the newest candle
 * of each series is, what was alerted and delivered, what is wrong and what
 * to do about it.
 */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pulse-ctl/channels.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

#define DAY_MS	      INT64_C(86400000)
#define SERIES_SHOWN  20
#define QUEUE_LATE_MS INT64_C(300000)
#define PROBLEM_BYTES ((size_t)64 * 1024)

struct status {
	struct ctl *c;
	int64_t now_ms, stale_ms;
	int64_t rules_active, rules_paused, alerts_today;
	/* Members of the JSON document, filled as the parts are read. */
	struct buf tools, series, queue, problems;
	struct buf words; /* the problems for a person */
	struct table tools_table, series_table, queue_table;
	bool saw_ingest, saw_eval;
	int nseries, nproblems;
};

static const struct table_column tools_columns[] = {
    {"TOOL", false},
    {"INSTANCE", false},
    {"LAST SIGN OF LIFE", true},
    {"STATE", false},
};
static const struct table_column series_columns[] = {
    {"SERIES", false},
    {"LAST CLOSED BAR", false},
    {"BEHIND", true},
};
static const struct table_column queue_columns[] = {
    {"CHANNEL", false},
    {"STATUS", false},
    {"DELIVERIES", true},
    {"OLDEST", true},
};

/* ---- problems ------------------------------------------------------------ */

/* One sentence what is wrong, one what to do. */
static void
problem(struct status *s, const char *what, const char *remedy)
{
	buf_adds(&s->problems, s->nproblems++ > 0 ? ",{" : "{");
	record_text(&s->problems, "problem", what);
	buf_addc(&s->problems, ',');
	record_text(&s->problems, "remedy", remedy);
	buf_addc(&s->problems, '}');
	buf_addf(&s->words, "! %s\n  %s\n", what, remedy);
}

/* ---- the parts ----------------------------------------------------------- */

/* "BTC:1m (did you mean …?)" of one item of hl-ingest's "refused". */
static void
name_refused(const struct json *one, struct buf *b)
{
	const char *symbol = json_string(json_get(one, "symbol"));
	const char *interval = json_string(json_get(one, "interval"));
	const struct json *like = json_get(one, "like");
	const char *coin;
	size_t i;

	buf_addf(b, "%s:%s", symbol != NULL ? symbol : "?",
	    interval != NULL ? interval : "?");
	for (i = 0; (coin = json_string(json_at(like, i))) != NULL; i++)
		buf_addf(b, "%s%s", i == 0 ? " (did you mean " : ", ", coin);
	if (i > 0)
		buf_adds(b, "?)");
}

/* Rules whose coin the exchange does not have: they never fire. */
static void
see_refused(struct status *s, const char *counters)
{
	struct json *all = json_parse(counters, strlen(counters), NULL);
	const struct json *count = json_get(all, "series_refused");
	const struct json *named = json_get(all, "refused"), *one;
	long long n = count != NULL ? (long long)count->number : 0;
	struct buf b;
	size_t i;

	buf_init(&b, 8192);
	buf_addf(
	    &b, "the exchange does not know %lld of the series asked for", n);
	for (i = 0; (one = json_at(named, i)) != NULL; i++) {
		buf_adds(&b, i == 0 ? ": " : ", ");
		name_refused(one, &b);
	}
	if (i > 0 && n > (long long)i)
		buf_addf(&b, " and %lld more", n - (long long)i);
	if (n > 0 && !buf_failed(&b))
		problem(s, b.p,
		    "'hl-ingest --list' has the coins, 'pulse-ctl rule list "
		    "--symbol SYMBOL' the rules for one, 'pulse-ctl rule edit "
		    "RULE --symbol SYMBOL' mends a rule");
	buf_release(&b);
	json_free(all);
}

static int
see_tool(void *arg, const char *name, const char *instance, int64_t time_ms,
    const char *counters)
{
	struct status *s = arg;
	int64_t age = s->now_ms - time_ms;
	bool ended = strstr(counters, "\"ended\":true") != NULL;
	const char *state = ended		? "ended"
			    : age > s->stale_ms ? "silent"
						: "runs";
	struct buf b;

	buf_init(&b, 1024);
	if (strcmp(name, "hl-ingest") == 0)
		s->saw_ingest = s->saw_ingest || strcmp(state, "runs") == 0;
	if (strcmp(name, "pulse-eval") == 0)
		s->saw_eval = s->saw_eval || strcmp(state, "runs") == 0;
	buf_adds(&s->tools, s->tools.len > 0 ? ",{" : "{");
	record_text(&s->tools, "tool", name);
	buf_addc(&s->tools, ',');
	record_text(&s->tools, "instance", instance);
	buf_addf(&s->tools, ",\"state\":\"%s\",", state);
	record_time(&s->tools, "last_seen_at", time_ms);
	buf_addf(&s->tools, ",\"counters\":%s}", counters);
	table_cell(&s->tools_table, name);
	table_cell(&s->tools_table, instance);
	ctl_print_span(age > 0 ? age : 0, &b);
	table_cellf(&s->tools_table, "%s ago", b.p);
	table_cell(&s->tools_table, state);
	if (strcmp(state, "silent") == 0) {
		buf_reset(&b);
		buf_addf(&b, "%s has been silent for %lld s", name,
		    (long long)(age / 1000));
		problem(s, b.p, "look at its log, and start it again");
	} else if (strcmp(state, "runs") == 0) {
		see_refused(s, counters);
	}
	buf_release(&b);
	return 0;
}

static int
see_series(
    void *arg, const char *symbol, interval_id interval, int64_t last_open_ms)
{
	struct status *s = arg;
	int64_t behind = s->now_ms - last_open_ms - interval_step(interval);
	struct buf b;

	buf_init(&b, 1024);
	buf_adds(&s->series, s->nseries > 0 ? ",{" : "{");
	record_text(&s->series, "symbol", symbol);
	buf_addf(&s->series, ",\"interval\":\"%s\",", interval_name(interval));
	record_time(&s->series, "last", last_open_ms);
	buf_addf(&s->series, ",\"behind_seconds\":%lld}",
	    (long long)(behind > 0 ? behind / 1000 : 0));
	if (s->nseries++ < SERIES_SHOWN) {
		table_cellf(
		    &s->series_table, "%s:%s", symbol, interval_name(interval));
		ctl_print_time(last_open_ms, &b);
		table_cell(&s->series_table, b.p);
		buf_reset(&b);
		ctl_print_span(behind > 0 ? behind : 0, &b);
		table_cell(&s->series_table, b.p);
	}
	buf_release(&b);
	return 0;
}

/* Whether the channel is a named one that somebody paused. */
static bool
is_paused(struct status *s, const char *channel)
{
	struct stored_channel ch;
	bool paused;

	if (channels_get(s->c->store, channel, &ch, NULL) <= 0)
		return false;
	paused = ch.state == CHANNEL_PAUSED;
	stored_channel_release(&ch);
	return paused;
}

static int
see_queue(void *arg, const char *channel, enum delivery_status status,
    int64_t n, int64_t oldest_created_ms)
{
	struct status *s = arg;
	bool open =
	    status != DELIVERY_DELIVERED && status != DELIVERY_DEAD && n > 0;
	int64_t age = open ? s->now_ms - oldest_created_ms : 0;
	char remedy[128];
	struct buf b;

	buf_init(&b, 1024);
	buf_adds(&s->queue, s->queue.len > 0 ? ",{" : "{");
	record_text(&s->queue, "channel", channel);
	buf_addf(&s->queue,
	    ",\"status\":\"%s\",\"deliveries\":%lld,\"oldest_seconds\":%lld}",
	    delivery_status_name(status), (long long)n,
	    (long long)(age / 1000));
	table_cell(&s->queue_table, channel);
	table_cell(&s->queue_table, delivery_status_name(status));
	table_cellf(&s->queue_table, "%lld", (long long)n);
	ctl_print_span(age, &b);
	table_cell(&s->queue_table, open ? b.p : "");
	buf_reset(&b);
	if (status == DELIVERY_HELD && n > 0) {
		buf_addf(&b,
		    "%lld deliveries through %s may have arrived or not, and "
		    "wait for you",
		    (long long)n, channel);
		problem(s, b.p,
		    "see 'pulse-ctl delivery list --status held'; then "
		    "'pulse-ctl delivery retry' or 'delivery drop'");
	} else if (age > QUEUE_LATE_MS) {
		buf_addf(&b,
		    "%lld deliveries through %s wait, the oldest for "
		    "%lld minutes",
		    (long long)n, channel, (long long)(age / 60000));
		(void)snprintf(remedy, sizeof(remedy),
		    is_paused(s, channel)
			? "it is paused: 'pulse-ctl channel resume %.64s'"
			: "run 'pulse-retry | pulse-send' from cron",
		    channel);
		problem(s, b.p, remedy);
	} else if (status == DELIVERY_DEAD && n > 0) {
		buf_addf(&b, "%lld deliveries through %s were given up",
		    (long long)n, channel);
		problem(s, b.p,
		    "see 'pulse-ctl delivery list --status dead'; then "
		    "'pulse-ctl delivery retry' or 'db prune'");
	}
	buf_release(&b);
	return 0;
}

/* A receiver that is not simply healthy: a channel's, or of a URL of rules. */
static int
see_endpoint(void *arg, const struct store_endpoint *p, struct err *e)
{
	struct status *s = arg;
	bool own = strncmp(p->key, "channel:", 8) != 0;
	const char *name = own ? p->key : p->key + 8;
	char who[160], what[480], remedy[320];

	(void)e;
	(void)snprintf(who, sizeof(who),
	    own ? "a %.64s address of rules" : "channel %.64s", p->channel);
	if (p->disabled_ms > 0) {
		(void)snprintf(what, sizeof(what), "%s is disabled: %.256s",
		    who, p->reason != NULL ? p->reason : "");
		(void)snprintf(remedy, sizeof(remedy),
		    "%s, then 'pulse-ctl channel resume %.100s'",
		    own ? "give those rules another one ('pulse-ctl delivery "
			  "list --status dead' shows whose alerts fail)"
			: "mend its address ('pulse-ctl channel edit')",
		    name);
		problem(s, what, remedy);
	} else if (p->trips > 0) {
		(void)snprintf(what, sizeof(what),
		    "%s fails, %lld times in a row", who,
		    (long long)p->failures);
		problem(s, what,
		    "look at the receiver; it is tried again by itself, with "
		    "longer and longer waits");
	}
	return 0;
}

static int
count(struct status *s, struct err *e)
{
	struct store_rule_filter active = {.active = 1}, paused = {.active = 0};
	struct store_alert_filter today = {
	    .since_ms = s->now_ms - s->now_ms % DAY_MS};
	struct store *st = s->c->store;

	if (store_rule_count(st, &active, &s->rules_active, e) < 0 ||
	    store_rule_count(st, &paused, &s->rules_paused, e) < 0 ||
	    store_alert_count(st, &today, &s->alerts_today, e) < 0)
		return -1;
	return 0;
}

/* What the parts say only together. */
static void
judge(struct status *s)
{
	if (s->rules_active == 0) {
		problem(
		    s, "no rule is active", "add one: pulse-ctl help rule add");
		return;
	}
	if (!s->saw_ingest)
		problem(s, "hl-ingest does not run: no candle comes in",
		    "start it: hl-ingest --rules | pulse-eval | pulse-send");
	if (!s->saw_eval)
		problem(s, "pulse-eval does not run: no rule is judged",
		    "start it: hl-ingest --rules | pulse-eval | pulse-send");
}

static int
look(struct status *s, struct err *e)
{
	struct store *st = s->c->store;

	if (count(s, e) < 0 || store_component_list(st, see_tool, s, e) < 0 ||
	    store_candle_series(st, see_series, s, e) < 0 ||
	    store_delivery_stats(st, see_queue, s, e) < 0 ||
	    store_endpoint_list(st, NULL, see_endpoint, s, e) < 0)
		return -1;
	judge(s);
	return 0;
}

/* ---- the screen ---------------------------------------------------------- */

static void
print_screen(struct status *s)
{
	printf("store   %s\nrules   %lld active, %lld paused\nalerts  %lld "
	       "today (UTC)\n\n",
	    store_name(s->c->store), (long long)s->rules_active,
	    (long long)s->rules_paused, (long long)s->alerts_today);
	table_flush(&s->tools_table);
	if (s->nseries > 0)
		putchar('\n');
	table_flush(&s->series_table);
	if (s->nseries > SERIES_SHOWN)
		printf("and %d more series\n", s->nseries - SERIES_SHOWN);
	if (s->queue.len > 0)
		putchar('\n');
	table_flush(&s->queue_table);
	printf("\n%s", s->nproblems == 0 ? "Nothing is wrong.\n" : s->words.p);
}

static void
print_json(struct status *s)
{
	struct buf b;

	buf_init(&b, (size_t)64 * 1024 * 1024);
	buf_addc(&b, '{');
	record_text(&b, "store", store_name(s->c->store));
	buf_addf(&b,
	    ",\"rules_active\":%lld,\"rules_paused\":%lld,\"alerts_today\":"
	    "%lld,\"tools\":[%s],\"series\":[%s],\"queue\":[%s],"
	    "\"problems\":[%s]}",
	    (long long)s->rules_active, (long long)s->rules_paused,
	    (long long)s->alerts_today, s->tools.p != NULL ? s->tools.p : "",
	    s->series.p != NULL ? s->series.p : "",
	    s->queue.p != NULL ? s->queue.p : "",
	    s->problems.p != NULL ? s->problems.p : "");
	ctl_line(&b);
	buf_release(&b);
}

static void
status_init(struct status *s, struct ctl *c)
{
	*s = (struct status){
	    .c = c, .now_ms = clock_now_ms(), .stale_ms = 30000};
	buf_init(&s->tools, (size_t)4 * 1024 * 1024);
	buf_init(&s->series, (size_t)32 * 1024 * 1024);
	buf_init(&s->queue, (size_t)4 * 1024 * 1024);
	buf_init(&s->problems, PROBLEM_BYTES);
	buf_init(&s->words, PROBLEM_BYTES);
	table_init(&s->tools_table, tools_columns, 4);
	table_init(&s->series_table, series_columns, 3);
	table_init(&s->queue_table, queue_columns, 4);
}

static void
status_release(struct status *s)
{
	buf_release(&s->tools);
	buf_release(&s->series);
	buf_release(&s->queue);
	buf_release(&s->problems);
	buf_release(&s->words);
	table_release(&s->tools_table);
	table_release(&s->series_table);
	table_release(&s->queue_table);
}

int
command_status(struct ctl *c)
{
	struct status s;
	struct err e;
	int key, code;

	status_init(&s, c);
	while ((key = ctl_next(c)) != -1)
		if (key == KEY_STALE)
			s.stale_ms =
			    ctl_duration_ms(c, "--stale-after", 1000, DAY_MS);
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) == 0) {
		if (look(&s, &e) < 0) {
			code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
		} else {
			if (ctl_tabular(c))
				print_screen(&s);
			else
				print_json(&s);
			code = s.nproblems > 0 ? EXIT_SOME_FAILED : 0;
		}
	}
	status_release(&s);
	return code;
}
