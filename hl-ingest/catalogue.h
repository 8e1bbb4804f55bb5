/*
 * catalogue: fetch all names of the exchange: spotMeta, meta, perpDexs, and
 * the meta of each dex, one after the other, inside the weight budget.
 * Only fetched when something needs it: a spot pair to be resolved, a refused
 * coin to make suggestions for, --list. As long as coins are refused it is
 * read again now and then, for one of them may have been listed.
 */
#ifndef HL_INGEST_CATALOGUE_H
#define HL_INGEST_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hl-ingest/names.h"
#include "hl-ingest/rest.h"

#define CATALOGUE_DEXES_MAX 64
#define CATALOGUE_TRIES	    3
#define CATALOGUE_AGAIN_MS  INT64_C(600000)

enum catalogue_part {
	CATALOGUE_SPOT,
	CATALOGUE_PERPS,
	CATALOGUE_DEX_LIST,
	CATALOGUE_DEXES,
	CATALOGUE_DONE,
};

struct catalogue {
	struct rest *rest;
	struct names names; /* as of the last reading */
	struct names fresh; /* as of one that goes on, but for the first */
	unsigned readings; /* complete or not */
	enum catalogue_part part; /* the next to be fetched */
	char dexes[CATALOGUE_DEXES_MAX][SYMBOL_TEXT_MAX];
	size_t n_dexes, next_dex;
	bool wanted, asked;
	bool incomplete; /* a part could not be had */
	bool heard; /* the exchange answered something, ever */
	bool aloud; /* failures are for the user's eyes at once */
	int tries;
	int64_t not_before_ms; /* monotonic */
	int64_t read_ms; /* monotonic, end of the last reading */
};

void catalogue_init(struct catalogue *c, struct rest *rest);
void catalogue_release(struct catalogue *c);
/* Begin, unless it has begun. */
void catalogue_want(struct catalogue *c);
/* Read anew, if the last reading is CATALOGUE_AGAIN_MS ago. The names stay
 * until all new ones are there. */
void catalogue_again(struct catalogue *c);
/* Spot pairs can be resolved; everything is there (as far as it could be
 * had). */
bool catalogue_has_spot(const struct catalogue *c);
bool catalogue_done(const struct catalogue *c);
/* Send the next request when there is one and the budget allows. The
 * monotonic time at which to call again; INT64_MAX while there is nothing to
 * do or an answer is awaited. */
int64_t catalogue_step(struct catalogue *c);

#endif
