/*
 * decimal: a number exactly as somebody wrote it.
 *
 * The value is mant / 10^scale. The scale is kept as written, so "79139.0"
 * is {791390, 1} and prints as "79139.0" again; compare with decimal_cmp(),
 * never member by member. Prices and volumes never pass through a double on
 * their way from the exchange to an alert.
 *
 * Range: at most 18 significant digits and 18 digits behind the point, which
 * holds every number Hyperliquid sends (its longest are volumes with float
 * noise, "3495670.8399999999"). A number with more digits than that is
 * refused, but for zeros before the first digit that counts.
 */
#ifndef COMMON_DECIMAL_H
#define COMMON_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DECIMAL_SCALE_MAX 18
#define DECIMAL_MANT_MAX  INT64_C(999999999999999999)
/* Bytes that decimal_print() needs at most, NUL included. */
#define DECIMAL_TEXT_MAX 24

struct decimal {
	int64_t mant;
	int32_t scale;
};

/* A value on one fixed scale of 10^-18, for sorting and comparing: holds
 * every decimal exactly. */
__extension__ typedef __int128 decimal_wide;

/*
 * Parse all of the n bytes at s: -?digits[.digits][e[+-]digits]. 0, or -1
 * when it is not such a number or does not fit.
 */
int decimal_parse(struct decimal *d, const char *s, size_t n);

/*
 * The shortest decimal that a double prints as (17 significant digits at
 * most). -1 for NaN, infinities and what does not fit.
 */
int decimal_from_double(struct decimal *d, double x);

/* The nearest decimal of 17 significant digits, as "%.17g" prints it. -1 for
 * what is not within 0.01 .. 10^15: print that with "%.17g". */
int decimal_round_double(struct decimal *d, double x);

/* The nearest double. */
double decimal_to_double(struct decimal d);

/* Write it with its own scale ("79139.0"), NUL-terminated; returns the
 * length. out has DECIMAL_TEXT_MAX bytes. */
size_t decimal_print(struct decimal d, char *out);
/* The same without needless zeros ("79139", "0.5"): the shortest exact form. */
size_t decimal_print_short(struct decimal d, char *out);

decimal_wide decimal_widen(struct decimal d);
/* <0, 0, >0 as a is less than, equal to, greater than b, exactly. */
static inline int
decimal_cmp(struct decimal a, struct decimal b)
{
	decimal_wide x, y;

	if (a.scale == b.scale)
		return (a.mant > b.mant) - (a.mant < b.mant);
	x = decimal_widen(a);
	y = decimal_widen(b);
	return (x > y) - (x < y);
}
/* Without trailing zeros behind the point. */
struct decimal decimal_normal(struct decimal d);

#endif
