/*
 * level: what the rule types share that compare a price with a level. Private
 * to common/rules/.
 */
#ifndef COMMON_RULES_LEVEL_H
#define COMMON_RULES_LEVEL_H

#include "common/rules/rule_type.h"

/* Names in order of enum rule_operator, NULL at the end. */
extern const char *const rule_operator_names[RULE_OPERATORS + 1];

bool level_judge(struct decimal level, enum rule_operator op, enum rule_on on,
    const struct rule_operands *o, const char **why);
/* The price that made it fire: the close, or the extreme of an unwatched bar
 * when the close alone would not do. */
struct decimal level_price(struct decimal level, enum rule_operator op,
    enum rule_on on, const struct rule_operands *o);
/* "price 50100.0 >= 50000"; what names the price. */
void
level_message(const char *what, struct decimal level, enum rule_operator op,
    enum rule_on on, const struct rule_operands *o, struct buf *out);
void level_values(const char *what, const char *level_name,
    struct decimal level, enum rule_operator op, enum rule_on on,
    const struct rule_operands *o, struct buf *out);

#endif
