#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "common/num.h"

/* Digits at *s, advanced past them; -1 when there are none or too many. */
static int
digits(int64_t *out, const char **s)
{
	const char *p = *s;
	int64_t v = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		if (v > (INT64_MAX - 9) / 10)
			return -1;
		v = v * 10 + (*p - '0');
	}
	*s = p;
	*out = v;
	return 0;
}

int
num_parse(int64_t *out, const char *s, int64_t min, int64_t max,
    const char *what, struct err *e)
{
	const char *p = s;
	bool negative = *p == '-';
	int64_t v;

	if (negative)
		p++;
	if (digits(&v, &p) < 0 || *p != '\0')
		return err_set(e, "%s: '%.64s' is not a whole number", what, s);
	if (negative)
		v = -v;
	if (v < min || v > max)
		return err_set(e,
		    "%s: %.64s is out of range (%" PRId64 " to %" PRId64 ")",
		    what, s, min, max);
	*out = v;
	return 0;
}

int
num_parse_duration(int64_t *out_ms, const char *s, int64_t min_ms,
    int64_t max_ms, const char *what, struct err *e)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {
	    {"", 1000},
	    {"ms", 1},
	    {"s", 1000},
	    {"m", 60000},
	    {"h", 3600000},
	    {"d", 86400000},
	    {"w", 604800000},
	};
	const char *p = s;
	int64_t v;
	size_t i;

	if (digits(&v, &p) < 0)
		goto bad;
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(p, units[i].name) != 0)
			continue;
		if (v > INT64_MAX / units[i].ms || v * units[i].ms < min_ms ||
		    v * units[i].ms > max_ms)
			return err_set(e,
			    "%s: %.64s is out of range (%" PRId64
			    " ms to %" PRId64 " ms)",
			    what, s, min_ms, max_ms);
		*out_ms = v * units[i].ms;
		return 0;
	}
bad:
	return err_set(e,
	    "%s: '%.64s' is not a duration (a number and one of ms, s, m, h, "
	    "d, w)",
	    what, s);
}

size_t
num_print(int64_t v, char out[NUM_TEXT_MAX])
{
	char digits[NUM_TEXT_MAX], *p = digits + sizeof(digits);
	uint64_t m = v < 0 ? -(uint64_t)v : (uint64_t)v;
	size_t n;

	do {
		*--p = (char)('0' + m % 10);
		m /= 10;
	} while (m > 0);
	if (v < 0)
		*--p = '-';
	n = (size_t)(digits + sizeof(digits) - p);
	memcpy(out, p, n);
	return n;
}
