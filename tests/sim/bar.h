/*
 * bar: trades, the bars that they make, and a bar's text as the exchange
 * writes it.
 *
 * Prices and volumes are whole numbers on a scale that belongs to the coin,
 * so that every interval is the exact sum of the shorter ones.
 */
#ifndef TESTS_SIM_BAR_H
#define TESTS_SIM_BAR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/interval.h"

/* What one block of the exchange may do to a bar: size sz at one price, in
 * n fills. */
struct trade {
	int64_t time_ms;
	int64_t px;
	int64_t sz;
	int64_t n;
};

struct bar {
	int64_t t;
	int64_t o, h, l, c;
	int64_t v;
	int64_t n; /* 0 = flat: nothing traded */
};

/* How a coin's numbers are written. */
struct bar_scale {
	int px; /* decimals of a price */
	int sz; /* decimals of a size */
	/* Volumes as they were recorded, digit by digit; else as the exchange
	 * prints its sums: a double with ten decimals, cut ("3495670.84" is
	 * "3495670.8399999999" there). */
	bool exact;
};

/* Order of the members: WebSocket frames of 2026, and REST rows (by name). */
enum bar_order { BAR_ORDER_FRAME, BAR_ORDER_NAME };

/* Take a trade into a bar; the first one opens it. */
void bar_add(struct bar *b, const struct trade *tr);
/* Take a later, shorter bar into a bar; flat ones change nothing. */
void bar_join(struct bar *b, const struct bar *part);
/* Make it the flat bar after a close at px. */
void bar_flat(struct bar *b, int64_t t, int64_t px);
/* Append the JSON object. extra, unless NULL, is put before the last brace
 * (",\"x\":true"). */
void bar_print(struct buf *out, const struct bar *b, const char *coin,
    interval_id interval, const struct bar_scale *scale, enum bar_order order,
    const char *extra);
/* Append a number with its decimals, without the zeros at its end but for the
 * first: 64378 at 0 is "64378.0", 160100 at 8 is "0.001601". */
void bar_print_number(struct buf *out, int64_t x, int decimals);
/* The same for a volume (see bar_scale). */
void bar_print_volume(struct buf *out, int64_t v, const struct bar_scale *s);

#endif
