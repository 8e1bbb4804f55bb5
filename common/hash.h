/*
 * hash: FNV-1a of 64 bits (Fowler, Noll and Vo), for tables in memory and for
 * digests that must stay what they are. It is no defence against keys that
 * somebody makes up to collide. Begin with HASH_BASIS, go on from a result.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BASIS UINT64_C(0xcbf29ce484222325)

/* One step: FNV-1a where x is a byte, and its like where it is a number. */
static inline uint64_t
hash_step(uint64_t h, uint64_t x)
{
	return (h ^ x) * UINT64_C(0x100000001b3);
}

static inline uint64_t
hash_bytes(uint64_t h, const void *p, size_t n)
{
	const unsigned char *s = p;

	for (; n > 0; n--)
		h = hash_step(h, *s++);
	return h;
}

static inline uint64_t
hash_text(uint64_t h, const char *s)
{
	for (; *s != '\0'; s++)
		h = hash_step(h, (unsigned char)*s);
	return h;
}

#endif
