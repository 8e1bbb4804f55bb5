/*
 * exec: a program of the operator's, run without a shell, the alert record and
 * a newline on its stdin, PULSE_DELIVERY_ID and PULSE_CHANNEL in its
 * environment. As with qmail's and OpenSMTPD's delivery programs the exit
 * status says what becomes of the delivery: 0 sent, 75 (EX_TEMPFAIL) try
 * again, anything else dead. One that was killed, or ran out of time, may have
 * done its work or not.
 *
 * Nothing of it can be set over HTTP, and the program is given no argument
 * that comes from an alert.
 */
#include <stdio.h>
#include <string.h>

#include "pulse-send/channel.h"

#define EXIT_TEMPFAIL 75
/* Of a program, by default. */
#define TIMEOUT_MS 15000

static int
build(const struct channel *c, const struct channel_alert *a, size_t n,
    struct outgoing *m, struct err *e)
{
	(void)c;
	(void)n;
	buf_add(&m->body, a->record, a->len);
	buf_addc(&m->body, '\n');
	return buf_failed(&m->body) ? err_set(e, "the alert is too large") : 0;
}

int
channel_exec_start(const struct channel *c, struct processes *ps,
    const char *delivery_id, const struct buf *input, process_done_fn *done,
    void *arg, struct process **p, struct err *e)
{
	char id[UUID_TEXT_MAX + 32], name[CHANNEL_NAME_MAX + 32];
	const char *extra[] = {id, name, NULL};
	char *argv[CHANNEL_ARGS_MAX + 1];

	(void)snprintf(id, sizeof(id), "PULSE_DELIVERY_ID=%s", delivery_id);
	(void)snprintf(name, sizeof(name), "PULSE_CHANNEL=%s", c->name);
	memcpy(argv, c->args, c->nargs * sizeof(argv[0]));
	argv[c->nargs] = NULL;
	return process_start(ps, argv, extra, input->p, input->len,
	    c->timeout_ms > 0 ? c->timeout_ms : TIMEOUT_MS, done, arg, p, e);
}

void
channel_exec_judge(const struct process_result *r, struct verdict *v)
{
	*v = (struct verdict){.wait_us = -1, .remaining = -1};
	if (r->status == 0) {
		v->kind = VERDICT_OK;
		return;
	}
	v->kind = r->status < 0 || r->status == EXIT_TEMPFAIL
		      ? VERDICT_TRANSIENT
		      : VERDICT_PERMANENT;
	if (r->timed_out)
		verdict_say(v, "the program ran out of time");
	else if (r->status < 0)
		(void)snprintf(v->reason, sizeof(v->reason),
		    "the program was killed by signal %d", r->signal);
	else
		(void)snprintf(v->reason, sizeof(v->reason),
		    "the program ended with status %d", r->status);
}

/* No answer of HTTP ever comes. */
static void
judge(const struct http_response *r, const struct json *body, struct verdict *v)
{
	(void)r;
	(void)body;
	v->kind = VERDICT_PERMANENT;
}

const struct channel_kind_ops channel_exec = {
    .kind = CHANNEL_KIND_EXEC,
    .concurrency = 2,
    .digest = 1,
    .raw = true,
    .build = build,
    .judge = judge,
};
