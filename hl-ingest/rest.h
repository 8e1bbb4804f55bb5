/*
 * rest: POST /info, inside the weight budget and by class of failure.
 *
 *	200 with a value	OK (a list, an object)
 *	200 null		UNKNOWN: no such coin
 *	400 404 405 422		REFUSED: the request is wrong, for good
 *	429			LIMITED: nothing more for a whole minute
 *	anything else		FAILED: try again later (500 null is a network
 *				upgrade, HTML a gateway, or no answer at all)
 *
 * After failures nothing is sent for a random share of 1 s, 2 s, … 60 s.
 * Times are of the monotonic clock unless said otherwise.
 */
#ifndef HL_INGEST_REST_H
#define HL_INGEST_REST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/candle.h"
#include "common/err.h"
#include "common/http.h"
#include "hl-ingest/budget.h"
#include "hl-ingest/exclock.h"

/* Largest answer taken; 5,000 candles are 0.7 MB, the longest description
 * 0.1 MB. */
#define REST_ANSWER_MAX ((size_t)16 * 1024 * 1024)

enum rest_result {
	REST_OK,
	REST_UNKNOWN,
	REST_REFUSED,
	REST_LIMITED,
	REST_FAILED,
};

struct rest_answer {
	enum rest_result result;
	const char *body; /* NUL-terminated */
	size_t len;
	/* The exchange's time when it answered, at the earliest. */
	int64_t server_ms;
	/* Our wall clock when it was sent and answered. */
	int64_t sent_ms, got_ms;
	const char *why; /* what went wrong, in words; "" when nothing */
};

typedef void rest_fn(void *arg, const struct rest_answer *a);

struct rest_call;

struct rest {
	struct http *http;
	char url[512]; /* …/info */
	const char *ca_file;
	struct exclock *clock;
	struct budget budget;
	int64_t hold_until_ms; /* after failures */
	int failed; /* in a row */
	size_t running;
	struct rest_call *calls; /* under way */
	uint64_t requests, failures, limited;
};

/* url is the base ("https://api.hyperliquid.xyz"); weight_a_minute our share
 * of the exchange's limit. */
int rest_open(struct rest *r, const char *url, int64_t weight_a_minute,
    struct exclock *clock, struct err *e);
/* Calls under way end as REST_FAILED first. */
void rest_close(struct rest *r);

/* 0 when a request of this weight may be sent now, else ms to wait. */
int64_t rest_wait(struct rest *r, int64_t weight);
/* Send; fn runs once, out of http_service(). */
int rest_post(struct rest *r, const char *body, int64_t weight, rest_fn *fn,
    void *arg, struct err *e);
/* An answer was heavier than expected. */
void rest_charge(struct rest *r, int64_t weight);

/* Ask the exchange's clock (exchangeStatus) and measure by it; then fn(arg, 1),
 * or fn(arg, 0) when there was no usable answer. */
int rest_measure(struct rest *r, void (*fn)(void *arg, int measured), void *arg,
    struct err *e);

/* The request for the candles of a series that overlap from_ms .. to_ms. */
void rest_print_candles(struct buf *out, const char *coin, interval_id interval,
    int64_t from_ms, int64_t to_ms);

#endif
