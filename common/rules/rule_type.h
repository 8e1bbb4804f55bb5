/*
 * rule_type: what a rule type is. Each has one file here and one row of
 * table.c. The engine judges with it; reading, printing, help texts, forms
 * and the OpenAPI schema come from its table of members.
 *
 * Judging is split so that a million idle rules cost nothing:
 *  - Types that compare a price with a level (rule_level()) need no call at
 *    all: rule_level_spans() says once a bar for which levels each operator
 *    fires. judge() of these types is the same function read the other way.
 *  - The others are judged from operands: the bar, the bar before it, the
 *    extremes of a time window, indicator values now and before.
 */
#ifndef COMMON_RULES_RULE_TYPE_H
#define COMMON_RULES_RULE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/candle.h"
#include "common/decimal.h"
#include "common/faults.h"
#include "common/indicators/indicator.h"
#include "common/rules/rule.h"

/* ---- members ------------------------------------------------------------- */

enum rule_member_kind {
	RULE_MEMBER_DECIMAL, /* struct decimal; JSON string or number */
	RULE_MEMBER_INTEGER, /* int32_t */
	RULE_MEMBER_CHOICE, /* uint8_t, index into choices */
	/* Of the rule itself only: */
	RULE_MEMBER_STRING,
	RULE_MEMBER_URL, /* string or null */
	RULE_MEMBER_BOOLEAN,
	RULE_MEMBER_UUID,
	RULE_MEMBER_TIME,
	RULE_MEMBER_OBJECT,
	RULE_MEMBER_NAMES, /* array of strings or null */
};

/* One member of a rule or of its config. Texts are literals. */
struct rule_member {
	const char *name;
	const char *doc; /* one line */
	enum rule_member_kind kind;
	bool required; /* when a rule is created */
	bool read_only; /* given by Pulse; import may name it */
	bool above_min; /* min itself is out of range */
	bool below_max; /* max itself is out of range */
	/* Range of a number, or of a string's length in characters, as text;
	 * NULL: none. */
	const char *min, *max;
	/* Value when absent, as text; NULL with required false: said in doc
	 * (it depends on other members), or null. */
	const char *fallback;
	/* Of a RULE_MEMBER_CHOICE: ends with NULL. */
	const char *const *choices;
	/* Where in the type's config struct (of a number or choice of the rule
	 * itself: in struct rule). */
	size_t offset;
};

/* The i-th member of a rule itself (id, name, …), NULL after the last. */
const struct rule_member *rule_member_at(size_t i);
/* The i-th member of the type's config, "on" last; NULL after it. */
const struct rule_member *rule_type_member(const struct rule_type *t, size_t i);
/* What the type is called for people, and what makes it fire: one sentence. */
const char *rule_type_title(const struct rule_type *t);
const char *rule_type_doc(const struct rule_type *t);

/* ---- levels -------------------------------------------------------------- */

enum rule_operator {
	RULE_GE,
	RULE_LE,
	RULE_GT,
	RULE_LT,
	RULE_CROSS_UP,
	RULE_CROSS_DOWN,
	RULE_CROSS,
};
#define RULE_OPERATORS 7

/* What the engine knows when it judges a rule on a bar. */
struct rule_operands {
	const struct candle *bar; /* as it is now */
	bool closed; /* the bar is final */
	/* A closed bar that was never seen forming (backfill, replay, REST):
	 * its high and low count for tick rules, as prices nobody saw. */
	bool unwatched;
	/* The price seen before this one on the series: close of the previous
	 * update of this bar, or of the bar before it. Closed bars only for
	 * RULE_ON_CLOSE: the close of the bar before. */
	bool has_previous;
	struct decimal previous;
	/*
	 * percent_move: lowest and highest price known to lie within the
	 * window before this bar: low and high of closed bars that opened at
	 * or after (event time - window_seconds), and the close of the one
	 * bar that straddles that moment. The present bar is not in it.
	 */
	bool has_window;
	struct decimal window_low, window_high;
	/* Values of rule_indicators(), in its order: with this bar (peeked
	 * when it is forming), and as of the closed bar before it. NaN: not
	 * available. */
	const double *now[2];
	const double *before[2];
	/* Close of the closed bar before (bollinger touch). */
	bool has_previous_close;
	struct decimal previous_close;
};

/* A run of levels. Without lo (hi) it has no lower (upper) end. */
struct rule_span {
	bool has_lo, has_hi;
	bool lo_in, hi_in; /* the end itself belongs to it */
	struct decimal lo, hi;
};
#define RULE_SPANS_MAX 4

/* The level and operator of a rule, for types that compare a price with a
 * level; false for the others. */
bool
rule_level(const struct rule *r, struct decimal *level, enum rule_operator *op);
/*
 * The levels for which op fires on these operands, as at most RULE_SPANS_MAX
 * spans (they may overlap); returns how many. on says whether the rules look
 * at ticks (then unwatched bars count with high and low).
 */
size_t rule_level_spans(enum rule_operator op, enum rule_on on,
    const struct rule_operands *o, struct rule_span v[RULE_SPANS_MAX]);
bool rule_span_has(const struct rule_span *s, struct decimal level);

/* ---- watching ------------------------------------------------------------ */

/* A number of a series that rules compare with a level. */
enum rule_input {
	RULE_INPUT_PRICE,
	/* The largest rise or fall within rule_window_ms(), in percent. */
	RULE_INPUT_MOVE_UP,
	RULE_INPUT_MOVE_DOWN,
	/* A line of the rule's first indicator; the close less that line. */
	RULE_INPUT_LINE,
	RULE_INPUT_CLOSE_LESS_LINE,
};

/*
 * "source op level": what must hold for the rule to fire. It may hold without
 * the rule firing (rule_judge() decides), never the other way round. So an
 * engine that keeps the levels of all rules sorted asks only the few whose
 * level the value has passed. A cross here includes reaching the level.
 */
struct rule_watch {
	enum rule_input input;
	uint8_t line; /* of an indicator */
	enum rule_operator op;
	struct decimal level;
};
#define RULE_WATCHES_MAX 2

/* The watches of a rule (any one of them is enough): 1 or 2. */
size_t
rule_watches(const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX]);

/* ---- judging ------------------------------------------------------------- */

/* Indicators a rule needs (0..2): their number. */
size_t rule_indicators(const struct rule *r, struct indicator_spec v[2]);
/* Length of the price window the rule needs in ms, or 0. */
int64_t rule_window_ms(const struct rule *r);
/* Bars after which the rule can fire at all; its judge sees to it (values are
 * NaN before). rule_warmup() is what to load beforehand. */
int rule_first(const struct rule *r);

/*
 * Does it fire on these operands? Whether the bar concerns the rule at all
 * (closed for RULE_ON_CLOSE), cooldown, one alert a window and old news are
 * the engine's. *why gets the first condition that failed (a constant), NULL
 * when it fires.
 */
bool rule_judge(
    const struct rule *r, const struct rule_operands *o, const char **why);

/* For a rule that fires: the price or value that made it fire. */
struct decimal
rule_trigger_value(const struct rule *r, const struct rule_operands *o);
/* Append the message ("BTC 1m: price 50100.0 >= 50000"). */
int rule_message(
    const struct rule *r, const struct rule_operands *o, struct buf *out);
/* Append the operands as a JSON object; also of a rule that did not fire, for
 * --explain. Values not available are null. */
int rule_values(
    const struct rule *r, const struct rule_operands *o, struct buf *out);

/* ---- the row ------------------------------------------------------------- */

struct rule_type {
	const char *name;
	const char *title;
	const char *doc;
	const struct rule_member *members; /* ends with a NULL name */
	const struct rule_member *on; /* one of the three below */
	/* Cross-member checks, and values that depend on others: given has a
	 * bit for each member that was present. Faults under "config." */
	void (*check)(struct rule *r, uint32_t given, struct faults *f);
	/* Each may be NULL: none. */
	bool (*level)(const struct rule *r, struct decimal *level,
	    enum rule_operator *op);
	size_t (*indicators)(const struct rule *r, struct indicator_spec v[2]);
	int64_t (*window_ms)(const struct rule *r);
	/* NULL for types with a level. */
	size_t (*watches)(
	    const struct rule *r, struct rule_watch v[RULE_WATCHES_MAX]);
	/* NULL for types with a level. */
	bool (*judge)(const struct rule *r, const struct rule_operands *o,
	    const char **why);
	/* Needs the indicator's value of the bar before as well. */
	bool (*looks_back)(const struct rule *r);
	struct decimal (*trigger_value)(
	    const struct rule *r, const struct rule_operands *o);
	void (*message)(const struct rule *r, const struct rule_operands *o,
	    struct buf *out);
	void (*values)(const struct rule *r, const struct rule_operands *o,
	    struct buf *out);
};

/* "on" with default tick, with default close, and with no choice but close. */
extern const struct rule_member rule_on_tick, rule_on_close, rule_on_close_only;

/* The rows, in table.c's order. */
extern const struct rule_type rule_price_threshold, rule_percent_move,
    rule_candle_close, rule_macd_cross, rule_rsi, rule_bollinger_bands;

#endif
