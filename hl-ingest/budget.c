#include <string.h>

#include "hl-ingest/budget.h"

#define RING (BUDGET_SECONDS + 1)

void
budget_init(struct budget *b, int64_t limit, int64_t now_ms)
{
	memset(b, 0, sizeof(*b));
	b->limit = limit;
	b->second = now_ms / 1000;
}

/* Let the ring's newest second be now; what left the minute is forgotten. */
static void
turn(struct budget *b, int64_t now_ms)
{
	int64_t second = now_ms / 1000;

	if (second - b->second >= RING) {
		memset(b->spent, 0, sizeof(b->spent));
		b->second = second;
	}
	while (b->second < second) {
		b->second++;
		b->spent[b->second % RING] = 0;
	}
}

int64_t
budget_used(struct budget *b, int64_t now_ms)
{
	int64_t sum = 0;
	int i;

	turn(b, now_ms);
	for (i = 0; i < RING; i++)
		sum += b->spent[i];
	return sum;
}

int64_t
budget_wait(struct budget *b, int64_t now_ms, int64_t weight)
{
	int64_t used = budget_used(b, now_ms), second;

	if (now_ms < b->blocked_until_ms)
		return b->blocked_until_ms - now_ms;
	if (weight > b->limit)
		weight = b->limit;
	if (used + weight <= b->limit)
		return 0;
	/* Oldest first: when enough of it has left the ring. */
	for (second = b->second - BUDGET_SECONDS; second <= b->second;
	     second++) {
		used -= second < 0 ? 0 : b->spent[second % RING];
		if (used + weight <= b->limit)
			break;
	}
	return (second + RING) * 1000 - now_ms;
}

void
budget_spend(struct budget *b, int64_t now_ms, int64_t weight)
{
	turn(b, now_ms);
	b->spent[b->second % RING] += weight;
	b->total += weight;
}

void
budget_block(struct budget *b, int64_t now_ms)
{
	b->blocked_until_ms = now_ms + BUDGET_SECONDS * INT64_C(1000);
}

int64_t
budget_weight_rows(int64_t rows)
{
	return BUDGET_WEIGHT_INFO + (rows + 59) / 60;
}
