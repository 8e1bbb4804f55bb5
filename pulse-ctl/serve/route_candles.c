/* /api/v1/candles */
#include <inttypes.h>
#include <string.h>

#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/routes.h"

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
	int64_t n;

	if (find_interval(x, &f.interval) < 0) {
		api_faulty(x);
		return 0;
	}
	l.out = api_json(x, 200);
	if (store_candle_count(a->st, &f, &n, e) < 0)
		return -1;
	buf_adds(l.out, "{\"candles\":[");
	if (store_candle_list(a->st, &f, list_one, &l, e) < 0)
		return -1;
	buf_addf(l.out,
	    "],\"total\":%" PRId64 ",\"limit\":%" PRId64 ",\"offset\":%" PRId64
	    ",\"order\":\"%s\"}",
	    n, f.limit, f.offset, f.ascending ? "asc" : "desc");
	return 0;
}
