/*
 * percent_move: the price against the lowest and highest price of a time
 * window, in percent of that price. Extremes within bars count, but only
 * prices known to lie inside the window and to come before the one they are
 * compared with:
 *	the close against the window's extremes and its own bar's;
 *	the high and low of an unwatched bar against the window's extremes
 *	and the bar's open (which of the two came first is not known).
 * Compared exactly: up when (price - low) * 100 >= percent * low.
 */
#include <stdio.h>

#include "common/rules/level.h"

struct percent_move {
	struct decimal percent;
	int32_t window_seconds;
	uint8_t direction;
};

enum {
	DIRECTION_ANY,
	DIRECTION_UP,
	DIRECTION_DOWN,
};

static const char *const directions[] = {"any", "up", "down", NULL};

static const struct rule_member members[] = {
    {.name = "percent_threshold",
	.doc = "How far the price must have moved, in percent of the price "
	       "it moved from.",
	.kind = RULE_MEMBER_DECIMAL,
	.required = true,
	.min = "0",
	.above_min = true,
	.max = "1000000",
	.offset = offsetof(struct percent_move, percent)},
    {.name = "window_seconds",
	.doc = "Length of the time window: at least one bar of the rule's "
	       "interval, at most 5000.",
	.kind = RULE_MEMBER_INTEGER,
	.required = true,
	.min = "60",
	.max = "31536000",
	.offset = offsetof(struct percent_move, window_seconds)},
    {.name = "direction",
	.doc = "Which moves count.",
	.kind = RULE_MEMBER_CHOICE,
	.choices = directions,
	.fallback = "any",
	.offset = offsetof(struct percent_move, direction)},
    {.name = NULL},
};

static const struct percent_move *
config(const struct rule *r)
{
	_Static_assert(
	    sizeof(struct percent_move) <= RULE_CONFIG_BYTES_MAX, "fits");
	return (const void *)&r->config;
}

static void
check(struct rule *r, uint32_t given, struct faults *f)
{
	const struct percent_move *c = config(r);
	int64_t step_s = interval_step(r->interval) / 1000;

	(void)given;
	if (c->window_seconds < step_s)
		faults_add(f, "value_error", "config.window_seconds", NULL,
		    "cannot work: %d s is shorter than one %s bar (%d s); "
		    "take a shorter interval",
		    (int)c->window_seconds, interval_name(r->interval),
		    (int)step_s);
	else if (c->window_seconds / step_s > INDICATOR_LENGTH_MAX)
		faults_add(f, "value_error", "config.window_seconds", NULL,
		    "cannot work: more than %d bars of %s; "
		    "take a longer interval",
		    INDICATOR_LENGTH_MAX, interval_name(r->interval));
	if (c->direction == DIRECTION_DOWN &&
	    decimal_cmp(c->percent, (struct decimal){100, 0}) >= 0)
		faults_add(f, "value_error", "config.percent_threshold", NULL,
		    "cannot work: no price falls by 100 percent or more");
}

static int64_t
window_ms(const struct rule *r)
{
	return (int64_t)config(r)->window_seconds * 1000;
}

/* ---- judging ------------------------------------------------------------- */

__extension__ typedef unsigned __int128 wide_u;

/* a * b >= c * d, exactly: products of 128 by 64 bits. */
static bool
product_ge(wide_u a, uint64_t b, wide_u c, uint64_t d)
{
	wide_u a0 = (wide_u)(uint64_t)a * b, c0 = (wide_u)(uint64_t)c * d;
	wide_u a1 = (wide_u)(uint64_t)(a >> 64) * b + (a0 >> 64);
	wide_u c1 = (wide_u)(uint64_t)(c >> 64) * d + (c0 >> 64);

	if (a1 != c1)
		return a1 > c1;
	return (uint64_t)a0 >= (uint64_t)c0;
}

/* Whether a move from one price to another reaches percent of the first. */
static bool
reaches(struct decimal from, struct decimal to, struct decimal percent)
{
	decimal_wide a = decimal_widen(from), d = decimal_widen(to) - a;
	uint64_t pow = 1;
	int32_t i;

	for (i = 0; i < percent.scale; i++)
		pow *= 10;
	/* d is below 10^36, so d * 100 fits; 10^18 fits 64 bits. */
	return product_ge((wide_u)(d < 0 ? -d : d) * 100, pow, (wide_u)a,
	    (uint64_t)percent.mant);
}

/* A move: from a price of the window to a price of this bar. */
struct move {
	struct decimal from, to;
};

static struct decimal
lower(struct decimal a, struct decimal b)
{
	return decimal_cmp(b, a) < 0 ? b : a;
}

static struct decimal
higher(struct decimal a, struct decimal b)
{
	return decimal_cmp(b, a) > 0 ? b : a;
}

/* The largest rises, to the close and (n == 2) to the high. */
static size_t
rises(const struct rule_operands *o, bool unwatched, struct move m[2])
{
	const struct candle *b = o->bar;

	m[0] = (struct move){b->low, b->close};
	m[1] = (struct move){b->open, b->high};
	if (o->has_window) {
		m[0].from = lower(m[0].from, o->window_low);
		m[1].from = lower(m[1].from, o->window_low);
	}
	return unwatched ? 2 : 1;
}

static size_t
falls(const struct rule_operands *o, bool unwatched, struct move m[2])
{
	const struct candle *b = o->bar;

	m[0] = (struct move){b->high, b->close};
	m[1] = (struct move){b->open, b->low};
	if (o->has_window) {
		m[0].from = higher(m[0].from, o->window_high);
		m[1].from = higher(m[1].from, o->window_high);
	}
	return unwatched ? 2 : 1;
}

/* The move that fires, or (false) the one to show. */
static bool
find(const struct rule *r, const struct rule_operands *o, struct move *found)
{
	const struct percent_move *c = config(r);
	bool unwatched = r->on == RULE_ON_TICK && o->unwatched;
	struct move m[4];
	size_t n = 0, i;

	if (c->direction != DIRECTION_DOWN)
		n = rises(o, unwatched, m);
	if (c->direction != DIRECTION_UP)
		n += falls(o, unwatched, m + n);
	for (i = 0; i < n; i++)
		if (reaches(m[i].from, m[i].to, c->percent)) {
			*found = m[i];
			return true;
		}
	*found = m[0];
	return false;
}

static bool
judge(const struct rule *r, const struct rule_operands *o, const char **why)
{
	struct move m;

	*why = NULL;
	if (find(r, o, &m))
		return true;
	*why = "the price did not move that far within the window";
	return false;
}

static struct decimal
trigger_value(const struct rule *r, const struct rule_operands *o)
{
	struct move m;

	(void)find(r, o, &m);
	return m.to;
}

/* The change in percent, to four places: "+2.0531". */
static void
print_change(const struct move *m, char *out, size_t n)
{
	double a = decimal_to_double(m->from), b = decimal_to_double(m->to);

	(void)snprintf(out, n, "%+.4f", 100 * (b - a) / a);
}

static void
message(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	char from[DECIMAL_TEXT_MAX], to[DECIMAL_TEXT_MAX], change[64];
	struct move m;

	(void)find(r, o, &m);
	decimal_print(m.from, from);
	decimal_print(m.to, to);
	print_change(&m, change, sizeof(change));
	buf_addf(out, "price moved %s%% within %d s, from %s to %s", change,
	    (int)config(r)->window_seconds, from, to);
}

static void
values(const struct rule *r, const struct rule_operands *o, struct buf *out)
{
	char from[DECIMAL_TEXT_MAX], to[DECIMAL_TEXT_MAX], change[64];
	char limit[DECIMAL_TEXT_MAX];
	struct move m;

	(void)find(r, o, &m);
	decimal_print(m.from, from);
	decimal_print(m.to, to);
	decimal_print_short(config(r)->percent, limit);
	print_change(&m, change, sizeof(change));
	buf_addf(out,
	    "{\"price\":\"%s\",\"reference\":\"%s\",\"change_percent\":\"%s\","
	    "\"percent_threshold\":\"%s\",\"window_seconds\":%d}",
	    to, from, change[0] == '+' ? change + 1 : change, limit,
	    (int)config(r)->window_seconds);
}

static size_t
watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX])
{
	const struct percent_move *c = config(r);
	struct rule_watch w = {.op = RULE_GE, .level = c->percent};
	size_t n = 0;

	w.input = RULE_INPUT_MOVE_UP;
	if (c->direction != DIRECTION_DOWN)
		v[n++] = w;
	w.input = RULE_INPUT_MOVE_DOWN;
	if (c->direction != DIRECTION_UP)
		v[n++] = w;
	return n;
}

const struct rule_type rule_percent_move = {
    .name = "percent_move",
    .title = "Percent move",
    .doc = "Fires when the price has moved so many percent against a price "
	   "inside the window.",
    .members = members,
    .on = &rule_on_tick,
    .check = check,
    .window_ms = window_ms,
    .watches = watches,
    .judge = judge,
    .trigger_value = trigger_value,
    .message = message,
    .values = values,
};
