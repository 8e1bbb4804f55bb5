/*
 * macd_cross: the MACD line (ema fast - ema slow of the close) crosses its
 * signal line (ema of the line) on this bar: above now and not above on the
 * bar before (bullish), or the mirror image (bearish).
 */
#include <math.h>

#include "common/rules/operand.h"

struct macd_cross {
	int32_t fast, slow, signal;
	uint8_t bearish;
};

/* Lines of the indicator "macd". */
enum {
	LINE,
	SIGNAL,
	HIST, /* LINE - SIGNAL */
};

static const char *const types[] = {"bullish", "bearish", NULL};

static const struct rule_member members[] = {
    {.name = "fast_period",
	.doc = "Bars of the fast average; below slow_period.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "1",
	.max = "700",
	.fallback = "12",
	.offset = offsetof(struct macd_cross, fast)},
    {.name = "slow_period",
	.doc = "Bars of the slow average.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "2",
	.max = "700",
	.fallback = "26",
	.offset = offsetof(struct macd_cross, slow)},
    {.name = "signal_period",
	.doc = "Bars of the signal line's average.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "2",
	.max = "700",
	.fallback = "9",
	.offset = offsetof(struct macd_cross, signal)},
    {.name = "crossover_type",
	.doc = "bullish: the line rises through its signal; bearish: it "
	       "falls through it.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = types,
	.offset = offsetof(struct macd_cross, bearish)},
    {.name = NULL},
};

static const struct macd_cross *
config(const struct rule *r)
{
	_Static_assert(
	    sizeof(struct macd_cross) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static void
check(struct rule *r, uint32_t given, struct faults *f)
{
	const struct macd_cross *c = config(r);

	(void)given;
	if (c->fast >= c->slow)
		faults_add(f, "value_error", "config.fast_period", NULL,
		    "cannot work: fast_period %d must be below slow_period %d",
		    (int)c->fast, (int)c->slow);
}

static size_t
indicators(const struct rule *r, struct indicator_spec v[2])
{
	const struct macd_cross *c = config(r);

	v[0] = indicator_spec_make("macd", c->fast, c->slow, c->signal);
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
	const double *now = o->now[0], *before = o->before[0];
	bool bearish = config(r)->bearish != 0;

	/* By hist, which is 0 when rounding alone tells the lines apart. */
	*why = operand_unready(now, before, true, HIST);
	if (*why != NULL)
		return false;
	if (bearish ? now[HIST] >= 0 : now[HIST] <= 0)
		*why = bearish ? "the line is not below its signal"
			       : "the line is not above its signal";
	else if (bearish ? before[HIST] < 0 : before[HIST] > 0)
		*why = bearish ? "the line was below its signal before"
			       : "the line was above its signal before";
	return *why == NULL;
}

static struct decimal
trigger_value(const struct rule *r, const struct rule_operands *o)
{
	(void)r;
	return operand_decimal(o->now[0][LINE]);
}

static void
message(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	const struct macd_cross *c = config(r);

	buf_addf(out, "MACD(%d,%d,%d) crossed %s its signal, ", (int)c->fast,
	    (int)c->slow, (int)c->signal, c->bearish ? "below" : "above");
	operand_words(out, o->now[0][LINE]);
	buf_adds(out, " against ");
	operand_words(out, o->now[0][SIGNAL]);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	(void)r;
	operand_price(out, '{', "price", o->bar->close);
	operand_value(out, ',', "macd", o->now[0], LINE);
	operand_value(out, ',', "signal", o->now[0], SIGNAL);
	operand_value(out, ',', "hist", o->now[0], HIST);
	operand_value(out, ',', "macd_before", o->before[0], LINE);
	operand_value(out, ',', "signal_before", o->before[0], SIGNAL);
	buf_addc(out, '}');
}

static size_t
watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX])
{
	v[0] = (struct rule_watch){
	    .input = RULE_INPUT_LINE,
	    .line = HIST,
	    .op = config(r)->bearish ? RULE_CROSS_DOWN : RULE_CROSS_UP,
	};
	return 1;
}

const struct rule_type rule_macd_cross = {
    .name = "macd_cross",
    .title = "MACD cross",
    .doc = "Fires when the MACD line crosses its signal line on this bar.",
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
