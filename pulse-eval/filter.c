/*
 * filter: pulse-eval -r, a pure filter. No store, no clock: the same input
 * gives the same bytes.
 */
#include "common/alert.h"
#include "common/log.h"
#include "common/opt.h"
#include "pulse-eval/eval.h"

struct filter {
	struct engine *engine;
	struct emit out;
	struct buf line;
};

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct filter *f = arg;

	(void)to;
	buf_reset(&f->line);
	if (alert_print(a, &f->line) < 0)
		return err_set(
		    e, "an alert is longer than %zu bytes", f->line.max);
	if (emit_add(&f->out, f->line.p, f->line.len) < 0)
		return eval_write_failed(e);
	return 0;
}

static int
on_candle(void *arg, const struct candle *c, struct err *e)
{
	struct filter *f = arg;

	return eval_feed(f->engine, c, e);
}

static int
on_event(void *arg, const struct json *j, struct err *e)
{
	struct filter *f = arg;

	return eval_event(f->engine, j, e);
}

static int
on_flush(void *arg, struct err *e)
{
	struct filter *f = arg;

	return emit_flush(&f->out) < 0 ? eval_write_failed(e) : 0;
}

int
filter_run(const struct eval_options *o)
{
	struct engine_options options = {.old_news = false};
	struct filter f = {.engine = NULL};
	struct engine_calls calls = {.arg = &f, .alert = on_alert};
	struct input_calls in = {.arg = &f,
	    .candle = on_candle,
	    .event = on_event,
	    .flush = on_flush};
	struct input_counts n = {.lines = 0};
	enum input_end end = INPUT_FAILED;
	struct err e = {.msg = "out of memory"};
	int rc;

	emit_init(&f.out, 1, EVAL_EMIT_MAX);
	buf_init(&f.line, ALERT_TEXT_MAX);
	f.engine = engine_new(&options, &calls);
	if (f.engine != NULL && eval_load_file(f.engine, o->rules, &e) == 0) {
		log_info("%u rules", engine_rule_count(f.engine));
		end = input_run(&in, &n, &e);
		if (end == INPUT_ENDED &&
		    (engine_end(f.engine, &e) < 0 || on_flush(&f, &e) < 0))
			end = INPUT_FAILED;
	}
	rc = eval_exit(end, &n, f.engine, &e);
	engine_free(f.engine);
	buf_release(&f.line);
	emit_release(&f.out);
	return rc;
}
