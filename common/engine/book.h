/*
 * book: the rules an engine judges, kept small.
 *
 * A struct rule is a form with room for everything; a million of them need
 * less. The book keeps what judging needs, one block of bytes a rule for its
 * texts, and gives a struct rule back when one is asked for.
 */
#ifndef COMMON_ENGINE_BOOK_H
#define COMMON_ENGINE_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/rules/rule.h"
#include "common/uuid.h"

/* So many rules fit; what is left of a word spares most looks at a rule that
 * is not the one. */
#define BOOK_INDEX_BITS 25
#define BOOK_RULES_MAX	(((uint32_t)1 << BOOK_INDEX_BITS) - 2)

/* No rule, no series, no watch. */
#define BOOK_NONE UINT32_MAX

struct book_rule {
	struct uuid id;
	int64_t enabled_ms;
	/* config (config_len bytes, the rest of it zero), then the name, the
	 * symbol and, if any, the channels, each with its NUL. */
	char *text;
	const struct rule_type *type;
	/* Of a rule on one symbol: where it is watched. A rule on any symbol:
	 * series is BOOK_NONE and watch its number among those. */
	uint32_t series, watch;
	int32_t cooldown_seconds;
	interval_id interval;
	uint8_t on; /* enum rule_on */
	uint8_t config_len;
	bool used;
	bool is_active;
	bool any_symbol;
	bool has_discord, has_generic, has_channels;
};

struct book {
	struct book_rule *v;
	uint32_t n, cap; /* n counts free places too */
	uint32_t count; /* rules */
	uint32_t free; /* first free place (their watch links on) */
	/* By id, open addressing: index + 1 in the low BOOK_INDEX_BITS, bits
	 * of the hash above them; 0 is empty. */
	uint32_t *slot;
	uint32_t slots; /* a power of two, or 0 */
	/* Rules [0, indexed) have their slots; the others get them when one is
	 * looked for: all in a row, where the processor waits for many lines
	 * of the table at once, not for one a rule. */
	uint32_t indexed;
};

void book_init(struct book *b);
void book_release(struct book *b);
/* Give their slots to all rules: what the next book_find() would do. */
void book_index(struct book *b);
/* The rule of that id, or BOOK_NONE. */
uint32_t book_find(struct book *b, const struct uuid *id);
/* Keep a rule that the book lacks. Its index, or BOOK_NONE when memory is
 * short. series and watch are BOOK_NONE. */
uint32_t book_add(struct book *b, const struct rule *r);
/* Take over what r says of a rule the book has; series and watch stay. 0, or
 * -1 when memory is short. */
int book_update(struct book *b, uint32_t i, const struct rule *r);
/* Forget the rule that book_find() just found. */
void book_remove(struct book *b, uint32_t i);

/* The rule as a form. Strings are the book's and good until the rule changes;
 * do not release it. URLs are NULL, the book does not keep them. */
void book_rule_get(const struct book_rule *b, struct rule *r);
const char *book_rule_name(const struct book_rule *b);
const char *book_rule_symbol(const struct book_rule *b);
/* JSON array of channel names, or NULL. */
const char *book_rule_channels(const struct book_rule *b);
/* True when r watches the same things in the same way. */
bool book_rule_same_watch(const struct book_rule *b, const struct rule *r);

#endif
