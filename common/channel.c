#include <stdlib.h>
#include <string.h>

#include "common/channel.h"

static const char *const kind_names[CHANNEL_KINDS] = {
    "discord", "generic", "slack", "telegram", "ntfy", "pagerduty", "exec"};

const char *
channel_kind_name(enum channel_kind k)
{
	return kind_names[k];
}

int
channel_kind_find(const char *name)
{
	int k;

	for (k = 0; k < CHANNEL_KINDS; k++)
		if (strcmp(kind_names[k], name) == 0)
			return k;
	return -1;
}

int
channel_from_url(struct channel *c, const char *name, enum channel_kind kind,
    const char *url)
{
	*c = (struct channel){.kind = kind};
	c->name = strdup(name);
	c->url = strdup(url);
	if (c->name != NULL && c->url != NULL)
		return 0;
	channel_release(c);
	return -1;
}

void
channel_release(struct channel *c)
{
	size_t i;

	free(c->name);
	free(c->url);
	free(c->token);
	free(c->chat_id);
	free(c->routing_key);
	for (i = 0; i < c->nargs; i++)
		free(c->args[i]);
	for (i = 0; i < c->nheaders; i++) {
		free(c->headers[i].name);
		free(c->headers[i].value);
	}
	free(c->template);
	for (i = 0; i < c->nsecrets; i++)
		free(c->secrets[i]);
	free(c->ca_file);
	*c = (struct channel){.name = NULL};
}
