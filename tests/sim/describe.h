/*
 * describe: what the exchange tells of its coins besides candles: the lists
 * (meta, spotMeta, perpDexs), prices (allMids), contexts, books, trades.
 * Values that nobody checks are plausible inventions around the last price.
 */
#ifndef TESTS_SIM_DESCRIBE_H
#define TESTS_SIM_DESCRIBE_H

#include "tests/sim/sim.h"

/* Each appends one JSON value. dex is "" for the main one. */
void describe_meta(struct sim *s, const char *dex, struct buf *out);
void describe_meta_and_ctxs(struct sim *s, const char *dex, struct buf *out);
void describe_spot_meta(struct sim *s, struct buf *out);
void describe_spot_meta_and_ctxs(struct sim *s, struct buf *out);
void describe_dexs(struct sim *s, struct buf *out);
void describe_mids(struct sim *s, const char *dex, struct buf *out);
/* A whole frame of activeAssetCtx or activeSpotAssetCtx. */
void describe_ctx_frame(struct sim *s, struct coin *c, struct buf *out);
/* The l2Book answer, or the frame around it. */
void describe_book(struct sim *s, struct coin *c, bool frame, struct buf *out);
/* Frames of trades within [from, to] and of the best bid and ask; nothing is
 * appended when nothing traded. */
void describe_trades(struct sim *s, struct coin *c, int64_t from_ms,
    int64_t to_ms, struct buf *out);
void
describe_bbo(struct sim *s, struct coin *c, int64_t time_ms, struct buf *out);

#endif
