/*
 * num: whole numbers from outside, each with a range; and back to text.
 */
#ifndef COMMON_NUM_H
#define COMMON_NUM_H

#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/*
 * Parse all of s as a decimal whole number within [min, max]. what names it
 * in the error ("--limit"). 0, or -1 with a sentence.
 */
int num_parse(int64_t *out, const char *s, int64_t min, int64_t max,
    const char *what, struct err *e);

/*
 * A duration with a unit: "30s", "5m", "2h", "30d", "1w", "250ms"; a bare
 * number is seconds. In milliseconds, within [min_ms, max_ms].
 */
int num_parse_duration(int64_t *out_ms, const char *s, int64_t min_ms,
    int64_t max_ms, const char *what, struct err *e);

/* Bytes that num_print() writes at most. */
#define NUM_TEXT_MAX 20

/* v in decimal at out, without a NUL; returns the length. A tenth of what
 * snprintf() costs. */
size_t num_print(int64_t v, char out[NUM_TEXT_MAX]);

#endif
