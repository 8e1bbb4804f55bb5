#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "pulse-eval/chart.h"
#include "pulse-eval/eval.h"
#include "pulse-eval/report.h"

/* More rules than this get no picture. */
#define PICTURES_MAX 1000
#define TEXT_MAX     ((size_t)1 << 20)

struct tally {
	uint64_t asked, fired, cooldown, window;
	int64_t first_ms, last_ms;
	char symbol[SYMBOL_TEXT_MAX]; /* of the picture */
	struct chart *chart;
};

struct summary {
	struct tally *v;
	uint32_t n;
	bool draw;
};

static int
count_number(void *arg, uint32_t number, const struct rule *r)
{
	uint32_t *n = arg;

	(void)r;
	if (number >= *n)
		*n = number + 1;
	return 0;
}

struct summary *
summary_new(const struct engine *g, bool draw)
{
	struct summary *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	(void)engine_rule_each(g, count_number, &s->n);
	s->draw = draw && s->n <= PICTURES_MAX;
	s->v = calloc((size_t)s->n + 1, sizeof(*s->v));
	if (s->v != NULL)
		return s;
	free(s);
	return NULL;
}

void
summary_free(struct summary *s)
{
	uint32_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->n; i++)
		free(s->v[i].chart);
	free(s->v);
	free(s);
}

/* A rule on any symbol is drawn on the first it met. */
static void
draw(struct tally *t, const struct engine_judged *j)
{
	const struct candle *c = j->operands->bar;

	if (t->chart == NULL) {
		t->chart = calloc(1, sizeof(*t->chart));
		if (t->chart == NULL)
			return;
		memcpy(t->symbol, c->symbol, sizeof(t->symbol));
	}
	if (strcmp(t->symbol, c->symbol) != 0)
		return;
	chart_add(t->chart, c->open_ms, interval_step(c->interval),
	    decimal_to_double(c->close));
	if (j->outcome == ENGINE_FIRED)
		chart_alert(t->chart, c->open_ms);
}

void
summary_judged(struct summary *s, const struct engine_judged *j)
{
	struct tally *t = &s->v[j->number];

	t->asked++;
	t->cooldown += j->outcome == ENGINE_IN_COOLDOWN;
	t->window += j->outcome == ENGINE_SAME_WINDOW;
	if (j->outcome == ENGINE_FIRED) {
		t->fired++;
		if (t->fired == 1 || j->event_ms < t->first_ms)
			t->first_ms = j->event_ms;
		if (j->event_ms > t->last_ms)
			t->last_ms = j->event_ms;
	}
	if (s->draw)
		draw(t, j);
}

/* ---- printing -------------------------------------------------------------------- */

struct printer {
	const struct summary *s;
	struct emit *out;
	struct buf text;
	bool terminal, utf8;
	int name_width;
};

static bool
speaks_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *v;
	size_t i;

	for (i = 0; i < 3; i++) {
		v = getenv(names[i]);
		if (v != NULL && *v != '\0')
			return strstr(v, "UTF-8") != NULL ||
			       strstr(v, "utf8") != NULL;
	}
	return false;
}

static void
json_time(struct buf *out, const char *name, uint64_t fired, int64_t ms)
{
	char t[CLOCK_TEXT_MAX];

	if (fired == 0) {
		buf_addf(out, ",\"%s\":null", name);
		return;
	}
	clock_print(ms, t);
	buf_addf(out, ",\"%s\":\"%s\"", name, t);
}

static void
print_json(struct printer *p, const struct tally *t, const struct rule *r)
{
	struct buf *out = &p->text;
	char id[UUID_TEXT_MAX];

	uuid_print(&r->id, id);
	buf_addf(out, "{\"rule_id\":\"%s\",\"rule_name\":", id);
	buf_adds_json(out, r->name);
	buf_addf(out,
	    ",\"rule_type\":\"%s\",\"symbol\":\"%s\",\"interval\":\"%s\","
	    "\"evaluations\":%" PRIu64 ",\"fires\":%" PRIu64
	    ",\"suppressed_by_cooldown\":%" PRIu64
	    ",\"suppressed_in_window\":%" PRIu64,
	    rule_type_name(r->type), r->symbol, interval_name(r->interval),
	    t->asked, t->fired, t->cooldown, t->window);
	json_time(out, "first", t->fired, t->first_ms);
	json_time(out, "last", t->fired, t->last_ms);
	buf_addc(out, '}');
}

/* To the minute. */
static const char *
short_time(char *t, uint64_t fired, int64_t ms)
{
	if (fired == 0)
		return "-";
	clock_print(ms, t);
	t[10] = ' ';
	t[16] = '\0';
	return t;
}

/* A name in so many columns, a character each: cut, or with spaces. */
static void
put_name(struct buf *out, const char *name, int width)
{
	const char *p;
	int n = 0;

	for (p = name; *p != '\0'; p++) {
		bool begins = ((unsigned char)*p & 0xc0) != 0x80;

		if (begins && n == width)
			break;
		n += begins;
	}
	buf_add(out, name, (size_t)(p - name));
	buf_addf(out, "%*s", width - n, "");
}

static void
print_words(struct printer *p, const struct tally *t, const struct rule *r)
{
	char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];

	put_name(&p->text, r->name, p->name_width);
	buf_addf(&p->text,
	    "  %-10s %-4s %12" PRIu64 " %8" PRIu64 " %9" PRIu64
	    "  %-16s  %-16s",
	    r->symbol, interval_name(r->interval), t->asked, t->fired,
	    t->cooldown, short_time(first, t->fired, t->first_ms),
	    short_time(last, t->fired, t->last_ms));
	if (t->chart != NULL && t->fired > 0) {
		buf_addc(&p->text, '\n');
		chart_print(t->chart, p->utf8, &p->text);
	}
}

static int
print_rule(void *arg, uint32_t number, const struct rule *r)
{
	struct printer *p = arg;

	buf_reset(&p->text);
	if (p->terminal)
		print_words(p, &p->s->v[number], r);
	else
		print_json(p, &p->s->v[number], r);
	return emit_add(p->out, p->text.p, p->text.len);
}

int
summary_print(const struct summary *s, const struct engine *g, struct emit *out,
    bool terminal, struct err *e)
{
	struct printer p = {.s = s,
	    .out = out,
	    .terminal = terminal,
	    .utf8 = speaks_utf8(),
	    .name_width = 24};
	int rc = 0;

	buf_init(&p.text, TEXT_MAX);
	if (terminal) {
		buf_addf(&p.text, "%-*s  %-10s %-4s %12s %8s %9s  %-16s  %-16s",
		    p.name_width, "RULE", "SYMBOL", "BAR", "EVALUATIONS",
		    "ALERTS", "COOLDOWN", "FIRST", "LAST");
		rc = emit_add(out, p.text.p, p.text.len);
	}
	if (rc == 0)
		rc = engine_rule_each(g, print_rule, &p);
	buf_release(&p.text);
	return rc < 0 ? eval_write_failed(e) : 0;
}
