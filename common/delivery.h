/*
 * delivery: the record that pulse-send prints, one line an attempt
 * (pulse-delivery.5).
 *
 *	{"delivery_id":"…","alert_id":"…","channel":"discord","attempt":1,
 *	 "status":"delivered","response_code":200,"latency_ms":31,"error":null,
 *	 "next_attempt_at":null}
 *
 * It never holds an address or another secret.
 */
#ifndef COMMON_DELIVERY_H
#define COMMON_DELIVERY_H

#include <stdint.h>

#include "common/buf.h"
#include "common/uuid.h"

/* Bytes that delivery_print() writes at most. */
#define DELIVERY_TEXT_MAX 4096

struct delivery_record {
	struct uuid delivery_id, alert_id;
	const char *channel;
	int64_t attempt; /* from 1 */
	const char *status; /* delivered, retrying, held, dead */
	int response_code; /* 0 (printed as null): no answer */
	int64_t latency_ms;
	const char *error; /* NULL: none */
	int64_t next_attempt_ms; /* 0: none */
};

/* Append the record, without a newline. */
int delivery_print(const struct delivery_record *r, struct buf *out);

#endif
