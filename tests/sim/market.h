/*
 * market: the coins that the exchange lists and the series (coin, interval)
 * that come of their tapes.
 */
#ifndef TESTS_SIM_MARKET_H
#define TESTS_SIM_MARKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"
#include "common/interval.h"
#include "tests/sim/tape.h"
#include "tests/wire/timerq.h"

#define MARKET_COIN_MAX 48

struct coin;
struct sim;
struct subscription;

/* What plays a tape to those who subscribed to a series of it (feed.c). */
struct player {
	struct timer timer;
	struct sim *sim;
	struct coin *coin;
	int64_t time_ms; /* of the trade that comes next */
	bool waiting; /* no trade found yet; go on looking then */
	size_t listeners;
};

struct series {
	struct coin *coin;
	struct tape *tape;
	interval_id interval;
	int64_t step;
	struct subscription *subscriptions;
	/* The closed part of the forming bar, to spare the long intervals
	 * the summing at each frame. */
	struct bar part;
	int64_t part_t, part_end;
	unsigned part_generation;
	uint64_t frames;
};

enum coin_kind { COIN_PERP, COIN_SPOT, COIN_HIP3 };

struct coin {
	char name[MARKET_COIN_MAX];
	enum coin_kind kind;
	struct bar_scale scale;
	bool delisted;
	struct tape *tapes; /* each (coin, length) that has data of its own */
	struct player *players; /* one a tape */
	size_t n_tapes;
	struct series *series[INTERVAL_COUNT]; /* made when asked for */
	struct subscription *ctx_subscriptions;
	struct timer ctx_timer;
	struct sim *sim;
};

struct market {
	struct coin **coins;
	size_t n_coins, cap_coins;
	struct coin **table; /* by name, open addressing */
	size_t n_table;
	struct tape_events events;
	uint64_t seed;
	int64_t first_ms; /* from when on invented coins trade */
	size_t frames; /* of a recorded bar, at most */
	int64_t recorded_from, recorded_to; /* -1: nothing recorded */
};

void market_init(struct market *m, uint64_t seed, int64_t first_ms);
void market_release(struct market *m);
/*
 * List an invented coin: "NAME[,px=..][,rate=..][,quiet=..][,vol=..][,sz=..]
 * [,delisted]": price, trades a second, share of silent minutes (0..1),
 * volatility (1), decimals of sizes.
 */
int market_add_synth(struct market *m, const char *spec, struct err *e);
/*
 * List the coins of recorded NDJSON files (candle records; of several states
 * of one bar the last one counts), every time moved by shift_ms.
 */
int market_add_records(struct market *m, const char *const *paths, size_t n,
    int64_t shift_ms, struct err *e);
/* The times that recorded files cover: the open of the first bar, the last
 * millisecond of the last one, the longest interval. */
int market_scan_records(const char *const *paths, size_t n, int64_t *from,
    int64_t *to, int64_t *longest, struct err *e);

struct coin *market_coin(struct market *m, const char *name, size_t n);
/* NULL when the coin has no such interval (recorded ones have what was
 * recorded and what sums up from that). */
struct series *
market_series(struct market *m, struct coin *c, interval_id interval);
/* The bar of the series that opens at t, as known at now_ms (see tape.h). */
bool market_bar(struct series *s, int64_t t, int64_t now_ms,
    enum tape_view view, struct bar *out);
/* Open time of the oldest and newest bar there is at now_ms. False: none. */
bool market_range(
    struct series *s, int64_t now_ms, int64_t *oldest, int64_t *newest);
/* The last price of a coin. */
int64_t market_price(struct market *m, struct coin *c, int64_t now_ms);
/* A server loses its state (rest: REST shows it, too); nothing trades within
 * [from, to). */
void market_lose(struct market *m, int64_t at_ms, bool rest);
void market_halt(struct market *m, int64_t from_ms, int64_t to_ms);

#endif
