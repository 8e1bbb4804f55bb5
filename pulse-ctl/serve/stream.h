/*
 * stream: new alerts for those who wait for them, whoever wrote them. One
 * query a poll asks the store for its newest alert; the new ones are printed
 * once and kept in a ring for all subscribers. Who lags behind the ring, or
 * resumes from before it, reads from the store until it has caught up.
 */
#ifndef PULSE_CTL_SERVE_STREAM_H
#define PULSE_CTL_SERVE_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/uuid.h"
#include "db/store.h"

/* New alerts are seen this long after their commit at most, and are then
 * written at once. */
#define STREAM_POLL_MS	    20
#define STREAM_KEEPALIVE_MS 15000
#define STREAM_RING	    512

enum stream_form {
	STREAM_NONE,
	STREAM_SSE,
	STREAM_NDJSON,
};

struct stream_event {
	int64_t seq;
	struct uuid rule_id;
	char symbol[SYMBOL_TEXT_MAX];
	/* "id: …\ndata: {…}\n\n"; the JSON alone is part of it. */
	char *text;
	size_t len, json_from, json_len;
};

/* Which alerts a subscriber asked for. */
struct stream_filter {
	bool has_rule;
	struct uuid rule_id;
	char symbol[SYMBOL_TEXT_MAX]; /* empty: any */
};

struct stream {
	struct store *st;
	struct stream_event ring[STREAM_RING];
	size_t first, n;
	int64_t newest; /* seq up to which the ring is complete */
	int64_t floor; /* events after this one are in the ring */
	bool started;
};

void stream_init(struct stream *s, struct store *st);
void stream_release(struct stream *s);
/* Begin to watch (or go on): the newest seq is where new ones start. */
int stream_start(struct stream *s, int64_t *seq, struct err *e);
/* Nobody watches any more: the ring is given back. */
void stream_stop(struct stream *s);
/* Look for new alerts: 1 when there are, 0, or -1. */
int stream_poll(struct stream *s, struct err *e);
/*
 * Append what comes after *seq in the given form until out holds max bytes or
 * there is no more, and move *seq. 1 when more is waiting, 0, or -1.
 */
int stream_next(struct stream *s, const struct stream_filter *f,
    enum stream_form form, int64_t *seq, struct buf *out, size_t max,
    struct err *e);

#endif
