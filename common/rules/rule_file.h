/*
 * rule_file: the rules of a file: one object, an array, or NDJSON.
 */
#ifndef COMMON_RULES_RULE_FILE_H
#define COMMON_RULES_RULE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "common/rules/rule.h"

/* Longest file of rules. */
#define RULE_FILE_MAX ((size_t)1 << 30)

/*
 * Give each rule of the text to fn (as RULE_IMPORTED); fn may copy it, the
 * rule is released after. Faults of rules are appended to complaints, a line
 * each ("rule 3, line 17: config.threshold: must be above 0"), and the other
 * rules are still read. Returns how many rules were at fault, or -1 when the
 * text is no list of rules or fn returned nonzero (its sentence stays in e).
 */
int rule_file_parse(const char *text, size_t n, bool allow_private,
    int64_t now_ms, int (*fn)(void *arg, struct rule *r, struct err *e),
    void *arg, struct buf *complaints, struct err *e);

/* The same of a file; "-" is stdin. */
int rule_file_read(const char *path, bool allow_private, int64_t now_ms,
    int (*fn)(void *arg, struct rule *r, struct err *e), void *arg,
    struct buf *complaints, struct err *e);

#endif
