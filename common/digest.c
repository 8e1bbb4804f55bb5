/* The calls of SHA-1 that OpenSSL 3 would rather not see: the new ones look up
 * the algorithm each time, which takes longer than hashing the name of an
 * alert does, and a place to keep it would be a mutable global. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/digest.h"

/* libcrypto without SHA is not a libcrypto: nothing sensible can go on. */
static void
must(int ok)
{
	if (ok != 1)
		abort();
}

void
digest_sha1_2(const void *a, size_t an, const void *b, size_t bn,
    unsigned char out[DIGEST_SHA1_LEN])
{
	SHA_CTX ctx;

	must(SHA1_Init(&ctx));
	must(SHA1_Update(&ctx, a, an));
	must(SHA1_Update(&ctx, b, bn));
	must(SHA1_Final(out, &ctx));
}

void
digest_sha256(const void *p, size_t n, unsigned char out[DIGEST_SHA256_LEN])
{
	must(EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL));
}

void
digest_hmac_sha256(const void *key, size_t kn, const void *p, size_t n,
    unsigned char out[DIGEST_SHA256_LEN])
{
	must(HMAC(EVP_sha256(), key, (int)kn, p, n, out, NULL) != NULL);
}

void
digest_random(void *p, size_t n)
{
	unsigned char *q = p;

	while (n > 0) {
		ssize_t got = getrandom(q, n, 0);

		if (got <= 0)
			abort();
		q += got;
		n -= (size_t)got;
	}
}

bool
digest_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

static size_t
encode(const void *p, size_t n, char *out, const char *alphabet, bool pad)
{
	const unsigned char *s = p;
	size_t i, k = 0;

	for (i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t v = (uint32_t)s[i] << 16;

		if (left > 1)
			v |= (uint32_t)s[i + 1] << 8;
		if (left > 2)
			v |= s[i + 2];
		out[k++] = alphabet[v >> 18];
		out[k++] = alphabet[v >> 12 & 63];
		if (left > 1)
			out[k++] = alphabet[v >> 6 & 63];
		else if (pad)
			out[k++] = '=';
		if (left > 2)
			out[k++] = alphabet[v & 63];
		else if (pad)
			out[k++] = '=';
	}
	out[k] = '\0';
	return k;
}

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t
digest_base64(const void *p, size_t n, char *out)
{
	return encode(p, n, out, standard, true);
}

size_t
digest_base64url(const void *p, size_t n, char *out)
{
	return encode(p, n, out, url_safe, false);
}

long
digest_unbase64(const char *s, size_t n, unsigned char *out, size_t cap)
{
	uint32_t v = 0;
	size_t i, k = 0;
	int bits = 0;

	while (n > 0 && s[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return -1;
	for (i = 0; i < n; i++) {
		const char *at = memchr(standard, s[i], 64);

		if (at == NULL)
			return -1;
		v = v << 6 | (uint32_t)(at - standard);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (k == cap)
			return -1;
		out[k++] = (unsigned char)(v >> bits);
	}
	return (long)k;
}

void
digest_hex(const void *p, size_t n, char *out)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *s = p;
	size_t i;

	for (i = 0; i < n; i++) {
		out[2 * i] = hex[s[i] >> 4];
		out[2 * i + 1] = hex[s[i] & 15];
	}
	out[2 * n] = '\0';
}
