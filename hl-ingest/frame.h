/*
 * frame: what the exchange says in one WebSocket message.
 *
 *	{"channel":"candle","data":{…}}			one object; an array
 *							is taken as well
 *	{"channel":"subscriptionResponse","data":{"method":"subscribe",
 *	  "subscription":{"type":"candle","interval":"1m","coin":"BTC"}}}
 *	{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":{…}}}
 *	{"channel":"pong"}
 *	{"channel":"error","data":"Invalid subscription {…}"}
 *
 * An acknowledgement is a normalised echo (other order, members added), so it
 * is named by its (type, coin, interval) and never by its text. An error
 * carries the request only as JSON text inside its sentence.
 */
#ifndef HL_INGEST_FRAME_H
#define HL_INGEST_FRAME_H

#include <stdbool.h>
#include <stddef.h>

#include "common/candle.h"
#include "common/err.h"

enum frame_kind {
	FRAME_CANDLE,
	FRAME_SUBSCRIBED,
	FRAME_UNSUBSCRIBED,
	FRAME_CTX,
	FRAME_PONG,
	FRAME_ERROR,
	FRAME_OTHER, /* another channel, or the plain text of old servers */
	FRAME_BAD, /* err says why */
};

enum frame_error {
	FRAME_ERROR_INVALID, /* no such coin or interval: permanent */
	FRAME_ERROR_MALFORMED, /* the request was not understood: permanent */
	FRAME_ERROR_ALREADY, /* is subscribed: as good as an ack */
	FRAME_ERROR_NOT_SUBSCRIBED, /* "Already unsubscribed" */
	FRAME_ERROR_TOO_MANY_CHANNELS,
	FRAME_ERROR_TOO_MANY_MESSAGES,
	FRAME_ERROR_OTHER,
};

enum frame_type {
	FRAME_TYPE_CANDLE,
	FRAME_TYPE_CTX, /* activeAssetCtx */
	FRAME_TYPE_OTHER,
};

/* A subscription as the exchange names it. */
struct frame_subscription {
	bool known; /* false: the frame did not tell */
	enum frame_type type;
	int interval; /* interval_id, or -1 */
	char coin[SYMBOL_TEXT_MAX];
};

/* Longest decimal of a context, and its NUL. */
#define FRAME_NUMBER_MAX 40

/* Context of a coin; "" where the exchange said null. */
struct frame_ctx {
	char coin[SYMBOL_TEXT_MAX];
	char mark[FRAME_NUMBER_MAX], oracle[FRAME_NUMBER_MAX];
	char mid[FRAME_NUMBER_MAX], funding[FRAME_NUMBER_MAX];
	char open_interest[FRAME_NUMBER_MAX], premium[FRAME_NUMBER_MAX];
	char day_volume[FRAME_NUMBER_MAX];
};

struct frame {
	enum frame_kind kind;
	/* FRAME_CANDLE: how many of an array were no candles. */
	size_t bad;
	struct frame_subscription subscription;
	struct frame_ctx ctx;
	enum frame_error error;
	char text[256]; /* FRAME_ERROR: the sentence, cut to fit */
};

/* Given each candle of a frame: state and receive time are unset. */
typedef void frame_candle_fn(void *arg, const struct candle *c);

/* Take one message apart. e is set for FRAME_BAD, and when bad > 0. */
enum frame_kind frame_parse(struct frame *f, const char *text, size_t n,
    frame_candle_fn *fn, void *arg, struct err *e);

/*
 * The rows of a candleSnapshot: a JSON array of candles, given to fn one by
 * one. The number of rows, or -1 when it is no such array. *bad counts
 * elements that are no candles; e then names the first.
 */
long frame_parse_rows(const char *text, size_t n, frame_candle_fn *fn,
    void *arg, size_t *bad, struct err *e);

#endif
