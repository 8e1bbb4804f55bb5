/*
 * The scanner and the parser must say the same of every line: candle_parse()
 * tries the scanner first, candle_parse_json() never does. So must a scanner
 * that remembers the lines before: the input, cut at its newlines, is also a
 * stream. A candle that is taken must print, and read back with the same
 * values.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/candle_scan.h"

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

/* Each line of the stream, and the one line that all of it is. */
static void
check_stream(const char *p, size_t n)
{
	const char *end = p + n, *nl;
	struct candle_scan s;
	struct candle c;
	enum candle_line kind;
	struct err e;

	candle_scan_init(&s);
	for (; p < end; p = nl + 1) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (nl == NULL)
			nl = end;
		kind = candle_scan_line(&s, p, (size_t)(nl - p), &e);
		if (candle_parse_json(&c, p, (size_t)(nl - p), &e) != kind)
			abort();
		if (kind == CANDLE_LINE_CANDLE && !same(&s.c, &c))
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct candle c, again;
	enum candle_line kind;
	struct buf out;
	struct err e;

	check_stream((const char *)p, n);
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
