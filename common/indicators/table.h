/*
 * table: the rows of all indicators. Private to common/indicators/.
 */
#ifndef COMMON_INDICATORS_TABLE_H
#define COMMON_INDICATORS_TABLE_H

#include "common/indicators/state.h"

/* The i-th row, NULL after the last. */
const struct indicator *indicator_at(size_t i);

#endif
