/*
 * sim: the exchange as a whole, and a connection to it.
 *
 * A connection speaks HTTP until it is upgraded. What it asks goes to
 *	/ws	upgrade.c, then feed.c	subscriptions and frames
 *	/info	rest.c			candles and descriptions
 *	/sim/…	admin.c			for the tests
 * and everything that is sent back passes peer.c, where most of the
 * misbehaviour lives.
 */
#ifndef TESTS_SIM_SIM_H
#define TESTS_SIM_SIM_H

#include <stdbool.h>
#include <stdio.h>

#include "tests/sim/budget.h"
#include "tests/sim/fault.h"
#include "tests/sim/market.h"
#include "tests/sim/simclock.h"
#include "tests/sim/stats.h"
#include "tests/wire/http.h"
#include "tests/wire/loop.h"
#include "tests/wire/stream.h"

struct subscription;

struct sim_options {
	const char *address;
	int port;
	const char *port_file;
	int64_t idle_ms; /* server silence that ends a connection */
	int64_t retain; /* closed bars that REST keeps */
	int64_t latency_ms; /* trade to frame, simulated */
	int64_t tail_ppm; /* share of bars whose last trade gets no frame */
	int64_t hold; /* candle subscriptions before the clock runs */
	bool greet; /* the old text as the first frame */
	bool exit_at_end;
	FILE *frames_log;
};

struct sim {
	struct sim_options opt;
	struct loop loop;
	struct listener listener;
	struct tls_server *tls; /* NULL: none */
	struct simclock clock;
	struct timerq events; /* due in simulated us */
	struct market market;
	struct faults faults;
	struct budget budget;
	struct stats stats;
	struct peer *peers;
	uint64_t n_peers; /* ever */
	size_t subscriptions; /* of every type, live */
	struct timer mids_timer; /* allMids */
	struct subscription *mids;
	bool started; /* the clock has run */
	bool counted; /* a counter moved since the last sim_settle() */
};

struct peer {
	struct peer *prev, *next;
	struct sim *sim;
	struct stream stream;
	struct loop_grave grave;
	int64_t number;
	/* HTTP: an answer under way that is not in the output yet. */
	bool busy;
	bool parsing; /* in requests(): do not enter it again */
	bool admin; /* the request at hand is a test's */
	bool keep_alive;
	char type[32]; /* of the info request at hand */
	struct buf answer;
	size_t dripped;
	bool drip;
	struct timer timer; /* of the answer; of the idle close when ws */
	/* A test that waits for counters (admin.c). */
	bool waiting;
	uint64_t goal[STATS_COUNT];
	int64_t goal_ms;
	/* WebSocket. */
	bool ws;
	bool mute; /* half-open */
	bool closing; /* a close frame was sent */
	bool full; /* reads too slowly: to be dropped */
	int64_t last_sent_us;
	struct buf message; /* fragments so far */
	struct buf held; /* frames kept back by a stall */
	struct buf acks; /* kept back: length-prefixed texts */
	size_t n_acks;
	struct timer ack_timer;
	struct subscription *subscriptions;
	struct timer drop_timer;
};

int sim_init(struct sim *s, struct err *e);
void sim_release(struct sim *s);
/* Let the clock run once enough subscriptions are there. */
void sim_maybe_start(struct sim *s);
/* Do what is due up to now; the longest wait in real us or -1. */
int64_t sim_step(void *arg);
/* MANUAL: move the clock by ms, doing all that is due on the way. */
void sim_advance(struct sim *s, int64_t ms);
/* How long a duration on the exchange's clock is in real us: a client whose
 * clock runs as fast as ours has its timeouts on that clock. As long as it
 * says when the clock jumps or stands. */
int64_t sim_real_us(const struct sim *s, int64_t us);
/* Whether the coin is listed: a fault may say that it is not yet. */
bool sim_lists(struct sim *s, const struct coin *c);
/* The coin that is listed by this name, or NULL. */
struct coin *sim_coin(struct sim *s, const char *name);
/* Add to a counter. Faults that wait for it begin at the next sim_settle(),
 * as they may end the very connection that is being served. */
void sim_count(struct sim *s, enum stats_id id, uint64_t n);
void sim_settle(struct sim *s);

#endif
