#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pulse-send/channel.h"
#include "pulse-send/classify.h"

static const struct channel_kind_ops *const kinds[CHANNEL_KINDS] = {
    [CHANNEL_KIND_DISCORD] = &channel_discord,
    [CHANNEL_KIND_GENERIC] = &channel_generic,
    [CHANNEL_KIND_SLACK] = &channel_slack,
    [CHANNEL_KIND_TELEGRAM] = &channel_telegram,
    [CHANNEL_KIND_NTFY] = &channel_ntfy,
    [CHANNEL_KIND_PAGERDUTY] = &channel_pagerduty,
    [CHANNEL_KIND_EXEC] = &channel_exec,
};

const struct channel_kind_ops *
channel_ops(enum channel_kind kind)
{
	return kinds[kind];
}

/* ---- requests ------------------------------------------------------------ */

void
outgoing_init(struct outgoing *m)
{
	*m = (struct outgoing){.nheaders = 0};
	buf_init(&m->url, HTTP_URL_MAX);
	buf_init(&m->body, OUTGOING_MAX);
}

void
outgoing_release(struct outgoing *m)
{
	size_t i;

	for (i = 0; i < m->nheaders; i++) {
		free((char *)m->headers[i].name);
		free((char *)m->headers[i].value);
	}
	m->nheaders = 0;
	buf_release(&m->url);
	buf_release(&m->body);
}

int
outgoing_header(
    struct outgoing *m, const char *name, const char *value, struct err *e)
{
	struct http_header h;

	if (m->nheaders == HTTP_HEADERS_MAX)
		return err_set(e, "more than %d headers", HTTP_HEADERS_MAX);
	if (http_header_check(name, value, e) < 0)
		return -1;
	h = (struct http_header){strdup(name), strdup(value)};
	if (h.name == NULL || h.value == NULL) {
		free((char *)h.name);
		free((char *)h.value);
		return err_local(e, "out of memory");
	}
	m->headers[m->nheaders++] = h;
	return 0;
}

/* ---- answers ------------------------------------------------------------- */

void
verdict_say(struct verdict *v, const char *why)
{
	(void)snprintf(v->reason, sizeof(v->reason), "%s", why);
}

/* Nothing, or half an answer, came. A refused address stays refused and a
 * certificate that is not trusted may be renewed. */
static void
judge_failure(const struct http_response *r, struct verdict *v)
{
	v->kind = r->outcome == HTTP_REFUSED ? VERDICT_PERMANENT
		  : r->outcome == HTTP_LOCAL ? VERDICT_LOCAL
					     : VERDICT_TRANSIENT;
	(void)snprintf(v->reason, sizeof(v->reason), "%s", r->error);
}

void
channel_judge(const struct channel_kind_ops *ops, const struct http_response *r,
    struct verdict *v)
{
	struct json *body = NULL;

	*v = (struct verdict){.wait_us = -1, .remaining = -1};
	if (r->outcome != HTTP_ANSWERED) {
		judge_failure(r, v);
		return;
	}
	/* Most answers are "ok" or nothing: only what may be an object is
	 * worth a parser. */
	if (ops->reads_answer && r->len > 0 && r->body[0] == '{')
		body = json_parse(r->body, r->len, NULL);
	ops->judge(r, body, v);
	json_free(body);
}
