/*
 * operand: indicator values as operands of rules. Private to common/rules/.
 */
#ifndef COMMON_RULES_OPERAND_H
#define COMMON_RULES_OPERAND_H

#include "common/rules/rule_type.h"

/* NULL when lines 0..last of now, and of before if need_before, have values;
 * else the condition that failed. */
const char *operand_unready(
    const double *now, const double *before, bool need_before, int last);
/* The value as an alert carries it; 0 for what no decimal holds. */
struct decimal operand_decimal(double x);
/* Append for people: six significant digits. */
void operand_words(struct buf *out, double x);
/* Append lead, then "name":"value" (null when there is none). */
void operand_value(struct buf *out, char lead, const char *name,
    const double *lines, int line);
void
operand_price(struct buf *out, char lead, const char *name, struct decimal d);

#endif
