#include "common/clock.h"
#include "hl-ingest/exclock.h"

/* Clocks this far apart still agree: a computer's is not much better. */
#define AGREE_MS 10000
/* A measurement is replaced by a worse one after this long. */
#define KEEP_MS (10 * INT64_C(60000))

int64_t
exclock_now(const struct exclock *x)
{
	return clock_now_ms() + x->offset_ms;
}

static void
take(struct exclock *x, int64_t offset_ms, int64_t error_ms, int64_t now_ms)
{
	x->known = true;
	x->offset_ms = offset_ms;
	x->error_ms = error_ms;
	x->measured_ms = now_ms;
}

/* Whether the offset that is known could not be true any more. */
static bool
contradicts(const struct exclock *x, int64_t offset_ms, int64_t error_ms)
{
	int64_t d = x->offset_ms - offset_ms;

	return (d < 0 ? -d : d) > x->error_ms + error_ms + 100;
}

void
exclock_measure(
    struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t server_ms)
{
	int64_t error = (got_ms - sent_ms + 1) / 2;
	int64_t offset = server_ms - (sent_ms + (got_ms - sent_ms) / 2);

	if (got_ms < sent_ms) /* our clock was set back */
		return;
	if (!x->known || error <= x->error_ms ||
	    got_ms - x->measured_ms > KEEP_MS || contradicts(x, offset, error))
		take(x, offset, error, got_ms);
}

void
exclock_measure_date(
    struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t date_ms)
{
	int64_t error = (got_ms - sent_ms + 1) / 2 + 500;
	int64_t offset = date_ms + 500 - (sent_ms + (got_ms - sent_ms) / 2);

	if (got_ms < sent_ms)
		return;
	if (!x->known || contradicts(x, offset, error))
		take(x, offset, error, got_ms);
}

int64_t
exclock_answered(
    const struct exclock *x, int64_t sent_ms, int64_t got_ms, int64_t date_ms)
{
	/* Our clock may have been set back on the way. */
	int64_t way = got_ms > sent_ms ? got_ms - sent_ms : 0;
	int64_t t = sent_ms + x->offset_ms, first = date_ms - way;

	if (date_ms < 0)
		return t;
	return t < first || t > date_ms + 999 ? first : t;
}

int64_t
exclock_surely(int64_t our_ms, int64_t server_ms)
{
	return our_ms + AGREE_MS < server_ms ? our_ms : server_ms;
}
