#include <string.h>

#include "common/clock.h"
#include "pulse-eval/eval.h"
#include "pulse-eval/report.h"

const char *
report_outcome(enum engine_outcome o)
{
	switch (o) {
	case ENGINE_FIRED:
		return "fired";
	case ENGINE_NOT_TRUE:
		return "not true";
	case ENGINE_SAME_WINDOW:
		return "same window";
	case ENGINE_IN_COOLDOWN:
		return "cooldown";
	case ENGINE_OLD_NEWS:
		return "old news";
	}
	return "?";
}

/* Why it did not fire, in words; NULL when it did. */
static const char *
reason(const struct engine_judged *j)
{
	switch (j->outcome) {
	case ENGINE_FIRED:
		return NULL;
	case ENGINE_NOT_TRUE:
		return j->why;
	case ENGINE_SAME_WINDOW:
		return "this window had its alert";
	case ENGINE_IN_COOLDOWN:
		return "the rule is in cooldown";
	case ENGINE_OLD_NEWS:
		return "the bar closed before the rule was enabled";
	}
	return NULL;
}

static void
print_words(const struct engine_judged *j, struct buf *out)
{
	const struct candle *c = j->operands->bar;
	const char *why = reason(j);
	char t[CLOCK_TEXT_MAX];

	clock_print(j->event_ms, t);
	buf_addf(out, "%s %s %s %s: %s", t, c->symbol,
	    interval_name(c->interval), j->rule->name,
	    report_outcome(j->outcome));
	if (why != NULL)
		buf_addf(out, ", %s", why);
	buf_addc(out, ' ');
	rule_values(j->rule, j->operands, out);
}

static void
print_json(const struct engine_judged *j, struct buf *out)
{
	const struct candle *c = j->operands->bar;
	const char *why = reason(j);
	char id[UUID_TEXT_MAX], t[CLOCK_TEXT_MAX];

	uuid_print(&j->rule->id, id);
	buf_addf(out, "{\"rule_id\":\"%s\",\"rule_name\":", id);
	buf_adds_json(out, j->rule->name);
	buf_addf(out,
	    ",\"rule_type\":\"%s\",\"symbol\":\"%s\",\"interval\":\"%s\"",
	    rule_type_name(j->rule->type), c->symbol,
	    interval_name(c->interval));
	clock_print(c->open_ms, t);
	buf_addf(out, ",\"window_start\":\"%s\"", t);
	clock_print(j->event_ms, t);
	buf_addf(out, ",\"time\":\"%s\",\"closed\":%s,\"outcome\":\"%s\"", t,
	    j->operands->closed ? "true" : "false", report_outcome(j->outcome));
	buf_adds(out, ",\"failed\":");
	if (why != NULL)
		buf_adds_json(out, why);
	else
		buf_adds(out, "null");
	buf_adds(out, ",\"values\":");
	rule_values(j->rule, j->operands, out);
	buf_addc(out, '}');
}

int
explain_judged(struct emit *out, struct buf *line, bool terminal,
    const struct engine_judged *j, struct err *e)
{
	buf_reset(line);
	if (terminal)
		print_words(j, line);
	else
		print_json(j, line);
	if (buf_failed(line))
		return err_set(e, "a line is too long");
	return emit_add(out, line->p, line->len) < 0 ? eval_write_failed(e) : 0;
}
