#include "common/candle.h"
#include "tests/unit/tap.h"

#define HEAD                                                                   \
	"{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":\"1m\","
#define OHLC                                                                   \
	"\"o\":\"79139.0\",\"c\":\"79118.0\",\"h\":\"79139.0\","               \
	"\"l\":\"79110.0\",\"v\":\"0.77139\""
#define WHOLE HEAD OHLC ",\"n\":89,\"x\":false,\"E\":1788936671203}"

/* Lines and the one printed back; NULL: refused, and then a word that the
 * sentence must hold. */
static const struct {
	const char *in, *out, *word;
} lines[] = {
    {WHOLE, WHOLE, NULL},
    {HEAD OHLC "}", HEAD OHLC ",\"n\":null}", NULL},
    {HEAD OHLC ",\"n\":null,\"x\":null,\"E\":null}", HEAD OHLC ",\"n\":null}",
	NULL},
    {HEAD OHLC ",\"n\":null,\"x\":true}", HEAD OHLC ",\"n\":null,\"x\":true}",
	NULL},
    {HEAD OHLC ",\"n\":1,\"future\":{\"a\":[1]}}", HEAD OHLC ",\"n\":1}", NULL},
    {"{\"v\":0.77139,\"l\":79110,\"h\":79139,\"c\":79118,\"o\":79139,"
     "\"i\":\"1m\",\"s\":\"BTC\",\"T\":1788936719999,\"t\":1788936660000}",
	HEAD "\"o\":\"79139\",\"c\":\"79118\",\"h\":\"79139\",\"l\":\"79110\","
	     "\"v\":\"0.77139\",\"n\":null}",
	NULL},
    {"{\"t\":0,\"T\":59999,\"s\":\"@107\",\"i\":\"1m\",\"o\":\"1\",\"c\":\"1\","
     "\"h\":\"1\",\"l\":\"1\",\"v\":\"0\",\"n\":0}",
	"{\"t\":0,\"T\":59999,\"s\":\"@107\",\"i\":\"1m\",\"o\":\"1\","
	"\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"0\",\"n\":0}",
	NULL},
    {"[]", NULL, "object"},
    {"12", NULL, "object"},
    {"{}", NULL, "member s"},
    {HEAD "\"o\":\"1\"", NULL, "JSON"},
    {"{\"s\":\"\",\"i\":\"1m\"}", NULL, "member s"},
    {"{\"s\":\"A B\",\"i\":\"1m\"}", NULL, "member s"},
    {"{\"s\":\"123456789012345678901234567890123\"}", NULL, "member s"},
    {"{\"s\":5,\"i\":\"1m\"}", NULL, "member s"},
    {"{\"s\":\"BTC\"}", NULL, "member i"},
    {"{\"s\":\"BTC\",\"i\":\"6h\"}", NULL, "6h"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"T\":1}", NULL, "member t"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":-60000,\"T\":-1," OHLC "}", NULL,
	"member t"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":0.5,\"T\":59999," OHLC "}", NULL,
	"member t"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":1e300,\"T\":59999," OHLC "}", NULL,
	"member t"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":\"0\",\"T\":59999," OHLC "}", NULL,
	"member t"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":1,\"T\":60000," OHLC "}", NULL,
	"opening time"},
    {"{\"s\":\"BTC\",\"i\":\"1m\",\"t\":0,\"T\":60000," OHLC "}", NULL,
	"does not fit"},
    {HEAD "\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"v\":\"1\"}", NULL, "member l"},
    {HEAD "\"o\":\"x\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\"}", NULL,
	"member o"},
    {HEAD "\"o\":null,\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\"}", NULL,
	"member o"},
    {HEAD "\"o\":\"0\",\"c\":\"1\",\"h\":\"1\",\"l\":\"0\",\"v\":\"1\"}", NULL,
	"above zero"},
    {HEAD "\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"-1\"}", NULL,
	"negative"},
    {HEAD "\"o\":\"1e300\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\"}",
	NULL, "member o"},
    {HEAD "\"o\":\"2\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\"}", NULL,
	"does not hold"},
    {HEAD "\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"2\",\"v\":\"1\"}", NULL,
	"does not hold"},
    {HEAD OHLC ",\"n\":-1}", NULL, "member n"},
    {HEAD OHLC ",\"n\":1.5}", NULL, "member n"},
    {HEAD OHLC ",\"n\":\"7\"}", NULL, "member n"},
    {HEAD OHLC ",\"x\":1}", NULL, "member x"},
    {HEAD OHLC ",\"E\":-5}", NULL, "member E"},
    {HEAD OHLC ",\"E\":\"now\"}", NULL, "member E"},
};

static void
test_events(void)
{
	const char gap[] = "{\"event\":\"gap\",\"s\":\"BTC\"}";
	const char wrong[] = "{\"event\":5}";
	struct candle c;
	struct err e;

	ok(candle_parse(&c, gap, sizeof(gap) - 1, &e) == CANDLE_LINE_EVENT,
	    "an object with event is a control record");
	ok(candle_parse(&c, wrong, sizeof(wrong) - 1, &e) == CANDLE_LINE_BAD,
	    "unless event is no string");
}

/* The same bar as line says? */
static bool
same(const struct candle *a, const char *line)
{
	struct candle b;

	if (candle_parse(&b, line, strlen(line), NULL) != CANDLE_LINE_CANDLE)
		return !ok(false, "%s", line);
	ok(candle_same_values(a, &b) == (candle_digest(a) == candle_digest(&b)),
	    "the digest says the same");
	return candle_same_values(a, &b);
}

#define BAR(o, v, n)                                                           \
	"{\"t\":60000,\"T\":119999,\"s\":\"A\",\"i\":\"1m\",\"o\":\"" o        \
	"\",\"c\":\"2\",\"h\":\"9\",\"l\":\"1\",\"v\":\"" v "\",\"n\":" n "}"

static void
test_same(void)
{
	static const char bar[] = BAR("3.5", "8.25", "7");
	struct candle c;

	ok(candle_parse(&c, bar, strlen(bar), NULL) == CANDLE_LINE_CANDLE,
	    "a bar");
	ok(same(&c, BAR("3.50", "8.250", "7")), "zeros at the end are nothing");
	ok(!same(&c, BAR("3.5", "8.25", "8")), "a trade more is another bar");
	ok(!same(&c, BAR("3.51", "8.25", "7")), "so is another price");
	ok(!same(&c, BAR("3.5", "8.2500000000000000000001", "7")),
	    "and the least of the volume");
}

int
main(void)
{
	struct candle c, other;
	struct buf out;
	struct err e;
	size_t i;

	buf_init(&out, CANDLE_TEXT_MAX);
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		enum candle_line kind;

		e.msg[0] = '\0';
		kind = candle_parse(&c, lines[i].in, strlen(lines[i].in), &e);
		if (lines[i].out == NULL) {
			ok(kind == CANDLE_LINE_BAD &&
				strstr(e.msg, lines[i].word) != NULL,
			    "line %zu is refused for '%s'", i, lines[i].word);
			continue;
		}
		if (!ok(kind == CANDLE_LINE_CANDLE, "line %zu is taken", i)) {
			printf("# %s\n", e.msg);
			continue;
		}
		buf_reset(&out);
		ok(candle_print(&c, &out) == 0, "it prints");
		is_str(out.p, lines[i].out, "in the order of the manual");
		ok(candle_parse(&other, out.p, out.len, &e) ==
			    CANDLE_LINE_CANDLE &&
			candle_same_values(&c, &other),
		    "and reads back the same");
		ok(candle_digest(&c) == candle_digest(&other),
		    "with the same digest");
	}
	buf_release(&out);
	ok(symbol_valid("dex:COIN", 8) && symbol_valid("#12", 3) &&
		symbol_valid("PURR/USDC", 9) && !symbol_valid("a\"b", 3) &&
		!symbol_valid("\xc3\xa9", 2),
	    "symbols as the exchange has them");
	test_same();
	test_events();
	return tap_done();
}
