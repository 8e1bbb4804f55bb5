#include "common/backoff.h"
#include "pulse-send/breaker.h"

const struct breaker_policy breaker_policy_default = {
    .threshold = 5,
    .base_ms = 30 * 1000,
    .cap_ms = 10 * 60 * 1000,
    .disable_after_ms = INT64_C(5) * 86400 * 1000,
    .disable_trips = 10,
};

int64_t
breaker_ready_us(const struct breaker *b, int64_t now_us)
{
	switch (b->state) {
	case BREAKER_OPEN:
		return b->open_until_us;
	case BREAKER_HALF:
		return b->probing ? INT64_MAX : now_us;
	default:
		return 0;
	}
}

void
breaker_start(struct breaker *b)
{
	if (b->state == BREAKER_CLOSED)
		return;
	b->state = BREAKER_HALF;
	b->probing = true;
}

enum breaker_news
breaker_success(struct breaker *b)
{
	bool was = b->state != BREAKER_CLOSED || b->failing_since_ms != 0;

	*b = (struct breaker){.state = BREAKER_CLOSED};
	return was ? BREAKER_HEALED : BREAKER_NO_NEWS;
}

enum breaker_news
breaker_failure(struct breaker *b, const struct breaker_policy *p,
    int64_t now_us, int64_t now_ms)
{
	bool probe = b->state == BREAKER_HALF;

	b->probing = false;
	b->failures++;
	if (b->failing_since_ms == 0)
		b->failing_since_ms = now_ms;
	/* What was still in flight when it opened adds nothing. */
	if (b->state == BREAKER_OPEN || (!probe && b->failures < p->threshold))
		return BREAKER_NO_NEWS;
	b->trips++;
	b->state = BREAKER_OPEN;
	b->open_until_us =
	    now_us + backoff_ceiling_ms(p->base_ms, p->cap_ms, b->trips) * 1000;
	if (b->trips >= p->disable_trips &&
	    now_ms - b->failing_since_ms >= p->disable_after_ms)
		return BREAKER_DISABLE;
	return BREAKER_OPENED;
}

void
breaker_neutral(struct breaker *b)
{
	b->probing = false;
}
