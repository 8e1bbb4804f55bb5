/*
 * feed: the WebSocket API: subscriptions, their acknowledgements, and the
 * frames that trades make.
 */
#ifndef TESTS_SIM_FEED_H
#define TESTS_SIM_FEED_H

#include "tests/sim/sim.h"

enum feed_type {
	FEED_CANDLE,
	FEED_CTX, /* activeAssetCtx */
	FEED_TRADES,
	FEED_BBO,
	FEED_BOOK, /* l2Book */
	FEED_MIDS, /* allMids */
	FEED_TYPE_COUNT
};

struct subscription {
	struct peer *peer;
	struct subscription *peer_next; /* of this connection */
	struct subscription **list; /* the others to the same thing */
	struct subscription *next;
	enum feed_type type;
	struct coin *coin; /* NULL: of no coin */
	struct series *series; /* FEED_CANDLE */
	bool dead; /* gets nothing (fault) */
	struct buf held; /* a frame kept back to come too late */
	struct buf old; /* the last frame of the bar before */
	struct buf last;
	int64_t last_t;
};

/* A text message from a client. */
void feed_message(struct peer *p, const char *text, size_t n);
/* The connection ends: its subscriptions with it. */
void feed_leave(struct peer *p);

#endif
