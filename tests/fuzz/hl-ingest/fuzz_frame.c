/*
 * Whatever the exchange, or who sits between, sends: a frame is taken apart
 * without harm, and what comes out of it is a candle in range. The same bytes
 * are tried as an answer of REST.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "hl-ingest/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
on_candle(void *arg, const struct candle *c)
{
	size_t *count = arg;

	++*count;
	if (c->interval >= INTERVAL_COUNT || c->open_ms < 0 ||
	    c->close_ms > CLOCK_MS_MAX ||
	    c->close_ms != c->open_ms + interval_step(c->interval) - 1 ||
	    c->recv_ms != -1 || c->state != CANDLE_UNSAID ||
	    !symbol_valid(c->symbol, c->symbol_len) ||
	    strlen(c->symbol) != c->symbol_len ||
	    decimal_cmp(c->low, c->high) > 0)
		abort();
}

/* Texts of the frame go into records and log lines: each ends. */
static void
check(const struct frame *f)
{
	if (memchr(f->text, '\0', sizeof(f->text)) == NULL ||
	    memchr(f->ctx.coin, '\0', sizeof(f->ctx.coin)) == NULL ||
	    memchr(f->ctx.day_volume, '\0', sizeof(f->ctx.day_volume)) ==
		NULL ||
	    memchr(f->subscription.coin, '\0', sizeof(f->subscription.coin)) ==
		NULL ||
	    f->subscription.interval < -1 ||
	    f->subscription.interval >= INTERVAL_COUNT)
		abort();
	if (f->kind == FRAME_CTX &&
	    !symbol_valid(f->ctx.coin, strlen(f->ctx.coin)))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t count = 0, bad;
	struct frame f;
	struct err e;
	long rows;

	frame_parse(&f, (const char *)p, n, on_candle, &count, &e);
	check(&f);
	if (count > 0 && f.kind != FRAME_CANDLE)
		abort();
	count = 0;
	rows =
	    frame_parse_rows((const char *)p, n, on_candle, &count, &bad, &e);
	if (rows > 0 && (size_t)rows != count)
		abort();
	return 0;
}
