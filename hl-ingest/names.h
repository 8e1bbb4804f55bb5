/*
 * names: what the exchange calls its markets, and what people call them.
 *
 *	perpetuals	BTC, kPEPE (case counts)	meta
 *	of a dex	xyz:NVDA			perpDexs, meta of each
 *	spot		PURR/USDC, and @107 for others	spotMeta
 *
 * "HYPE/USDC" is how people name @107; the pair is found by its tokens.
 */
#ifndef HL_INGEST_NAMES_H
#define HL_INGEST_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/candle.h"
#include "common/json.h"

enum name_kind { NAME_PERP, NAME_DEX, NAME_SPOT };

struct name {
	enum name_kind kind;
	bool delisted;
	char coin[SYMBOL_TEXT_MAX]; /* as it is subscribed */
	char pair[SYMBOL_TEXT_MAX]; /* spot: "HYPE/USDC", else "" */
};

struct names {
	struct name *v;
	size_t n, cap;
};

/* Most suggestions given for one name. */
#define NAMES_SUGGESTIONS 3

void names_init(struct names *s);
void names_release(struct names *s);
/* Take in the answers to {"type":"meta"[,"dex"]} and {"type":"spotMeta"}; what
 * is not as expected is left out. The number of names taken. */
size_t names_add_meta(struct names *s, const struct json *meta, bool dex);
size_t names_add_spot(struct names *s, const struct json *spot);

/* The market of this exact name, or NULL. */
const struct name *names_find(const struct names *s, const char *coin);
/* The spot market of a pair ("HYPE/USDC"), or NULL. */
const struct name *names_find_pair(const struct names *s, const char *pair);
/* Names like this one, best first: the same but for case, with a "k" or a
 * dex before it, as a spot pair, or a letter or two apart. */
size_t names_suggest(const struct names *s, const char *coin,
    const struct name *out[NAMES_SUGGESTIONS]);

/* Append "; did you mean kPEPE?", or nothing when no name is like it. */
void names_print_suggestions(
    const struct names *s, const char *coin, struct buf *out);

#endif
