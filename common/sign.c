#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "common/num.h"
#include "common/sign.h"

#define PREFIX	   "whsec_"
#define PREFIX_LEN (sizeof(PREFIX) - 1)
/* Bytes of a body that is signed or checked, at most. */
#define SIGNED_MAX ((size_t)16 * 1024 * 1024)

int
sign_secret_parse(struct sign_secret *s, const char *text, struct err *e)
{
	long n;

	*s = (struct sign_secret){.len = 0};
	if (strncmp(text, PREFIX, PREFIX_LEN) != 0)
		return err_set(e, "a signing secret begins with " PREFIX);
	text += PREFIX_LEN;
	n = digest_unbase64(text, strlen(text), s->key, sizeof(s->key));
	if (n < SIGN_KEY_MIN)
		return err_set(e,
		    "a signing secret is base64 of %d to %d bytes "
		    "after " PREFIX,
		    SIGN_KEY_MIN, SIGN_KEY_MAX);
	s->len = (size_t)n;
	return 0;
}

void
sign_secret_make(char out[SIGN_SECRET_TEXT_MAX])
{
	unsigned char key[32];

	digest_random(key, sizeof(key));
	memcpy(out, PREFIX, PREFIX_LEN);
	digest_base64(key, sizeof(key), out + PREFIX_LEN);
}

/* The bytes that are signed: "id.timestamp.body". */
static int
join(
    struct buf *b, const char *id, int64_t time_s, const void *body, size_t len)
{
	buf_init(b, SIGNED_MAX);
	buf_addf(b, "%s.%" PRId64 ".", id, time_s);
	return buf_add(b, body, len);
}

static void
sign_one(const struct sign_secret *s, const struct buf *signed_bytes,
    char out[DIGEST_BASE64_LEN(DIGEST_SHA256_LEN)])
{
	unsigned char mac[DIGEST_SHA256_LEN];

	digest_hmac_sha256(
	    s->key, s->len, signed_bytes->p, signed_bytes->len, mac);
	digest_base64(mac, sizeof(mac), out);
}

int
sign_header(const struct sign_secret *s, size_t n, const char *id,
    int64_t time_s, const void *body, size_t len, struct buf *out)
{
	char text[DIGEST_BASE64_LEN(DIGEST_SHA256_LEN)];
	struct buf b;
	size_t i;
	int rc;

	rc = join(&b, id, time_s, body, len);
	for (i = 0; i < n && rc == 0; i++) {
		sign_one(&s[i], &b, text);
		rc = buf_addf(out, "%sv1,%s", i > 0 ? " " : "", text);
	}
	buf_release(&b);
	return rc;
}

/* Whether one of the space-separated signatures is text. Every one is
 * compared, so the time does not tell which. */
static bool
among(const char *signatures, const char *text)
{
	size_t want = strlen(text);
	bool found = false;

	while (*signatures != '\0') {
		size_t n = strcspn(signatures, " ");

		if (n == want + 3 && strncmp(signatures, "v1,", 3) == 0)
			found |= digest_equal(signatures + 3, text, want);
		signatures += n;
		signatures += strspn(signatures, " ");
	}
	return found;
}

int
sign_verify(const struct sign_secret *s, size_t n, const char *id,
    const char *timestamp, const char *signatures, const void *body, size_t len,
    int64_t now_s, struct err *e)
{
	char text[DIGEST_BASE64_LEN(DIGEST_SHA256_LEN)];
	struct buf b;
	int64_t time_s;
	bool good = false;
	size_t i;

	if (id == NULL || *id == '\0')
		return err_set(e, "header webhook-id is missing");
	if (timestamp == NULL || signatures == NULL)
		return err_set(e, "header webhook-%s is missing",
		    timestamp == NULL ? "timestamp" : "signature");
	if (num_parse(&time_s, timestamp, 0, INT64_C(253402300799),
		"webhook-timestamp", e) < 0)
		return -1;
	if (llabs(now_s - time_s) > SIGN_TOLERANCE_S)
		return err_set(e,
		    "webhook-timestamp is %" PRId64 " s off, %d are allowed",
		    now_s - time_s, SIGN_TOLERANCE_S);
	if (join(&b, id, time_s, body, len) < 0) {
		buf_release(&b);
		return err_set(e, "the body is too large");
	}
	for (i = 0; i < n; i++) {
		sign_one(&s[i], &b, text);
		good |= among(signatures, text);
	}
	buf_release(&b);
	return good ? 0 : err_set(e, "no signature matches");
}
