/*
 * telegram: sendMessage of a bot. The token is part of the path, so the path
 * is a secret. 1 message a second to a chat, 20 a minute to a group (whose
 * id is negative): we keep the smaller pace for all of them; retry_after of a
 * 429 is what counts. Special answers: a group that became a supergroup says
 * its new id (migrate_to_chat_id), and a text whose entities cannot be parsed
 * is sent again without any. At most 4,096 characters.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/text.h"

#define API	 "https://api.telegram.org"
#define TEXT_MAX 4000

static void
add_alert(struct buf *b, const struct alert_record *r, size_t room, bool plain)
{
	enum text_escape how = plain ? TEXT_PLAIN : TEXT_XML;

	buf_adds(b, plain ? "" : "<b>");
	text_add_heading(b, r, room / 3, how);
	buf_adds(b, plain ? "\n" : "</b>\n");
	text_add_escaped(b, r->message, room / 2, how);
	buf_adds(b, plain ? "\n" : "\n<a href=\"");
	text_add_chart(b, r->symbol);
	buf_adds(b, plain ? "" : "\">Chart</a>");
}

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	struct buf text;
	size_t i, base = c->url != NULL ? strlen(c->url) : 0;

	/* A base address of one's own may end in a slash. */
	while (base > 0 && c->url[base - 1] == '/')
		base--;
	buf_init(&text, OUTGOING_MAX);
	for (i = 0; i < n; i++) {
		buf_adds(&text, i > 0 ? "\n\n" : "");
		add_alert(&text, a[i].parsed, TEXT_MAX / n, m->plain);
	}
	buf_addf(&m->url, "%.*s/bot%s/sendMessage",
	    c->url != NULL ? (int)base : (int)strlen(API),
	    c->url != NULL ? c->url : API, c->token);
	buf_adds(&m->body, "{\"chat_id\":");
	buf_adds_json(&m->body, c->chat_id);
	buf_adds(&m->body, ",\"text\":");
	buf_add_json(&m->body, text.p, text.len);
	if (!m->plain)
		buf_adds(&m->body, ",\"parse_mode\":\"HTML\"");
	buf_adds(&m->body, ",\"link_preview_options\":{\"is_disabled\":true}}");
	i = buf_failed(&text) || buf_failed(&m->body) || buf_failed(&m->url);
	buf_release(&text);
	if (i)
		return err_set(e, "the request is too large");
	return outgoing_header(m, "Content-Type", "application/json", e);
}

static const struct classify_row rows[] = {
    {401, 401, NULL, VERDICT_GONE, "the bot's token is not valid"},
    {404, 404, NULL, VERDICT_GONE, "the bot's token is not valid"},
    {403, 403, NULL, VERDICT_GONE, "the bot may not write to this chat"},
    {400, 400, "chat not found", VERDICT_GONE, "there is no such chat"},
    {400, 400, "can't parse entities", VERDICT_AGAIN,
	"the text's entities cannot be parsed: sent without any"},
    {400, 400, NULL, VERDICT_PERMANENT, "Telegram refuses the message"},
};

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	const struct json *p = json_get(body, "parameters"), *moved, *good;
	int64_t wait;

	classify(rows, sizeof(rows) / sizeof(rows[0]), r, v);
	moved = json_get(p, "migrate_to_chat_id");
	if (r->status == 400 && moved != NULL && moved->type == JSON_NUMBER) {
		v->kind = VERDICT_AGAIN;
		(void)snprintf(
		    v->moved, sizeof(v->moved), "%.0f", moved->number);
		verdict_say(v, "the group has a new id");
	} else if (v->kind == VERDICT_AGAIN) {
		v->plain = true;
	}
	wait = classify_json_seconds(json_get(p, "retry_after"));
	if (r->status == 429 && wait >= 0)
		v->wait_us = wait;
	good = json_get(body, "ok");
	if (v->kind == VERDICT_OK &&
	    (good == NULL || good->type != JSON_BOOL || !good->boolean)) {
		v->kind = VERDICT_TRANSIENT;
		verdict_say(v, "an answer that does not say ok");
	}
}

const struct channel_kind_ops channel_telegram = {
    .kind = CHANNEL_KIND_TELEGRAM,
    .windows = {{1, 1000000}, {20, 60 * 1000000}},
    .concurrency = 1,
    .digest = DIGEST_MAX,
    .build = build,
    .reads_answer = true,
    .judge = judge,
};
