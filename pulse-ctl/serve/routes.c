#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/digest.h"
#include "common/num.h"
#include "pulse-ctl/serve/routes.h"

#define INTERVALS "1m|3m|5m|15m|30m|1h|2h|4h|8h|12h|1d|3d|1w|1M"
#define RULE_TYPES                                                             \
	"price_threshold|percent_move|candle_close|macd_cross|rsi|"            \
	"bollinger_bands"

/* ---- parameters ---------------------------------------------------------- */

#define P_LIMIT(most, usual)                                                   \
	{                                                                      \
		.name = "limit", .type = PARAM_INTEGER,                        \
		.doc = "How many at most", .min = 1, .max = (most),            \
		.fallback = (usual)                                            \
	}
#define P_OFFSET                                                               \
	{                                                                      \
		.name = "offset", .type = PARAM_INTEGER,                       \
		.doc = "How many to leave out; a cursor is faster", .min = 0,  \
		.max = 1000000000                                              \
	}
#define P_CURSOR                                                               \
	{                                                                      \
		.name = "cursor", .type = PARAM_CURSOR,                        \
		.doc = "next_cursor of the page before"                        \
	}
#define P_SYMBOL                                                               \
	{                                                                      \
		.name = "symbol", .type = PARAM_TEXT,                          \
		.doc = "Market, as the exchange writes it", .min = 1,          \
		.max = SYMBOL_LEN_MAX                                          \
	}
#define P_END                                                                  \
	{                                                                      \
		.name = NULL                                                   \
	}

static const struct param rule_list_params[] = {
    P_SYMBOL,
    {.name = "is_active", .type = PARAM_BOOLEAN, .doc = "Active or paused"},
    {.name = "rule_type",
	.type = PARAM_CHOICE,
	.doc = "Only of this type",
	.choices = RULE_TYPES},
    P_LIMIT(100, 50),
    P_OFFSET,
    P_CURSOR,
    P_END,
};

static const struct param rule_create_params[] = {
    {.name = "Idempotency-Key",
	.type = PARAM_TEXT,
	.doc = "A POST repeated with the same key and body answers with the "
	       "rule that the first one made",
	.min = 1,
	.max = 255,
	.header = true},
    P_END,
};

static const struct param rule_params[] = {
    {.name = "rule_id",
	.type = PARAM_UUID,
	.doc = "The rule",
	.required = true},
    P_END,
};

static const struct param rule_change_params[] = {
    {.name = "rule_id",
	.type = PARAM_UUID,
	.doc = "The rule",
	.required = true},
    {.name = "If-Match",
	.type = PARAM_TEXT,
	.doc = "The ETag that the rule must still have",
	.min = 1,
	.max = 1000,
	.header = true},
    P_END,
};

static const struct param alert_list_params[] = {
    {.name = "rule_id", .type = PARAM_UUID, .doc = "Only of this rule"},
    P_SYMBOL,
    {.name = "delivery_status",
	.type = PARAM_CHOICE,
	.doc = "Only with this delivery status",
	.choices = "pending|delivered|failed|none"},
    {.name = "since", .type = PARAM_TIME, .doc = "Triggered then or later"},
    {.name = "until", .type = PARAM_TIME, .doc = "Triggered then or before"},
    P_LIMIT(100, 50),
    P_OFFSET,
    P_CURSOR,
    P_END,
};

static const struct param alert_params[] = {
    {.name = "alert_id",
	.type = PARAM_UUID,
	.doc = "The alert",
	.required = true},
    P_END,
};

static const struct param attempt_params[] = {
    {.name = "alert_id",
	.type = PARAM_UUID,
	.doc = "The alert",
	.required = true},
    P_LIMIT(200, 50),
    P_OFFSET,
    P_END,
};

static const struct param stream_params[] = {
    {.name = "rule_id", .type = PARAM_UUID, .doc = "Only of this rule"},
    P_SYMBOL,
    {.name = "last_event_id",
	.type = PARAM_UUID,
	.doc = "As Last-Event-ID, for those who cannot set headers"},
    {.name = "Last-Event-ID",
	.type = PARAM_TEXT,
	.doc = "Begin after this alert",
	.min = 1,
	.max = 100,
	.header = true},
    P_END,
};

static const struct param candle_params[] = {
    {.name = "symbol",
	.type = PARAM_TEXT,
	.doc = "Market",
	.min = 1,
	.max = SYMBOL_LEN_MAX,
	.required = true},
    {.name = "interval",
	.type = PARAM_CHOICE,
	.doc = "Length of a candle (default 1m)",
	.choices = INTERVALS},
    {.name = "interval_seconds",
	.type = PARAM_INTEGER,
	.doc = "The same in seconds",
	.min = 60,
	.max = 2592000},
    {.name = "start_time", .type = PARAM_TIME, .doc = "Opened then or later"},
    {.name = "end_time", .type = PARAM_TIME, .doc = "Opened then or before"},
    P_LIMIT(500, 200),
    P_OFFSET,
    {.name = "order",
	.type = PARAM_CHOICE,
	.doc = "By time (default desc: newest first)",
	.choices = "asc|desc"},
    {.name = "values",
	.type = PARAM_TEXT,
	.doc = "Indicators whose values each candle carries: "
	       "rsi:14,macd:12:26:9",
	.min = 1,
	.max = 200},
    {.name = "rule_id",
	.type = PARAM_UUID,
	.doc = "The values of this rule's indicators as well"},
    P_END,
};

static const struct param channel_list_params[] = {
    P_LIMIT(100, 50),
    {.name = "cursor",
	.type = PARAM_TEXT,
	.doc = "next_cursor of the page before",
	.min = 1,
	.max = CHANNEL_NAME_MAX - 1},
    P_END,
};

#define P_CHANNEL                                                              \
	{                                                                      \
		.name = "name", .type = PARAM_TEXT, .doc = "The channel",      \
		.min = 1, .max = CHANNEL_NAME_MAX - 1, .required = true        \
	}

static const struct param channel_params[] = {
    P_CHANNEL,
    P_END,
};

static const struct param channel_change_params[] = {
    P_CHANNEL,
    {.name = "If-Match",
	.type = PARAM_TEXT,
	.doc = "The ETag that the channel must still have",
	.min = 1,
	.max = 1000,
	.header = true},
    P_END,
};

static const struct param file_params[] = {
    {.name = "name",
	.type = PARAM_TEXT,
	.doc = "File",
	.min = 1,
	.max = 100,
	.required = true},
    P_END,
};

/* ---- answers ------------------------------------------------------------- */

#define A_KEY                                                                  \
	A_MALFORMED, {401, "Error", "The key is missing or wrong"},            \
	{                                                                      \
		429, "Error", "Too many requests"                              \
	}
#define A_STORE                                                                \
	{                                                                      \
		503, "Error", "The store is not available"                     \
	}
#define A_INVALID                                                              \
	{                                                                      \
		422, "ValidationError", "Every fault of the request"           \
	}
#define A_BODY                                                                 \
	{411, "Error", "Content-Length is missing"},                           \
	    {413, "Error", "The body is longer than 64 KiB"},                  \
	{                                                                      \
		415, "Error", "The body is not application/json"               \
	}
#define A_MALFORMED                                                            \
	{                                                                      \
		400, "Error", "The request is malformed"                       \
	}
#define A_END                                                                  \
	{                                                                      \
		0, NULL, NULL                                                  \
	}

static const struct answer health_answers[] = {
    {200, "Health", "The process can serve"}, A_MALFORMED, A_END};
static const struct answer ready_answers[] = {{200, "Ready", "All is there"},
    A_MALFORMED, {503, "Ready", "Something is missing"}, A_END};
static const struct answer metrics_answers[] = {
    {200, "Metrics", "Prometheus text, or JSON by Accept"}, A_KEY, A_STORE,
    A_END};
static const struct answer openapi_answers[] = {
    {200, "OpenAPI", "This document"}, {304, NULL, "Unchanged"}, A_MALFORMED,
    A_END};
static const struct answer file_answers[] = {{200, NULL, "A page"}, A_END};
static const struct answer rule_create_answers[] = {
    {201, "Rule", "The rule made"}, A_KEY,
    {409, "Error", "The Idempotency-Key was used otherwise"}, A_BODY, A_INVALID,
    A_STORE, A_END};
static const struct answer rule_list_answers[] = {
    {200, "RuleList", "Newest first"}, A_KEY, A_INVALID, A_STORE, A_END};
static const struct answer rule_get_answers[] = {{200, "Rule", "The rule"},
    {304, NULL, "Unchanged"}, A_KEY, {404, "Error", "Rule not found"},
    A_INVALID, A_STORE, A_END};
static const struct answer rule_update_answers[] = {
    {200, "Rule", "The rule as it is now"}, A_KEY,
    {404, "Error", "Rule not found"},
    {412, "Error", "The rule was changed since"}, A_BODY, A_INVALID, A_STORE,
    A_END};
static const struct answer rule_delete_answers[] = {
    {204, NULL, "Deleted, and its alerts"}, A_KEY,
    {404, "Error", "Rule not found"},
    {412, "Error", "The rule was changed since"}, A_INVALID, A_STORE, A_END};
static const struct answer alert_list_answers[] = {
    {200, "AlertList", "Newest first"}, A_KEY, A_INVALID, A_STORE, A_END};
static const struct answer alert_get_answers[] = {
    {200, "AlertWhole", "The alert and its deliveries"}, A_KEY,
    {404, "Error", "Alert not found"}, A_INVALID, A_STORE, A_END};
static const struct answer attempt_answers[] = {
    {200, "AttemptList", "Oldest first"}, A_KEY,
    {404, "Error", "Alert not found"}, A_INVALID, A_STORE, A_END};
static const struct answer redeliver_answers[] = {
    {202, "Redelivered", "Dead deliveries are due again"}, A_KEY,
    {404, "Error", "Alert not found"}, A_INVALID, A_STORE, A_END};
static const struct answer stream_answers[] = {
    {200, "Alert",
	"One alert an event, or a line with Accept: application/x-ndjson"},
    A_KEY, A_INVALID, A_STORE, A_END};
#define A_CHANNEL                                                              \
	{                                                                      \
		404, "Error", "Channel not found"                              \
	}
#define A_EXEC                                                                 \
	{                                                                      \
		403, "Error", "It is an exec channel"                          \
	}
static const struct answer channel_list_answers[] = {
    {200, "ChannelList", "By name"}, A_KEY, A_INVALID, A_STORE, A_END};
static const struct answer channel_create_answers[] = {
    {201, "Channel", "The channel made"}, A_KEY,
    {409, "Error", "There is a channel of that name"}, A_BODY, A_INVALID,
    A_STORE, A_END};
static const struct answer channel_get_answers[] = {
    {200, "Channel", "The channel"}, A_KEY, A_CHANNEL, A_INVALID, A_STORE,
    A_END};
static const struct answer channel_update_answers[] = {
    {200, "Channel", "The channel as it is now"}, A_KEY, A_EXEC, A_CHANNEL,
    {412, "Error", "The channel was changed since"}, A_BODY, A_INVALID, A_STORE,
    A_END};
static const struct answer channel_delete_answers[] = {{204, NULL, "Deleted"},
    A_KEY, A_EXEC, A_CHANNEL, {412, "Error", "The channel was changed since"},
    A_INVALID, A_STORE, A_END};
static const struct answer candle_list_answers[] = {
    {200, "CandleList", "Closed candles"}, A_KEY,
    {404, "Error", "Rule not found"}, A_INVALID, A_STORE, A_END};

/* ---- the table ----------------------------------------------------------- */

#define METRICS_TYPE "text/plain"

/* What is asked most stands first; a fixed path before one in braces. */
const struct route routes[] = {
    {"GET", "/health", "health", "system", "Is the process alive?",
	ROUTE_PUBLIC, NULL, NULL, NULL, health_answers, route_health},
    {"GET", "/api/v1/rules", "listRules", "rules", "List rules", ROUTE_LONG,
	rule_list_params, NULL, NULL, rule_list_answers, route_rule_list},
    {"POST", "/api/v1/rules", "createRule", "rules", "Create a rule",
	ROUTE_WRITE | ROUTE_BODY, rule_create_params, "RuleCreate", NULL,
	rule_create_answers, route_rule_create},
    {"GET", "/api/v1/rules/{rule_id}", "getRule", "rules", "One rule", 0,
	rule_params, NULL, NULL, rule_get_answers, route_rule_get},
    {"PUT", "/api/v1/rules/{rule_id}", "updateRule", "rules",
	"Change the members given", ROUTE_WRITE | ROUTE_BODY,
	rule_change_params, "RuleUpdate", NULL, rule_update_answers,
	route_rule_update},
    {"DELETE", "/api/v1/rules/{rule_id}", "deleteRule", "rules",
	"Delete a rule", ROUTE_WRITE, rule_change_params, NULL, NULL,
	rule_delete_answers, route_rule_delete},
    {"GET", "/api/v1/alerts", "listAlerts", "alerts", "List alerts", ROUTE_LONG,
	alert_list_params, NULL, NULL, alert_list_answers, route_alert_list},
    {"GET", "/api/v1/alerts/stream", "streamAlerts", "alerts",
	"New alerts as they come", 0, stream_params, NULL, "text/event-stream",
	stream_answers, route_alert_stream},
    {"GET", "/api/v1/alerts/{alert_id}", "getAlert", "alerts",
	"One alert with its deliveries", 0, alert_params, NULL, NULL,
	alert_get_answers, route_alert_get},
    {"GET", "/api/v1/alerts/{alert_id}/deliveries", "listAttempts", "alerts",
	"Every attempt to deliver an alert", ROUTE_LONG, attempt_params, NULL,
	NULL, attempt_answers, route_alert_attempts},
    {"POST", "/api/v1/alerts/{alert_id}/redeliver", "redeliver", "alerts",
	"Make dead deliveries due again", ROUTE_WRITE, alert_params, NULL, NULL,
	redeliver_answers, route_alert_redeliver},
    {"GET", "/api/v1/channels", "listChannels", "channels", "List channels", 0,
	channel_list_params, NULL, NULL, channel_list_answers,
	route_channel_list},
    {"POST", "/api/v1/channels", "createChannel", "channels",
	"Create a channel", ROUTE_WRITE | ROUTE_BODY, NULL, "ChannelCreate",
	NULL, channel_create_answers, route_channel_create},
    {"GET", "/api/v1/channels/{name}", "getChannel", "channels",
	"One channel, and how it does", 0, channel_params, NULL, NULL,
	channel_get_answers, route_channel_get},
    {"PUT", "/api/v1/channels/{name}", "updateChannel", "channels",
	"Change the members given", ROUTE_WRITE | ROUTE_BODY,
	channel_change_params, "ChannelUpdate", NULL, channel_update_answers,
	route_channel_update},
    {"DELETE", "/api/v1/channels/{name}", "deleteChannel", "channels",
	"Delete a channel", ROUTE_WRITE, channel_change_params, NULL, NULL,
	channel_delete_answers, route_channel_delete},
    {"POST", "/api/v1/channels/{name}/pause", "pauseChannel", "channels",
	"Keep what comes for later", ROUTE_WRITE, channel_params, NULL, NULL,
	channel_get_answers, route_channel_pause},
    {"POST", "/api/v1/channels/{name}/resume", "resumeChannel", "channels",
	"End a pause, or enable what was disabled", ROUTE_WRITE, channel_params,
	NULL, NULL, channel_get_answers, route_channel_resume},
    {"GET", "/api/v1/candles", "listCandles", "candles", "List candles",
	ROUTE_LONG, candle_params, NULL, NULL, candle_list_answers,
	route_candle_list},
    {"GET", "/metrics", "metrics", "system", "What every stage counted", 0,
	NULL, NULL, METRICS_TYPE, metrics_answers, route_metrics},
    {"GET", "/ready", "ready", "system", "Is the whole pipeline there?",
	ROUTE_PUBLIC, NULL, NULL, NULL, ready_answers, route_ready},
    {"GET", "/openapi.json", "openapi", "system", "This document", ROUTE_PUBLIC,
	NULL, NULL, NULL, openapi_answers, route_openapi},
    {"GET", "/", "index", "pages", "The admin page",
	ROUTE_PUBLIC | ROUTE_HIDDEN, NULL, NULL, "text/html", file_answers,
	route_file},
    {"GET", "/docs", "docs", "pages", "This document to read and to try",
	ROUTE_PUBLIC | ROUTE_HIDDEN, NULL, NULL, "text/html", file_answers,
	route_file},
    {"GET", "/ui/{name}", "file", "pages", "What the pages load",
	ROUTE_PUBLIC | ROUTE_HIDDEN, file_params, NULL, NULL, file_answers,
	route_file},
};

const size_t routes_count = sizeof(routes) / sizeof(routes[0]);

/* ---- finding ------------------------------------------------------------- */

/* True when the path fits the pattern; the parts in braces go to at[] with
 * their lengths. */
static bool
fits(const char *pattern, const char *path, const char *at[API_PATH_IDS],
    size_t len[API_PATH_IDS])
{
	size_t n = 0;

	while (*pattern != '\0') {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		at[n] = path;
		len[n] = strcspn(path, "/");
		if (len[n] == 0)
			return false;
		path += len[n++];
		pattern = strchr(pattern, '}') + 1;
	}
	return *path == '\0';
}

/* Copies of the parts, NUL-terminated; the head's path stays whole. */
static void
keep_ids(struct exchange *x, const char *const at[], const size_t len[])
{
	size_t i, n = 0;

	for (i = 0; i < API_PATH_IDS && at[i] != NULL; i++)
		n += len[i] + 1;
	free(x->path_text);
	x->path_text = n > 0 ? malloc(n) : NULL;
	for (i = n = 0;
	     x->path_text != NULL && i < API_PATH_IDS && at[i] != NULL; i++) {
		memcpy(x->path_text + n, at[i], len[i]);
		x->path_text[n + len[i]] = '\0';
		x->ids[i] = x->path_text + n;
		n += len[i] + 1;
	}
}

const struct route *
routes_find(struct exchange *x, const char *method, char allow[64])
{
	const char *found = NULL;
	size_t i;

	allow[0] = '\0';
	for (i = 0; i < routes_count; i++) {
		const char *at[API_PATH_IDS] = {NULL};
		size_t len[API_PATH_IDS] = {0};

		/* A path belongs to the first pattern that it fits. */
		if (found != NULL
			? strcmp(found, routes[i].path) != 0
			: !fits(routes[i].path, x->head.path, at, len))
			continue;
		if (found == NULL)
			keep_ids(x, at, len);
		found = routes[i].path;
		if (strcmp(routes[i].method, method) == 0)
			return &routes[i];
		(void)snprintf(allow + strlen(allow), 64 - strlen(allow),
		    "%s%s", allow[0] != '\0' ? ", " : "", routes[i].method);
		if (strcmp(routes[i].method, "GET") == 0)
			(void)snprintf(allow + strlen(allow),
			    64 - strlen(allow), ", HEAD");
	}
	return NULL;
}

/* ---- checking ------------------------------------------------------------ */

static bool
in_path(const struct route *r, const struct param *p)
{
	const char *brace = strchr(r->path, '{');

	return brace != NULL && strstr(brace, p->name) != NULL;
}

static int
lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

/* What the request gives for a parameter, or NULL. */
static const char *
given(const struct exchange *x, const struct param *p)
{
	char name[64];
	size_t i;

	if (p->header) {
		for (i = 0; p->name[i] != '\0' && i + 1 < sizeof(name); i++)
			name[i] = (char)lower(p->name[i]);
		name[i] = '\0';
		return message_header(&x->head, name);
	}
	if (in_path(x->route, p))
		return x->ids[0];
	return message_query(&x->head, p->name);
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t n = strlen(text), len;

	while (n > 0) {
		len = strcspn(choices, "|");
		if (len == n && memcmp(choices, text, n) == 0)
			return true;
		if (choices[len] == '\0')
			break;
		choices += len + 1;
	}
	return false;
}

static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* 1, 0, or -1 for no truth value. The words are those of the earlier service:
 * its clients in Python send "True". */
static int
truth(const char *s)
{
	static const char *const words[][2] = {{"false", "true"}, {"0", "1"},
	    {"f", "t"}, {"no", "yes"}, {"n", "y"}, {"off", "on"}};
	size_t i;
	int v;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (v = 0; v < 2; v++)
			if (strcasecmp(s, words[i][v]) == 0)
				return v;
	return -1;
}

/* The fault of one value as type and sentence, or NULL when it is good. */
static const char *
judge_value(const struct param *p, const char *s, char msg[160])
{
	struct uuid id;
	struct err e;
	int64_t v;

	switch (p->type) {
	case PARAM_INTEGER:
		if (num_parse(&v, s, INT64_MIN, INT64_MAX, "it", &e) < 0) {
			(void)snprintf(msg, 160, "must be a whole number");
			return "int_parsing";
		}
		if (v >= p->min && v <= p->max)
			return NULL;
		(void)snprintf(msg, 160,
		    "must be within %" PRId64 " and %" PRId64, p->min, p->max);
		return v < p->min ? "greater_than_equal" : "less_than_equal";
	case PARAM_TEXT:
		if ((int64_t)characters(s) >= p->min &&
		    (int64_t)characters(s) <= p->max)
			return NULL;
		(void)snprintf(msg, 160,
		    "must have %" PRId64 " to %" PRId64 " characters", p->min,
		    p->max);
		return "string_length";
	case PARAM_CHOICE:
		if (is_choice(p->choices, s))
			return NULL;
		(void)snprintf(msg, 160, "must be one of %s", p->choices);
		return "enum";
	case PARAM_BOOLEAN:
		if (truth(s) >= 0)
			return NULL;
		(void)snprintf(msg, 160, "must be true or false");
		return "bool_parsing";
	case PARAM_UUID:
		if (uuid_parse(&id, s, strlen(s)) == 0)
			return NULL;
		(void)snprintf(msg, 160, "must be a UUID");
		return "uuid_parsing";
	case PARAM_TIME:
		if (clock_parse(&v, s, strlen(s)) == 0)
			return NULL;
		(void)snprintf(msg, 160,
		    "must be ISO 8601, or unix seconds or milliseconds");
		return "datetime_parsing";
	case PARAM_CURSOR:
		if (cursor_parse(s, &v, &id) == 0)
			return NULL;
		(void)snprintf(
		    msg, 160, "must be the next_cursor of a page before");
		return "value_error";
	}
	return NULL;
}

static void
check_one(struct exchange *x, const struct param *p)
{
	const char *place = p->header		   ? "header"
			    : in_path(x->route, p) ? "path"
						   : "query";
	const char *s = given(x, p), *type = NULL;
	struct json input = {.type = JSON_STRING};
	char loc[100], msg[160];

	if (s != NULL)
		type = judge_value(p, s, msg);
	else if (p->required)
		type = "missing";
	if (type == NULL)
		return;
	(void)snprintf(loc, sizeof(loc), "%s.%s", place, p->name);
	if (s == NULL) {
		faults_add(x->faults, type, loc, NULL, "is required");
		return;
	}
	/* Bytes that are no UTF-8 cannot be shown in JSON. */
	for (input.len = 0; s[input.len] >= ' ' && s[input.len] <= '~';)
		input.len++;
	input.string = (char *)(uintptr_t)s;
	faults_add(x->faults, type, loc, s[input.len] == '\0' ? &input : NULL,
	    "%s", msg);
}

int
routes_check(struct exchange *x)
{
	const struct param *p;

	for (p = x->route->params; p != NULL && p->name != NULL; p++)
		check_one(x, p);
	return x->faults->total > 0 ? -1 : 0;
}

/* ---- values -------------------------------------------------------------- */

static const struct param *
find_param(const struct exchange *x, const char *name)
{
	const struct param *p = x->route->params;

	while (strcmp(p->name, name) != 0)
		p++;
	return p;
}

int64_t
api_int(const struct exchange *x, const char *name)
{
	const struct param *p = find_param(x, name);
	const char *s = given(x, p);
	int64_t v;

	if (s == NULL || num_parse(&v, s, p->min, p->max, name, NULL) < 0)
		return p->fallback;
	return v;
}

const char *
api_text(const struct exchange *x, const char *name)
{
	const struct param *p = find_param(x, name);
	const char *s = given(x, p);

	if (s != NULL && p->type == PARAM_BOOLEAN)
		return truth(s) == 1 ? "true" : "false";
	return s;
}

int64_t
api_time(const struct exchange *x, const char *name, int64_t absent)
{
	const char *s = given(x, find_param(x, name));
	int64_t v;

	if (s == NULL || clock_parse(&v, s, strlen(s)) < 0)
		return absent;
	return v;
}

/* ---- cursors ------------------------------------------------------------- */

void
cursor_print(int64_t ms, const struct uuid *id, char *out)
{
	unsigned char raw[24];
	int i;

	for (i = 0; i < 8; i++)
		raw[i] = (unsigned char)((uint64_t)ms >> (56 - 8 * i));
	memcpy(raw + 8, id->b, 16);
	digest_base64url(raw, sizeof(raw), out);
}

void
page_end(struct buf *b, int64_t total, bool more, int64_t last_ms,
    const struct uuid *last_id)
{
	char next[CURSOR_TEXT_MAX];

	buf_addf(b, "],\"total\":%" PRId64 ",\"next_cursor\":", total);
	if (more) {
		cursor_print(last_ms, last_id, next);
		buf_addf(b, "\"%s\"}", next);
	} else {
		buf_adds(b, "null}");
	}
}

int
cursor_parse(const char *text, int64_t *ms, struct uuid *id)
{
	unsigned char raw[32];
	char standard[40];
	uint64_t v = 0;
	size_t n = strlen(text), i;

	if (n != 32)
		return -1;
	for (i = 0; i < n; i++)
		standard[i] = text[i] == '-'   ? '+'
			      : text[i] == '_' ? '/'
					       : text[i];
	if (digest_unbase64(standard, n, raw, sizeof(raw)) != 24)
		return -1;
	for (i = 0; i < 8; i++)
		v = v << 8 | raw[i];
	*ms = (int64_t)v;
	memcpy(id->b, raw + 8, 16);
	return *ms < 0 || *ms > CLOCK_MS_MAX ? -1 : 0;
}
