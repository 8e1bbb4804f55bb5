/*
 * eval: what the ways of running pulse-eval share.
 */
#ifndef PULSE_EVAL_EVAL_H
#define PULSE_EVAL_EVAL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/emit.h"
#include "common/engine/engine.h"
#include "common/err.h"
#include "pulse-eval/input.h"

/* What the command line says. */
struct eval_options {
	const char *db;
	const char *rules; /* -r, or NULL: rules from the store */
	const char *values; /* --values, or NULL */
	bool explain, summary, replay, dry_run;
	int64_t max_age_ms;
};

/* An alert older than this when it is found is late. */
#define EVAL_MAX_AGE_DEFAULT_MS INT64_C(3600000)
/* What stdout collects before it is written. */
#define EVAL_EMIT_MAX ((size_t)1024 * 1024)

/* Each way of running: an exit code. They say on stderr what failed. */
int filter_run(const struct eval_options *o);
int live_run(const struct eval_options *o);
int report_run(const struct eval_options *o);
int values_run(const struct eval_options *o);

/* Give a candle to the engine: 0, 1 when it was bad input, -1. */
int eval_feed(struct engine *g, const struct candle *c, struct err *e);
/* Take a control record: gaps are said, what hides prices is remembered. */
int eval_event(struct engine *g, const struct json *j, struct err *e);
/* Load the rules of a file; faults are said. 0 or -1. */
int eval_load_file(struct engine *g, const char *path, struct err *e);
/* An error of writing stdout: dies quietly when the reader is gone. */
int eval_write_failed(struct err *e);
/* The exit code after the input ended; says e when it failed. */
int eval_exit(enum input_end end, const struct input_counts *n,
    const struct engine *g, const struct err *e);

#endif
