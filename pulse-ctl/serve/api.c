#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "pulse-ctl/serve/api.h"
#include "pulse-ctl/serve/assets.h"
#include "pulse-ctl/serve/openapi.h"
#include "pulse-ctl/serve/routes.h"

/* Keys that fail from one address: so many at once, then one in six seconds. */
#define FAILED_RATE  10
#define FAILED_BURST 10

/* Most heads fit: one allocation. */
#define HEAD_USUAL 768

#define STRICT_POLICY "default-src 'none'; frame-ancestors 'none'"

int
api_init(struct api *a, struct store *st, const struct api_config *config,
    struct err *e)
{
	*a = (struct api){.st = st, .config = *config, .store_ok = true};
	auth_init(&a->auth, st);
	stream_init(&a->stream, st);
	buf_init(&a->openapi, OPENAPI_MAX);
	a->once = calloc(API_ONCE_MAX, sizeof(*a->once));
	if (a->once == NULL || openapi_print(&a->openapi) < 0) {
		api_release(a);
		return err_set(e, "out of memory");
	}
	return auth_refresh(&a->auth, e);
}

void
api_release(struct api *a)
{
	auth_release(&a->auth);
	stream_release(&a->stream);
	pages_release(&a->pages);
	buf_release(&a->openapi);
	free(a->once);
	a->once = NULL;
}

struct exchange *
exchange_new(void)
{
	struct exchange *x = malloc(sizeof(*x));

	if (x == NULL)
		return NULL;
	/* The arrays of the head are long, and filled by its parser. */
	memset(&x->head_text, 0,
	    sizeof(*x) - offsetof(struct exchange, head_text));
	x->head.method = x->head.path = NULL;
	x->head.nheaders = x->head.nquery = 0;
	buf_init(&x->extra, API_HEAD_ROOM / 2);
	buf_init(&x->out, API_ANSWER_MAX);
	return x;
}

void
exchange_free(struct exchange *x)
{
	if (x == NULL)
		return;
	free(x->head_text);
	free(x->path_text);
	buf_release(&x->extra);
	buf_release(&x->out);
	free(x);
}

/* ---- making answers ------------------------------------------------------ */

struct buf *
api_json(struct exchange *x, int status)
{
	x->status = status;
	x->type = "application/json";
	buf_reset(&x->out);
	if (buf_reserve(&x->out, API_HEAD_ROOM) == 0)
		x->out.len = API_HEAD_ROOM;
	return &x->out;
}

void
api_detail(struct exchange *x, int status, const char *fmt, ...)
{
	struct buf *b = api_json(x, status);
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	buf_adds(b, "{\"detail\":");
	buf_adds_json(b, text);
	buf_addc(b, '}');
}

void
api_faulty(struct exchange *x)
{
	struct buf *b = api_json(x, 422);

	buf_adds(b, "{\"detail\":");
	faults_print_json(x->faults, b);
	buf_addc(b, '}');
}

struct json *
api_body(struct exchange *x)
{
	struct err fault;
	struct json *j = json_parse(x->body, x->body_len, &fault);

	if (j == NULL) {
		faults_add(
		    x->faults, "json_invalid", "body", NULL, "%s", fault.msg);
		api_faulty(x);
	}
	return j;
}

void
api_header(struct exchange *x, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&x->extra, fmt, ap);
	va_end(ap);
	buf_adds(&x->extra, "\r\n");
}

void
api_refuse(struct api *a, struct exchange *x, int status, const char *why)
{
	(void)a;
	x->start_us = clock_mono_us();
	x->close = true;
	api_detail(x, status, "%s", why);
}

/* What the last api_run() did was rolled back, if there was one. */
static void
forget_run(struct api *a, struct exchange *x)
{
	x->extra.len = x->judged;
	route_rule_forget(a, x);
}

void
api_store_failed(struct api *a, struct exchange *x, const struct err *e)
{
	a->store_ok = false;
	forget_run(a, x);
	api_detail(x, 503, "The store is not available: %s", e->msg);
	api_header(x, "Retry-After: 1");
}

/* ---- judging the head ---------------------------------------------------- */

/* The key as presented, or NULL. */
static const char *
presented_key(const struct exchange *x)
{
	const char *key = message_header(&x->head, "x-api-key");

	if (key != NULL)
		return key;
	key = message_header(&x->head, "authorization");
	if (key != NULL && strncasecmp(key, "Bearer ", 7) == 0)
		return key + 7 + strspn(key + 7, " ");
	return NULL;
}

static enum api_next
refuse_key(struct exchange *x, const char *why)
{
	api_detail(x, 401, "%s", why);
	api_header(x, "WWW-Authenticate: Bearer");
	return API_ANSWERED;
}

/* In every answer to a key, so without printf. */
static void
add_rate(struct buf *b, const struct limiter_answer *l)
{
	buf_adds(b, "X-RateLimit-Limit: ");
	buf_add_int(b, l->limit);
	buf_adds(b, "\r\nX-RateLimit-Remaining: ");
	buf_add_int(b, l->remaining);
	buf_adds(b, "\r\nX-RateLimit-Reset: ");
	buf_add_int(b, l->reset_s);
	buf_adds(b, "\r\n");
}

/* A key was presented: whose is it? API_RUN when it is good. */
static enum api_next
judge_key(struct api *a, struct exchange *x, const char *text)
{
	int64_t *bucket = limiter_bucket(&a->failed, x->peer, x->start_us);
	struct limiter_answer l;
	struct auth_key *key;
	struct err e;

	if (!limiter_would(*bucket, x->start_us, FAILED_RATE, FAILED_BURST)) {
		api_detail(x, 429, "Too many failed keys from this address");
		api_header(x, "Retry-After: %d", 60 / FAILED_RATE);
		return API_ANSWERED;
	}
	if (auth_refresh(&a->auth, &e) < 0) {
		api_store_failed(a, x, &e);
		return API_ANSWERED;
	}
	key = auth_find(&a->auth, text);
	if (key == NULL) {
		(void)limiter_take(
		    bucket, x->start_us, FAILED_RATE, FAILED_BURST);
		a->metrics.keys_failed++;
		return refuse_key(x, "Invalid API key");
	}
	memcpy(x->who, key->id, sizeof(x->who));
	x->secrets = key->admin;
	l = limiter_take(
	    &key->tat_us, x->start_us, key->rate_per_min, key->rate_per_min);
	add_rate(&x->extra, &l);
	if (!l.allowed) {
		a->metrics.limiter_refused++;
		api_detail(x, 429, "Rate limit exceeded");
		api_header(x, "Retry-After: %" PRId64, l.retry_s);
		return API_ANSWERED;
	}
	key->used_ms = clock_now_ms();
	return API_RUN;
}

static bool
is_json(const char *type)
{
	size_t n = type != NULL ? strcspn(type, "; \t") : 0;

	return n == 16 && strncasecmp(type, "application/json", 16) == 0;
}

/* 413 and 415, and 411 for a body of unknown length. */
static enum api_next
judge_body(struct exchange *x)
{
	const char *coding = message_header(&x->head, "content-encoding");
	int64_t length = x->head.content_length;

	if (length > (int64_t)MESSAGE_BODY_MAX) {
		api_detail(x, 413, "The body is longer than %zu bytes",
		    MESSAGE_BODY_MAX);
		return API_ANSWERED;
	}
	if ((x->route->flags & ROUTE_BODY) != 0) {
		if (length < 0) {
			api_detail(
			    x, 411, "A body needs a Content-Length here");
			return API_ANSWERED;
		}
		if (coding != NULL && strcasecmp(coding, "identity") != 0) {
			api_detail(x, 415, "The body must not be encoded");
			api_header(x, "Accept-Encoding: identity");
			return API_ANSWERED;
		}
		if (!is_json(message_header(&x->head, "content-type"))) {
			api_detail(x, 415,
			    "The body must be application/json, and say so");
			return API_ANSWERED;
		}
	}
	return (x->route->flags & ROUTE_WRITE) != 0 ? API_WRITE : API_RUN;
}

static enum api_next
answer_options(struct api *a, struct exchange *x, const char *allow)
{
	x->status = allow[0] != '\0' || x->head.path[0] != '/' ? 204 : 404;
	if (x->status == 404) {
		api_detail(x, 404, "Not found");
		return API_ANSWERED;
	}
	(void)api_json(x, 204);
	x->type = NULL;
	api_header(x, "Allow: OPTIONS, %s", allow);
	if (a->config.cors_origin != NULL)
		api_header(x,
		    "Access-Control-Allow-Methods: %s\r\n"
		    "Access-Control-Allow-Headers: Content-Type, X-API-Key, "
		    "Authorization, If-Match, Idempotency-Key, "
		    "Last-Event-ID\r\n"
		    "Access-Control-Max-Age: 600",
		    allow);
	return API_ANSWERED;
}

static enum api_next
answer_no_route(struct exchange *x, const char *allow)
{
	if (allow[0] == '\0') {
		api_detail(x, 404, "Not found");
	} else {
		api_detail(x, 405, "Method not allowed");
		api_header(x, "Allow: OPTIONS, %s", allow);
	}
	return API_ANSWERED;
}

/* Behind a proxy the client is the last address of X-Forwarded-For: the one
 * that the proxy itself wrote. */
static void
find_peer(const struct api *a, struct exchange *x)
{
	const char *list = message_header(&x->head, "x-forwarded-for"), *last;

	if (!a->config.behind_proxy || list == NULL)
		return;
	last = strrchr(list, ',');
	last = last != NULL ? last + 1 : list;
	last += strspn(last, " \t");
	if (*last != '\0')
		(void)snprintf(x->peer, sizeof(x->peer), "%s", last);
}

enum api_next
api_begin(struct api *a, struct exchange *x)
{
	const char *method = x->head.method, *text;
	char allow[64];
	bool reads, is_public;
	enum api_next next;

	x->start_us = clock_mono_us();
	find_peer(a, x);
	x->is_head = strcmp(method, "HEAD") == 0;
	reads = x->is_head || strcmp(method, "GET") == 0;
	x->route = routes_find(x, x->is_head ? "GET" : method, allow);
	is_public = (x->route != NULL && (x->route->flags & ROUTE_PUBLIC)) ||
		    strcmp(method, "OPTIONS") == 0;
	text = is_public ? NULL : presented_key(x);
	if (text != NULL) {
		next = judge_key(a, x, text);
		if (next == API_ANSWERED)
			return next;
	} else if (!is_public && !(reads && a->config.open_reads)) {
		return refuse_key(x, "An API key is needed: X-API-Key");
	}
	if (strcmp(method, "OPTIONS") == 0)
		return answer_options(a, x, allow);
	if (x->route == NULL)
		return answer_no_route(x, allow);
	x->judged = x->extra.len;
	return judge_body(x);
}

/* ---- running ------------------------------------------------------------- */

int
api_run(struct api *a, struct exchange *x, struct err *e)
{
	struct faults faults;
	int rc = 0;

	forget_run(a, x);
	faults_init(&faults, "");
	x->faults = &faults;
	if (routes_check(x) < 0)
		api_faulty(x);
	else
		rc = x->route->run(a, x, e);
	x->faults = NULL;
	a->store_ok = rc == 0;
	return rc;
}

/* ---- the head of the answer ---------------------------------------------- */

static void
add_cors(const struct api *a, const struct exchange *x, struct buf *b)
{
	const char *origin = message_header(&x->head, "origin");

	if (a->config.cors_origin == NULL)
		return;
	buf_adds(b, "Vary: Origin\r\n");
	if (origin != NULL && strcmp(origin, a->config.cors_origin) == 0)
		buf_addf(b,
		    "Access-Control-Allow-Origin: %s\r\n"
		    "Access-Control-Expose-Headers: ETag, Location, "
		    "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, "
		    "X-RateLimit-Reset\r\n",
		    origin);
}

/* The line is made once a second. */
static void
add_date(struct api *a, struct buf *b)
{
	int64_t now_s = clock_now_ms() / 1000;
	time_t now = (time_t)now_s;
	struct tm tm;

	if (a->date[0] == '\0' || a->date_s != now_s) {
		gmtime_r(&now, &tm);
		(void)strftime(a->date, sizeof(a->date),
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
		a->date_s = now_s;
	}
	buf_adds(b, a->date);
}

/* printf was two thirds of the work of a short answer; here it is not used. */
static void
print_head(
    struct api *a, const struct exchange *x, size_t length, struct buf *b)
{
	buf_adds(b, "HTTP/1.1 ");
	buf_add_int(b, x->status);
	buf_cat(b, " ", message_reason(x->status), "\r\n", NULL);
	add_date(a, b);
	if (x->type != NULL)
		buf_cat(b, "Content-Type: ", x->type, "\r\n", NULL);
	if (x->stream == STREAM_NONE && x->status != 204 && x->status != 304) {
		buf_adds(b, "Content-Length: ");
		buf_add_int(b, (int64_t)length);
		buf_adds(b, "\r\n");
	}
	buf_cat(b, "Cache-Control: ", x->cache != NULL ? x->cache : "no-store",
	    "\r\nContent-Security-Policy: ",
	    x->policy != NULL ? x->policy : STRICT_POLICY,
	    "\r\nX-Content-Type-Options: nosniff\r\n"
	    "Referrer-Policy: no-referrer\r\n",
	    NULL);
	if (a->config.tls)
		buf_adds(b, "Strict-Transport-Security: max-age=31536000\r\n");
	add_cors(a, x, b);
	if (x->extra.len > 0)
		buf_add(b, x->extra.p, x->extra.len);
	if (x->close || x->stream != STREAM_NONE)
		buf_adds(b, "Connection: close\r\n");
	else if (x->head.is_old)
		buf_adds(b, "Connection: keep-alive\r\n");
	buf_adds(b, "\r\n");
}

/* The largest head there can be fits API_HEAD_ROOM: extra is bounded by half
 * of it, the policy and the origin by their own limits. */
void
api_finish(struct api *a, struct exchange *x)
{
	size_t length;
	struct buf head;

	if (buf_failed(&x->out) || x->out.len < API_HEAD_ROOM) {
		buf_release(&x->out);
		buf_reset(&x->extra);
		x->fixed = NULL;
		x->stream = STREAM_NONE;
		api_detail(x, 503, "Out of memory");
	}
	length = x->fixed != NULL ? x->fixed_len : x->out.len - API_HEAD_ROOM;
	x->close = x->close || !x->head.keep_alive ||
		   (x->is_head && x->stream != STREAM_NONE);
	buf_init(&head, API_HEAD_ROOM);
	buf_reserve(&head, HEAD_USUAL);
	print_head(a, x, length, &head);
	if (buf_failed(&head)) {
		/* Cannot be: see above. Say the least that is true. */
		buf_reset(&head);
		x->close = true;
		buf_adds(&head, "HTTP/1.1 500 Internal Server Error\r\n"
				"Connection: close\r\n\r\n");
		x->out.len = API_HEAD_ROOM;
		x->fixed = NULL;
	}
	x->from = API_HEAD_ROOM - head.len;
	memcpy(x->out.p + x->from, head.p, head.len);
	buf_release(&head);
	if (x->is_head)
		x->out.len = API_HEAD_ROOM;
	else if (x->fixed != NULL)
		buf_add(&x->out, x->fixed, x->fixed_len);
	metrics_count(&a->metrics, x->route != NULL ? x->route - routes : -1,
	    x->status, clock_mono_us() - x->start_us);
}

/* ---- the access log ------------------------------------------------------ */

/* What came from outside, with nothing that a terminal or a JSON reader could
 * stumble over. */
static void
add_safe(struct buf *b, const char *s)
{
	size_t n = 0;

	for (; s != NULL && *s != '\0' && n < 200; s++, n++)
		buf_addc(b,
		    *s < ' ' || *s > '~' || *s == '"' || *s == '\\' ? '?' : *s);
}

static void
add_ms(struct buf *b, int64_t us)
{
	int64_t rest = us % 1000;

	buf_add_int(b, us / 1000);
	buf_adds(b, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
	buf_add_int(b, rest);
}

/* Without printf, as the head: a busy server writes one for every answer. */
static void
log_json(const struct exchange *x, const char *now, int64_t us, struct buf *out)
{
	buf_cat(out, "{\"time\":\"", now,
	    "\",\"level\":\"info\",\"tool\":\"pulse-ctl serve\","
	    "\"msg\":\"request\",\"method\":\"",
	    NULL);
	add_safe(out, x->head.method);
	buf_adds(out, "\",\"path\":\"");
	add_safe(out, x->head.path);
	buf_adds(out, "\",\"status\":");
	buf_add_int(out, x->status);
	buf_adds(out, ",\"bytes\":");
	buf_add_int(out, (int64_t)(x->out.len - x->from));
	buf_adds(out, ",\"ms\":");
	add_ms(out, us);
	buf_adds(out, ",\"peer\":\"");
	add_safe(out, x->peer);
	buf_cat(out, "\",\"key\":\"", x->who[0] != '\0' ? x->who : "-", "\"}",
	    NULL);
}

void
api_log_line(const struct exchange *x, bool json, struct buf *out)
{
	int64_t us = clock_mono_us() - x->start_us;
	char now[CLOCK_TEXT_MAX];

	clock_print(clock_now_ms(), now);
	if (json) {
		log_json(x, now, us, out);
		return;
	}
	buf_addf(out, "%.8s ", now + 11);
	add_safe(out, x->head.method);
	buf_addc(out, ' ');
	add_safe(out, x->head.path);
	buf_addf(out, " %d %zuB %.1fms ", x->status, x->out.len - x->from,
	    (double)us / 1000.0);
	add_safe(out, x->peer);
	buf_addf(out, " %s", x->who[0] != '\0' ? x->who : "-");
}
