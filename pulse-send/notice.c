/*
 * notice: when a channel is given up, whoever reads another one is told. A
 * notice is an alert like any other, stored, delivered and audited, of the
 * rule whose delivery brought it up: to every channel that asks for notices,
 * or, when none does, to the other channels of that rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "pulse-send/sender.h"

#define CHANNELS_MAX 16

struct notice {
	struct notice *next;
	struct uuid rule_id;
	char *record; /* of the alert whose delivery it was */
	size_t len;
	char channel[CHANNEL_NAME_MAX];
	char what[320];
};

void
notice_note(struct sender *s, const struct endpoint *p,
    const struct delivery *d, const char *what)
{
	struct notice *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return;
	x->record = strdup(d->record);
	if (x->record == NULL) {
		free(x);
		return;
	}
	x->len = d->record_len;
	x->rule_id = d->rule_id;
	(void)snprintf(x->channel, sizeof(x->channel), "%s", p->channel.name);
	(void)snprintf(
	    x->what, sizeof(x->what), "Channel %s %s", p->channel.name, what);
	x->next = s->notices;
	s->notices = x;
}

/* ---- to whom ------------------------------------------------------------- */

struct audience {
	const char *except;
	char *v[CHANNELS_MAX];
	size_t n;
};

static void
add(struct audience *a, const char *name)
{
	if (a->n == CHANNELS_MAX || strcmp(name, a->except) == 0)
		return;
	a->v[a->n] = strdup(name);
	a->n += a->v[a->n] != NULL;
}

static int
add_named(void *arg, const struct store_channel *from, struct err *e)
{
	struct audience *a = arg;
	struct channel c;

	if (channel_parse_text(
		&c, from->config, strlen(from->config), CHANNEL_STORED, e) < 0)
		return 0;
	if (c.notices && !c.paused)
		add(a, c.name);
	channel_release(&c);
	return 0;
}

static int
add_others_of_rule(
    struct sender *s, struct audience *a, const struct uuid *id, struct err *e)
{
	struct json *names = NULL;
	struct rule r;
	size_t i;
	int rc = store_rule_get(s->store, id, &r, e);

	if (rc <= 0)
		return rc;
	if (r.discord_webhook_url != NULL)
		add(a, CHANNEL_DISCORD);
	if (r.generic_webhook_url != NULL)
		add(a, CHANNEL_GENERIC);
	if (r.channels != NULL)
		names = json_parse(r.channels, strlen(r.channels), NULL);
	for (i = 0; names != NULL && i < names->len; i++)
		if (json_string(json_at(names, i)) != NULL)
			add(a, json_string(json_at(names, i)));
	json_free(names);
	rule_release(&r);
	return 0;
}

/* ---- the alert ----------------------------------------------------------- */

/* A value for "values": the channel's name is plain, so is the object. */
static void
fill(struct alert *a, const struct alert_record *r, const struct notice *x,
    int64_t now_ms)
{
	*a = (struct alert){
	    .rule_id = x->rule_id,
	    .rule_name = r->rule_name,
	    .rule_type = r->rule_type,
	    .symbol = r->symbol,
	    .interval = r->interval,
	    .state = "channel_disabled",
	    .severity = "critical",
	    .window_start_ms = now_ms,
	    .window_end_ms = now_ms,
	    .triggered_ms = now_ms,
	    .message = x->what,
	};
	a->id = alert_id(
	    &x->rule_id, r->symbol, r->interval, now_ms, now_ms, a->state);
}

static int
put(struct sender *s, const struct notice *x, const struct audience *to,
    struct err *e)
{
	int64_t now_ms = clock_now_ms();
	char values[CHANNEL_NAME_MAX + 32];
	struct alert_record r;
	struct alert a;
	struct buf b;
	int rc;

	/* Trying it again would not help. */
	if (alert_record_parse(&r, x->record, x->len, e) < 0) {
		log_warn("nobody is told that %s: %s", x->what, e->msg);
		return 0;
	}
	fill(&a, &r, x, now_ms);
	(void)snprintf(
	    values, sizeof(values), "{\"channel\":\"%s\"}", x->channel);
	a.values = values;
	buf_init(&b, ALERT_TEXT_MAX);
	rc = alert_print(&a, &b);
	if (rc == 0)
		rc = store_alert_put_foreign(s->store, &a, b.p, b.len,
		    (const char *const *)to->v, to->n, now_ms, 0, e);
	if (rc > 0)
		rc = store_delivery_claim_alert(s->store, &a.id, s->token,
		    now_ms, LEASE_MS, intake_take, s, e);
	buf_release(&b);
	alert_record_release(&r);
	return rc < 0 ? -1 : 0;
}

static int
send_one(struct sender *s, const struct notice *x, struct err *e)
{
	struct audience to = {.except = x->channel};
	int rc = store_channel_list(s->store, NULL, add_named, &to, e);
	size_t i;

	if (rc >= 0 && to.n == 0)
		rc = add_others_of_rule(s, &to, &x->rule_id, e);
	if (rc >= 0 && to.n > 0)
		rc = put(s, x, &to, e);
	for (i = 0; i < to.n; i++)
		free(to.v[i]);
	return rc;
}

/* In one transaction. */
static int
send_all(struct sender *s, struct err *e)
{
	const struct notice *x;

	if (store_begin(s->store, true, e) < 0)
		return -1;
	for (x = s->notices; x != NULL; x = x->next)
		if (send_one(s, x, e) < 0) {
			store_rollback(s->store);
			return -1;
		}
	return store_commit(s->store, e);
}

int
notice_send(struct sender *s, struct err *e)
{
	struct intake_mark mark = intake_begin(s);

	if (s->notices == NULL || s->draining)
		return 0;
	if (send_all(s, e) < 0) {
		intake_undo(s, &mark);
		return -1;
	}
	notice_release(s);
	return 0;
}

void
notice_release(struct sender *s)
{
	struct notice *x;

	while ((x = s->notices) != NULL) {
		s->notices = x->next;
		free(x->record);
		free(x);
	}
}
