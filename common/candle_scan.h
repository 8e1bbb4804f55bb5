/*
 * candle_scan: the fast way to read a candle line.
 *
 * Nearly every line is one that candle_print() wrote, so its layout is known:
 * the members in their order, no spaces, plain digits. The scanner takes
 * exactly that and gives up on anything else, a fault included; the parser of
 * common/candle.c then judges the line.
 *
 * And nearly every line says again what the line before it said: the times,
 * the names and the open of a bar that is still forming, mostly its high and
 * low. So a scanner remembers the texts of those members, and where they come
 * again the values stand in its candle already. What a line means does not
 * depend on what came before it.
 */
#ifndef COMMON_CANDLE_SCAN_H
#define COMMON_CANDLE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/candle.h"

/* From the start of a line to the symbol, when times have thirteen digits. */
#define CANDLE_SCAN_TIMES 42
/* The longest remembered text from the symbol to the open. */
#define CANDLE_SCAN_NAMES 32

/* A decimal of the line before with its closing quote: n bytes, in two words
 * of which mask counts. */
struct candle_scan_decimal {
	uint64_t text[2], mask[2];
	size_t n;
};

struct candle_scan {
	struct candle c; /* of the line scanned last */
	bool has_times;
	bool is_checked; /* t and T fit the interval */
	size_t names; /* bytes of name[], 0 for none */
	char time[CANDLE_SCAN_TIMES];
	char name[CANDLE_SCAN_NAMES];
	struct candle_scan_decimal open, high, low;
};

/* Start with nothing remembered. */
void candle_scan_init(struct candle_scan *s);
/*
 * True when the line has the layout of candle_print() and all is in range:
 * s->c is the candle, good until the next call. False: it may be anything;
 * s->c is undefined and nothing is remembered.
 */
bool candle_scan(struct candle_scan *s, const char *line, size_t n);
/*
 * candle_parse() for one line of many: the scanner, or else the parser. The
 * candle is s->c.
 */
enum candle_line candle_scan_line(
    struct candle_scan *s, const char *line, size_t n, struct err *e);

#endif
