/*
 * level: operators that compare a price with a level. rule_level_spans() is
 * the one definition of what they mean; judging a single rule asks whether
 * its level lies in one of the spans.
 *
 * Of an unwatched bar four prices are known: it opened, touched high and low
 * in an order nobody knows, and closed. So a price rose through a level when
 *	the price before, or the open, was not above it, and the high was; or
 *	the low was not above it, and the close was.
 * Low before high is not assumed.
 */
#include <assert.h>

#include "common/rules/level.h"
#include "common/rules/operand.h"

const char *const rule_operator_names[RULE_OPERATORS + 1] = {
    [RULE_GE] = ">=",
    [RULE_LE] = "<=",
    [RULE_GT] = ">",
    [RULE_LT] = "<",
    [RULE_CROSS_UP] = "cross_up",
    [RULE_CROSS_DOWN] = "cross_down",
    [RULE_CROSS] = "cross",
    NULL,
};

bool
rule_span_has(const struct rule_span *s, struct decimal level)
{
	int c;

	if (s->has_lo) {
		c = decimal_cmp(level, s->lo);
		if (c < 0 || (c == 0 && !s->lo_in))
			return false;
	}
	if (s->has_hi) {
		c = decimal_cmp(level, s->hi);
		if (c > 0 || (c == 0 && !s->hi_in))
			return false;
	}
	return true;
}

/* Levels that a rise from a to b crosses, a <= level < b: TradingView's
 * crossover. Appends it when it is not empty. */
static size_t
add_rise(struct rule_span *v, size_t n, struct decimal a, struct decimal b)
{
	if (decimal_cmp(a, b) >= 0)
		return n;
	v[n] = (struct rule_span){
	    .has_lo = true, .has_hi = true, .lo_in = true, .lo = a, .hi = b};
	return n + 1;
}

/* Levels that a fall from a to b crosses, b < level <= a. */
static size_t
add_fall(struct rule_span *v, size_t n, struct decimal a, struct decimal b)
{
	if (decimal_cmp(a, b) <= 0)
		return n;
	v[n] = (struct rule_span){
	    .has_lo = true, .has_hi = true, .hi_in = true, .lo = b, .hi = a};
	return n + 1;
}

static size_t
rises(const struct rule_operands *o, bool unwatched, struct rule_span *v)
{
	struct decimal from = o->bar->open;
	size_t n = 0;

	if (!unwatched)
		return o->has_previous
			   ? add_rise(v, 0, o->previous, o->bar->close)
			   : 0;
	if (o->has_previous && decimal_cmp(o->previous, from) < 0)
		from = o->previous;
	n = add_rise(v, n, from, o->bar->high);
	return add_rise(v, n, o->bar->low, o->bar->close);
}

static size_t
falls(const struct rule_operands *o, bool unwatched, struct rule_span *v)
{
	struct decimal from = o->bar->open;
	size_t n = 0;

	if (!unwatched)
		return o->has_previous
			   ? add_fall(v, 0, o->previous, o->bar->close)
			   : 0;
	if (o->has_previous && decimal_cmp(o->previous, from) > 0)
		from = o->previous;
	n = add_fall(v, n, from, o->bar->low);
	return add_fall(v, n, o->bar->high, o->bar->close);
}

size_t
rule_level_spans(enum rule_operator op, enum rule_on on,
    const struct rule_operands *o, struct rule_span v[RULE_SPANS_MAX])
{
	bool unwatched = on == RULE_ON_TICK && o->unwatched;
	const struct candle *b = o->bar;
	size_t n;

	switch (op) {
	case RULE_GE:
	case RULE_GT:
		v[0] = (struct rule_span){.has_hi = true,
		    .hi_in = op == RULE_GE,
		    .hi = unwatched ? b->high : b->close};
		return 1;
	case RULE_LE:
	case RULE_LT:
		v[0] = (struct rule_span){.has_lo = true,
		    .lo_in = op == RULE_LE,
		    .lo = unwatched ? b->low : b->close};
		return 1;
	case RULE_CROSS_UP:
		return rises(o, unwatched, v);
	case RULE_CROSS_DOWN:
		return falls(o, unwatched, v);
	case RULE_CROSS:
		n = rises(o, unwatched, v);
		return n + falls(o, unwatched, v + n);
	}
	return 0;
}

bool
level_judge(struct decimal level, enum rule_operator op, enum rule_on on,
    const struct rule_operands *o, const char **why)
{
	struct rule_span v[RULE_SPANS_MAX];
	size_t n = rule_level_spans(op, on, o, v), i;

	for (i = 0; i < n; i++)
		if (rule_span_has(&v[i], level)) {
			*why = NULL;
			return true;
		}
	if (op <= RULE_LT)
		*why = "the price is not on the rule's side of the level";
	else if (!o->has_previous)
		*why = "there is no price before this one";
	else
		*why = "the price did not cross the level";
	return false;
}

/* Whether the close alone satisfies what fired. */
static bool
close_does(
    struct decimal level, enum rule_operator op, const struct rule_operands *o)
{
	int c = decimal_cmp(o->bar->close, level);

	switch (op) {
	case RULE_GE:
		return c >= 0;
	case RULE_LE:
		return c <= 0;
	case RULE_GT:
	case RULE_CROSS_UP:
		return c > 0;
	case RULE_LT:
	case RULE_CROSS_DOWN:
		return c < 0;
	case RULE_CROSS:
		return true;
	}
	return true;
}

struct decimal
level_price(struct decimal level, enum rule_operator op, enum rule_on on,
    const struct rule_operands *o)
{
	if (on != RULE_ON_TICK || !o->unwatched || close_does(level, op, o))
		return o->bar->close;
	return op == RULE_GE || op == RULE_GT || op == RULE_CROSS_UP
		   ? o->bar->high
		   : o->bar->low;
}

/* "crossed above": the direction of a cross, by where the price now is. */
static const char *
cross_words(struct decimal level, enum rule_operator op, struct decimal price)
{
	bool up = op == RULE_CROSS_UP ||
		  (op == RULE_CROSS && decimal_cmp(price, level) > 0);

	return up ? "crossed above" : "crossed below";
}

void
level_message(const char *what, struct decimal level, enum rule_operator op,
    enum rule_on on, const struct rule_operands *o, struct buf *out)
{
	struct decimal price = level_price(level, op, on, o);
	char a[DECIMAL_TEXT_MAX], b[DECIMAL_TEXT_MAX];

	decimal_print(price, a);
	decimal_print_short(level, b);
	buf_adds(out, what);
	buf_addc(out, ' ');
	buf_adds(out, a);
	buf_addc(out, ' ');
	buf_adds(out, op <= RULE_LT ? rule_operator_names[op]
				    : cross_words(level, op, price));
	buf_addc(out, ' ');
	buf_adds(out, b);
}

void
level_values(const char *what, const char *level_name, struct decimal level,
    enum rule_operator op, enum rule_on on, const struct rule_operands *o,
    struct buf *out)
{
	operand_price(out, '{', what, level_price(level, op, on, o));
	buf_adds(out, ",\"operator\":\"");
	buf_adds(out, rule_operator_names[op]);
	buf_addc(out, '"');
	operand_price(out, ',', level_name, decimal_normal(level));
	if (op > RULE_LT && o->has_previous)
		operand_price(out, ',', "previous", o->previous);
	else if (op > RULE_LT)
		buf_adds(out, ",\"previous\":null");
	buf_addc(out, '}');
}
