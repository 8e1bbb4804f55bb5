/*
 * The rule types, and the members that every rule has. A new type is one file
 * and one row of types[].
 */
#include <assert.h>
#include <string.h>

#include "common/rules/rule_type.h"

static const struct rule_type *const types[] = {
    &rule_price_threshold,
    &rule_percent_move,
    &rule_candle_close,
    &rule_macd_cross,
    &rule_rsi,
    &rule_bollinger_bands,
};

#define TYPES (sizeof(types) / sizeof(types[0]))
_Static_assert(TYPES <= RULE_TYPES_MAX, "RULE_TYPES_MAX is too small");

static const char *const type_names[] = {
    "price_threshold",
    "percent_move",
    "candle_close",
    "macd_cross",
    "rsi",
    "bollinger_bands",
    NULL,
};

_Static_assert(sizeof(type_names) / sizeof(type_names[0]) == TYPES + 1,
    "a name for each type");

static const char *const interval_choices[] = {"1m", "3m", "5m", "15m", "30m",
    "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w", "1M", NULL};

_Static_assert(sizeof(interval_choices) / sizeof(char *) == INTERVAL_COUNT + 1,
    "a name for each interval");

static const struct rule_member members[] = {
    {.name = "id",
	.doc = "The rule's identifier.",
	.kind = RULE_MEMBER_UUID,
	.read_only = true},
    {.name = "name",
	.doc = "What people call it.",
	.kind = RULE_MEMBER_STRING,
	.required = true,
	.min = "1",
	.max = "200"},
    {.name = "rule_type",
	.doc = "What kind of rule it is; cannot be changed.",
	.kind = RULE_MEMBER_CHOICE,
	.required = true,
	.choices = type_names},
    {.name = "symbol",
	.doc = "The coin as Hyperliquid writes it (case matters), or * for "
	       "every symbol in the stream.",
	.kind = RULE_MEMBER_STRING,
	.required = true,
	.min = "1",
	.max = "32"},
    {.name = "interval",
	.doc = "Length of the bars it looks at.",
	.kind = RULE_MEMBER_CHOICE,
	.fallback = "1m",
	.choices = interval_choices},
    {.name = "config",
	.doc = "The members of the rule's type.",
	.kind = RULE_MEMBER_OBJECT,
	.required = true},
    {.name = "cooldown_seconds",
	.doc = "Silence after an alert, in event time.",
	.kind = RULE_MEMBER_INTEGER,
	.min = "0",
	.max = "31536000",
	.fallback = "0",
	.offset = offsetof(struct rule, cooldown_seconds)},
    {.name = "discord_webhook_url",
	.doc = "Where alerts go as Discord messages. A secret.",
	.kind = RULE_MEMBER_URL,
	.max = "2048"},
    {.name = "generic_webhook_url",
	.doc = "Where alerts go as JSON. A secret.",
	.kind = RULE_MEMBER_URL,
	.max = "2048"},
    {.name = "channels",
	.doc = "Names of channels that alerts go to besides.",
	.kind = RULE_MEMBER_NAMES,
	.max = "16"},
    {.name = "is_active",
	.doc = "Whether it is judged at all.",
	.kind = RULE_MEMBER_BOOLEAN,
	.fallback = "true"},
    {.name = "created_at",
	.doc = "When it was created.",
	.kind = RULE_MEMBER_TIME,
	.read_only = true},
    {.name = "updated_at",
	.doc = "When it was changed last.",
	.kind = RULE_MEMBER_TIME,
	.read_only = true},
};

static const char *const on_choices[] = {"tick", "close", NULL};
static const char *const on_close_choice[] = {"close", NULL};

#define ON_DOC                                                                 \
	"Which records are judged: tick = every update of the forming bar, "   \
	"close = closed bars only."

const struct rule_member rule_on_tick = {.name = "on",
    .doc = ON_DOC,
    .kind = RULE_MEMBER_CHOICE,
    .fallback = "tick",
    .choices = on_choices};
const struct rule_member rule_on_close = {.name = "on",
    .doc = ON_DOC,
    .kind = RULE_MEMBER_CHOICE,
    .fallback = "close",
    .choices = on_choices};
const struct rule_member rule_on_close_only = {.name = "on",
    .doc = "Which records are judged: closed bars, by its nature.",
    .kind = RULE_MEMBER_CHOICE,
    .fallback = "close",
    .choices = on_close_choice};

const struct rule_type *
rule_type_find(const char *name)
{
	size_t i;

	for (i = 0; i < TYPES; i++)
		if (strcmp(types[i]->name, name) == 0)
			return types[i];
	return NULL;
}

const char *
rule_type_name(const struct rule_type *t)
{
	return t->name;
}

const char *
rule_type_title(const struct rule_type *t)
{
	return t->title;
}

const char *
rule_type_doc(const struct rule_type *t)
{
	return t->doc;
}

const struct rule_type *
rule_type_at(size_t i)
{
	return i < TYPES ? types[i] : NULL;
}

const struct rule_member *
rule_member_at(size_t i)
{
	return i < sizeof(members) / sizeof(members[0]) ? &members[i] : NULL;
}

const struct rule_member *
rule_type_member(const struct rule_type *t, size_t i)
{
	const struct rule_member *m = t->members;

	while (i > 0 && m->name != NULL) {
		m++;
		i--;
	}
	if (m->name != NULL)
		return m;
	return i == 0 ? t->on : NULL;
}
