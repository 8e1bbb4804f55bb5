/*
 * candle_close: the close of a closed bar against a value. The same operators
 * as price_threshold; a cross compares with the close of the bar before.
 */
#include "common/rules/level.h"

struct candle_close {
	struct decimal value;
	uint8_t op;
};

static const struct rule_member members[] = {
    {.name = "value",
	.doc = "The price that the close is compared with.",
	.kind = RULE_MEMBER_DECIMAL,
	.required = true,
	.min = "0",
	.above_min = true,
	.offset = offsetof(struct candle_close, value)},
    {.name = "operator",
	.doc = "How the close must stand to the value; cross_up, cross_down "
	       "and cross need the close before on the other side.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = rule_operator_names,
	.offset = offsetof(struct candle_close, op)},
    {.name = NULL},
};

static const struct candle_close *
config(const struct rule *r)
{
	_Static_assert(
	    sizeof(struct candle_close) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static bool
level(const struct rule *r, struct decimal *d, enum rule_operator *op)
{
	*d = config(r)->value;
	*op = config(r)->op;
	return true;
}

static struct decimal
trigger_value(const struct rule *r, const struct rule_operands *o)
{
	(void)r;
	return o->bar->close;
}

static void
message(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	level_message(
	    "close", config(r)->value, config(r)->op, RULE_ON_CLOSE, o, out);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	level_values("close", "value", config(r)->value, config(r)->op,
	    RULE_ON_CLOSE, o, out);
}

const struct rule_type rule_candle_close = {
    .name = "candle_close",
    .title = "Candle close",
    .doc = "Fires when a bar closes so with regard to the value.",
    .members = members,
    .on = &rule_on_close_only,
    .level = level,
    .trigger_value = trigger_value,
    .message = message,
    .values = values,
};
