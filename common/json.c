#include <jv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

/* ---- the strict check ---------------------------------------------------- */

struct check {
	const char *start, *p, *end;
	const char *fault;
};

static bool check_value(struct check *c, int depth);

static bool
fail(struct check *c, const char *fault)
{
	if (c->fault == NULL)
		c->fault = fault;
	return false;
}

static void
skip_space(struct check *c)
{
	while (c->p < c->end && (*c->p == ' ' || *c->p == '\t' ||
				    *c->p == '\n' || *c->p == '\r'))
		c->p++;
}

static bool
check_digits(struct check *c)
{
	const char *from = c->p;

	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	return c->p > from || fail(c, "a digit is missing");
}

static bool
check_number(struct check *c)
{
	const char *from = c->p;
	char text[400];
	size_t n;

	if (*c->p == '-')
		c->p++;
	if (c->p < c->end && *c->p == '0')
		c->p++;
	else if (!check_digits(c))
		return false;
	if (c->p < c->end && *c->p == '.') {
		c->p++;
		if (!check_digits(c))
			return false;
	}
	if (c->p < c->end && (*c->p == 'e' || *c->p == 'E')) {
		c->p++;
		if (c->p < c->end && (*c->p == '+' || *c->p == '-'))
			c->p++;
		if (!check_digits(c))
			return false;
	}
	n = (size_t)(c->p - from);
	if (n >= sizeof(text))
		return fail(c, "the number is too long");
	memcpy(text, from, n);
	text[n] = '\0';
	return isfinite(strtod(text, NULL)) ||
	       fail(c, "the number is out of range");
}

static int
hex4(const char *p, const char *end)
{
	int v = 0, i;

	if (end - p < 4)
		return -1;
	for (i = 0; i < 4; i++) {
		char ch = p[i];
		int digit = ch >= '0' && ch <= '9'   ? ch - '0'
			    : ch >= 'a' && ch <= 'f' ? ch - 'a' + 10
			    : ch >= 'A' && ch <= 'F' ? ch - 'A' + 10
						     : -1;

		if (digit < 0)
			return -1;
		v = v * 16 + digit;
	}
	return v;
}

/* After the backslash. */
static bool
check_escape(struct check *c)
{
	int unit, low;

	if (c->p == c->end)
		return fail(c, "the string does not end");
	if (*c->p != 'u') {
		if (memchr("\"\\/bfnrt", *c->p, 8) == NULL)
			return fail(c, "unknown escape");
		c->p++;
		return true;
	}
	unit = hex4(c->p + 1, c->end);
	if (unit < 0)
		return fail(c, "four hex digits must follow \\u");
	c->p += 5;
	if (unit == 0)
		return fail(c, "a NUL character is not allowed");
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	low = c->end - c->p >= 6 && c->p[0] == '\\' && c->p[1] == 'u'
		  ? hex4(c->p + 2, c->end)
		  : -1;
	if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
		return fail(c, "lone surrogate");
	c->p += 6;
	return true;
}

/* Length of the valid UTF-8 sequence at p, or 0 (RFC 3629). */
static size_t
utf8_len(const unsigned char *p, size_t left)
{
	size_t n, i;
	uint32_t v, min;

	if (p[0] < 0x80)
		return 1;
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		n = 2, v = p[0] & 0x1f, min = 0x80;
	else if ((p[0] & 0xf0) == 0xe0)
		n = 3, v = p[0] & 0x0f, min = 0x800;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		n = 4, v = p[0] & 0x07, min = 0x10000;
	else
		return 0;
	if (left < n)
		return 0;
	for (i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if (v < min || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return 0;
	return n;
}

static bool
check_string(struct check *c)
{
	c->p++;
	while (c->p < c->end) {
		unsigned char ch = (unsigned char)*c->p;
		size_t n;

		if (ch == '"') {
			c->p++;
			return true;
		}
		if (ch < 0x20)
			return fail(c, "a control character in a string");
		if (ch == '\\') {
			c->p++;
			if (!check_escape(c))
				return false;
			continue;
		}
		n = utf8_len(
		    (const unsigned char *)c->p, (size_t)(c->end - c->p));
		if (n == 0)
			return fail(c, "invalid UTF-8");
		c->p += n;
	}
	return fail(c, "the string does not end");
}

/* The inside of [] or {} after its first bracket. */
static bool
check_list(struct check *c, char close, int depth)
{
	if (depth >= JSON_DEPTH_MAX)
		return fail(c, "nested too deep");
	c->p++;
	skip_space(c);
	if (c->p < c->end && *c->p == close) {
		c->p++;
		return true;
	}
	for (;;) {
		if (close == '}') {
			skip_space(c);
			if (c->p == c->end || *c->p != '"')
				return fail(c, "a member name is missing");
			if (!check_string(c))
				return false;
			skip_space(c);
			if (c->p == c->end || *c->p != ':')
				return fail(c, "':' is missing");
			c->p++;
		}
		if (!check_value(c, depth + 1))
			return false;
		skip_space(c);
		if (c->p == c->end)
			return fail(c, "the text ends too early");
		if (*c->p == close) {
			c->p++;
			return true;
		}
		if (*c->p != ',')
			return fail(c, "',' is missing");
		c->p++;
	}
}

static bool
check_word(struct check *c, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0)
		return fail(c, "not a JSON value");
	c->p += n;
	return true;
}

static bool
check_value(struct check *c, int depth)
{
	skip_space(c);
	if (c->p == c->end)
		return fail(c, "the text ends too early");
	switch (*c->p) {
	case '{':
		return check_list(c, '}', depth);
	case '[':
		return check_list(c, ']', depth);
	case '"':
		return check_string(c);
	case 't':
		return check_word(c, "true");
	case 'f':
		return check_word(c, "false");
	case 'n':
		return check_word(c, "null");
	default:
		if (*c->p == '-' || (*c->p >= '0' && *c->p <= '9'))
			return check_number(c);
		return fail(c, "not a JSON value");
	}
}

int
json_check(const char *text, size_t n, struct err *e)
{
	struct check c = {.start = text, .p = text, .end = text + n};

	if (check_value(&c, 0)) {
		skip_space(&c);
		if (c.p == c.end)
			return 0;
		c.fault = "something follows the JSON value";
	}
	return err_set(e, "invalid JSON at byte %zu: %s",
	    (size_t)(c.p - c.start), c.fault);
}

/* ---- the tree ------------------------------------------------------------ */

/* What hangs on j. own: its strings and keys are allocations of their own, as
 * the library's are; else they lie in the root's text. */
static void
release(struct json *j, bool own)
{
	size_t i;

	if (own)
		free(j->string);
	if (j->type == JSON_ARRAY || j->type == JSON_OBJECT) {
		for (i = 0; i < j->len; i++) {
			release(&j->items[i], own);
			if (own && j->keys != NULL)
				free(j->keys[i]);
		}
		free(j->items);
		free(j->keys);
	}
}

static char *
copy(const char *s, size_t n)
{
	char *p = malloc(n + 1);

	if (p != NULL) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

static int convert(struct json *j, jv v);

static int
convert_array(struct json *j, jv v)
{
	size_t n = (size_t)jv_array_length(jv_copy(v));
	int rc = 0;

	j->items = calloc(n > 0 ? n : 1, sizeof(*j->items));
	if (j->items == NULL) {
		jv_free(v);
		return -1;
	}
	for (; j->len < n && rc == 0; j->len++)
		rc = convert(
		    &j->items[j->len], jv_array_get(jv_copy(v), (int)j->len));
	jv_free(v);
	return rc;
}

static int
convert_object(struct json *j, jv v)
{
	jv keys = jv_keys(jv_copy(v));
	size_t n = (size_t)jv_array_length(jv_copy(keys));
	int rc = 0;

	j->items = calloc(n > 0 ? n : 1, sizeof(*j->items));
	j->keys = calloc(n > 0 ? n : 1, sizeof(*j->keys));
	if (j->items == NULL || j->keys == NULL)
		rc = -1;
	while (rc == 0 && j->len < n) {
		jv key = jv_array_get(jv_copy(keys), (int)j->len);
		size_t i = j->len++;

		j->keys[i] = copy(jv_string_value(key),
		    (size_t)jv_string_length_bytes(jv_copy(key)));
		rc = j->keys[i] == NULL ? -1 : 0;
		if (rc == 0)
			rc = convert(&j->items[i],
			    jv_object_get(jv_copy(v), jv_copy(key)));
		jv_free(key);
	}
	jv_free(keys);
	jv_free(v);
	return rc;
}

/* Takes v. */
static int
convert(struct json *j, jv v)
{
	int rc = 0;

	switch (jv_get_kind(v)) {
	case JV_KIND_TRUE:
	case JV_KIND_FALSE:
		j->type = JSON_BOOL;
		j->boolean = jv_get_kind(v) == JV_KIND_TRUE;
		break;
	case JV_KIND_NUMBER:
		j->type = JSON_NUMBER;
		j->number = jv_number_value(v);
		break;
	case JV_KIND_STRING:
		j->type = JSON_STRING;
		j->len = (size_t)jv_string_length_bytes(jv_copy(v));
		j->string = copy(jv_string_value(v), j->len);
		rc = j->string == NULL ? -1 : 0;
		break;
	case JV_KIND_ARRAY:
		j->type = JSON_ARRAY;
		return convert_array(j, v);
	case JV_KIND_OBJECT:
		j->type = JSON_OBJECT;
		return convert_object(j, v);
	default:
		j->type = JSON_NULL;
	}
	jv_free(v);
	return rc;
}

struct json *
json_parse_library(const char *text, size_t n, struct err *e)
{
	struct json *j;
	jv v;

	if (json_check(text, n, e) < 0)
		return NULL;
	if (n > INT32_MAX) {
		err_set(e, "invalid JSON: the text is too long");
		return NULL;
	}
	v = jv_parse_sized(text, (int)n);
	if (!jv_is_valid(v)) {
		jv_free(v);
		err_set(e, "invalid JSON: the parser refused it");
		return NULL;
	}
	j = calloc(1, sizeof(*j));
	if (j == NULL || convert(j, v) < 0) {
		json_free(j);
		err_set(e, "out of memory");
		return NULL;
	}
	return j;
}

/* ---- plain texts --------------------------------------------------------- */

/*
 * Nearly every text has no escape in its strings, no member twice and few
 * members an object. Of such a text, which json_check() has taken already,
 * the tree is made directly: its strings lie in one copy of the text, which
 * the root owns. Anything else is the library's, and so is the last word on
 * what a text means: a fuzz target compares the two.
 */
#define PLAIN_MEMBERS_MAX 64

struct plain {
	char *p; /* NUL-terminated, writable, valid JSON */
};

static bool plain_value(struct plain *s, struct json *j);

static void
plain_space(struct plain *s)
{
	while (*s->p == ' ' || *s->p == '\t' || *s->p == '\n' || *s->p == '\r')
		s->p++;
}

/* The string at its opening quote, which ends in the NUL that takes the place
 * of the closing one. NULL when it holds an escape. */
static char *
plain_string(struct plain *s, size_t *len)
{
	char *from = s->p + 1;
	size_t n = strcspn(from, "\"\\");

	if (from[n] != '"')
		return NULL;
	from[n] = '\0';
	s->p = from + n + 1;
	*len = n;
	return from;
}

/* Whole numbers of up to 15 digits need no strtod(). */
static double
plain_number(struct plain *s)
{
	const char *from = s->p;
	int64_t v = 0;
	double x;

	while (*s->p >= '0' && *s->p <= '9' && s->p - from < 16)
		v = v * 10 + (*s->p++ - '0');
	if (s->p > from && s->p - from < 16 && *s->p != '.' && *s->p != 'e' &&
	    *s->p != 'E')
		return (double)v;
	x = strtod(from, &s->p);
	return x;
}

/* Room for one item more, and its key. */
static bool
plain_grow(struct json *j, size_t *cap, bool object)
{
	void *p;

	if (j->len < *cap)
		return true;
	*cap = *cap == 0 ? 16 : 2 * *cap;
	p = realloc(j->items, *cap * sizeof(*j->items));
	if (p == NULL)
		return false;
	j->items = p;
	if (!object)
		return true;
	p = realloc(j->keys, *cap * sizeof(*j->keys));
	if (p == NULL)
		return false;
	j->keys = p;
	return true;
}

/* Move the newest member to its place in order of key. False: it is there
 * already, or there are too many to sort so. */
static bool
plain_place(struct json *j)
{
	struct json item = j->items[j->len - 1];
	char *key = j->keys[j->len - 1];
	size_t i = j->len - 1;
	int order = -1;

	while (i > 0 && (order = strcmp(j->keys[i - 1], key)) > 0) {
		j->keys[i] = j->keys[i - 1];
		j->items[i] = j->items[i - 1];
		i--;
	}
	j->keys[i] = key;
	j->items[i] = item;
	return (i == 0 || order != 0) && j->len <= PLAIN_MEMBERS_MAX;
}

/* The array or object at its opening bracket. */
static bool
plain_list(struct plain *s, struct json *j)
{
	bool object = *s->p == '{';
	char close = object ? '}' : ']';
	size_t cap = 0, len;

	j->type = object ? JSON_OBJECT : JSON_ARRAY;
	if (!plain_grow(j, &cap, object))
		return false;
	s->p++;
	plain_space(s);
	while (*s->p != close) {
		if (*s->p == ',')
			s->p++;
		plain_space(s);
		if (!plain_grow(j, &cap, object))
			return false;
		memset(&j->items[j->len], 0, sizeof(*j->items));
		j->len++;
		if (object) {
			j->keys[j->len - 1] = plain_string(s, &len);
			if (j->keys[j->len - 1] == NULL)
				return false;
			plain_space(s);
			s->p++;
		}
		if (!plain_value(s, &j->items[j->len - 1]) ||
		    (object && !plain_place(j)))
			return false;
		plain_space(s);
	}
	s->p++;
	return true;
}

static bool
plain_value(struct plain *s, struct json *j)
{
	plain_space(s);
	switch (*s->p) {
	case '{':
	case '[':
		return plain_list(s, j);
	case '"':
		j->type = JSON_STRING;
		j->string = plain_string(s, &j->len);
		return j->string != NULL;
	case 't':
	case 'f':
		j->type = JSON_BOOL;
		j->boolean = *s->p == 't';
		s->p += j->boolean ? 4 : 5;
		return true;
	case 'n':
		j->type = JSON_NULL;
		s->p += 4;
		return true;
	default:
		j->type = JSON_NUMBER;
		j->number = plain_number(s);
		return true;
	}
}

/* NULL when the text is not plain, or memory is short. */
static struct json *
parse_plain(const char *text, size_t n)
{
	struct json *j = calloc(1, sizeof(*j));
	struct plain s;

	if (j == NULL)
		return NULL;
	s.p = j->text = copy(text, n);
	if (s.p == NULL || !plain_value(&s, j)) {
		/* What there is so far is a tree, if not the whole one. */
		if (s.p == NULL)
			j->type = JSON_NULL;
		release(j, false);
		free(j->text);
		free(j);
		return NULL;
	}
	return j;
}

struct json *
json_parse(const char *text, size_t n, struct err *e)
{
	struct json *j;

	if (json_check(text, n, e) < 0)
		return NULL;
	j = parse_plain(text, n);
	return j != NULL ? j : json_parse_library(text, n, e);
}

void
json_free(struct json *j)
{
	if (j == NULL)
		return;
	release(j, j->text == NULL);
	free(j->text);
	free(j);
}

/* ---- looking ------------------------------------------------------------- */

const struct json *
json_get(const struct json *j, const char *key)
{
	size_t i;

	if (j == NULL || j->type != JSON_OBJECT)
		return NULL;
	for (i = 0; i < j->len; i++)
		if (j->keys[i][0] == key[0] && strcmp(j->keys[i], key) == 0)
			return &j->items[i];
	return NULL;
}

const struct json *
json_at(const struct json *j, size_t i)
{
	if (j == NULL || j->type != JSON_ARRAY || i >= j->len)
		return NULL;
	return &j->items[i];
}

const char *
json_string(const struct json *j)
{
	return j != NULL && j->type == JSON_STRING ? j->string : NULL;
}

const char *
json_type_name(const struct json *j)
{
	static const char *const names[] = {
	    "null", "boolean", "number", "string", "array", "object"};

	return j == NULL ? "nothing" : names[j->type];
}

static void
print_number(double x, struct buf *out)
{
	char text[40];
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, x);
		if (strtod(text, NULL) == x)
			break;
	}
	buf_adds(out, text);
}

int
json_print(const struct json *j, struct buf *out)
{
	size_t i;

	switch (j == NULL ? JSON_NULL : j->type) {
	case JSON_NULL:
		return buf_adds(out, "null");
	case JSON_BOOL:
		return buf_adds(out, j->boolean ? "true" : "false");
	case JSON_NUMBER:
		print_number(j->number, out);
		break;
	case JSON_STRING:
		return buf_add_json(out, j->string, j->len);
	case JSON_ARRAY:
	case JSON_OBJECT:
		buf_addc(out, j->keys != NULL ? '{' : '[');
		for (i = 0; i < j->len; i++) {
			if (i > 0)
				buf_addc(out, ',');
			if (j->keys != NULL) {
				buf_adds_json(out, j->keys[i]);
				buf_addc(out, ':');
			}
			json_print(&j->items[i], out);
		}
		buf_addc(out, j->keys != NULL ? '}' : ']');
	}
	return buf_failed(out) ? -1 : 0;
}
