/*
 * member: values of rule members, read, printed and scanned by their row
 * (struct rule_member). Private to common/rules/.
 */
#ifndef COMMON_RULES_MEMBER_H
#define COMMON_RULES_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/faults.h"
#include "common/json.h"
#include "common/rules/rule_type.h"

/*
 * Read a decimal, integer or choice from j into base + m->offset, checking
 * type and range. 0, or -1 with a fault at loc.
 */
int member_read(const struct rule_member *m, void *base, const struct json *j,
    const char *loc, struct faults *f);
/* Put the row's fallback (which it must have) there. */
void member_default(const struct rule_member *m, void *base);
/* Append the value as JSON. */
void
member_print(const struct rule_member *m, const void *base, struct buf *out);
/* Read back what member_print() wrote, at *p (before end), moving *p behind
 * it. 0, or -1 for anything else: then use member_read(). */
int member_scan(
    const struct rule_member *m, void *base, const char **p, const char *end);

/* The names that a list of members allows, for "did you mean". */
struct member_names {
	const struct rule_member *(*at)(const void *list, size_t i);
	const void *list;
};
/* Note a fault for each member of the object j that the list lacks; prefix is
 * put before its name ("config." or ""). hint names the place where such a
 * member would belong, or gives NULL. */
void
member_refuse_unknown(const struct member_names *names, const struct json *j,
    const char *prefix, const char *(*hint)(const void *arg, const char *name),
    const void *arg, struct faults *f);

#endif
