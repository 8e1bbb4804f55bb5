/*
 * uuid: RFC 9562 identifiers, version 4 (random) and 5 (named, SHA-1).
 */
#ifndef COMMON_UUID_H
#define COMMON_UUID_H

#include <stdbool.h>
#include <stddef.h>

#define UUID_TEXT_MAX 37

struct uuid {
	unsigned char b[16];
};

/* A random one (version 4). */
struct uuid uuid_random(void);
/* The one that namespace and name make (version 5): the same everywhere. */
struct uuid uuid_named(const struct uuid *ns, const void *name, size_t n);
/* Parse the 36-character form, either case. 0 or -1. */
int uuid_parse(struct uuid *u, const char *s, size_t n);
/* Lower case, 36 characters and a NUL. */
void uuid_print(const struct uuid *u, char out[UUID_TEXT_MAX]);
int uuid_cmp(const struct uuid *a, const struct uuid *b);

#endif
