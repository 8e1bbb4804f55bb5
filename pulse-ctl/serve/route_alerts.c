/* /api/v1/alerts … */
#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/routes.h"

struct listing {
	struct exchange *x;
	int64_t limit, n;
	int64_t last_ms;
	struct uuid last_id;
	bool more;
};

static int
list_one(void *arg, const struct store_alert *a, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (l->n == l->limit) {
		l->more = true;
		return 1;
	}
	if (l->n++ > 0)
		buf_addc(&l->x->out, ',');
	l->last_ms = a->triggered_ms;
	l->last_id = a->id;
	record_alert(a, &l->x->out);
	return 0;
}

int
route_alert_list(struct api *a, struct exchange *x, struct err *e)
{
	const char *rule = api_text(x, "rule_id"),
		   *cursor = api_text(x, "cursor");
	struct store_alert_filter f = {
	    .symbol = api_text(x, "symbol"),
	    .delivery_status = api_text(x, "delivery_status"),
	    .since_ms = api_time(x, "since", 0),
	    .until_ms = api_time(x, "until", 0),
	    .offset = api_int(x, "offset"),
	};
	struct listing l = {.x = x, .limit = api_int(x, "limit")};
	struct buf *b = api_json(x, 200);
	struct uuid rule_id;
	int64_t n;

	if (rule != NULL && uuid_parse(&rule_id, rule, strlen(rule)) == 0)
		f.rule_id = &rule_id;
	if (store_alert_count(a->st, &f, &n, e) < 0)
		return -1;
	if (cursor != NULL) {
		(void)cursor_parse(cursor, &f.after_triggered_ms, &f.after_id);
		f.has_after = true;
	}
	f.limit = l.limit + 1;
	buf_adds(b, "{\"alerts\":[");
	if (store_alert_list(a->st, &f, list_one, &l, e) < 0)
		return -1;
	page_end(b, n, l.more, l.last_ms, &l.last_id);
	return 0;
}

/* ---- one alert ----------------------------------------------------------- */

struct whole {
	struct store *st;
	struct buf *out;
};

static int
print_whole(void *arg, const struct store_alert *a, struct err *e)
{
	struct whole *w = arg;

	return record_alert_whole(w->st, a, w->out, e);
}

static int
answer_not_found(struct exchange *x)
{
	api_detail(x, 404, "Alert not found");
	return 0;
}

int
route_alert_get(struct api *a, struct exchange *x, struct err *e)
{
	struct whole w = {a->st, api_json(x, 200)};
	struct uuid id;
	int rc;

	(void)uuid_parse(&id, x->ids[0], strlen(x->ids[0]));
	rc = store_alert_get(a->st, &id, print_whole, &w, e);
	if (rc == 0)
		return answer_not_found(x);
	return rc < 0 ? -1 : 0;
}

static int
look_only(void *arg, const struct store_alert *a, struct err *e)
{
	(void)e;
	if (arg != NULL)
		*(int64_t *)arg = a->seq;
	return 0;
}

struct attempts {
	struct buf *out;
	bool some;
};

static int
print_attempt(void *arg, const struct store_attempt *a, struct err *e)
{
	struct attempts *l = arg;

	(void)e;
	if (l->some)
		buf_addc(l->out, ',');
	l->some = true;
	record_attempt(a, l->out);
	return 0;
}

int
route_alert_attempts(struct api *a, struct exchange *x, struct err *e)
{
	struct attempts l = {api_json(x, 200), false};
	struct uuid id;
	int64_t n;
	int rc;

	(void)uuid_parse(&id, x->ids[0], strlen(x->ids[0]));
	rc = store_alert_get(a->st, &id, look_only, NULL, e);
	if (rc == 0)
		return answer_not_found(x);
	if (rc < 0 || store_attempt_count(a->st, &id, &n, e) < 0)
		return -1;
	buf_adds(l.out, "{\"attempts\":[");
	if (store_attempt_list(a->st, &id, api_int(x, "limit"),
		api_int(x, "offset"), print_attempt, &l, e) < 0)
		return -1;
	buf_addf(l.out, "],\"total\":%" PRId64 "}", n);
	return 0;
}

int
route_alert_redeliver(struct api *a, struct exchange *x, struct err *e)
{
	struct store_delivery_filter f = {.status = DELIVERY_DEAD};
	struct uuid id;
	int rc;

	(void)uuid_parse(&id, x->ids[0], strlen(x->ids[0]));
	rc = store_alert_get(a->st, &id, look_only, NULL, e);
	if (rc == 0)
		return answer_not_found(x);
	f.alert_id = &id;
	if (rc > 0)
		rc = store_delivery_retry(a->st, &f, clock_now_ms(), e);
	if (rc < 0)
		return -1;
	buf_addf(api_json(x, 202), "{\"redelivered\":%d}", rc);
	return 0;
}

/* ---- the stream ---------------------------------------------------------- */

/* Where a subscriber begins: after the alert it saw last, or with the next
 * new one when it names none (or one that is gone). */
static int
find_start(struct api *a, struct exchange *x, struct err *e)
{
	const char *last = message_header(&x->head, "last-event-id");
	struct uuid id;
	int64_t seq;
	int rc;

	if (stream_start(&a->stream, &x->stream_seq, e) < 0)
		return -1;
	if (last == NULL)
		last = api_text(x, "last_event_id");
	if (last == NULL || uuid_parse(&id, last, strlen(last)) < 0)
		return 0;
	rc = store_alert_get(a->st, &id, look_only, &seq, e);
	if (rc > 0)
		x->stream_seq = seq;
	return rc < 0 ? -1 : 0;
}

int
route_alert_stream(struct api *a, struct exchange *x, struct err *e)
{
	const char *accept = message_header(&x->head, "accept"),
		   *rule = api_text(x, "rule_id"),
		   *symbol = api_text(x, "symbol");
	bool lines = accept != NULL && strstr(accept, "application/x-ndjson");
	struct stream_filter *f = &x->stream_filter;

	if (find_start(a, x, e) < 0)
		return -1;
	f->has_rule =
	    rule != NULL && uuid_parse(&f->rule_id, rule, strlen(rule)) == 0;
	if (symbol != NULL)
		(void)strncpy(f->symbol, symbol, SYMBOL_LEN_MAX);
	(void)api_json(x, 200);
	x->stream = lines ? STREAM_NDJSON : STREAM_SSE;
	x->type = lines ? "application/x-ndjson" : "text/event-stream";
	/* A proxy must not keep events back. */
	api_header(x, "X-Accel-Buffering: no");
	if (!lines)
		buf_adds(&x->out, "retry: 2000\n\n");
	return 0;
}
