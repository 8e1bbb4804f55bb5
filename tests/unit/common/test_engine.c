/*
 * The engine, on invented markets: rules found by the ladders against rules
 * asked one by one; a run that is cut and continued from what the store would
 * hold against one that is not; rules in another order; rules changed on the
 * way. Every random choice comes from a seed that a failure names.
 */
#include <stdlib.h>

#include "common/engine/book.h"
#include "common/engine/engine.h"
#include "common/engine/ladder.h"
#include "common/engine/range.h"
#include "common/engine/series.h"
#include "common/engine/sleepers.h"
#include "common/rules/rule_file.h"
#include "tests/unit/tap.h"

#define SERIES	5
#define RECORDS 1500
#define RULES	60

/* ---- chance ------------------------------------------------------------------ */

static uint64_t
chance(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static int
pick(uint64_t *state, int n)
{
	return (int)(chance(state) % (uint64_t)n);
}

/* ---- a market ---------------------------------------------------------------- */

struct market {
	uint64_t state;
	struct {
		int64_t t, price, high, low, open, volume;
		bool forming, silent;
	} s[SERIES];
	int64_t now_ms;
	bool rows; /* without x, each bar comes once */
	bool fine; /* small steps: mostly nothing happens */
	/* A closed bar that comes late, after updates of the next one. */
	struct candle late;
	int late_in; /* records until then; 0: none */
};

static const char *const symbols[SERIES] = {"A", "B", "kC", "A", "D"};
static const char *const intervals[SERIES] = {"1m", "1m", "5m", "5m", "1m"};

static void
market_start(struct market *m, uint64_t seed, bool rows, bool fine)
{
	int i;

	*m = (struct market){.state = seed,
	    .now_ms = INT64_C(1700000100000),
	    .rows = rows,
	    .fine = fine};
	for (i = 0; i < SERIES; i++) {
		m->s[i].price = (100 + 10 * i) * (fine ? 100 : 1);
		m->s[i].t = -1;
	}
}

static void
fill(struct market *m, int i, struct candle *c, enum candle_state state,
    bool with_time)
{
	int id = interval_find(intervals[i], strlen(intervals[i]));
	int32_t scale = m->fine ? 3 : 1;

	*c = (struct candle){
	    .open_ms = m->s[i].t,
	    .close_ms = m->s[i].t + interval_step((interval_id)id) - 1,
	    .recv_ms = with_time ? m->now_ms : -1,
	    .trades = 1,
	    .open = {m->s[i].open, scale},
	    .close = {m->s[i].price, scale},
	    .high = {m->s[i].high, scale},
	    .low = {m->s[i].low, scale},
	    .volume = {m->s[i].volume, 2},
	    .state = state,
	    .interval = (interval_id)id,
	    .symbol_len = (uint8_t)strlen(symbols[i]),
	};
	memcpy(c->symbol, symbols[i], strlen(symbols[i]) + 1);
}

/* Prices of few values, so that levels are touched exactly, and often. */
static void
trade(struct market *m, int i)
{
	int unit = m->fine ? 20 : 1, step = m->fine ? 6 : 1;
	int64_t p = m->s[i].price + (pick(&m->state, 7) - 3) * step;

	if (pick(&m->state, 40) == 0)
		p += (pick(&m->state, 41) - 20) * unit;
	p = p < 20 * unit ? 20 * unit : p;
	m->s[i].price = p;
	m->s[i].volume += pick(&m->state, 3);
	m->s[i].high = p > m->s[i].high ? p : m->s[i].high;
	m->s[i].low = p < m->s[i].low ? p : m->s[i].low;
}

static void
begin_bar(struct market *m, int i)
{
	int id = interval_find(intervals[i], strlen(intervals[i]));
	int64_t step = interval_step((interval_id)id);

	if (m->s[i].t < 0)
		m->s[i].t = m->now_ms - m->now_ms % step;
	else
		m->s[i].t += step * (pick(&m->state, 12) == 0 ? 3 : 1);
	if (m->now_ms < m->s[i].t)
		m->now_ms = m->s[i].t + 1;
	m->s[i].open = m->s[i].high = m->s[i].low = m->s[i].price;
	m->s[i].volume = 0;
	trade(m, i);
	m->s[i].forming = true;
	/* Some bars nobody watches: they come closed, at once. */
	m->s[i].silent = pick(&m->state, 4) == 0;
}

/* Series 1 is confirmed late: the record that closes its bar is put off, and
 * an update of the next bar comes instead. */
static void
put_off(struct market *m, struct candle *c)
{
	m->late = *c;
	m->late_in = 1 + pick(&m->state, 12);
	begin_bar(m, 1);
	m->s[1].silent = false;
	fill(m, 1, c, CANDLE_FORMING, true);
}

/* The next record. */
static void
market_next(struct market *m, struct candle *c)
{
	int i = pick(&m->state, SERIES);

	if (m->late_in > 0 && --m->late_in == 0) {
		*c = m->late;
		return;
	}
	if (i == 1 && m->late_in > 0)
		i = 0; /* its next bar must not close first */

	m->now_ms += pick(&m->state, 8000);
	if (!m->s[i].forming)
		begin_bar(m, i);
	trade(m, i);
	if (m->s[i].silent) {
		trade(m, i);
		trade(m, i);
	}
	/* Series 4 comes without x, as REST rows do. */
	if (i == 4) {
		fill(m, i, c, CANDLE_UNSAID, false);
		m->s[i].forming = !m->rows && pick(&m->state, 3) == 0;
	} else if (m->s[i].silent || pick(&m->state, 4) == 0) {
		fill(m, i, c, CANDLE_CLOSED, !m->s[i].silent || m->fine);
		if (m->now_ms <= c->close_ms)
			m->now_ms = c->close_ms + 1 + pick(&m->state, 2000);
		if (c->recv_ms >= 0)
			c->recv_ms = m->now_ms;
		m->s[i].forming = false;
		if (i == 1 && pick(&m->state, 3) == 0)
			put_off(m, c);
	} else {
		fill(m, i, c, CANDLE_FORMING, true);
	}
}

/* ---- rules ------------------------------------------------------------------- */

static void
random_rule(struct buf *out, uint64_t *state, int n, int types)
{
	static const char *const ops[] = {
	    ">=", "<=", ">", "<", "cross_up", "cross_down", "cross"};
	static const char *const on[] = {"tick", "close"};
	static const char *const where[] = {"A", "B", "kC", "*", "D"};
	static const char *const bars[] = {"1m", "1m", "5m"};
	const char *op = ops[pick(state, 7)];
	int level = types < 6 ? 95 + pick(state, 50) : 60 + pick(state, 120);
	int cool = pick(state, 3) * 90;
	/* Few rules leave the engine room to look away. */
	bool rests = types < 6 && pick(state, 5) > 0;

	buf_addf(out,
	    "{\"is_active\":%s,\"id\":\"00000000-0000-4000-8000-%012d\","
	    "\"name\":\"r%d\","
	    "\"symbol\":\"%s\",\"interval\":\"%s\",\"cooldown_seconds\":%d,",
	    rests ? "false" : "true", pick(state, 100000) * 1000 + n, n,
	    where[pick(state, 5)], bars[pick(state, 3)], cool);
	switch (n % types) {
	case 0:
		buf_addf(out,
		    "\"rule_type\":\"price_threshold\",\"config\":"
		    "{\"threshold\":\"%d.%d\",\"operator\":\"%s\","
		    "\"on\":\"%s\"}}",
		    level / 10, level % 10, op, on[pick(state, 2)]);
		break;
	case 1:
		buf_addf(out,
		    "\"rule_type\":\"percent_move\",\"config\":"
		    "{\"percent_threshold\":%d,\"window_seconds\":%d,"
		    "\"direction\":\"%s\",\"on\":\"%s\"}}",
		    types < 6 ? 1 + pick(state, 4) : 2 + pick(state, 30),
		    300 * (1 + pick(state, 3)),
		    pick(state, 3) == 0	  ? "any"
		    : pick(state, 2) == 0 ? "up"
					  : "down",
		    on[pick(state, 2)]);
		break;
	case 2:
		buf_addf(out,
		    "\"rule_type\":\"candle_close\",\"config\":"
		    "{\"value\":%d.%d,\"operator\":\"%s\"}}",
		    level / 10, level % 10, op);
		break;
	case 3:
		buf_addf(out,
		    "\"rule_type\":\"macd_cross\",\"config\":"
		    "{\"fast_period\":%d,\"slow_period\":%d,"
		    "\"signal_period\":%d,\"crossover_type\":\"%s\","
		    "\"on\":\"%s\"}}",
		    2 + pick(state, 2), 5 + pick(state, 2), 3,
		    pick(state, 2) ? "bullish" : "bearish", on[pick(state, 2)]);
		break;
	case 4:
		buf_addf(out,
		    "\"rule_type\":\"rsi\",\"config\":{\"period\":%d,"
		    "\"threshold\":%d,\"direction\":\"%s\",\"on\":\"%s\"}}",
		    2 + pick(state, 4), 30 + pick(state, 40),
		    pick(state, 2) ? "overbought" : "oversold",
		    on[pick(state, 2)]);
		break;
	default:
		buf_addf(out,
		    "\"rule_type\":\"bollinger_bands\",\"config\":"
		    "{\"period\":%d,\"std_dev\":%s,\"band\":\"%s\","
		    "\"event\":\"%s\",\"on\":\"%s\"}}",
		    4 + pick(state, 3), pick(state, 2) ? "1" : "1.5",
		    pick(state, 2) ? "upper" : "lower",
		    pick(state, 2) ? "touch" : "break", on[pick(state, 2)]);
	}
}

struct rules {
	struct rule v[2 * RULES];
	int n;
};

static int
keep_rule(void *arg, struct rule *r, struct err *e)
{
	struct rules *to = arg;

	(void)e;
	return rule_copy(&to->v[to->n++], r);
}

/* Rules of the first so many types and, from RULES on, another version of each
 * under the same id. */
static bool
make_rules(struct rules *to, uint64_t seed, int types)
{
	struct buf text, faults;
	uint64_t state;
	struct err e = {.msg = ""};
	int i, rc = 0;

	to->n = 0;
	buf_init(&text, 1 << 20);
	buf_init(&faults, 1 << 16);
	for (i = 0; i < 2 * RULES && rc == 0; i++) {
		state = seed + (uint64_t)i;
		buf_reset(&text);
		random_rule(&text, &state, i, types);
		rc = rule_file_parse(
		    text.p, text.len, false, 1, keep_rule, to, &faults, &e);
	}
	if (rc != 0)
		printf("# %s %s\n# %s\n", e.msg,
		    faults.p != NULL ? faults.p : "", text.p);
	for (i = 0; i < RULES && rc == 0; i++)
		to->v[RULES + i].id = to->v[i].id;
	buf_release(&text);
	buf_release(&faults);
	return rc == 0;
}

static void
free_rules(struct rules *r)
{
	while (r->n > 0)
		rule_release(&r->v[--r->n]);
}

/* ---- one run ------------------------------------------------------------------- */

/* What a store would hold. */
struct kept {
	struct candle bars[RECORDS];
	int nbars;
	int64_t newest; /* > 0: of each series only so many are there yet */
	struct {
		struct uuid id;
		char symbol[SYMBOL_TEXT_MAX];
		unsigned char state[ENGINE_RULE_STATE_BYTES];
	} fired[100000];
	int nfired;
	struct {
		char symbol[SYMBOL_TEXT_MAX];
		interval_id interval;
		unsigned char blob[1024];
		size_t n;
	} series[SERIES];
	int nseries;
};

struct run {
	struct engine *engine;
	struct buf out;
	struct kept *kept;
	int asked;
	bool rows, fine;
};

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct run *r = arg;
	struct kept *k = r->kept;

	(void)to;
	alert_print(a, &r->out);
	buf_addc(&r->out, '\n');
	if (k != NULL && k->nfired < 100000) {
		k->fired[k->nfired].id = a->rule_id;
		memcpy(k->fired[k->nfired].symbol, a->symbol,
		    strlen(a->symbol) + 1);
		engine_rule_state(a->triggered_ms, a->window_start_ms,
		    k->fired[k->nfired].state);
		k->nfired++;
	}
	return buf_failed(&r->out) ? err_set(e, "too much") : 0;
}

static int
on_closed(void *arg, const struct candle *c, struct err *e)
{
	struct run *r = arg;

	(void)e;
	if (r->kept != NULL && r->kept->nbars < RECORDS)
		r->kept->bars[r->kept->nbars++] = *c;
	return 0;
}

static int
on_judged(void *arg, const struct engine_judged *j, struct err *e)
{
	struct run *r = arg;

	(void)j, (void)e;
	r->asked++;
	return 0;
}

static int
on_history(void *arg, struct engine *g, const char *symbol,
    interval_id interval, int64_t n, struct err *e)
{
	struct run *r = arg;
	int i, skip = 0;

	if (r->kept->newest > 0 && n > r->kept->newest)
		n = r->kept->newest;
	for (i = 0; i < r->kept->nbars; i++)
		skip += r->kept->bars[i].interval == interval &&
			strcmp(r->kept->bars[i].symbol, symbol) == 0;
	skip = skip > n ? skip - (int)n : 0;
	for (i = 0; i < r->kept->nbars; i++) {
		const struct candle *c = &r->kept->bars[i];

		if (c->interval != interval || strcmp(c->symbol, symbol) != 0)
			continue;
		if (skip-- > 0)
			continue;
		if (engine_history(g, c, e) < 0)
			return -1;
	}
	return 0;
}

static int
keep_series(void *arg, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e)
{
	struct kept *k = arg;
	int i;

	(void)e;
	for (i = 0; i < k->nseries; i++)
		if (k->series[i].interval == interval &&
		    strcmp(k->series[i].symbol, symbol) == 0)
			break;
	if (i == k->nseries)
		k->nseries++;
	memcpy(k->series[i].symbol, symbol, strlen(symbol) + 1);
	k->series[i].interval = interval;
	memcpy(k->series[i].blob, blob, n);
	k->series[i].n = n;
	return 0;
}

enum {
	EVERYBODY = 1, /* ask each rule about each record */
	HISTORY = 2,
	ROWS = 4, /* of what has no x, each bar comes once */
	FINE = 8, /* small steps */
};

static bool
run_start(struct run *r, struct kept *kept, int how)
{
	struct engine_options o = {.old_news = false};
	struct engine_calls calls = {.arg = r,
	    .alert = on_alert,
	    .closed = on_closed,
	    .judged = how & EVERYBODY ? on_judged : NULL,
	    .history = how & HISTORY ? on_history : NULL};

	*r = (struct run){
	    .kept = kept, .rows = (how & ROWS) != 0, .fine = (how & FINE) != 0};
	buf_init(&r->out, (size_t)64 << 20);
	r->engine = engine_new(&o, &calls);
	return r->engine != NULL;
}

static void
run_end(struct run *r)
{
	engine_free(r->engine);
	buf_release(&r->out);
}

/* Feed records [from, to) of the seed's market; at change, half the rules
 * become their other versions and a few go. */
static bool
feed(struct run *r, uint64_t seed, int from, int to, int change,
    const struct rules *rules)
{
	struct market m;
	struct candle c;
	struct err e = {.msg = ""};
	int i, k;

	market_start(&m, seed, r->rows, r->fine);
	for (i = 0; i < to; i++) {
		market_next(&m, &c);
		if (i == change) {
			for (k = 0; k < RULES; k += 2)
				if (engine_rule_put(r->engine,
					&rules->v[RULES + k], &e) < 0)
					goto failed;
			for (k = 1; k < RULES; k += 10)
				engine_rule_delete(r->engine, &rules->v[k].id);
		}
		if (i >= from &&
		    engine_feed(r->engine, &c, &e) == ENGINE_FAILED)
			goto failed;
	}
	return true;
failed:
	printf("# seed %" PRIu64 ": %s\n", seed, e.msg);
	return false;
}

static bool
put_rules(struct run *r, const struct rules *rules, bool backwards)
{
	struct err e;
	int i;

	for (i = 0; i < RULES; i++)
		if ((backwards ? engine_rule_add(
				     r->engine, &rules->v[RULES - 1 - i], &e)
			       : engine_rule_put(r->engine, &rules->v[i], &e)) <
		    0) {
			printf("# %s\n", e.msg);
			return false;
		}
	return true;
}

static bool
same_text(const struct buf *a, const struct buf *b)
{
	size_t i = 0;

	if (a->len == b->len && memcmp(a->p, b->p, a->len) == 0)
		return true;
	while (i < a->len && i < b->len && a->p[i] == b->p[i])
		i++;
	while (i > 0 && a->p[i - 1] != '\n')
		i--;
	printf("# %zu and %zu bytes\n# %.400s\n# %.400s\n", a->len, b->len,
	    i < a->len ? a->p + i : "(end)", i < b->len ? b->p + i : "(end)");
	return false;
}

/* ---- tests ------------------------------------------------------------------------ */

static void
test_ladders_against_everybody(uint64_t seed, struct rules *rules, int how)
{
	struct run a, b;
	int change = RECORDS / 3;

	if (!ok(run_start(&a, NULL, how) &&
		    run_start(&b, NULL, how | EVERYBODY) &&
		    put_rules(&a, rules, false) && put_rules(&b, rules, true) &&
		    feed(&a, seed, 0, RECORDS, change, rules) &&
		    feed(&b, seed, 0, RECORDS, change, rules),
		"seed %" PRIu64 ": the runs end", seed))
		return;
	ok(how & FINE ? b.asked > 0 : a.out.len > 0 && b.asked > RECORDS,
	    "rules were asked");
	ok(same_text(&a.out, &b.out),
	    "seed %" PRIu64 ": ladders find what asking every rule finds, "
	    "rules changed on the way, in any order",
	    seed);
	run_end(&a);
	run_end(&b);
}

static bool
put_first(struct run *r, const struct rules *rules)
{
	return put_rules(r, rules, false);
}

/* Continue from what is kept, with the rules that put makes of them. */
static bool
restart_with(struct run *r, struct kept *k, const struct rules *rules,
    bool (*put)(struct run *r, const struct rules *rules), int how)
{
	struct err e = {.msg = ""};
	int i;

	if (!run_start(r, k, HISTORY | how) || !put(r, rules))
		return false;
	for (i = 0; i < k->nseries; i++)
		if (engine_series_add(r->engine, k->series[i].symbol,
			k->series[i].interval, &e) < 0)
			return false;
	if (engine_warm(r->engine, &e) < 0)
		return false;
	for (i = 0; i < k->nfired; i++)
		if (engine_rule_restore(r->engine, &k->fired[i].id,
			k->fired[i].symbol, k->fired[i].state,
			ENGINE_RULE_STATE_BYTES) < 0)
			return false;
	for (i = 0; i < k->nseries; i++)
		if (engine_series_restore(r->engine, k->series[i].symbol,
			k->series[i].interval, k->series[i].blob,
			k->series[i].n) < 0)
			return false;
	return true;
}

static bool
restart(struct run *r, struct kept *k, const struct rules *rules, int how)
{
	return restart_with(r, k, rules, put_first, how);
}

static void
test_cut(uint64_t seed, struct rules *rules, struct kept *k, int cut, int how)
{
	struct run whole, first, second;
	struct err e;

	k->nbars = k->nfired = k->nseries = 0;
	if (!ok(run_start(&whole, NULL, how) &&
		    put_rules(&whole, rules, false) &&
		    feed(&whole, seed, 0, RECORDS, -1, rules) &&
		    run_start(&first, k, how) &&
		    put_rules(&first, rules, false) &&
		    feed(&first, seed, 0, cut, -1, rules) &&
		    engine_series_changed(first.engine, keep_series, k, &e) ==
			0 &&
		    restart(&second, k, rules, how) &&
		    feed(&second, seed, cut, RECORDS, -1, rules),
		"the runs end"))
		return;
	buf_add(&first.out, second.out.p, second.out.len);
	ok(same_text(&whole.out, &first.out),
	    "seed %" PRIu64 ": cut at record %d, the same bytes", seed, cut);
	run_end(&whole);
	run_end(&first);
	run_end(&second);
}

static bool
put_changed(struct run *r, const struct rules *rules)
{
	struct err e;
	int i;

	for (i = 0; i < RULES; i++) {
		const struct rule *v = &rules->v[i % 2 == 0 ? RULES + i : i];

		if (i % 10 != 1 && engine_rule_put(r->engine, v, &e) < 0)
			return false;
	}
	return true;
}

/* Rules change, some their symbol or interval, and later it is cut: what was
 * kept over the change is what is kept over the cut. */
static void
test_cut_after_change(
    uint64_t seed, struct rules *rules, struct kept *k, struct kept *k2)
{
	const int change = RECORDS / 3, cut = change + 1 + (int)seed * 7 % 300;
	struct run whole, first, second;
	struct err e;

	k->nbars = k->nfired = k->nseries = 0;
	k2->nbars = k2->nfired = k2->nseries = 0;
	if (!ok(run_start(&whole, k2, HISTORY) &&
		    put_rules(&whole, rules, false) &&
		    feed(&whole, seed, 0, RECORDS, change, rules) &&
		    run_start(&first, k, HISTORY) &&
		    put_rules(&first, rules, false) &&
		    feed(&first, seed, 0, cut, change, rules) &&
		    engine_series_changed(first.engine, keep_series, k, &e) ==
			0 &&
		    restart_with(&second, k, rules, put_changed, 0) &&
		    feed(&second, seed, cut, RECORDS, -1, rules),
		"the runs end"))
		return;
	buf_add(&first.out, second.out.p, second.out.len);
	ok(same_text(&whole.out, &first.out),
	    "seed %" PRIu64 ": rules changed at record %d and cut at %d, the "
	    "same bytes",
	    seed, change, cut);
	run_end(&whole);
	run_end(&first);
	run_end(&second);
}

/* The same records again, from an earlier one on: nothing new comes of it. */
static void
test_overlap(uint64_t seed, struct rules *rules, struct kept *k, int cut)
{
	struct run whole, first, second;
	struct err e;
	int back = cut / 2;

	k->nbars = k->nfired = k->nseries = 0;
	if (!ok(run_start(&whole, NULL, ROWS) &&
		    put_rules(&whole, rules, false) &&
		    feed(&whole, seed, 0, RECORDS, -1, rules) &&
		    run_start(&first, k, ROWS) &&
		    put_rules(&first, rules, false) &&
		    feed(&first, seed, 0, cut, -1, rules) &&
		    engine_series_changed(first.engine, keep_series, k, &e) ==
			0 &&
		    restart(&second, k, rules, ROWS) &&
		    feed(&second, seed, back, RECORDS, -1, rules),
		"the runs end"))
		return;
	buf_add(&first.out, second.out.p, second.out.len);
	ok(same_text(&whole.out, &first.out),
	    "seed %" PRIu64 ": cut at %d and fed again from %d, the same bytes",
	    seed, cut, back);
	run_end(&whole);
	run_end(&first);
	run_end(&second);
}

static bool
grow(struct run *r, const struct kept *k, struct err *e)
{
	int i;

	for (i = 0; i < k->nseries; i++)
		engine_history_grew(
		    r->engine, k->series[i].symbol, k->series[i].interval);
	return engine_warm(r->engine, e) == 0;
}

/* It goes on with one bar of each series, and the older ones come later. */
static void
test_older(uint64_t seed, struct rules *rules, struct kept *k, int cut)
{
	struct run whole, first, second;
	struct err e;

	k->nbars = k->nfired = k->nseries = 0;
	if (!ok(run_start(&whole, NULL, 0) && put_rules(&whole, rules, false) &&
		    feed(&whole, seed, 0, RECORDS, -1, rules) &&
		    run_start(&first, k, 0) &&
		    put_rules(&first, rules, false) &&
		    feed(&first, seed, 0, cut, -1, rules) &&
		    engine_series_changed(first.engine, keep_series, k, &e) ==
			0,
		"the runs end"))
		return;
	k->newest = 1;
	ok(restart(&second, k, rules, 0), "it goes on with one bar a series");
	k->newest = 0;
	ok(grow(&second, k, &e) && feed(&second, seed, cut, RECORDS, -1, rules),
	    "then the others are there, and it runs to the end");
	buf_add(&first.out, second.out.p, second.out.len);
	ok(same_text(&whole.out, &first.out),
	    "seed %" PRIu64 ": older bars that come after record %d, the same "
	    "bytes as if they had been there",
	    seed, cut);
	run_end(&whole);
	run_end(&first);
	run_end(&second);
}

static void
test_ladder(void)
{
	struct ladder l;
	uint64_t state = 7;
	uint32_t first, n;
	int i, k, good = 1, count;
	int key[500];
	bool in[500];

	ladder_init(&l, LADDER_LOWEST);
	for (i = 0; i < 500; i++) {
		key[i] = pick(&state, 200);
		in[i] = ladder_add(&l, key[i], (uint32_t)i) == 0;
		if (i % 50 == 0)
			good &= ladder_sort(&l) == 0;
	}
	for (i = 0; i < 3000; i++) {
		int a = pick(&state, 220) - 10, b = pick(&state, 220) - 10;

		k = pick(&state, 500);
		if (in[k]) {
			good &= ladder_remove(&l, key[k], (uint32_t)k) == 1;
			in[k] = false;
		} else {
			good &= ladder_remove(&l, key[k], (uint32_t)k) == 0;
			in[k] = ladder_add(&l, key[k], (uint32_t)k) == 0;
		}
		good &= ladder_sort(&l) == 0;
		ladder_place(&l, b);
		n = ladder_range(&l, a, b, &first);
		for (k = 0, count = 0; k < 500; k++)
			count += in[k] && key[k] >= a && key[k] < b;
		for (; n > 0; n--, first++) {
			good &= l.key[first] >= a && l.key[first] < b;
			count -= l.ref[first] != LADDER_GONE;
		}
		good &= count == 0;
		good &= l.at == 0 || l.key[l.at - 1] < b;
		good &= l.at == l.n || l.key[l.at] >= b;
	}
	ladder_release(&l);
	ok(good, "a ladder finds what a loop finds, while rungs come and go");
	ok(ladder_key_double(-0.0) == ladder_key_double(0.0) &&
		ladder_key_double(-1) < ladder_key_double(-1e-300) &&
		ladder_key_double(-5e-324) + 1 == ladder_key_double(0) &&
		ladder_key_double(1e300) > ladder_key_double(3),
	    "keys of doubles keep their order");
}

static void
test_range(void)
{
	struct range r;
	struct candle c = {.open = {1, 0}};
	struct decimal low, high;
	int64_t until;

	range_init(&r, 120000);
	ok(!range_get(&r, 0, &low, &high, &until),
	    "an empty range has no price");
	c.open_ms = 0;
	c.close_ms = 59999;
	c.low = (struct decimal){5, 0};
	c.high = (struct decimal){20, 0};
	c.close = (struct decimal){10, 0};
	range_add(&r, &c);
	c.open_ms = 60000;
	c.close_ms = 119999;
	c.low = (struct decimal){8, 0};
	c.high = (struct decimal){12, 0};
	c.close = (struct decimal){11, 0};
	range_add(&r, &c);
	ok(range_get(&r, 120000, &low, &high, &until) && low.mant == 5 &&
		high.mant == 20,
	    "bars wholly inside count with low and high");
	ok(range_get(&r, 120001, &low, &high, &until) && low.mant == 8 &&
		high.mant == 12,
	    "of a bar that straddles the edge only the close counts");
	ok(range_get(&r, 180000, &low, &high, &until) && low.mant == 8 &&
		high.mant == 12,
	    "a close at the edge itself is inside");
	ok(range_get(&r, 180001, &low, &high, &until) && low.mant == 11 &&
		high.mant == 11,
	    "the last close alone");
	ok(range_get(&r, 240000, &low, &high, &until) && low.mant == 11,
	    "until it leaves the window");
	ok(!range_get(&r, 240001, &low, &high, &until),
	    "then nothing is known");
	range_release(&r);
}

static void
test_sleepers(void)
{
	struct sleepers s = {.v = NULL};
	uint64_t state = 3;
	int64_t last = INT64_MIN;
	bool good = true;
	int i;

	for (i = 0; i < 300; i++) {
		struct sleeper x = {.wake_ms = pick(&state, 50)};

		good &= sleepers_push(&s, &x) == 0;
	}
	while (s.n > 0) {
		struct sleeper x = sleepers_pop(&s);

		good &= x.wake_ms >= last;
		last = x.wake_ms;
	}
	sleepers_release(&s);
	ok(good, "sleepers wake in order");
}

/* Names that differ in their last letters only, as coins do, lie apart: none
 * is found behind a queue of others. */
static void
test_series_table(void)
{
	struct series_table t;
	uint32_t i, run = 0, longest = 0;
	bool found = true;
	char name[16];
	size_t n;

	series_table_init(&t);
	for (i = 0; i < 1000; i++) {
		n = (size_t)snprintf(name, sizeof(name), "C%" PRIu32, i);
		(void)series_add(&t, name, n, 0);
	}
	for (i = 0; i < 1000; i++) {
		n = (size_t)snprintf(name, sizeof(name), "C%" PRIu32, i);
		found &= series_find(&t, name, n, 0) == i;
	}
	for (i = 0; i < t.slots; i++) {
		run = t.slot[i] != 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	ok(found, "each of a thousand series is found");
	ok(longest < 64, "they lie apart: %" PRIu32 " in a row at most",
	    longest);
	series_table_release(&t);
}

/* Rules come, go and are looked for in any order; an array says what the book
 * must know. Adding without looking leaves the index behind: it catches up. */
static void
test_book(void)
{
	struct rule r = {.type = rule_type_at(0), .name = "n", .symbol = "S"};
	uint32_t place[500];
	struct book b;
	uint64_t state = 9;
	bool good = true;
	int i, k;

	book_init(&b);
	for (i = 0; i < 500; i++)
		place[i] = BOOK_NONE;
	for (i = 0; i < 20000 && good; i++) {
		k = pick(&state, 500);
		memcpy(r.id.b, &k, sizeof(k));
		if (place[k] == BOOK_NONE) {
			place[k] = book_add(&b, &r);
			good &= place[k] != BOOK_NONE;
		} else if (pick(&state, 3) > 0) {
			good &= book_find(&b, &r.id) == place[k];
			book_remove(&b, place[k]);
			place[k] = BOOK_NONE;
			good &= book_find(&b, &r.id) == BOOK_NONE;
		} else {
			good &= book_find(&b, &r.id) == place[k];
		}
	}
	for (k = 0; k < 500; k++) {
		memcpy(r.id.b, &k, sizeof(k));
		good &= book_find(&b, &r.id) == place[k];
	}
	ok(good, "a book of rules knows its rules");
	book_release(&b);
}

/* A rule for which there was no place, as there are too many series, is known
 * all the same: it may be changed, moved to a series that is there, and go. */
static void
test_no_place(struct rules *rules)
{
	struct rule r = rules->v[0];
	struct run run;
	struct err e = {.msg = ""};
	char name[16], known[16] = "0", other[16] = "other";
	bool good;
	int i;

	good = run_start(&run, NULL, 0);
	for (i = 0; i < SERIES_MAX && good; i++) {
		(void)snprintf(name, sizeof(name), "%d", i);
		good = engine_series_add(run.engine, name, 0, &e) == 0;
	}
	ok(good, "there are as many series as there may be");
	r.interval = 0;
	r.symbol = other;
	r.is_active = true;
	ok(engine_rule_put(run.engine, &r, &e) < 0 &&
		strstr(e.msg, "one series too many") != NULL,
	    "a rule on one more is refused");
	r.cooldown_seconds++;
	ok(engine_rule_put(run.engine, &r, &e) < 0 &&
		strstr(e.msg, "one series too many") != NULL,
	    "with another cooldown, too");
	r.symbol = known;
	ok(engine_rule_put(run.engine, &r, &e) == 0,
	    "on a series that is there it has its place");
	ok(engine_rule_delete(run.engine, &r.id) == 1, "and it can go");
	run_end(&run);
}

int
main(void)
{
	struct rules *rules = malloc(sizeof(*rules));
	struct kept *kept = malloc(sizeof(*kept));
	struct kept *other = malloc(sizeof(*other));
	uint64_t seed;

	if (rules == NULL || kept == NULL || other == NULL)
		return 1;
	kept->newest = other->newest = 0;
	test_ladder();
	test_range();
	test_sleepers();
	test_series_table();
	test_book();
	if (ok(make_rules(rules, 1, 6), "rules are made"))
		test_no_place(rules);
	free_rules(rules);
	for (seed = 1; seed <= 12; seed++) {
		uint64_t state = seed * 77;

		if (!ok(make_rules(rules, seed * 1000, 6), "rules are made"))
			break;
		test_ladders_against_everybody(seed, rules, 0);
		test_cut(seed, rules, kept, 1 + pick(&state, RECORDS - 1), 0);
		test_cut(seed, rules, kept, 1 + pick(&state, RECORDS - 1), 0);
		test_cut_after_change(seed, rules, kept, other);
		test_older(seed, rules, kept, 1 + pick(&state, RECORDS - 1));
		test_overlap(seed, rules, kept, 2 + pick(&state, RECORDS - 2));
		free_rules(rules);
	}
	/* Prices and moves alone, where the engine looks at few records. */
	for (seed = 100; seed < 200; seed++) {
		if (!ok(make_rules(rules, seed * 1000, 3), "rules are made"))
			break;
		test_ladders_against_everybody(seed, rules, FINE);
		test_cut(seed, rules, kept, 1 + (int)seed * 13 % RECORDS, FINE);
		free_rules(rules);
	}
	free(rules);
	free(kept);
	free(other);
	return tap_done();
}
