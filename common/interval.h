/*
 * interval: the 14 candle intervals of Hyperliquid.
 *
 * Every interval has a constant length, counted from 1970-01-01T00:00Z: 3d in
 * multiples of three days, 1w from Thursday, 1M in windows of 30 days. So a
 * bar opens at t = now - now % step and its last millisecond is t + step - 1;
 * no calendar is needed. Source: the exchange's API documentation for the
 * names; for the boundaries 1.26 million recorded candles.
 */
#ifndef COMMON_INTERVAL_H
#define COMMON_INTERVAL_H

#include <stddef.h>
#include <stdint.h>

/* Index into the table, 0 .. INTERVAL_COUNT - 1, shortest first. */
typedef uint8_t interval_id;

#define INTERVAL_COUNT 14
/* Longest name and its NUL. */
#define INTERVAL_TEXT_MAX 4

/* The index of the name (n bytes; case matters: 1m is not 1M), or -1. */
int interval_find(const char *name, size_t n);
/* The index of the interval that is step_ms long, or -1. */
int interval_find_step(int64_t step_ms);
const char *interval_name(interval_id i);
/* Length in ms. */
int64_t interval_step(interval_id i);
/* Open time of the bar that holds the time (ms since 1970, not negative). */
int64_t interval_open(interval_id i, int64_t time_ms);
/* All names, comma-separated, for messages. */
const char *interval_names(void);

#endif
