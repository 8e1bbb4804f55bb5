#include "common/digest.h"
#include "tests/unit/tap.h"

/* RFC 4648, section 10. */
static const struct {
	const char *plain, *base64, *url;
} base64s[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xfe", "+//+", "-__-"},
};

static const char *const not_base64[] = {
    "A", "AAAAA", "Zm9v!", "Zm 9v", "Z-9v"};

static void
test_base64(void)
{
	unsigned char back[16];
	char text[32];
	size_t i;

	for (i = 0; i < sizeof(base64s) / sizeof(base64s[0]); i++) {
		size_t n = strlen(base64s[i].plain);

		digest_base64(base64s[i].plain, n, text);
		is_str(text, base64s[i].base64, "base64");
		ok(digest_unbase64(text, strlen(text), back, sizeof(back)) ==
			    (long)n &&
			memcmp(back, base64s[i].plain, n) == 0,
		    "and back");
		digest_base64url(base64s[i].plain, n, text);
		is_str(text, base64s[i].url, "base64url without padding");
	}
	for (i = 0; i < sizeof(not_base64) / sizeof(not_base64[0]); i++)
		ok(digest_unbase64(not_base64[i], strlen(not_base64[i]), back,
		       sizeof(back)) < 0,
		    "'%s' is no base64", not_base64[i]);
	ok(digest_unbase64("Zm9vYmFy", 8, back, 5) < 0, "no room, no answer");
}

int
main(void)
{
	const char *want = "what do ya want for nothing?";
	unsigned char out[DIGEST_SHA256_LEN], other[DIGEST_SHA256_LEN];
	char hex[2 * DIGEST_SHA256_LEN + 1];

	/* FIPS 180-4's "abc"; HMAC: RFC 4231, test case 2. */
	digest_sha1_2("a", 1, "bc", 2, out);
	digest_hex(out, DIGEST_SHA1_LEN, hex);
	is_str(hex, "a9993e364706816aba3e25717850c26c9cd0d89d", "SHA-1 of abc");
	digest_sha256("abc", 3, out);
	digest_hex(out, sizeof(out), hex);
	is_str(hex,
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	    "SHA-256 of abc");
	digest_hmac_sha256("Jefe", 4, want, strlen(want), out);
	digest_hex(out, sizeof(out), hex);
	is_str(hex,
	    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
	    "HMAC-SHA-256 of RFC 4231");
	test_base64();
	digest_random(out, sizeof(out));
	digest_random(other, sizeof(other));
	ok(!digest_equal(out, other, sizeof(out)), "random bytes differ");
	ok(digest_equal(out, out, sizeof(out)), "equal bytes are equal");
	return tap_done();
}
