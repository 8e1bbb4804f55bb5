#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "common/candle.h"
#include "common/candle_scan.h"
#include "common/clock.h"
#include "common/hash.h"

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

	if (!required && (v == NULL || v->type == JSON_NULL))
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

enum candle_line
candle_parse(struct candle *c, const char *line, size_t n, struct err *e)
{
	struct candle_scan s;

	candle_scan_init(&s);
	if (!candle_scan(&s, line, n))
		return candle_parse_json(c, line, n, e);
	*c = s.c;
	return CANDLE_LINE_CANDLE;
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

/* Eight bytes, the lowest first on every machine. */
static uint64_t
digest_number(uint64_t h, uint64_t x)
{
	int i;

	for (i = 0; i < 8; i++, x >>= 8)
		h = hash_step(h, x & 0xff);
	return h;
}

static uint64_t
digest_decimal(uint64_t h, struct decimal d)
{
	d = decimal_normal(d);
	h = digest_number(h, (uint64_t)d.mant);
	return digest_number(h, (uint64_t)d.scale);
}

uint64_t
candle_digest(const struct candle *c)
{
	uint64_t h = HASH_BASIS;
	const char *p;

	h = digest_decimal(h, c->open);
	h = digest_decimal(h, c->close);
	h = digest_decimal(h, c->high);
	h = digest_decimal(h, c->low);
	h = digest_decimal(h, c->volume);
	for (p = c->volume_rest; *p != '\0'; p++)
		h = digest_number(h, (unsigned char)*p);
	return digest_number(h, (uint64_t)c->trades);
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
