/*
 * listing: how coins come into a market: invented from a description, or read
 * from a recording. (The functions are declared in market.h; these two are
 * what they need of market.c.)
 */
#ifndef TESTS_SIM_LISTING_H
#define TESTS_SIM_LISTING_H

#include "tests/sim/market.h"

/* A new coin without tapes; n < MARKET_COIN_MAX. */
struct coin *market_new_coin(struct market *m, const char *name, size_t n);
/* Room for one more tape, to be initialised. Moves the coin's other tapes:
 * only before any series is made. */
struct tape *market_new_tape(struct coin *c);

#endif
