#include <inttypes.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/sig.h"
#include "pulse-eval/turn.h"

/* A lock that is held no longer is not worth a word. */
#define QUIET_MS 3000
/* Tries go on so long after the program was told to end. */
#define STOP_WAIT_MS 5000

/* Whether to try again at now_ms; *stop_ms is when the end was seen. */
static bool
goes_on(int64_t *stop_ms, int64_t now_ms)
{
	if (!sig_stop_waits())
		return true;
	if (*stop_ms < 0)
		*stop_ms = now_ms;
	return now_ms - *stop_ms < STOP_WAIT_MS;
}

int
turn_begin(struct store *st, bool durable, struct err *e)
{
	int64_t from_ms = clock_mono_ms(), stop_ms = -1, now_ms;
	bool said = false;

	while (store_begin(st, durable, e) < 0) {
		now_ms = clock_mono_ms();
		if (!store_busy(st) || !goes_on(&stop_ms, now_ms))
			return -1;
		if (said || now_ms - from_ms < QUIET_MS)
			continue;
		said = true;
		log_warn("store %s: another program keeps it locked; "
			 "waiting, no input is read meanwhile",
		    store_name(st));
	}
	if (said)
		log_warn("the store works again after %" PRId64 " ms",
		    clock_mono_ms() - from_ms);
	return 0;
}
