#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "common/guard.h"
#include "pulse-send/endpoints.h"

/* An endpoint that cannot be sent to, for the reason. */
static struct endpoint *
add_unusable(struct sender *s, const char *key, const char *channel,
    const char *why, struct err *e)
{
	struct channel c = {.kind = CHANNEL_KIND_GENERIC};
	struct endpoint *p = NULL;

	c.name = strdup(channel);
	if (c.name != NULL)
		p = queue_add_endpoint(&s->queue, key, &c);
	if (p != NULL)
		p->disabled = strdup(why);
	if (p == NULL || p->disabled == NULL) {
		channel_release(&c);
		err_set(e, "out of memory");
		return NULL;
	}
	return p;
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
	struct channel c;
	struct endpoint *p;
	struct err why;

	digest_sha256(url, strlen(url), hash);
	digest_hex(hash, 16, hex);
	(void)snprintf(key, sizeof(key), "%s:%s", channel, hex);
	p = queue_find_endpoint(&s->queue, key);
	if (p != NULL)
		return p;
	if (guard_url(url, s->options.allow_private, &why) < 0)
		return add_unusable(s, key, channel, why.msg, e);
	if (channel_from_url(&c, channel, kind, url) < 0) {
		err_set(e, "out of memory");
		return NULL;
	}
	p = queue_add_endpoint(&s->queue, key, &c);
	if (p == NULL) {
		channel_release(&c);
		err_set(e, "out of memory");
	}
	return p;
}

struct endpoint *
endpoint_of(
    struct sender *s, const char *channel, const char *url, struct err *e)
{
	const char *why = NULL;
	char key[CHANNEL_NAME_MAX + 16];
	struct endpoint *p;

	if (strcmp(channel, CHANNEL_DISCORD) == 0) {
		url = url != NULL ? url : s->options.discord_url;
		why = "the rule or its Discord webhook is gone";
	} else if (strcmp(channel, CHANNEL_GENERIC) == 0) {
		url = url != NULL ? url : s->options.generic_url;
		why = "the rule or its webhook is gone";
	} else {
		why = "there is no channel of that name";
	}
	if (url != NULL)
		return find_by_url(s, channel, url, e);
	(void)snprintf(key, sizeof(key), "none:%s", channel);
	p = queue_find_endpoint(&s->queue, key);
	return p != NULL ? p : add_unusable(s, key, channel, why, e);
}
