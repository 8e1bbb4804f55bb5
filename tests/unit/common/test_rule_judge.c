/*
 * When each rule type fires, and what it then says. Levels are judged twice:
 * by the rule, and by the spans that sorted levels go by.
 */
#include <math.h>
#include <stdlib.h>

#include "common/rules/rule_type.h"
#include "tests/unit/tap.h"

#define NONE                                                                   \
	{                                                                      \
		NAN, NAN, NAN                                                  \
	}

struct scene {
	const char *type, *config;
	const char *previous; /* NULL: none */
	const char *open, *high, *low, *close;
	bool unwatched;
	const char *window_low, *window_high; /* NULL: none */
	double now[3], before[3];
	/* NULL: does not fire; else the trigger value. */
	const char *value;
	/* Of the message behind "BTC 1m: ", or of why it does not fire. */
	const char *words;
};

#define GE	"{\"threshold\":\"100\",\"operator\":\">=\"}"
#define LE	"{\"threshold\":\"100\",\"operator\":\"<=\"}"
#define GT	"{\"threshold\":\"100\",\"operator\":\">\"}"
#define LT	"{\"threshold\":\"100\",\"operator\":\"<\"}"
#define UP	"{\"threshold\":\"100\",\"operator\":\"cross_up\"}"
#define DOWN	"{\"threshold\":\"100\",\"operator\":\"cross_down\"}"
#define CROSS	"{\"threshold\":\"100\",\"operator\":\"cross\"}"
#define GE_SHUT "{\"threshold\":\"100\",\"operator\":\">=\",\"on\":\"close\"}"
#define PRICE(cfg, prev, price)                                                \
	.type = "price_threshold", .config = cfg, .previous = prev,            \
	.open = price, .high = price, .low = price, .close = price
#define UNWATCHED(cfg, prev, o, h, l, c)                                       \
	.type = "price_threshold", .config = cfg, .previous = prev, .open = o, \
	.high = h, .low = l, .close = c, .unwatched = true
#define CLOSE(op, prev, c)                                                     \
	.type = "candle_close",                                                \
	.config = "{\"value\":\"0.3\",\"operator\":\"" op "\"}",               \
	.previous = prev, .open = "0.2", .high = "9", .low = "0.01",           \
	.close = c, .unwatched = true
#define MOVE(percent, dir, lo, hi, o, h, l, c)                                 \
	.type = "percent_move",                                                \
	.config = "{\"percent_threshold\":\"" percent                          \
		  "\",\"window_seconds\":300,\"direction\":\"" dir "\"}",      \
	.window_low = lo, .window_high = hi, .open = o, .high = h, .low = l,   \
	.close = c
#define MACD(kind)                                                             \
	.type = "macd_cross", .config = "{\"crossover_type\":\"" kind "\"}",   \
	.open = "1", .high = "1", .low = "1", .close = "1"
#define RSI(dir)                                                               \
	.type = "rsi", .config = "{\"direction\":\"" dir "\"}", .open = "1",   \
	.high = "1", .low = "1", .close = "1"
#define BANDS(band, event, prev, c)                                            \
	.type = "bollinger_bands",                                             \
	.config = "{\"band\":\"" band "\",\"event\":\"" event "\"}",           \
	.previous = prev, .open = c, .high = c, .low = c, .close = c

static const struct scene scenes[] = {
    {PRICE(GE, NULL, "100.0"), .value = "100.0", .words = "price 100.0 >= 100"},
    {PRICE(GE, NULL, "99.999999999999999"), .words = "not on the rule's side"},
    {PRICE(GE, NULL, "1e2"), .value = "100", .words = "price 100 >= 100"},
    {PRICE(GT, NULL, "100.00"), .words = "side"},
    {PRICE(GT, NULL, "100.000000000000001"), .value = "100.000000000000001",
	.words = "price 100.000000000000001 > 100"},
    {PRICE(LE, NULL, "100"), .value = "100", .words = "price 100 <= 100"},
    {PRICE(LE, NULL, "100.5"), .words = "side"},
    {PRICE(LT, NULL, "100.0"), .words = "side"},
    {PRICE(LT, NULL, "99.5"), .value = "99.5", .words = "price 99.5 < 100"},
    /* Crosses: above now and not above before. */
    {PRICE(UP, NULL, "101"), .words = "no price before"},
    {PRICE(UP, "99", "101"), .value = "101",
	.words = "price 101 crossed above 100"},
    {PRICE(UP, "100.0", "101"), .value = "101", .words = "crossed above"},
    {PRICE(UP, "99", "100.0"), .words = "did not cross"},
    {PRICE(UP, "101", "102"), .words = "did not cross"},
    {PRICE(UP, "101", "99"), .words = "did not cross"},
    {PRICE(DOWN, "101", "99"), .value = "99",
	.words = "price 99 crossed below 100"},
    {PRICE(DOWN, "100", "99.9"), .value = "99.9", .words = "crossed below"},
    {PRICE(DOWN, "101", "100"), .words = "did not cross"},
    {PRICE(DOWN, "99", "98"), .words = "did not cross"},
    {PRICE(CROSS, "99", "101"), .value = "101", .words = "crossed above"},
    {PRICE(CROSS, "101", "99"), .value = "99", .words = "crossed below"},
    {PRICE(CROSS, "100", "100.0"), .words = "did not cross"},
    /* A bar nobody watched: its high and low were prices too. */
    {UNWATCHED(GE, NULL, "90", "100.0", "80", "95"), .value = "100.0",
	.words = "price 100.0 >= 100"},
    {UNWATCHED(GE, NULL, "90", "110", "80", "105"), .value = "105",
	.words = "price 105 >= 100"},
    {UNWATCHED(GE, NULL, "90", "99", "80", "95"), .words = "side"},
    {UNWATCHED(GE_SHUT, NULL, "90", "110", "80", "95"), .words = "side"},
    {UNWATCHED(LT, NULL, "110", "120", "99.9", "105"), .value = "99.9",
	.words = "price 99.9 < 100"},
    {UNWATCHED(LT, NULL, "110", "120", "100", "105"), .words = "side"},
    {UNWATCHED(UP, "90", "92", "101", "91", "95"), .value = "101",
	.words = "price 101 crossed above 100"},
    {UNWATCHED(UP, NULL, "92", "101", "91", "95"), .value = "101",
	.words = "crossed above"},
    {UNWATCHED(UP, "105", "104", "110", "99", "106"), .value = "106",
	.words = "crossed above"},
    {UNWATCHED(UP, "105", "104", "110", "101", "106"),
	.words = "did not cross"},
    /* Low and high in an order nobody knows: not assumed. */
    {UNWATCHED(UP, "105", "104", "110", "95", "99"), .words = "did not"},
    {UNWATCHED(DOWN, "105", "104", "110", "95", "106"), .value = "95",
	.words = "price 95 crossed below 100"},
    {UNWATCHED(DOWN, "95", "96", "101", "94", "99"), .value = "99",
	.words = "crossed below"},
    {UNWATCHED(DOWN, "95", "96", "100", "94", "99"), .value = "99",
	.words = "crossed below"},
    {UNWATCHED(DOWN, "95", "96", "99.9", "94", "99"), .words = "did not"},
    /* The close alone, high and low or not. */
    {CLOSE(">=", NULL, "0.3"), .value = "0.3", .words = "close 0.3 >= 0.3"},
    {CLOSE(">=", NULL, "0.30000000000000001"), .value = "0.30000000000000001",
	.words = "close"},
    {CLOSE(">=", NULL, "0.29999999999999999"), .words = "side"},
    {CLOSE(">", NULL, "0.30"), .words = "side"},
    {CLOSE("cross_up", "0.3", "0.4"), .value = "0.4",
	.words = "close 0.4 crossed above 0.3"},
    {CLOSE("cross_up", "0.31", "0.4"), .words = "did not cross"},
    {CLOSE("cross_down", "0.3", "0.2"), .value = "0.2", .words = "below"},
    {CLOSE("cross", NULL, "0.4"), .words = "no price before"},
    /* Exactly five percent of 0.1 is 0.005, though not in doubles. */
    {MOVE("5", "any", "0.1", "0.1", "0.1", "0.105", "0.1", "0.105"),
	.value = "0.105",
	.words = "price moved +5.0000% within 300 s, from 0.1 to 0.105"},
    {MOVE("5", "any", "0.1", "0.1", "0.1", "0.1049999", "0.1", "0.1049999"),
	.words = "did not move that far"},
    {MOVE("5", "down", "0.1", "0.1", "0.1", "0.105", "0.1", "0.105"),
	.words = "did not move"},
    {MOVE("5", "down", "100", "100", "99", "99", "95.0", "95.0"),
	.value = "95.0", .words = "moved -5.0000%"},
    {MOVE("5", "up", "100", "100", "99", "99", "95", "95"),
	.words = "did not move"},
    {MOVE("5", "any", "100", "100", "99", "99", "95", "95"), .value = "95",
	.words = "moved -5.0000%"},
    /* Extremes of the window, and of the bar itself. */
    {MOVE("10", "up", "90", "200", "95", "99", "95", "99"), .value = "99",
	.words = "from 90 to 99"},
    {MOVE("10", "up", NULL, NULL, "95", "99", "90", "99"), .value = "99",
	.words = "from 90 to 99"},
    {MOVE("10", "up", NULL, NULL, "95", "99", "91", "99"),
	.words = "did not move"},
    /* Watched: only the close moved. Unwatched: the high did too, but only
     * from what is known to come before it. */
    {MOVE("10", "up", "90", "100", "95", "99.5", "95", "96"),
	.words = "did not move"},
    {MOVE("10", "up", "90", "100", "95", "99.5", "95", "96"), .unwatched = true,
	.value = "99.5", .words = "from 90 to 99.5"},
    {MOVE("10", "up", NULL, NULL, "95", "99.5", "90", "96"), .unwatched = true,
	.words = "did not move"},
    {MOVE("10", "down", "90", "100", "95", "96", "90.0", "94"),
	.unwatched = true, .value = "90.0", .words = "from 100 to 90.0"},
    {MOVE("0.000000000000000001", "up", NULL, NULL, "999999999999999998",
	 "999999999999999999", "999999999999999998", "999999999999999999"),
	.value = "999999999999999999", .words = "moved"},
    {MOVE("1000000", "up", NULL, NULL, "0.00000000000000001",
	 "999999999999999999", "0.00000000000000001", "999999999999999999"),
	.value = "999999999999999999", .words = "moved"},
    {MACD("bullish"), .now = {2, 1, 1}, .before = {1, 1, 0}, .value = "2",
	.words = "MACD(12,26,9) crossed above its signal, 2 against 1"},
    {MACD("bullish"), .now = {1, 1, 0}, .before = {0, 1, -1},
	.words = "not above its signal"},
    {MACD("bullish"), .now = {2, 1, 1}, .before = {2, 1, 1},
	.words = "above its signal before"},
    {MACD("bullish"), .now = {2, 1, 1}, .before = NONE,
	.words = "no value before"},
    {MACD("bullish"), .now = {2, NAN, NAN}, .before = NONE,
	.words = "not warm"},
    {MACD("bearish"), .now = {-0.5, 0.25, -0.75}, .before = {1, 1, 0},
	.value = "-0.5", .words = "crossed below its signal, -0.5"},
    {MACD("bearish"), .now = {1, 1, 0}, .before = {2, 1, 1},
	.words = "not below"},
    {RSI("overbought"), .now = {70.5}, .before = {70}, .value = "70.5",
	.words = "RSI(14) 70.50 crossed above 70 (overbought)"},
    {RSI("overbought"), .now = {70}, .before = {60}, .words = "not above"},
    {RSI("overbought"), .now = {75}, .before = {70.5},
	.words = "above the threshold before"},
    {RSI("overbought"), .now = {NAN}, .before = {NAN}, .words = "not warm"},
    {RSI("overbought"), .now = {75}, .before = {NAN},
	.words = "no value before"},
    {RSI("oversold"), .now = {29.9}, .before = {30}, .value = "29.9",
	.words = "RSI(14) 29.90 crossed below 30 (oversold)"},
    {RSI("oversold"), .now = {30}, .before = {40}, .words = "not below"},
    {RSI("oversold"), .now = {20}, .before = {29},
	.words = "below the threshold before"},
    {BANDS("upper", "touch", "9", "10"), .now = {8, 10, 6},
	.before = {8, 9.5, 6}, .value = "10",
	.words = "close 10 rose to the upper Bollinger band(20,2) at 10"},
    {BANDS("upper", "touch", "9.5", "10"), .now = {8, 10, 6},
	.before = {8, 9.5, 6}, .words = "was not inside"},
    {BANDS("upper", "touch", "9", "9.9"), .now = {8, 10, 6},
	.before = {8, 9.5, 6}, .words = "does not reach"},
    {BANDS("upper", "touch", NULL, "10"), .now = {8, 10, 6},
	.before = {8, 9.5, 6}, .words = "no close before"},
    {BANDS("upper", "touch", "9", "10"), .now = {8, 10, 6}, .before = NONE,
	.words = "no value before"},
    {BANDS("lower", "touch", "7", "5"), .now = {8, 10, 6}, .before = {8, 10, 6},
	.value = "5", .words = "fell to the lower"},
    {BANDS("lower", "touch", "6", "5"), .now = {8, 10, 6}, .before = {8, 10, 6},
	.words = "was not inside"},
    {BANDS("upper", "break", NULL, "10.1"), .now = {8, 10, 6}, .before = NONE,
	.value = "10.1",
	.words = "close 10.1 is above the upper Bollinger band(20,2) at 10"},
    {BANDS("upper", "break", NULL, "10.0"), .now = {8, 10, 6}, .before = NONE,
	.words = "not beyond"},
    {BANDS("lower", "break", NULL, "5.99"), .now = {8, 10, 6}, .before = NONE,
	.value = "5.99", .words = "is below the lower"},
    {BANDS("lower", "break", NULL, "6"), .now = {8, 10, 6}, .before = NONE,
	.words = "not beyond"},
    {BANDS("lower", "break", NULL, "6"), .now = NONE, .before = NONE,
	.words = "not warm"},
};

static struct decimal
decimal(const char *s)
{
	struct decimal d = {0, 0};

	if (decimal_parse(&d, s, strlen(s)) < 0)
		abort();
	return d;
}

static void
make_rule(struct rule *r, const struct scene *s)
{
	char text[512];
	struct faults *f = malloc(sizeof(*f));
	struct json *j;
	struct err e;

	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"r\",\"symbol\":\"BTC\",\"rule_type\":\"%s\","
	    "\"config\":%s}",
	    s->type, s->config);
	j = json_parse(text, strlen(text), &e);
	if (f == NULL || j == NULL)
		abort();
	faults_init(f, "");
	if (rule_parse(r, j, RULE_CREATED, false, 0, f) < 0) {
		printf("Bail out! %s: %s\n", text, f->v[0].msg);
		exit(1);
	}
	json_free(j);
	free(f);
}

static void
make_operands(struct rule_operands *o, struct candle *c, const struct scene *s)
{
	*c = (struct candle){.open = decimal(s->open),
	    .high = decimal(s->high),
	    .low = decimal(s->low),
	    .close = decimal(s->close),
	    .symbol = "BTC",
	    .symbol_len = 3};
	*o = (struct rule_operands){.bar = c,
	    .closed = true,
	    .unwatched = s->unwatched,
	    .now = {s->now},
	    .before = {s->before}};
	if (s->previous != NULL) {
		o->has_previous = o->has_previous_close = true;
		o->previous = o->previous_close = decimal(s->previous);
	}
	if (s->window_low != NULL) {
		o->has_window = true;
		o->window_low = decimal(s->window_low);
		o->window_high = decimal(s->window_high);
	}
}

/* Values must be one JSON object, whether the rule fires or not. */
static bool
values_are_json(const struct rule *r, const struct rule_operands *o)
{
	struct buf out;
	struct json *j;
	bool good;

	buf_init(&out, 4096);
	rule_values(r, o, &out);
	j = json_parse(out.p, out.len, NULL);
	good = j != NULL && j->type == JSON_OBJECT && j->len >= 3;
	if (!good)
		printf("# %s\n", out.p);
	json_free(j);
	buf_release(&out);
	return good;
}

/* The spans of an operator must hold the rule's level if it fires. */
static bool
spans_agree(const struct rule *r, const struct rule_operands *o, bool fired)
{
	struct rule_span v[RULE_SPANS_MAX];
	enum rule_operator op;
	struct decimal level;
	bool in = false;
	size_t n, i;

	if (!rule_level(r, &level, &op))
		return true;
	n = rule_level_spans(op, r->on, o, v);
	for (i = 0; i < n; i++)
		in |= rule_span_has(&v[i], level);
	return in == fired;
}

static void
test_scene(size_t i, const struct scene *s)
{
	char number[DECIMAL_TEXT_MAX];
	struct rule_operands o;
	struct buf message;
	const char *why;
	struct candle c;
	struct rule r;
	bool fired;

	make_rule(&r, s);
	make_operands(&o, &c, s);
	fired = rule_judge(&r, &o, &why);
	ok(fired == (s->value != NULL), "scene %zu: %s %s", i, s->type,
	    s->value != NULL ? "fires" : "does not fire");
	ok(values_are_json(&r, &o), "its values are an object");
	ok(spans_agree(&r, &o, fired), "spans say the same");
	if (!fired || s->value == NULL) {
		ok(why != NULL && strstr(why, s->words) != NULL, "because '%s'",
		    s->words);
		rule_release(&r);
		return;
	}
	ok(why == NULL, "with no reason against it");
	decimal_print(rule_trigger_value(&r, &o), number);
	is_str(number, s->value, "trigger value");
	buf_init(&message, 4096);
	rule_message(&r, &o, &message);
	if (!ok(strncmp(message.p, "BTC 1m: ", 8) == 0 &&
		    strstr(message.p, s->words) != NULL,
		"message"))
		printf("# %s\n", message.p);
	buf_release(&message);
	rule_release(&r);
}

int
main(void)
{
	size_t i;

	for (i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		test_scene(i, &scenes[i]);
	return tap_done();
}
