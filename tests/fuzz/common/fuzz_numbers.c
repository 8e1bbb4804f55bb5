/* Decimals, times, durations and whole numbers: what is taken prints and
 * reads back as the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/decimal.h"
#include "common/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
try_decimal(const char *s, size_t n)
{
	char text[DECIMAL_TEXT_MAX], brief[DECIMAL_TEXT_MAX];
	struct decimal d, again;

	if (decimal_parse(&d, s, n) < 0)
		return;
	if (decimal_print(d, text) >= sizeof(text) ||
	    decimal_parse(&again, text, strlen(text)) < 0 ||
	    again.mant != d.mant || again.scale != d.scale)
		abort();
	decimal_print_short(d, brief);
	if (decimal_parse(&again, brief, strlen(brief)) < 0 ||
	    decimal_cmp(again, d) != 0 ||
	    decimal_widen(again) != decimal_widen(d))
		abort();
}

static void
try_time(const char *s, size_t n)
{
	char text[CLOCK_TEXT_MAX];
	int64_t ms, again;

	if (clock_parse(&ms, s, n) < 0)
		return;
	if (ms < 0 || ms > CLOCK_MS_MAX ||
	    clock_parse(&again, text, clock_print(ms, text)) < 0 || again != ms)
		abort();
}

/* s is NUL-terminated. */
static void
try_http_date(const char *s)
{
	int64_t ms;

	if (clock_parse_http(&ms, s) == 0 && (ms < 0 || ms > CLOCK_MS_MAX))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *s = malloc(n + 1);
	struct err e;
	int64_t v;

	if (s == NULL)
		return 0;
	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	try_decimal(s, n);
	try_time(s, n);
	try_http_date(s);
	if (num_parse(&v, s, -5, 1000000, "x", &e) == 0 &&
	    (v < -5 || v > 1000000))
		abort();
	if (num_parse_duration(&v, s, 10, 1000000, "x", &e) == 0 &&
	    (v < 10 || v > 1000000))
		abort();
	free(s);
	return 0;
}
