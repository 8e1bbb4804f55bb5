/* serve/limiter: GCRA with an injected clock. */
#include "pulse-ctl/serve/limiter.h"
#include "tests/unit/tap.h"

#define S INT64_C(1000000)

static void
test_burst(void)
{
	int64_t tat = 0, now = 1000 * S, i, taken = 0;
	struct limiter_answer a;

	for (i = 0; i < 100; i++) {
		a = limiter_take(&tat, now, 60, 60);
		taken += a.allowed;
		if (i == 0)
			is_int(a.remaining, 59, "59 of 60 are left");
	}
	is_int(taken, 60, "the burst is the rate");
	is_int(a.limit, 60, "limit");
	is_int(a.remaining, 0, "nothing is left");
	is_int(a.retry_s, 1, "one in a second");
	is_int(a.reset_s, 60, "all in a minute");
	ok(!limiter_take(&tat, now + S - 1, 60, 60).allowed, "not yet");
	ok(limiter_take(&tat, now + S, 60, 60).allowed, "after a second");
	ok(!limiter_take(&tat, now + S, 60, 60).allowed, "just one");
	a = limiter_take(&tat, now + 3600 * S, 60, 60);
	is_int(a.remaining, 59, "an hour later the burst is whole, not more");
}

static void
test_rate(void)
{
	int64_t tat = 0, now = 5 * S, taken = 0, t;

	/* Ten a second for ten minutes at 30 a minute. */
	for (t = 0; t < 6000; t++)
		taken += limiter_take(&tat, now + t * S / 10, 30, 30).allowed;
	is_int(taken, 30 + 299, "the burst, then the rate");
}

static void
test_would(void)
{
	int64_t tat = 0;

	ok(limiter_would(tat, S, 1, 1), "it would");
	is_int(tat, 0, "and took nothing");
	(void)limiter_take(&tat, S, 1, 1);
	ok(!limiter_would(tat, S, 1, 1), "it would not");
}

static void
test_table(void)
{
	static struct limiter_table t;
	int64_t *a = limiter_bucket(&t, "192.0.2.1", S), *b;
	char name[32];
	int i;

	b = limiter_bucket(&t, "192.0.2.2", S);
	ok(a != b, "two addresses, two buckets");
	(void)limiter_take(a, S, 10, 10);
	ok(limiter_bucket(&t, "192.0.2.1", S) == a, "the same again");
	/* A bucket that is well used outlives thousands of idle ones. */
	for (i = 0; i < 9; i++)
		(void)limiter_take(a, S, 10, 10);
	for (i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "2001:db8::%x", i);
		(void)limiter_bucket(&t, name, S);
	}
	a = limiter_bucket(&t, "192.0.2.1", S);
	ok(!limiter_take(a, S, 10, 10).allowed, "it is not forgotten");
}

int
main(void)
{
	test_burst();
	test_rate();
	test_would();
	test_table();
	return tap_done();
}
