/*
 * judge: the calls of rule_type.h on a single rule.
 */
#include "common/rules/level.h"

bool
rule_judge(
    const struct rule *r, const struct rule_operands *o, const char **why)
{
	enum rule_operator op;
	struct decimal level;

	if (rule_level(r, &level, &op))
		return level_judge(level, op, r->on, o, why);
	return r->type->judge(r, o, why);
}

size_t
rule_watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX])
{
	v[0] = (struct rule_watch){.input = RULE_INPUT_PRICE};
	if (rule_level(r, &v[0].level, &v[0].op))
		return 1;
	return r->type->watches(r, v);
}

struct decimal
rule_trigger_value(const struct rule *r, const struct rule_operands *o)
{
	return r->type->trigger_value(r, o);
}

int
rule_message(
    const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	buf_adds(out, o->bar->symbol);
	buf_addc(out, ' ');
	buf_adds(out, interval_name(o->bar->interval));
	buf_adds(out, ": ");
	r->type->message(r, o, out);
	return buf_failed(out) ? -1 : 0;
}

int
rule_values(
    const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	r->type->values(r, o, out);
	return buf_failed(out) ? -1 : 0;
}
