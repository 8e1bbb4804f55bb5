/*
 * turn: the store's one writer at a time, waited for.
 */
#ifndef PULSE_EVAL_TURN_H
#define PULSE_EVAL_TURN_H

#include <stdbool.h>
#include <stdint.h>

#include "db/store.h"

/* How long a single try waits: store_set_wait(). */
#define TURN_TRY_MS 1000

/*
 * store_begin() that waits however long another program writes: what is to be
 * stored is kept, and nothing is read meanwhile, so the input is held back.
 * Said once when it takes seconds, and once when it is over. -1 when the store
 * fails, or is still locked some seconds after SIGTERM or SIGINT came.
 */
int turn_begin(struct store *st, bool durable, struct err *e);

#endif
