/*
 * slack: an incoming webhook. Success is 200 with the body "ok"; 200 with
 * anything else is a failure. One message a second, short bursts are let
 * pass; after going on too fast an app can be disabled for good, so we do not
 * burst. Mrkdwn: & < > are escaped, *bold*, <url|text>.
 */
#include <string.h>

#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/text.h"

/* Longer texts are cut by Slack at 40,000; 4,000 is what it advises. */
#define TEXT_MAX 3900

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	struct buf text;
	size_t i;

	buf_init(&text, OUTGOING_MAX);
	for (i = 0; i < n; i++) {
		const struct alert_record *r = a[i].parsed;

		buf_adds(&text, i > 0 ? "\n\n*" : "*");
		text_add_heading(&text, r, TEXT_MAX / n / 3, TEXT_XML);
		buf_adds(&text, "*\n");
		text_add_escaped(&text, r->message, TEXT_MAX / n / 2, TEXT_XML);
		buf_adds(&text, "\n<");
		text_add_chart(&text, r->symbol);
		buf_adds(&text, "|Chart>");
	}
	buf_adds(&m->url, c->url);
	buf_adds(&m->body, "{\"text\":");
	buf_add_json(&m->body, text.p, text.len);
	buf_adds(&m->body, ",\"unfurl_links\":false}");
	if (buf_failed(&text) || buf_failed(&m->body) || buf_failed(&m->url)) {
		buf_release(&text);
		return err_set(e, "the request is too large");
	}
	buf_release(&text);
	return outgoing_header(m, "Content-Type", "application/json", e);
}

static const struct classify_row rows[] = {
    {403, 403, "action_prohibited", VERDICT_GONE,
	"the workspace prohibits the webhook"},
    {403, 403, "invalid_token", VERDICT_GONE, "the webhook is not valid"},
    {403, 403, "posting_to_general", VERDICT_GONE,
	"posting to this channel is not allowed"},
    {404, 404, NULL, VERDICT_GONE, "the webhook or its channel is gone"},
    {410, 410, NULL, VERDICT_GONE, "the channel is archived"},
    {400, 400, "no_service", VERDICT_GONE, "the webhook is disabled"},
    {400, 400, NULL, VERDICT_PERMANENT, "Slack refuses the message"},
};

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	int64_t wait;

	classify(rows, sizeof(rows) / sizeof(rows[0]), r, v);
	wait = classify_json_seconds(json_get(body, "retry_after"));
	if (r->status == 429 && wait >= 0 && v->wait_us < 0)
		v->wait_us = wait;
	if (v->kind == VERDICT_OK && strcmp(r->body, "ok") != 0) {
		v->kind = VERDICT_TRANSIENT;
		verdict_say(v, "an answer that is not \"ok\"");
	}
}

const struct channel_kind_ops channel_slack = {
    .kind = CHANNEL_KIND_SLACK,
    .windows = {{1, 1000000}},
    .concurrency = 1,
    .digest = DIGEST_MAX,
    .build = build,
    .reads_answer = true,
    .judge = judge,
};
