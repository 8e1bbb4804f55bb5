#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

#include "tests/sink/persona.h"

/* Characters (code points) of a UTF-8 string, as the services count. */
static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; s != NULL && *s != '\0'; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static size_t
member_length(const struct json *j, const char *key)
{
	return characters(json_string(json_get(j, key)));
}

static void
refuse(struct persona_answer *a, int status, const char *body)
{
	a->status = status;
	buf_reset(a->body);
	buf_adds(a->body, body);
}

/* --- Discord ------------------------------------------------------------- */

#define DISCORD_EMPTY                                                          \
	"{\"message\": \"Cannot send an empty message\", \"code\": 50006}"
#define DISCORD_FORM                                                           \
	"{\"message\": \"Invalid Form Body\", \"code\": 50035, \"errors\": "   \
	"{}}"

/* The characters of one embed, or -1 when it is beyond a limit. */
static long
embed_size(const struct json *em)
{
	const struct json *fields = json_get(em, "fields");
	size_t title = member_length(em, "title");
	size_t description = member_length(em, "description");
	size_t footer = member_length(json_get(em, "footer"), "text");
	size_t author = member_length(json_get(em, "author"), "name");
	size_t sum = title + description + footer + author;

	if (title > 256 || description > 4096 || footer > 2048 ||
	    author > 256 || (fields != NULL && fields->len > 25))
		return -1;
	for (size_t i = 0; fields != NULL && i < fields->len; i++) {
		size_t name = member_length(json_at(fields, i), "name");
		size_t value = member_length(json_at(fields, i), "value");

		if (name == 0 || name > 256 || value == 0 || value > 1024)
			return -1;
		sum += name + value;
	}
	return (long)sum;
}

static bool
embeds_fit(const struct json *embeds)
{
	long sum = 0;

	if (embeds == NULL)
		return true;
	if (embeds->type != JSON_ARRAY || embeds->len > 10)
		return false;
	for (size_t i = 0; i < embeds->len; i++) {
		long one = embed_size(json_at(embeds, i));

		if (one < 0)
			return false;
		sum += one;
	}
	return sum <= 6000;
}

static void
discord(const struct http_request *r, const struct json *j, uint64_t number,
    struct persona_answer *a)
{
	const struct json *embeds = json_get(j, "embeds");
	char wait[8];

	if (j == NULL || j->type != JSON_OBJECT) {
		refuse(a, 400,
		    "{\"message\": \"The request body contains invalid "
		    "JSON.\", \"code\": 50109}");
	} else if (member_length(j, "content") == 0 &&
		   (embeds == NULL || embeds->len == 0)) {
		refuse(a, 400, DISCORD_EMPTY);
	} else if (member_length(j, "content") > 2000 || !embeds_fit(embeds)) {
		refuse(a, 400, DISCORD_FORM);
	} else if (http_query(r->query, "wait", wait, sizeof(wait)) &&
		   strcmp(wait, "true") == 0) {
		buf_addf(a->body,
		    "{\"id\":\"13%017" PRIu64 "\",\"type\":0,\"content\":",
		    number);
		buf_adds_json(a->body, json_get(j, "content") != NULL
					   ? json_string(json_get(j, "content"))
					   : "");
		buf_adds(a->body, ",\"embeds\":");
		if (embeds != NULL)
			json_print(embeds, a->body);
		else
			buf_adds(a->body, "[]");
		buf_adds(a->body,
		    ",\"channel_id\":\"1200000000000000001\",\"author\":"
		    "{\"id\":\"1200000000000000002\",\"username\":\"Pulse\","
		    "\"bot\":true},\"attachments\":[],\"mentions\":[],"
		    "\"pinned\":false,\"tts\":false,\"flags\":0,"
		    "\"webhook_id\":\"1200000000000000002\"}");
	} else {
		a->status = 204;
	}
}

/* Requests of the last span_us, and when the oldest of them was. */
static uint64_t
within(const struct persona_bucket *b, int64_t now_us, int64_t span_us,
    int64_t *oldest_us)
{
	uint64_t k = 0, have = b->n < 64 ? b->n : 64;

	while (k < have && b->times[(b->n - 1 - k) % 64] > now_us - span_us)
		k++;
	*oldest_us = k > 0 ? b->times[(b->n - k) % 64] : now_us;
	return k;
}

/* 5 in 2 s a webhook, as the headers say, and 30 in 60 s, which they do not:
 * it shows only as a 429. */
static bool
discord_allow(struct persona_bucket *b, int64_t now_us, bool enforce,
    struct persona_answer *a)
{
	int64_t oldest_short, oldest_long, reset_us;
	uint64_t n_short = within(b, now_us, 2000000, &oldest_short);
	uint64_t n_long = within(b, now_us, 60000000, &oldest_long);
	double wait_s = 0;
	struct timespec ts;

	if (enforce && n_long >= 30)
		wait_s = (double)(oldest_long + 60000000 - now_us) / 1e6;
	if (enforce && n_short >= 5 &&
	    (double)(oldest_short + 2000000 - now_us) / 1e6 > wait_s)
		wait_s = (double)(oldest_short + 2000000 - now_us) / 1e6;
	if (wait_s == 0)
		b->times[b->n++ % 64] = now_us;
	reset_us = oldest_short + 2000000 - now_us;
	if (reset_us < 0)
		reset_us = 0;
	clock_gettime(CLOCK_REALTIME, &ts);
	buf_addf(a->fields,
	    "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: %d\r\n"
	    "X-RateLimit-Reset: %.3f\r\nX-RateLimit-Reset-After: %.3f\r\n"
	    "X-RateLimit-Bucket: 8a5b1e6c3d2f4a7b9c0d1e2f3a4b5c6d\r\n",
	    n_short >= 4 ? 0 : 4 - (int)n_short,
	    (double)ts.tv_sec + (double)ts.tv_nsec / 1e9 +
		(double)reset_us / 1e6,
	    (double)reset_us / 1e6);
	if (wait_s == 0)
		return true;
	/* To the millisecond, upwards: at that time it is allowed again. */
	wait_s = ceil(wait_s * 1000) / 1000;
	a->status = 429;
	buf_addf(a->fields, "Retry-After: %.0f\r\nX-RateLimit-Scope: user\r\n",
	    ceil(wait_s));
	buf_reset(a->body);
	buf_addf(a->body,
	    "{\"message\": \"You are being rate limited.\", "
	    "\"retry_after\": %.3f, \"global\": false}",
	    wait_s);
	return false;
}

/* --- the others ---------------------------------------------------------- */

static void
slack(const struct http_request *r, const struct json *j, uint64_t number,
    struct persona_answer *a)
{
	const struct json *attachments = json_get(j, "attachments");

	(void)r;
	(void)number;
	a->type = "text/html";
	if (j == NULL || j->type != JSON_OBJECT)
		refuse(a, 400, "invalid_payload");
	else if (attachments != NULL && attachments->len > 100)
		refuse(a, 400, "too_many_attachments");
	else if (json_get(j, "text") == NULL && json_get(j, "blocks") == NULL &&
		 attachments == NULL)
		refuse(a, 400, "no_text");
	else
		buf_adds(a->body, "ok");
}

/* One a second, with bursts of five. */
static bool
slack_allow(struct persona_bucket *b, int64_t now_us, bool enforce,
    struct persona_answer *a)
{
	int64_t oldest;

	if (enforce && within(b, now_us, 5000000, &oldest) >= 5) {
		a->status = 429;
		buf_adds(a->fields, "Retry-After: 1\r\n");
		buf_adds(a->body, "{\"retry_after\":1,\"ok\":false,"
				  "\"error\":\"rate_limited\"}");
		return false;
	}
	b->times[b->n++ % 64] = now_us;
	return true;
}

static void
telegram(const struct http_request *r, const struct json *j, uint64_t number,
    struct persona_answer *a)
{
	const struct json *chat = json_get(j, "chat_id");
	size_t n = member_length(j, "text");

	(void)r;
	if (chat == NULL)
		refuse(a, 400,
		    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad "
		    "Request: chat_id is empty\"}");
	else if (n == 0)
		refuse(a, 400,
		    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad "
		    "Request: message text is empty\"}");
	else if (n > 4096)
		refuse(a, 400,
		    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad "
		    "Request: message is too long\"}");
	else {
		buf_addf(a->body,
		    "{\"ok\":true,\"result\":{\"message_id\":%" PRIu64
		    ",\"date\":%lld,\"chat\":{\"id\":",
		    number, (long long)time(NULL));
		json_print(chat, a->body);
		buf_adds(a->body, ",\"type\":\"private\"},\"text\":");
		buf_adds_json(a->body, json_string(json_get(j, "text")));
		buf_adds(a->body, "}}");
	}
}

static bool
telegram_allow(struct persona_bucket *b, int64_t now_us, bool enforce,
    struct persona_answer *a)
{
	int64_t oldest;

	if (enforce && within(b, now_us, 60000000, &oldest) >= 20) {
		int left = (int)((oldest + 60000000 - now_us) / 1000000) + 1;

		a->status = 429;
		buf_addf(a->body,
		    "{\"ok\":false,\"error_code\":429,\"description\":\"Too "
		    "Many Requests: retry after %d\",\"parameters\":"
		    "{\"retry_after\":%d}}",
		    left, left);
		return false;
	}
	b->times[b->n++ % 64] = now_us;
	return true;
}

static void
ntfy(const struct http_request *r, const struct json *j, uint64_t number,
    struct persona_answer *a)
{
	const char *topic = json_string(json_get(j, "topic"));

	buf_addf(a->body,
	    "{\"id\":\"n%011" PRIu64 "\",\"time\":%lld,\"expires\":%lld,"
	    "\"event\":\"message\",\"topic\":",
	    number, (long long)time(NULL), (long long)time(NULL) + 43200);
	if (topic != NULL)
		buf_adds_json(a->body, topic);
	else
		buf_add_json(a->body, r->path.p + 1, r->path.n - 1);
	buf_adds(a->body, ",\"message\":");
	if (topic != NULL && json_get(j, "message") != NULL &&
	    json_get(j, "message")->type == JSON_STRING)
		buf_adds_json(a->body, json_string(json_get(j, "message")));
	else
		buf_adds(a->body, "\"triggered\"");
	buf_adds(a->body, "}\n");
}

static bool
ntfy_allow(struct persona_bucket *b, int64_t now_us, bool enforce,
    struct persona_answer *a)
{
	int64_t oldest;

	if (enforce && within(b, now_us, 300000000, &oldest) >= 60) {
		a->status = 429;
		buf_adds(a->body,
		    "{\"code\":42901,\"http\":429,\"error\":\"limit reached: "
		    "too many requests\",\"link\":"
		    "\"https://ntfy.sh/docs/publish/#limitations\"}\n");
		return false;
	}
	b->times[b->n++ % 64] = now_us;
	return true;
}

static void
pagerduty(const struct http_request *r, const struct json *j, uint64_t number,
    struct persona_answer *a)
{
	const struct json *payload = json_get(j, "payload");
	const char *action = json_string(json_get(j, "event_action"));
	const char *key = json_string(json_get(j, "dedup_key"));
	const char *what = NULL;

	(void)r;
	if (member_length(j, "routing_key") != 32)
		what = "Length of 'routing_key' is incorrect (should be 32 "
		       "characters)";
	else if (action == NULL || (strcmp(action, "trigger") != 0 &&
				       strcmp(action, "acknowledge") != 0 &&
				       strcmp(action, "resolve") != 0))
		what = "'event_action' is invalid (must be one of the "
		       "following: 'trigger', 'acknowledge' or 'resolve')";
	else if (strcmp(action, "trigger") == 0 &&
		 (member_length(payload, "summary") == 0 ||
		     member_length(payload, "summary") > 1024 ||
		     member_length(payload, "source") == 0 ||
		     member_length(payload, "severity") == 0))
		what = "'payload' lacks summary, source or severity";
	else if (member_length(j, "dedup_key") > 255)
		what = "Length of 'dedup_key' is incorrect (should be less "
		       "than 255 characters)";
	if (what != NULL) {
		a->status = 400;
		buf_addf(a->body,
		    "{\"status\":\"invalid event\",\"message\":\"Event object "
		    "is invalid\",\"errors\":[\"%s\"]}",
		    what);
		return;
	}
	a->status = 202;
	buf_adds(a->body, "{\"status\":\"success\",\"message\":\"Event "
			  "processed\",\"dedup_key\":");
	if (key != NULL)
		buf_adds_json(a->body, key);
	else
		buf_addf(a->body, "\"srv%" PRIu64 "\"", number);
	buf_addc(a->body, '}');
}

static const struct persona table[] = {
    {"discord", "/api/webhooks/", discord, discord_allow},
    {"discord", "/api/v", discord, discord_allow},
    {"slack", "/services/", slack, slack_allow},
    {"telegram", "/bot", telegram, telegram_allow},
    {"pagerduty", "/v2/enqueue", pagerduty, NULL},
    {"ntfy", "/ntfy", ntfy, ntfy_allow},
};

const struct persona *
persona_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

const struct persona *
persona_of_path(struct span path)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (span_starts(path, table[i].prefix))
			return &table[i];
	return NULL;
}
