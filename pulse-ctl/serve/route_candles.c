/* /api/v1/candles */
#include <inttypes.h>
#include <string.h>

#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/routes.h"
#include "pulse-ctl/serve/values.h"

struct listing {
	struct buf *out;
	bool some;
};

static int
list_one(void *arg, const struct candle *c, struct err *e)
{
	struct listing *l = arg;

	(void)e;
	if (l->some)
		buf_addc(l->out, ',');
	l->some = true;
	record_candle(c, l->out);
	return 0;
}

static int
list_valued(void *arg, const struct candle *c, const char *json)
{
	struct listing *l = arg;

	(void)list_one(arg, c, NULL);
	/* Before the closing brace of the candle. */
	l->out->len--;
	return buf_addf(l->out, ",\"values\":%s}", json);
}

/* The indicators asked for by spec and by rule: 1, 0 after an answer that
 * says why not, or -1. */
static int
find_values(struct api *a, struct exchange *x, struct values *v, struct err *e)
{
	const char *text = api_text(x, "values"), *id = api_text(x, "rule_id");
	struct err why;
	struct uuid rule_id;
	struct rule r;
	int rc;

	if (text != NULL && values_parse(v, text, &why) < 0) {
		faults_add(x->faults, "value_error", "query.values", NULL, "%s",
		    why.msg);
		api_faulty(x);
		return 0;
	}
	if (id == NULL || uuid_parse(&rule_id, id, strlen(id)) < 0)
		return 1;
	rc = store_rule_get(a->st, &rule_id, &r, e);
	if (rc == 0)
		api_detail(x, 404, "Rule not found");
	if (rc > 0) {
		values_of_rule(v, &r);
		rule_release(&r);
	}
	return rc;
}

/* interval, else interval_seconds, else 1m. 0, or -1 after a fault. */
static int
find_interval(struct exchange *x, interval_id *out)
{
	const char *name = api_text(x, "interval");
	int64_t seconds = api_int(x, "interval_seconds");
	int i = interval_find("1m", 2);

	if (name != NULL) {
		i = interval_find(name, strlen(name));
	} else if (seconds > 0) {
		i = interval_find_step(seconds * 1000);
		if (i < 0)
			return faults_add(x->faults, "value_error",
			    "query.interval_seconds", NULL,
			    "no interval is so long: the intervals are %s",
			    interval_names());
	}
	*out = (interval_id)i;
	return 0;
}

int
route_candle_list(struct api *a, struct exchange *x, struct err *e)
{
	const char *order = api_text(x, "order");
	struct store_candle_filter f = {
	    .symbol = api_text(x, "symbol"),
	    .from_ms = api_time(x, "start_time", 0),
	    .to_ms = api_time(x, "end_time", INT64_MAX),
	    .ascending = order != NULL && strcmp(order, "asc") == 0,
	    .limit = api_int(x, "limit"),
	    .offset = api_int(x, "offset"),
	};
	struct listing l = {NULL, false};
	struct values v = {.n = 0};
	int64_t n;
	int rc;

	if (find_interval(x, &f.interval) < 0) {
		api_faulty(x);
		return 0;
	}
	rc = find_values(a, x, &v, e);
	if (rc <= 0)
		return rc;
	l.out = api_json(x, 200);
	if (store_candle_count(a->st, &f, &n, e) < 0)
		return -1;
	buf_adds(l.out, "{\"candles\":[");
	rc = v.n > 0 ? values_list(&v, a->st, &f, list_valued, &l, e)
		     : store_candle_list(a->st, &f, list_one, &l, e);
	if (rc < 0)
		return -1;
	buf_addf(l.out,
	    "],\"total\":%" PRId64 ",\"limit\":%" PRId64 ",\"offset\":%" PRId64
	    ",\"order\":\"%s\"}",
	    n, f.limit, f.offset, f.ascending ? "asc" : "desc");
	return 0;
}
