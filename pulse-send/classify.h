/*
 * classify: what an HTTP status means, target by target, as a table; and how
 * long a receiver wants to be left alone.
 */
#ifndef PULSE_SEND_CLASSIFY_H
#define PULSE_SEND_CLASSIFY_H

#include <stddef.h>
#include <stdint.h>

#include "pulse-send/channel.h"

/* The longest wait that a receiver is granted. */
#define WAIT_MAX_US (INT64_C(24) * 3600 * 1000000)

struct classify_row {
	int low, high; /* statuses, inclusive */
	const char *body; /* and this in the answer; NULL: any */
	enum verdict_kind kind;
	const char *reason;
};

/*
 * Judge by the first row that fits, the kind's own rows before those that hold
 * for all. Sets kind, reason and, for 429 and 503, the wait of Retry-After (a
 * 503 with one is throttled, without one transient).
 */
void classify(const struct classify_row *rows, size_t n,
    const struct http_response *r, struct verdict *v);

/*
 * Read a wait: seconds, whole or with a fraction (Discord, Telegram and RFC
 * 9110's delay-seconds), rounded up to a us, at most WAIT_MAX_US. -1: none.
 */
int64_t classify_seconds(const char *text);
/*
 * Retry-After: seconds, or an HTTP date (RFC 9110 5.6.7), which is counted
 * from the answer's own Date if there is one, so that our clock does not
 * matter, else from now_ms. A date that has passed is 0.
 */
int64_t
classify_retry_after(const char *text, const char *date, int64_t now_ms);
/* The same from a JSON number of seconds; -1 for NULL or no number. */
int64_t classify_json_seconds(const struct json *j);

#endif
