#include "hl-ingest/latency.h"

/* Below 16 each value has its own step; above, the three bits behind the
 * highest one choose it. */
static size_t
step_of(int64_t us)
{
	size_t high = 3, step;

	if (us < 16)
		return us < 0 ? 0 : (size_t)us;
	while (us >> (high + 1) > 0)
		high++;
	step = (high - 2) * 8 + (size_t)((us >> (high - 3)) & 7);
	return step < LATENCY_STEPS ? step : LATENCY_STEPS - 1;
}

/* The least time that does not belong to the step any more. */
static int64_t
step_end(size_t step)
{
	size_t high;

	if (step < 16)
		return (int64_t)step + 1;
	high = step / 8 + 2;
	return (int64_t)(8 + step % 8 + 1) << (high - 3);
}

void
latency_add(struct latency *l, int64_t us, int64_t times)
{
	l->n += (uint64_t)times;
	l->counts[step_of(us)] += (uint64_t)times;
}

int64_t
latency_percentile(const struct latency *l, double share)
{
	uint64_t want = (uint64_t)((double)l->n * share), sum = 0;
	size_t i;

	if (l->n == 0)
		return 0;
	for (i = 0; i < LATENCY_STEPS - 1; i++) {
		sum += l->counts[i];
		if (sum > want || sum == l->n)
			break;
	}
	return step_end(i);
}
