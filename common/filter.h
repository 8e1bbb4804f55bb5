/*
 * filter: a jq program of somebody else's, run where it can do no harm. The
 * wall around libjq's interpreter: jq.h is included in filter.c and nowhere
 * else.
 *
 * Two fences. A list of the words that a program may use: nothing that reads
 * files, environment or further input, defines functions, loops or calls
 * regular expressions, and no multiplication (of strings). And a process of its
 * own with little memory, no environment and no descriptor but one, which
 * compiles once and then answers; one that takes too long or dies is replaced,
 * and only the record that did it fails.
 */
#ifndef COMMON_FILTER_H
#define COMMON_FILTER_H

#include <stddef.h>

#include "common/buf.h"
#include "common/err.h"

#define FILTER_PROGRAM_MAX 4096
#define FILTER_OUTPUT_MAX  ((size_t)256 * 1024)
/* Time for one record, in ms. */
#define FILTER_TIME_MS 250

struct filter;

/* Only the list of words: 0, or -1 naming what is not allowed. */
int filter_check(const char *program, struct err *e);
/* Check and compile. */
int filter_open(struct filter **f, const char *program, struct err *e);
void filter_close(struct filter *f);
/*
 * Run on one JSON text. Appends the one result: a string as its bytes, any
 * other value as compact JSON. -1: no result, more than one, an error of the
 * program, too slow, too large.
 */
int filter_run(struct filter *f, const char *json, size_t n, struct buf *out,
    struct err *e);

#endif
