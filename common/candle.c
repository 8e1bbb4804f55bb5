#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/candle.h"
#include "common/clock.h"

bool
symbol_valid(const char *s, size_t n)
{
	size_t i;

	if (n < 1 || n > SYMBOL_LEN_MAX)
		return false;
	for (i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\')
			return false;
	return true;
}

static int
get_ms(int64_t *out, const struct json *j, const char *key, bool required,
    struct err *e)
{
	const struct json *v = json_get(j, key);

	if (v == NULL && !required)
		return 0;
	if (v == NULL)
		return err_set(e, "member %s is missing", key);
	if (v->type != JSON_NUMBER || v->number != floor(v->number) ||
	    v->number < 0 || v->number > (double)CLOCK_MS_MAX)
		return err_set(
		    e, "member %s must be a time in milliseconds", key);
	*out = (int64_t)v->number;
	return 0;
}

static int
get_decimal(struct decimal *out, const struct json *j, const char *key,
    bool positive, struct err *e)
{
	const struct json *v = json_get(j, key);
	int rc = -1;

	if (v == NULL)
		return err_set(e, "member %s is missing", key);
	if (v->type == JSON_STRING)
		rc = decimal_parse(out, v->string, v->len);
	else if (v->type == JSON_NUMBER)
		rc = decimal_from_double(out, v->number);
	if (rc < 0)
		return err_set(
		    e, "member %s must be a decimal of at most 18 digits", key);
	if (positive ? out->mant <= 0 : out->mant < 0)
		return err_set(e, "member %s must%s be %s", key,
		    positive ? "" : " not",
		    positive ? "above zero" : "negative");
	return 0;
}

/* The longest start of s that is a decimal; what is left are digits behind
 * the point. */
int
candle_volume_parse(struct candle *c, const char *s, size_t n)
{
	size_t kept, point, i;
	const char *p;

	c->volume_rest[0] = '\0';
	if (decimal_parse(&c->volume, s, n) == 0)
		return 0;
	p = memchr(s, '.', n);
	if (p == NULL || p == s || p + 1 == s + n)
		return -1;
	point = (size_t)(p - s);
	for (i = s[0] == '-'; i < n; i++)
		if (i != point && (s[i] < '0' || s[i] > '9'))
			return -1;
	for (kept = n - 1; decimal_parse(&c->volume, s, kept) < 0; kept--)
		if (kept == point)
			return -1;
	if (n - kept >= sizeof(c->volume_rest))
		return -1;
	memcpy(c->volume_rest, s + kept, n - kept);
	c->volume_rest[n - kept] = '\0';
	return 0;
}

size_t
candle_volume_print(const struct candle *c, char out[CANDLE_VOLUME_TEXT_MAX])
{
	size_t n = decimal_print(c->volume, out);
	size_t rest = strlen(c->volume_rest);

	memcpy(out + n, c->volume_rest, rest + 1);
	return n + rest;
}

static int
get_volume(struct candle *c, const struct json *j, struct err *e)
{
	const struct json *v = json_get(j, "v");

	c->volume_rest[0] = '\0';
	if (json_string(v) == NULL)
		return get_decimal(&c->volume, j, "v", false, e);
	if (candle_volume_parse(c, v->string, v->len) < 0)
		return err_set(e, "member v must be a decimal");
	if (c->volume.mant < 0)
		return err_set(e, "member v must not be negative");
	return 0;
}

static int
get_names(struct candle *c, const struct json *j, struct err *e)
{
	const struct json *s = json_get(j, "s"), *i = json_get(j, "i");
	int id;

	if (json_string(s) == NULL || !symbol_valid(s->string, s->len))
		return err_set(e,
		    "member s must be a symbol of 1 to %d printable bytes",
		    SYMBOL_LEN_MAX);
	memcpy(c->symbol, s->string, s->len + 1);
	c->symbol_len = (uint8_t)s->len;
	if (json_string(i) == NULL)
		return err_set(e, "member i is missing");
	id = interval_find(i->string, i->len);
	if (id < 0)
		return err_set(e, "member i: no interval '%.16s' (%s)",
		    i->string, interval_names());
	c->interval = (interval_id)id;
	return 0;
}

static int
get_trades(struct candle *c, const struct json *j, struct err *e)
{
	const struct json *n = json_get(j, "n");

	c->trades = -1;
	if (n == NULL || n->type == JSON_NULL)
		return 0;
	if (n->type != JSON_NUMBER || n->number != floor(n->number) ||
	    n->number < 0 || n->number > 9e15)
		return err_set(e, "member n must be a number of trades");
	c->trades = (int64_t)n->number;
	return 0;
}

static int
get_state(struct candle *c, const struct json *j, struct err *e)
{
	const struct json *x = json_get(j, "x");

	c->state = CANDLE_UNSAID;
	if (x == NULL || x->type == JSON_NULL)
		return 0;
	if (x->type != JSON_BOOL)
		return err_set(e, "member x must be true or false");
	c->state = x->boolean ? CANDLE_CLOSED : CANDLE_FORMING;
	return 0;
}

/* What must hold between members. */
static int
check(const struct candle *c, struct err *e)
{
	int64_t step = interval_step(c->interval);

	if (c->open_ms % step != 0)
		return err_set(e,
		    "t %" PRId64 " is no opening time of a %s bar", c->open_ms,
		    interval_name(c->interval));
	if (c->close_ms != c->open_ms + step - 1)
		return err_set(e,
		    "T %" PRId64
		    " does not fit t and interval %s (want %" PRId64 ")",
		    c->close_ms, interval_name(c->interval),
		    c->open_ms + step - 1);
	if (decimal_cmp(c->low, c->high) > 0 ||
	    decimal_cmp(c->low, c->open) > 0 ||
	    decimal_cmp(c->low, c->close) > 0 ||
	    decimal_cmp(c->high, c->open) < 0 ||
	    decimal_cmp(c->high, c->close) < 0)
		return err_set(e, "l <= o, c <= h does not hold");
	return 0;
}

int
candle_from_json(struct candle *c, const struct json *j, struct err *e)
{
	if (j == NULL || j->type != JSON_OBJECT)
		return err_set(e, "a candle must be an object");
	c->recv_ms = -1;
	if (get_names(c, j, e) < 0 ||
	    get_ms(&c->open_ms, j, "t", true, e) < 0 ||
	    get_ms(&c->close_ms, j, "T", true, e) < 0 ||
	    get_ms(&c->recv_ms, j, "E", false, e) < 0 ||
	    get_decimal(&c->open, j, "o", true, e) < 0 ||
	    get_decimal(&c->close, j, "c", true, e) < 0 ||
	    get_decimal(&c->high, j, "h", true, e) < 0 ||
	    get_decimal(&c->low, j, "l", true, e) < 0 ||
	    get_volume(c, j, e) < 0 || get_trades(c, j, e) < 0 ||
	    get_state(c, j, e) < 0)
		return -1;
	return check(c, e);
}

enum candle_line
candle_parse_json(struct candle *c, const char *line, size_t n, struct err *e)
{
	struct json *j = json_parse(line, n, e);
	enum candle_line kind = CANDLE_LINE_BAD;

	if (j == NULL)
		return CANDLE_LINE_BAD;
	if (json_string(json_get(j, "event")) != NULL)
		kind = CANDLE_LINE_EVENT;
	else if (candle_from_json(c, j, e) == 0)
		kind = CANDLE_LINE_CANDLE;
	json_free(j);
	return kind;
}

/* ---- the scanner --------------------------------------------------------- */

/*
 * Nearly every line is one that candle_print() wrote, so its layout is known:
 * the members in their order, no spaces, plain digits. The scanner takes
 * exactly that and gives up on anything else, a fault included; the parser
 * above then judges the line.
 *
 * Each scan_ function takes the place to read at and returns the place behind
 * what it read, or NULL. Digits are read eight at a time: a 64-bit word of
 * ASCII digits becomes a number in three multiplications (after D. Lemire,
 * "Quickly parsing eight digits").
 */
#define INLINE static inline __attribute__((always_inline))
#define SCAN   INLINE const char *

#define ASCII_ZEROS UINT64_C(0x3030303030303030)
#define HIGH_BITS   UINT64_C(0x8080808080808080)

static const uint64_t times10[] = {
    1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* Eight bytes at p, the first in the lowest byte; zeroes behind the end. */
INLINE uint64_t
load8(const char *p, const char *end)
{
	unsigned char b[8] = {0};
	uint64_t w;

	if (__builtin_expect(end - p >= 8, 1)) {
		memcpy(&w, p, sizeof(w));
	} else {
		if (end > p)
			memcpy(b, p, (size_t)(end - p));
		memcpy(&w, b, sizeof(w));
	}
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	w = __builtin_bswap64(w);
#endif
	return w;
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

/* A JSON number without sign, fraction, exponent or leading zero. */
SCAN
scan_whole(const char *p, const char *end, int64_t max, int64_t *out)
{
	const char *from = p;
	uint64_t v = 0;

	p = scan_digits(p, end, &v);
	if (p == NULL || (p > from + 1 && *from == '0') || v > (uint64_t)max)
		return NULL;
	*out = (int64_t)v;
	return p;
}

/* A time: thirteen digits for two hundred years to come. */
SCAN
scan_time(const char *p, const char *end, int64_t *out)
{
	uint64_t a, b;

	if (end - p < 14 || *p == '0')
		return scan_whole(p, end, CLOCK_MS_MAX, out);
	a = load8(p, end) ^ ASCII_ZEROS;
	b = load8(p + 5, end) ^ ASCII_ZEROS;
	if ((not_digits(a) | not_digits(b)) != 0 ||
	    (unsigned char)(p[13] - '0') <= 9)
		return scan_whole(p, end, CLOCK_MS_MAX, out);
	*out = (int64_t)(join8(a << 24) * 100000000 + join8(b));
	return p + 13;
}

/* A decimal that is longer than a word: digits, perhaps a point and more. */
static __attribute__((noinline)) const char *
scan_long_decimal(const char *p, const char *end, struct decimal *d)
{
	const char *from = p;
	uint64_t v = 0;

	p = scan_digits(p, end, &v);
	d->scale = 0;
	if (p != NULL && p < end && *p == '.') {
		from = p + 1;
		p = scan_digits(from, end, &v);
		if (p != NULL)
			d->scale = (int32_t)(p - from);
	} else if (p != NULL) {
		from = p;
	}
	d->mant = (int64_t)v;
	return p;
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
	uint64_t second = other & (other - 1), below, tail = 0;
	unsigned point, quote, k = 0;
	const char *from = p;

	if (__builtin_expect(other == 0 || (other & 0x80) != 0, 0))
		goto slow;
	point = (unsigned)__builtin_ctzll(other) & 56;
	if ((w >> point & 0xff) != ('.' ^ '0'))
		goto slow;
	below = (UINT64_C(1) << point) - 1;
	if (second != 0) {
		quote = (unsigned)__builtin_ctzll(second) & 56;
		if ((w >> quote & 0xff) != ('"' ^ '0') || quote < point + 16)
			goto slow;
		p += quote / 8;
	} else {
		quote = 64;
		tail = load8(p + 8, end) ^ ASCII_ZEROS;
		other = not_digits(tail);
		if (other == 0)
			goto slow;
		k = (unsigned)__builtin_ctzll(other) / 8;
		if ((tail >> 8 * k & 0xff) != ('"' ^ '0') ||
		    quote + 8 * k < point + 16)
			goto slow;
		tail = k > 0 ? join8(tail << (64 - 8 * k)) : 0;
		p += 8 + k;
	}
	w = (w & below) | ((w >> 8) & ~below);
	d->mant = (int64_t)(join8(w << (72 - quote)) * times10[k] + tail);
	d->scale = (int32_t)((quote - point) / 8 + k - 1);
	return p + 1;
slow:
	p = scan_long_decimal(from, end, d);
	/* Both runs together must stay within a decimal's range. */
	if (p == NULL || p - from > 18 || p == end || *p != '"')
		return NULL;
	return p + 1;
}

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

/* From the value of n on: the members that may be absent. */
SCAN
scan_rest(const char *p, const char *end, struct candle *c)
{
	const char *q;

	c->trades = c->recv_ms = -1;
	c->state = CANDLE_UNSAID;
	q = scan_text(p, end, "null", 4);
	p = q != NULL
		? q
		: scan_whole(p, end, INT64_C(9000000000000000), &c->trades);
	if (p == NULL)
		return NULL;
	if ((q = scan_text(p, end, ",\"x\":false", 10)) != NULL) {
		c->state = CANDLE_FORMING;
		p = q;
	} else if ((q = scan_text(p, end, ",\"x\":true", 9)) != NULL) {
		c->state = CANDLE_CLOSED;
		p = q;
	}
	if ((q = scan_text(p, end, ",\"E\":", 5)) != NULL)
		p = scan_time(q, end, &c->recv_ms);
	if (p == NULL || p == end || *p != '}' || p + 1 != end)
		return NULL;
	return p + 1;
}

/* check() for the usual case: all prices with one scale. */
INLINE bool
scan_check(const struct candle *c)
{
	int64_t o = c->open.mant, h = c->high.mant, l = c->low.mant;
	int32_t k = c->open.scale;

	if (o <= 0 || c->close.mant <= 0 || h <= 0 || l <= 0)
		return false;
	if (((c->close.scale ^ k) | (c->high.scale ^ k) | (c->low.scale ^ k)) !=
	    0)
		return check(c, NULL) == 0;
	return c->open_ms % interval_step(c->interval) == 0 &&
	       c->close_ms == c->open_ms + interval_step(c->interval) - 1 &&
	       l <= o && o <= h && l <= c->close.mant && c->close.mant <= h;
}

/* The text that must come now, then what stands between it and the next. */
#define TEXT(text)                                                             \
	if ((p = scan_text(p, end, text, sizeof(text) - 1)) == NULL)           \
	return false
#define VALUE(call)                                                            \
	if ((p = (call)) == NULL)                                              \
	return false

/* True when the line has the layout of candle_print() and all is in range. */
static bool
candle_scan(struct candle *c, const char *p, size_t n)
{
	const char *end = p + n;

	TEXT("{\"t\":");
	VALUE(scan_time(p, end, &c->open_ms));
	TEXT(",\"T\":");
	VALUE(scan_time(p, end, &c->close_ms));
	TEXT(",\"s\":\"");
	VALUE(scan_symbol(p, end, c));
	TEXT(",\"i\":\"");
	VALUE(scan_interval(p, end, c));
	TEXT(",\"o\":\"");
	VALUE(scan_decimal(p, end, &c->open));
	TEXT(",\"c\":\"");
	VALUE(scan_decimal(p, end, &c->close));
	TEXT(",\"h\":\"");
	VALUE(scan_decimal(p, end, &c->high));
	TEXT(",\"l\":\"");
	VALUE(scan_decimal(p, end, &c->low));
	TEXT(",\"v\":\"");
	VALUE(scan_decimal(p, end, &c->volume));
	c->volume_rest[0] = '\0';
	TEXT(",\"n\":");
	VALUE(scan_rest(p, end, c));
	return scan_check(c);
}

#undef TEXT
#undef VALUE

enum candle_line
candle_parse(struct candle *c, const char *line, size_t n, struct err *e)
{
	if (candle_scan(c, line, n))
		return CANDLE_LINE_CANDLE;
	return candle_parse_json(c, line, n, e);
}

static void
print_decimal(struct buf *out, const char *lead, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];
	size_t n = decimal_print(d, text);

	buf_adds(out, lead);
	buf_add(out, text, n);
}

int
candle_print(const struct candle *c, struct buf *out)
{
	char volume[CANDLE_VOLUME_TEXT_MAX];

	buf_adds(out, "{\"t\":");
	buf_add_int(out, c->open_ms);
	buf_adds(out, ",\"T\":");
	buf_add_int(out, c->close_ms);
	buf_adds(out, ",\"s\":\"");
	buf_adds(out, c->symbol);
	buf_adds(out, "\",\"i\":\"");
	buf_adds(out, interval_name(c->interval));
	print_decimal(out, "\",\"o\":\"", c->open);
	print_decimal(out, "\",\"c\":\"", c->close);
	print_decimal(out, "\",\"h\":\"", c->high);
	print_decimal(out, "\",\"l\":\"", c->low);
	buf_adds(out, "\",\"v\":\"");
	buf_add(out, volume, candle_volume_print(c, volume));
	buf_adds(out, "\",\"n\":");
	if (c->trades >= 0)
		buf_add_int(out, c->trades);
	else
		buf_adds(out, "null");
	if (c->state != CANDLE_UNSAID)
		buf_adds(out,
		    c->state == CANDLE_CLOSED ? ",\"x\":true" : ",\"x\":false");
	if (c->recv_ms >= 0) {
		buf_adds(out, ",\"E\":");
		buf_add_int(out, c->recv_ms);
	}
	return buf_addc(out, '}');
}

bool
candle_same_values(const struct candle *a, const struct candle *b)
{
	return decimal_cmp(a->open, b->open) == 0 &&
	       decimal_cmp(a->close, b->close) == 0 &&
	       decimal_cmp(a->high, b->high) == 0 &&
	       decimal_cmp(a->low, b->low) == 0 &&
	       decimal_cmp(a->volume, b->volume) == 0 &&
	       strcmp(a->volume_rest, b->volume_rest) == 0 &&
	       a->trades == b->trades;
}
