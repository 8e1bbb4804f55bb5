/*
 * report: pulse-eval --explain and --summary. Every rule is asked about every
 * record of its series, as a backtest: from the beginning, whatever the store
 * remembers; nothing is stored or delivered.
 */
#include <unistd.h>

#include "common/log.h"
#include "common/opt.h"
#include "db/store.h"
#include "pulse-eval/eval.h"
#include "pulse-eval/report.h"

struct report {
	const struct eval_options *o;
	struct engine *engine;
	struct summary *summary;
	struct emit out;
	struct buf line;
	bool terminal;
	bool no_store; /* it cannot be opened */
};

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	(void)arg, (void)a, (void)to, (void)e;
	return 0;
}

static int
on_judged(void *arg, const struct engine_judged *j, struct err *e)
{
	struct report *r = arg;

	if (r->summary != NULL) {
		summary_judged(r->summary, j);
		return 0;
	}
	return explain_judged(&r->out, &r->line, r->terminal, j, e);
}

static int
on_candle(void *arg, const struct candle *c, struct err *e)
{
	struct report *r = arg;

	return eval_feed(r->engine, c, e);
}

static int
on_event(void *arg, const struct json *j, struct err *e)
{
	struct report *r = arg;

	return eval_event(r->engine, j, e);
}

static int
on_flush(void *arg, struct err *e)
{
	struct report *r = arg;

	return emit_flush(&r->out) < 0 ? eval_write_failed(e) : 0;
}

static int
on_rule(void *arg, const struct rule *rule, struct err *e)
{
	struct report *r = arg;

	return engine_rule_put(r->engine, rule, e);
}

static int
load(struct report *r, struct err *e)
{
	struct store_rule_filter active = {.active = 1, .unordered = true};
	struct store *st;
	int rc;

	if (r->o->rules != NULL)
		return eval_load_file(r->engine, r->o->rules, e);
	r->no_store = store_open(&st, r->o->db, STORE_READONLY, e) < 0;
	if (r->no_store)
		return -1;
	rc = store_rule_list(st, &active, on_rule, r, e);
	store_close(st);
	return rc < 0 ? -1 : 0;
}

static enum input_end
run(struct report *r, struct input_counts *n, struct err *e)
{
	struct input_calls in = {.arg = r,
	    .candle = on_candle,
	    .event = on_event,
	    .flush = on_flush};
	enum input_end end;

	if (load(r, e) < 0)
		return INPUT_FAILED;
	if (r->o->summary) {
		r->summary = summary_new(r->engine, r->terminal);
		if (r->summary == NULL)
			return (enum input_end)err_set(e, "out of memory");
	}
	end = input_run(&in, n, e);
	if (end == INPUT_ENDED && engine_end(r->engine, e) < 0)
		return INPUT_FAILED;
	if (end != INPUT_FAILED && r->summary != NULL &&
	    summary_print(r->summary, r->engine, &r->out, r->terminal, e) < 0)
		return INPUT_FAILED;
	if (end != INPUT_FAILED && on_flush(r, e) < 0)
		return INPUT_FAILED;
	return end;
}

int
report_run(const struct eval_options *o)
{
	struct engine_options options = {.old_news = false};
	struct report r = {.o = o, .terminal = isatty(STDOUT_FILENO) == 1};
	struct engine_calls calls = {
	    .arg = &r, .alert = on_alert, .judged = on_judged};
	struct input_counts n = {.lines = 0};
	enum input_end end = INPUT_FAILED;
	struct err e = {.msg = "out of memory"};
	int rc;

	emit_init(&r.out, STDOUT_FILENO, EVAL_EMIT_MAX);
	buf_init(&r.line, ALERT_TEXT_MAX);
	r.engine = engine_new(&options, &calls);
	if (r.engine != NULL)
		end = run(&r, &n, &e);
	rc = eval_exit(end, &n, r.engine, &e);
	summary_free(r.summary);
	engine_free(r.engine);
	buf_release(&r.line);
	emit_release(&r.out);
	return r.no_store ? EXIT_UNAVAILABLE : rc;
}
