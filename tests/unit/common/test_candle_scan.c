/*
 * The scanner of candle_parse() against the parser behind it: over lines of
 * every shape, each cut at every byte, and each with every byte replaced in
 * turn by the bytes that matter, both must say the same. So must a scanner
 * that remembers the lines before.
 */
#include <stdlib.h>

#include "common/candle_scan.h"
#include "tests/unit/tap.h"

static const char *const shapes[] = {
    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":\"1m\","
    "\"o\":\"79139.0\",\"c\":\"79118.0\",\"h\":\"79139.0\",\"l\":\"79110.0\","
    "\"v\":\"0.77139\",\"n\":89,\"x\":false,\"E\":1788936671203}",
    "{\"t\":1684699200000,\"T\":1684702799999,\"s\":\"kPEPE\",\"i\":\"1h\","
    "\"o\":\"0.001601\",\"c\":\"0.001604\",\"h\":\"0.001616\","
    "\"l\":\"0.001601\",\"v\":\"520665683.0\",\"n\":709,\"x\":true}",
    "{\"t\":0,\"T\":2591999999,\"s\":\"xyz:XYZ100\",\"i\":\"1M\",\"o\":\"1\","
    "\"c\":\"12345678\",\"h\":\"123456789\",\"l\":\"0.12345678901234567\","
    "\"v\":\"3495670.8399999999\",\"n\":null}",
    "{\"t\":60000,\"T\":119999,\"s\":\"@107\",\"i\":\"1m\",\"o\":\"9.5\","
    "\"c\":\"9.50\",\"h\":\"9.500\",\"l\":\"9.5\",\"v\":\"0\",\"n\":0,"
    "\"x\":true,\"E\":7}",
    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"A\",\"i\":\"1m\","
    "\"o\":\"1234567.1\",\"c\":\"1234567.12345678901\",\"h\":\"99999999\","
    "\"l\":\"123456.7\",\"v\":\"100000000000000000\",\"n\":1}",
};

#define SHAPES (sizeof(shapes) / sizeof(shapes[0]))

static bool
same_decimal(struct decimal a, struct decimal b)
{
	return a.mant == b.mant && a.scale == b.scale;
}

static bool
same(const struct candle *a, const struct candle *b)
{
	return a->open_ms == b->open_ms && a->close_ms == b->close_ms &&
	       a->recv_ms == b->recv_ms && a->trades == b->trades &&
	       same_decimal(a->open, b->open) &&
	       same_decimal(a->close, b->close) &&
	       same_decimal(a->high, b->high) && same_decimal(a->low, b->low) &&
	       same_decimal(a->volume, b->volume) && a->state == b->state &&
	       a->interval == b->interval && a->symbol_len == b->symbol_len &&
	       strcmp(a->symbol, b->symbol) == 0;
}

/* All ways on exactly n bytes, so that a sanitizer sees a read past them.
 * Each scanner of many[] has seen another line before. */
static bool
agree(struct candle_scan many[2], const char *line, size_t n)
{
	char *exact = malloc(n > 0 ? n : 1);
	struct candle a, b;
	enum candle_line ka, kb;
	bool good;
	int i;

	if (exact == NULL)
		return false;
	memcpy(exact, line, n);
	ka = candle_parse(&a, exact, n, NULL);
	kb = candle_parse_json(&b, exact, n, NULL);
	good = ka == kb && (ka != CANDLE_LINE_CANDLE || same(&a, &b));
	for (i = 0; i < 2; i++)
		good &= candle_scan_line(&many[i], exact, n, NULL) == kb &&
			(kb != CANDLE_LINE_CANDLE || same(&many[i].c, &b));
	if (!good)
		printf("# %d %d: %.*s\n", ka, kb, (int)n, line);
	free(exact);
	return good;
}

/* The line as it is between mutated ones: one scanner sees it before each of
 * them, the other sees mutated ones only. */
static bool
agree_after(
    struct candle_scan many[2], const char *before, const char *line, size_t n)
{
	return candle_scan_line(&many[0], before, strlen(before), NULL) ==
		   CANDLE_LINE_CANDLE &&
	       agree(many, line, n);
}

static void
test_shape(const char *line)
{
	static const char bytes[] = "0129.-+eE\"\\,:{}x \t\x7f\xc3\xff";
	char text[512];
	size_t n = strlen(line), i, k, wrong = 0;
	struct candle_scan many[2];
	struct candle c;

	candle_scan_init(&many[0]);
	candle_scan_init(&many[1]);
	ok(candle_parse(&c, line, n, NULL) == CANDLE_LINE_CANDLE,
	    "the line is taken");
	for (i = 0; i <= n; i++)
		wrong += !agree_after(many, line, line, i);
	ok(wrong == 0, "cut anywhere, scanner and parser agree");
	for (i = 0, wrong = 0; i < n; i++)
		for (k = 0; k < sizeof(bytes); k++) {
			memcpy(text, line, n);
			text[i] = bytes[k];
			wrong += !agree_after(many, line, text, n);
		}
	ok(wrong == 0, "with any byte replaced, they agree");
	for (i = 0, wrong = 0; i <= n; i++)
		for (k = 0; k < sizeof(bytes); k++) {
			memcpy(text, line, i);
			text[i] = bytes[k];
			memcpy(text + i + 1, line + i, n - i);
			wrong += !agree_after(many, line, text, n + 1);
		}
	ok(wrong == 0, "with any byte put in, they agree");
	for (i = 0, wrong = 0; i < n; i++) {
		memcpy(text, line, i);
		memcpy(text + i, line + i + 1, n - i - 1);
		wrong += !agree_after(many, line, text, n - 1);
	}
	ok(wrong == 0, "with any byte left out, they agree");
}

/* Each line after each other one, and the bars that follow a bar: whatever
 * is remembered of the line before belongs to that line. */
static void
test_after(void)
{
	static const char *const bars[] = {
	    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79139.0\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	    /* The next bar; one that begins right, but ends late; one that
	     * begins late; another interval at the same times; another symbol. */
	    "{\"t\":1788936720000,\"T\":1788936779999,\"s\":\"BTC\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79139.1\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	    "{\"t\":1788936720000,\"T\":1788936839999,\"s\":\"BTC\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79139.0\","
	    "\"l\":\"79138.9\",\"v\":\"1.5\",\"n\":8}",
	    "{\"t\":1788936690000,\"T\":1788936779999,\"s\":\"BTC\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79139.0\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":"
	    "\"3m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79139.0\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"ETH\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.5\",\"c\":\"79139.5\",\"h\":\"79139.50\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	    /* A high below what the line before had as its low. */
	    "{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":"
	    "\"1m\","
	    "\"o\":\"79139.0\",\"c\":\"79139.0\",\"h\":\"79138.9\","
	    "\"l\":\"79139.0\",\"v\":\"1.5\",\"n\":8}",
	};
	const size_t nbars = sizeof(bars) / sizeof(bars[0]);
	struct candle_scan many[2];
	size_t i, k, l, wrong = 0;

	candle_scan_init(&many[0]);
	candle_scan_init(&many[1]);
	for (i = 0; i < SHAPES + nbars; i++)
		for (k = 0; k < SHAPES + nbars; k++)
			for (l = 0; l < 2; l++) {
				size_t at = l == 0 ? i : k;
				const char *line = at < SHAPES
						       ? shapes[at]
						       : bars[at - SHAPES];

				wrong += !agree(many, line, strlen(line));
			}
	ok(wrong == 0, "each line after each other one, they agree");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < SHAPES; i++)
		test_shape(shapes[i]);
	test_after();
	return tap_done();
}
