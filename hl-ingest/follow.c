#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "hl-ingest/feed.h"

/* Rules are looked at this often: a cheap question. */
#define LOOK_EVERY_MS	 2000
#define LOOK_REAL_MIN_MS 50

/* Without --rules a store is a help, not a need. */
int
follow_open(struct feed *f, struct err *e)
{
	struct err why;

	f->rule_seq = -1;
	if (f->options.rules)
		return store_open(&f->store, f->options.db, STORE_CREATE, e);
	if (store_open(&f->store, f->options.db, 0, &why) < 0) {
		f->store = NULL;
		if (f->options.db != NULL) {
			*e = why;
			return -1;
		}
		log_debug("no store to resume from: %s", why.msg);
	}
	return 0;
}

int64_t
follow_last(struct feed *f, const struct member *m)
{
	int64_t open_ms;
	struct err e;
	int rc;

	if (f->store == NULL)
		return -1;
	rc = store_candle_last(f->store, m->coin, m->interval, &open_ms, &e);
	if (rc < 0)
		log_warn("store: %s", e.msg);
	return rc == 1 ? open_ms : -1;
}

static int
on_oldest(void *arg, const struct candle *c, struct err *e)
{
	(void)e;
	*(int64_t *)arg = c->open_ms;
	return 1;
}

int64_t
follow_stored(struct feed *f, const struct member *m, int64_t before_ms,
    int64_t *oldest_ms)
{
	struct store_candle_filter older = {
	    .symbol = m->coin,
	    .interval = m->interval,
	    .to_ms = before_ms - 1,
	    .ascending = true,
	    .limit = 1,
	};
	int64_t n = 0;
	struct err e;

	*oldest_ms = before_ms;
	if (store_candle_count(f->store, &older, &n, &e) < 0 ||
	    store_candle_list(f->store, &older, on_oldest, oldest_ms, &e) < 0)
		log_warn("store: %s", e.msg);
	return n;
}

static int
on_series(void *arg, const char *symbol, interval_id interval, int warmup_bars)
{
	struct feed *f = arg;
	struct member *m;

	/* "*" is every symbol that others ask for. */
	if (strcmp(symbol, "*") == 0) {
		f->any_warmup[interval] = warmup_bars;
		return 0;
	}
	m = feed_add(f, symbol, interval, true, warmup_bars);
	if (m != NULL)
		m->seen = true;
	return 0;
}

static void
look(struct feed *f)
{
	struct err e;
	int64_t seq;
	size_t i;

	if (store_rule_seq(f->store, &seq, &e) < 0) {
		log_warn("store: %s", e.msg);
		return;
	}
	if (seq == f->rule_seq)
		return;
	for (i = 0; i < f->n_members; i++)
		f->members[i]->seen = false;
	memset(f->any_warmup, 0, sizeof(f->any_warmup));
	if (store_rule_series(f->store, on_series, f, &e) < 0) {
		log_warn("store: %s", e.msg);
		return;
	}
	f->rule_seq = seq;
	for (i = f->n_members; i-- > 0;) {
		struct member *m = f->members[i];

		if (m->warmup_bars < f->any_warmup[m->interval])
			m->warmup_bars = f->any_warmup[m->interval];
		if (!m->by_rule || m->seen)
			continue;
		m->by_rule = false;
		if (!m->operand)
			feed_remove(f, m);
	}
}

int64_t
follow_step(struct feed *f, int64_t now_ms)
{
	int64_t wait = LOOK_EVERY_MS;

	if (!f->options.rules)
		return INT64_MAX;
	if (now_ms < f->rules_at_ms)
		return f->rules_at_ms;
	look(f);
	/* However fast the clocks run, leave the store some time. */
	while (clock_real_ms(wait) < LOOK_REAL_MIN_MS)
		wait *= 2;
	f->rules_at_ms = now_ms + wait;
	return f->rules_at_ms;
}

void
follow_beat(struct feed *f, bool ended)
{
	char host[128] = "";
	struct buf counters;
	struct err e;

	if (f->store == NULL || !f->options.rules)
		return;
	(void)gethostname(host, sizeof(host) - 1);
	buf_init(&counters, (size_t)16 * 1024);
	report_counters(f, &counters);
	if (ended && counters.len > 0) {
		counters.len--;
		buf_adds(&counters, ",\"ended\":true}");
	}
	if (buf_failed(&counters) ||
	    store_component_put(f->store, "hl-ingest", host, clock_now_ms(),
		counters.p, &e) < 0)
		log_debug("store: no heartbeat: %s", e.msg);
	buf_release(&counters);
}
