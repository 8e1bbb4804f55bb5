#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "tests/sim/describe.h"
#include "tests/sim/dice.h"
#include "tests/sim/peer.h"
#include "tests/sim/rest.h"

#define WEIGHT_LIGHT	2
#define WEIGHT_INFO	20
#define ROWS_PER_WEIGHT 60

static const char bad_shape[] =
    "Failed to deserialize the JSON body into the target type";

/* --- candleSnapshot ------------------------------------------------------ */

struct window {
	struct coin *coin;
	struct series *series;
	int64_t from_ms, to_ms;
};

/* A whole number of milliseconds, not negative. 0 or -1. */
static int
take_time(const struct json *j, int64_t *out)
{
	if (j == NULL || j->type != JSON_NUMBER || j->number < 0 ||
	    j->number > 9e15 || floor(j->number) != j->number)
		return -1;
	*out = (int64_t)j->number;
	return 0;
}

/* 200 with w->coin NULL for an unknown coin, or 422. */
static int
read_window(struct sim *s, const struct json *j, struct window *w)
{
	const struct json *req = json_get(j, "req");
	const struct json *end = json_get(req, "endTime");
	const char *coin = json_string(json_get(req, "coin"));
	const char *interval = json_string(json_get(req, "interval"));
	int iv;

	*w = (struct window){.to_ms = INT64_MAX};
	if (coin == NULL || interval == NULL ||
	    take_time(json_get(req, "startTime"), &w->from_ms) != 0)
		return 422;
	if (end != NULL && end->type != JSON_NULL &&
	    take_time(end, &w->to_ms) != 0)
		return 422;
	iv = interval_find(interval, strlen(interval));
	if (iv < 0)
		return 422;
	w->coin = sim_coin(s, coin);
	if (w->coin != NULL)
		w->series = market_series(&s->market, w->coin, (interval_id)iv);
	return 200;
}

/* Some flat rows come up late: a time after their close that is each bar's
 * own. */
static bool
is_late(struct sim *s, const struct window *w, const struct bar *b,
    int64_t now_ms, const struct fault *f)
{
	int64_t most = f->ms >= 0 ? f->ms : 15000;
	int64_t close = b->t + w->series->step;

	if (b->n != 0 || close > now_ms + 1)
		return false;
	return now_ms - close < (int64_t)dice_below(dice_roll(s->market.seed,
							88, (uint64_t)close),
				    (uint64_t)most + 1);
}

/* The rows of a window as they are at now_ms; how many. */
static uint64_t
add_rows(struct sim *s, const struct window *w, int64_t now_ms,
    const struct fault_occasion *o, struct buf *out)
{
	struct fault *late = faultset_take(&s->faults, FAULT_LATE, o);
	struct fault *hole = faultset_take(&s->faults, FAULT_HOLE, o);
	struct series *sr = w->series;
	int64_t t, last, oldest, newest;
	uint64_t n = 0;

	if (!market_range(sr, now_ms, &oldest, &newest))
		return 0;
	/* What is kept: the newest closed ones and the forming one. */
	if (interval_open(sr->interval, now_ms) - oldest >
	    s->opt.retain * sr->step)
		oldest = interval_open(sr->interval, now_ms) -
			 s->opt.retain * sr->step;
	/* Overlap: T >= from and t <= to. */
	t = interval_open(sr->interval, w->from_ms);
	t = t < oldest ? oldest : t;
	last = w->to_ms < newest ? w->to_ms : newest;
	for (; t <= last; t += sr->step) {
		struct bar b;

		if (!market_bar(sr, t, now_ms, TAPE_REST, &b) ||
		    (late != NULL && is_late(s, w, &b, now_ms, late)))
			continue;
		if (hole != NULL && t + sr->step <= now_ms &&
		    t + sr->step * ((hole->size > 0 ? hole->size : 1) + 1) >
			now_ms)
			continue;
		if (n++ > 0)
			buf_addc(out, ',');
		bar_print(out, &b, sr->coin->name, sr->interval,
		    &sr->coin->scale, BAR_ORDER_NAME, NULL);
	}
	return n;
}

static int
candle_snapshot(
    struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	struct window w;
	struct fault_occasion o = {.conn = conn, .type = "candleSnapshot"};
	int status = read_window(s, j, &w);
	int64_t now = simclock_ms(&s->clock);
	struct fault *lag;
	uint64_t n;

	if (status != 200) {
		buf_adds(out, bad_shape);
		return status;
	}
	if (w.coin != NULL)
		o.coin = w.coin->name;
	if (w.series != NULL)
		o.interval = interval_name(w.series->interval);
	if (w.coin == NULL ||
	    faultset_take(&s->faults, FAULT_NULLCOIN, &o) != NULL) {
		buf_adds(out, "null");
		return 200;
	}
	lag = faultset_take(&s->faults, FAULT_LAG, &o);
	if (lag != NULL && lag->ms > 0)
		now -= lag->ms;
	buf_addc(out, '[');
	n = w.series == NULL ? 0 : add_rows(s, &w, now, &o, out);
	buf_addc(out, ']');
	sim_count(s, STATS_SNAPSHOTS, n > 0);
	sim_count(s, STATS_ROWS, n);
	/* Rows cost after they are known: 1 for each 60. */
	budget_spend(&s->budget, BUDGET_WEIGHT, n / ROWS_PER_WEIGHT);
	s->stats.value[STATS_WEIGHT] += n / ROWS_PER_WEIGHT;
	return 200;
}

/* --- the others ---------------------------------------------------------- */

static int
meta(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	const char *dex = json_string(json_get(j, "dex"));

	(void)conn;
	describe_meta(s, dex != NULL ? dex : "", out);
	return 200;
}

static int
meta_and_ctxs(
    struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	const char *dex = json_string(json_get(j, "dex"));

	(void)conn;
	describe_meta_and_ctxs(s, dex != NULL ? dex : "", out);
	return 200;
}

static int
spot_meta(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	(void)j;
	(void)conn;
	describe_spot_meta(s, out);
	return 200;
}

static int
spot_meta_and_ctxs(
    struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	(void)j;
	(void)conn;
	describe_spot_meta_and_ctxs(s, out);
	return 200;
}

static int
perp_dexs(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	(void)j;
	(void)conn;
	describe_dexs(s, out);
	return 200;
}

static int
all_mids(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	const char *dex = json_string(json_get(j, "dex"));

	(void)conn;
	describe_mids(s, dex != NULL ? dex : "", out);
	return 200;
}

static int
exchange_status(
    struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	struct fault_occasion o = {.conn = conn, .type = "exchangeStatus"};
	struct fault *f = faultset_stands(&s->faults, FAULT_SKEW, &o);
	int64_t ms = simclock_ms(&s->clock);

	(void)j;
	if (f != NULL && f->ms != INT64_MIN)
		ms += f->ms;
	buf_addf(out, "{\"specialStatuses\":null,\"time\":%" PRId64 "}", ms);
	return 200;
}

static int
l2_book(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	const char *name = json_string(json_get(j, "coin"));
	struct coin *c = name != NULL ? sim_coin(s, name) : NULL;

	(void)conn;
	if (name == NULL) {
		buf_adds(out, bad_shape);
		return 422;
	}
	if (c == NULL)
		buf_adds(out, "null");
	else
		describe_book(s, c, false, out);
	return 200;
}

static const struct {
	const char *type;
	unsigned weight;
	int (*answer)(struct sim *, const struct json *, int64_t, struct buf *);
} requests[] = {
    {"candleSnapshot", WEIGHT_INFO, candle_snapshot},
    {"meta", WEIGHT_INFO, meta},
    {"metaAndAssetCtxs", WEIGHT_INFO, meta_and_ctxs},
    {"spotMeta", WEIGHT_INFO, spot_meta},
    {"spotMetaAndAssetCtxs", WEIGHT_INFO, spot_meta_and_ctxs},
    {"perpDexs", WEIGHT_INFO, perp_dexs},
    {"allMids", WEIGHT_LIGHT, all_mids},
    {"exchangeStatus", WEIGHT_LIGHT, exchange_status},
    {"l2Book", WEIGHT_LIGHT, l2_book},
};

int
rest_info(struct sim *s, const struct json *j, int64_t conn, struct buf *out)
{
	const char *type = json_string(json_get(j, "type"));
	size_t n = sizeof(requests) / sizeof(requests[0]), i;

	for (i = 0; i < n; i++)
		if (type != NULL && strcmp(requests[i].type, type) == 0)
			break;
	if (i == n) {
		buf_adds(out, bad_shape);
		return 422;
	}
	if (!budget_spend(&s->budget, BUDGET_WEIGHT, requests[i].weight)) {
		buf_adds(out, "null");
		return 429;
	}
	s->stats.value[STATS_WEIGHT] += requests[i].weight;
	return requests[i].answer(s, j, conn, out);
}

/* --- the request --------------------------------------------------------- */

/* What type and coin a request asks for, for faults that mind. */
static struct fault_occasion
occasion(const struct peer *p, const struct json *j)
{
	const struct json *req = json_get(j, "req");

	return (struct fault_occasion){
	    .conn = p->number,
	    .type = json_string(json_get(j, "type")),
	    .coin = json_string(json_get(req, "coin")),
	    .interval = json_string(json_get(req, "interval")),
	};
}

static void
answer_status(struct peer *p, const struct fault *f)
{
	static const char html[] =
	    "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\" "
	    "\"http://www.w3.org/TR/html4/loose.dtd\">\n<HTML><HEAD><TITLE>"
	    "ERROR: The request could not be satisfied</TITLE></HEAD><BODY>"
	    "<H1>%d ERROR</H1><H2>The request could not be satisfied.</H2>"
	    "Generated by cloudfront</BODY></HTML>\n";
	int status = f->code > 0 ? (int)f->code : 429;
	struct buf b;

	buf_init(&b, 4096);
	if (strcmp(f->how, "html") == 0) {
		buf_addf(&b, html, status);
		peer_answer(p, status, "text/html", b.p, b.len);
	} else if (f->text[0] != '\0') {
		peer_answer(
		    p, status, "application/json", f->text, strlen(f->text));
	} else {
		peer_answer(p, status, "application/json", "null", 4);
	}
	buf_release(&b);
}

/* Misbehave instead of answering. True when a fault did. */
static bool
spoiled(struct peer *p, const struct fault_occasion *o)
{
	struct faults *fs = &p->sim->faults;
	struct fault *f;

	if (faultset_take(fs, FAULT_HANG, o) != NULL)
		return true; /* busy for ever */
	if (faultset_take(fs, FAULT_RESET, o) != NULL) {
		stream_end(&p->stream, true);
		return true;
	}
	f = faultset_take(fs, FAULT_STATUS, o);
	if (f != NULL)
		answer_status(p, f);
	return f != NULL;
}

void
rest_request(struct peer *p, const struct http_request *r)
{
	struct fault_occasion o;
	struct json *j;
	struct buf body;
	int status;

	if (!span_is(r->method, "POST")) {
		peer_answer(p, 405, "text/plain", "", 0);
		return;
	}
	sim_count(p->sim, STATS_REQUESTS, 1);
	j = json_parse(r->body.p, r->body.n, NULL);
	o = occasion(p, j);
	if (o.type != NULL && strlen(o.type) < sizeof(p->type))
		memcpy(p->type, o.type, strlen(o.type) + 1);
	if (spoiled(p, &o)) {
		json_free(j);
		return;
	}
	if (j == NULL) {
		peer_answer(p, 400, "text/plain",
		    "Failed to parse the request body as JSON", 40);
		return;
	}
	buf_init(&body, 64 << 20);
	status = rest_info(p->sim, j, p->number, &body);
	peer_answer(p, status,
	    status == 422 ? "text/plain; charset=utf-8" : "application/json",
	    body.p, body.len);
	buf_release(&body);
	json_free(j);
}
