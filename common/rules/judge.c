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

struct decimal
rule_trigger_value(const struct rule *r, const struct rule_operands *o)
{
	return r->type->trigger_value(r, o);
}

int
rule_message(
    const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	buf_addf(
	    out, "%s %s: ", o->bar->symbol, interval_name(o->bar->interval));
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
