#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/rules/member.h"

/* Longest member name that "did you mean" looks at. */
#define NAME_MAX_LEN 40

static void *
at(const struct rule_member *m, void *base)
{
	return (char *)base + m->offset;
}

static const void *
at_const(const struct rule_member *m, const void *base)
{
	return (const char *)base + m->offset;
}

/* Member by member: a copy of the whole would carry its padding along, and
 * equal configs are to be equal bytes. */
static void
put_decimal(const struct rule_member *m, void *base, struct decimal d)
{
	struct decimal *to = at(m, base);

	to->mant = d.mant;
	to->scale = d.scale;
}

static struct decimal
literal(const char *text)
{
	struct decimal d = {0, 0};
	int rc = decimal_parse(&d, text, strlen(text));

	assert(rc == 0);
	(void)rc;
	return d;
}

/* ---- reading ------------------------------------------------------------- */

/* Say which side of the range was left: 0, or -1 with a fault. */
static int
check_range(const struct rule_member *m, struct decimal d, const struct json *j,
    const char *loc, struct faults *f)
{
	int c;

	if (m->min != NULL) {
		c = decimal_cmp(d, literal(m->min));
		if (c < 0 || (c == 0 && m->above_min))
			return faults_add(f, "value_error", loc, j,
			    "must be %s %s",
			    m->above_min ? "above" : "at least", m->min);
	}
	if (m->max != NULL) {
		c = decimal_cmp(d, literal(m->max));
		if (c > 0 || (c == 0 && m->below_max))
			return faults_add(f, "value_error", loc, j,
			    "must be %s %s", m->below_max ? "below" : "at most",
			    m->max);
	}
	return 0;
}

static int
read_decimal(const struct rule_member *m, void *base, const struct json *j,
    const char *loc, struct faults *f)
{
	struct decimal d;
	int rc = -1;

	if (j->type != JSON_STRING && j->type != JSON_NUMBER)
		return faults_add(f, "type_error", loc, j,
		    "must be a number (as a string or a JSON number), not %s",
		    json_type_name(j));
	if (j->type == JSON_STRING)
		rc = decimal_parse(&d, j->string, j->len);
	else
		rc = decimal_from_double(&d, j->number);
	if (rc < 0)
		return faults_add(f, "value_error", loc, j,
		    "must be a decimal of at most 18 digits");
	if (check_range(m, d, j, loc, f) < 0)
		return -1;
	put_decimal(m, base, decimal_normal(d));
	return 0;
}

static int
read_integer(const struct rule_member *m, void *base, const struct json *j,
    const char *loc, struct faults *f)
{
	struct decimal d;
	int32_t v;

	if (j->type != JSON_NUMBER)
		return faults_add(f, "type_error", loc, j,
		    "must be a whole number, not %s", json_type_name(j));
	if (j->number != floor(j->number))
		return faults_add(
		    f, "value_error", loc, j, "must be a whole number");
	if (fabs(j->number) > INT32_MAX)
		return faults_add(f, "value_error", loc, j,
		    "must be between %s and %s", m->min, m->max);
	d = (struct decimal){(int64_t)j->number, 0};
	if (check_range(m, d, j, loc, f) < 0)
		return -1;
	v = (int32_t)d.mant;
	memcpy(at(m, base), &v, sizeof(v));
	return 0;
}

static int
find_choice(const struct rule_member *m, const char *s, size_t n)
{
	int i;

	for (i = 0; m->choices[i] != NULL; i++)
		if (strlen(m->choices[i]) == n &&
		    memcmp(m->choices[i], s, n) == 0)
			return i;
	return -1;
}

static int
read_choice(const struct rule_member *m, void *base, const struct json *j,
    const char *loc, struct faults *f)
{
	char list[160] = "";
	size_t n = 0, i;
	int found;

	if (j->type != JSON_STRING)
		return faults_add(f, "type_error", loc, j,
		    "must be a string, not %s", json_type_name(j));
	found = find_choice(m, j->string, j->len);
	if (found >= 0) {
		*(uint8_t *)at(m, base) = (uint8_t)found;
		return 0;
	}
	for (i = 0; m->choices[i] != NULL && n < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s",
		    i > 0 ? ", " : "", m->choices[i]);
	return faults_add(f, "value_error", loc, j, "must be %s%s",
	    i > 1 ? "one of " : "", list);
}

int
member_read(const struct rule_member *m, void *base, const struct json *j,
    const char *loc, struct faults *f)
{
	switch (m->kind) {
	case RULE_MEMBER_DECIMAL:
		return read_decimal(m, base, j, loc, f);
	case RULE_MEMBER_INTEGER:
		return read_integer(m, base, j, loc, f);
	default:
		assert(m->kind == RULE_MEMBER_CHOICE);
		return read_choice(m, base, j, loc, f);
	}
}

void
member_default(const struct rule_member *m, void *base)
{
	struct decimal d;
	int32_t v;

	assert(m->fallback != NULL);
	if (m->kind == RULE_MEMBER_CHOICE) {
		*(uint8_t *)at(m, base) =
		    (uint8_t)find_choice(m, m->fallback, strlen(m->fallback));
		return;
	}
	d = literal(m->fallback);
	v = (int32_t)d.mant;
	if (m->kind == RULE_MEMBER_DECIMAL)
		put_decimal(m, base, d);
	else
		memcpy(at(m, base), &v, sizeof(v));
}

/* ---- printing and scanning ----------------------------------------------- */

void
member_print(const struct rule_member *m, const void *base, struct buf *out)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal d;
	int32_t v;

	switch (m->kind) {
	case RULE_MEMBER_DECIMAL:
		memcpy(&d, at_const(m, base), sizeof(d));
		decimal_print_short(d, text);
		buf_cat(out, "\"", text, "\"", NULL);
		break;
	case RULE_MEMBER_INTEGER:
		memcpy(&v, at_const(m, base), sizeof(v));
		buf_add_int(out, v);
		break;
	default:
		assert(m->kind == RULE_MEMBER_CHOICE);
		buf_cat(out, "\"",
		    m->choices[*(const uint8_t *)at_const(m, base)], "\"",
		    NULL);
	}
}

/* The string between quotes at *p: its bytes, or NULL when it is none or
 * holds an escape. */
static const char *
scan_string(const char **p, const char *end, size_t *n)
{
	const char *from = *p + 1, *at = from;

	if (*p >= end || **p != '"')
		return NULL;
	while (at < end && *at != '"' && *at != '\\')
		at++;
	if (at == end || *at != '"')
		return NULL;
	*n = (size_t)(at - from);
	*p = at + 1;
	return from;
}

/* As member_read() does it: d must lie within the row's range. */
static bool
in_range(const struct rule_member *m, struct decimal d)
{
	struct faults f;

	/* The ranges are texts; the common bounds need no parsing. */
	if (m->max == NULL && d.mant > 0 && m->min != NULL &&
	    strcmp(m->min, "0") == 0)
		return true;
	faults_init(&f, "");
	return check_range(m, d, NULL, "", &f) == 0;
}

static int
scan_integer(
    const struct rule_member *m, void *base, const char **p, const char *end)
{
	int64_t v = 0;
	const char *from = *p;
	int32_t small;

	while (*p < end && **p >= '0' && **p <= '9' && v < INT32_MAX / 10)
		v = v * 10 + (*(*p)++ - '0');
	if (*p == from || (*from == '0' && *p > from + 1) ||
	    !in_range(m, (struct decimal){v, 0}))
		return -1;
	small = (int32_t)v;
	memcpy(at(m, base), &small, sizeof(small));
	return 0;
}

int
member_scan(
    const struct rule_member *m, void *base, const char **p, const char *end)
{
	struct decimal d;
	const char *s;
	size_t n;
	int found;

	if (m->kind == RULE_MEMBER_INTEGER)
		return scan_integer(m, base, p, end);
	s = scan_string(p, end, &n);
	if (s == NULL)
		return -1;
	if (m->kind == RULE_MEMBER_CHOICE) {
		found = find_choice(m, s, n);
		if (found < 0)
			return -1;
		*(uint8_t *)at(m, base) = (uint8_t)found;
		return 0;
	}
	if (decimal_parse(&d, s, n) < 0 || !in_range(m, d))
		return -1;
	put_decimal(m, base, decimal_normal(d));
	return 0;
}

/* ---- unknown members ----------------------------------------------------- */

/* Edits (insert, delete, replace, swap of neighbours) between two names:
 * optimal string alignment. */
static int
distance(const char *a, const char *b)
{
	int d[NAME_MAX_LEN + 1][NAME_MAX_LEN + 1];
	size_t n = strlen(a), k = strlen(b), i, j;

	if (n > NAME_MAX_LEN || k > NAME_MAX_LEN)
		return NAME_MAX_LEN;
	for (i = 0; i <= n; i++)
		d[i][0] = (int)i;
	for (j = 0; j <= k; j++)
		d[0][j] = (int)j;
	for (i = 1; i <= n; i++)
		for (j = 1; j <= k; j++) {
			int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (d[i - 1][j] + 1 < best)
				best = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < best)
				best = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][k];
}

/* The nearest name, if a slip of the finger can explain it. */
static const char *
nearest(const struct member_names *names, const char *name)
{
	const struct rule_member *m;
	const char *best = NULL;
	int least = strlen(name) < 5 ? 2 : 4;
	size_t i;

	for (i = 0; (m = names->at(names->list, i)) != NULL; i++) {
		int d = distance(name, m->name);

		if (d < least) {
			least = d;
			best = m->name;
		}
	}
	return best;
}

static bool
known(const struct member_names *names, const char *name)
{
	const struct rule_member *m;
	size_t i;

	for (i = 0; (m = names->at(names->list, i)) != NULL; i++)
		if (m->name[0] == name[0] && strcmp(m->name, name) == 0)
			return true;
	return false;
}

void
member_refuse_unknown(const struct member_names *names, const struct json *j,
    const char *prefix, const char *(*hint)(const void *arg, const char *name),
    const void *arg, struct faults *f)
{
	const char *place, *name, *near;
	char loc[128];
	size_t i;

	for (i = 0; i < j->len; i++) {
		name = j->keys[i];
		if (known(names, name))
			continue;
		(void)snprintf(loc, sizeof(loc), "%s%.60s", prefix, name);
		place = hint != NULL ? hint(arg, name) : NULL;
		near = nearest(names, name);
		if (place != NULL)
			faults_add(f, "unknown", loc, &j->items[i],
			    "unknown member; it belongs in %s", place);
		else if (near != NULL)
			faults_add(f, "unknown", loc, &j->items[i],
			    "unknown member; did you mean '%s'?", near);
		else
			faults_add(
			    f, "unknown", loc, &j->items[i], "unknown member");
	}
}
