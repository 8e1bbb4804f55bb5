#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/indicators/state.h"
#include "common/indicators/table.h"

/* ---- bars ---------------------------------------------------------------- */

/* Scales a series may have: an INDICATOR_TICKS_MAX of ticks must hold
 * DECIMAL_MANT_MAX, about 10^18. */
#define SCALE_MIN (-4)

static const int64_t pow10_int[] = {1, 10, 100, 1000, 10000, 100000, 1000000,
    10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
    10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
    100000000000000000, 1000000000000000000};

static double
unit_of(int scale)
{
	return scale >= 0 ? (double)pow10_int[scale]
			  : 1.0 / (double)pow10_int[-scale];
}

/* The finest scale that keeps every price of the last blocks below
 * INDICATOR_TICKS_MAX. */
static int32_t
best_scale(const struct indicator_scale *s)
{
	double high = s->high > s->high_before ? s->high : s->high_before;
	int32_t scale = s->finest;

	while (scale > SCALE_MIN &&
	       high * unit_of(scale) >= (double)INDICATOR_TICKS_MAX)
		scale--;
	return scale;
}

/* A decimal in ticks of the scale, rounded half up when it has more digits
 * than that (prices are above zero). */
static int64_t
to_ticks(struct decimal d, int32_t scale)
{
	int64_t div;

	if (d.scale <= scale)
		return d.mant * pow10_int[scale - d.scale];
	if (d.scale - scale > DECIMAL_SCALE_MAX)
		return 0;
	div = pow10_int[d.scale - scale];
	return d.mant / div + (d.mant % div >= div - d.mant % div);
}

/* See whether the scale must change for this candle, or may. */
static void
follow_scale(struct indicator_scale *s, const struct candle *c)
{
	int32_t finest =
	    c->high.scale > c->low.scale ? c->high.scale : c->low.scale;
	double high;

	if (c->close.scale > finest)
		finest = c->close.scale;
	/* Bars are counted, not the updates of a forming one: the highest
	 * price must have left every window before the tick is refined. */
	s->bars += c->open_ms != s->open_ms;
	s->open_ms = c->open_ms;
	if (s->bars <= INDICATOR_LENGTH_MAX && finest <= s->finest &&
	    decimal_cmp(c->high, s->top) <= 0)
		return;
	high = decimal_to_double(c->high);
	if (s->bars > INDICATOR_LENGTH_MAX) {
		s->bars = 1;
		s->high_before = s->high;
		s->high = 0;
	}
	if (finest > s->finest)
		s->finest = finest;
	if (s->high <= 0 || decimal_cmp(c->high, s->top) > 0) {
		s->top = c->high;
		s->high = high;
	}
	s->scale = best_scale(s);
}

void
indicator_bar(struct indicator_scale *s, const struct candle *c,
    struct indicator_bar *out)
{
	follow_scale(s, c);
	out->open_ms = c->open_ms;
	out->scale = s->scale;
	out->unit = unit_of(s->scale);
	out->high = to_ticks(c->high, s->scale);
	out->low = to_ticks(c->low, s->scale);
	out->close = to_ticks(c->close, s->scale);
	out->price = decimal_to_double(c->close);
	out->volume = decimal_to_double(c->volume);
}

/* ---- specs --------------------------------------------------------------- */

static const struct indicator *
find(const char *name, size_t n)
{
	const struct indicator *of;
	size_t i;

	for (i = 0; (of = indicator_at(i)) != NULL; i++)
		if (strlen(of->name) == n && memcmp(of->name, name, n) == 0)
			return of;
	return NULL;
}

/* The value of one parameter's text. */
static int
parse_param(const struct indicator *of, int i, double *out, const char *text,
    size_t n, struct err *e)
{
	const struct indicator_param *p = &of->param[i];
	struct decimal d;
	double v = NAN;

	if (decimal_parse(&d, text, n) == 0)
		v = decimal_to_double(d);
	if (p->whole && v != floor(v))
		v = NAN;
	if (!(v >= p->min && v <= p->max))
		return err_set(e,
		    "%s: %s must be a %snumber between %g and %g, not '%.*s'",
		    of->name, p->name, p->whole ? "whole " : "", p->min, p->max,
		    (int)(n < 32 ? n : 32), text);
	*out = v;
	return 0;
}

int
indicator_spec_parse(
    struct indicator_spec *s, const char *text, size_t n, struct err *e)
{
	const char *end = text + n, *colon = memchr(text, ':', n);
	int i;

	if (colon == NULL)
		colon = end;
	*s = (struct indicator_spec){.of = find(text, (size_t)(colon - text))};
	if (s->of == NULL)
		return err_set(e, "no indicator '%.*s'",
		    (int)(colon - text < 32 ? colon - text : 32), text);
	for (i = 0; i < s->of->params; i++)
		s->param[i] = s->of->param[i].fallback;
	for (i = 0; colon < end; i++) {
		text = colon + 1;
		colon = memchr(text, ':', (size_t)(end - text));
		if (colon == NULL)
			colon = end;
		if (i >= s->of->params)
			return err_set(e, "%s takes at most %d parameters",
			    s->of->name, s->of->params);
		if (parse_param(s->of, i, &s->param[i], text,
			(size_t)(colon - text), e) < 0)
			return -1;
	}
	return s->of->check != NULL ? s->of->check(s->param, e) : 0;
}

struct indicator_spec
indicator_spec_make(const char *name, double p0, double p1, double p2)
{
	struct indicator_spec s = {.of = find(name, strlen(name))};
	const double p[INDICATOR_PARAMS_MAX] = {p0, p1, p2};
	int i;

	assert(s.of != NULL);
	for (i = 0; i < s.of->params; i++)
		s.param[i] = p[i];
	return s;
}

size_t
indicator_spec_text(
    const struct indicator_spec *s, char out[INDICATOR_SPEC_TEXT_MAX])
{
	size_t n;
	int i;

	n = (size_t)snprintf(out, INDICATOR_SPEC_TEXT_MAX, "%s", s->of->name);
	for (i = 0; i < s->of->params; i++)
		n += (size_t)snprintf(out + n, INDICATOR_SPEC_TEXT_MAX - n,
		    ":%.17g", s->param[i]);
	return n;
}

bool
indicator_spec_equal(
    const struct indicator_spec *a, const struct indicator_spec *b)
{
	int i;

	for (i = 0; i < INDICATOR_PARAMS_MAX; i++)
		if (a->param[i] < b->param[i] || a->param[i] > b->param[i])
			return false;
	return a->of == b->of;
}

uint64_t
indicator_spec_hash(const struct indicator_spec *s)
{
	uint64_t h = hash_text(HASH_BASIS, s->of->name), bits;
	int i;

	for (i = 0; i < INDICATOR_PARAMS_MAX; i++) {
		memcpy(&bits, &s->param[i], sizeof(bits));
		h = hash_step(h, bits);
		h ^= h >> 29;
	}
	return h;
}

int
indicator_lines(const struct indicator_spec *s)
{
	return s->of->lines;
}

const char *
indicator_line_name(const struct indicator_spec *s, int line)
{
	return s->of->lines > 1 ? s->of->line[line] : NULL;
}

int
indicator_first(const struct indicator_spec *s)
{
	return s->of->first(s->param);
}

int
indicator_settled(const struct indicator_spec *s)
{
	return s->of->settled != NULL ? s->of->settled(s->param)
				      : s->of->first(s->param);
}

/* ---- states -------------------------------------------------------------- */

size_t
indicator_size(const struct indicator_spec *s)
{
	return s->of->size(s->param);
}

void
indicator_start(const struct indicator_spec *s, void *state)
{
	struct state_head *head = state;

	memset(state, 0, s->of->size(s->param));
	head->n = param_int(s->param[0]);
	if (s->of->start != NULL)
		s->of->start(s->param, state);
}

/* The bar has other ticks than the state: bring the state along. */
static void
follow(const struct indicator *of, void *state, int32_t scale)
{
	struct state_head *head = state;
	int32_t steps = scale - head->scale;
	struct rescale r = {1, 1, unit_of(scale) / unit_of(head->scale)};

	/* Beyond 18 steps every price is 0 in the coarser ticks. */
	if (steps > 0)
		r.mul = pow10_int[steps < 18 ? steps : 18];
	else
		r.div = pow10_int[steps > -18 ? -steps : 18];
	if (of->rescale != NULL && head->count > 0)
		of->rescale(state, &r);
	head->scale = scale;
}

/* Apart, so that the step as it nearly always is needs no frame. */
__attribute__((noinline)) static void
follow_and_step(const struct indicator_spec *s, void *state,
    const struct indicator_bar *b, double *out)
{
	follow(s->of, state, b->scale);
	indicator_step(s, state, b, out);
}

void
indicator_step(const struct indicator_spec *s, void *state,
    const struct indicator_bar *b, double out[INDICATOR_LINES_MAX])
{
	struct state_head *head = state;

	if (__builtin_expect(head->scale != b->scale, 0)) {
		follow_and_step(s, state, b, out);
		return;
	}
	head->count++;
	s->of->next(s->param, state, b, out, true);
}

int
indicator_peek(const struct indicator_spec *s, void *state,
    const struct indicator_bar *b, double out[INDICATOR_LINES_MAX])
{
	struct state_head *head = state;
	size_t size;
	void *copy;

	if (__builtin_expect(head->scale == b->scale, 1)) {
		head->count++;
		s->of->next(s->param, state, b, out, false);
		head->count--;
		return 0;
	}
	size = s->of->size(s->param);
	copy = malloc(size);
	if (copy == NULL)
		return -1;
	memcpy(copy, state, size);
	follow(s->of, copy, b->scale);
	head = copy;
	head->count++;
	s->of->next(s->param, copy, b, out, false);
	free(copy);
	return 0;
}

/* ---- values -------------------------------------------------------------- */

static void
print_value(double v, struct buf *out)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal d;

	if (decimal_round_double(&d, v) == 0)
		buf_add(out, text, decimal_print(d, text));
	else if (isfinite(v))
		buf_addf(out, "%.17g", v);
	else
		buf_adds(out, "null");
}

int
indicator_print(const struct indicator_spec *s,
    const double v[INDICATOR_LINES_MAX], struct buf *out)
{
	int i;

	if (s->of->lines == 1) {
		print_value(v[0], out);
		return buf_failed(out) ? -1 : 0;
	}
	for (i = 0; i < s->of->lines; i++) {
		buf_addf(out, "%c\"%s\":", i > 0 ? ',' : '{', s->of->line[i]);
		print_value(v[i], out);
	}
	return buf_addc(out, '}');
}

const char *
indicator_name_at(size_t i)
{
	return indicator_at(i) != NULL ? indicator_at(i)->name : NULL;
}

const char *
indicator_doc_at(size_t i)
{
	return indicator_at(i) != NULL ? indicator_at(i)->doc : NULL;
}
