/* Any line may come to pulse-send: none may do harm, and what is taken has
 * its parts in range. */
#include <stdint.h>
#include <stdlib.h>

#include "common/alert.h"
#include "common/clock.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct alert_record r;
	struct err e;

	if (alert_record_parse(&r, (const char *)p, n, &e) < 0)
		return 0;
	if (r.symbol == NULL || r.interval >= INTERVAL_COUNT ||
	    r.window_start_ms < 0 || r.window_end_ms > CLOCK_MS_MAX ||
	    r.triggered_ms < 0)
		abort();
	alert_record_release(&r);
	return 0;
}
