/*
 * rule: what a person asked to be told about (pulse-rule.5).
 *
 * One JSON form serves the API, -r files, import and export; one validation
 * serves all of them. What is special to a rule type lies in one file of this
 * directory and one row of table.c: its members with ranges and defaults, its
 * validation, its judgement, its message. pulse-eval judges with the table;
 * pulse-ctl validates and describes (forms, OpenAPI) with it.
 */
#ifndef COMMON_RULES_RULE_H
#define COMMON_RULES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/candle.h"
#include "common/err.h"
#include "common/faults.h"
#include "common/json.h"
#include "common/uuid.h"

#define RULE_NAME_CHARS_MAX   200
#define RULE_URL_LEN_MAX      2048
#define RULE_COOLDOWN_MAX     31536000
#define RULE_CONFIG_BYTES_MAX 64
/* Longest rule as JSON. */
#define RULE_TEXT_MAX ((size_t)64 * 1024)
/* The symbol that stands for every symbol in the stream. */
#define RULE_ANY_SYMBOL "*"

struct rule_type;

/* Which records a rule looks at. */
enum rule_on {
	RULE_ON_TICK, /* every update of the forming bar, and the closed bar */
	RULE_ON_CLOSE, /* closed bars only */
};

struct rule {
	struct uuid id;
	const struct rule_type *type;
	/* Owned strings; the URLs may be NULL. */
	char *name;
	char *symbol;
	char *discord_webhook_url;
	char *generic_webhook_url;
	/* Named channels as a JSON array of strings, or NULL for none. */
	char *channels;
	int64_t created_ms;
	int64_t updated_ms;
	/* When it was created or last enabled: older bars only warm it up. */
	int64_t enabled_ms;
	/* Number of the change that wrote it last; grows over the store. */
	int64_t seq;
	int32_t cooldown_seconds;
	interval_id interval;
	enum rule_on on;
	bool is_active;
	/* The type's own struct, made by its parser; plain data without
	 * pointers. */
	union {
		int64_t align;
		unsigned char bytes[RULE_CONFIG_BYTES_MAX];
	} config;
};

/* How rule_parse() reads: */
enum rule_source {
	RULE_CREATED, /* POST and "rule add": id and times are ours to give */
	RULE_IMPORTED, /* import and -r: given id and times are kept; a rule
			* without id gets the UUIDv5 of its JSON, so that the
			* same file names the same rules */
};

/*
 * Make a rule from its JSON. Every fault is noted in f (unknown members,
 * types, ranges, periods that cannot work, refused webhook addresses unless
 * allow_private). 0, or -1 and r holds nothing. now_ms stamps what the source
 * does not give.
 */
int rule_parse(struct rule *r, const struct json *j, enum rule_source source,
    bool allow_private, int64_t now_ms, struct faults *f);

/*
 * Partial update: only members present in j change; null clears a webhook
 * URL and is refused elsewhere; rule_type is immutable. Enabling sets
 * enabled_ms. On -1 r is as it was.
 */
int rule_update(struct rule *r, const struct json *j, bool allow_private,
    int64_t now_ms, struct faults *f);

/* Append the rule as JSON: the members of api.md. Webhook URLs are redacted
 * unless secrets. */
int rule_print(const struct rule *r, bool secrets, struct buf *out);

/* The config alone, as canonical JSON and back: how the store keeps it. */
int rule_config_print(const struct rule *r, struct buf *out);
int
rule_config_parse(struct rule *r, const char *text, size_t n, struct err *e);

/* Closed bars to load, and to fetch if they are missing, so that the rule's
 * values no longer show where the series began (0: none). It can fire sooner:
 * rule_first() in rule_type.h. */
int rule_warmup(const struct rule *r);

int rule_copy(struct rule *to, const struct rule *from);
/* Free what the rule owns; the struct itself is the caller's. */
void rule_release(struct rule *r);

/* At least as many as there are types. */
#define RULE_TYPES_MAX 32

/* The type of that name, or NULL; the type's name; the i-th type or NULL. */
const struct rule_type *rule_type_find(const char *name);
const char *rule_type_name(const struct rule_type *t);
const struct rule_type *rule_type_at(size_t i);

/* Append the URL with what is secret hidden: scheme and host stay, of a long
 * path its first three characters (then three asterisks), and so the
 * first of a Discord webhook's number. */
int webhook_redact(const char *url, struct buf *out);

#endif
