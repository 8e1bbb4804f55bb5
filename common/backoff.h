/*
 * backoff: how long to wait before the next try.
 *
 * Exponential with full jitter (a uniform share of the doubled ceiling), as
 * the AWS Architecture Blog's "Exponential Backoff And Jitter" found best.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>

/* Ceiling before try n + 1 when n tries failed (n >= 1): base doubling to
 * cap, in ms. */
int64_t backoff_ceiling_ms(int64_t base_ms, int64_t cap_ms, int failed);
/* A uniform share in (0, ceiling], by the caller's random 64 bits. */
int64_t backoff_jitter_ms(int64_t ceiling_ms, uint64_t random);
/* 64 random bits for the above. */
uint64_t backoff_random(void);

#endif
