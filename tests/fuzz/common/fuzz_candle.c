/*
 * The scanner and the parser must say the same of every line: candle_parse()
 * tries the scanner first, candle_parse_json() never does. A candle that is
 * taken must print, and read back with the same values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/candle.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int
same_decimal(struct decimal a, struct decimal b)
{
	return a.mant == b.mant && a.scale == b.scale;
}

static int
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

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct candle c, again;
	enum candle_line kind;
	struct buf out;
	struct err e;

	kind = candle_parse(&c, (const char *)p, n, &e);
	if (candle_parse_json(&again, (const char *)p, n, &e) != kind)
		abort();
	if (kind != CANDLE_LINE_CANDLE)
		return 0;
	if (!same(&c, &again))
		abort();
	buf_init(&out, CANDLE_TEXT_MAX);
	if (candle_print(&c, &out) < 0 ||
	    candle_parse(&again, out.p, out.len, &e) != CANDLE_LINE_CANDLE ||
	    !same(&c, &again))
		abort();
	buf_release(&out);
	return 0;
}
