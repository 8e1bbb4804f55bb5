/*
 * report: what --explain and --summary print instead of alerts.
 */
#ifndef PULSE_EVAL_REPORT_H
#define PULSE_EVAL_REPORT_H

#include <stdbool.h>

#include "common/emit.h"
#include "common/engine/engine.h"
#include "common/err.h"

/*
 * --explain: each rule that was asked and the record it was asked about, with
 * the operands and what was in its way. Words on a terminal, else NDJSON.
 */
int explain_judged(struct emit *out, struct buf *line, bool terminal,
    const struct engine_judged *j, struct err *e);

/* --summary: what each rule did. */
struct summary;

/* NULL when memory is short. draw: with pictures. */
struct summary *summary_new(const struct engine *g, bool draw);
void summary_free(struct summary *s);
void summary_judged(struct summary *s, const struct engine_judged *j);
int summary_print(const struct summary *s, const struct engine *g,
    struct emit *out, bool terminal, struct err *e);

/* "fired", "not true", "same window", "cooldown", "old news". */
const char *report_outcome(enum engine_outcome o);

#endif
