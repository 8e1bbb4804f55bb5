/*
 * ladder: many levels of one value, sorted, with a finger where the value is.
 *
 * Each rung is a boundary b between two neighbouring keys: the value is above
 * it when value > b. So "price >= L" is the rung just below L, "price > L"
 * the rung L, and each of them becomes true by going up over its rung. While
 * the value moves between two rungs nothing is touched but two keys, however
 * many rungs there are; a move costs as many steps as it passes rungs.
 *
 * Keys are 128-bit integers: a price on the scale 10^-18 (decimal_widen()),
 * or a double by ladder_key_double(). Both keep the order exactly.
 */
#ifndef COMMON_ENGINE_LADDER_H
#define COMMON_ENGINE_LADDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/decimal.h"

typedef decimal_wide ladder_key;

/* Below and above every key. */
#define LADDER_LOWEST  (-LADDER_HIGHEST)
#define LADDER_HIGHEST ((ladder_key)1 << 126)

struct ladder {
	ladder_key *key;
	uint32_t *ref;
	uint32_t n, cap;
	/* Rungs [0, sorted) are in order; those after were appended since. */
	uint32_t sorted;
	/* Rungs taken out that still stand in the arrays. */
	uint32_t gone;
	/* Sorted rungs below the value: key[at - 1] < value <= key[at]. */
	uint32_t at;
	/* Where the value is; every rung is on one side of it. */
	ladder_key value;
};

/* Start without rungs, the value at LADDER_LOWEST or LADDER_HIGHEST, so that
 * the first real value passes all rungs that are true of it. */
void ladder_init(struct ladder *l, ladder_key value);
void ladder_release(struct ladder *l);

/* The ref of a rung that was taken out: ladder_range() still shows it until
 * enough of them have gathered to be worth a sweep. */
#define LADDER_GONE UINT32_MAX

/* Append a rung: 0, or -1 when memory is short. It is sorted in when the
 * ladder is used next, so that a million of them are sorted once. */
int ladder_add(struct ladder *l, ladder_key key, uint32_t ref);
/* Take the rung out. 1, 0 when it was not there, -1 when memory is short. */
int ladder_remove(struct ladder *l, ladder_key key, uint32_t ref);

/* Sort in what was appended and sweep out what went. 0, or -1 when memory is
 * short (the ladder is then as it was). Before anything below. */
int ladder_sort(struct ladder *l);
/* Move the value without looking at what it passes. */
void ladder_place(struct ladder *l, ladder_key value);
/* The rungs in [from, to): *first and the number of them. Walks from the
 * finger when that is near. */
uint32_t
ladder_range(struct ladder *l, ladder_key from, ladder_key to, uint32_t *first);

/* True when no rung lies in [from, to): two comparisons if the range is
 * beside the value. */
static inline bool
ladder_quiet(const struct ladder *l, ladder_key from, ladder_key to)
{
	return l->n == l->sorted && (l->at == l->n || l->key[l->at] >= to) &&
	       (l->at == 0 || l->key[l->at - 1] < from);
}

/* The key of a number: order-preserving, neighbours differ by one. */
static inline ladder_key
ladder_key_double(double x)
{
	int64_t bits, sign;

	x += 0.0; /* -0 becomes 0: they are equal */
	memcpy(&bits, &x, sizeof(bits));
	/* Minus the magnitude when negative, without a branch: signs of what
	 * is compared with zero are as good as random. */
	sign = bits >> 63;
	return (bits ^ (sign & INT64_MAX)) - sign;
}

/* The number whose key it is. */
static inline double
ladder_double(ladder_key key)
{
	int64_t bits = key < 0 ? INT64_MIN - (int64_t)key : (int64_t)key;
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

#endif
