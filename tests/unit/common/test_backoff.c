#include "common/backoff.h"
#include "tests/unit/tap.h"

static const struct {
	int64_t base, cap;
	int failed;
	int64_t want;
} ceilings[] = {
    {1000, 32000, 1, 1000},
    {1000, 32000, 2, 2000},
    {1000, 32000, 5, 16000},
    {1000, 32000, 6, 32000},
    {1000, 32000, 7, 32000},
    {1000, 32000, 2147483647, 32000},
    {1000, 30000, 6, 30000},
    {5000, 1000, 1, 1000},
    {1, INT64_MAX, 2147483647, INT64_MAX},
};

int
main(void)
{
	int64_t low = INT64_MAX, high = 0, v;
	size_t i;
	int n;

	for (i = 0; i < sizeof(ceilings) / sizeof(ceilings[0]); i++)
		is_int(backoff_ceiling_ms(ceilings[i].base, ceilings[i].cap,
			   ceilings[i].failed),
		    ceilings[i].want, "ceiling");
	is_int(backoff_jitter_ms(1000, 0), 1, "the least wait is not none");
	is_int(
	    backoff_jitter_ms(1000, 999), 1000, "the longest is the ceiling");
	is_int(backoff_jitter_ms(0, 12345), 0, "no ceiling, no wait");
	for (n = 0; n < 10000; n++) {
		v = backoff_jitter_ms(1000, backoff_random());
		low = v < low ? v : low;
		high = v > high ? v : high;
	}
	ok(low >= 1 && high <= 1000, "never outside");
	ok(low < 100 && high > 900, "and over the whole range");
	return tap_done();
}
