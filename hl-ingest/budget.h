/*
 * budget: how much may still be asked of the exchange in this minute.
 *
 * The exchange counts by address and minute: 1,200 of REST weight, 2,000
 * WebSocket messages, 30 new connections. Spending is kept by the second over
 * the last minute, so that no window of a minute ever holds more than the
 * limit, wherever it begins. Times are those of a monotonic clock in ms.
 *
 * Weights (rate limits in the exchange's API documentation): exchangeStatus
 * and allMids 2, any other request 20, candleSnapshot 1 more for each 60
 * candles that it returns.
 */
#ifndef HL_INGEST_BUDGET_H
#define HL_INGEST_BUDGET_H

#include <stdint.h>

#define BUDGET_SECONDS 60

/* What the exchange allows an address a minute. */
#define BUDGET_REST_WEIGHT   1200
#define BUDGET_WS_MESSAGES   2000
#define BUDGET_WS_CONNECTS   30
#define BUDGET_SUBSCRIPTIONS 1000

/* Of the limit, left free by what is not urgent for what is. */
#define BUDGET_RESERVED_PERCENT 15

#define BUDGET_WEIGHT_STATUS 2
#define BUDGET_WEIGHT_INFO   20

struct budget {
	int64_t limit; /* a minute */
	int64_t spent[BUDGET_SECONDS + 1]; /* by second, a ring */
	int64_t second; /* the newest in the ring */
	int64_t blocked_until_ms; /* the exchange said stop */
	int64_t total; /* ever */
};

void budget_init(struct budget *b, int64_t limit, int64_t now_ms);
/* Spent in the last minute. */
int64_t budget_used(struct budget *b, int64_t now_ms);
/* 0 when weight may be spent now, else the ms until it may. What is heavier
 * than the whole limit waits for an empty minute. */
int64_t budget_wait(struct budget *b, int64_t now_ms, int64_t weight);
void budget_spend(struct budget *b, int64_t now_ms, int64_t weight);
/* The exchange said "too many": nothing for a whole window. */
void budget_block(struct budget *b, int64_t now_ms);

/* Weight of a candleSnapshot that returns this many rows. */
int64_t budget_weight_rows(int64_t rows);

#endif
