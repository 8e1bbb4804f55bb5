/*
 * records: the JSON of alerts, deliveries, attempts, candles and keys as
 * api.md shows them. The command line and the HTTP API print with the same
 * functions, so that they cannot differ.
 */
#ifndef PULSE_CTL_RECORDS_H
#define PULSE_CTL_RECORDS_H

#include <stddef.h>

#include "common/buf.h"
#include "db/store.h"

/* Longest printed alert with its delivery members; with all its deliveries. */
#define RECORD_TEXT_MAX	 ((size_t)32 * 1024)
#define RECORD_WHOLE_MAX ((size_t)1024 * 1024)

/* ,"name":"2026-…Z" (null for 0), with the comma when first is false. */
void record_time(struct buf *b, const char *name, int64_t ms);
/* "name":"text" or null. */
void record_text(struct buf *b, const char *name, const char *text);

/* The alert's own record, and delivery_status, delivery_attempts,
 * created_at. */
void record_alert(const struct store_alert *a, struct buf *b);
/* The same with "deliveries":[…], each with its attempts. 0 or -1. */
int record_alert_whole(struct store *st, const struct store_alert *a,
    struct buf *b, struct err *e);
void record_delivery(const struct store_delivery *d, struct buf *b);
void record_attempt(const struct store_attempt *a, struct buf *b);
void record_candle(const struct candle *c, struct buf *b);
/* Without the hash. */
void record_key(const struct store_key *k, struct buf *b);

#endif
