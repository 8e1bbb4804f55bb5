/*
 * pulse-ctl verify: does a webhook that arrived come from who has the secret?
 * Checks the signature of Standard Webhooks over the body on stdin, as a
 * receiver would (common/sign.h).
 */
#include <string.h>

#include "common/clock.h"
#include "common/sign.h"
#include "pulse-ctl/commands.h"

#define VERIFY_BODY_MAX ((size_t)16 * 1024 * 1024)

struct headers {
	const char *id, *timestamp, *signatures, *secret_file;
	bool any_time;
};

static int
verify(const struct headers *h, struct err *e)
{
	struct sign_secret secret;
	struct buf text, body;
	int64_t now_s = clock_now_ms() / 1000;
	int rc;

	buf_init(&text, SIGN_SECRET_TEXT_MAX);
	buf_init(&body, VERIFY_BODY_MAX);
	rc = ctl_read_secret(h->secret_file, SIGN_SECRET_TEXT_MAX, &text, e);
	if (rc == 0)
		rc = sign_secret_parse(&secret, text.p, e);
	if (rc == 0)
		rc = ctl_read_file("-", VERIFY_BODY_MAX, &body, e);
	/* A call that was kept for later was right at its own time. */
	if (rc == 0 && h->any_time &&
	    clock_parse(&now_s, h->timestamp, strlen(h->timestamp)) == 0)
		now_s /= 1000;
	if (rc == 0)
		rc = sign_verify(&secret, 1, h->id, h->timestamp, h->signatures,
		    body.p != NULL ? body.p : "", body.len, now_s, e);
	buf_release(&text);
	buf_release(&body);
	return rc;
}

int
command_verify(struct ctl *c)
{
	struct headers h = {.any_time = false};
	struct err e;
	int key;

	while ((key = ctl_next(c)) != -1) {
		if (key == KEY_SECRET_FILE)
			h.secret_file = c->options.arg;
		else if (key == KEY_ID)
			h.id = c->options.arg;
		else if (key == KEY_TIMESTAMP)
			h.timestamp = c->options.arg;
		else if (key == KEY_SIGNATURE)
			h.signatures = c->options.arg;
		else if (key == KEY_OLD)
			h.any_time = true;
	}
	ctl_expect(c, 0, 0, "");
	if (h.secret_file == NULL || h.id == NULL || h.timestamp == NULL ||
	    h.signatures == NULL)
		opt_usage_error(&c->program, "--secret-file, --id, "
					     "--timestamp and --signature are "
					     "needed");
	if (strcmp(h.secret_file, "-") == 0)
		opt_usage_error(
		    &c->program, "--secret-file: stdin is the body");
	if (verify(&h, &e) < 0)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	return 0;
}
