#include "tests/sim/budget.h"

static const uint64_t limits[BUDGET_COUNT] = {
    BUDGET_WEIGHT_MAX, BUDGET_MESSAGES_MAX, BUDGET_CONNECTS_MAX};

uint64_t
budget_spent(const struct budget *b, enum budget_id id)
{
	int64_t now = b->now_ms(b->arg) / 1000;
	uint64_t sum = 0;

	for (int i = 0; i < 60; i++)
		if (b->stamp[i] > now - 60)
			sum += b->second[id][i];
	return sum;
}

bool
budget_spend(struct budget *b, enum budget_id id, uint64_t amount)
{
	int64_t now = b->now_ms(b->arg) / 1000;
	int i = (int)(now % 60);
	uint64_t sum = budget_spent(b, id) + amount;

	if (b->enforced && sum > limits[id])
		return false;
	if (b->stamp[i] != now) {
		b->stamp[i] = now;
		for (int k = 0; k < BUDGET_COUNT; k++)
			b->second[k][i] = 0;
	}
	b->second[id][i] += amount;
	if (sum > b->peak[id])
		b->peak[id] = sum;
	return true;
}
