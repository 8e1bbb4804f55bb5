#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decimal.h"

static const int64_t pow10_table[DECIMAL_SCALE_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

/* Apply an exponent: move the point, if the result still fits. */
static int
shift(struct decimal *d, int64_t exponent)
{
	int64_t scale = d->scale - exponent;

	if (d->mant == 0) {
		d->scale = 0;
		return 0;
	}
	while (scale < 0) {
		if (llabs(d->mant) > DECIMAL_MANT_MAX / 10)
			return -1;
		d->mant *= 10;
		scale++;
	}
	while (scale > DECIMAL_SCALE_MAX && d->mant % 10 == 0) {
		d->mant /= 10;
		scale--;
	}
	if (scale > DECIMAL_SCALE_MAX)
		return -1;
	d->scale = (int32_t)scale;
	return 0;
}

int
decimal_parse(struct decimal *d, const char *s, size_t n)
{
	const char *end = s + n;
	bool negative = false, digits = false, point = false;
	int64_t mant = 0, exponent = 0;
	int32_t scale = 0;

	if (s < end && *s == '-') {
		negative = true;
		s++;
	}
	for (; s < end; s++) {
		if (*s == '.' && !point && digits) {
			point = true;
			if (s + 1 == end || s[1] < '0' || s[1] > '9')
				return -1;
			continue;
		}
		if (*s < '0' || *s > '9')
			break;
		digits = true;
		if (mant > DECIMAL_MANT_MAX / 10)
			return -1;
		mant = mant * 10 + (*s - '0');
		if (mant > DECIMAL_MANT_MAX)
			return -1;
		if (point && ++scale > DECIMAL_SCALE_MAX)
			return -1;
	}
	if (!digits)
		return -1;
	*d = (struct decimal){negative ? -mant : mant, scale};
	if (s == end)
		return 0;
	if (*s != 'e' && *s != 'E')
		return -1;
	if (++s == end)
		return -1;
	negative = false;
	if (*s == '-' || *s == '+') {
		negative = *s == '-';
		s++;
	}
	if (s == end)
		return -1;
	for (; s < end; s++) {
		if (*s < '0' || *s > '9')
			return -1;
		if (exponent < 10000)
			exponent = exponent * 10 + (*s - '0');
	}
	return shift(d, negative ? -exponent : exponent);
}

/* The shortest text that reads back as x, by trying: any finite x. */
static int
from_double_text(struct decimal *d, double x)
{
	char text[40];
	int digits, n;

	for (digits = 15; digits <= 17; digits++) {
		n = snprintf(text, sizeof(text), "%.*e", digits - 1, x);
		if (strtod(text, NULL) == x)
			break;
	}
	if (decimal_parse(d, text, (size_t)n) < 0) {
		/* 18 digits behind the point are kept, the rest rounded. */
		n = snprintf(text, sizeof(text), "%.18f", x);
		if (fabs(x) >= 1 || decimal_parse(d, text, (size_t)n) < 0)
			return -1;
	}
	*d = decimal_normal(*d);
	return 0;
}

/* Powers of ten from 10^-2 on: what ends each decade from 10^-3 on. */
static const double decade_end[] = {1e-2, 1e-1, 1e0, 1e1, 1e2, 1e3, 1e4, 1e5,
    1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

/*
 * The same in whole numbers, for x of common size and a long double of 64
 * bits: x * 10^k is then off by less than 2^-64 of itself, which at 17 digits
 * is less than 0.006 of a unit. False where so little could decide.
 */
static bool
from_double_fast(struct decimal *d, double x)
{
	double size = fabs(x), half = (nextafter(size, INFINITY) - size) / 2;
	int exponent = -3, digits, scale, power;
	long double scaled, off;
	int64_t n;

	if (LDBL_MANT_DIG < 64 || size < 1e-3 || size >= 1e15 ||
	    frexp(size, &power) == 0.5)
		return false;
	while (size >= decade_end[exponent + 3])
		exponent++;
	for (digits = 15;; digits++) {
		scale = digits - 1 - exponent;
		if (scale > DECIMAL_SCALE_MAX)
			return false;
		scaled = (long double)x * (long double)pow10_table[scale];
		n = llrintl(scaled);
		if (fabsl(scaled - (long double)n) > 0.49L)
			return false;
		off = fabsl((long double)n / (long double)pow10_table[scale] -
			    (long double)x);
		if (digits == 17 || off < (long double)half * 0.999L)
			break;
		if (off < (long double)half * 1.001L)
			return false;
	}
	*d = decimal_normal((struct decimal){n, scale});
	return true;
}

int
decimal_parse_cut(struct decimal *d, const char *s, size_t n)
{
	const char *point, *p;

	if (decimal_parse(d, s, n) == 0)
		return 0;
	point = memchr(s, '.', n);
	if (point == NULL || point == s || point + 1 == s + n)
		return -1;
	for (p = point + 1; p < s + n; p++)
		if (*p < '0' || *p > '9')
			return -1;
	while (--n > (size_t)(point - s))
		if (decimal_parse(d, s, n) == 0)
			return 0;
	return decimal_parse(d, s, n);
}

int
decimal_from_double(struct decimal *d, double x)
{
	if (!isfinite(x))
		return -1;
	if (from_double_fast(d, x))
		return 0;
	return from_double_text(d, x);
}

double
decimal_to_double(struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	/* Exact operands and one correctly rounded division (both below 2^53
	 * and 10^22): no text needed. */
	if (llabs(d.mant) < (INT64_C(1) << 53))
		return (double)d.mant / (double)pow10_table[d.scale];
	decimal_print(d, text);
	return strtod(text, NULL);
}

size_t
decimal_print(struct decimal d, char *out)
{
	char digits[DECIMAL_TEXT_MAX];
	uint64_t m = d.mant < 0 ? (uint64_t)-d.mant : (uint64_t)d.mant;
	size_t n = 0, k = 0;

	do {
		digits[n++] = (char)('0' + m % 10);
		m /= 10;
	} while (m > 0 || n <= (size_t)d.scale);
	if (d.mant < 0)
		out[k++] = '-';
	while (n > 0) {
		if (n == (size_t)d.scale)
			out[k++] = '.';
		out[k++] = digits[--n];
	}
	out[k] = '\0';
	return k;
}

size_t
decimal_print_short(struct decimal d, char *out)
{
	return decimal_print(decimal_normal(d), out);
}

struct decimal
decimal_normal(struct decimal d)
{
	while (d.scale > 0 && d.mant % 10 == 0) {
		d.mant /= 10;
		d.scale--;
	}
	return d;
}

decimal_wide
decimal_widen(struct decimal d)
{
	return (decimal_wide)d.mant * pow10_table[DECIMAL_SCALE_MAX - d.scale];
}

int
decimal_cmp(struct decimal a, struct decimal b)
{
	decimal_wide x, y;

	if (a.scale == b.scale)
		return (a.mant > b.mant) - (a.mant < b.mant);
	x = decimal_widen(a);
	y = decimal_widen(b);
	return (x > y) - (x < y);
}
