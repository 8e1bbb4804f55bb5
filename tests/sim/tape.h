/*
 * tape: all that ever trades in a coin, cut into base bars (of a minute, or
 * as long as the recorded bars are). Two kinds: invented from a seed
 * (tape_synth.c) and recorded (tape_record.c). Both give the trades of a base
 * bar on demand, the same ones each time; bars of every length and at every
 * moment are sums over them.
 *
 * Two things change the past as clients see it. A *loss* at time R is a
 * server that lost its state (2025-04-20 on the real exchange): a bar open at
 * R keeps its open and counts high, low, close, volume and trades from R on.
 * A *halt* is a time without trades.
 */
#ifndef TESTS_SIM_TAPE_H
#define TESTS_SIM_TAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/sim/bar.h"

struct tape;

struct tape_ops {
	/* Write the trades of the base bar that opens at t, in order of time,
	 * at most max; how many. */
	size_t (*trades)(
	    const struct tape *tp, int64_t t, struct trade *out, size_t max);
	/* Whether there is a bar at t at all. */
	bool (*exists)(const struct tape *tp, int64_t t);
	/* The price before the first trade of the base bar at t, when no
	 * earlier bar tells. */
	int64_t (*price)(const struct tape *tp, int64_t t);
	void (*release)(struct tape *tp);
};

struct tape_loss {
	int64_t at;
	bool rest; /* REST has lost it, too */
};

struct tape_halt {
	int64_t from, to;
};

/* What concerns all tapes; owned by the market. */
struct tape_events {
	struct tape_loss *losses;
	size_t n_losses;
	struct tape_halt *halts;
	size_t n_halts;
	unsigned generation; /* grows with each change */
};

struct tape {
	const struct tape_ops *ops;
	void *self;
	const struct tape_events *events;
	int64_t step;
	int64_t first; /* open time of the first base bar */
	int64_t last; /* open time of the last one; INT64_MAX: no end */
	size_t max_trades; /* in one base bar */
	/* Whole base bars already summed; t is -1 where not. */
	struct bar *bars;
	size_t n_bars;
	/* The trades of the base bar looked at last. */
	struct trade *trades;
	size_t n_trades;
	int64_t trades_t;
	unsigned trades_generation;
};

void tape_init(struct tape *tp, const struct tape_ops *ops, void *self,
    const struct tape_events *events, int64_t step, int64_t first, int64_t last,
    size_t max_trades);
void tape_release(struct tape *tp);

/* The trades of the base bar that opens at t; valid until the next call. */
size_t tape_trades(struct tape *tp, int64_t t, const struct trade **out);
/* Time of the first trade after after_ms, looked for in the next few hundred
 * base bars; with *found false, where to go on looking. */
int64_t tape_next(struct tape *tp, int64_t after_ms, bool *found);

/* Whose losses count. */
enum tape_view {
	TAPE_WHOLE, /* nobody's */
	TAPE_REST, /* what REST knows */
	TAPE_FRAME, /* what frames say */
};

/*
 * The bar from t up to (not with) end as it is known at now_ms, by trades of
 * time <= now_ms. False when the tape has no such bar at that time.
 */
bool tape_bar(struct tape *tp, int64_t t, int64_t end, int64_t now_ms,
    enum tape_view view, struct bar *out);

#endif
