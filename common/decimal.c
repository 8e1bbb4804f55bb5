#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/decimal.h"

__extension__ typedef unsigned __int128 wide_u;

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

/* By trying: the fewest digits, 15 to 17, that read back the same. */
static int
from_double_slowly(struct decimal *d, double x)
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

/* Whether mant / 10^scale is x: one correctly rounded division of what is
 * exact (both below 2^53 and 10^22), or false when it would not be. */
static bool
is_double(uint64_t mant, int scale, double x)
{
	return mant < (UINT64_C(1) << 53) && scale >= 0 &&
	       scale <= DECIMAL_SCALE_MAX &&
	       (double)mant / (double)pow10_table[scale] == x;
}

/*
 * round(a * 10^scale), ties to even, exactly: a = m * 2^-shift with m below
 * 2^53, and 10^scale below 2^60. a is within [0.01, 2^50), so shift is within
 * 2 .. 59.
 */
static uint64_t
scaled(double a, int scale)
{
	wide_u product;
	uint64_t m, quotient, rest, half;
	int exponent, shift;

	m = (uint64_t)ldexp(frexp(a, &exponent), 53);
	shift = 53 - exponent;
	product = (wide_u)m * (uint64_t)pow10_table[scale];
	quotient = (uint64_t)(product >> shift);
	rest = (uint64_t)product & ((UINT64_C(1) << shift) - 1);
	half = UINT64_C(1) << (shift - 1);
	return quotient +
	       (rest > half || (rest == half && (quotient & 1) != 0));
}

/* The scale that makes 15 digits of a, which is as scaled() wants it. */
static int
scale_of_15(double a)
{
	int scale = 14;

	while (scale > 0 && a >= (double)pow10_table[15 - scale])
		scale--;
	if (a < 1)
		scale += a < 0.1 ? 2 : 1;
	return scale;
}

int
decimal_from_double(struct decimal *d, double x)
{
	double a = fabs(x);
	int scale, digits;
	uint64_t m = 0;

	if (!isfinite(x))
		return -1;
	if (!(a >= 0.01 && a < 1e15))
		return from_double_slowly(d, x);
	scale = scale_of_15(a);
	for (digits = 15; digits <= 17; digits++, scale++) {
		m = scaled(a, scale);
		if (digits < 17 && m >= (UINT64_C(1) << 53))
			return from_double_slowly(d, x);
		if (digits == 17 || is_double(m, scale, a))
			break;
	}
	d->mant = x < 0 ? -(int64_t)m : (int64_t)m;
	d->scale = scale;
	*d = decimal_normal(*d);
	return 0;
}

int
decimal_round_double(struct decimal *d, double x)
{
	double a = fabs(x);
	int64_t m;
	int scale;

	if (!(a >= 0.01 && a < 1e15))
		return -1;
	scale = scale_of_15(a) + 2;
	m = (int64_t)scaled(a, scale);
	*d = decimal_normal((struct decimal){x < 0 ? -m : m, scale});
	return 0;
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
