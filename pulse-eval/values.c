/*
 * values: pulse-eval --values. Each closed candle comes out with the values
 * of the indicators that were named.
 */
#include <stdlib.h>
#include <string.h>

#include "common/indicators/indicator.h"
#include "common/log.h"
#include "common/opt.h"
#include "pulse-eval/eval.h"

#define SPECS_MAX 64
/* A printed candle with its values. */
#define LINE_MAX_BYTES ((size_t)32 * 1024)

struct column {
	struct indicator_spec spec;
	const char *text; /* as given, not NUL-terminated */
	size_t len;
};

/* The states of one series. */
struct row {
	char symbol[SYMBOL_TEXT_MAX];
	interval_id interval;
	struct indicator_scale scale;
	void *state[SPECS_MAX];
};

struct values {
	struct column columns[SPECS_MAX];
	size_t ncolumns;
	struct row **rows; /* sorted by symbol and interval */
	size_t nrows, cap;
	struct row *recent;
	struct engine *engine; /* without rules: it says what is closed */
	struct emit out;
	struct buf line;
};

/* Whether the text of a column is that of one before: they would be members of
 * one name. */
static bool
is_named(const struct values *v, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < v->ncolumns; i++)
		if (v->columns[i].len == n &&
		    memcmp(v->columns[i].text, text, n) == 0)
			return true;
	return false;
}

static int
parse_specs(struct values *v, const char *text, struct err *e)
{
	size_t n;

	for (; *text != '\0'; text += n + (text[n] == ',')) {
		struct column *c = &v->columns[v->ncolumns];

		n = strcspn(text, ",");
		if (v->ncolumns == SPECS_MAX)
			return err_set(e, "more than %d indicators", SPECS_MAX);
		if (is_named(v, text, n))
			return err_set(e, "%.*s is named twice", (int)n, text);
		if (indicator_spec_parse(&c->spec, text, n, e) < 0)
			return -1;
		c->text = text;
		c->len = n;
		v->ncolumns++;
	}
	return v->ncolumns > 0 ? 0 : err_set(e, "no indicator is named");
}

/* ---- series -------------------------------------------------------------------- */

static int
row_cmp(const struct row *r, const struct candle *c)
{
	int d = strcmp(r->symbol, c->symbol);

	return d != 0 ? d : (int)r->interval - (int)c->interval;
}

static struct row *
row_new(const struct values *v, const struct candle *c)
{
	struct row *r = calloc(1, sizeof(*r));
	size_t i;

	if (r == NULL)
		return NULL;
	memcpy(r->symbol, c->symbol, sizeof(r->symbol));
	r->interval = c->interval;
	for (i = 0; i < v->ncolumns; i++) {
		r->state[i] = malloc(indicator_size(&v->columns[i].spec));
		if (r->state[i] == NULL)
			break;
		indicator_start(&v->columns[i].spec, r->state[i]);
	}
	if (i == v->ncolumns)
		return r;
	while (i-- > 0)
		free(r->state[i]);
	free(r);
	return NULL;
}

static struct row *
row_insert(struct values *v, size_t at, const struct candle *c)
{
	struct row *r = row_new(v, c), **rows;
	size_t cap;

	if (r != NULL && v->nrows == v->cap) {
		cap = v->cap == 0 ? 16 : 2 * v->cap;
		rows = realloc(v->rows, cap * sizeof(struct row *));
		if (rows == NULL)
			return NULL;
		v->rows = rows;
		v->cap = cap;
	}
	if (r == NULL)
		return NULL;
	memmove(&v->rows[at + 1], &v->rows[at],
	    (v->nrows - at) * sizeof(struct row *));
	v->rows[at] = r;
	v->nrows++;
	return r;
}

static struct row *
row_get(struct values *v, const struct candle *c)
{
	size_t lo = 0, hi = v->nrows;

	if (v->recent != NULL && row_cmp(v->recent, c) == 0)
		return v->recent;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = row_cmp(v->rows[mid], c);

		if (d == 0)
			return v->recent = v->rows[mid];
		if (d < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return v->recent = row_insert(v, lo, c);
}

/* ---- records --------------------------------------------------------------------- */

static int
on_closed(void *arg, const struct candle *c, struct err *e)
{
	struct values *v = arg;
	struct row *r = row_get(v, c);
	double lines[INDICATOR_LINES_MAX];
	struct indicator_bar bar;
	size_t i;

	if (r == NULL)
		return err_set(e, "out of memory");
	indicator_bar(&r->scale, c, &bar);
	buf_reset(&v->line);
	candle_print(c, &v->line);
	if (v->line.len > 0)
		v->line.len--; /* the brace; more members follow */
	buf_adds(&v->line, ",\"values\":{");
	for (i = 0; i < v->ncolumns; i++) {
		const struct column *k = &v->columns[i];

		indicator_step(&k->spec, r->state[i], &bar, lines);
		if (i > 0)
			buf_addc(&v->line, ',');
		buf_add_json(&v->line, k->text, k->len);
		buf_addc(&v->line, ':');
		indicator_print(&k->spec, lines, &v->line);
	}
	if (buf_adds(&v->line, "}}") < 0)
		return err_set(e, "a line is too long");
	return emit_add(&v->out, v->line.p, v->line.len) < 0
		   ? eval_write_failed(e)
		   : 0;
}

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	(void)arg, (void)a, (void)to, (void)e;
	return 0;
}

static int
on_candle(void *arg, const struct candle *c, struct err *e)
{
	struct values *v = arg;

	return eval_feed(v->engine, c, e);
}

static int
on_event(void *arg, const struct json *j, struct err *e)
{
	struct values *v = arg;

	return eval_event(v->engine, j, e);
}

static int
on_flush(void *arg, struct err *e)
{
	struct values *v = arg;

	return emit_flush(&v->out) < 0 ? eval_write_failed(e) : 0;
}

static enum input_end
run(struct values *v, struct input_counts *n, struct err *e)
{
	struct engine_options options = {.old_news = false};
	struct engine_calls calls = {
	    .arg = v, .alert = on_alert, .closed = on_closed};
	struct input_calls in = {.arg = v,
	    .candle = on_candle,
	    .event = on_event,
	    .flush = on_flush};
	enum input_end end;

	v->engine = engine_new(&options, &calls);
	if (v->engine == NULL)
		return (enum input_end)err_set(e, "out of memory");
	end = input_run(&in, n, e);
	if (end == INPUT_ENDED &&
	    (engine_end(v->engine, e) < 0 || on_flush(v, e) < 0))
		end = INPUT_FAILED;
	return end;
}

static void
release(struct values *v)
{
	size_t i, k;

	for (i = 0; i < v->nrows; i++) {
		for (k = 0; k < v->ncolumns; k++)
			free(v->rows[i]->state[k]);
		free(v->rows[i]);
	}
	free(v->rows);
	buf_release(&v->line);
	emit_release(&v->out);
	engine_free(v->engine);
	free(v);
}

int
values_run(const struct eval_options *o)
{
	struct values *v = calloc(1, sizeof(*v));
	struct input_counts n = {.lines = 0};
	struct err e = {.msg = "out of memory"};
	enum input_end end;
	int rc;

	if (v == NULL || parse_specs(v, o->values, &e) < 0) {
		log_error("--values: %s", e.msg);
		free(v);
		return EXIT_USAGE;
	}
	emit_init(&v->out, 1, EVAL_EMIT_MAX);
	buf_init(&v->line, LINE_MAX_BYTES);
	end = run(v, &n, &e);
	rc = eval_exit(end, &n, v->engine, &e);
	release(v);
	return rc;
}
