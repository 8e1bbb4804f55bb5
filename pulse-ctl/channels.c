#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/channels.h"
#include "pulse-ctl/records.h"

static const char *const state_names[] = {
    "ok", "paused", "disabled", "failing", "waiting"};

const char *
channels_state_name(enum channel_state state)
{
	return state_names[state];
}

/* The key of its endpoint. */
static void
endpoint_key(const char *name, char key[CHANNEL_NAME_MAX + 16])
{
	(void)snprintf(key, CHANNEL_NAME_MAX + 16, "channel:%s", name);
}

/* ---- reading ------------------------------------------------------------- */

static int
read_endpoint(void *arg, const struct store_endpoint *p, struct err *e)
{
	struct stored_channel *s = arg;

	(void)e;
	if (p->disabled_ms > 0) {
		s->state = CHANNEL_DISABLED;
		(void)snprintf(s->reason, sizeof(s->reason), "%s",
		    p->reason != NULL ? p->reason : "");
	} else if (p->trips > 0) {
		s->state = CHANNEL_FAILING;
		s->until_ms = p->open_until_ms;
		(void)snprintf(s->reason, sizeof(s->reason),
		    "%" PRId64 " times in a row", p->failures);
	} else if (p->blocked_until_ms > clock_now_ms()) {
		s->state = CHANNEL_WAITING;
		s->until_ms = p->blocked_until_ms;
		(void)snprintf(s->reason, sizeof(s->reason), "told to wait");
	}
	return 0;
}

/* Somebody's word counts before what was found. */
static void
heed_pause(struct stored_channel *s)
{
	if (!s->channel.paused)
		return;
	s->state = CHANNEL_PAUSED;
	s->reason[0] = '\0';
	s->until_ms = 0;
}

static int
read_stored(struct stored_channel *s, struct store *st,
    const struct store_channel *from, struct err *e)
{
	char key[CHANNEL_NAME_MAX + 16];

	*s = (struct stored_channel){
	    .created_ms = from->created_ms, .updated_ms = from->updated_ms};
	if (channel_parse_text(&s->channel, from->config, strlen(from->config),
		CHANNEL_STORED, e) < 0)
		return err_prefix(e, "channel %s", from->name);
	endpoint_key(from->name, key);
	if (store_endpoint_list(st, key, read_endpoint, s, e) < 0) {
		channel_release(&s->channel);
		return -1;
	}
	heed_pause(s);
	return 0;
}

struct reading {
	struct store *st;
	struct stored_channel *one;
	channels_fn *fn;
	void *arg;
};

static int
keep_one(void *arg, const struct store_channel *from, struct err *e)
{
	struct reading *r = arg;

	return read_stored(r->one, r->st, from, e);
}

int
channels_get(
    struct store *st, const char *name, struct stored_channel *s, struct err *e)
{
	struct reading r = {.st = st, .one = s};

	return store_channel_get(st, name, keep_one, &r, e);
}

static int
give_one(void *arg, const struct store_channel *from, struct err *e)
{
	struct reading *r = arg;
	struct stored_channel s;
	int rc;

	if (read_stored(&s, r->st, from, e) < 0)
		return -1;
	rc = r->fn(r->arg, &s, e);
	stored_channel_release(&s);
	return rc;
}

int
channels_list(struct store *st, const char *after, channels_fn *fn, void *arg,
    struct err *e)
{
	struct reading r = {.st = st, .fn = fn, .arg = arg};

	return store_channel_list(st, after, give_one, &r, e);
}

void
stored_channel_release(struct stored_channel *s)
{
	channel_release(&s->channel);
}

/* ---- writing ------------------------------------------------------------- */

int
channels_put(struct store *st, struct stored_channel *s, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	struct store_channel to = {.name = s->channel.name,
	    .kind = channel_kind_name(s->channel.kind)};
	struct buf b;
	int rc = -1;

	if (s->created_ms == 0)
		s->created_ms = now_ms;
	s->updated_ms = now_ms > s->updated_ms ? now_ms : s->updated_ms + 1;
	to.created_ms = s->created_ms;
	to.updated_ms = s->updated_ms;
	heed_pause(s);
	buf_init(&b, CHANNEL_TEXT_MAX);
	if (channel_print(&s->channel, true, &b) < 0) {
		(void)err_set(e, "the channel is too large");
	} else {
		to.config = b.p;
		rc = store_channel_put(st, &to, e);
	}
	buf_release(&b);
	return rc;
}

int
channels_delete(struct store *st, const char *name, struct err *e)
{
	char key[CHANNEL_NAME_MAX + 16];
	int rc = store_channel_delete(st, name, e);

	if (rc <= 0)
		return rc;
	endpoint_key(name, key);
	return store_endpoint_delete(st, key, e) < 0 ? -1 : 1;
}

int
channels_wake(struct store *st, const char *name, struct err *e)
{
	static const enum delivery_status waiting[] = {
	    DELIVERY_PENDING, DELIVERY_RETRYING};
	char key[CHANNEL_NAME_MAX + 16];
	size_t i;

	if (strchr(name, ':') != NULL)
		return store_endpoint_delete(st, name, e) < 0 ? -1 : 0;
	endpoint_key(name, key);
	if (store_endpoint_delete(st, key, e) < 0)
		return -1;
	for (i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
		struct store_delivery_filter f = {
		    .channel = name, .status = (int)waiting[i]};

		if (store_delivery_retry(st, &f, clock_now_ms(), e) < 0)
			return -1;
	}
	return 0;
}

/* ---- showing ------------------------------------------------------------- */

int
channels_print(const struct stored_channel *s, bool secrets, struct buf *b)
{
	if (channel_print(&s->channel, secrets, b) < 0)
		return -1;
	b->len--;
	buf_addf(b, ",\"state\":\"%s\",", channels_state_name(s->state));
	record_text(b, "reason", s->reason[0] != '\0' ? s->reason : NULL);
	buf_addc(b, ',');
	record_time(b, "until", s->until_ms);
	buf_addc(b, ',');
	record_time(b, "created_at", s->created_ms);
	buf_addc(b, ',');
	record_time(b, "updated_at", s->updated_ms);
	return buf_addc(b, '}');
}
