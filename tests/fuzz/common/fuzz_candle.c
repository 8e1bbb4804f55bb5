/* A candle that is taken must print, and read back with the same values. */
#include <stdint.h>
#include <stdlib.h>

#include "common/candle.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct candle c, again;
	struct buf out;
	struct err e;

	if (candle_parse(&c, (const char *)p, n, &e) != CANDLE_LINE_CANDLE)
		return 0;
	buf_init(&out, CANDLE_TEXT_MAX);
	if (candle_print(&c, &out) < 0 ||
	    candle_parse(&again, out.p, out.len, &e) != CANDLE_LINE_CANDLE ||
	    !candle_same_values(&c, &again) || c.state != again.state ||
	    c.recv_ms != again.recv_ms || c.open_ms != again.open_ms)
		abort();
	buf_release(&out);
	return 0;
}
