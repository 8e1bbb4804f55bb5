#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/engine/book.h"
#include "common/rules/rule_type.h"

#define SLOTS_MIN 64

void
book_init(struct book *b)
{
	*b = (struct book){.free = BOOK_NONE};
}

void
book_release(struct book *b)
{
	uint32_t i;

	for (i = 0; i < b->n; i++)
		if (b->v[i].used)
			free(b->v[i].text);
	free(b->v);
	free(b->slot);
	book_init(b);
}

/* UUIDs are random or sums: any eight of their bytes are a hash, but one may
 * be made by hand, so they are mixed. */
static uint64_t
hash(const struct uuid *id)
{
	uint64_t h, g;

	memcpy(&h, id->b, sizeof(h));
	memcpy(&g, id->b + sizeof(h), sizeof(g));
	h = (h ^ g * UINT64_C(0x9e3779b97f4a7c15)) *
	    UINT64_C(0xff51afd7ed558ccd);
	return h ^ h >> 32;
}

#define INDEX_MASK (((uint32_t)1 << BOOK_INDEX_BITS) - 1)

static uint32_t
home(const struct book *b, uint64_t h)
{
	return (uint32_t)h & (b->slots - 1);
}

/* The bits of the hash that a slot holds. */
static uint32_t
tag(uint64_t h)
{
	return (uint32_t)(h >> 32) & ~INDEX_MASK;
}

static uint32_t
index_of(uint32_t slot)
{
	return (slot & INDEX_MASK) - 1;
}

static void
slot_add(struct book *b, uint32_t rule)
{
	uint64_t h = hash(&b->v[rule].id);
	uint32_t i = home(b, h);

	while (b->slot[i] != 0)
		i = (i + 1) & (b->slots - 1);
	b->slot[i] = (rule + 1) | tag(h);
}

void
book_index(struct book *b)
{
	for (; b->indexed < b->n; b->indexed++)
		if (b->v[b->indexed].used)
			slot_add(b, b->indexed);
}

uint32_t
book_find(struct book *b, const struct uuid *id)
{
	uint64_t h = hash(id);
	uint32_t i, t = tag(h);

	if (b->slots == 0)
		return BOOK_NONE;
	book_index(b);
	for (i = home(b, h); b->slot[i] != 0; i = (i + 1) & (b->slots - 1))
		if ((b->slot[i] & ~INDEX_MASK) == t &&
		    uuid_cmp(&b->v[index_of(b->slot[i])].id, id) == 0)
			return index_of(b->slot[i]);
	return BOOK_NONE;
}

/* Take the slot out and close the gap, so that every rule stays reachable
 * from its home (Knuth, TAOCP 6.4, algorithm R). */
static void
slot_remove(struct book *b, uint32_t rule)
{
	uint32_t mask = b->slots - 1, k, at;
	uint32_t i = home(b, hash(&b->v[rule].id));

	while (index_of(b->slot[i]) != rule)
		i = (i + 1) & mask;
	for (k = (i + 1) & mask; b->slot[k] != 0; k = (k + 1) & mask) {
		at = home(b, hash(&b->v[index_of(b->slot[k])].id));
		if (((k - at) & mask) < ((k - i) & mask))
			continue;
		b->slot[i] = b->slot[k];
		i = k;
	}
	b->slot[i] = 0;
}

static int
slots_grow(struct book *b)
{
	uint32_t slots = b->slots == 0 ? SLOTS_MIN : 2 * b->slots;
	uint32_t *slot = calloc(slots, sizeof(*slot));

	if (slot == NULL)
		return -1;
	free(b->slot);
	b->slot = slot;
	b->slots = slots;
	b->indexed = 0;
	return 0;
}

/* n bytes with their NUL. */
static char *
put(char *to, const char *s, size_t n)
{
	memcpy(to, s, n);
	return to + n;
}

static uint64_t
word_at(const struct rule *r, size_t at)
{
	uint64_t w;

	memcpy(&w, r->config.bytes + at, sizeof(w));
	return w;
}

static int
fill(struct book_rule *b, const struct rule *r)
{
	size_t config_len = sizeof(r->config);
	size_t name = strlen(r->name) + 1, symbol = strlen(r->symbol) + 1;
	size_t channels = r->channels != NULL ? strlen(r->channels) + 1 : 0;
	char *text, *p;

	/* Most of it is zero: eight bytes at a time, then the rest. */
	while (config_len > 0 && word_at(r, config_len - 8) == 0)
		config_len -= 8;
	while (config_len > 0 && r->config.bytes[config_len - 1] == 0)
		config_len--;
	text = malloc(config_len + name + symbol + channels);
	if (text == NULL)
		return -1;
	memcpy(text, r->config.bytes, config_len);
	p = put(text + config_len, r->name, name);
	p = put(p, r->symbol, symbol);
	if (r->channels != NULL)
		put(p, r->channels, channels);
	free(b->text);
	b->text = text;
	b->config_len = (uint8_t)config_len;
	b->enabled_ms = r->enabled_ms;
	b->type = r->type;
	b->cooldown_seconds = r->cooldown_seconds;
	b->interval = r->interval;
	b->on = (uint8_t)r->on;
	b->is_active = r->is_active;
	b->any_symbol = strcmp(r->symbol, RULE_ANY_SYMBOL) == 0;
	b->has_discord = r->discord_webhook_url != NULL;
	b->has_generic = r->generic_webhook_url != NULL;
	b->has_channels = r->channels != NULL;
	return 0;
}

static int
grow(struct book *b)
{
	uint32_t cap = b->cap == 0 ? 16 : b->cap + b->cap / 2;
	struct book_rule *v = realloc(b->v, cap * sizeof(*v));

	if (v == NULL)
		return -1;
	b->v = v;
	b->cap = cap;
	return 0;
}

uint32_t
book_add(struct book *b, const struct rule *r)
{
	struct book_rule *to;
	uint32_t i = b->free;

	if (b->count >= BOOK_RULES_MAX ||
	    (2 * (b->count + 1) > b->slots && slots_grow(b) < 0))
		return BOOK_NONE;
	if (i == BOOK_NONE && b->n == b->cap && grow(b) < 0)
		return BOOK_NONE;
	to = &b->v[i == BOOK_NONE ? b->n : i];
	if (i != BOOK_NONE)
		b->free = to->watch;
	*to = (struct book_rule){
	    .id = r->id,
	    .series = BOOK_NONE,
	    .watch = i == BOOK_NONE ? BOOK_NONE : b->free,
	};
	if (fill(to, r) < 0) {
		if (i != BOOK_NONE)
			b->free = i;
		return BOOK_NONE;
	}
	to->watch = BOOK_NONE;
	to->used = true;
	if (i == BOOK_NONE)
		i = b->n++;
	b->count++;
	if (i < b->indexed)
		slot_add(b, i);
	return i;
}

int
book_update(struct book *b, uint32_t i, const struct rule *r)
{
	return fill(&b->v[i], r);
}

void
book_remove(struct book *b, uint32_t i)
{
	struct book_rule *r = &b->v[i];

	assert(b->indexed == b->n); /* it was looked for */
	slot_remove(b, i);
	free(r->text);
	*r = (struct book_rule){.watch = b->free};
	b->free = i;
	b->count--;
}

const char *
book_rule_name(const struct book_rule *b)
{
	return b->text + b->config_len;
}

const char *
book_rule_symbol(const struct book_rule *b)
{
	const char *name = book_rule_name(b);

	return name + strlen(name) + 1;
}

const char *
book_rule_channels(const struct book_rule *b)
{
	const char *symbol = book_rule_symbol(b);

	return b->has_channels ? symbol + strlen(symbol) + 1 : NULL;
}

void
book_rule_get(const struct book_rule *b, struct rule *r)
{
	char *name = b->text + b->config_len;
	char *symbol = name + strlen(name) + 1;

	*r = (struct rule){
	    .id = b->id,
	    .type = b->type,
	    .name = name,
	    .symbol = symbol,
	    .channels = b->has_channels ? symbol + strlen(symbol) + 1 : NULL,
	    .enabled_ms = b->enabled_ms,
	    .cooldown_seconds = b->cooldown_seconds,
	    .interval = b->interval,
	    .on = (enum rule_on)b->on,
	    .is_active = b->is_active,
	};
	memcpy(r->config.bytes, b->text, b->config_len);
}

bool
book_rule_same_watch(const struct book_rule *b, const struct rule *r)
{
	struct rule mine;

	book_rule_get(b, &mine);
	return mine.type == r->type && mine.interval == r->interval &&
	       mine.on == r->on && mine.is_active == r->is_active &&
	       strcmp(mine.symbol, r->symbol) == 0 &&
	       memcmp(mine.config.bytes, r->config.bytes,
		   sizeof(r->config.bytes)) == 0;
}
