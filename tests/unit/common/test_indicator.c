/*
 * Every indicator against its definition in binary128 (reference.h), over
 * invented markets that hurt: spikes of 1e7, crashes, flat stretches, prices
 * of 1e-8, prices that grow more digits, days without volume. And what holds
 * whatever the numbers: peeking changes nothing, a copied state goes on the
 * same, the first value comes when indicator_first() says.
 */
#include <stdlib.h>

#include "common/indicators/indicator.h"
#include "tests/unit/common/market.h"
#include "tests/unit/common/reference.h"
#include "tests/unit/tap.h"

static const char *const specs[] = {"sma:20", "sma:1", "sma:7", "ema:20",
    "ema:1", "wma:20", "wma:1", "wma:33", "rma:14", "rsi:14", "rsi:1", "rsi:5",
    "macd:12:26:9", "macd:1:2:1", "bb:20:2", "bb:1:2", "bb:5:1.5", "tr",
    "atr:14", "atr:1", "dmi:14:14", "dmi:1:1", "dmi:7:3", "stoch:14:3:3",
    "stoch:1:1:1", "stoch:5:1:3", "cci:20", "cci:2", "cci:150", "mfi:14",
    "mfi:1", "obv", "roc:10", "roc:1", "donchian:20", "donchian:1",
    "supertrend:10:3", "supertrend:1:0.5", "vwap"};

#define SPECS (sizeof(specs) / sizeof(specs[0]))

static void *
start(const struct indicator_spec *s)
{
	void *state = malloc(indicator_size(s));

	if (state == NULL)
		abort();
	indicator_start(s, state);
	return state;
}

/* Values of the whole series into got[bar][line]. */
static void
run(const struct indicator_spec *s, const struct row *v, int32_t scale,
    double (*got)[INDICATOR_LINES_MAX])
{
	struct indicator_scale ticks = {0};
	struct indicator_bar bar;
	struct candle c;
	void *state = start(s);
	size_t i;

	for (i = 0; i < ROWS; i++) {
		c = to_candle(&v[i], scale);
		indicator_bar(&ticks, &c, &bar);
		indicator_step(s, state, &bar, got[i]);
	}
	free(state);
}

/* The side of a supertrend is not defined once the range has shrunk below
 * what a double can add to the price. */
static bool
comparable(const char *name, enum kind kind, size_t i)
{
	return strcmp(name, "supertrend") != 0 ||
	       !(kind == FLAT && i > ROWS / 2 + 100);
}

static double (*values)[INDICATOR_LINES_MAX];

/* Bars whose value differs from the reference by more than it may. */
static size_t
count_wrong(const struct indicator_spec *s, const char *name, enum kind kind,
    const struct rows *r, const struct ref *want)
{
	double largest[INDICATOR_LINES_MAX] = {0}, volume = 0;
	size_t i, wrong = 0;
	int k;

	for (i = 0; i < r->n; i++) {
		volume += (double)r->v[i].volume / 1000;
		for (k = 0; k < indicator_lines(s); k++) {
			double w = (double)want->v[k][i], g = values[i][k];
			double close = (double)r->v[i].close / r->unit;

			if (!comparable(name, kind, i))
				continue;
			if (!isnan(w) && fabs(w) > largest[k])
				largest[k] = fabs(w);
			if (isnan(w) && isnan(g))
				continue;
			if (fabs(w - g) <=
			    ref_limit(name, k, w, close, largest[k], volume))
				continue;
			if (wrong++ == 0)
				printf("# bar %zu line %d: got %.17g, "
				       "want %.17g\n",
				    i, k, g, w);
		}
	}
	return wrong;
}

static void
test_reference(enum kind kind, int64_t base, int32_t scale, double unit)
{
	struct row *v = calloc(ROWS, sizeof(*v));
	const struct rows r = {v, ROWS, unit};
	struct indicator_spec s;
	size_t i, k;

	if (v == NULL)
		abort();
	make(v, kind, base, (uint64_t)kind + 77);
	for (i = 0; i < SPECS; i++) {
		struct ref want = {{NULL, NULL, NULL}};
		char name[16];

		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(specs[i], ":"), specs[i]);
		indicator_spec_parse(&s, specs[i], strlen(specs[i]), NULL);
		ref_find(name)(&r, s.param, &want);
		run(&s, v, scale, values);
		is_int((int64_t)count_wrong(&s, name, kind, &r, &want), 0,
		    specs[i]);
		for (k = 0; k < REF_LINES; k++)
			free(want.v[k]);
	}
	printf("# of %s at 1e-%d\n", kind_names[kind], scale);
	free(v);
}

/* First value, peek, copy: on a walk. */
static void
test_handling(void)
{
	struct row *v = calloc(ROWS, sizeof(*v));
	struct indicator_spec s;
	size_t i, k, n;

	if (v == NULL)
		abort();
	make(v, DIGITS, 642505000, 5);
	for (k = 0; k < SPECS; k++) {
		double a[INDICATOR_LINES_MAX], b[INDICATOR_LINES_MAX];
		double c[INDICATOR_LINES_MAX];
		struct indicator_scale ticks = {0};
		bool peeks = true, copies = true, defined;
		struct indicator_bar bar;
		struct candle candle;
		void *state, *copy;
		int64_t first = -1;

		indicator_spec_parse(&s, specs[k], strlen(specs[k]), NULL);
		n = (size_t)indicator_lines(&s) * sizeof(a[0]);
		state = start(&s);
		copy = malloc(indicator_size(&s));
		for (i = 0; i < ROWS; i++) {
			candle = to_candle(&v[(i * 7) % ROWS], 4);
			candle.open_ms = v[i].open_ms;
			indicator_bar(&ticks, &candle, &bar);
			(void)indicator_peek(&s, state, &bar, a);
			candle = to_candle(&v[i], 4);
			indicator_bar(&ticks, &candle, &bar);
			(void)indicator_peek(&s, state, &bar, b);
			memcpy(copy, state, indicator_size(&s));
			indicator_step(&s, state, &bar, a);
			indicator_step(&s, copy, &bar, c);
			peeks &= memcmp(a, b, n) == 0;
			copies &= memcmp(a, c, n) == 0 &&
				  memcmp(copy, state, indicator_size(&s)) == 0;
			defined = !isnan(a[indicator_lines(&s) - 1]);
			if (first < 0 && defined)
				first = (int64_t)i + 1;
		}
		ok(peeks, "%s: a peek is what the step then gives", specs[k]);
		ok(copies, "%s: a copied state goes on the same", specs[k]);
		is_int(first, indicator_first(&s), "first value as said");
		ok(indicator_settled(&s) >= indicator_first(&s),
		    "settled no earlier");
		free(state);
		free(copy);
	}
	free(v);
}

/* Long flat stretches must not wear averages down to 0/0. */
static void
test_long_flat(void)
{
	static const char *const which[] = {"rsi:14", "dmi:14:14", "atr:14"};
	struct indicator_scale ticks = {0};
	struct indicator_bar bar;
	struct candle c = {.open = {100, 0},
	    .high = {101, 0},
	    .low = {99, 0},
	    .close = {100, 0},
	    .volume = {1, 0}};
	double out[INDICATOR_LINES_MAX], before;
	struct indicator_spec s;
	void *state;
	size_t k;
	int i;

	for (k = 0; k < 2; k++) {
		indicator_spec_parse(&s, which[k], strlen(which[k]), NULL);
		state = start(&s);
		for (i = 0; i < 100; i++) {
			int64_t x = 100 + (i * 7) % 5;

			c.close.mant = c.open.mant = x;
			c.high.mant = x + i % 3;
			c.low.mant = x - i % 4;
			indicator_bar(&ticks, &c, &bar);
			indicator_step(&s, state, &bar, out);
		}
		c.high = c.low = c.open = c.close;
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
		before = out[0];
		for (i = 0; i < 50000; i++)
			indicator_step(&s, state, &bar, out);
		ok(out[0] >= before && out[0] <= before,
		    "%s stays through 50,000 flat bars", which[k]);
		c.close.mant = c.high.mant = bar.close + 1;
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
		ok(isfinite(out[0]) && out[0] > 99,
		    "%s sees only the rise after them", which[k]);
		free(state);
	}
}

/* A price beyond all ticks coarsens them, and they recover. */
static void
test_absurd(void)
{
	static const char *const which[] = {"sma:20", "wma:20", "bb:20:2",
	    "cci:20", "stoch:14:3:3", "donchian:20", "mfi:14", "roc:10"};
	struct indicator_scale ticks, fresh;
	struct indicator_bar bar;
	struct candle c;
	double a[INDICATOR_LINES_MAX], b[INDICATOR_LINES_MAX];
	struct indicator_spec s;
	void *state, *other;
	struct row *v = calloc(ROWS, sizeof(*v));
	size_t k, i, n;

	if (v == NULL)
		abort();
	make(v, WALK, 12345, 3);
	for (k = 0; k < sizeof(which) / sizeof(which[0]); k++) {
		indicator_spec_parse(&s, which[k], strlen(which[k]), NULL);
		n = (size_t)indicator_lines(&s) * sizeof(a[0]);
		ticks = fresh = (struct indicator_scale){0};
		state = start(&s);
		other = start(&s);
		for (i = 0; i < 12 * ROWS; i++) {
			c = to_candle(&v[i % ROWS], 12);
			c.open_ms = (int64_t)i * 60000;
			if (i == 50)
				c.high = c.close = (struct decimal){
				    INT64_C(900000000000000000), 0};
			indicator_bar(&ticks, &c, &bar);
			indicator_step(&s, state, &bar, a);
			if (i < 10 * ROWS)
				continue;
			indicator_bar(&fresh, &c, &bar);
			indicator_step(&s, other, &bar, b);
		}
		ok(memcmp(a, b, n) == 0,
		    "%s: nothing is left of a price of 9e17", which[k]);
		free(state);
		free(other);
	}
	free(v);
}

static const struct {
	const char *in, *out; /* NULL: refused */
	const char *word;
} texts[] = {
    {"rsi", "rsi:14", NULL},
    {"rsi:7", "rsi:7", NULL},
    {"macd", "macd:12:26:9", NULL},
    {"macd:5", "macd:5:26:9", NULL},
    {"bb:20:2.50", "bb:20:2.5", NULL},
    {"bb", "bb:20:2", NULL},
    {"stoch", "stoch:14:3:3", NULL},
    {"supertrend:10:3", "supertrend:10:3", NULL},
    {"tr", "tr", NULL},
    {"obv", "obv", NULL},
    {"", NULL, "no indicator"},
    {"rsx:14", NULL, "no indicator 'rsx'"},
    {"RSI:14", NULL, "no indicator"},
    {"rsi:0", NULL, "between 1 and 5000"},
    {"rsi:5001", NULL, "between"},
    {"rsi:1000000000", NULL, "between"},
    {"rsi:1.5", NULL, "whole"},
    {"rsi:-1", NULL, "between"},
    {"rsi:nan", NULL, "between"},
    {"rsi:", NULL, "between"},
    {"rsi:14:3", NULL, "at most 1"},
    {"obv:1", NULL, "at most 0"},
    {"macd:26:12:9", NULL, "below"},
    {"bb:20:0", NULL, "mult"},
    {"bb:20:1e300", NULL, "mult"},
};

static void
test_specs(void)
{
	char text[INDICATOR_SPEC_TEXT_MAX];
	struct indicator_spec s, again;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int rc = indicator_spec_parse(
		    &s, texts[i].in, strlen(texts[i].in), &e);

		if (texts[i].out == NULL) {
			ok(rc < 0 && strstr(e.msg, texts[i].word) != NULL,
			    "'%s' is refused for '%s'", texts[i].in,
			    texts[i].word);
			continue;
		}
		if (!ok(rc == 0, "'%s' is taken", texts[i].in))
			continue;
		indicator_spec_text(&s, text);
		is_str(text, texts[i].out, "canonical text");
		indicator_spec_parse(&again, text, strlen(text), &e);
		ok(indicator_spec_equal(&s, &again) &&
			indicator_spec_hash(&s) == indicator_spec_hash(&again),
		    "which names the same");
	}
	s = indicator_spec_make("bb", 20, 2, 0);
	again = indicator_spec_make("bb", 20, 2.5, 0);
	ok(!indicator_spec_equal(&s, &again) &&
		indicator_spec_hash(&s) != indicator_spec_hash(&again),
	    "other parameters, another indicator");
	for (i = 0; indicator_name_at(i) != NULL; i++)
		ok(ref_find(indicator_name_at(i)) != NULL &&
			indicator_doc_at(i)[0] != '\0',
		    "%s is described and has a reference",
		    indicator_name_at(i));
}

static void
test_print(void)
{
	const double v[INDICATOR_LINES_MAX] = {0.1, NAN, 70.5};
	const double none[INDICATOR_LINES_MAX] = {NAN, NAN, NAN};
	struct indicator_spec s = indicator_spec_make("dmi", 14, 14, 0);
	struct buf out;

	buf_init(&out, 1000);
	indicator_print(&s, v, &out);
	is_str(out.p,
	    "{\"plus\":0.10000000000000001,\"minus\":null,\"adx\":70.5}",
	    "several lines print as an object");
	buf_reset(&out);
	s = indicator_spec_make("rsi", 14, 0, 0);
	indicator_print(&s, v, &out);
	is_str(out.p, "0.10000000000000001", "one prints as a number");
	buf_reset(&out);
	indicator_print(&s, none, &out);
	is_str(out.p, "null", "none as null");
	buf_release(&out);
}

/* On a straight line, line and signal of a macd are equal: so says hist, and
 * it has a sign again when the line breaks. */
static void
test_straight(void)
{
	struct indicator_spec s = indicator_spec_make("macd", 12, 26, 9);
	struct indicator_scale ticks = {0};
	double out[INDICATOR_LINES_MAX];
	struct indicator_bar bar;
	void *state = start(&s);
	struct candle c = {.volume = {1, 0}};
	bool equal = true;
	int i;

	for (i = 0; i < 151; i++) {
		c.open = c.high = c.low = c.close =
		    (struct decimal){i < 150 ? 1000 + i : 1148, 1};
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
		if (i >= 33 && i < 150)
			equal &= out[2] >= 0 && out[2] <= 0;
	}
	ok(equal, "on a straight line hist is 0");
	ok(out[2] < -0.01, "and below when it breaks");
	free(state);
}

/* Gains of 7 against losses of 3 are 70, also where their means are not whole
 * numbers. */
static void
test_seventy(void)
{
	static const int64_t closes[] = {1000, 1001, 1002, 1003, 1004, 1005,
	    1006, 1007, 1006, 1005, 1004, 1004, 1004, 1004, 1004};
	struct indicator_spec s = indicator_spec_make("rsi", 14, 0, 0);
	struct indicator_scale ticks = {0};
	double out[INDICATOR_LINES_MAX];
	struct indicator_bar bar;
	void *state = start(&s);
	struct candle c = {.volume = {1, 0}};
	size_t i;

	for (i = 0; i < sizeof(closes) / sizeof(closes[0]); i++) {
		c.open = c.high = c.low = c.close =
		    (struct decimal){closes[i], 1};
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
	}
	ok(out[0] >= 70 && out[0] <= 70, "the first rsi is exactly 70");
	free(state);
}

/* A close that lies on the band by its decimals is on it as a double too. */
static void
test_ties(void)
{
	struct indicator_spec s = indicator_spec_make("bb", 5, 2, 0);
	struct indicator_scale ticks = {0};
	double out[INDICATOR_LINES_MAX];
	struct indicator_bar bar;
	void *state = start(&s);
	bool flat = true;
	struct candle c = {.volume = {1, 0}};
	int i;

	/* 0.1, 0.1, 0.1, 0.1, 0.3: the band of two deviations is 0.3. */
	for (i = 0; i < 5; i++) {
		c.open = c.high = c.low = c.close =
		    (struct decimal){i == 4 ? 3 : 1, 1};
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
	}
	ok(out[1] >= 0.3 && out[1] <= 0.3, "upper band exactly on the close");
	for (i = 0; i < 50; i++) {
		c.open = c.high = c.low = c.close = (struct decimal){7, 1};
		indicator_bar(&ticks, &c, &bar);
		indicator_step(&s, state, &bar, out);
		if (i >= 5)
			flat &= out[0] >= 0.7 && out[1] <= 0.7 && out[2] >= 0.7;
	}
	ok(flat, "flat bands lie exactly on the price");
	free(state);
}

int
main(void)
{
	int kind;

	values = calloc(ROWS, sizeof(*values));
	if (values == NULL)
		return 1;
	for (kind = 0; kind < KINDS; kind++)
		test_reference((enum kind)kind, 6425050, 2, 1e2);
	test_reference(WALK, 12345, 12, 1e12);
	test_reference(STEPS, 12345, 12, 1e12);
	test_reference(SPIKE, 10000, 2, 100);
	test_reference(WALK, 1000000, 1, 10);
	test_handling();
	test_long_flat();
	test_absurd();
	test_specs();
	test_print();
	test_straight();
	test_seventy();
	test_ties();
	free(values);
	return tap_done();
}
