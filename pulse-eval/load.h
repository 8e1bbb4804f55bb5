/*
 * load: an engine from what the store holds.
 */
#ifndef PULSE_EVAL_LOAD_H
#define PULSE_EVAL_LOAD_H

#include "common/engine/engine.h"
#include "db/store.h"

/*
 * Rules, the series with stored bars, their history, the state of rules and
 * series, in this order. *rule_seq gets the number of the newest change of a
 * rule that is in it (later ones may be, too). 0 or -1.
 */
int load_store(
    struct engine *g, struct store *st, int64_t *rule_seq, struct err *e);
/*
 * What changed since *rule_seq, and its history; seq is the number of the
 * newest change that is known, and *rule_seq will be that or later. 0 or -1.
 */
int load_changes(struct engine *g, struct store *st, int64_t seq,
    int64_t *rule_seq, struct err *e);
/* For engine_calls.history. */
int load_history(struct engine *g, struct store *st, const char *symbol,
    interval_id interval, int64_t n, struct err *e);

#endif
