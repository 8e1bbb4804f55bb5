#include <stddef.h>

#include "common/hash.h"
#include "pulse-ctl/serve/limiter.h"

#define MINUTE_US INT64_C(60000000)

static int64_t
ceil_seconds(int64_t us)
{
	return us <= 0 ? 0 : (us + 999999) / 1000000;
}

struct limiter_answer
limiter_take(int64_t *tat_us, int64_t now_us, int64_t rate, int64_t burst)
{
	int64_t t = MINUTE_US / rate, full = t * burst;
	int64_t from = *tat_us > now_us ? *tat_us : now_us;
	struct limiter_answer a = {.limit = burst};

	a.allowed = from + t - now_us <= full;
	if (a.allowed)
		*tat_us = from += t;
	else
		a.retry_s = ceil_seconds(from + t - now_us - full);
	a.remaining = (full - (from - now_us)) / t;
	a.reset_s = ceil_seconds(from - now_us);
	return a;
}

bool
limiter_would(int64_t tat_us, int64_t now_us, int64_t rate, int64_t burst)
{
	int64_t copy = tat_us;

	return limiter_take(&copy, now_us, rate, burst).allowed;
}

/* Never 0. */
static uint64_t
hash(const char *s)
{
	uint64_t h = hash_text(HASH_BASIS, s);

	return h != 0 ? h : 1;
}

int64_t *
limiter_bucket(struct limiter_table *t, const char *address, int64_t now_us)
{
	uint64_t h = hash(address);
	size_t row = (size_t)(h % LIMITER_ROWS), way, best = 0;

	for (way = 0; way < LIMITER_WAYS; way++) {
		if (t->v[row][way].address == h)
			return &t->v[row][way].tat_us;
		if (t->v[row][way].tat_us < t->v[row][best].tat_us)
			best = way;
	}
	t->v[row][best].address = h;
	t->v[row][best].tat_us = now_us;
	return &t->v[row][best].tat_us;
}
