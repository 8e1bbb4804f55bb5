#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/metrics.h"
#include "pulse-ctl/serve/routes.h"

/* Upper bounds of the duration histogram. */
static const int64_t bounds_us[METRICS_BUCKETS] = {
    100, 250, 500, 1000, 2500, 5000, 10000, 50000, 250000, 1000000};

void
metrics_count(struct metrics *m, long route, int status, int64_t duration_us)
{
	size_t i = 0;

	if (route < 0 || route >= METRICS_ROUTES_MAX)
		route = METRICS_ROUTES_MAX;
	if (status > 0 && status < METRICS_CODES)
		m->requests[route][status]++;
	while (i < METRICS_BUCKETS && duration_us > bounds_us[i])
		i++;
	m->duration[i]++;
	m->duration_sum += (double)duration_us / 1e6;
}

/* ---- text ---------------------------------------------------------------- */

static void
family(struct buf *b, const char *name, const char *type, const char *help)
{
	buf_addf(b, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
single(struct buf *b, const char *name, const char *type, const char *help,
    int64_t value)
{
	family(b, name, type, help);
	buf_addf(b, "%s %" PRId64 "\n", name, value);
}

static void
label_value(struct buf *b, const char *s)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '\n') {
			buf_adds(b, "\\n");
			continue;
		}
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

/* ---- this process -------------------------------------------------------- */

static void
print_requests(const struct metrics *m, struct buf *b)
{
	size_t r, code;

	family(b, "pulse_api_requests_total", "counter",
	    "Requests answered, by route and status.");
	for (r = 0; r <= METRICS_ROUTES_MAX; r++) {
		bool known = r < routes_count;

		for (code = 0; code < METRICS_CODES; code++)
			if (m->requests[r][code] > 0)
				buf_addf(b,
				    "pulse_api_requests_total{method=\"%s\","
				    "route=\"%s\",code=\"%zu\"} %" PRIu64 "\n",
				    known ? routes[r].method : "",
				    known ? routes[r].path : "", code,
				    m->requests[r][code]);
	}
}

static void
print_durations(const struct metrics *m, struct buf *b)
{
	uint64_t sum = 0;
	size_t i;

	family(b, "pulse_api_request_duration_seconds", "histogram",
	    "Time from a whole head to the answer.");
	for (i = 0; i < METRICS_BUCKETS; i++) {
		sum += m->duration[i];
		buf_addf(b,
		    "pulse_api_request_duration_seconds_bucket{le=\"%g\"} "
		    "%" PRIu64 "\n",
		    (double)bounds_us[i] / 1e6, sum);
	}
	sum += m->duration[METRICS_BUCKETS];
	buf_addf(b,
	    "pulse_api_request_duration_seconds_bucket{le=\"+Inf\"} %" PRIu64
	    "\npulse_api_request_duration_seconds_sum %.6f\n"
	    "pulse_api_request_duration_seconds_count %" PRIu64 "\n",
	    sum, m->duration_sum, sum);
}

static void
print_own(const struct metrics *m, struct buf *b)
{
	print_requests(m, b);
	print_durations(m, b);
	single(b, "pulse_api_rate_limited_total", "counter",
	    "Requests refused for their key's rate.",
	    (int64_t)m->limiter_refused);
	single(b, "pulse_api_keys_failed_total", "counter",
	    "Requests with a wrong key.", (int64_t)m->keys_failed);
	single(b, "pulse_api_connections", "gauge", "Open connections.",
	    m->connections);
	single(b, "pulse_api_connections_refused_total", "counter",
	    "Connections turned away at the limit.",
	    (int64_t)m->connections_refused);
	single(b, "pulse_api_stream_subscribers", "gauge",
	    "Connections that follow the stream of alerts.", m->subscribers);
	single(b, "pulse_api_commits_total", "counter",
	    "Transactions of requests that write.", (int64_t)m->commits);
	single(b, "pulse_api_committed_requests_total", "counter",
	    "Requests in them.", (int64_t)m->committed_requests);
}

/* ---- the store ----------------------------------------------------------- */

#define QUEUE_MAX 128

struct queue_row {
	char channel[64];
	enum delivery_status status;
	int64_t n, oldest_ms;
};

struct queue {
	struct queue_row v[QUEUE_MAX];
	size_t n;
	int64_t pending;
};

static int
see_queue(void *arg, const char *channel, enum delivery_status status,
    int64_t n, int64_t oldest_created_ms)
{
	struct queue *q = arg;
	struct queue_row *row;

	if (status != DELIVERY_DELIVERED && status != DELIVERY_DEAD)
		q->pending += n;
	if (q->n == QUEUE_MAX)
		return 0;
	row = &q->v[q->n++];
	(void)strncpy(row->channel, channel, sizeof(row->channel) - 1);
	row->channel[sizeof(row->channel) - 1] = '\0';
	row->status = status;
	row->n = n;
	row->oldest_ms = oldest_created_ms;
	return 0;
}

static bool
is_open(const struct queue_row *row)
{
	return row->status != DELIVERY_DELIVERED &&
	       row->status != DELIVERY_DEAD;
}

static void
queue_labels(struct buf *b, const char *name, const struct queue_row *row)
{
	buf_addf(b, "%s{channel=", name);
	label_value(b, row->channel);
	buf_addf(b, ",status=\"%s\"} ", delivery_status_name(row->status));
}

static int
print_queue(struct store *st, int64_t now_ms, struct buf *b, struct err *e)
{
	struct queue q = {.n = 0};
	size_t i;

	if (store_delivery_stats(st, see_queue, &q, e) < 0)
		return -1;
	family(b, "pulse_deliveries", "gauge",
	    "Deliveries in the store, by channel and status.");
	for (i = 0; i < q.n; i++) {
		queue_labels(b, "pulse_deliveries", &q.v[i]);
		buf_addf(b, "%" PRId64 "\n", q.v[i].n);
	}
	family(b, "pulse_delivery_oldest_age_seconds", "gauge",
	    "Age of the oldest delivery that is not settled.");
	for (i = 0; i < q.n; i++) {
		if (!is_open(&q.v[i]))
			continue;
		queue_labels(b, "pulse_delivery_oldest_age_seconds", &q.v[i]);
		buf_addf(
		    b, "%.3f\n", (double)(now_ms - q.v[i].oldest_ms) / 1000.0);
	}
	return 0;
}

static int
print_rules(struct store *st, struct buf *b, struct err *e)
{
	struct store_rule_filter active = {.active = 1}, paused = {.active = 0};
	int64_t nactive, npaused, seq;

	if (store_rule_count(st, &active, &nactive, e) < 0 ||
	    store_rule_count(st, &paused, &npaused, e) < 0 ||
	    store_alert_seq(st, &seq, e) < 0)
		return -1;
	family(b, "pulse_rules", "gauge", "Rules in the store, by state.");
	buf_addf(b,
	    "pulse_rules{state=\"active\"} %" PRId64
	    "\npulse_rules{state=\"paused\"} %" PRId64 "\n",
	    nactive, npaused);
	single(b, "pulse_alerts_total", "counter",
	    "Alerts that were ever stored.", seq);
	return 0;
}

/* ---- the other tools' heartbeats ----------------------------------------- */

#define TOOLS_MAX 64

struct tool {
	char name[32], instance[96];
	int64_t time_ms;
	struct json *counters;
};

struct tools {
	struct tool v[TOOLS_MAX];
	size_t n;
};

static int
see_tool(void *arg, const char *name, const char *instance, int64_t time_ms,
    const char *counters)
{
	struct tools *t = arg;
	struct tool *to;

	if (t->n == TOOLS_MAX)
		return 0;
	to = &t->v[t->n++];
	(void)snprintf(to->name, sizeof(to->name), "%s", name);
	(void)snprintf(to->instance, sizeof(to->instance), "%s", instance);
	to->time_ms = time_ms;
	to->counters = json_parse(counters, strlen(counters), NULL);
	return 0;
}

/* Where "_ms" or "_us" stands as a word in the name of a member, and how many
 * of them a second has: Prometheus wants seconds. NULL: no time. */
static const char *
find_unit(const char *member, double *per_second)
{
	const char *p;

	for (p = member; (p = strchr(p, '_')) != NULL; p++)
		if ((p[1] == 'm' || p[1] == 'u') && p[2] == 's' &&
		    (p[3] == '_' || p[3] == '\0')) {
			*per_second = p[1] == 'm' ? 1e3 : 1e6;
			return p;
		}
	return NULL;
}

/* "hl-ingest" and "candles_total" make pulse_ingest_candles_total, "offset_ms"
 * makes pulse_ingest_offset_seconds. */
static void
metric_name(struct buf *b, const struct tool *t, const char *member)
{
	const char *dash = strchr(t->name, '-'), *p, *unit;
	double ignored;

	buf_adds(b, "pulse_");
	for (p = dash != NULL ? dash + 1 : t->name; *p != '\0'; p++)
		buf_addc(b, *p == '-' ? '_' : *p);
	buf_addc(b, '_');
	unit = find_unit(member, &ignored);
	for (p = member; *p != '\0'; p++) {
		if (p == unit)
			p += 2; /* of its three */
		else
			buf_addc(b,
			    (*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')
				? *p
				: '_');
	}
	if (unit != NULL)
		buf_adds(b, "_seconds");
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static void
print_labels(
    struct buf *b, const struct tool *t, const char *label, const char *value)
{
	buf_adds(b, "{host=");
	label_value(b, t->instance);
	if (label != NULL) {
		buf_addf(b, ",%s=", label);
		label_value(b, value);
	}
	buf_adds(b, "} ");
}

/* {"by":"status","n":{"delivered":3}} */
static void
print_labelled(
    struct buf *b, const struct tool *t, const char *name, const struct json *v)
{
	const struct json *n = json_get(v, "n");
	const char *by = json_string(json_get(v, "by"));
	size_t i;

	if (by == NULL || n == NULL || n->type != JSON_OBJECT)
		return;
	for (i = 0; i < n->len; i++) {
		if (n->items[i].type != JSON_NUMBER)
			continue;
		buf_adds(b, name);
		print_labels(b, t, by, n->keys[i]);
		json_print(&n->items[i], b);
		buf_addc(b, '\n');
	}
}

/* {"le":[…],"counts":[…],"sum":s}, counts not cumulative, one more than le. */
static void
print_histogram(
    struct buf *b, const struct tool *t, const char *name, const struct json *v)
{
	const struct json *le = json_get(v, "le"), *counts;
	struct buf text;
	double sum = 0;
	size_t i;

	counts = json_get(v, "counts");
	if (le == NULL || counts == NULL || counts->type != JSON_ARRAY)
		return;
	buf_init(&text, 64);
	for (i = 0; i < counts->len; i++) {
		sum += counts->items[i].number;
		buf_reset(&text);
		if (i < le->len)
			json_print(json_at(le, i), &text);
		else
			buf_adds(&text, "+Inf");
		buf_addf(b, "%s_bucket", name);
		print_labels(b, t, "le", text.p);
		buf_addf(b, "%.0f\n", sum);
	}
	buf_release(&text);
	buf_addf(b, "%s_sum", name);
	print_labels(b, t, NULL, NULL);
	json_print(json_get(v, "sum"), b);
	buf_addf(b, "\n%s_count", name);
	print_labels(b, t, NULL, NULL);
	buf_addf(b, "%.0f\n", sum);
}

static void
print_value(struct buf *b, const struct tool *t, const char *name,
    const struct json *v, double per_second)
{
	if (v->type == JSON_OBJECT && json_get(v, "counts") != NULL) {
		print_histogram(b, t, name, v);
	} else if (v->type == JSON_OBJECT) {
		print_labelled(b, t, name, v);
	} else {
		buf_adds(b, name);
		print_labels(b, t, NULL, NULL);
		if (v->type == JSON_BOOL)
			buf_addc(b, v->boolean ? '1' : '0');
		else if (per_second > 0)
			buf_addf(b, "%.15g", v->number / per_second);
		else
			json_print(v, b);
		buf_addc(b, '\n');
	}
}

static bool
is_metric(const struct json *v)
{
	return v->type == JSON_NUMBER || v->type == JSON_BOOL ||
	       v->type == JSON_OBJECT;
}

/* One member, of every instance of this tool: samples of a family must stand
 * together. */
static void
print_member(
    const struct tools *t, size_t first, const char *member, struct buf *b)
{
	const struct json *v = json_get(t->v[first].counters, member);
	double per_second = 0;
	struct buf name;
	size_t i;

	buf_init(&name, 256);
	(void)find_unit(member, &per_second);
	metric_name(&name, &t->v[first], member);
	family(b, name.p,
	    json_get(v, "counts") != NULL ? "histogram"
	    : ends_with(member, "_total") ? "counter"
					  : "gauge",
	    "From the tool's heartbeat.");
	for (i = first; i < t->n; i++) {
		if (strcmp(t->v[i].name, t->v[first].name) != 0)
			continue;
		v = json_get(t->v[i].counters, member);
		if (v != NULL && is_metric(v))
			print_value(b, &t->v[i], name.p, v, per_second);
	}
	buf_release(&name);
}

/* True when an instance before this one has the member too. */
static bool
printed_before(const struct tools *t, size_t i, const char *member)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (strcmp(t->v[j].name, t->v[i].name) == 0 &&
		    json_get(t->v[j].counters, member) != NULL)
			return true;
	return false;
}

static void
print_tools(const struct tools *t, int64_t now_ms, struct buf *b)
{
	size_t i, k;

	family(b, "pulse_component_heartbeat_age_seconds", "gauge",
	    "Time since a tool's last heartbeat.");
	for (i = 0; i < t->n; i++) {
		buf_adds(b, "pulse_component_heartbeat_age_seconds{component=");
		label_value(b, t->v[i].name);
		buf_adds(b, ",host=");
		label_value(b, t->v[i].instance);
		buf_addf(
		    b, "} %.3f\n", (double)(now_ms - t->v[i].time_ms) / 1000.0);
	}
	for (i = 0; i < t->n; i++) {
		const struct json *c = t->v[i].counters;

		if (c == NULL || c->type != JSON_OBJECT)
			continue;
		for (k = 0; k < c->len; k++)
			if (is_metric(&c->items[k]) &&
			    !printed_before(t, i, c->keys[k]))
				print_member(t, i, c->keys[k], b);
	}
}

static void
release_tools(struct tools *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		json_free(t->v[i].counters);
}

int
metrics_print(
    const struct metrics *m, struct store *st, struct buf *out, struct err *e)
{
	struct tools *t = calloc(1, sizeof(*t));
	int64_t now_ms = clock_now_ms();
	int rc;

	if (t == NULL)
		return err_set(e, "out of memory");
	print_own(m, out);
	rc = print_rules(st, out, e);
	if (rc == 0)
		rc = print_queue(st, now_ms, out, e);
	if (rc == 0)
		rc = store_component_list(st, see_tool, t, e);
	if (rc >= 0)
		print_tools(t, now_ms, out);
	release_tools(t);
	free(t);
	return rc < 0 ? -1 : 0;
}

/* ---- JSON ---------------------------------------------------------------- */

static int
add_tool(void *arg, const char *name, const char *instance, int64_t time_ms,
    const char *counters)
{
	struct buf *b = arg;

	if (b->p[b->len - 1] != '[')
		buf_addc(b, ',');
	buf_adds(b, "{\"name\":");
	buf_adds_json(b, name);
	buf_adds(b, ",\"instance\":");
	buf_adds_json(b, instance);
	buf_addc(b, ',');
	record_time(b, "time", time_ms);
	buf_addf(b, ",\"counters\":%s}", counters);
	return 0;
}

int
metrics_print_json(
    const struct metrics *m, struct store *st, struct buf *out, struct err *e)
{
	struct store_rule_filter active = {.active = 1}, any = {.active = -1};
	struct queue q = {.n = 0};
	int64_t nactive, nall, seq;
	size_t i;

	if (store_rule_count(st, &active, &nactive, e) < 0 ||
	    store_rule_count(st, &any, &nall, e) < 0 ||
	    store_alert_seq(st, &seq, e) < 0 ||
	    store_delivery_stats(st, see_queue, &q, e) < 0)
		return -1;
	buf_addf(out,
	    "{\"rules_active\":%" PRId64 ",\"rules_total\":%" PRId64
	    ",\"alerts_total\":%" PRId64 ",\"alerts_pending_delivery\":%" PRId64
	    ",\"database_status\":\"connected\",\"connections\":%" PRId64
	    ",\"stream_subscribers\":%" PRId64 ",\"deliveries\":[",
	    nactive, nall, seq, q.pending, m->connections, m->subscribers);
	for (i = 0; i < q.n; i++) {
		buf_adds(out, i > 0 ? ",{\"channel\":" : "{\"channel\":");
		buf_adds_json(out, q.v[i].channel);
		buf_addf(out, ",\"status\":\"%s\",\"n\":%" PRId64 "}",
		    delivery_status_name(q.v[i].status), q.v[i].n);
	}
	buf_adds(out, "],\"components\":[");
	if (store_component_list(st, add_tool, out, e) < 0)
		return -1;
	buf_adds(out, "]}");
	return 0;
}
