/*
 * series: the bars of one coin and interval, from open to final.
 *
 * The exchange has no "closed" flag, sends nothing for a minute without
 * trades, may lose the last frame of a bar and may send one late. Its REST
 * list is the truth, final seconds after the close. So a series keeps a
 * frontier, next_ms: every bar before it was printed closed, once, in order;
 * and three things move it:
 *
 *  1. REST rows, the one source that is always right: each final row from the
 *     frontier on is printed. Rows missing before a later row are a hole: it
 *     is asked for again until it is old enough to be given up as a gap.
 *  2. In SERIES_CONFIRM_AFTER and _OFF also frames: the bar at the frontier
 *     closes with its last frame when a later one comes or the exchange's
 *     clock passes its end by grace_ms. AFTER has REST check it later.
 *  3. In SERIES_CONFIRM_HOLD, after wait_ms without an answer from REST, the
 *     frame as well: then as in AFTER.
 *
 * A series does nothing by itself: it is given frames, rows and the time, and
 * answers through struct series_ops and series_ask(). All times here are of
 * the exchange's clock.
 */
#ifndef HL_INGEST_SERIES_H
#define HL_INGEST_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/candle.h"

enum series_confirm {
	SERIES_CONFIRM_HOLD, /* a bar is printed closed when REST has it */
	SERIES_CONFIRM_AFTER, /* printed from its frames, checked later */
	SERIES_CONFIRM_OFF, /* printed from its frames */
};

/* What is the same for all series. */
struct series_policy {
	/* How long after its end a bar is over, late frames included: then it
	 * closes by its frames, or by a row of REST that trades followed. */
	int64_t grace_ms;
	/* How long after its end a row of REST is final whatever else. */
	int64_t settle_ms;
	int64_t wait_ms; /* HOLD: longest wait for REST */
	int64_t keep_bars; /* as many the exchange keeps */
	int64_t poll_ms; /* > 0: forming bars come by REST, this often */
	/* Forming bars wait for the closed ones before them. */
	bool strict_order;
	/* The reader is slow: print no bar closed from its frames now. */
	bool full;
	/* Proof of the time by the data itself: the newest bar, of any series,
	 * that the exchange has shown, and when it first did, by our clock:
	 * what we believe of the exchange's may jump in between. */
	int64_t data_ms, data_since_ms;
};

enum series_note {
	SERIES_NOTE_REGRESSED, /* a forming bar lost volume; once a bar */
	SERIES_NOTE_LATE, /* a frame of a bar already printed closed */
	SERIES_NOTE_DUPLICATE, /* a frame like the one before */
	SERIES_NOTE_AMENDED, /* closed with other values than its last frame */
	SERIES_NOTE_CORRECTED, /* REST differs from what was printed closed */
	SERIES_NOTE_UNCONFIRMED, /* REST was waited for too long */
	SERIES_NOTE_UNCHECKED, /* printed long ago, and will not be checked */
	SERIES_NOTE_STALE, /* REST has trades that no frame told */
	SERIES_NOTE_FRESH, /* frames come again */
};

struct series;

/* How a series answers. c is good until the function returns. */
struct series_ops {
	void (*forming)(void *arg, struct series *s, const struct candle *c);
	/* live: its frames came from its open to its close, without an
	 * interruption; then c->recv_ms is now. */
	void (*closed)(
	    void *arg, struct series *s, const struct candle *c, bool live);
	/* No bars from .. to (to is the last one's T); why they are missing. */
	void (*gap)(void *arg, struct series *s, int64_t from_ms, int64_t to_ms,
	    const char *reason);
	/* c: the bar it is about, or NULL. */
	void (*note)(void *arg, struct series *s, enum series_note note,
	    const struct candle *c);
};

/* Bars whose frames ended but that are not printed closed yet: more than
 * these are left to REST. */
#define SERIES_ENDED_MAX 16
/* Bars printed from frames that REST has not checked: the oldest of more are
 * given up. */
#define SERIES_UNCHECKED_MAX 1440

/* A bar printed from its frames: its values' candle_digest(). */
struct series_unchecked {
	int64_t open_ms;
	uint64_t digest;
};

struct series {
	char coin[SYMBOL_TEXT_MAX];
	interval_id interval;
	int64_t step_ms;
	const struct series_policy *policy;
	const struct series_ops *ops;
	void *arg;
	enum series_confirm confirm;

	int64_t next_ms; /* the frontier: open time */
	int64_t from_ms; /* where the series began */
	bool begun; /* a bar was printed closed; holes count from now on */

	struct candle form; /* the newest frame */
	bool have_form;
	bool form_live; /* no interruption since that frame */
	bool regressed; /* said so of this bar */
	struct candle *ended; /* ascending; last frames of bars that ended */
	size_t n_ended;
	struct series_unchecked *unchecked; /* ascending */
	size_t n_unchecked, cap_unchecked;

	bool live; /* subscribed and acknowledged */
	int64_t live_since_ms;
	int64_t frame_ms; /* when the last frame came; -1 */
	int64_t seen_ms, seen_trades; /* newest bar that a frame told */
	bool stale;
	int64_t stale_checks; /* times REST found it stale in a row */
	int64_t untold_bars,
	    untold_ms; /* bars REST alone told of; the newest */
	/* What REST listed of the newest bar, and when at the earliest: its
	 * frames may be on their way for a while. */
	int64_t listed_ms, listed_trades, listed_at_ms;
	bool suspect; /* that was enough to be found silent, once it is older */

	bool asked; /* a request is under way */
	int64_t ask_not_before_ms;
	int64_t over_ms; /* a later frame came: the frontier's bar is over */
	int64_t asked_ms; /* when it was sent; -1 never */
	/* The policy's data_ms and data_since_ms then: what was seen since says
	 * nothing of an answer that was on its way. */
	int64_t asked_data_ms, asked_data_since_ms;
	bool known; /* the exchange has answered with a row or frame */
};

enum series_urgency {
	SERIES_ASK_CONFIRM, /* a bar that traded waits for its confirmation */
	SERIES_ASK_CLOSE, /* a bar waits to be closed that frames do not close */
	SERIES_ASK_CHECK, /* nothing waits for it */
	SERIES_ASK_HISTORY, /* many bars */
};

/* A REST request that the series wants. */
struct series_ask {
	int64_t due_ms; /* INT64_MAX: none */
	int64_t from_ms; /* startTime */
	int64_t rows; /* about as many to come */
	enum series_urgency urgency;
};

/* Begin at the bar that opens at from_ms. coin is copied. begun: bars before
 * it are known, so that a hole right at the start is one. */
void series_init(struct series *s, const char *coin, interval_id interval,
    int64_t from_ms, bool begun, const struct series_policy *policy,
    const struct series_ops *ops, void *arg);
void series_release(struct series *s);

/* The subscription is acknowledged; the connection is lost. */
void series_up(struct series *s, int64_t now_ms);
void series_down(struct series *s);

void series_frame(struct series *s, const struct candle *c, int64_t now_ms);
/* Let time pass. */
void series_tick(struct series *s, int64_t now_ms);
/* When series_tick() should run next, at the latest. */
int64_t series_due(const struct series *s, int64_t now_ms);

/* What it wants of REST; then that it was sent, that it failed and is to be
 * sent again after a time, or the answer: n rows in the order they came;
 * server_ms is a moment of the exchange's clock that surely was over when it
 * answered, sent_ms one of ours when it was asked. Whether a bar is over is
 * decided by that time or by proof of the data. */
void series_ask(const struct series *s, int64_t now_ms, struct series_ask *ask);
void series_asked(struct series *s, int64_t now_ms);
void series_ask_failed(struct series *s, int64_t not_before_ms);
void series_rows(struct series *s, const struct candle *rows, size_t n,
    int64_t sent_ms, int64_t server_ms, int64_t now_ms);

#endif
