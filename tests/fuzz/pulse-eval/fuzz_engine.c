/*
 * Records in any sequence through two engines with the same rules: one that
 * finds them by its ladders, one that asks each about each record. They must
 * tell the same, and a third that is rebuilt from what a store would hold
 * must go on as if nothing had happened.
 *
 * The input is lines. A line that begins with "{" is a candle as pulse-eval
 * reads it; of any other the first six bytes make one: series and state, bars
 * on or back, movement of the close, high above it, low below it, time.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/engine/engine.h"
#include "common/rules/rule_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define SERIES	   3
#define BARS_MAX   2000
#define FIRES_MAX  20000
#define LIVE_MAX   64
#define TEXT_MAX   ((size_t)64 << 20)
#define RULE(type) "{\"symbol\":\"A\",\"rule_type\":\"" type "\","

static const char
    rules
	[] = RULE("price_threshold") "\"name\":\"1\",\"config\":{\"threshold\":"
				     "10,"
				     "\"operator\":\">=\"},\"cooldown_"
				     "seconds\":90}" RULE("price_threshold") "\"name\":\"2\",\"config\":{\"threshold\":9.5,"
									     "\"operator\":\"<\"}}" RULE(
										 "price_threshold") "\"name\":\"3\",\"config\":{\"threshold\":10,"
												    "\"operator\":\"cross\"}}" RULE("price_threshold") "\"name\":\"4\",\"config\":{\"threshold\":10.1,"
																		       "\"operator\":\"cross_up\",\"on\":\"close\"}}" RULE("percent_move") "\"name\":\"5\",\"config\":{\"percent_threshold\":5,"
																											   "\"window_seconds\":120}}" RULE("percent_move") "\"name\":\"6\",\"config\":{\"percent_threshold\":9,"
																																	   "\"window_seconds\":300,\"direction\":\"down\","
																																	   "\"on\":\"close\"},\"cooldown_seconds\":200}" RULE("candle_close") "\"name\":\"7\",\"config\":{\"value\":10,"
																																									      "\"operator\":\"<=\"}}" RULE("macd_cross") "\"name\":\"8\",\"config\":{\"fast_period\":2,"
																																															 "\"slow_period\":3,\"signal_period\":2,"
																																															 "\"crossover_type\":\"bullish\",\"on\":\"tick\"}}" RULE("rsi") "\"name\":\"9\",\"config\":{\"period\":2,"
																																																							"\"direction\":\"overbought\",\"threshold\":60}}" RULE("rsi") "\"name\":\"a\",\"config\":{\"period\":2,"
																																																														      "\"direction\":\"oversold\",\"on\":\"tick\"}}" RULE("bollinger_bands") "\"name\":\"b\",\"config\":{\"period\":3,"
																																																																							     "\"std_dev\":1,\"band\":\"upper\",\"on\":"
																																																																							     "\"tick\",\"event\":\"break\"}}" RULE(
																																																																								 "bollinger_bands") "\"name\":\"c\",\"config\":{\"period\":3,"
																																																																										    "\"std_dev\":1,\"band\":\"lower\"}}"
																																																																										    "{\"symbol\":\"*\",\"rule_type\":\"price_threshold\",\"name\":\"d\","
																																																																										    "\"config\":{\"threshold\":10.5,\"operator\":\">\"}}";

struct fired {
	struct uuid id;
	char symbol[SYMBOL_TEXT_MAX];
	unsigned char state[ENGINE_RULE_STATE_BYTES];
};

/* An engine, what it told, and what a store would hold of it. */
struct side {
	struct engine *g;
	struct buf told;
	struct candle bars[BARS_MAX];
	size_t nbars;
	struct fired fired[FIRES_MAX];
	size_t nfired;
	struct {
		char symbol[SYMBOL_TEXT_MAX];
		interval_id interval;
		unsigned char blob[1024];
		size_t n;
	} live[LIVE_MAX];
	size_t nlive;
};

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct side *s = arg;

	(void)to, (void)e;
	alert_print(a, &s->told);
	buf_addc(&s->told, '\n');
	if (s->nfired < FIRES_MAX) {
		struct fired *f = &s->fired[s->nfired++];

		f->id = a->rule_id;
		memcpy(f->symbol, a->symbol, strlen(a->symbol) + 1);
		engine_rule_state(
		    a->triggered_ms, a->window_start_ms, f->state);
	}
	return 0;
}

static int
on_closed(void *arg, const struct candle *c, struct err *e)
{
	struct side *s = arg;

	(void)e;
	if (s->nbars < BARS_MAX)
		s->bars[s->nbars++] = *c;
	return 0;
}

static int
on_judged(void *arg, const struct engine_judged *j, struct err *e)
{
	(void)arg, (void)j, (void)e;
	return 0;
}

static int
on_history(void *arg, struct engine *g, const char *symbol,
    interval_id interval, int64_t n, struct err *e)
{
	struct side *s = arg;
	size_t i, skip = 0;

	for (i = 0; i < s->nbars; i++)
		skip += s->bars[i].interval == interval &&
			strcmp(s->bars[i].symbol, symbol) == 0;
	skip = n < (int64_t)skip ? skip - (size_t)n : 0;
	for (i = 0; i < s->nbars; i++)
		if (s->bars[i].interval == interval &&
		    strcmp(s->bars[i].symbol, symbol) == 0 &&
		    (skip == 0 || skip-- == 0) &&
		    engine_history(g, &s->bars[i], e) < 0)
			return -1;
	return 0;
}

static int
put_rule(void *arg, struct rule *r, struct err *e)
{
	return engine_rule_put(arg, r, e);
}

static void
start(struct side *s, bool everybody)
{
	struct engine_options o = {.old_news = false};
	struct engine_calls calls = {.arg = s,
	    .alert = on_alert,
	    .closed = on_closed,
	    .judged = everybody ? on_judged : NULL,
	    .history = on_history};
	struct buf faults;
	struct err e;

	buf_init(&faults, 10000);
	s->g = engine_new(&o, &calls);
	if (s->g == NULL || rule_file_parse(rules, strlen(rules), false, 1,
				put_rule, s->g, &faults, &e) != 0)
		abort();
	buf_release(&faults);
}

static int
keep(void *arg, const char *symbol, interval_id interval, const void *blob,
    size_t n, struct err *e)
{
	struct side *s = arg;
	size_t i;

	(void)e;
	for (i = 0; i < s->nlive; i++)
		if (s->live[i].interval == interval &&
		    strcmp(s->live[i].symbol, symbol) == 0)
			break;
	if (i == LIVE_MAX || n > sizeof(s->live[i].blob))
		return 0;
	s->nlive += i == s->nlive;
	memcpy(s->live[i].symbol, symbol, strlen(symbol) + 1);
	s->live[i].interval = interval;
	memcpy(s->live[i].blob, blob, n);
	s->live[i].n = n;
	return 0;
}

/* The engine ends and another takes over. */
static void
rebuild(struct side *s)
{
	struct engine *old = s->g;
	struct err e;
	size_t i;

	start(s, false);
	for (i = 0; i < s->nbars; i++)
		if (engine_series_add(
			s->g, s->bars[i].symbol, s->bars[i].interval, &e) < 0)
			abort();
	if (engine_warm(s->g, &e) < 0)
		abort();
	for (i = 0; i < s->nfired; i++)
		if (engine_rule_restore(s->g, &s->fired[i].id,
			s->fired[i].symbol, s->fired[i].state,
			ENGINE_RULE_STATE_BYTES) < 0)
			abort();
	if (engine_series_changed(old, keep, s, &e) < 0)
		abort();
	for (i = 0; i < s->nlive; i++)
		if (engine_series_restore(s->g, s->live[i].symbol,
			s->live[i].interval, s->live[i].blob, s->live[i].n) < 0)
			abort();
	engine_free(old);
}

/* The market that six bytes move. */
struct market {
	int64_t t[SERIES], price[SERIES], now_ms;
};

static void
make(struct market *m, const uint8_t *b, struct candle *c)
{
	static const char *const names[SERIES] = {"A", "B", "A"};
	static const char *const bars[SERIES] = {"1m", "1m", "5m"};
	int i = b[0] % SERIES, id = interval_find(bars[i], 2);
	int64_t step = interval_step((interval_id)id), close;

	m->t[i] += (b[1] % 8 - 1 - (b[1] % 8 > 3 ? b[1] % 8 - 1 : 0)) * step;
	if (m->t[i] < 0)
		m->t[i] = 0;
	m->price[i] += (int8_t)b[2] / 4;
	if (m->price[i] < 10)
		m->price[i] = 10;
	close = m->price[i];
	m->now_ms += b[5] * 500;
	*c = (struct candle){
	    .open_ms = INT64_C(1700000100000) / 300000 * 300000 + m->t[i],
	    .recv_ms = (b[0] & 64) != 0 ? m->now_ms : -1,
	    .trades = 1,
	    .open = {close, 1},
	    .close = {close, 1},
	    .high = {close + b[3] % 16, 1},
	    .low = {close - b[4] % 16 > 0 ? close - b[4] % 16 : 1, 1},
	    .volume = {b[3], 1},
	    .state = b[0] / 4 % 4 == 0	 ? CANDLE_UNSAID
		     : b[0] / 4 % 4 == 1 ? CANDLE_CLOSED
					 : CANDLE_FORMING,
	    .interval = (interval_id)id,
	    .symbol_len = 1,
	};
	c->close_ms = c->open_ms + step - 1;
	memcpy(c->symbol, names[i], 2);
}

static void
feed(struct side *s, const struct candle *c, bool hole)
{
	struct err e;

	if (hole && engine_hole(s->g, c->symbol, c->interval, &e) < 0)
		abort();
	if (engine_feed(s->g, c, &e) == ENGINE_FAILED)
		abort();
}

static void
run(struct side s[3], const uint8_t *p, size_t n)
{
	struct market m = {.now_ms = INT64_C(1700000100000)};
	const uint8_t *end = p + n, *nl;
	struct candle c;
	struct err e;
	size_t len, lines = 0;
	int i;

	m.price[0] = m.price[1] = m.price[2] = 100;
	for (; p < end && lines < BARS_MAX; p = nl + 1, lines++) {
		bool hole = false;

		nl = memchr(p, '\n', (size_t)(end - p));
		nl = nl != NULL ? nl : end;
		len = (size_t)(nl - p);
		if (len > 0 && *p == '{') {
			if (candle_parse(&c, (const char *)p, len, &e) !=
			    CANDLE_LINE_CANDLE)
				continue;
		} else if (len >= 6) {
			make(&m, p, &c);
			hole = p[0] % 32 == 31;
			if (p[0] % 64 == 63)
				rebuild(&s[2]);
		} else {
			continue;
		}
		for (i = 0; i < 3; i++)
			feed(&s[i], &c, hole);
	}
	for (i = 0; i < 3; i++)
		if (engine_end(s[i].g, &e) < 0)
			abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct side *s = calloc(3, sizeof(*s));
	int i;

	if (s == NULL)
		return 0;
	for (i = 0; i < 3; i++) {
		buf_init(&s[i].told, TEXT_MAX);
		start(&s[i], i == 1);
	}
	run(s, p, n);
	for (i = 1; i < 3; i++)
		if (s[0].told.len != s[i].told.len ||
		    (s[0].told.len > 0 &&
			memcmp(s[0].told.p, s[i].told.p, s[0].told.len) != 0))
			abort();
	for (i = 0; i < 3; i++) {
		engine_free(s[i].g);
		buf_release(&s[i].told);
	}
	free(s);
	return 0;
}
