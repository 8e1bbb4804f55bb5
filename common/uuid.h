/*
 * uuid: RFC 9562 identifiers, version 4 (random), 5 (named, SHA-1) and 8 (of
 * a minute).
 */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UUID_TEXT_MAX 37

struct uuid {
	unsigned char b[16];
};

/* A random one (version 4). */
struct uuid uuid_random(void);
/*
 * A random one but for its first byte, which is the time's (milliseconds since
 * 1970 / 65536, modulo 256): what is made within a minute lies together in an
 * index, where each wholly random one would change a page of its own. Version
 * 8, for version 7 would give all of a minute the same first eight digits, and
 * people name a thing by those.
 */
struct uuid uuid_at(int64_t time_ms);
/* The one that namespace and name make (version 5): the same everywhere. */
struct uuid uuid_named(const struct uuid *ns, const void *name, size_t n);
/* Parse the 36-character form, either case. 0 or -1. */
int uuid_parse(struct uuid *u, const char *s, size_t n);
/* Lower case, 36 characters and a NUL. */
void uuid_print(const struct uuid *u, char out[UUID_TEXT_MAX]);
int uuid_cmp(const struct uuid *a, const struct uuid *b);

#endif
