/*
 * What each channel sends, and what it makes of each answer: the table target x
 * answer. The next state that follows from a verdict is test_delivery_state's.
 */
#include <stdlib.h>
#include <unistd.h>

#include "common/clock.h"
#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/request.h"
#include "pulse-send/text.h"
#include "tests/unit/tap.h"

#define ALERT                                                                  \
	"{\"id\":\"0b2f0000-0000-5000-8000-000000000001\","                    \
	"\"rule_id\":\"7323ab12-0000-4000-8000-000000000001\","                \
	"\"rule_name\":\"<b>BTC & co</b>\",\"rule_type\":\"price_threshold\"," \
	"\"symbol\":\"BTC\",\"interval\":\"1m\",\"state\":\"firing\","         \
	"\"window_start\":\"2026-11-22T10:00:00.000Z\","                       \
	"\"window_end\":\"2026-11-22T10:01:00.000Z\","                         \
	"\"triggered_at\":\"2026-11-22T10:00:30.000Z\","                       \
	"\"trigger_value\":\"50100.0\",\"message\":\"%s\","                    \
	"\"values\":{},\"severity\":\"critical\"}"

/* ---- answers ------------------------------------------------------------- */

#define D CHANNEL_KIND_DISCORD
#define G CHANNEL_KIND_GENERIC
#define S CHANNEL_KIND_SLACK
#define T CHANNEL_KIND_TELEGRAM
#define N CHANNEL_KIND_NTFY
#define P CHANNEL_KIND_PAGERDUTY

struct answer {
	enum channel_kind kind;
	int status;
	const char *head; /* "name\0value\0…" ends with an empty name */
	const char *body;
	enum verdict_kind want;
	int64_t wait_us;
};

#define OK_	  VERDICT_OK
#define TRANSIENT VERDICT_TRANSIENT
#define THROTTLED VERDICT_THROTTLED
#define PERMANENT VERDICT_PERMANENT
#define GONE	  VERDICT_GONE
#define AGAIN	  VERDICT_AGAIN

static const struct answer answers[] = {
    /* generic: Standard Webhooks */
    {G, 200, "", "", OK_, -1},
    {G, 201, "", "x", OK_, -1},
    {G, 204, "", "", OK_, -1},
    {G, 299, "", "", OK_, -1},
    {G, 300, "", "", TRANSIENT, -1},
    {G, 301, "location\0/x\0", "", PERMANENT, -1},
    {G, 302, "location\0/x\0", "", TRANSIENT, -1},
    {G, 307, "", "", TRANSIENT, -1},
    {G, 308, "", "", PERMANENT, -1},
    {G, 400, "", "", PERMANENT, -1},
    {G, 401, "", "", PERMANENT, -1},
    {G, 403, "", "", PERMANENT, -1},
    {G, 404, "", "", GONE, -1},
    {G, 405, "", "", PERMANENT, -1},
    {G, 408, "", "", TRANSIENT, -1},
    {G, 410, "", "", GONE, -1},
    {G, 413, "", "", PERMANENT, -1},
    {G, 422, "", "", PERMANENT, -1},
    {G, 425, "", "", TRANSIENT, -1},
    {G, 429, "", "", THROTTLED, -1},
    {G, 429,
	"retry-after\0"
	"2\0",
	"", THROTTLED, 2000000},
    {G, 429,
	"retry-after\0"
	"0.376\0",
	"", THROTTLED, 376000},
    {G, 429,
	"retry-after\0"
	"0\0",
	"", THROTTLED, 0},
    {G, 429, "retry-after\0-1\0", "", THROTTLED, -1},
    {G, 429, "retry-after\0soon\0", "", THROTTLED, -1},
    {G, 429,
	"retry-after\0"
	"999999999\0",
	"", THROTTLED, WAIT_MAX_US},
    {G, 429,
	"date\0Sun, 06 Nov 1994 08:49:37 GMT\0"
	"retry-after\0Sun, 06 Nov 1994 08:49:40 GMT\0",
	"", THROTTLED, 3000000},
    {G, 429,
	"date\0Sun, 06 Nov 1994 08:49:37 GMT\0"
	"retry-after\0Sun, 06 Nov 1994 08:00:00 GMT\0",
	"", THROTTLED, 0},
    {G, 500, "", "", TRANSIENT, -1},
    {G, 501, "", "", TRANSIENT, -1},
    {G, 502, "", "", TRANSIENT, -1},
    {G, 503, "", "", TRANSIENT, -1},
    {G, 503,
	"retry-after\0"
	"5\0",
	"", THROTTLED, 5000000},
    {G, 504, "", "", TRANSIENT, -1},
    {G, 500,
	"retry-after\0"
	"5\0",
	"", TRANSIENT, -1},
    {G, 599, "", "", TRANSIENT, -1},
    {G, 600, "", "", TRANSIENT, -1},
    {G, 101, "", "", TRANSIENT, -1},
    /* discord */
    {D, 200, "", "{\"id\":\"1\"}", OK_, -1},
    {D, 204, "", "", OK_, -1},
    {D, 400, "", "{\"code\":50006}", PERMANENT, -1},
    {D, 401, "", "{\"code\":50027}", GONE, -1},
    {D, 403, "", "{\"code\":50013}", PERMANENT, -1},
    {D, 403, "", "{\"code\":50027}", GONE, -1},
    {D, 404, "", "{\"code\":10015}", GONE, -1},
    {D, 429,
	"retry-after\0"
	"65\0",
	"{\"retry_after\":64.57}", THROTTLED, 64570000},
    {D, 429,
	"retry-after\0"
	"1\0",
	"{\"retry_after\":0.376}", THROTTLED, 376000},
    {D, 429,
	"retry-after\0"
	"3\0",
	"slow down", THROTTLED, 3000000},
    {D, 429, "", "{\"retry_after\":\"x\"}", THROTTLED, -1},
    {D, 429, "", "{\"retry_after\":-1}", THROTTLED, 0},
    {D, 500, "", "", TRANSIENT, -1},
    {D, 503, "", "", TRANSIENT, -1},
    /* slack */
    {S, 200, "", "ok", OK_, -1},
    {S, 200, "", "okay", TRANSIENT, -1},
    {S, 200, "", "invalid_payload", TRANSIENT, -1},
    {S, 200, "", "", TRANSIENT, -1},
    {S, 400, "", "invalid_payload", PERMANENT, -1},
    {S, 403, "", "action_prohibited", GONE, -1},
    {S, 403, "", "invalid_token", GONE, -1},
    {S, 403, "", "other", PERMANENT, -1},
    {S, 404, "", "no_service", GONE, -1},
    {S, 410, "", "channel_is_archived", GONE, -1},
    {S, 429,
	"retry-after\0"
	"1\0",
	"{\"retry_after\":1}", THROTTLED, 1000000},
    {S, 429, "", "{\"retry_after\":2}", THROTTLED, 2000000},
    {S, 500, "", "rollup_error", TRANSIENT, -1},
    /* telegram */
    {T, 200, "", "{\"ok\":true,\"result\":{\"message_id\":1}}", OK_, -1},
    {T, 200, "", "{\"ok\":false}", TRANSIENT, -1},
    {T, 200, "", "hello", TRANSIENT, -1},
    {T, 400, "",
	"{\"ok\":false,\"description\":\"Bad Request: chat not "
	"found\"}",
	GONE, -1},
    {T, 400, "",
	"{\"ok\":false,\"description\":\"Bad Request: can't parse entities\"}",
	AGAIN, -1},
    {T, 400, "",
	"{\"ok\":false,\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}",
	AGAIN, -1},
    {T, 400, "", "{\"ok\":false}", PERMANENT, -1},
    {T, 401, "", "{\"ok\":false}", GONE, -1},
    {T, 403, "", "{\"ok\":false}", GONE, -1},
    {T, 404, "", "{\"ok\":false}", GONE, -1},
    {T, 429, "", "{\"ok\":false,\"parameters\":{\"retry_after\":7}}", THROTTLED,
	7000000},
    {T, 502, "", "", TRANSIENT, -1},
    /* ntfy */
    {N, 200, "", "{\"id\":\"x\"}", OK_, -1},
    {N, 400, "", "{\"code\":40001}", PERMANENT, -1},
    {N, 401, "", "{\"code\":40101}", GONE, -1},
    {N, 403, "", "{\"code\":40301}", GONE, -1},
    {N, 404, "", "", PERMANENT, -1},
    {N, 413, "", "", PERMANENT, -1},
    {N, 429, "", "{\"code\":42901}", THROTTLED, -1},
    {N, 429, "", "{\"code\":42908}", THROTTLED, -2},
    {N, 507, "", "", TRANSIENT, -1},
    /* pagerduty */
    {P, 202, "", "{\"status\":\"success\"}", OK_, -1},
    {P, 400, "", "{\"status\":\"invalid event\"}", PERMANENT, -1},
    {P, 403, "", "", GONE, -1},
    {P, 429, "", "", THROTTLED, -1},
    {P, 500, "", "", TRANSIENT, -1},
};

static size_t
head_len(const char *p)
{
	const char *from = p;

	while (*p != '\0') {
		p += strlen(p) + 1;
		p += strlen(p) + 1;
	}
	return (size_t)(p - from);
}

static struct verdict
judge(const struct answer *a)
{
	struct http_response r = {.outcome = HTTP_ANSWERED,
	    .status = a->status,
	    .body = a->body,
	    .len = strlen(a->body),
	    .head = a->head,
	    .head_len = head_len(a->head),
	    .error = "",
	    .address = ""};
	struct verdict v;

	channel_judge(channel_ops(a->kind), &r, &v);
	return v;
}

static void
test_answers(void)
{
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct answer *a = &answers[i];
		struct verdict v = judge(a);
		bool wait =
		    a->wait_us == -2
			? v.wait_us > 0 && v.wait_us <= INT64_C(86400000000)
			: v.wait_us == a->wait_us;

		ok(v.kind == a->want && wait, "%s %d %.40s",
		    channel_kind_name(a->kind), a->status, a->body);
		if (v.kind != a->want || !wait)
			printf("# got %d, wait %" PRId64 "\n", (int)v.kind,
			    v.wait_us);
		ok((v.kind == VERDICT_OK) == (v.reason[0] == '\0'),
		    "  a reason in words unless it is good: '%s'", v.reason);
	}
}

static void
test_special(void)
{
	struct answer a = {D, 429, "x-ratelimit-global\0true\0",
	    "{\"retry_after\":1,\"global\":true}", THROTTLED, 1000000};
	struct verdict v = judge(&a);

	ok(v.global, "discord: a global limit holds for the whole host");
	a = (struct answer){D, 200,
	    "x-ratelimit-remaining\0"
	    "4\0x-ratelimit-reset-after\0"
	    "0.25\0",
	    "{}", OK_, -1};
	v = judge(&a);
	ok(v.remaining == 4 && v.reset_after_us == 250000,
	    "discord: what is left is learned");
	a = (struct answer){T, 400, "",
	    "{\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}", AGAIN,
	    -1};
	v = judge(&a);
	is_str(v.moved, "-1001234567890", "telegram: the group's new id");
	a.body = "{\"description\":\"can't parse entities\"}";
	v = judge(&a);
	ok(v.plain, "telegram: again as plain text");
}

static void
test_failures(void)
{
	static const struct {
		enum http_outcome outcome;
		enum verdict_kind want;
	} t[] = {
	    {HTTP_REFUSED, PERMANENT},
	    {HTTP_UNRESOLVED, TRANSIENT},
	    {HTTP_UNREACHABLE, TRANSIENT},
	    {HTTP_UNTRUSTED, TRANSIENT},
	    {HTTP_TIMED_OUT, TRANSIENT},
	    {HTTP_BROKEN, TRANSIENT},
	    {HTTP_LOCAL, VERDICT_LOCAL},
	};
	size_t i, k;

	for (k = 0; k < CHANNEL_KIND_EXEC; k++)
		for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
			struct http_response r = {.outcome = t[i].outcome,
			    .status = 200,
			    .body = "ok",
			    .len = 2,
			    .error = "what happened",
			    .address = ""};
			struct verdict v;

			channel_judge(
			    channel_ops((enum channel_kind)k), &r, &v);
			ok(v.kind == t[i].want &&
				strcmp(v.reason, "what happened") == 0,
			    "%s: no whole answer (%d)",
			    channel_kind_name((enum channel_kind)k), (int)i);
		}
}

/* ---- requests ------------------------------------------------------------ */

static struct channel
channel_of(const char *text)
{
	struct channel c;
	struct err e = {.msg = ""};

	if (channel_parse_text(&c, text, strlen(text),
		CHANNEL_ALLOW_PRIVATE | CHANNEL_ALLOW_LOCAL, &e) < 0) {
		printf("Bail out! %s\n", e.msg);
		exit(1);
	}
	return c;
}

/* What build() puts in the place of the rule's type, as long as it. */
static const char *type_text = "price_threshold";

/* Build for n alerts with that message; the caller releases m. */
static int
build(const char *channel, const char *message, size_t n, struct outgoing *m,
    struct err *e)
{
	static char record[32768];
	struct delivery d = {.record = record}, *v[DIGEST_MAX];
	struct endpoint p = {.channel = channel_of(channel)};
	size_t i;
	int rc;

	d.record_len = (size_t)snprintf(record, sizeof(record), ALERT, message);
	memcpy(strstr(record, "price_threshold"), type_text, strlen(type_text));
	(void)snprintf(d.id_text, sizeof(d.id_text),
	    "be76fb91-7d0c-51c0-8f21-7085e8e4407c");
	for (i = 0; i < n; i++)
		v[i] = &d;
	p.ops = channel_ops(p.channel.kind);
	outgoing_init(m);
	m->now_ms = 1614265330999;
	rc = request_build(&p, v, n, m, e);
	channel_release(&p.channel);
	return rc;
}

static const char *
header_of(const struct outgoing *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->nheaders; i++)
		if (strcasecmp(m->headers[i].name, name) == 0)
			return m->headers[i].value;
	return "-";
}

#define DISCORD                                                                \
	"{\"name\":\"d\",\"kind\":\"discord\","                                \
	"\"url\":\"https://discord.com%s\"}"

static void
test_discord_url(void)
{
	static const struct {
		const char *given, *want;
	} t[] = {
	    {"/api/webhooks/1/abc", "/api/v10/webhooks/1/abc?wait=true"},
	    {"/api/v6/webhooks/1/abc", "/api/v10/webhooks/1/abc?wait=true"},
	    {"/api/v10/webhooks/1/abc?thread_id=5",
		"/api/v10/webhooks/1/abc?thread_id=5&wait=true"},
	    {"/elsewhere", "/elsewhere?wait=true"},
	};
	char channel[256], want[256];
	struct outgoing m;
	struct err e = {.msg = ""};
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		(void)snprintf(channel, sizeof(channel), DISCORD, t[i].given);
		(void)snprintf(
		    want, sizeof(want), "https://discord.com:443%s", t[i].want);
		ok(build(channel, "m", 1, &m, &e) == 0, "%s", t[i].given);
		is_str(m.url.p, want, "  becomes");
		outgoing_release(&m);
	}
}

/* Count the characters of an embed that Discord counts. */
static size_t
embed_units(const struct json *e)
{
	const struct json *f = json_get(e, "fields");
	size_t n = 0, i;
	static const char *const of[] = {"title", "description"};

	for (i = 0; i < 2; i++)
		n += text_units(
		    json_get(e, of[i])->string, json_get(e, of[i])->len);
	n += json_get(json_get(e, "footer"), "text")->len;
	for (i = 0; i < f->len; i++)
		n += json_get(&f->items[i], "name")->len +
		     text_units(json_get(&f->items[i], "value")->string,
			 json_get(&f->items[i], "value")->len);
	return n;
}

static void
test_discord_limits(void)
{
	char channel[256], message[4001];
	struct outgoing m;
	struct err e = {.msg = ""};
	size_t n, i, total;

	(void)snprintf(
	    channel, sizeof(channel), DISCORD, "/api/webhooks/1/abc");
	/* The longest message there is, of characters of four bytes. */
	for (i = 0; i < 4000; i += 4)
		memcpy(message + i, "\xf0\x9f\x98\x80", 4);
	message[4000] = '\0';
	for (n = 1; n <= 10; n++) {
		struct json *j;
		const struct json *v;

		ok(build(channel, message, n, &m, &e) == 0, "%zu alerts", n);
		j = json_parse(m.body.p, m.body.len, &e);
		ok(j != NULL, "  valid JSON and UTF-8, no character cut");
		v = json_get(j, "embeds");
		is_int(
		    (int64_t)(v ? v->len : 0), (int64_t)n, "  an embed each");
		for (total = 0, i = 0; v != NULL && i < v->len; i++) {
			total += embed_units(&v->items[i]);
			ok(text_units(json_get(&v->items[i], "title")->string,
			       json_get(&v->items[i], "title")->len) <= 257 &&
				text_units(json_get(&v->items[i], "description")
					       ->string,
				    json_get(&v->items[i], "description")
					->len) <= 4096,
			    "  title and description fit");
		}
		ok(total <= 6000, "  %zu characters in all", total);
		is_int(
		    (int64_t)json_get(json_get(j, "allowed_mentions"), "parse")
			->len,
		    0, "  and nobody is mentioned");
		json_free(j);
		outgoing_release(&m);
	}
}

/* An alert of any other program may call its rule what it likes. */
static void
test_discord_escapes(void)
{
	char channel[256];
	struct outgoing m;
	struct err e = {.msg = ""};
	struct json *j;

	(void)snprintf(
	    channel, sizeof(channel), DISCORD, "/api/webhooks/1/abc");
	type_text = "a\\\"b___________";
	ok(build(channel, "m", 1, &m, &e) == 0, "a rule type with a quote");
	type_text = "price_threshold";
	j = json_parse(m.body.p, m.body.len, &e);
	ok(j != NULL, "  is escaped");
	json_free(j);
	outgoing_release(&m);
}

static void
test_generic(void)
{
	char channel[512], want[1024];
	struct outgoing m;
	struct err e = {.msg = ""};

	(void)snprintf(channel, sizeof(channel),
	    "{\"name\":\"g\",\"kind\":\"generic\",\"url\":\"https://a.b/c\","
	    "\"secrets\":[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\","
	    "\"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"],"
	    "\"headers\":{\"X-Key\":\"v\"}}");
	ok(build(channel, "m", 1, &m, &e) == 0, "generic: %s", e.msg);
	(void)snprintf(want, sizeof(want), ALERT, "m");
	ok(m.body.len == strlen(want) &&
		memcmp(m.body.p, want, m.body.len) == 0,
	    "the body is the record, byte for byte");
	is_str(header_of(&m, "webhook-id"),
	    "be76fb91-7d0c-51c0-8f21-7085e8e4407c", "the delivery's id");
	is_str(header_of(&m, "webhook-timestamp"), "1614265330",
	    "the second of the attempt");
	ok(strncmp(header_of(&m, "webhook-signature"), "v1,", 3) == 0 &&
		strstr(header_of(&m, "webhook-signature"), " v1,") != NULL,
	    "two secrets, two signatures");
	is_str(header_of(&m, "x-key"), "v", "the channel's own header");
	outgoing_release(&m);
}

static void
test_others(void)
{
	struct outgoing m;
	struct err e = {.msg = ""};
	struct json *j;

	build("{\"name\":\"s\",\"kind\":\"slack\",\"url\":\"https://h.s.c/x\"}",
	    "a<b & c>", 2, &m, &e);
	j = json_parse(m.body.p, m.body.len, &e);
	ok(strstr(json_string(json_get(j, "text")), "a&lt;b &amp; c&gt;") &&
		strstr(json_string(json_get(j, "text")),
		    "<https://app.hyperliquid.xyz/trade/BTC|Chart>"),
	    "slack: escaped, with a link");
	json_free(j);
	outgoing_release(&m);
	build("{\"name\":\"t\",\"kind\":\"telegram\",\"token\":\"1:AAbb\","
	      "\"chat_id\":\"-5\",\"url\":\"http://127.0.0.1:1/\"}",
	    "m", 1, &m, &e);
	is_str(m.url.p, "http://127.0.0.1:1/bot1:AAbb/sendMessage",
	    "telegram: the token is in the path");
	j = json_parse(m.body.p, m.body.len, &e);
	is_str(
	    json_string(json_get(j, "parse_mode")), "HTML", "  HTML, escaped");
	ok(strstr(json_string(json_get(j, "text")), "&lt;b&gt;BTC &amp; co"),
	    "  so a name cannot bring tags");
	json_free(j);
	outgoing_release(&m);
	build("{\"name\":\"n\",\"kind\":\"ntfy\","
	      "\"url\":\"https://ntfy.sh/base/topic1\",\"token\":\"tk_1\"}",
	    "m", 1, &m, &e);
	is_str(m.url.p, "https://ntfy.sh/base/", "ntfy: to the root, as JSON");
	j = json_parse(m.body.p, m.body.len, &e);
	is_str(json_string(json_get(j, "topic")), "topic1", "  the topic");
	is_int((int64_t)json_get(j, "priority")->number, 5,
	    "  priority by severity");
	is_str(header_of(&m, "authorization"), "Bearer tk_1", "  the token");
	json_free(j);
	outgoing_release(&m);
	build("{\"name\":\"p\",\"kind\":\"pagerduty\",\"routing_key\":\"rk\"}",
	    "m", 1, &m, &e);
	is_str(m.url.p, "https://events.pagerduty.com/v2/enqueue",
	    "pagerduty: its address");
	j = json_parse(m.body.p, m.body.len, &e);
	is_str(json_string(json_get(j, "dedup_key")),
	    "0b2f0000-0000-5000-8000-000000000001",
	    "  the alert's id makes it one incident");
	json_free(j);
	outgoing_release(&m);
	build("{\"name\":\"x\",\"kind\":\"exec\",\"program\":[\"/bin/cat\"]}",
	    "m", 1, &m, &e);
	ok(m.body.p[m.body.len - 1] == '\n', "exec: the record as a line");
	outgoing_release(&m);
}

/* ---- secrets ------------------------------------------------------------- */

static void
test_scrub(void)
{
	struct channel c = channel_of(
	    "{\"name\":\"g\",\"kind\":\"generic\","
	    "\"url\":\"https://a.b/hook/planted-token-1?key=planted-token-2\","
	    "\"secrets\":[\"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"],"
	    "\"headers\":{\"X-Key\":\"planted-token-3\","
	    "\"Authorization\":\"Bearer planted-token-4\"}}");
	char text[256] = "planted-token-1 a planted-token-2 b planted-token-3 "
			 "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw c hook "
			 "planted-token-4";
	char out[64];

	request_scrub(&c, text);
	ok(strstr(text, "planted") == NULL && strstr(text, "whsec") == NULL,
	    "an answer that repeats secrets is scrubbed");
	ok(strstr(text, "hook") != NULL, "other words stay");
	request_keep_answer(
	    &c, "a\xff\x01\xc3\xa9planted-token-1", 20, out, sizeof(out));
	is_str(
	    out, "a? \xc3\xa9***************", "what is kept is clean UTF-8");
	request_keep_answer(&c, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", 8, out, 8);
	is_str(out, "\xc3\xa9\xc3\xa9", "cut between characters");
	request_keep_answer(&c, "a planted-token-1 b", 19, out, 20);
	is_str(out, "a **************", "half a secret at the cut is one");
	channel_release(&c);

	c = channel_of("{\"name\":\"g\",\"kind\":\"generic\","
		       "\"url\":\"https://a.b/planted-token-1\","
		       "\"headers\":{\"X-Key\":\"********\"}}");
	(void)snprintf(text, sizeof(text), "planted-token-1");
	/* A call that does not come back is what this is about. */
	alarm(10);
	request_scrub(&c, text);
	alarm(0);
	is_str(text, "***************", "a secret of asterisks is no trap");
	channel_release(&c);
}

int
main(void)
{
	test_answers();
	test_special();
	test_failures();
	test_discord_url();
	test_discord_limits();
	test_discord_escapes();
	test_generic();
	test_others();
	test_scrub();
	return tap_done();
}
