/*
 * clock: the time, and its text.
 *
 * Wall time is int64_t milliseconds since 1970 UTC; durations and deadlines
 * use the monotonic clock. Tests set the wall clock with clock_set() or, for
 * a whole process, with $PULSE_NOW (milliseconds; the clock then runs on from
 * there) and $PULSE_SPEED (how many times faster than real time both clocks
 * run from the process's start on).
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Length of "2026-11-22T14:38:00.000Z" and its NUL. */
#define CLOCK_TEXT_MAX 32

#define CLOCK_SPEED_MAX 100000

/* Latest time that any input may name: 9999-12-31T23:59:59.999Z. */
#define CLOCK_MS_MAX INT64_C(253402300799999)

/* Wall clock in ms, and the monotonic clock in ms. */
int64_t clock_now_ms(void);
int64_t clock_mono_ms(void);
/* The monotonic clock in us at its real speed, for measuring. */
int64_t clock_mono_us(void);

/* Make the wall clock read now_ms from now on, running (offset) as before. */
void clock_set(int64_t now_ms);
/* Run both clocks speed times faster than real time from now on (1 ..
 * CLOCK_SPEED_MAX), and the real time that a duration on them takes: at least
 * 1 ms for what is above zero. */
void clock_set_speed(int64_t speed);
int64_t clock_real_ms(int64_t duration_ms);
/* Read $PULSE_NOW and $PULSE_SPEED, once, at a program's start. */
void clock_from_environment(void);

/* RFC 3339 in UTC with milliseconds and Z; returns the length. time_ms is
 * within 0 .. CLOCK_MS_MAX; out has CLOCK_TEXT_MAX bytes. */
size_t clock_print(int64_t time_ms, char *out);

/*
 * Parse ISO 8601 / RFC 3339: a date, or date and time ('T' or a space) with
 * or without seconds, fraction, zone (none means UTC); or a bare number: unix
 * seconds below 10^11, else milliseconds. 0 or -1.
 */
int clock_parse(int64_t *time_ms, const char *s, size_t n);
/* A date of HTTP, in each of the three forms that RFC 9110 (5.6.7) wants
 * understood. 0, or -1 with *time_ms as it was. */
int clock_parse_http(int64_t *time_ms, const char *s);

#endif
