/*
 * loop: one epoll loop with timers, for the servers that tests talk to.
 *
 * A watch is embedded in its owner; its function runs when the descriptor is
 * ready. An owner must not free itself inside such a function (later events
 * of the same round may name it): it calls loop_bury() and is freed when the
 * round is over. SIGTERM and SIGINT stop the loop.
 */
#ifndef TESTS_WIRE_LOOP_H
#define TESTS_WIRE_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "tests/wire/timerq.h"

struct loop_watch {
	int fd;
	uint32_t events;
	void (*ready)(struct loop_watch *, uint32_t events);
};

/* Something to free after the round. */
struct loop_grave {
	struct loop_grave *next;
	void (*release)(struct loop_grave *);
};

struct loop {
	int epfd;
	int sigfd;
	bool stop;
	struct loop_watch signals;
	struct timerq timers; /* due on the monotonic clock, us */
	struct loop_grave *graves;
	/* Called before each wait; returns the longest wait in us (-1 =
	 * no limit of its own). May be NULL. */
	int64_t (*before_wait)(void *arg);
	void *arg;
};

int loop_init(struct loop *l, struct err *e);
void loop_release(struct loop *l);
/* Watch w->fd for events (EPOLLIN, ...), or change what it is watched for. */
int loop_add(struct loop *l, struct loop_watch *w, uint32_t events);
void loop_change(struct loop *l, struct loop_watch *w, uint32_t events);
void loop_remove(struct loop *l, struct loop_watch *w);
void loop_bury(
    struct loop *l, struct loop_grave *g, void (*release)(struct loop_grave *));
/* Run until l->stop. */
void loop_run(struct loop *l);

#endif
