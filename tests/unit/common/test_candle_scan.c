/*
 * The scanner of candle_parse() against the parser behind it: over lines of
 * every shape, each cut at every byte, and each with every byte replaced in
 * turn by the bytes that matter, both must say the same.
 */
#include <stdlib.h>

#include "common/candle.h"
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

/* Both ways on exactly n bytes, so that a sanitizer sees a read past them. */
static bool
agree(const char *line, size_t n)
{
	char *exact = malloc(n > 0 ? n : 1);
	struct candle a, b;
	enum candle_line ka, kb;
	bool good;

	if (exact == NULL)
		return false;
	memcpy(exact, line, n);
	ka = candle_parse(&a, exact, n, NULL);
	kb = candle_parse_json(&b, exact, n, NULL);
	good = ka == kb && (ka != CANDLE_LINE_CANDLE || same(&a, &b));
	if (!good)
		printf("# %d %d: %.*s\n", ka, kb, (int)n, line);
	free(exact);
	return good;
}

static void
test_shape(const char *line)
{
	static const char bytes[] = "0129.-+eE\"\\,:{}x \t\x7f\xc3\xff";
	char text[512];
	size_t n = strlen(line), i, k, wrong = 0;
	struct candle c;

	ok(candle_parse(&c, line, n, NULL) == CANDLE_LINE_CANDLE,
	    "the line is taken");
	for (i = 0; i <= n; i++)
		wrong += !agree(line, i);
	ok(wrong == 0, "cut anywhere, scanner and parser agree");
	for (i = 0, wrong = 0; i < n; i++)
		for (k = 0; k < sizeof(bytes); k++) {
			memcpy(text, line, n);
			text[i] = bytes[k];
			wrong += !agree(text, n);
		}
	ok(wrong == 0, "with any byte replaced, they agree");
	for (i = 0, wrong = 0; i <= n; i++)
		for (k = 0; k < sizeof(bytes); k++) {
			memcpy(text, line, i);
			text[i] = bytes[k];
			memcpy(text + i + 1, line + i, n - i);
			wrong += !agree(text, n + 1);
		}
	ok(wrong == 0, "with any byte put in, they agree");
	for (i = 0, wrong = 0; i < n; i++) {
		memcpy(text, line, i);
		memcpy(text + i, line + i + 1, n - i - 1);
		wrong += !agree(text, n - 1);
	}
	ok(wrong == 0, "with any byte left out, they agree");
}

int
main(void)
{
	size_t i;

	for (i = 0; i < SHAPES; i++)
		test_shape(shapes[i]);
	return tap_done();
}
