/*
 * discord: a webhook of Discord, API v10 (an unversioned path is served by a
 * deprecated version that speaks of milliseconds). wait=true, because
 * without it a message that is not saved is not reported.
 *
 * Limits, from Discord's documentation: at most 10 embeds, whose texts are
 * at most 6,000 characters together; title 256, description 4,096, field name
 * 256, field value 1,024. Embeds with the same URL are shown as one, so a
 * digest gives each its own fragment. Buckets: 5 in 2 s for a webhook and 30 in
 * 60 s for its channel (discord-api-docs issue 367); the headers may show only
 * one of them. A 429's body has the wait as a fraction of seconds, its header
 * rounded up: the body counts. 404 and an invalid token: Discord asks not to
 * try again, and bans addresses that do.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/num.h"
#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/text.h"

#define TITLE_MAX	256
#define DESCRIPTION_MAX 4096
#define FIELD_MAX	256
#define EMBEDS_MAX	10
/* Of 6,000; the rest is for what is not measured (ellipses, labels). */
#define TEXTS_MAX 5800
/* Characters of an embed's own words: field names, interval, footer. */
#define FIXED_TEXT 270

/* /api/webhooks/… and /api/vN/webhooks/… become /api/v10/webhooks/…; any
 * other path is left alone. */
static void
add_path(struct buf *url, const char *path)
{
	const char *rest = path;

	if (strncmp(rest, "/api/", 5) == 0) {
		rest += 4;
		if (rest[1] == 'v')
			rest += 2 + strspn(rest + 2, "0123456789");
		if (strncmp(rest, "/webhooks/", 10) == 0) {
			buf_adds(url, "/api/v10");
			path = rest;
		}
	}
	buf_adds(url, path);
}

static int
build_url(const char *text, struct buf *url, struct err *e)
{
	struct http_url u;
	char *wait;

	if (http_url_parse(&u, text, e) < 0)
		return -1;
	/* The query may bring thread_id; ours comes last and so counts. */
	wait = strchr(u.path, '?');
	buf_addf(url, "%s://%s:%d", u.scheme, u.host, u.port);
	add_path(url, u.path);
	buf_addf(url, "%cwait=true", wait != NULL ? '&' : '?');
	http_url_release(&u);
	if (buf_failed(url))
		return err_set(e, "the URL is too long");
	return 0;
}

static void
add_field(struct buf *b, const char *name, const char *value, size_t max)
{
	buf_addf(b, "%s{\"name\":\"%s\",\"inline\":true,\"value\":",
	    b->p[b->len - 1] == '[' ? "" : ",", name);
	text_add_json(b, *value != '\0' ? value : "-", max);
	buf_addc(b, '}');
}

static int
colour(const char *severity)
{
	return strcmp(severity, "critical") == 0  ? 0xd83c3e
	       : strcmp(severity, "warning") == 0 ? 0xf0b132
						  : 0x2f9e6e;
}

/* One alert as an embed of at most room characters; the i-th of its message. */
static void
add_embed(struct buf *b, const struct alert_record *a, size_t i, size_t room)
{
	size_t title = room / 6 < TITLE_MAX ? room / 6 : TITLE_MAX;
	size_t field = room / 8 < FIELD_MAX ? room / 8 : FIELD_MAX;
	size_t rest = room - title - field - FIXED_TEXT;
	char time[CLOCK_TEXT_MAX];
	struct buf heading;

	clock_print(a->triggered_ms, time);
	buf_init(&heading, 2048);
	text_add_heading(&heading, a, title, TEXT_PLAIN);
	buf_adds(b, i > 0 ? ",{\"title\":" : "{\"title\":");
	buf_add_json(b, heading.p, heading.len);
	buf_release(&heading);
	buf_adds(b, ",\"description\":");
	text_add_json(
	    b, a->message, rest < DESCRIPTION_MAX ? rest : DESCRIPTION_MAX);
	buf_adds(b, ",\"url\":\"");
	text_add_chart(b, a->symbol);
	if (i > 0)
		buf_addf(b, "#%zu", i + 1);
	buf_addf(b, "\",\"timestamp\":\"%s\",\"color\":%d,\"fields\":[", time,
	    colour(a->severity));
	add_field(b, "Symbol", a->symbol, SYMBOL_LEN_MAX);
	add_field(b, "Price", text_price(a), 64);
	if (strcmp(text_price(a), a->trigger_value) != 0)
		add_field(b, "Value", a->trigger_value, 64);
	add_field(b, "Rule", a->rule_name, field);
	buf_adds(b, "],\"footer\":{\"text\":");
	buf_adds_json(b, a->rule_type);
	buf_adds(b, "}}");
}

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	size_t i;

	if (n > EMBEDS_MAX)
		n = EMBEDS_MAX;
	if (build_url(c->url, &m->url, e) < 0)
		return -1;
	buf_adds(&m->body, "{\"allowed_mentions\":{\"parse\":[]},\"embeds\":[");
	for (i = 0; i < n; i++)
		add_embed(&m->body, a[i].parsed, i, TEXTS_MAX / n);
	buf_adds(&m->body, "]}");
	if (buf_failed(&m->body))
		return err_set(e, "the request is too large");
	return outgoing_header(m, "Content-Type", "application/json", e);
}

static const struct classify_row rows[] = {
    {401, 401, NULL, VERDICT_GONE, "the webhook's token is not valid"},
    {403, 403, "50027", VERDICT_GONE, "the webhook's token is not valid"},
    {404, 404, NULL, VERDICT_GONE, "the webhook does not exist"},
    {400, 400, NULL, VERDICT_PERMANENT, "Discord refuses the message"},
    {403, 403, NULL, VERDICT_PERMANENT, "Discord forbids the message"},
};

/* X-RateLimit-Remaining and -Reset-After: what is left until when. */
static void
learn(const struct http_response *r, struct verdict *v)
{
	const char *remaining = http_header(r, "x-ratelimit-remaining");
	const char *after = http_header(r, "x-ratelimit-reset-after");
	int64_t n, us;

	if (remaining == NULL || after == NULL)
		return;
	us = classify_seconds(after);
	if (us < 0 || num_parse(&n, remaining, 0, PACING_COUNT_MAX,
			  "x-ratelimit-remaining", NULL) < 0)
		return;
	v->remaining = (int)n;
	v->reset_after_us = us;
}

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	const struct json *global = json_get(body, "global");
	int64_t wait;

	classify(rows, sizeof(rows) / sizeof(rows[0]), r, v);
	learn(r, v);
	if (r->status != 429)
		return;
	wait = classify_json_seconds(json_get(body, "retry_after"));
	if (wait >= 0)
		v->wait_us = wait;
	v->global =
	    (global != NULL && global->type == JSON_BOOL && global->boolean) ||
	    http_header(r, "x-ratelimit-global") != NULL;
}

const struct channel_kind_ops channel_discord = {
    .kind = CHANNEL_KIND_DISCORD,
    .windows = {{5, 2 * 1000000}, {30, 60 * 1000000}},
    .concurrency = 1,
    .digest = EMBEDS_MAX,
    .host_waits = true,
    .build = build,
    .reads_answer = true,
    .judge = judge,
};
