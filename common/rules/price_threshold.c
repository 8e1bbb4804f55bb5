/*
 * price_threshold: the price against a level. Levels (>= <= > <) hold while
 * the price is on their side: at most one alert a window, then the cooldown.
 * Crosses need the price before on the other side, as TradingView's
 * ta.crossover(): above now, not above before.
 */
#include "common/rules/level.h"

struct price_threshold {
	struct decimal threshold;
	uint8_t op;
};

static const struct rule_member members[] = {
    {.name = "threshold",
	.doc = "The price level.",
	.kind = RULE_MEMBER_DECIMAL,
	.required = true,
	.min = "0",
	.above_min = true,
	.offset = offsetof(struct price_threshold, threshold)},
    {.name = "operator",
	.doc = "How the price must stand to the level; cross_up, cross_down "
	       "and cross need the price before on the other side.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = rule_operator_names,
	.offset = offsetof(struct price_threshold, op)},
    {.name = NULL},
};

static const struct price_threshold *
config(const struct rule *r)
{
	_Static_assert(
	    sizeof(struct price_threshold) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static bool
level(const struct rule *r, struct decimal *d, enum rule_operator *op)
{
	*d = config(r)->threshold;
	*op = config(r)->op;
	return true;
}

static struct decimal
trigger_value(const struct rule *r, const struct rule_operands *o)
{
	return level_price(config(r)->threshold, config(r)->op, r->on, o);
}

static void
message(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	level_message(
	    "price", config(r)->threshold, config(r)->op, r->on, o, out);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	level_values("price", "threshold", config(r)->threshold, config(r)->op,
	    r->on, o, out);
}

const struct rule_type rule_price_threshold = {
    .name = "price_threshold",
    .title = "Price threshold",
    .doc = "Fires when the price stands so to the threshold, or crosses it.",
    .members = members,
    .on = &rule_on_tick,
    .level = level,
    .trigger_value = trigger_value,
    .message = message,
    .values = values,
};
