#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulse-send/request.h"
#include "pulse-send/text.h"

/* Shorter parts of a URL are words, not secrets. */
#define SECRET_MIN 8

/* ---- building ------------------------------------------------------------ */

static int
add_custom_headers(const struct channel *c, struct outgoing *m, struct err *e)
{
	size_t i;

	for (i = 0; i < c->nheaders; i++)
		if (outgoing_header(
			m, c->headers[i].name, c->headers[i].value, e) < 0)
			return -1;
	return 0;
}

int
request_build(const struct endpoint *p, struct delivery *const *v, size_t n,
    struct outgoing *m, struct err *e)
{
	struct alert_record parsed[DIGEST_MAX];
	struct channel_alert a[DIGEST_MAX] = {{.id = NULL}};
	size_t i, done = 0;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++) {
		a[i] = (struct channel_alert){.id = v[i]->id_text,
		    .record = v[i]->record,
		    .len = v[i]->record_len,
		    .parsed = &parsed[i]};
		if (p->ops->raw)
			continue;
		rc = alert_record_parse(
		    &parsed[i], v[i]->record, v[i]->record_len, e);
		done += rc == 0;
	}
	m->plain = v[0]->plain;
	if (rc == 0)
		rc = p->ops->build(&p->channel, a, n, m, e);
	if (rc == 0)
		rc = add_custom_headers(&p->channel, m, e);
	/* Even an empty body is one: without it the request would be a GET. */
	if (rc == 0 && buf_reserve(&m->body, 1) < 0)
		rc = err_local(e, "out of memory");
	for (i = 0; i < done; i++)
		alert_record_release(&parsed[i]);
	return rc;
}

struct http_request
request_http(const struct channel *c, const struct outgoing *m)
{
	return (struct http_request){.method = m->method,
	    .url = m->url.p,
	    .headers = m->headers,
	    .nheaders = m->nheaders,
	    .body = m->body.p,
	    .body_len = m->body.len,
	    .connect_timeout_ms = c->connect_timeout_ms,
	    .timeout_ms = c->timeout_ms,
	    .ca_file = c->ca_file,
	    .flags = HTTP_ONCE};
}

/* ---- keeping secrets ----------------------------------------------------- */

/* Wherever it stands, and what a cut left of it at the end. */
static void
hide(char *text, const char *secret, size_t n)
{
	size_t len = strlen(text), k;
	char *at = text;

	while ((at = memmem(at, strlen(at), secret, n)) != NULL) {
		memset(at, '*', n);
		at += n;
	}
	for (k = n < len ? n : len; k >= SECRET_MIN; k--)
		if (memcmp(text + len - k, secret, k) == 0) {
			memset(text + len - k, '*', k);
			return;
		}
}

static void
hide_all(char *text, const char *secret)
{
	if (secret != NULL && strlen(secret) >= SECRET_MIN)
		hide(text, secret, strlen(secret));
}

/* What stands behind the first blank, or NULL. */
static const char *
behind_scheme(const char *value)
{
	const char *blank = strchr(value, ' ');

	return blank != NULL ? blank + 1 : NULL;
}

/* Each part of path and query that is long enough to be a secret. */
static void
hide_url(char *text, const char *url)
{
	const char *p = url != NULL ? strstr(url, "://") : NULL;

	if (p == NULL)
		return;
	p += 3;
	p += strcspn(p, "/?");
	while (*p != '\0') {
		size_t n = strcspn(p, "/?&=");

		if (n >= SECRET_MIN)
			hide(text, p, n);
		p += n;
		p += strspn(p, "/?&=");
	}
}

void
request_scrub(const struct channel *c, char *text)
{
	size_t i;

	hide_url(text, c->url);
	hide_all(text, c->token);
	hide_all(text, c->routing_key);
	for (i = 0; i < c->nsecrets; i++)
		hide_all(text, c->secrets[i]);
	for (i = 0; i < c->nheaders; i++) {
		hide_all(text, c->headers[i].value);
		/* "Bearer TOKEN": a receiver may name the token alone. */
		hide_all(text, behind_scheme(c->headers[i].value));
	}
}

/* ---- words --------------------------------------------------------------- */

void
request_say(const struct channel *c, const struct http_response *r,
    const struct verdict *v, char *out, size_t cap)
{
	if (v->kind == VERDICT_OK)
		out[0] = '\0';
	else if (r->outcome != HTTP_ANSWERED)
		(void)snprintf(out, cap, "%s", r->error);
	else
		(void)snprintf(out, cap, "%d: %s", r->status, v->reason);
	request_scrub(c, out);
}

/* One valid UTF-8 character at s, or 0. */
static size_t
valid_char(const unsigned char *s, size_t left)
{
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4, i;

	if ((s[0] >= 0x80 && s[0] < 0xc2) || s[0] > 0xf4 || n > left)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

void
request_keep_answer(const struct channel *c, const char *body, size_t len,
    char *out, size_t cap)
{
	const unsigned char *s = (const unsigned char *)body;
	size_t i = 0, k = 0, n;

	while (i < len && k + 4 < cap) {
		n = valid_char(s + i, len - i);
		if (n == 0 || s[i] < ' ' || s[i] == 127) {
			out[k++] = n > 0 ? ' ' : '?';
			i++;
			continue;
		}
		memcpy(out + k, s + i, n);
		k += n;
		i += n;
	}
	out[k] = '\0';
	request_scrub(c, out);
}
