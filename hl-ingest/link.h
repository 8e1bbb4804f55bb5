/*
 * link: when to connect, when to ping, when to give a connection up. Policy
 * alone: it is told what happened and says what to do; link.c opens nothing.
 *
 * - The server closes a connection on which it said nothing for 60 s: ping
 *   every 30 s (less a little, drawn anew each time). If nothing at all comes
 *   within 10 s of a ping, the connection is dead, whatever the socket says.
 * - After a loss: wait a random share of 1 s, 2 s, 4 s … 60 s. The doubling
 *   starts over only after a connection delivered data for 30 s, or a server
 *   that accepts and drops would be hammered.
 * - Close code 1000 ("Expired") is the exchange's normal rotation: at once.
 * - At most 30 new connections a minute from an address: use fewer.
 * Times are of a monotonic clock in ms.
 */
#ifndef HL_INGEST_LINK_H
#define HL_INGEST_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "hl-ingest/budget.h"

#define LINK_PING_MS	   30000
#define LINK_PONG_MS	   10000
#define LINK_CONNECT_MS	   15000
#define LINK_PROVEN_MS	   30000
#define LINK_BACKOFF_BASE  1000
#define LINK_BACKOFF_CAP   60000
#define LINK_CLOSE_EXPIRED 1000

enum link_state { LINK_DOWN, LINK_CONNECTING, LINK_UP };

enum link_action {
	LINK_NOTHING,
	LINK_CONNECT, /* begin a connection */
	LINK_PING, /* send a ping */
	LINK_GIVE_UP, /* close: it did not come up, or is dead */
};

struct link {
	enum link_state state;
	int failed; /* in a row */
	int64_t connect_at_ms;
	int64_t deadline_ms; /* of connecting */
	int64_t opened_ms, data_ms; /* data_ms: the last frame, or -1 */
	int64_t ping_at_ms;
	int64_t pong_by_ms; /* -1: no ping is waiting */
	uint64_t lost; /* connections that were up */
	struct budget connects;
};

void link_init(struct link *l, int64_t now_ms);
/* What is to be done now; call again until LINK_NOTHING. */
enum link_action link_next(struct link *l, int64_t now_ms);
/* When link_next() has something to say, at the latest. */
int64_t link_due(struct link *l, int64_t now_ms);
void link_opened(struct link *l, int64_t now_ms);
/* Any frame came; data: one that is no pong. */
void link_frame(struct link *l, int64_t now_ms, bool data);
/* Closed by either side or never opened; code 0 without a close frame. */
void link_closed(struct link *l, int64_t now_ms, int code);

#endif
