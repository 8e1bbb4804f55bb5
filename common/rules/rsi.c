/*
 * rsi: Wilder's relative strength index of the close crosses a threshold on
 * this bar: above it now and not above it on the bar before (overbought), or
 * the mirror image (oversold). The index is what TradingView's RSI study
 * draws.
 */
#include <math.h>

#include "common/rules/operand.h"

struct rsi {
	struct decimal threshold;
	int32_t period;
	uint8_t oversold;
};

enum {
	GIVEN_THRESHOLD = 1 << 1, /* by its place in members */
};

static const char *const directions[] = {"overbought", "oversold", NULL};

static const struct rule_member members[] = {
    {.name = "period",
	.doc = "Bars of the averages of gains and losses.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "2",
	.max = "350",
	.fallback = "14",
	.offset = offsetof(struct rsi, period)},
    {.name = "threshold",
	.doc = "The level that the index crosses; default 70 for overbought, "
	       "30 for oversold.",
	.kind = RULE_MEMBER_DECIMAL,
	.min = "0",
	.above_min = true,
	.max = "100",
	.below_max = true,
	.offset = offsetof(struct rsi, threshold)},
    {.name = "direction",
	.doc = "overbought: the index rises above the threshold; oversold: "
	       "it falls below it.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = directions,
	.offset = offsetof(struct rsi, oversold)},
    {.name = NULL},
};

static const struct rsi *
config(const struct rule *r)
{
	_Static_assert(sizeof(struct rsi) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static void
check(struct rule *r, uint32_t given, struct faults *f)
{
	struct rsi *c = (void *)&r->config;

	(void)f;
	if ((given & GIVEN_THRESHOLD) == 0)
		c->threshold = (struct decimal){c->oversold ? 30 : 70, 0};
}

static size_t
indicators(const struct rule *r, struct indicator_spec v[2])
{
	v[0] = indicator_spec_make("rsi", config(r)->period, 0, 0);
	return 1;
}

static bool
looks_back(const struct rule *r)
{
	(void)r;
	return true;
}

static bool
judge(const struct rule *r, const struct rule_operands *o, const char **why)
{
	bool oversold = config(r)->oversold != 0;
	double level, now, before;

	*why = operand_unready(o->now[0], o->before[0], true, 0);
	if (*why != NULL)
		return false;
	level = decimal_to_double(config(r)->threshold);
	now = o->now[0][0];
	before = o->before[0][0];
	if (oversold ? now >= level : now <= level)
		*why = oversold ? "the index is not below the threshold"
				: "the index is not above the threshold";
	else if (oversold ? before < level : before > level)
		*why = oversold ? "the index was below the threshold before"
				: "the index was above the threshold before";
	return *why == NULL;
}

static struct decimal
trigger_value(const struct rule *r, const struct rule_operands *o)
{
	(void)r;
	return operand_decimal(o->now[0][0]);
}

static void
message(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	const struct rsi *c = config(r);
	char level[DECIMAL_TEXT_MAX];

	decimal_print_short(c->threshold, level);
	buf_addf(out, "RSI(%d) %.2f crossed %s %s (%s)", (int)c->period,
	    o->now[0][0], c->oversold ? "below" : "above", level,
	    directions[c->oversold]);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	operand_price(out, '{', "price", o->bar->close);
	operand_value(out, ',', "rsi", o->now[0], 0);
	operand_value(out, ',', "rsi_before", o->before[0], 0);
	operand_price(
	    out, ',', "threshold", decimal_normal(config(r)->threshold));
	buf_addc(out, '}');
}

static size_t
watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX])
{
	const struct rsi *c = config(r);

	v[0] = (struct rule_watch){
	    .input = RULE_INPUT_LINE,
	    .op = c->oversold ? RULE_CROSS_DOWN : RULE_CROSS_UP,
	    .level = c->threshold,
	};
	return 1;
}

const struct rule_type rule_rsi = {
    .name = "rsi",
    .title = "RSI",
    .doc = "Fires when the RSI crosses the threshold on this bar.",
    .members = members,
    .on = &rule_on_close,
    .check = check,
    .indicators = indicators,
    .watches = watches,
    .judge = judge,
    .looks_back = looks_back,
    .trigger_value = trigger_value,
    .message = message,
    .values = values,
};
