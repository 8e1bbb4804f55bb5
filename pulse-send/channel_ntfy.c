/*
 * ntfy: the URL is the topic's; the message goes as JSON to the server's root,
 * because headers cannot carry every character. At most 4,096 bytes (longer
 * ones become attachments). Default servers allow bursts of 60 and one
 * request in 5 s. 429 carries a code: 42908 means that the day's messages are
 * used up, so there is no use in trying before tomorrow (UTC).
 */
#include <string.h>

#include "common/clock.h"
#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/text.h"

#define MESSAGE_BYTES 4000
#define DAY_MS	      INT64_C(86400000)

static int
priority(const struct channel *c, const char *severity)
{
	if (c->priority > 0)
		return c->priority;
	return strcmp(severity, "critical") == 0  ? 5
	       : strcmp(severity, "warning") == 0 ? 4
						  : 3;
}

/* https://host/base/topic is https://host/base and topic. */
static int
split(const char *url, struct buf *root, const char **topic, struct err *e)
{
	const char *path = strstr(url, "://");
	const char *slash = strrchr(url, '/');

	if (path == NULL || slash < path + 3 || slash[1] == '\0' ||
	    strchr(slash, '?') != NULL)
		return err_set(e, "the URL must end in a topic");
	*topic = slash + 1;
	if (buf_add(root, url, (size_t)(slash - url)) < 0 ||
	    buf_addc(root, '/') < 0)
		return err_set(e, "the URL is too long");
	return 0;
}

static void
add_message(struct buf *b, const struct channel_alert *a, size_t n)
{
	struct buf text;
	size_t i, keep;

	buf_init(&text, OUTGOING_MAX);
	for (i = 0; i < n; i++) {
		if (n > 1) {
			buf_adds(&text, i > 0 ? "\n\n" : "");
			text_add_heading(&text, a[i].parsed, 100, TEXT_PLAIN);
			buf_addc(&text, '\n');
		}
		keep = text_cut_bytes(a[i].parsed->message,
		    strlen(a[i].parsed->message), MESSAGE_BYTES / n);
		buf_add(&text, a[i].parsed->message, keep);
	}
	keep = text_cut_bytes(text.p, text.len, MESSAGE_BYTES);
	buf_add_json(b, text.p, keep);
	buf_release(&text);
}

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	const struct alert_record *r = a[0].parsed;
	struct buf title, bearer;
	const char *topic = NULL;
	int rc;

	if (split(c->url, &m->url, &topic, e) < 0)
		return -1;
	buf_init(&title, 1024);
	text_add_heading(&title, r, 200, TEXT_PLAIN);
	buf_adds(&m->body, "{\"topic\":");
	buf_adds_json(&m->body, topic);
	buf_adds(&m->body, ",\"title\":");
	buf_add_json(&m->body, title.p, title.len);
	buf_release(&title);
	buf_adds(&m->body, ",\"message\":");
	add_message(&m->body, a, n);
	buf_addf(
	    &m->body, ",\"priority\":%d,\"tags\":[", priority(c, r->severity));
	buf_adds_json(&m->body, r->symbol);
	buf_adds(&m->body, "],\"click\":\"");
	text_add_chart(&m->body, r->symbol);
	buf_adds(&m->body, "\"}");
	if (buf_failed(&m->body))
		return err_set(e, "the request is too large");
	if (outgoing_header(m, "Content-Type", "application/json", e) < 0)
		return -1;
	if (c->token == NULL)
		return 0;
	buf_init(&bearer, 512);
	buf_addf(&bearer, "Bearer %s", c->token);
	rc = outgoing_header(m, "Authorization", bearer.p, e);
	buf_release(&bearer);
	return rc;
}

static const struct classify_row rows[] = {
    {401, 401, NULL, VERDICT_GONE, "ntfy does not accept the token"},
    {403, 403, NULL, VERDICT_GONE, "ntfy forbids the topic"},
    {404, 404, NULL, VERDICT_PERMANENT, "there is no ntfy at this address"},
    {413, 413, NULL, VERDICT_PERMANENT, "the message is too large"},
};

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	const struct json *code = json_get(body, "code");
	int64_t now_ms = clock_now_ms();

	classify(rows, sizeof(rows) / sizeof(rows[0]), r, v);
	if (r->status != 429 || code == NULL || code->type != JSON_NUMBER)
		return;
	if (code->number == 42908) {
		v->wait_us = (DAY_MS - now_ms % DAY_MS) * 1000;
		verdict_say(v, "the day's messages are used up");
	}
}

const struct channel_kind_ops channel_ntfy = {
    .kind = CHANNEL_KIND_NTFY,
    .windows = {{60, 300 * INT64_C(1000000)}},
    .concurrency = 2,
    .digest = DIGEST_MAX,
    .build = build,
    .reads_answer = true,
    .judge = judge,
};
