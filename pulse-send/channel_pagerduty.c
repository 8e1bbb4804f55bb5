/*
 * pagerduty: Events API v2. The alert's id is the dedup_key, so however often
 * it arrives it is one incident. 202 is success; 400 is never to be tried
 * again; after a 429 the event was not taken. 120 calls a minute for a key;
 * summary at most 1,024 characters.
 */
#include <string.h>

#include "common/clock.h"
#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/text.h"

#define API "https://events.pagerduty.com/v2/enqueue"

static const char *
severity(const char *s)
{
	static const char *const known[] = {
	    "critical", "error", "warning", "info"};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], s) == 0)
			return s;
	return "info";
}

static void
add_payload(struct buf *b, const struct alert_record *r)
{
	char time[CLOCK_TEXT_MAX];

	clock_print(r->triggered_ms, time);
	buf_adds(b, "\"payload\":{\"summary\":");
	text_add_json(b, r->message, 1000);
	buf_addf(b,
	    ",\"source\":\"pulse\",\"severity\":\"%s\",\"timestamp\":\"%s\""
	    ",\"component\":",
	    severity(r->severity), time);
	buf_adds_json(b, r->symbol);
	buf_adds(b, ",\"group\":");
	buf_adds_json(b, r->rule_name);
	buf_adds(b, ",\"class\":");
	buf_adds_json(b, r->rule_type);
	buf_adds(b, ",\"custom_details\":{\"price\":");
	buf_adds_json(b, text_price(r));
	buf_adds(b, ",\"value\":");
	buf_adds_json(b, r->trigger_value);
	buf_addf(b, ",\"interval\":\"%s\"}}", interval_name(r->interval));
}

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	const struct alert_record *r = a[0].parsed;
	char id[UUID_TEXT_MAX];

	(void)n;
	uuid_print(&r->id, id);
	buf_adds(&m->url, c->url != NULL ? c->url : API);
	buf_adds(&m->body, "{\"routing_key\":");
	buf_adds_json(&m->body, c->routing_key);
	buf_addf(&m->body,
	    ",\"event_action\":\"trigger\",\"dedup_key\":\"%s\",", id);
	add_payload(&m->body, r);
	buf_adds(&m->body, ",\"links\":[{\"href\":\"");
	text_add_chart(&m->body, r->symbol);
	buf_adds(&m->body, "\",\"text\":\"Chart\"}]}");
	if (buf_failed(&m->body) || buf_failed(&m->url))
		return err_set(e, "the request is too large");
	return outgoing_header(m, "Content-Type", "application/json", e);
}

static const struct classify_row rows[] = {
    {200, 299, NULL, VERDICT_OK, ""},
    {400, 400, NULL, VERDICT_PERMANENT, "PagerDuty refuses the event"},
    {401, 403, NULL, VERDICT_GONE, "PagerDuty refuses the routing key"},
};

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	(void)body;
	classify(rows, sizeof(rows) / sizeof(rows[0]), r, v);
}

const struct channel_kind_ops channel_pagerduty = {
    .kind = CHANNEL_KIND_PAGERDUTY,
    .windows = {{120, 60 * 1000000}},
    .concurrency = 4,
    .digest = 1,
    .build = build,
    .judge = judge,
};
