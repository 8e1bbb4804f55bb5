#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "hl-ingest/names.h"

/* A name that needs more changes than this is no suggestion. */
#define DISTANCE_MAX 2
/* More than any exchange lists. */
#define NAMES_MAX 20000

void
names_init(struct names *s)
{
	memset(s, 0, sizeof(*s));
}

void
names_release(struct names *s)
{
	free(s->v);
	names_init(s);
}

static struct name *
add(struct names *s, enum name_kind kind, const char *coin)
{
	size_t n = strlen(coin);
	struct name *name;

	if (!symbol_valid(coin, n) || s->n >= NAMES_MAX)
		return NULL;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 256 : s->cap * 2;

		name = realloc(s->v, cap * sizeof(*name));
		if (name == NULL)
			return NULL;
		s->v = name;
		s->cap = cap;
	}
	name = &s->v[s->n++];
	memset(name, 0, sizeof(*name));
	name->kind = kind;
	memcpy(name->coin, coin, n + 1);
	return name;
}

size_t
names_add_meta(struct names *s, const struct json *meta, bool dex)
{
	const struct json *universe = json_get(meta, "universe"), *j, *gone;
	size_t i, taken = 0;

	for (i = 0; (j = json_at(universe, i)) != NULL; i++) {
		const char *coin = json_string(json_get(j, "name"));
		struct name *name;

		if (coin == NULL)
			continue;
		name = add(s, dex ? NAME_DEX : NAME_PERP, coin);
		if (name == NULL)
			continue;
		gone = json_get(j, "isDelisted");
		name->delisted =
		    gone != NULL && gone->type == JSON_BOOL && gone->boolean;
		taken++;
	}
	return taken;
}

/* The token's name: the list may have holes, so by its index member. */
static const char *
token_name(const struct json *tokens, const struct json *index)
{
	const struct json *j;
	size_t i;

	if (index == NULL || index->type != JSON_NUMBER)
		return NULL;
	for (i = 0; (j = json_at(tokens, i)) != NULL; i++) {
		const struct json *own = json_get(j, "index");

		if (own != NULL && own->type == JSON_NUMBER &&
		    own->number >= index->number &&
		    own->number <= index->number)
			return json_string(json_get(j, "name"));
	}
	return NULL;
}

size_t
names_add_spot(struct names *s, const struct json *spot)
{
	const struct json *tokens = json_get(spot, "tokens");
	const struct json *universe = json_get(spot, "universe"), *j;
	size_t i, taken = 0;

	for (i = 0; (j = json_at(universe, i)) != NULL; i++) {
		const char *coin = json_string(json_get(j, "name"));
		const struct json *pair = json_get(j, "tokens");
		const char *base = token_name(tokens, json_at(pair, 0));
		const char *quote = token_name(tokens, json_at(pair, 1));
		char pair_name[2 * SYMBOL_TEXT_MAX] = "";
		struct name *name;

		if (coin == NULL || (name = add(s, NAME_SPOT, coin)) == NULL)
			continue;
		taken++;
		if (base != NULL && quote != NULL &&
		    (size_t)snprintf(pair_name, sizeof(pair_name), "%s/%s",
			base, quote) <= SYMBOL_LEN_MAX)
			memcpy(name->pair, pair_name, sizeof(name->pair));
	}
	return taken;
}

const struct name *
names_find(const struct names *s, const char *coin)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].coin, coin) == 0)
			return &s->v[i];
	return NULL;
}

const struct name *
names_find_pair(const struct names *s, const char *pair)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->v[i].pair, pair) == 0)
			return &s->v[i];
	return NULL;
}

/* ---- suggestions --------------------------------------------------------- */

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Changes of one letter (put in, taken out, replaced) that make b of a,
 * whatever the case: Levenshtein's distance, by rows. */
static int
distance(const char *a, const char *b)
{
	int row[SYMBOL_TEXT_MAX], na = (int)strlen(a), nb = (int)strlen(b);
	int i, j, corner, up;

	for (j = 0; j <= nb; j++)
		row[j] = j;
	for (i = 1; i <= na; i++) {
		corner = row[0];
		row[0] = i;
		for (j = 1; j <= nb; j++) {
			up = row[j];
			row[j] = corner + (lower(a[i - 1]) != lower(b[j - 1]));
			if (up + 1 < row[j])
				row[j] = up + 1;
			if (row[j - 1] + 1 < row[j])
				row[j] = row[j - 1] + 1;
			corner = up;
		}
	}
	return row[nb];
}

/* How far the name is from what was asked; 0 is best, above
 * 2 * DISTANCE_MAX is none. */
static int
far(const struct name *name, const char *coin)
{
	const char *colon = strchr(name->coin, ':');
	const char *slash = strchr(name->pair, '/');
	size_t n = strlen(coin);
	int d;

	if (strcasecmp(name->coin, coin) == 0)
		return 0;
	if ((colon != NULL && strcasecmp(colon + 1, coin) == 0) ||
	    (name->coin[0] == 'k' && strcasecmp(name->coin + 1, coin) == 0))
		return 1;
	if (strcasecmp(name->pair, coin) == 0)
		return 1;
	if (slash != NULL && (size_t)(slash - name->pair) == n &&
	    strncasecmp(name->pair, coin, n) == 0)
		return 2;
	d = distance(coin, name->coin);
	/* Two letters of three changed is another name. */
	return d <= DISTANCE_MAX && (size_t)d * 3 <= n + 2 ? 2 + d : 1000;
}

size_t
names_suggest(const struct names *s, const char *coin,
    const struct name *out[NAMES_SUGGESTIONS])
{
	int best[NAMES_SUGGESTIONS];
	size_t i, j, n = 0;

	for (i = 0; i < s->n; i++) {
		int d = s->v[i].delisted ? 1000 : far(&s->v[i], coin);

		if (d >= 1000)
			continue;
		for (j = n; j > 0 && best[j - 1] > d; j--) {
			if (j == NAMES_SUGGESTIONS)
				continue;
			best[j] = best[j - 1];
			out[j] = out[j - 1];
		}
		if (j == NAMES_SUGGESTIONS)
			continue;
		best[j] = d;
		out[j] = &s->v[i];
		if (n < NAMES_SUGGESTIONS)
			n++;
	}
	return n;
}

void
names_print_suggestions(
    const struct names *s, const char *coin, struct buf *out)
{
	const struct name *like[NAMES_SUGGESTIONS];
	size_t i, n = names_suggest(s, coin, like);

	for (i = 0; i < n; i++) {
		buf_addf(out, "%s%s", i == 0 ? "; did you mean " : ", ",
		    like[i]->coin);
		if (like[i]->pair[0] != '\0' &&
		    strcmp(like[i]->pair, like[i]->coin) != 0)
			buf_addf(out, " (%s)", like[i]->pair);
	}
	if (n > 0)
		buf_addc(out, '?');
}
