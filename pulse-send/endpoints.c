#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/digest.h"
#include "common/guard.h"
#include "common/log.h"
#include "pulse-send/endpoints.h"

#define NAMED "channel:"
#define NONE  "none:"

/* ---- remembering --------------------------------------------------------- */

static int64_t
mono_of(int64_t wall_ms)
{
	int64_t wait_ms = wall_ms - clock_now_ms();

	return wait_ms > 0 ? clock_mono_us() + wait_ms * 1000 : 0;
}

static int64_t
wall_of(int64_t mono_us)
{
	int64_t wait_us = mono_us - clock_mono_us();

	return wait_us > 0 ? clock_now_ms() + (wait_us + 999) / 1000 : 0;
}

static int
recall(void *arg, const struct store_endpoint *from, struct err *e)
{
	struct endpoint *p = arg;

	p->breaker.failures = (int)from->failures;
	p->breaker.trips = (int)from->trips;
	p->breaker.failing_since_ms = from->failing_since_ms;
	if (from->trips > 0) {
		p->breaker.state = BREAKER_OPEN;
		p->breaker.open_until_us = mono_of(from->open_until_ms);
	}
	p->pacing.blocked_until_us = mono_of(from->blocked_until_ms);
	p->disabled_ms = from->disabled_ms;
	if (from->disabled_ms > 0 && p->disabled == NULL) {
		p->disabled =
		    strdup(from->reason != NULL ? from->reason : "disabled");
		if (p->disabled == NULL)
			return err_set(e, "out of memory");
	}
	return 0;
}

void
endpoint_changed(struct sender *s, struct endpoint *p)
{
	/* What has no address has nothing worth remembering. */
	if (p->changed || strncmp(p->key, NONE, strlen(NONE)) == 0)
		return;
	p->changed = true;
	p->next_changed = s->changed;
	s->changed = p;
}

void
endpoint_disable(struct sender *s, struct endpoint *p, const char *why)
{
	if (p->disabled != NULL)
		return;
	p->disabled = strdup(why);
	p->disabled_ms = clock_now_ms();
	endpoint_changed(s, p);
	log_warn("channel %s is disabled: %s", p->channel.name, why);
}

static int
save(struct sender *s, const struct endpoint *p, struct err *e)
{
	struct store_endpoint to = {
	    .key = p->key,
	    .channel = p->channel.name,
	    .failures = p->breaker.failures,
	    .trips = p->breaker.trips,
	    .failing_since_ms = p->breaker.failing_since_ms,
	    .open_until_ms = wall_of(p->breaker.open_until_us),
	    .blocked_until_ms = wall_of(p->pacing.blocked_until_us),
	    .disabled_ms = p->disabled_ms,
	    .reason = p->disabled_ms > 0 ? p->disabled : NULL,
	    .updated_ms = clock_now_ms(),
	};

	if (to.trips == 0 && to.disabled_ms == 0 && to.blocked_until_ms == 0)
		return store_endpoint_delete(s->store, p->key, e);
	return store_endpoint_put(s->store, &to, e);
}

static int
read_stored(void *arg, const struct store_channel *from, struct err *e)
{
	struct channel *c = arg;

	/* One that cannot be read is somebody else's to mend. */
	if (channel_parse_text(
		c, from->config, strlen(from->config), CHANNEL_STORED, e) < 0)
		c->name = NULL;
	return 0;
}

static int
put_channel(struct sender *s, const struct channel *c, struct err *e)
{
	struct store_channel to = {.name = c->name,
	    .kind = channel_kind_name(c->kind),
	    .updated_ms = clock_now_ms()};
	struct buf b;
	int rc;

	buf_init(&b, CHANNEL_TEXT_MAX);
	rc = channel_print(c, true, &b);
	to.config = b.p;
	to.created_ms = to.updated_ms;
	rc = rc < 0 ? err_set(e, "out of memory")
		    : store_channel_put(s->store, &to, e);
	buf_release(&b);
	return rc;
}

/*
 * The chat moved: its new id into the channel as it is in the store now, if
 * that still names the chat that moved. A person may have edited or removed
 * the channel since we read it; the transaction keeps others out meanwhile.
 */
static int
save_moved(struct sender *s, const struct endpoint *p, struct err *e)
{
	struct channel c = {.name = NULL};
	char *id;
	int rc;

	if (p->moved_from == NULL)
		return 0;
	rc = store_channel_get(s->store, p->channel.name, read_stored, &c, e);
	if (rc <= 0 || c.name == NULL)
		return rc;
	if (c.chat_id != NULL && strcmp(c.chat_id, p->moved_from) == 0) {
		id = strdup(p->channel.chat_id);
		free(c.chat_id);
		c.chat_id = id;
		rc = id != NULL ? put_channel(s, &c, e)
				: err_set(e, "out of memory");
	}
	channel_release(&c);
	return rc < 0 ? -1 : 0;
}

int
endpoints_save(struct sender *s, struct err *e)
{
	const struct endpoint *p;

	for (p = s->changed; p != NULL; p = p->next_changed)
		if (save(s, p, e) < 0 || save_moved(s, p, e) < 0)
			return -1;
	return 0;
}

void
endpoints_saved(struct sender *s)
{
	struct endpoint *p;

	while ((p = s->changed) != NULL) {
		s->changed = p->next_changed;
		p->changed = false;
		free(p->moved_from);
		p->moved_from = NULL;
	}
}

/* ---- finding ------------------------------------------------------------- */

/* Make one of the channel, which is taken over, with what is remembered. why:
 * it cannot be used. */
static struct endpoint *
add(struct sender *s, const char *key, struct channel *c, const char *why,
    struct err *e)
{
	struct endpoint *p = queue_add_endpoint(&s->queue, key, c);

	if (p == NULL) {
		channel_release(c);
		err_set(e, "out of memory");
		return NULL;
	}
	if (why != NULL)
		p->disabled = strdup(why);
	else if (s->store != NULL &&
		 store_endpoint_list(s->store, key, recall, p, e) < 0)
		return NULL;
	return p;
}

/* An endpoint that cannot be sent to, for the reason. */
static struct endpoint *
add_unusable(struct sender *s, const char *key, const char *channel,
    const char *why, struct err *e)
{
	struct channel c = {.kind = CHANNEL_KIND_GENERIC};

	c.name = strdup(channel);
	if (c.name == NULL) {
		err_set(e, "out of memory");
		return NULL;
	}
	return add(s, key, &c, why, e);
}

/* Of a URL: the same URL in two rules is one endpoint. Its key must not give
 * the URL away. */
static struct endpoint *
find_by_url(
    struct sender *s, const char *channel, const char *url, struct err *e)
{
	unsigned char hash[DIGEST_SHA256_LEN];
	char key[CHANNEL_NAME_MAX + 2 * DIGEST_SHA256_LEN + 2], hex[33];
	enum channel_kind kind = strcmp(channel, CHANNEL_DISCORD) == 0
				     ? CHANNEL_KIND_DISCORD
				     : CHANNEL_KIND_GENERIC;
	char text[2 * DIGEST_SHA256_LEN + 1];
	struct channel c;
	struct endpoint *p;
	struct err why;
	bool bad;

	p = queue_find_url(&s->queue, channel, url);
	if (p != NULL)
		return p;
	digest_sha256(url, strlen(url), hash);
	digest_hex(hash, sizeof(hash), text);
	(void)snprintf(hex, sizeof(hex), "%.32s", text);
	(void)snprintf(key, sizeof(key), "%s:%s", channel, hex);
	p = queue_find_endpoint(&s->queue, key);
	if (p != NULL)
		return p;
	bad = guard_url(url, s->options.allow_private, &why) < 0;
	if (channel_from_url(&c, channel, kind, url) < 0) {
		err_set(e, "out of memory");
		return NULL;
	}
	p = add(s, key, &c, bad ? why.msg : NULL, e);
	if (p != NULL && queue_name_url(&s->queue, p, url) < 0) {
		err_set(e, "out of memory");
		return NULL;
	}
	return p;
}

struct found {
	struct sender *sender;
	struct channel channel;
	const char *why; /* it cannot be used */
	struct err fault;
};

/* What a stored channel is now, and whether it may be called. */
static int
read_channel(void *arg, const struct store_channel *from, struct err *e)
{
	struct found *f = arg;

	(void)e;
	if (channel_parse_text(&f->channel, from->config, strlen(from->config),
		CHANNEL_STORED, &f->fault) < 0) {
		(void)err_prefix(&f->fault, "the channel in the store");
		f->why = f->fault.msg;
		return 0;
	}
	f->why = NULL;
	if (f->channel.url != NULL &&
	    guard_url(f->channel.url, f->sender->options.allow_private,
		&f->fault) < 0)
		f->why = f->fault.msg;
	return 0;
}

/* The named channel; f->why says why not. The caller owns f->channel when its
 * name is set. */
static int
look_up(struct sender *s, const char *name, struct found *f, struct err *e)
{
	*f = (struct found){
	    .sender = s, .why = "there is no channel of that name"};
	if (s->store == NULL)
		return 0;
	return store_channel_get(s->store, name, read_channel, f, e);
}

static struct endpoint *
find_by_name(struct sender *s, const char *name, struct err *e)
{
	char key[sizeof(NAMED) + CHANNEL_NAME_MAX];
	struct endpoint *p;
	struct found f;

	(void)snprintf(key, sizeof(key), NAMED "%s", name);
	p = queue_find_endpoint(&s->queue, key);
	if (p != NULL)
		return p;
	if (look_up(s, name, &f, e) < 0)
		return NULL;
	if (f.channel.name == NULL)
		return add_unusable(s, key, name, f.why, e);
	return add(s, key, &f.channel, f.why, e);
}

struct endpoint *
endpoint_of(
    struct sender *s, const char *channel, const char *url, struct err *e)
{
	const char *why = "the rule or its webhook is gone";
	char key[CHANNEL_NAME_MAX + 16];
	struct endpoint *p;

	if (strcmp(channel, CHANNEL_DISCORD) == 0)
		url = url != NULL ? url : s->options.discord_url;
	else if (strcmp(channel, CHANNEL_GENERIC) == 0)
		url = url != NULL ? url : s->options.generic_url;
	else
		return find_by_name(s, channel, e);
	if (url != NULL)
		return find_by_url(s, channel, url, e);
	(void)snprintf(key, sizeof(key), NONE "%s", channel);
	p = queue_find_endpoint(&s->queue, key);
	return p != NULL ? p : add_unusable(s, key, channel, why, e);
}

/* ---- changes ------------------------------------------------------------- */

static int
refresh_named(struct sender *s, struct endpoint *p, struct err *e)
{
	struct found f;

	if (look_up(s, p->key + strlen(NAMED), &f, e) < 0)
		return -1;
	/* Whatever disabled it is read again below. */
	free(p->disabled);
	p->disabled = f.why != NULL ? strdup(f.why) : NULL;
	if (f.channel.name != NULL &&
	    queue_update_endpoint(&s->queue, p, &f.channel) < 0) {
		channel_release(&f.channel);
		return err_set(e, "out of memory");
	}
	return 0;
}

static int
refresh(struct sender *s, struct endpoint *p, struct err *e)
{
	bool was = p->disabled_ms > 0;

	if (strncmp(p->key, NAMED, strlen(NAMED)) == 0) {
		if (refresh_named(s, p, e) < 0)
			return -1;
	} else if (was) {
		free(p->disabled);
		p->disabled = NULL;
	} else {
		return 0;
	}
	/* Enabled again: a clean start. */
	p->disabled_ms = 0;
	if (was)
		(void)breaker_success(&p->breaker);
	if (p->disabled != NULL)
		return 0;
	return store_endpoint_list(s->store, p->key, recall, p, e);
}

int
endpoints_refresh(struct sender *s, struct err *e)
{
	bool all = true;
	struct endpoint *p;
	int64_t seq;

	if (store_channel_seq(s->store, &seq, e) < 0)
		return -1;
	if (seq == s->channel_seq)
		return 0;
	for (p = s->queue.first_endpoint; p != NULL; p = p->next)
		if (p->changed)
			all = false;
		else if (refresh(s, p, e) < 0)
			return -1;
	/* What is to be saved first is read the next time. */
	if (all)
		s->channel_seq = seq;
	return 0;
}
