/*
 * feed: the whole of a running hl-ingest: the series, what they are fed from
 * (a WebSocket connection, REST, the rules in the store) and where they print.
 *
 *	feed.c		open, run, close; the list of series; the timer
 *	begin.c		what a series needs to be followed; refusals
 *	connect.c	the connection: resolve, connect, subscribe, frames
 *	backfill.c	which series asks REST next; its answers
 *	past.c		older bars, when rules need more than there are
 *	follow.c	the series that the rules need
 *	report.c	records on stdout, counters, heartbeats
 */
#ifndef HL_INGEST_FEED_H
#define HL_INGEST_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/http.h"
#include "common/interval.h"
#include "db/store.h"
#include "hl-ingest/catalogue.h"
#include "hl-ingest/exclock.h"
#include "hl-ingest/latency.h"
#include "hl-ingest/link.h"
#include "hl-ingest/out.h"
#include "hl-ingest/resolve.h"
#include "hl-ingest/rest.h"
#include "hl-ingest/series.h"
#include "hl-ingest/subscriptions.h"
#include "hl-ingest/ws.h"

enum feed_confirm {
	FEED_CONFIRM_AUTO, /* hold where the budget can confirm in time */
	FEED_CONFIRM_HOLD,
	FEED_CONFIRM_AFTER,
	FEED_CONFIRM_OFF,
};

struct feed_options {
	const char *url; /* of the exchange, without a path */
	const char *ca_file;
	const char *db; /* as -d, or NULL */
	enum feed_confirm confirm;
	bool poll, rules, closed_only, ctx, strict_order;
	int64_t grace_ms, settle_ms, wait_ms, poll_ms;
	int64_t budget_percent; /* of the exchange's REST weight */
	int64_t warmup_bars; /* of a new series; -1: rules 5,000, others 0 */
};

enum member_state {
	MEMBER_NEW, /* waits for its name or for the clock */
	MEMBER_WAITS, /* for a place among the subscriptions */
	MEMBER_ACTIVE,
	MEMBER_REFUSED, /* until the exchange lists it */
	MEMBER_GONE, /* removed; freed when no answer is awaited */
};

/* Bars before those that a series began with, for rules that need them. */
struct past {
	int64_t planned; /* as many bars are seen to */
	int64_t from_ms, to_ms; /* wanted: opening times, to_ms exclusive */
	bool asked;
	int64_t not_before_ms; /* exchange's clock */
};

/* A series and what the feed knows about it. */
struct member {
	struct feed *feed;
	enum member_state state;
	char asked[SYMBOL_TEXT_MAX]; /* as it was asked for */
	char coin[SYMBOL_TEXT_MAX]; /* as the exchange names it */
	interval_id interval;
	bool operand, by_rule;
	bool seen; /* while the rules are read */
	int64_t warmup_bars;
	int slot; /* subscription, or -1 */
	struct series series; /* from MEMBER_ACTIVE on */
	struct past past;
	bool started;
	int64_t begun_ms; /* exchange's clock */
	bool dirty; /* its forming bar waits for the reader */
	bool stale_said;
	int64_t renewed_ms; /* when it was subscribed anew; monotonic */
	int failures; /* of REST, in a row */
	bool failure_said;
	/* MEMBER_REFUSED: the reason, said when suggestions are there. */
	char why[160];
	bool said;
};

struct feed_counters {
	uint64_t frames, bad_frames, candles, forming, closed, backfilled, past;
	uint64_t amended, corrected, unconfirmed, unchecked, gaps, late,
	    duplicates;
	uint64_t regressed, stale, conflated, reconnects, bad_rows;
};

struct feed {
	struct feed_options options;
	struct ws *ws;
	struct rest rest;
	struct ws_watch *rest_watch, *out_watch, *signal_watch, *resolve_watch;
	struct exclock clock;
	struct out out;
	struct buf line; /* a record in the making */
	struct catalogue catalogue;
	struct store *store;
	struct series_policy policy;

	struct member **members;
	size_t n_members, cap_members;
	struct subscriptions subscriptions;

	struct link link;
	struct resolve resolve;
	struct http_url url;
	size_t address; /* which of the resolved is next */

	struct feed_counters count;
	struct latency latency;
	int64_t message_us; /* receipt of the oldest frame not yet written */
	int64_t frames_unwritten;

	int signal_fd;
	bool stop, failed;
	/* When to do what is due; clock_mono_us(). */
	int64_t step_at_us;
	int64_t start_us; /* clock_mono_us() */
	/* Deadlines on the monotonic clock. */
	int64_t clock_at_ms, beat_at_ms, rules_at_ms;
	bool clock_asked, beat_waits;
	int64_t rule_seq;
	int64_t any_warmup[INTERVAL_COUNT]; /* of rules on any symbol */
	bool limit_said, confirm_said;
	bool refused_news; /* which series are refused changed */
	bool plan_due; /* series came or went: backfill_plan() */
	unsigned readings_seen; /* of the catalogue */
};

int feed_open(struct feed *f, const struct feed_options *o, struct err *e);
void feed_close(struct feed *f);
/* Until a signal, or until nothing is left to do. An exit code. */
int feed_run(struct feed *f);

/* Follow a series (also) as an operand or for a rule. NULL: no memory. */
struct member *feed_add(struct feed *f, const char *coin, interval_id interval,
    bool by_rule, int64_t warmup_bars);
void feed_remove(struct feed *f, struct member *m);
/* Series in this state. */
size_t feed_count(const struct feed *f, enum member_state state);
/* An answer is under way that points at it. */
bool feed_awaits(const struct member *m);
/* Something is due sooner than was planned. */
void feed_kick(struct feed *f);
/* The time at the exchange; and one that surely is over there. */
int64_t feed_now(const struct feed *f);
int64_t feed_surely(const struct feed *f);
/* The exchange showed a bar that opens at this time. */
void feed_saw(struct feed *f, int64_t open_ms);

/* begin.c */
/* Begin what is new and can begin. */
void begin_step(struct feed *f);
/* Give up its subscription, and that of the coin's context with the last
 * series of the coin. */
void begin_leave(struct feed *f, struct member *m);
/* The exchange does not know it: why in words, said on stderr with
 * suggestions. Tried again when the exchange lists it. */
void begin_refuse(struct feed *f, struct member *m, const char *why);
/* Say refusals of which all is known that can be suggested; bring back what
 * is listed by now. */
void begin_refusals(struct feed *f);

/* connect.c */
/* For struct ws_ops. */
void connect_opened(void *feed);
void connect_message(void *feed, const char *text, size_t n);
void connect_closed(void *feed, int code, const char *reason);
int connect_open(struct feed *f, struct err *e);
void connect_close(struct feed *f);
/* Do what is due; the monotonic time of the next. */
int64_t connect_step(struct feed *f, int64_t now_ms);
/* Send what the subscriptions have to say. */
void connect_pump(struct feed *f);

/* backfill.c */
int64_t backfill_step(struct feed *f, int64_t now_ms);
/* Decide which series wait for REST before they print a bar closed. */
void backfill_plan(struct feed *f);

/* past.c */
/* See what older bars are wanted. */
void past_plan(struct feed *f);
/* The question for them, if there is one. */
void past_ask(const struct member *m, struct series_ask *ask);
/* Its answer: rows, ascending; or ask again after a time. */
void past_rows(struct member *m, const struct candle *rows, size_t n);
void past_failed(struct member *m);

/* follow.c */
int follow_open(struct feed *f, struct err *e);
int64_t follow_step(struct feed *f, int64_t now_ms);
/* Leave the counters in the store; ended: for the last time. */
void follow_beat(struct feed *f, bool ended);
/* The newest closed bar in the store, or -1. */
int64_t follow_last(struct feed *f, const struct member *m);
/* How many bars before before_ms the store has of the series, and the oldest's
 * opening time (before_ms when there is none). */
int64_t follow_stored(struct feed *f, const struct member *m, int64_t before_ms,
    int64_t *oldest_ms);

/* report.c */
extern const struct series_ops report_ops;
void report_ctx(struct feed *f, const struct frame_ctx *ctx);
/* Bars older than those that were printed, all of which there will be. */
void report_past(struct member *m, const struct candle *rows, size_t n);
int64_t report_step(struct feed *f, int64_t now_ms);
/* Write what the reader takes, forming bars of slow times included. */
void report_flush(struct feed *f);
void report_end(struct feed *f);
/* Append the counters as a JSON object. */
void report_counters(struct feed *f, struct buf *out);

#endif
