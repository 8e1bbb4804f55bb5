/*
 * breaker: when to stop asking an endpoint that does not answer. Pure.
 *
 *   CLOSED ──threshold failures in a row──▶ OPEN ──wait over──▶ HALF
 *      ▲                                     ▲                   │ one probe
 *      └────────── success ──────────────────┼── success ◀───────┤
 *                                            └── failure, longer wait
 *
 * Waits double from base to cap. An endpoint that failed without one success
 * for disable_after is to be disabled: nobody looks after it any more.
 */
#ifndef PULSE_SEND_BREAKER_H
#define PULSE_SEND_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF };

struct breaker_policy {
	int threshold;
	int64_t base_ms, cap_ms;
	int64_t disable_after_ms;
	/* Opened at least so often before it is disabled: silence alone (an
	 * alert a month) proves nothing. */
	int disable_trips;
};

/* 5 failures; 30 s doubling to 10 m; 5 d and 10 times. */
extern const struct breaker_policy breaker_policy_default;

struct breaker {
	enum breaker_state state;
	int failures; /* in a row */
	int trips; /* times opened since the last success */
	int64_t open_until_us; /* monotonic */
	int64_t failing_since_ms; /* wall; 0: not failing */
	bool probing; /* HALF: the probe is out */
};

enum breaker_news {
	BREAKER_NO_NEWS,
	BREAKER_OPENED,
	BREAKER_HEALED,
	BREAKER_DISABLE
};

/* When a request may leave: <= now_us at once; INT64_MAX: the probe is out. */
int64_t breaker_ready_us(const struct breaker *b, int64_t now_us);
/* A request leaves (an open breaker whose wait is over becomes HALF). */
void breaker_start(struct breaker *b);
/* It came back: the endpoint works, or not; or (neutral) that cannot be told
 * from it (throttled, cancelled). */
enum breaker_news breaker_success(struct breaker *b);
enum breaker_news breaker_failure(struct breaker *b,
    const struct breaker_policy *p, int64_t now_us, int64_t now_ms);
void breaker_neutral(struct breaker *b);

#endif
