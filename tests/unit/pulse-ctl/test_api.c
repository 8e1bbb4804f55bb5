/* serve/api: the order of checks, who sees what, and answers that a request
 * without a socket can get. */
#include "common/clock.h"
#include "common/digest.h"
#include "common/json.h"
#include "tests/unit/pulse-ctl/answer.h"
#include "tests/unit/tap.h"

#define HOST "Host: x\r\n"
#define KEY  "X-API-Key: " ANSWER_KEY "\r\n"
#define BAD  "X-API-Key: wrong\r\n"
#define JSON "Content-Type: application/json\r\n"

static const struct {
	const char *request;
	int status;
	const char *what;
} table[] = {
    {"GET /health HTTP/1.1\r\n" HOST "\r\n", 200, "health is public"},
    {"GET /health HTTP/1.1\r\n" HOST BAD "\r\n", 200,
	"and does not look at keys"},
    {"GET /api/v1/rules HTTP/1.1\r\n" HOST "\r\n", 401,
	"reads need a key here"},
    {"GET /api/v1/rules HTTP/1.1\r\n" HOST BAD "\r\n", 401, "a good one"},
    {"GET /api/v1/rules HTTP/1.1\r\n" HOST KEY "\r\n", 200, "then it is"},
    {"GET /api/v1/rules HTTP/1.1\r\n" HOST "authorization: bearer  " ANSWER_KEY
     "\r\n\r\n",
	200, "a bearer as well"},
    {"GET /api/v1/rules HTTP/1.1\r\n" HOST "Authorization: Basic " ANSWER_KEY
     "\r\n\r\n",
	401, "nothing else"},
    {"POST /nowhere HTTP/1.1\r\n" HOST "\r\n", 401, "401 before 404"},
    {"POST /nowhere HTTP/1.1\r\n" HOST KEY "\r\n", 404, "404"},
    {"POST /health HTTP/1.1\r\n" HOST KEY "\r\n", 405, "405"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY "Content-Length: 65537\r\n\r\n",
	413, "413 before 415"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY "Content-Length: 1\r\n\r\n{",
	415, "415 before 422"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY
     "Content-Type: application/jsonx\r\nContent-Length: 2\r\n\r\n{}",
	415, "a type that only begins so"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY
     "Content-Type: Application/JSON; charset=utf-8\r\n"
     "Content-Length: 2\r\n\r\n{}",
	422, "422"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY JSON "\r\n", 411, "411"},
    {"DELETE /api/v1/rules/1 HTTP/1.1\r\n" HOST KEY "\r\n", 422,
	"an id that is none"},
    {"DELETE /api/v1/rules/00000000-0000-4000-8000-000000000001 "
     "HTTP/1.1\r\n" HOST KEY "\r\n",
	404, "a rule that is not there"},
    {"GET /api/v1/rules/ HTTP/1.1\r\n" HOST KEY "\r\n", 404,
	"an empty part of a path"},
    {"GET /api/v1/rules/a/b HTTP/1.1\r\n" HOST KEY "\r\n", 404,
	"one part too many"},
    {"GET /api/v1/alerts/stream HTTP/1.1\r\n" HOST KEY "\r\n", 200,
	"the stream is no alert's id"},
    {"PUT /api/v1/rules/00000000-0000-4000-8000-000000000001 "
     "HTTP/1.1\r\n" HOST KEY JSON "Content-Length: 1\r\n\r\n{",
	404, "a rule that is not there, before what is to become of it"},
    {"GET /api/v1/rules?is_active=True HTTP/1.1\r\n" HOST KEY "\r\n", 200,
	"Python's True"},
    {"GET /api/v1/rules?is_active=truth HTTP/1.1\r\n" HOST KEY "\r\n", 422,
	"no truth value"},
    {"POST /api/v1/rules HTTP/1.1\r\n" HOST KEY JSON
     "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
	415, "an encoded body"},
    {"OPTIONS /nowhere HTTP/1.1\r\n" HOST "\r\n", 404, "no such resource"},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 204, "the server itself"},
};

static void
test_checks(struct answering *a)
{
	struct exchange *x;
	size_t i, used;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		memset(&a->api.failed, 0, sizeof(a->api.failed));
		x = answer(
		    a, table[i].request, strlen(table[i].request), &used);
		if (!ok(x != NULL, "%s: answered", table[i].what))
			continue;
		if (!ok(x->status == table[i].status, "%s: %d", table[i].what,
			table[i].status))
			printf("# got %d\n", x->status);
		exchange_free(x);
	}
}

/* Every operation of the table but the hidden ones is in the document, and
 * the document is JSON. */
static void
test_document(struct answering *a)
{
	struct err e;
	struct json *j = json_parse(a->api.openapi.p, a->api.openapi.len, &e);

	if (!ok(j != NULL, "the document is JSON"))
		return;
	is_str(json_string(json_get(j, "openapi")), "3.1.0", "OpenAPI 3.1");
	ok(json_get(json_get(json_get(json_get(j, "paths"), "/api/v1/rules"),
			"post"),
	       "requestBody") != NULL,
	    "with a body where one is taken");
	json_free(j);
}

static void
test_cut(struct answering *a)
{
	static const char whole[] =
	    "POST /api/v1/rules HTTP/1.1\r\n" HOST KEY JSON
	    "Content-Length: 2\r\n\r\n{}";
	struct exchange *x;
	size_t n, used;
	bool early = false;

	for (n = 0; n < sizeof(whole) - 1; n++) {
		x = answer(a, whole, n, &used);
		early = early || x != NULL;
		exchange_free(x);
	}
	ok(!early, "no part of a request is answered");
}

/* A request whose head was judged and whose body comes later. */
static struct exchange *
begin(struct answering *a, const char *head, const char *body)
{
	struct exchange *x = exchange_new();
	const char *why;

	if (x == NULL || (x->head_text = strdup(head)) == NULL)
		abort();
	(void)snprintf(x->peer, sizeof(x->peer), "192.0.2.1");
	is_int(message_parse(x->head_text, strlen(head), &x->head, &why), 0,
	    "the head is well-formed");
	is_int(api_begin(&a->api, x), API_WRITE, "and waits for its body");
	x->body = body;
	x->body_len = strlen(body);
	return x;
}

/* While a body is awaited other requests make the keys be read again. */
static void
test_key_outlives_refresh(struct answering *a)
{
	struct store_key k = {
	    .id = "k_slow", .name = "slow", .rate_per_min = 60};
	struct exchange *x;
	struct buf line;
	struct err e;

	digest_sha256("slow-key", 8, k.hash);
	is_int(store_key_put(a->st, &k, &e), 0, "a key is made");
	a->api.auth.loaded = false;
	x = begin(a,
	    "POST /api/v1/rules HTTP/1.1\r\n" HOST
	    "X-API-Key: slow-key\r\n" JSON "Content-Length: 2\r\n\r\n",
	    "{}");
	a->api.auth.loaded = false;
	is_int(auth_refresh(&a->api.auth, &e), 0, "keys are read again");
	answer_run(a, x, true);
	api_finish(&a->api, x);
	is_int(x->status, 422, "a slow request is answered");
	ok(auth_used(&a->api.auth), "the use of its key is known");
	buf_init(&line, 1024);
	api_log_line(x, false, &line);
	ok(line.p != NULL && strstr(line.p, " k_slow") != NULL,
	    "and the log names it");
	buf_release(&line);
	exchange_free(x);
}

static size_t
count(const char *s, size_t n, const char *what)
{
	const char *end = s + n;
	size_t found = 0;

	while (s < end &&
	       (s = memmem(s, (size_t)(end - s), what, strlen(what))) != NULL) {
		found++;
		s += strlen(what);
	}
	return found;
}

/* A request shared a transaction with one that failed: it is run again, and
 * nothing of the first time counts. */
static void
test_run_again(struct answering *a)
{
	static const char rule[] =
	    "{\"name\":\"r\",\"symbol\":\"BTC\","
	    "\"rule_type\":\"price_threshold\",\"config\":"
	    "{\"threshold\":1,\"operator\":\">=\"}}";
	static const char head[] =
	    "POST /api/v1/rules HTTP/1.1\r\n" HOST KEY JSON
	    "Idempotency-Key: again\r\nContent-Length: 2\r\n\r\n";
	struct exchange *x = begin(a, head, rule);
	struct err e = {.msg = "no reason"};

	is_int(store_begin(a->st, false, &e), 0, "a transaction");
	is_int(api_run(&a->api, x, &e), 0, "in which a rule is made");
	store_rollback(a->st);
	api_store_failed(&a->api, x, &e);
	api_finish(&a->api, x);
	is_int(x->status, 503, "that fails");
	is_int((int64_t)count(
		   x->out.p + x->from, x->out.len - x->from, "Location: "),
	    0, "has no place");
	exchange_free(x);

	x = begin(a, head, rule);
	is_int(store_begin(a->st, false, &e), 0, "the same is asked again");
	is_int(api_run(&a->api, x, &e), 0, "and run");
	store_rollback(a->st);
	answer_run(a, x, true);
	api_finish(&a->api, x);
	is_int(x->status, 201, "once more, alone: the rule is made");
	is_int((int64_t)count(
		   x->out.p + x->from, x->out.len - x->from, "Location: "),
	    1, "and has one place");
	exchange_free(x);
}

/* ---- pages that are kept ------------------------------------------------- */

/* The body of the answer to GET what, with the right to see secrets or not;
 * the caller frees it. */
static char *
get(struct answering *a, const char *what, bool secrets)
{
	struct exchange *x = exchange_new();
	char head[512], *body;
	const char *why;

	(void)snprintf(
	    head, sizeof(head), "GET %s HTTP/1.1\r\n" HOST KEY "\r\n", what);
	if (x == NULL || (x->head_text = strdup(head)) == NULL)
		abort();
	(void)snprintf(x->peer, sizeof(x->peer), "192.0.2.1");
	(void)message_parse(x->head_text, strlen(head), &x->head, &why);
	if (api_begin(&a->api, x) != API_RUN)
		abort();
	x->secrets = secrets;
	answer_run(a, x, false);
	api_finish(&a->api, x);
	body = strstr(x->out.p + x->from, "\r\n\r\n");
	body = strdup(body + 4);
	exchange_free(x);
	if (body == NULL)
		abort();
	return body;
}

/* Whether the answer holds a text. */
static bool
shows(struct answering *a, const char *what, bool secrets, const char *text)
{
	char *body = get(a, what, secrets);
	bool found = strstr(body, text) != NULL;

	free(body);
	return found;
}

/* Make a rule as another process would, by its own connection. */
static void
put_rule(struct store *st, const char *name, struct uuid *id)
{
	char text[512];
	struct faults f;
	struct rule r;
	struct json *j;
	struct err e;

	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%s\",\"symbol\":\"%s\","
	    "\"rule_type\":\"price_threshold\",\"config\":"
	    "{\"threshold\":1,\"operator\":\">=\"},"
	    "\"discord_webhook_url\":"
	    "\"https://discord.com/api/webhooks/1/s3cr3t\"}",
	    name, name);
	j = json_parse(text, strlen(text), &e);
	faults_init(&f, "");
	is_int(rule_parse(&r, j, RULE_CREATED, false, clock_now_ms(), &f), 0,
	    "a rule");
	json_free(j);
	is_int(store_rule_put(st, &r, &e), 0, "is stored by another");
	*id = r.id;
	rule_release(&r);
}

/*
 * A list is answered from what was kept, and never with what is past: what
 * another connection commits is in the next answer.
 */
static void
test_pages(struct answering *a)
{
	static const char all[] = "/api/v1/rules",
			  one[] = "/api/v1/rules?symbol=first";
	struct store *other = answering_other(a);
	char many[64], *before, *after;
	struct uuid id, second;
	struct err e;
	int i;

	if (!ok(other != NULL, "another connection"))
		return;
	put_rule(other, "first", &id);
	ok(shows(a, all, false, "\"first\""), "the rule is listed");
	is_int((int64_t)a->api.pages.n, 1, "the page is kept");
	before = get(a, all, false);
	after = get(a, all, false);
	is_str(after, before, "and given again");
	is_int((int64_t)a->api.pages.n, 1, "not made again");
	free(before);
	free(after);
	ok(!shows(a, all, false, "s3cr3t"), "without the right no secret");
	ok(shows(a, all, true, "s3cr3t"), "with it all");
	ok(!shows(a, all, false, "s3cr3t"), "and the two are not mixed up");
	put_rule(other, "second", &second);
	ok(shows(a, all, false, "\"second\""), "a new rule is seen at once");
	ok(shows(a, one, false, "\"first\"") &&
		!shows(a, one, false, "\"second\""),
	    "a filter is a page of its own");
	is_int(store_rule_delete(other, &second, &e), 1, "it is deleted");
	ok(!shows(a, all, false, "\"second\""), "and gone at once");
	for (i = 0; i < 3 * PAGES_MAX; i++) {
		(void)snprintf(many, sizeof(many), "%s?offset=%d", all, i);
		ok(shows(a, many, false, "\"first\"") == (i == 0),
		    "page %d is its own", i);
	}
	is_int(store_rule_delete(other, &id, &e), 1, "the last one");
	ok(!shows(a, one, false, "\"first\""), "is gone everywhere");
	store_close(other);
}

int
main(void)
{
	struct api_config config = {.open_reads = false};
	struct answering *a = calloc(1, sizeof(*a));

	if (!ok(a != NULL && answering_open(a, &config) == 0, "it opens"))
		return tap_done();
	test_checks(a);
	test_document(a);
	test_cut(a);
	test_pages(a);
	test_key_outlives_refresh(a);
	test_run_again(a);
	answering_close(a);
	free(a);
	return tap_done();
}
