/*
 * input: the records of stdin, line by line, in batches.
 *
 * Under load many lines share a batch; when no whole line waits, the batch
 * ends at once. Bad lines are named on stderr, counted and skipped.
 */
#ifndef PULSE_EVAL_INPUT_H
#define PULSE_EVAL_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/candle.h"
#include "common/err.h"
#include "common/json.h"

/* What is done with records. Each returns 0, or -1 with a sentence (or errno
 * EPIPE and none), which ends the input. */
struct input_calls {
	void *arg;
	/* A candle. 1: it was bad input after all, and e says why. */
	int (*candle)(void *arg, const struct candle *c, struct err *e);
	/* A control record. */
	int (*event)(void *arg, const struct json *j, struct err *e);
	/* The batch ends: store and print what it brought. */
	int (*flush)(void *arg, struct err *e);
	/* Comes at least every period_ms, after a flush; NULL: none. */
	int (*tick)(void *arg, struct err *e);
	/* Nothing is waiting: comes after a flush, before more is awaited;
	 * NULL: none. */
	int (*idle)(void *arg, struct err *e);
	int period_ms;
};

struct input_counts {
	uint64_t lines, events, bad;
};

/* Why input_run() returned. */
enum input_end {
	INPUT_FAILED = -1,
	INPUT_ENDED, /* the end of the input */
	INPUT_STOPPED, /* SIGTERM or SIGINT; the last batch was flushed */
};

enum input_end input_run(
    const struct input_calls *calls, struct input_counts *n, struct err *e);

#endif
