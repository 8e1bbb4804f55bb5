/*
 * candle: the record that hl-ingest prints and pulse-eval reads, and the
 * object that the exchange sends (pulse-candle.5).
 *
 *	{"t":…,"T":…,"s":"BTC","i":"1m","o":"…","c":"…","h":"…","l":"…",
 *	 "v":"…","n":89,"x":false,"E":1788936671203}
 *
 * Only this pair of files and the scanner beside them (candle_scan) know its
 * members. Decimals keep the text of the exchange (common/decimal.h).
 */
#ifndef COMMON_CANDLE_H
#define COMMON_CANDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/decimal.h"
#include "common/err.h"
#include "common/interval.h"
#include "common/json.h"

/* Longest symbol in bytes, and the bytes that hold it. */
#define SYMBOL_LEN_MAX	32
#define SYMBOL_TEXT_MAX (SYMBOL_LEN_MAX + 1)
/* Bytes that hold a volume as the exchange wrote it. */
#define CANDLE_VOLUME_TEXT_MAX (DECIMAL_TEXT_MAX + CANDLE_VOLUME_REST_MAX)
#define CANDLE_VOLUME_REST_MAX 24
/* Bytes that candle_print() writes at most. */
#define CANDLE_TEXT_MAX 512

/* Whether a bar is final. */
enum candle_state {
	CANDLE_UNSAID, /* no member x: a REST row */
	CANDLE_FORMING, /* x:false */
	CANDLE_CLOSED, /* x:true */
};

struct candle {
	int64_t open_ms; /* t, inclusive */
	int64_t close_ms; /* T = t + step - 1 */
	int64_t recv_ms; /* E, or -1 */
	int64_t trades; /* n, or -1 when missing or null */
	struct decimal open, close, high, low, volume;
	/* What the exchange wrote of v behind the digits that volume holds: it
	 * prints sums of doubles with ten digits behind the point, twenty in
	 * all and more. Nearly always empty; no arithmetic needs it. */
	char volume_rest[CANDLE_VOLUME_REST_MAX];
	enum candle_state state;
	interval_id interval;
	uint8_t symbol_len;
	char symbol[SYMBOL_TEXT_MAX];
};

/* What a line of the candle stream turned out to be. */
enum candle_line {
	CANDLE_LINE_CANDLE,
	CANDLE_LINE_EVENT, /* a control record: an object with "event" */
	CANDLE_LINE_BAD,
};

/*
 * Parse one line: members in any order, decimals as strings or numbers,
 * unknown members ignored. Checks every range: t within 0..CLOCK_MS_MAX and a
 * multiple of the interval, T = t + step - 1, prices above zero, volume and n
 * not negative, low <= open, close <= high, a symbol of 1..32 printable bytes
 * without spaces. On CANDLE_LINE_BAD e names the member and the reason.
 */
enum candle_line
candle_parse(struct candle *c, const char *line, size_t n, struct err *e);

/* The same without the scanner that candle_parse() tries first: what it must
 * agree with, for tests. */
enum candle_line
candle_parse_json(struct candle *c, const char *line, size_t n, struct err *e);

/* The same for an object already parsed (frames and REST rows). 0 or -1. */
int candle_from_json(struct candle *c, const struct json *j, struct err *e);

/* Append the record in the fixed order above, without a newline: x unless
 * CANDLE_UNSAID, E unless -1, n as null when -1. */
int candle_print(const struct candle *c, struct buf *out);

/*
 * v from its text and back, digit for digit: volume gets the first eighteen
 * digits, volume_rest the others (behind the point only). 0, or -1 when it is
 * no decimal or too long. candle_volume_print() returns the length.
 */
int candle_volume_parse(struct candle *c, const char *s, size_t n);
size_t
candle_volume_print(const struct candle *c, char out[CANDLE_VOLUME_TEXT_MAX]);

/* True when both have the same values (not the same x and E). */
bool candle_same_values(const struct candle *a, const struct candle *b);
/* A number that is the same for the same values and, but for a chance of one
 * in 2^64, no others: to remember many bars in little memory. */
uint64_t candle_digest(const struct candle *c);

/* 1..SYMBOL_LEN_MAX bytes, each printable ASCII but space, quote, backslash. */
bool symbol_valid(const char *s, size_t n);

#endif
