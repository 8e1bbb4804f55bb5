/*
 * commit: a batch of what must be kept, and its one transaction.
 *
 * Closed candles, alerts with their pending deliveries, the state of rules
 * that fired and of series that changed: all of a batch is stored at once or
 * not at all, and only then are its alerts printed. A transaction waits for
 * the disk when it holds an alert, and for another writer however long.
 */
#ifndef PULSE_EVAL_COMMIT_H
#define PULSE_EVAL_COMMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/alert.h"
#include "common/buf.h"
#include "common/emit.h"
#include "common/engine/engine.h"
#include "db/store.h"

struct commit_alert;

struct commit {
	struct store *st; /* borrowed; NULL: print without storing */
	struct engine *engine; /* borrowed */
	struct emit out;
	struct candle *candles;
	size_t ncandles, candle_cap;
	struct commit_alert *alerts;
	size_t nalerts, alert_cap;
	struct buf text; /* records and channels of the alerts */
	struct buf line;
	int64_t max_age_ms; /* 0: nothing is late */
	int64_t stored_ms; /* monotonic, of the last transaction */
	/* Since the start. */
	uint64_t commits, stored, late, known;
	uint64_t stored_of[RULE_TYPES_MAX]; /* by rule_type_at() */
};

int commit_init(struct commit *c, struct store *st, struct engine *g,
    int64_t max_age_ms, struct err *e);
void commit_release(struct commit *c);
/* Collect. 0 or -1. */
int
commit_add_candle(struct commit *c, const struct candle *bar, struct err *e);
int commit_add_alert(struct commit *c, struct alert *a,
    const struct engine_alert_to *to, struct err *e);
/* True when so much was collected that the batch should end. */
bool commit_full(const struct commit *c);
/*
 * Store the batch and print its alerts. Without closed candles or alerts
 * there is nothing that cannot wait: then the state of series is stored at
 * most once a second, unless all is true.
 */
int commit_flush(struct commit *c, bool all, struct err *e);

#endif
