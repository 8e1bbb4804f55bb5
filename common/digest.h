/*
 * digest: SHA-1, SHA-256, HMAC, base64 and random bytes. The wall around
 * libcrypto: openssl headers are included in digest.c and nowhere else in
 * common/.
 */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#define DIGEST_SHA1_LEN	  20
#define DIGEST_SHA256_LEN 32

/* SHA-1 of a followed by b (for UUIDv5; not for security). */
void digest_sha1_2(const void *a, size_t an, const void *b, size_t bn,
    unsigned char out[DIGEST_SHA1_LEN]);
void
digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SHA256_LEN]);
void digest_hmac_sha256(const void *key, size_t kn, const void *p, size_t n,
    unsigned char out[DIGEST_SHA256_LEN]);
/* n bytes from the system's generator; aborts the process if there are none
 * to be had (there is no safe way on). */
void digest_random(void *p, size_t n);
/* Equal, in a time that does not depend on the bytes. */
bool digest_equal(const void *a, const void *b, size_t n);

/* Bytes that base64 of n bytes needs, NUL included. */
#define DIGEST_BASE64_LEN(n) (((n) + 2) / 3 * 4 + 1)
/* Standard alphabet with padding; returns the length. */
size_t digest_base64(const void *p, size_t n, char *out);
/* Alphabet of RFC 4648 section 5 without padding; returns the length. */
size_t digest_base64url(const void *p, size_t n, char *out);
/* Decode the standard alphabet (padding optional) into at most cap bytes:
 * the number of bytes, or -1. */
long digest_unbase64(const char *s, size_t n, unsigned char *out, size_t cap);
/* Lower-case hex, 2n characters and a NUL. */
void digest_hex(const void *p, size_t n, char *out);

#endif
