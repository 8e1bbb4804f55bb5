#include <stdlib.h>
#include <string.h>

#include "pulse-ctl/serve/values.h"

#define JSON_MAX 4096

/* ---- what is wanted ------------------------------------------------------ */

static bool
has_name(const struct values *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (strcmp(v->name[i], name) == 0)
			return true;
	return false;
}

static int
add_text(struct values *v, const char *text, size_t n, struct err *e)
{
	char *name;

	if (v->n == VALUES_MAX)
		return err_set(e, "at most %d indicators", VALUES_MAX);
	if (n >= INDICATOR_SPEC_TEXT_MAX)
		return err_set(e, "an indicator's name is too long");
	name = v->name[v->n];
	memcpy(name, text, n);
	name[n] = '\0';
	if (has_name(v, name))
		return err_set(e, "%s is named twice", name);
	if (indicator_spec_parse(&v->spec[v->n], text, n, e) < 0)
		return -1;
	v->n++;
	return 0;
}

int
values_parse(struct values *v, const char *text, struct err *e)
{
	size_t n;

	for (;; text += n + 1) {
		n = strcspn(text, ",");
		if (add_text(v, text, n, e) < 0)
			return -1;
		if (text[n] == '\0')
			return 0;
	}
}

void
values_of_rule(struct values *v, const struct rule *r)
{
	struct indicator_spec spec[2];
	size_t n = rule_indicators(r, spec), i;

	for (i = 0; i < n && v->n < VALUES_MAX; i++) {
		(void)indicator_spec_text(&spec[i], v->name[v->n]);
		if (has_name(v, v->name[v->n]))
			continue;
		v->spec[v->n++] = spec[i];
	}
}

/* ---- computing ----------------------------------------------------------- */

/* Candles in order of time: history, then those shown. */
struct run {
	const struct values *v;
	struct candle *candle;
	size_t n, cap;
	size_t history; /* how many of them are not shown */
	void *state[VALUES_MAX];
	/* lines of indicator i after the k-th shown candle, at
	 * [(k * v->n + i) * INDICATOR_LINES_MAX] */
	double *line;
};

static int
keep(void *arg, const struct candle *c, struct err *e)
{
	struct run *r = arg;

	if (r->n == r->cap)
		return err_set(e, "the store lists more candles than asked");
	r->candle[r->n++] = *c;
	return 0;
}

static void
reverse(struct candle *v, size_t n)
{
	struct candle swap;
	size_t i;

	for (i = 0; i < n / 2; i++) {
		swap = v[i];
		v[i] = v[n - 1 - i];
		v[n - 1 - i] = swap;
	}
}

/* Bars before the first one shown from which on no value changes. */
static int64_t
history_wanted(const struct values *v)
{
	int most = 0;
	size_t i;

	for (i = 0; i < v->n; i++)
		if (indicator_settled(&v->spec[i]) > most)
			most = indicator_settled(&v->spec[i]);
	return most < VALUES_HISTORY_MAX ? most : VALUES_HISTORY_MAX;
}

/* The newest candles of both parts come first from the store's descending
 * list: the shown ones, then what lies before them; turned round at the end. */
static int
read_candles(struct run *r, struct store *st,
    const struct store_candle_filter *f, int64_t history, struct err *e)
{
	struct store_candle_filter before = *f;
	size_t shown;

	if (store_candle_list(st, f, keep, r, e) < 0)
		return -1;
	if (f->ascending)
		reverse(r->candle, r->n);
	shown = r->n;
	if (shown == 0)
		return 0;
	before.from_ms = 0;
	before.to_ms = r->candle[shown - 1].open_ms - 1;
	before.ascending = false;
	before.limit = history;
	before.offset = 0;
	if (before.to_ms >= 0 && history > 0 &&
	    store_candle_list(st, &before, keep, r, e) < 0)
		return -1;
	reverse(r->candle, r->n);
	r->history = r->n - shown;
	return 0;
}

static int
compute(struct run *r, struct err *e)
{
	struct indicator_scale scale;
	struct indicator_bar bar;
	double lines[INDICATOR_LINES_MAX];
	size_t i, k, at;

	memset(&scale, 0, sizeof(scale));
	r->line = calloc((r->n - r->history) * r->v->n + 1,
	    INDICATOR_LINES_MAX * sizeof(*r->line));
	if (r->line == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < r->v->n; i++) {
		r->state[i] = calloc(1, indicator_size(&r->v->spec[i]));
		if (r->state[i] == NULL)
			return err_set(e, "out of memory");
		indicator_start(&r->v->spec[i], r->state[i]);
	}
	for (k = 0; k < r->n; k++) {
		indicator_bar(&scale, &r->candle[k], &bar);
		for (i = 0; i < r->v->n; i++) {
			indicator_step(
			    &r->v->spec[i], r->state[i], &bar, lines);
			if (k < r->history)
				continue;
			at = (k - r->history) * r->v->n + i;
			memcpy(&r->line[at * INDICATOR_LINES_MAX], lines,
			    sizeof(lines));
		}
	}
	return 0;
}

/* The values after the k-th shown candle. */
static int
print_values(const struct run *r, size_t k, struct buf *b)
{
	size_t i;

	buf_reset(b);
	buf_addc(b, '{');
	for (i = 0; i < r->v->n; i++) {
		if (i > 0)
			buf_addc(b, ',');
		buf_adds_json(b, r->v->name[i]);
		buf_addc(b, ':');
		(void)indicator_print(&r->v->spec[i],
		    &r->line[(k * r->v->n + i) * INDICATOR_LINES_MAX], b);
	}
	return buf_adds(b, "}");
}

static int
tell(const struct run *r, bool ascending, values_fn *fn, void *arg,
    struct err *e)
{
	size_t shown = r->n - r->history, i, k;
	struct buf b;
	int rc = 0;

	buf_init(&b, JSON_MAX);
	for (i = 0; i < shown && rc == 0; i++) {
		k = ascending ? i : shown - 1 - i;
		if (print_values(r, k, &b) < 0)
			rc = err_set(e, "the values are too long");
		else
			rc = fn(arg, &r->candle[r->history + k], b.p);
	}
	buf_release(&b);
	return rc;
}

int
values_list(const struct values *v, struct store *st,
    const struct store_candle_filter *f, values_fn *fn, void *arg,
    struct err *e)
{
	int64_t history = history_wanted(v);
	struct run r = {.v = v, .cap = (size_t)(f->limit + history)};
	size_t i;
	int rc;

	r.candle = malloc(r.cap * sizeof(*r.candle));
	if (r.candle == NULL)
		return err_set(e, "out of memory");
	rc = read_candles(&r, st, f, history, e);
	if (rc == 0)
		rc = compute(&r, e);
	if (rc == 0)
		rc = tell(&r, f->ascending, fn, arg, e);
	for (i = 0; i < v->n; i++)
		free(r.state[i]);
	free(r.line);
	free(r.candle);
	return rc;
}
