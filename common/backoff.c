#include "common/backoff.h"
#include "common/digest.h"

int64_t
backoff_ceiling_ms(int64_t base_ms, int64_t cap_ms, int failed)
{
	int64_t ceiling = base_ms;

	for (; failed > 1 && ceiling < cap_ms; failed--)
		ceiling = ceiling > cap_ms / 2 ? cap_ms : ceiling * 2;
	return ceiling < cap_ms ? ceiling : cap_ms;
}

int64_t
backoff_jitter_ms(int64_t ceiling_ms, uint64_t random)
{
	if (ceiling_ms <= 0)
		return 0;
	return (int64_t)(random % (uint64_t)ceiling_ms) + 1;
}

uint64_t
backoff_random(void)
{
	uint64_t r;

	digest_random(&r, sizeof(r));
	return r;
}
