/*
 * generic: the alert record itself, to any URL, as Standard Webhooks 1.0.0
 * says: webhook-id is the delivery's and the same for every try,
 * webhook-timestamp that of the attempt, webhook-signature when the channel
 * has a secret. 410 disables; 429, 502 and 504 ask for patience.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/sign.h"
#include "pulse-send/channel.h"
#include "pulse-send/classify.h"

static int
sign(const struct channel *c, const struct channel_alert *a, struct outgoing *m,
    struct err *e)
{
	struct sign_secret secrets[SIGN_SECRETS_MAX];
	struct buf value;
	size_t i;
	int rc;

	for (i = 0; i < c->nsecrets; i++)
		if (sign_secret_parse(&secrets[i], c->secrets[i], e) < 0)
			return -1;
	buf_init(&value, 1024);
	if (sign_header(secrets, c->nsecrets, a->id, m->now_ms / 1000,
		m->body.p, m->body.len, &value) < 0)
		rc = err_set(e, "the body is too large to be signed");
	else
		rc = outgoing_header(m, "webhook-signature", value.p, e);
	buf_release(&value);
	return rc;
}

static int
build_body(const struct channel *c, const struct channel_alert *a,
    struct outgoing *m, struct err *e)
{
	if (c->template != NULL)
		return template_run(
		    m->templates, c->template, a->record, a->len, &m->body, e);
	if (buf_add(&m->body, a->record, a->len) < 0)
		return err_set(e, "the request is too large");
	return 0;
}

/* Headers that a template makes; JSON is the type unless it says another. */
static int
add_made(
    const struct json *made, struct outgoing *m, bool *typed, struct err *e)
{
	size_t i;

	if (made == NULL || made->type != JSON_OBJECT)
		return err_set(
		    e, "headers_template: it does not give an object");
	for (i = 0; i < made->len; i++) {
		const char *value = json_string(&made->items[i]);

		if (value == NULL)
			return err_set(
			    e, "headers_template: a value is no string");
		if (strncasecmp(made->keys[i], "webhook-", 8) == 0)
			return err_set(
			    e, "headers_template: webhook-* are not its own");
		*typed |= strcasecmp(made->keys[i], "content-type") == 0;
		if (outgoing_header(m, made->keys[i], value, e) < 0)
			return err_prefix(e, "headers_template");
	}
	return 0;
}

static int
build_headers(const struct channel *c, const struct channel_alert *a,
    struct outgoing *m, struct err *e)
{
	struct json *made = NULL;
	bool typed = false;
	struct buf text;
	int rc = 0;

	if (c->headers_template != NULL) {
		buf_init(&text, FILTER_OUTPUT_MAX);
		rc = template_run(m->templates, c->headers_template, a->record,
		    a->len, &text, e);
		if (rc == 0) {
			made = json_parse(text.p, text.len, NULL);
			rc = add_made(made, m, &typed, e);
		}
		json_free(made);
		buf_release(&text);
	}
	if (rc == 0 && !typed)
		rc = outgoing_header(m, "Content-Type", "application/json", e);
	return rc;
}

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	char time[24];

	(void)n;
	(void)snprintf(time, sizeof(time), "%" PRId64, m->now_ms / 1000);
	if (buf_adds(&m->url, c->url) < 0)
		return err_set(e, "the URL is too long");
	if (build_body(c, a, m, e) < 0 || build_headers(c, a, m, e) < 0 ||

	    outgoing_header(m, "webhook-id", a->id, e) < 0 ||
	    outgoing_header(m, "webhook-timestamp", time, e) < 0)
		return -1;
	return c->nsecrets > 0 ? sign(c, a, m, e) : 0;
}

static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	(void)body;
	classify(NULL, 0, r, v);
}

const struct channel_kind_ops channel_generic = {
    .kind = CHANNEL_KIND_GENERIC,
    .concurrency = 10,
    .digest = 1,
    .raw = true,
    .build = build,
    .judge = judge,
};
