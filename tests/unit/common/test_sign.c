/* common/sign against the vector of the reference libraries. */
#include "common/sign.h"
#include "tests/unit/tap.h"

#define SECRET	  "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
#define ID	  "msg_p5jXN8AQM9LWM0D4loKWxJek"
#define TIME	  1614265330
#define BODY	  "{\"test\": 2432232314}"
#define SIGNATURE "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static struct sign_secret
secret(const char *text)
{
	struct sign_secret s;
	struct err e;

	if (sign_secret_parse(&s, text, &e) < 0)
		ok(false, "secret: %s", e.msg);
	return s;
}

static void
test_vector(void)
{
	struct sign_secret s[2] = {secret(SECRET)};
	char text[SIGN_SECRET_TEXT_MAX];
	struct buf b;

	buf_init(&b, 1024);
	ok(sign_header(s, 1, ID, TIME, BODY, strlen(BODY), &b) == 0, "signs");
	is_str(b.p, SIGNATURE, "as the published vector");
	sign_secret_make(text);
	s[1] = secret(text);
	buf_reset(&b);
	sign_header(s, 2, ID, TIME, BODY, strlen(BODY), &b);
	ok(strncmp(b.p, SIGNATURE " v1,", strlen(SIGNATURE) + 4) == 0,
	    "two secrets make two signatures, the first first");
	ok(sign_verify(&s[1], 1, ID, "1614265330", b.p, BODY, strlen(BODY),
	       TIME, NULL) == 0,
	    "either secret verifies");
	buf_release(&b);
}

static void
test_verify(void)
{
	static const struct {
		const char *id, *time, *signature, *body, *want;
		int64_t now;
	} t[] = {
	    {ID, "1614265330", SIGNATURE, BODY, "", TIME},
	    {ID, "1614265330", SIGNATURE, BODY, "", TIME + 300},
	    {ID, "1614265330", SIGNATURE, BODY, "", TIME - 300},
	    {ID, "1614265330", "v1a,xyz v1,AAAA " SIGNATURE, BODY, "", TIME},
	    {ID, "1614265330", SIGNATURE, BODY,
		"webhook-timestamp is 301 s off, 300 are allowed", TIME + 301},
	    {ID, "1614265330", SIGNATURE, BODY,
		"webhook-timestamp is -301 s off, 300 are allowed", TIME - 301},
	    {ID, "1614265330", SIGNATURE, "{}", "no signature matches", TIME},
	    {ID "x", "1614265330", SIGNATURE, BODY, "no signature matches",
		TIME},
	    {ID, "1614265331", SIGNATURE, BODY, "no signature matches", TIME},
	    {ID, "1614265330", "", BODY, "no signature matches", TIME},
	    {ID, "1614265330", SIGNATURE "=", BODY, "no signature matches",
		TIME},
	    {ID, "1614265330",
		"v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", BODY,
		"no signature matches", TIME},
	    {NULL, "1614265330", SIGNATURE, BODY,
		"header webhook-id is missing", TIME},
	    {ID, NULL, SIGNATURE, BODY, "header webhook-timestamp is missing",
		TIME},
	    {ID, "1614265330", NULL, BODY,
		"header webhook-signature is missing", TIME},
	};
	struct sign_secret s = secret(SECRET);
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct err e = {.msg = ""};
		int rc = sign_verify(&s, 1, t[i].id, t[i].time, t[i].signature,
		    t[i].body, strlen(t[i].body), t[i].now, &e);

		is_int(rc, t[i].want[0] == '\0' ? 0 : -1, "verify");
		is_str(e.msg, t[i].want, "  says");
	}
	ok(sign_verify(
	       &s, 1, ID, "x", SIGNATURE, BODY, strlen(BODY), TIME, NULL) < 0,
	    "a timestamp must be a number");
}

static void
test_secrets(void)
{
	static const char *const bad[] = {"",
	    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_", "whsec_AAAA",
	    "whsec_!!!!", "whpk_AAAA",
	    "whsec_"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	char a[SIGN_SECRET_TEXT_MAX], b[SIGN_SECRET_TEXT_MAX];
	struct sign_secret s;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(sign_secret_parse(&s, bad[i], &e) < 0 &&
			(strlen(bad[i]) < 20 || !strstr(e.msg, bad[i] + 10)),
		    "not a secret: %s", e.msg);
	sign_secret_make(a);
	sign_secret_make(b);
	ok(strcmp(a, b) != 0 && secret(a).len == 32, "new ones are random");
}

int
main(void)
{
	test_vector();
	test_verify();
	test_secrets();
	return tap_done();
}
