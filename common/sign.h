/*
 * sign: Standard Webhooks 1.0.0, so that a receiver knows who called.
 *
 *	webhook-id: ID				the same for every retry
 *	webhook-timestamp: SECONDS		unix time of this attempt
 *	webhook-signature: v1,BASE64 v1,BASE64	one for each valid secret
 *
 * v1 is HMAC-SHA256 over ID "." SECONDS "." BODY with the bytes that the
 * secret's text holds in base64 after "whsec_". While a secret is rotated both
 * sign. Source: the specification at standardwebhooks.com and its reference
 * libraries, whose test vector is ours too.
 */
#ifndef COMMON_SIGN_H
#define COMMON_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"

#define SIGN_SECRETS_MAX 4
#define SIGN_KEY_MIN	 24
#define SIGN_KEY_MAX	 64
/* "whsec_", base64 of SIGN_KEY_MAX bytes, NUL. */
#define SIGN_SECRET_TEXT_MAX 96
/* What the reference receivers allow a clock to be off, in seconds. */
#define SIGN_TOLERANCE_S 300

struct sign_secret {
	unsigned char key[SIGN_KEY_MAX];
	size_t len;
};

/* Read "whsec_…". -1: not such a text, or a key of fewer than 24 or more than
 * 64 bytes (the sentence does not repeat it). */
int sign_secret_parse(struct sign_secret *s, const char *text, struct err *e);
/* Make a new one of 32 random bytes. */
void sign_secret_make(char out[SIGN_SECRET_TEXT_MAX]);

/* Append the value of webhook-signature for n secrets. */
int sign_header(const struct sign_secret *s, size_t n, const char *id,
    int64_t time_s, const void *body, size_t len, struct buf *out);

/*
 * Check a call as a receiver does: 0, or -1 with what is wrong (header
 * missing or malformed, time off by more than the tolerance, no signature
 * that matches). Compares in constant time. Signatures of other versions than
 * v1 are passed over.
 */
int sign_verify(const struct sign_secret *s, size_t n, const char *id,
    const char *timestamp, const char *signatures, const void *body, size_t len,
    int64_t now_s, struct err *e);

#endif
