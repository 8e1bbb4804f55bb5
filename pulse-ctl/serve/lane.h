/*
 * lane: reads that take long, in a process of their own. The event loop has
 * one thread, and a list that begins 900,000 rules deep, or a filter that
 * fits one alert in a million, walks an index for a tenth of a second and
 * more. Such a request goes to the lane, which answers one at a time, while
 * the loop goes on with the others.
 *
 * The process is forked before the store is opened (a connection of SQLite
 * must not be carried over) and opens it with its first request. It ends when
 * its socket does. What crosses the socket is a request's head as it came,
 * already judged, and the answer's status and body.
 */
#ifndef PULSE_CTL_SERVE_LANE_H
#define PULSE_CTL_SERVE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "common/buf.h"
#include "common/err.h"
#include "pulse-ctl/serve/api.h"

/* A read may take so long in the loop before it is sent here. */
#define LANE_BUDGET_US 5000
/* With more to leave out than this it is sent here at once. */
#define LANE_OFFSET 2000
/* What takes longer than this here is refused. */
#define LANE_LIMIT_US (20 * 1000000)

struct lane {
	int fd; /* -1: there is none */
	pid_t pid;
	struct buf in; /* of an answer */
};

/* Start the process. db is store_open()'s. 0 or -1. */
int lane_open(struct lane *l, const char *db, const struct api_config *config,
    struct err *e);
/* End it. */
void lane_close(struct lane *l);

/* Hand over a request whose head has n bytes; one at a time. 0, or -1 when
 * the lane is gone. */
int lane_ask(struct lane *l, const struct exchange *x, const char *head,
    size_t n, struct err *e);
/* Take what is there of the answer: 1 when it is whole and in x (NULL: nobody
 * waits for it any more), 0, or -1 when the lane is gone. */
int lane_answer(struct lane *l, struct exchange *x, struct err *e);

#endif
