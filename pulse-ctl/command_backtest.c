/*
 * pulse-ctl rule test and rule diff: what a rule would have said on the closed
 * candles of the store, and where two rules would have differed. The engine
 * is the one that pulse-eval judges with; nothing is written.
 */
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/engine/engine.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/rule_cases.h"
#include "pulse-ctl/table.h"
#include "pulse-ctl/words.h"

#define BACKTEST_ALERTS_MAX ((size_t)1000000)

static const struct table_column columns[] = {
    {"TRIGGERED", false},
    {"SYMBOL", false},
    {"MESSAGE", false},
};

/* One alert that would have been. */
struct said {
	char symbol[SYMBOL_TEXT_MAX];
	int64_t window_start_ms, triggered_ms;
	char *message; /* owned, as is */
	char *record;
};

struct run {
	struct engine *engine;
	int64_t since_ms;
	struct said *v;
	size_t n, cap;
	int64_t bars;
};

/* ---- running ------------------------------------------------------------- */

static int
keep(struct run *r, const struct said *s, struct err *e)
{
	if (r->n == r->cap) {
		size_t cap = r->cap > 0 ? r->cap * 2 : 256;
		struct said *v;

		if (r->n >= BACKTEST_ALERTS_MAX)
			return err_set(e,
			    "more than %zu alerts: give a --since",
			    BACKTEST_ALERTS_MAX);
		v = realloc(r->v, cap * sizeof(*v));
		if (v == NULL)
			return err_set(e, "out of memory");
		r->v = v;
		r->cap = cap;
	}
	r->v[r->n++] = *s;
	return 0;
}

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct run *r = arg;
	struct said s = {.window_start_ms = a->window_start_ms,
	    .triggered_ms = a->triggered_ms};
	struct buf b;

	(void)to;
	if (a->triggered_ms < r->since_ms)
		return 0;
	(void)strncpy(s.symbol, a->symbol, SYMBOL_LEN_MAX);
	s.message = strdup(a->message);
	buf_init(&b, ALERT_TEXT_MAX);
	if (s.message == NULL || alert_print(a, &b) < 0) {
		free(s.message);
		buf_release(&b);
		return err_set(e, "out of memory");
	}
	s.record = b.p;
	if (keep(r, &s, e) < 0) {
		free(s.message);
		free(s.record);
		return -1;
	}
	return 0;
}

static int
feed_one(void *arg, const struct candle *c, struct err *e)
{
	struct run *r = arg;

	r->bars++;
	return engine_feed(r->engine, c, e) == ENGINE_FAILED ? -1 : 0;
}

struct series {
	struct {
		char symbol[SYMBOL_TEXT_MAX];
	} * v;
	size_t n, cap;
	const struct rule *rule;
};

/* The series that the rule looks at, of those the store has. */
static int
note_series(
    void *arg, const char *symbol, interval_id interval, int64_t last_open_ms)
{
	struct series *s = arg;

	(void)last_open_ms;
	if (interval != s->rule->interval ||
	    (strcmp(s->rule->symbol, RULE_ANY_SYMBOL) != 0 &&
		strcmp(s->rule->symbol, symbol) != 0))
		return 0;
	if (s->n == s->cap) {
		size_t cap = s->cap > 0 ? s->cap * 2 : 16;
		void *v = realloc(s->v, cap * sizeof(*s->v));

		if (v == NULL)
			return -1;
		s->v = v;
		s->cap = cap;
	}
	memset(&s->v[s->n], 0, sizeof(s->v[0]));
	(void)strncpy(s->v[s->n++].symbol, symbol, SYMBOL_LEN_MAX);
	return 0;
}

static int
feed_all(struct ctl *c, struct run *r, const struct rule *rule, struct err *e)
{
	struct store_candle_filter f = {
	    .interval = rule->interval,
	    .to_ms = INT64_MAX,
	    .ascending = true,
	    .limit = INT64_MAX,
	};
	struct series s = {.rule = rule};
	int rc = store_candle_series(c->store, note_series, &s, e);
	size_t i;

	for (i = 0; i < s.n && rc >= 0; i++) {
		f.symbol = s.v[i].symbol;
		rc = store_candle_list(c->store, &f, feed_one, r, e);
	}
	free(s.v);
	return rc < 0 ? -1 : engine_end(r->engine, e);
}

/* What the rule would have said since then. It counts from the first candle
 * on, so that its indicators are warm. */
static int
run(struct ctl *c, const struct rule *rule, int64_t since_ms, struct run *r,
    struct err *e)
{
	struct engine_options options = {.old_news = false};
	struct engine_calls calls = {.arg = r, .alert = on_alert};
	struct rule copy;
	int rc = -1;

	*r = (struct run){.since_ms = since_ms};
	r->engine = engine_new(&options, &calls);
	if (r->engine == NULL || rule_copy(&copy, rule) < 0) {
		engine_free(r->engine);
		return err_set(e, "out of memory");
	}
	/* A paused rule is tried as well as any. */
	copy.is_active = true;
	if (engine_rule_put(r->engine, &copy, e) == 0 &&
	    engine_warm(r->engine, e) == 0)
		rc = feed_all(c, r, rule, e);
	rule_release(&copy);
	engine_free(r->engine);
	return rc;
}

static void
run_release(struct run *r)
{
	size_t i;

	for (i = 0; i < r->n; i++) {
		free(r->v[i].message);
		free(r->v[i].record);
	}
	free(r->v);
}

/* ---- which rule ---------------------------------------------------------- */

/* The words from operand on, as the change of a rule's config. */
static int
change_by_words(struct ctl *c, const char *words, struct rule *r)
{
	struct faults f;
	struct buf text;
	struct json *j;
	struct err e;
	int code = 0;

	buf_init(&text, 4096);
	buf_addc(&text, '{');
	if (words_parse(words, &text, &e) < 0 || buf_addc(&text, '}') < 0 ||
	    (j = json_parse(text.p, text.len, &e)) == NULL) {
		buf_release(&text);
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	faults_init(&f, "");
	if (rule_update(r, j, true, clock_now_ms(), &f) < 0)
		code = ctl_faults(c, &f);
	json_free(j);
	buf_release(&text);
	return code;
}

/* A rule that is not in the store: "BTC:1h" and a condition. */
static int
rule_of_words(struct ctl *c, char *symbol, const char *words, struct rule *r)
{
	const char *interval = ctl_split_series(c, symbol);
	struct faults f;
	struct buf text;
	struct json *j;
	struct err e;
	int code = 0;

	if (interval == NULL)
		interval = "1m";
	buf_init(&text, 8192);
	buf_adds(&text, "{\"name\":");
	buf_adds_json(&text, words);
	buf_adds(&text, ",\"symbol\":");
	buf_adds_json(&text, symbol);
	buf_cat(&text, ",\"interval\":\"", interval, "\",", NULL);
	if (words_parse(words, &text, &e) < 0 || buf_addc(&text, '}') < 0 ||
	    (j = json_parse(text.p, text.len, &e)) == NULL) {
		buf_release(&text);
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	faults_init(&f, "");
	if (rule_parse(r, j, RULE_CREATED, true, clock_now_ms(), &f) < 0)
		code = ctl_faults(c, &f);
	json_free(j);
	buf_release(&text);
	return code;
}

static void
join(char **v, int from, int n, struct buf *b)
{
	int i;

	for (i = from; i < n; i++)
		buf_cat(b, i > from ? " " : "", v[i], NULL);
}

/* A rule of the store, where a file might have been meant. 0, or the exit code
 * after a message. */
static int
find_rule(struct ctl *c, const char *text, struct rule *r)
{
	struct err e;
	int rc = ctl_look_for_rule(c, text, r, &e);

	if (rc > 0)
		return 0;
	if (rc == 0 && rule_cases_is_file(text))
		err_set(&e, "'%s' is a file, what follows is none", text);
	else if (rc == 0)
		err_set(
		    &e, "'%s' is neither a file nor a rule's id or name", text);
	return ctl_fail(c, EXIT_SOME_FAILED, &e);
}

/* Open the store, where a file might have been meant. 0, or the exit code after
 * a message that names what was asked for. */
static int
open_to_find(struct ctl *c, const char *text)
{
	struct err e;

	if (store_open(&c->store, c->common.db, 0, &e) == 0)
		return 0;
	if (!rule_cases_is_file(text))
		(void)err_prefix(
		    &e, "'%s' is no file, and no rule can be looked for", text);
	return ctl_fail(c, EXIT_UNAVAILABLE, &e);
}

/* ---- rule test ----------------------------------------------------------- */

static void
print_said(struct table *t, const struct said *s, const char *sign)
{
	struct buf b;

	buf_init(&b, 64);
	ctl_print_time(s->triggered_ms, &b);
	table_cellf(t, "%s%s", sign, b.p);
	table_cell(t, s->symbol);
	table_cell(t, s->message);
	buf_release(&b);
}

static int
print_test(struct ctl *c, const struct run *r)
{
	struct table t;
	struct buf line;
	size_t i;

	table_init(&t, columns, 3);
	for (i = 0; i < r->n; i++) {
		if (ctl_tabular(c)) {
			print_said(&t, &r->v[i], "");
			continue;
		}
		buf_init(&line, ALERT_TEXT_MAX);
		buf_adds(&line, r->v[i].record);
		ctl_line(&line);
		buf_release(&line);
	}
	table_flush(&t);
	table_release(&t);
	if (c->common.verbosity >= 0)
		fprintf(stderr, "%s: %zu alerts on %lld candles\n",
		    c->program.name, r->n, (long long)r->bars);
	return 0;
}

int
command_rule_test(struct ctl *c)
{
	int64_t since_ms = 0;
	struct buf words;
	struct rule rule;
	struct run r;
	struct err e;
	int key, n, code;
	char **v;

	while ((key = ctl_next(c)) != -1)
		if (key == KEY_SINCE)
			since_ms = ctl_time_ms(c, "--since");
	ctl_expect(c, 1, -1, "a rule, or a symbol and a condition");
	v = ctl_operands(c, &n);
	if (n == 1 && rule_cases_is_file(v[0]))
		return rule_cases_test(c, v[0]);
	code = n == 1 ? open_to_find(c, v[0]) : ctl_open(c, 0);
	if (code != 0)
		return code;
	buf_init(&words, 4096);
	join(v, 1, n, &words);
	if (n > 1)
		code = rule_of_words(c, v[0], words.p, &rule);
	else
		code = find_rule(c, v[0], &rule);
	buf_release(&words);
	if (code != 0)
		return code;
	code = run(c, &rule, since_ms, &r, &e) < 0
		   ? ctl_fail(c, EXIT_UNAVAILABLE, &e)
		   : print_test(c, &r);
	run_release(&r);
	rule_release(&rule);
	return code;
}

/* ---- rule diff ----------------------------------------------------------- */

static int
by_window(const void *x, const void *y)
{
	const struct said *a = x, *b = y;
	int rc = (a->window_start_ms > b->window_start_ms) -
		 (a->window_start_ms < b->window_start_ms);

	return rc != 0 ? rc : strcmp(a->symbol, b->symbol);
}

static void
print_only(
    struct ctl *c, struct table *t, const struct said *s, const char *which)
{
	struct buf b;

	if (ctl_tabular(c)) {
		print_said(t, s, which[0] == 'o' ? "- " : "+ ");
		return;
	}
	buf_init(&b, ALERT_TEXT_MAX * 2);
	buf_cat(
	    &b, "{\"only\":\"", which, "\",\"alert\":", s->record, "}", NULL);
	ctl_line(&b);
	buf_release(&b);
}

/* Both lists by window, side by side. */
static int
print_diff(struct ctl *c, struct run *old, struct run *new)
{
	size_t i = 0, k = 0, both = 0;
	struct table t;

	if (old->n > 0)
		qsort(old->v, old->n, sizeof(*old->v), by_window);
	if (new->n > 0)
		qsort(new->v, new->n, sizeof(*new->v), by_window);
	table_init(&t, columns, 3);
	while (i < old->n || k < new->n) {
		int rc = i == old->n   ? 1
			 : k == new->n ? -1
				       : by_window(&old->v[i], &new->v[k]);

		if (rc < 0) {
			print_only(c, &t, &old->v[i++], "old");
		} else if (rc > 0) {
			print_only(c, &t, &new->v[k++], "new");
		} else {
			both++;
			i++;
			k++;
		}
	}
	table_flush(&t);
	table_release(&t);
	if (c->common.verbosity >= 0)
		fprintf(stderr,
		    "%s: %zu alerts in both, %zu only before, %zu only after, "
		    "on %lld candles\n",
		    c->program.name, both, old->n - both, new->n - both,
		    (long long)new->bars);
	return 0;
}

/* The second rule: one of the store, or the first with other words. */
static int
find_other(struct ctl *c, char **v, int n, const struct rule *first,
    struct rule *other)
{
	struct buf words;
	struct err e;
	int code;

	if (n == 2 && ctl_find_rule(c, v[1], other, &e) == 0)
		return 0;
	if (rule_copy(other, first) < 0) {
		err_set(&e, "out of memory");
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	}
	buf_init(&words, 4096);
	join(v, 1, n, &words);
	code = change_by_words(c, words.p, other);
	buf_release(&words);
	if (code != 0)
		rule_release(other);
	return code;
}

int
command_rule_diff(struct ctl *c)
{
	struct rule first, other;
	struct run old, new;
	int64_t since_ms = 0;
	struct err e;
	int key, n, code;
	char **v;

	while ((key = ctl_next(c)) != -1)
		if (key == KEY_SINCE)
			since_ms = ctl_time_ms(c, "--since");
	ctl_expect(c, 2, -1, "a rule, and another rule or a condition");
	v = ctl_operands(c, &n);
	if (n == 2 && rule_cases_is_file(v[0]) && rule_cases_is_file(v[1]))
		return rule_cases_diff(c, v[0], v[1]);
	code = open_to_find(c, v[rule_cases_is_file(v[0]) ? 1 : 0]);
	if (code != 0)
		return code;
	if ((code = find_rule(c, v[0], &first)) != 0)
		return code;
	code = find_other(c, v, n, &first, &other);
	if (code == 0) {
		old = new = (struct run){.n = 0};
		code = run(c, &first, since_ms, &old, &e) < 0 ||
			       run(c, &other, since_ms, &new, &e) < 0
			   ? ctl_fail(c, EXIT_UNAVAILABLE, &e)
			   : print_diff(c, &old, &new);
		run_release(&old);
		run_release(&new);
		rule_release(&other);
	}
	rule_release(&first);
	return code;
}
