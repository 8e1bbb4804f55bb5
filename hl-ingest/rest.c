#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/interval.h"
#include "common/json.h"
#include "common/log.h"
#include "hl-ingest/rest.h"

#define CONNECT_TIMEOUT_MS 5000
#define TIMEOUT_MS	   15000
/* However fast the clocks run, a machine needs its time. */
#define REAL_TIMEOUT_MIN_MS 2000
#define BACKOFF_BASE_MS	    1000
#define BACKOFF_CAP_MS	    60000
#define CONNECTIONS	    4

struct rest_call {
	struct rest_call *prev, *next;
	struct rest *rest;
	rest_fn *fn;
	void *arg;
	int64_t sent_ms;
};

int
rest_open(struct rest *r, const char *url, int64_t weight_a_minute,
    struct exclock *clock, struct err *e)
{
	struct http_options options = {.max_connections = CONNECTIONS};
	size_t n = strlen(url);

	memset(r, 0, sizeof(*r));
	r->clock = clock;
	budget_init(&r->budget, weight_a_minute, clock_mono_ms());
	/* "https://host/" is the same exchange. */
	n -= n > 0 && url[n - 1] == '/';
	if (n >= sizeof(r->url) - sizeof("/info"))
		return err_set(e, "the URL is too long");
	(void)snprintf(r->url, sizeof(r->url), "%.*s/info", (int)n, url);
	return http_open(&r->http, &options, e);
}

static void
unlink_call(struct rest_call *call)
{
	struct rest *r = call->rest;

	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		r->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	r->running--;
}

void
rest_close(struct rest *r)
{
	static const struct rest_answer ended = {
	    .result = REST_FAILED, .body = "", .why = "the program ends"};

	http_close(r->http);
	r->http = NULL;
	while (r->calls != NULL) {
		struct rest_call *call = r->calls;

		unlink_call(call);
		call->fn(call->arg, &ended);
		free(call);
	}
}

int64_t
rest_wait(struct rest *r, int64_t weight)
{
	int64_t now = clock_mono_ms(), wait;

	wait = budget_wait(&r->budget, now, weight);
	if (r->hold_until_ms - now > wait)
		wait = r->hold_until_ms - now;
	return wait;
}

void
rest_charge(struct rest *r, int64_t weight)
{
	if (weight > 0)
		budget_spend(&r->budget, clock_mono_ms(), weight);
}

/* ---- answers ------------------------------------------------------------- */

static bool
is_null(const char *body, size_t n)
{
	while (n > 0 && strchr(" \r\n\t", body[n - 1]) != NULL)
		n--;
	return n == 4 && memcmp(body, "null", 4) == 0;
}

static enum rest_result
classify(const struct http_response *h, char *why, size_t size)
{
	why[0] = '\0';
	if (h->outcome != HTTP_ANSWERED) {
		(void)snprintf(why, size, "%s", h->error);
		return REST_FAILED;
	}
	if (h->status == 200 && is_null(h->body, h->len)) {
		(void)snprintf(why, size, "the exchange does not know it");
		return REST_UNKNOWN;
	}
	if (h->status == 200 && h->len > 0 &&
	    (h->body[0] == '[' || h->body[0] == '{'))
		return REST_OK;
	(void)snprintf(why, size, "status %d: %.*s", h->status,
	    (int)strcspn(h->body, "\r\n") > 80 ? 80
					       : (int)strcspn(h->body, "\r\n"),
	    h->body);
	switch (h->status) {
	case 400:
	case 404:
	case 405:
	case 422:
		return REST_REFUSED;
	case 429:
		return REST_LIMITED;
	default:
		return REST_FAILED;
	}
}

/* What the answer means for what may be sent next. */
static void
learn(struct rest *r, enum rest_result result)
{
	int64_t now = clock_mono_ms();

	switch (result) {
	case REST_LIMITED:
		r->limited++;
		log_warn("the exchange limits REST; none for a minute");
		budget_block(&r->budget, now);
		break;
	case REST_FAILED:
		r->failures++;
		r->failed++;
		r->hold_until_ms =
		    now + backoff_jitter_ms(backoff_ceiling_ms(BACKOFF_BASE_MS,
						BACKOFF_CAP_MS, r->failed),
			      backoff_random());
		break;
	default:
		r->failed = 0;
		r->hold_until_ms = 0;
	}
}

static void
on_done(void *arg, const struct http_response *h)
{
	struct rest_call *call = arg;
	struct rest *r = call->rest;
	struct rest_answer a = {.body = h->body, .len = h->len};
	const char *said = http_header(h, "Date");
	int64_t date = -1;
	char why[256];

	if (said != NULL)
		(void)clock_parse_http(&date, said);
	unlink_call(call);
	a.sent_ms = call->sent_ms;
	a.got_ms = clock_now_ms();
	a.result = classify(h, why, sizeof(why));
	a.why = why;
	if (date >= 0 && h->outcome == HTTP_ANSWERED)
		exclock_measure_date(r->clock, a.sent_ms, a.got_ms, date);
	a.server_ms = exclock_answered(r->clock, a.sent_ms, a.got_ms, date);
	learn(r, a.result);
	call->fn(call->arg, &a);
	free(call);
}

/* ---- requests ------------------------------------------------------------ */

int
rest_post(struct rest *r, const char *body, int64_t weight, rest_fn *fn,
    void *arg, struct err *e)
{
	static const struct http_header type = {
	    "Content-Type", "application/json"};
	int64_t timeout = clock_real_ms(TIMEOUT_MS);
	struct http_request q = {
	    .url = r->url,
	    .headers = &type,
	    .nheaders = 1,
	    .body = (void *)(uintptr_t)body,
	    .body_len = strlen(body),
	    .connect_timeout_ms = CONNECT_TIMEOUT_MS,
	    .response_max = REST_ANSWER_MAX,
	    .ca_file = r->ca_file,
	    .flags = HTTP_WHOLE,
	};
	struct rest_call *call = malloc(sizeof(*call));

	if (call == NULL)
		return err_set(e, "out of memory");
	*call = (struct rest_call){NULL, r->calls, r, fn, arg, clock_now_ms()};
	q.timeout_ms =
	    timeout > REAL_TIMEOUT_MIN_MS ? timeout : REAL_TIMEOUT_MIN_MS;
	if (http_start(r->http, &q, on_done, call, NULL, e) < 0) {
		free(call);
		return -1;
	}
	budget_spend(&r->budget, clock_mono_ms(), weight);
	if (r->calls != NULL)
		r->calls->prev = call;
	r->calls = call;
	r->requests++;
	r->running++;
	return 0;
}

/* ---- the exchange's clock ------------------------------------------------ */

struct measuring {
	struct exclock *clock;
	void (*fn)(void *arg, int measured);
	void *arg;
};

static void
on_status(void *arg, const struct rest_answer *a)
{
	struct measuring m = *(struct measuring *)arg;
	const struct json *time;
	struct json *j = NULL;
	bool good;

	free(arg);
	if (a->result == REST_OK)
		j = json_parse(a->body, a->len, NULL);
	time = json_get(j, "time");
	good = time != NULL && time->type == JSON_NUMBER && time->number > 0 &&
	       time->number < (double)CLOCK_MS_MAX;
	if (good)
		exclock_measure(
		    m.clock, a->sent_ms, a->got_ms, (int64_t)time->number);
	json_free(j);
	m.fn(m.arg, good);
}

int
rest_measure(struct rest *r, void (*fn)(void *arg, int measured), void *arg,
    struct err *e)
{
	struct measuring *m = malloc(sizeof(*m));

	if (m == NULL)
		return err_set(e, "out of memory");
	*m = (struct measuring){r->clock, fn, arg};
	if (rest_post(r, "{\"type\":\"exchangeStatus\"}", BUDGET_WEIGHT_STATUS,
		on_status, m, e) < 0) {
		free(m);
		return -1;
	}
	return 0;
}

void
rest_print_candles(struct buf *out, const char *coin, interval_id interval,
    int64_t from_ms, int64_t to_ms)
{
	buf_reset(out);
	buf_adds(out, "{\"type\":\"candleSnapshot\",\"req\":{\"coin\":");
	buf_adds_json(out, coin);
	buf_addf(out,
	    ",\"interval\":\"%s\",\"startTime\":%" PRId64
	    ",\"endTime\":%" PRId64 "}}",
	    interval_name(interval), from_ms, to_ms);
}
