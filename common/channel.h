/*
 * channel: where alerts go and how (pulse-channel.5). A rule's two webhook
 * URLs are channels with every other member at its default; named ones are
 * kept in the store and have their own JSON form, which only this file knows.
 *
 * url, token, routing_key, secrets and header values are secrets: they are
 * printed only where it is said, and no sentence of an error repeats them.
 */
#ifndef COMMON_CHANNEL_H
#define COMMON_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/channel_name.h"
#include "common/err.h"
#include "common/faults.h"
#include "common/json.h"
#include "common/sign.h"

#define CHANNEL_HEADERS_MAX  16
#define CHANNEL_ARGS_MAX     32
#define CHANNEL_SCHEDULE_MAX 16
#define CHANNEL_TEMPLATE_MAX 4096
/* Longest channel as JSON. */
#define CHANNEL_TEXT_MAX ((size_t)64 * 1024)

enum channel_kind {
	CHANNEL_KIND_DISCORD,
	CHANNEL_KIND_GENERIC,
	CHANNEL_KIND_SLACK,
	CHANNEL_KIND_TELEGRAM,
	CHANNEL_KIND_NTFY,
	CHANNEL_KIND_PAGERDUTY,
	CHANNEL_KIND_EXEC,
	CHANNEL_KINDS,
};

const char *channel_kind_name(enum channel_kind k);
/* The kind of that name, or -1. */
int channel_kind_find(const char *name);

/* Strings are owned; NULL: not set. */
struct channel {
	char *name;
	enum channel_kind kind;
	char *url;
	char *token; /* telegram: of the bot; ntfy: access token */
	char *chat_id; /* telegram */
	char *routing_key; /* pagerduty */
	/* exec: the program and its arguments. */
	char *args[CHANNEL_ARGS_MAX];
	size_t nargs;
	struct {
		char *name, *value;
	} headers[CHANNEL_HEADERS_MAX];
	size_t nheaders;
	/* generic: a jq program that makes the body of the alert record. */
	char *template;
	/* and one that makes headers: an object of strings. */
	char *headers_template;
	/* ntfy: 1 to 5; 0: by the alert's severity. */
	int priority;
	/* Newest first; all of them sign. */
	char *secrets[SIGN_SECRETS_MAX];
	size_t nsecrets;
	char *ca_file;
	/* 0: the kind's default. */
	int rate_count;
	int64_t rate_period_ms;
	int concurrency;
	int64_t connect_timeout_ms, timeout_ms;
	int tries;
	int64_t base_ms, cap_ms;
	int64_t schedule_ms[CHANNEL_SCHEDULE_MAX];
	size_t nschedule;
	bool has_schedule; /* an empty one is one too */
	bool unordered; /* "order": false */
	bool no_digest; /* "digest": false */
	bool hold; /* "ambiguous": "hold" */
	bool notices; /* gets notices about other channels */
	bool paused;
};

/* A channel that is only a URL. 0, or -1 without memory. */
int channel_from_url(struct channel *c, const char *name,
    enum channel_kind kind, const char *url);
void channel_release(struct channel *c);

enum channel_flags {
	CHANNEL_ALLOW_PRIVATE = 1,
	/* Kind exec, and members that name a file or a program of the machine
	 * or are one: for its operator, never over HTTP. */
	CHANNEL_ALLOW_LOCAL = 2,
	/* The text is the store's: names are not checked for being taken, and
	 * addresses are judged when they are called. */
	CHANNEL_STORED = 4,
	/* Who changes it may not see its secrets, so must not send them to
	 * another address either. */
	CHANNEL_BLIND = 8,
};

/*
 * Make a channel from its JSON. Every fault is noted in f: unknown members,
 * members of another kind, types, ranges, refused addresses. 0, or -1 and c
 * holds nothing.
 */
int channel_parse(
    struct channel *c, const struct json *j, unsigned flags, struct faults *f);
/* The same from text; -1 with the first fault in e. */
int channel_parse_text(struct channel *c, const char *text, size_t n,
    unsigned flags, struct err *e);
/*
 * Change it: only members present in j do, null takes one back to its default;
 * name and kind are immutable. A secret written as channel_print() shows it
 * stays what it is. On -1 c is as it was.
 */
int channel_update(
    struct channel *c, const struct json *j, unsigned flags, struct faults *f);
/*
 * Append the channel as JSON: what is at its default is left out. Without
 * secrets the url is redacted and other secrets are "***".
 */
int channel_print(const struct channel *c, bool secrets, struct buf *out);

enum channel_member_type {
	CHANNEL_MEMBER_TEXT,
	CHANNEL_MEMBER_URL,
	CHANNEL_MEMBER_NUMBER,
	CHANNEL_MEMBER_MS,
	CHANNEL_MEMBER_FLAG, /* false by default */
	CHANNEL_MEMBER_UNFLAG, /* true by default */
	CHANNEL_MEMBER_RATE, /* "30/60s" */
	CHANNEL_MEMBER_CHOICE, /* retry or hold */
	CHANNEL_MEMBER_TEXTS,
	CHANNEL_MEMBER_TIMES, /* a list of ms */
	CHANNEL_MEMBER_MAP,
};

/* The members of a channel's JSON besides name and kind, in order; NULL behind
 * the last. */
struct channel_member {
	const char *name;
	const char *what; /* "url", "text", "number", "ms", "yes/no", … */
	const char *doc;
	unsigned kinds; /* 1 << kind for each that has it */
	unsigned needed; /* and for each that cannot be without */
	enum channel_member_type type;
	int64_t min, max; /* a number's range, or a text's longest */
	bool secret;
	bool local; /* see CHANNEL_ALLOW_LOCAL */
};
const struct channel_member *channel_member_at(size_t i);

#endif
