/*
 * budget: the exchange's limits per address and minute. All clients of the
 * simulator share one address. Counted always, enforced when asked for.
 */
#ifndef TESTS_SIM_BUDGET_H
#define TESTS_SIM_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

enum budget_id {
	BUDGET_WEIGHT, /* REST weight: 1200 a minute */
	BUDGET_MESSAGES, /* WebSocket messages received: 2000 a minute */
	BUDGET_CONNECTS, /* new WebSocket connections: 30 a minute */
	BUDGET_COUNT
};

#define BUDGET_WEIGHT_MAX      1200
#define BUDGET_MESSAGES_MAX    2000
#define BUDGET_CONNECTS_MAX    30
#define BUDGET_CONNECTIONS_MAX 10
#define BUDGET_CHANNELS_MAX    1000

/* Sums over the last 60 s, kept by the second. */
struct budget {
	int64_t (*now_ms)(void *arg); /* what its minutes are counted on */
	void *arg;
	uint64_t second[BUDGET_COUNT][60];
	int64_t stamp[60];
	uint64_t peak[BUDGET_COUNT]; /* most that any minute has seen */
	bool enforced;
};

/* Spend; whether the limit allows it. What is refused is not counted. */
bool budget_spend(struct budget *b, enum budget_id id, uint64_t amount);
/* Spent in the last minute. */
uint64_t budget_spent(const struct budget *b, enum budget_id id);

#endif
