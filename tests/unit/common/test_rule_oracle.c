/*
 * The engine against a second opinion: every rule type with many levels and
 * periods over invented markets of closed bars; the windows in which each
 * rule must fire are worked out here from the definitions (reference.h for
 * the indicators), bar by bar, without any state. The two must agree on every
 * window of every rule.
 */
#include <stdlib.h>

#include "common/engine/engine.h"
#include "tests/unit/common/market.h"
#include "tests/unit/common/reference.h"
#include "tests/unit/tap.h"

#define RULES_MAX 160
#define STEP_S	  180

/* A rule and the bars on which it must fire, and did. */
struct watched {
	struct rule rule;
	char what[160];
	bool want[ROWS], got[ROWS];
};

struct bench {
	struct row v[ROWS];
	struct watched w[RULES_MAX];
	size_t n;
	int32_t scale;
	struct faults faults;
};

/* A new rule with nothing wanted yet. */
static struct watched *
add(struct bench *b, const char *type, const char *config)
{
	struct watched *w = &b->w[b->n++];
	char text[400];
	struct json *j;

	(void)snprintf(w->what, sizeof(w->what), "%s %s", type, config);
	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%zu\",\"symbol\":\"X\",\"interval\":\"3m\","
	    "\"rule_type\":\"%s\",\"config\":%s}",
	    b->n, type, config);
	j = json_parse(text, strlen(text), NULL);
	faults_init(&b->faults, "");
	if (j == NULL ||
	    rule_parse(&w->rule, j, RULE_IMPORTED, false, 0, &b->faults) < 0) {
		printf("Bail out! %s\n", text);
		exit(1);
	}
	json_free(j);
	return w;
}

static bool
holds(const char *op, int64_t price, int64_t level)
{
	if (strcmp(op, ">=") == 0)
		return price >= level;
	if (strcmp(op, "<=") == 0)
		return price <= level;
	return strcmp(op, ">") == 0 ? price > level : price < level;
}

/* A bar nobody watched: opened, reached high and low, closed. */
static bool
price_fires(const struct row *v, size_t i, const char *op, int64_t x)
{
	const struct row *b = &v[i];
	bool up, down;

	if (op[0] == '>' || op[0] == '<')
		return holds(op, op[0] == '>' ? b->high : b->low, x);
	up = (b->open <= x && b->high > x) || (b->low <= x && b->close > x);
	down = (b->open >= x && b->low < x) || (b->high >= x && b->close < x);
	if (i > 0) {
		up |= v[i - 1].close <= x && b->high > x;
		down |= v[i - 1].close >= x && b->low < x;
	}
	if (strcmp(op, "cross_up") == 0)
		return up;
	return strcmp(op, "cross_down") == 0 ? down : up || down;
}

static bool
close_fires(const struct row *v, size_t i, const char *op, int64_t x)
{
	bool up, down;

	if (op[0] == '>' || op[0] == '<')
		return holds(op, v[i].close, x);
	if (i == 0)
		return false;
	up = v[i].close > x && v[i - 1].close <= x;
	down = v[i].close < x && v[i - 1].close >= x;
	if (strcmp(op, "cross_up") == 0)
		return up;
	return strcmp(op, "cross_down") == 0 ? down : up || down;
}

/* Every operator at closes of the series, so that ties happen. */
static void
add_levels(struct bench *b)
{
	static const char *const ops[] = {
	    ">=", "<=", ">", "<", "cross_up", "cross_down", "cross"};
	static const size_t at[] = {0, 77, 500, ROWS - 1};
	char config[120], price[DECIMAL_TEXT_MAX];
	size_t k, o, i;

	for (k = 0; k < sizeof(at) / sizeof(at[0]); k++) {
		int64_t x = b->v[at[k]].close;
		struct watched *p, *c;

		decimal_print((struct decimal){x, b->scale}, price);
		for (o = 0; o < sizeof(ops) / sizeof(ops[0]); o++) {
			(void)snprintf(config, sizeof(config),
			    "{\"threshold\":\"%s\",\"operator\":\"%s\"}", price,
			    ops[o]);
			p = add(b, "price_threshold", config);
			(void)snprintf(config, sizeof(config),
			    "{\"value\":\"%s\",\"operator\":\"%s\"}", price,
			    ops[o]);
			c = add(b, "candle_close", config);
			for (i = 0; i < ROWS; i++) {
				p->want[i] = price_fires(b->v, i, ops[o], x);
				c->want[i] = close_fires(b->v, i, ops[o], x);
			}
		}
	}
}

static int64_t
min_of_two(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Lowest and highest price before bar i known to lie in the window. */
static void
past(const struct row *v, size_t i, int64_t window_s, int64_t *low,
    int64_t *high)
{
	int64_t from = v[i].open_ms + (STEP_S - window_s) * 1000;
	size_t k;

	for (k = i; k-- > 0;) {
		bool whole = v[k].open_ms >= from;

		if (!whole && v[k].open_ms + STEP_S * 1000 < from)
			break;
		*low = min_of_two(*low, whole ? v[k].low : v[k].close);
		*high = -min_of_two(-*high, whole ? -v[k].high : -v[k].close);
		if (!whole)
			break;
	}
}

/* percent in hundredths, so that everything is whole. */
static bool
move_fires(const struct row *v, size_t i, int64_t percent, int64_t window_s,
    const char *direction)
{
	const struct row *b = &v[i];
	int64_t low = INT64_MAX / 2, high = 0;
	bool up, down;

	past(v, i, window_s, &low, &high);
	up = (b->close - min_of_two(low, b->low)) * 10000 >=
	     percent * min_of_two(low, b->low);
	up |= (b->high - min_of_two(low, b->open)) * 10000 >=
	      percent * min_of_two(low, b->open);
	high = high > b->open ? high : b->open;
	down = (high - b->low) * 10000 >= percent * high;
	high = high > b->high ? high : b->high;
	down |= (high - b->close) * 10000 >= percent * high;
	if (strcmp(direction, "up") == 0)
		return up;
	return strcmp(direction, "down") == 0 ? down : up || down;
}

static void
add_moves(struct bench *b)
{
	static const char *const directions[] = {"any", "up", "down"};
	static const int64_t windows[] = {
	    STEP_S, 4 * STEP_S, 4 * STEP_S + 60, 20 * STEP_S};
	static const int64_t percents[] = {25, 50, 100};
	char config[160];
	size_t d, w, k, i;

	for (w = 0; w < 4; w++)
		for (k = 0; k < 3; k++)
			for (d = 0; d < 3; d++) {
				struct watched *r;

				(void)snprintf(config, sizeof(config),
				    "{\"percent_threshold\":\"%g\","
				    "\"window_seconds\":%d,"
				    "\"direction\":\"%s\"}",
				    (double)percents[k] / 100, (int)windows[w],
				    directions[d]);
				r = add(b, "percent_move", config);
				for (i = 0; i < ROWS; i++)
					r->want[i] =
					    move_fires(b->v, i, percents[k],
						windows[w], directions[d]);
			}
}

/* ta.crossover(x, level) on bar i. */
static bool
rises(const quad *x, size_t i, double level)
{
	return i > 0 && !ref_isnan(x[i - 1]) && x[i] > (quad)level &&
	       x[i - 1] <= (quad)level;
}

static bool
sinks(const quad *x, size_t i, double level)
{
	return i > 0 && !ref_isnan(x[i - 1]) && x[i] < (quad)level &&
	       x[i - 1] >= (quad)level;
}

static void
release(struct ref *r)
{
	int k;

	for (k = 0; k < REF_LINES; k++) {
		free(r->v[k]);
		r->v[k] = NULL;
	}
}

static void
add_rsi(struct bench *b, const struct rows *r)
{
	static const int periods[] = {2, 14, 30};
	struct watched *over, *under;
	struct ref x = {{NULL, NULL, NULL}};
	char config[120];
	size_t k, i;

	for (k = 0; k < 3; k++) {
		const double p[] = {periods[k], 0, 0};

		ref_rsi(r, p, &x);
		(void)snprintf(config, sizeof(config),
		    "{\"period\":%d,\"direction\":\"overbought\","
		    "\"threshold\":60}",
		    periods[k]);
		over = add(b, "rsi", config);
		(void)snprintf(config, sizeof(config),
		    "{\"period\":%d,\"direction\":\"oversold\"}", periods[k]);
		under = add(b, "rsi", config);
		for (i = 0; i < ROWS; i++) {
			over->want[i] = rises(x.v[0], i, 60);
			under->want[i] = sinks(x.v[0], i, 30);
		}
		release(&x);
	}
}

static void
add_macd(struct bench *b, const struct rows *r)
{
	static const int periods[][3] = {{12, 26, 9}, {3, 7, 4}, {1, 2, 2}};
	struct watched *bull = NULL, *bear = NULL;
	struct ref x = {{NULL, NULL, NULL}};
	char config[160];
	size_t k, i;

	for (k = 0; k < 3; k++) {
		const double p[] = {
		    periods[k][0], periods[k][1], periods[k][2]};

		ref_macd(r, p, &x);
		/* Equal is what no rounding of doubles can tell apart. */
		for (i = 0; i < ROWS; i++)
			if (ref_abs(x.v[2][i]) < (quad)1e-13 * r->v[i].close)
				x.v[2][i] = 0;
		for (i = 0; i < 2; i++) {
			(void)snprintf(config, sizeof(config),
			    "{\"fast_period\":%d,\"slow_period\":%d,"
			    "\"signal_period\":%d,\"crossover_type\":\"%s\"}",
			    periods[k][0], periods[k][1], periods[k][2],
			    i == 0 ? "bullish" : "bearish");
			*(i == 0 ? &bull : &bear) =
			    add(b, "macd_cross", config);
		}
		for (i = 0; i < ROWS; i++) {
			bull->want[i] = rises(x.v[2], i, 0);
			bear->want[i] = sinks(x.v[2], i, 0);
		}
		release(&x);
	}
}

static bool
band_fires(
    const struct rows *r, const struct ref *x, size_t i, bool lower, bool touch)
{
	const quad *band = x->v[lower ? 2 : 1];
	quad sign = lower ? -1 : 1;
	quad now = sign * ((quad)r->v[i].close - band[i]), before;

	if (ref_isnan(now) || !touch)
		return now > 0;
	if (i == 0)
		return false;
	before = sign * ((quad)r->v[i - 1].close - band[i - 1]);
	return now >= 0 && before < 0;
}

static void
add_bands(struct bench *b, const struct rows *r)
{
	static const double with[][2] = {{20, 2}, {5, 1.5}, {2, 1}, {50, 2.5}};
	struct ref x = {{NULL, NULL, NULL}};
	char config[160];
	size_t k, i;
	int way;

	for (k = 0; k < 4; k++) {
		ref_bb(r, with[k], &x);
		for (way = 0; way < 4; way++) {
			struct watched *w;

			(void)snprintf(config, sizeof(config),
			    "{\"period\":%g,\"std_dev\":\"%g\",\"band\":\"%s\","
			    "\"event\":\"%s\"}",
			    with[k][0], with[k][1], way & 1 ? "lower" : "upper",
			    way & 2 ? "touch" : "break");
			w = add(b, "bollinger_bands", config);
			for (i = 0; i < ROWS; i++)
				w->want[i] =
				    band_fires(r, &x, i, way & 1, way & 2);
		}
		release(&x);
	}
}

static int
note(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct bench *b = arg;
	size_t i = (size_t)((a->window_start_ms - b->v[0].open_ms) /
			    (STEP_S * 1000)),
	       k;

	(void)to;
	(void)e;
	for (k = 0; k < b->n; k++)
		if (uuid_cmp(&b->w[k].rule.id, &a->rule_id) == 0) {
			if (i >= ROWS || b->w[k].got[i])
				abort();
			b->w[k].got[i] = true;
		}
	return 0;
}

static void
judge(struct bench *b)
{
	const struct engine_calls calls = {.arg = b, .alert = note};
	const struct engine_options options = {.old_news = false};
	struct engine *g = engine_new(&options, &calls);
	struct candle c;
	struct err e;
	size_t i;

	if (g == NULL)
		abort();
	for (i = 0; i < b->n; i++)
		if (engine_rule_put(g, &b->w[i].rule, &e) < 0)
			abort();
	if (engine_warm(g, &e) < 0)
		abort();
	for (i = 0; i < ROWS; i++) {
		c = to_candle(&b->v[i], b->scale);
		c.interval = (interval_id)interval_find("3m", 2);
		c.close_ms = c.open_ms + STEP_S * 1000 - 1;
		c.recv_ms = c.trades = -1;
		c.state = CANDLE_CLOSED;
		c.symbol_len = 1;
		memcpy(c.symbol, "X", 2);
		if (engine_feed(g, &c, &e) != ENGINE_TAKEN)
			printf("# bar %zu was not taken\n", i);
	}
	if (engine_end(g, &e) < 0)
		abort();
	engine_free(g);
}

static void
test_market(enum kind kind, int64_t base, int32_t scale)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct rows r;
	size_t i, k;

	if (b == NULL)
		abort();
	b->scale = scale;
	make(b->v, kind, base, (uint64_t)kind + 5);
	/* In ticks: every definition here is indifferent to the unit. */
	r = (struct rows){b->v, ROWS, 1};
	add_levels(b);
	add_moves(b);
	add_rsi(b, &r);
	add_macd(b, &r);
	add_bands(b, &r);
	judge(b);
	for (k = 0; k < b->n; k++) {
		size_t wrong = 0, fired = 0;

		for (i = 0; i < ROWS; i++) {
			fired += b->w[k].want[i] ? 1 : 0;
			if (b->w[k].want[i] != b->w[k].got[i] && wrong++ < 3)
				printf(
				    "# bar %zu: want %d\n", i, b->w[k].want[i]);
		}
		ok(wrong == 0, "%s: %zu windows of %s %s", b->w[k].what, fired,
		    kind_names[kind], wrong == 0 ? "agree" : "DIFFER");
		rule_release(&b->w[k].rule);
	}
	free(b);
}

int
main(void)
{
	int kind;

	for (kind = 0; kind < KINDS; kind++)
		test_market((enum kind)kind, 6425050, 2);
	test_market(WALK, 12345, 12);
	test_market(STEPS, 12345, 6);
	return tap_done();
}
