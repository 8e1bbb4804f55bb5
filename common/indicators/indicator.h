/*
 * indicator: technical indicators as TradingView defines them (Pine v5/v6:
 * ta.*), computed bar by bar in O(1) amortised (but for cci, range.c).
 *
 * One table (table.c) holds them all; a new indicator is one file of a family
 * and one row: its name, its parameters with ranges, its lines, how many bars
 * it needs, the size of its state, and its step.
 *
 * How the numbers stay right:
 *  - Prices come as whole ticks of 10^-scale, one scale a series. Window sums
 *    (sma, wma, bb, cci) and every comparison of prices (mfi, dmi, stoch,
 *    donchian) are exact integers, so nothing drifts, no spike leaves a
 *    residue and decimal ties are ties. The one rounding is the division at
 *    the end.
 *  - Recursions (ema, rma) run on doubles: they forget their own rounding.
 *  - When a series shows more digits than before, its scale grows and each
 *    state is rescaled at its next step (exact: a factor of ten).
 *
 * A state is plain bytes without pointers: it may be copied, saved and
 * restored by memcpy by the same build, or rebuilt by stepping over candles.
 */
#ifndef COMMON_INDICATORS_INDICATOR_H
#define COMMON_INDICATORS_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/candle.h"
#include "common/err.h"

#define INDICATOR_PARAMS_MAX 3
#define INDICATOR_LINES_MAX  3
/* Longest window in bars: what the exchange serves of a series. */
#define INDICATOR_LENGTH_MAX 5000
/* Bytes that indicator_spec_text() writes at most, NUL included. */
#define INDICATOR_SPEC_TEXT_MAX 96
/* Prices are kept below this many ticks (14 digits count). */
#define INDICATOR_TICKS_MAX (INT64_C(1) << 48)

struct indicator;

/* An indicator with its parameters: "macd:12:26:9". Compare with
 * indicator_spec_equal(). Parameters the indicator lacks are 0. */
struct indicator_spec {
	double param[INDICATOR_PARAMS_MAX];
	const struct indicator *of;
};

/* One bar as indicators see it, made by indicator_bar(). */
struct indicator_bar {
	int64_t open_ms;
	/* In ticks of 10^-scale. */
	int64_t high, low, close;
	/* 10^scale, and the close and the volume as the nearest doubles. */
	double unit, price, volume;
	int32_t scale;
};

/* The tick of a series: one for all indicators on it. Start with zeroes. */
struct indicator_scale {
	int32_t scale;
	int32_t finest; /* most digits behind the point seen so far */
	int32_t bars; /* of this block of INDICATOR_LENGTH_MAX bars */
	/* Highest price of this block, and of the block before. */
	struct decimal top;
	double high, high_before;
	int64_t open_ms; /* of the bar seen last */
};

/*
 * Turn a candle into a bar, widening the scale when it must. A price that
 * would need more than INDICATOR_TICKS_MAX ticks coarsens the tick instead,
 * until it has left every window.
 */
void indicator_bar(struct indicator_scale *s, const struct candle *c,
    struct indicator_bar *out);

/* Parse "name", "name:param:param…"; parameters left out take their
 * defaults. 0, or -1 with a sentence that names the parameter and range. */
int indicator_spec_parse(
    struct indicator_spec *s, const char *text, size_t n, struct err *e);
/* The spec of that name with the parameters given: for code, not for input.
 * Asserts that both exist. */
struct indicator_spec
indicator_spec_make(const char *name, double p0, double p1, double p2);
/* Canonical text with every parameter ("rsi:14"); returns the length. */
size_t indicator_spec_text(
    const struct indicator_spec *s, char out[INDICATOR_SPEC_TEXT_MAX]);
bool indicator_spec_equal(
    const struct indicator_spec *a, const struct indicator_spec *b);
/* Equal specs hash the same. */
uint64_t indicator_spec_hash(const struct indicator_spec *s);

/* Number of lines (1..3) and the name of one ("macd", "signal", "hist"; NULL
 * for an indicator of one line). */
int indicator_lines(const struct indicator_spec *s);
const char *indicator_line_name(const struct indicator_spec *s, int line);

/* Bars after which every line has had its first value: 15 for rsi:14 (the
 * fifteenth bar has one). */
int indicator_first(const struct indicator_spec *s);
/*
 * Bars after which no value depends on where the series began by more than
 * about 1e-6 of itself: 14 n for what Wilder's average makes (rma rsi atr
 * supertrend), 28 n for dmi, 7 n for ema, 7 (slow + signal) for macd; what
 * has a window is settled as soon as it has a value. TradingView has years of
 * history: load this many to agree with it.
 */
int indicator_settled(const struct indicator_spec *s);

/* Bytes of a state, and how it begins. Align as malloc does. */
size_t indicator_size(const struct indicator_spec *s);
void indicator_start(const struct indicator_spec *s, void *state);
/* Take a closed bar. out gets a number for each line, NaN for "not
 * available". */
void indicator_step(const struct indicator_spec *s, void *state,
    const struct indicator_bar *b, double out[INDICATOR_LINES_MAX]);
/* The same values if b were the next bar, without taking it: for the bar that
 * is still forming. If b has other ticks than the state, this is done on a
 * copy: last digits depend on the ticks, and may depend on closed bars only.
 * 0, or -1 when memory is short. */
int indicator_peek(const struct indicator_spec *s, void *state,
    const struct indicator_bar *b, double out[INDICATOR_LINES_MAX]);

/* Append the values as JSON: a number of 17 significant digits, null, or an
 * object by line name when there are several lines. */
int indicator_print(const struct indicator_spec *s,
    const double v[INDICATOR_LINES_MAX], struct buf *out);

/* The i-th indicator's name and one line about it, NULL after the last: for
 * help texts. */
const char *indicator_name_at(size_t i);
const char *indicator_doc_at(size_t i);

#endif
