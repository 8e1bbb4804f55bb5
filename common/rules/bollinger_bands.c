/*
 * bollinger_bands: the close against a band of sma(period) +- std_dev
 * population deviations.
 *
 * touch: the close reaches the band on this bar, and the close before was
 * strictly inside its own band. break: the close is beyond the band, on every
 * bar it is.
 */
#include <math.h>

#include "common/rules/operand.h"

struct bollinger_bands {
	struct decimal std_dev;
	int32_t period;
	uint8_t lower;
	uint8_t beyond;
};

/* Lines of the indicator "bb". */
enum {
	BASIS,
	UPPER,
	LOWER,
};

static const char *const bands[] = {"upper", "lower", NULL};
static const char *const events[] = {"touch", "break", NULL};

static const struct rule_member members[] = {
    {.name = "period",
	.doc = "Bars of the average and the deviation.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "2",
	.max = "5000",
	.fallback = "20",
	.offset = offsetof(struct bollinger_bands, period)},
    {.name = "std_dev",
	.doc = "Distance of the band from the average, in deviations.",
	.kind = RULE_MEMBER_DECIMAL,
	.min = "0",
	.above_min = true,
	.max = "100",
	.fallback = "2",
	.offset = offsetof(struct bollinger_bands, std_dev)},
    {.name = "band",
	.doc = "Which band.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = bands,
	.offset = offsetof(struct bollinger_bands, lower)},
    {.name = "event",
	.doc = "touch: the close reaches the band, having been inside "
	       "before; break: the close is beyond it, on every such bar.",
	.kind = RULE_MEMBER_CHOICE,
	.choices = events,
	.fallback = "touch",
	.offset = offsetof(struct bollinger_bands, beyond)},
    {.name = NULL},
};

static const struct bollinger_bands *
config(const struct rule *r)
{
	_Static_assert(
	    sizeof(struct bollinger_bands) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static size_t
indicators(const struct rule *r, struct indicator_spec v[2])
{
	v[0] = indicator_spec_make(
	    "bb", config(r)->period, decimal_to_double(config(r)->std_dev), 0);
	return 1;
}

/* How far the price is beyond the band: above 0 outside, 0 on it. */
static double
beyond(
    const struct bollinger_bands *c, struct decimal price, const double *lines)
{
	double x = decimal_to_double(price);

	return c->lower ? lines[LOWER] - x : x - lines[UPPER];
}

static bool
looks_back(const struct rule *r)
{
	return !config(r)->beyond;
}

static bool
judge(const struct rule *r, const struct rule_operands *o, const char **why)
{
	const struct bollinger_bands *c = config(r);
	const double *now = o->now[0], *before = o->before[0];

	*why = operand_unready(now, before, c->beyond == 0, LOWER);
	if (*why != NULL)
		return false;
	if (c->beyond) {
		if (beyond(c, o->bar->close, now) > 0)
			return true;
		*why = "the close is not beyond the band";
		return false;
	}
	if (beyond(c, o->bar->close, now) < 0)
		*why = "the close does not reach the band";
	else if (!o->has_previous_close)
		*why = "there is no close before this one";
	else if (beyond(c, o->previous_close, before) >= 0)
		*why = "the close before was not inside the band";
	return *why == NULL;
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
	const struct bollinger_bands *c = config(r);
	char price[DECIMAL_TEXT_MAX], k[DECIMAL_TEXT_MAX];

	decimal_print(o->bar->close, price);
	decimal_print_short(c->std_dev, k);
	buf_addf(out, "close %s %s the %s Bollinger band(%d,%s) at ", price,
	    c->beyond  ? c->lower ? "is below" : "is above"
	    : c->lower ? "fell to"
		       : "rose to",
	    bands[c->lower], (int)c->period, k);
	operand_words(out, o->now[0][c->lower ? LOWER : UPPER]);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	operand_price(out, '{', "price", o->bar->close);
	operand_value(out, ',', "basis", o->now[0], BASIS);
	operand_value(out, ',', "upper", o->now[0], UPPER);
	operand_value(out, ',', "lower", o->now[0], LOWER);
	if (!config(r)->beyond) {
		if (o->has_previous_close)
			operand_price(
			    out, ',', "price_before", o->previous_close);
		else
			buf_adds(out, ",\"price_before\":null");
		operand_value(out, ',', "upper_before", o->before[0], UPPER);
		operand_value(out, ',', "lower_before", o->before[0], LOWER);
	}
	buf_addc(out, '}');
}

static size_t
watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX])
{
	const struct bollinger_bands *c = config(r);

	v[0] = (struct rule_watch){
	    .input = RULE_INPUT_CLOSE_LESS_LINE,
	    .line = c->lower ? LOWER : UPPER,
	};
	if (c->beyond)
		v[0].op = c->lower ? RULE_LT : RULE_GT;
	else
		v[0].op = c->lower ? RULE_CROSS_DOWN : RULE_CROSS_UP;
	return 1;
}

const struct rule_type rule_bollinger_bands = {
    .name = "bollinger_bands",
    .title = "Bollinger bands",
    .doc = "Fires when the close reaches or breaks a Bollinger band.",
    .members = members,
    .on = &rule_on_close,
    .indicators = indicators,
    .watches = watches,
    .judge = judge,
    .looks_back = looks_back,
    .trigger_value = trigger_value,
    .message = message,
    .values = values,
};
