/*
 * Each scan_ function takes the place to read at and returns the place behind
 * what it read, or NULL. Digits are read eight at a time: a 64-bit word of
 * ASCII digits becomes a number in three multiplications (after D. Lemire,
 * "Quickly parsing eight digits").
 */
#include <string.h>

#include "common/candle_scan.h"
#include "common/clock.h"

#define INLINE static inline __attribute__((always_inline))
#define SCAN   INLINE const char *

#define ASCII_ZEROS UINT64_C(0x3030303030303030)
#define HIGH_BITS   UINT64_C(0x8080808080808080)
#define ALL_BITS    UINT64_MAX
#define TOP_BIT	    (UINT64_C(1) << 63)

static const uint64_t times10[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* ---- words ----------------------------------------------------------------- */

/* Eight bytes at p, the first in the lowest byte. */
INLINE uint64_t
load(const char *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
}

/* The same near the end of the line: zeroes behind it. */
INLINE uint64_t
load8(const char *p, const char *end)
{
	char b[8] = {0};

	if (__builtin_expect(end - p >= 8, 1))
		return load(p);
	if (end > p)
		memcpy(b, p, (size_t)(end - p));
	return load(b);
}

/* A bit 7 for each byte of w (digits xored to 0..9) that is no digit. */
INLINE uint64_t
not_digits(uint64_t w)
{
	return ((w + UINT64_C(0x7676767676767676)) | w) & HIGH_BITS;
}

/* The value of eight digits 0..9, one a byte, the lowest byte first. */
INLINE uint64_t
join8(uint64_t w)
{
	w = w * 10 + (w >> 8);
	return (((w & UINT64_C(0x000000ff000000ff)) *
		    UINT64_C(0x000f424000000064)) +
		   (((w >> 16) & UINT64_C(0x000000ff000000ff)) *
		       UINT64_C(0x0000271000000001))) >>
	       32;
}

/* Whether n bytes are the same, n known and from 8 to 48. */
INLINE bool
is_same(const char *a, const char *b, size_t n)
{
	uint64_t other = load(a + n - 8) ^ load(b + n - 8);
	size_t i;

	for (i = 0; i + 8 < n; i += 8)
		other |= load(a + i) ^ load(b + i);
	return other == 0;
}

/* The text that must come now, 4 to 16 bytes: two overlapping words, which
 * compilers compare without a call. */
SCAN
scan_text(const char *p, const char *end, const char *text, size_t n)
{
	size_t word = n < 8 ? 4 : 8, last = n - word;

	if ((size_t)(end - p) < n)
		return NULL;
	if (word == 4 ? memcmp(p, text, 4) != 0 ||
			    memcmp(p + last, text + last, 4) != 0
		      : memcmp(p, text, 8) != 0 ||
			    memcmp(p + last, text + last, 8) != 0)
		return NULL;
	return p + n;
}

/* ---- numbers --------------------------------------------------------------- */

/* A run of at most 18 digits, appended to *v. */
SCAN
scan_digits(const char *p, const char *end, uint64_t *v)
{
	const char *from = p;
	unsigned k;

	do {
		uint64_t w = load8(p, end) ^ ASCII_ZEROS, other = not_digits(w);

		k = other == 0 ? 8 : (unsigned)__builtin_ctzll(other) / 8;
		if (k > 0)
			*v = *v * times10[k] + join8(w << (64 - 8 * k));
		p += k;
	} while (k == 8 && p - from <= 18);
	return p > from && p - from <= 18 ? p : NULL;
}

/* A JSON number without sign, fraction, exponent or leading zero. */
static __attribute__((noinline)) const char *
scan_long_whole(const char *p, const char *end, int64_t max, int64_t *out)
{
	const char *from = p;
	uint64_t v = 0;

	p = scan_digits(p, end, &v);
	if (p == NULL || (p > from + 1 && *from == '0') || v > (uint64_t)max)
		return NULL;
	*out = (int64_t)v;
	return p;
}

/* The same; nearly all fit in one word. */
SCAN
scan_whole(const char *p, const char *end, int64_t max, int64_t *out)
{
	uint64_t w = load8(p, end) ^ ASCII_ZEROS, other = not_digits(w);
	unsigned bits;

	/* No digit, eight of them or a zero in front. */
	if (__builtin_expect(
		other == 0 || (other & 0x80) != 0 || (w & 0xff) == 0, 0))
		return scan_long_whole(p, end, max, out);
	bits = (unsigned)__builtin_ctzll(other) & 56;
	*out = (int64_t)join8(w << (64 - bits));
	return p + bits / 8;
}

/* A time: thirteen digits for two hundred years to come. */
SCAN
scan_time(const char *p, const char *end, int64_t *out)
{
	uint64_t a, b;

	if (end - p < 14 || *p == '0')
		return scan_long_whole(p, end, CLOCK_MS_MAX, out);
	a = load(p) ^ ASCII_ZEROS;
	b = load(p + 5) ^ ASCII_ZEROS;
	if ((not_digits(a) | not_digits(b)) != 0 ||
	    (unsigned char)(p[13] - '0') <= 9)
		return scan_long_whole(p, end, CLOCK_MS_MAX, out);
	*out = (int64_t)(join8(a << 24) * 100000000 + join8(b));
	return p + 13;
}

/* A decimal that is longer than a word: digits, perhaps a point and more. */
static __attribute__((noinline)) const char *
scan_long_decimal(const char *p, const char *end, struct decimal *d)
{
	const char *from = p, *point;
	uint64_t v = 0;

	p = scan_digits(p, end, &v);
	d->scale = 0;
	if (p != NULL && p < end && *p == '.') {
		point = p + 1;
		p = scan_digits(point, end, &v);
		if (p != NULL)
			d->scale = (int32_t)(p - point);
	}
	d->mant = (int64_t)v;
	/* Both runs together must stay within a decimal's range. */
	if (p == NULL || p - from > 18 || p == end || *p != '"')
		return NULL;
	return p + 1;
}

/*
 * A decimal and its closing quote. Most fit in one word with the quote: then
 * the first byte that is no digit is the point, the second the quote; the
 * digits behind the point move up by one place. If the quote comes in the
 * word after, that one has digits only before it.
 */
SCAN
scan_decimal(const char *p, const char *end, struct decimal *d)
{
	uint64_t w = load8(p, end) ^ ASCII_ZEROS, other = not_digits(w);
	uint64_t second = other & (other - 1), below, tail;
	unsigned point = (unsigned)__builtin_ctzll(other | TOP_BIT) & 56;
	unsigned quote, k;

	below = (UINT64_C(1) << point) - 1;
	if (__builtin_expect(
		point == 0 || (w >> point & 0xff) != ('.' ^ '0'), 0))
		return scan_long_decimal(p, end, d);
	if (second != 0) {
		quote = (unsigned)__builtin_ctzll(second) & 56;
		/* Of the word, not at p: the line may end here. */
		if ((w >> quote & 0xff) != ('"' ^ '0') || quote < point + 16)
			return NULL;
		w = (w & below) | ((w >> 8) & ~below);
		d->mant = (int64_t)join8(w << (72 - quote));
		d->scale = (int32_t)((quote - point) / 8) - 1;
		return p + quote / 8 + 1;
	}
	tail = load8(p + 8, end) ^ ASCII_ZEROS;
	other = not_digits(tail);
	k = (unsigned)__builtin_ctzll(other | TOP_BIT) & 56;
	if (other == 0 || (tail >> k & 0xff) != ('"' ^ '0') ||
	    64 + k < point + 16)
		return scan_long_decimal(p, end, d);
	w = (w & below) | ((w >> 8) & ~below);
	d->mant = (int64_t)join8(w << 8);
	if (k > 0)
		d->mant = (int64_t)((uint64_t)d->mant * times10[k / 8] +
				    join8(tail << (64 - k)));
	d->scale = (int32_t)((64 - point + k) / 8) - 1;
	return p + 9 + k / 8;
}

static void
forget_decimal(struct candle_scan_decimal *m)
{
	/* No valid text has such bytes. */
	*m = (struct candle_scan_decimal){
	    .text = {ALL_BITS, ALL_BITS}, .mask = {ALL_BITS, ALL_BITS}};
}

/* A decimal and its closing quote that are mostly those of the line before:
 * *d still has the value then. */
SCAN
scan_again(const char *p, const char *end, struct candle_scan_decimal *m,
    struct decimal *d)
{
	const char *from = p;
	uint64_t a, b;
	unsigned bits;

	/* Even the shortest members that follow have more bytes. */
	if (end - p < 16)
		return NULL;
	a = load(p);
	b = load(p + 8);
	if ((((a ^ m->text[0]) & m->mask[0]) |
		((b ^ m->text[1]) & m->mask[1])) == 0)
		return p + m->n;
	p = scan_decimal(p, end, d);
	if (p == NULL || p - from > 16) {
		forget_decimal(m);
		return p;
	}
	m->text[0] = a;
	m->text[1] = b;
	m->n = (size_t)(p - from);
	bits = 8 * (unsigned)m->n;
	m->mask[0] = bits >= 64 ? ALL_BITS : ALL_BITS >> (64 - bits);
	m->mask[1] = bits > 64 ? ALL_BITS >> (128 - bits) : 0;
	return p;
}

/* ---- names ----------------------------------------------------------------- */

/* A symbol and its closing quote. */
SCAN
scan_symbol(const char *p, const char *end, struct candle *c)
{
	size_t n = 0, most = (size_t)(end - p);

	if (most <= 1)
		return NULL;
	most = most > SYMBOL_LEN_MAX ? SYMBOL_LEN_MAX : most - 1;
	while (n < most && p[n] > ' ' && p[n] <= '~' && p[n] != '"' &&
	       p[n] != '\\') {
		c->symbol[n] = p[n];
		n++;
	}
	if (n == 0 || p[n] != '"')
		return NULL;
	c->symbol[n] = '\0';
	c->symbol_len = (uint8_t)n;
	return p + n + 1;
}

/* An interval and its closing quote. */
SCAN
scan_interval(const char *p, const char *end, struct candle *c)
{
	size_t n = 0;
	int id = 0;

	if (end - p < INTERVAL_TEXT_MAX)
		return NULL;
	/* Most lines are of one-minute bars, the first of the table. */
	if (p[0] == '1' && p[1] == 'm' && p[2] == '"') {
		c->interval = 0;
		return p + 3;
	}
	while (n < INTERVAL_TEXT_MAX - 1 && p[n] != '"')
		n++;
	id = interval_find(p, n);
	if (id < 0 || p[n] != '"')
		return NULL;
	c->interval = (interval_id)id;
	return p + n + 1;
}

/* ---- the line -------------------------------------------------------------- */

/* The text that must come now, then what stands between it and the next. */
#define TEXT(text)                                                             \
	if ((p = scan_text(p, end, text, sizeof(text) - 1)) == NULL)           \
	return NULL
#define VALUE(call)                                                            \
	if ((p = (call)) == NULL)                                              \
	return NULL

/* To the symbol. */
SCAN
scan_times(struct candle_scan *s, const char *p, const char *end)
{
	const char *line = p;
	int64_t after = s->c.close_ms + 1;

	if (end - p < CANDLE_SCAN_TIMES)
		return NULL;
	if (s->has_times && is_same(p, s->time, CANDLE_SCAN_TIMES))
		return p + CANDLE_SCAN_TIMES;
	TEXT("{\"t\":");
	VALUE(scan_time(p, end, &s->c.open_ms));
	TEXT(",\"T\":");
	VALUE(scan_time(p, end, &s->c.close_ms));
	TEXT(",\"s\":\"");
	/* A bar that follows one that fitted its interval, as long as that. */
	s->is_checked =
	    s->is_checked && s->c.open_ms == after &&
	    s->c.close_ms == after + interval_step(s->c.interval) - 1;
	s->has_times = p - line == CANDLE_SCAN_TIMES;
	if (s->has_times)
		memcpy(s->time, line, CANDLE_SCAN_TIMES);
	return p;
}

/* From the symbol to the open. */
SCAN
scan_names(struct candle_scan *s, const char *p, const char *end)
{
	const char *from = p;

	if (s->names > 0 && (size_t)(end - p) >= s->names &&
	    memcmp(p, s->name, s->names) == 0)
		return p + s->names;
	VALUE(scan_symbol(p, end, &s->c));
	TEXT(",\"i\":\"");
	VALUE(scan_interval(p, end, &s->c));
	TEXT(",\"o\":\"");
	s->is_checked = false;
	s->names = (size_t)(p - from);
	if (s->names <= CANDLE_SCAN_NAMES)
		memcpy(s->name, from, s->names);
	else
		s->names = 0;
	return p;
}

/* x and E in all the ways they can be absent. */
static __attribute__((noinline)) const char *
scan_rest(const char *p, const char *end, struct candle *c)
{
	const char *q;

	c->recv_ms = -1;
	c->state = CANDLE_UNSAID;
	if ((q = scan_text(p, end, ",\"x\":false", 10)) != NULL) {
		c->state = CANDLE_FORMING;
		p = q;
	} else if ((q = scan_text(p, end, ",\"x\":true", 9)) != NULL) {
		c->state = CANDLE_CLOSED;
		p = q;
	}
	if ((q = scan_text(p, end, ",\"E\":", 5)) != NULL)
		p = scan_time(q, end, &c->recv_ms);
	return p;
}

/* From the value of n to the end of the line. */
SCAN
scan_end(const char *p, const char *end, struct candle *c)
{
	const char *q;

	if ((q = scan_text(p, end, "null", 4)) != NULL) {
		c->trades = -1;
		p = q;
	} else {
		VALUE(
		    scan_whole(p, end, INT64_C(9000000000000000), &c->trades));
	}
	if ((q = scan_text(p, end, ",\"x\":false,\"E\":", 15)) != NULL) {
		c->state = CANDLE_FORMING;
		VALUE(scan_time(q, end, &c->recv_ms));
	} else if ((q = scan_text(p, end, ",\"x\":true,\"E\":", 14)) != NULL) {
		c->state = CANDLE_CLOSED;
		VALUE(scan_time(q, end, &c->recv_ms));
	} else {
		VALUE(scan_rest(p, end, c));
	}
	return p + 1 == end && *p == '}' ? end : NULL;
}

SCAN
scan_line(struct candle_scan *s, const char *p, const char *end)
{
	struct candle *c = &s->c;

	VALUE(scan_times(s, p, end));
	VALUE(scan_names(s, p, end));
	VALUE(scan_again(p, end, &s->open, &c->open));
	TEXT(",\"c\":\"");
	VALUE(scan_decimal(p, end, &c->close));
	TEXT(",\"h\":\"");
	VALUE(scan_again(p, end, &s->high, &c->high));
	TEXT(",\"l\":\"");
	VALUE(scan_again(p, end, &s->low, &c->low));
	TEXT(",\"v\":\"");
	VALUE(scan_decimal(p, end, &c->volume));
	c->volume_rest[0] = '\0';
	TEXT(",\"n\":");
	return scan_end(p, end, c);
}

#undef TEXT
#undef VALUE

/* What must hold between members. */
INLINE bool
fits(struct candle_scan *s)
{
	const struct candle *c = &s->c;
	int64_t o = c->open.mant, h = c->high.mant, l = c->low.mant, step;
	int32_t k = c->open.scale;

	if (!s->is_checked) {
		step = interval_step(c->interval);
		if (c->open_ms % step != 0 ||
		    c->close_ms != c->open_ms + step - 1)
			return false;
		s->is_checked = true;
	}
	/* Above zero all of them, if the lowest is. */
	if (l <= 0)
		return false;
	if (((c->close.scale ^ k) | (c->high.scale ^ k) | (c->low.scale ^ k)) ==
	    0)
		return l <= o && o <= h && l <= c->close.mant &&
		       c->close.mant <= h;
	return decimal_cmp(c->low, c->open) <= 0 &&
	       decimal_cmp(c->low, c->close) <= 0 &&
	       decimal_cmp(c->high, c->open) >= 0 &&
	       decimal_cmp(c->high, c->close) >= 0;
}

void
candle_scan_init(struct candle_scan *s)
{
	s->has_times = s->is_checked = false;
	s->names = 0;
	s->c.close_ms = 0;
	forget_decimal(&s->open);
	forget_decimal(&s->high);
	forget_decimal(&s->low);
}

bool
candle_scan(struct candle_scan *s, const char *line, size_t n)
{
	if (scan_line(s, line, line + n) != NULL && fits(s))
		return true;
	candle_scan_init(s);
	return false;
}

enum candle_line
candle_scan_line(
    struct candle_scan *s, const char *line, size_t n, struct err *e)
{
	if (candle_scan(s, line, n))
		return CANDLE_LINE_CANDLE;
	return candle_parse_json(&s->c, line, n, e);
}
