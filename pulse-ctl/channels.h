/*
 * channels: the named channels of the store, as the command line and the HTTP
 * API both read, show and change them.
 */
#ifndef PULSE_CTL_CHANNELS_H
#define PULSE_CTL_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/channel.h"
#include "common/err.h"
#include "db/store.h"

enum channel_state {
	CHANNEL_OK,
	CHANNEL_PAUSED,
	CHANNEL_DISABLED, /* its receiver is gone, or failed for too long */
	CHANNEL_FAILING, /* the breaker is open */
	CHANNEL_WAITING, /* its receiver told it to wait */
};

/* A channel of the store, and how it does. */
struct stored_channel {
	struct channel channel;
	int64_t created_ms, updated_ms;
	enum channel_state state;
	char reason[256]; /* in words; empty: nothing to say */
	int64_t until_ms; /* when it is tried again; 0: not by itself */
};

/* 1 (release with stored_channel_release()), 0 when there is none, or -1. */
int channels_get(struct store *st, const char *name, struct stored_channel *s,
    struct err *e);
void stored_channel_release(struct stored_channel *s);

/* Give each whose name follows after (NULL: from the first), by name, to fn,
 * which returns 0 to go on. 0 or -1. */
typedef int
channels_fn(void *arg, const struct stored_channel *s, struct err *e);
int channels_list(struct store *st, const char *after, channels_fn *fn,
    void *arg, struct err *e);

/* Keep it, and move s->updated_ms: forward always, so that it names a version
 * of the channel. created_ms 0: it is new. */
int channels_put(struct store *st, struct stored_channel *s, struct err *e);
/* With what was known of its receiver: 1, or 0 when there was none. */
int channels_delete(struct store *st, const char *name, struct err *e);
/* Forget what was known of the receiver, and make due what waits for it. name
 * is a channel's, or an endpoint's key ("discord:HASH"). */
int channels_wake(struct store *st, const char *name, struct err *e);

const char *channels_state_name(enum channel_state state);
/* Append the JSON: the channel's members, state, reason, until and times. */
int channels_print(const struct stored_channel *s, bool secrets, struct buf *b);

#endif
