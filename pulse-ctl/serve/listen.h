/*
 * listen: the listening socket: TCP on one address, or a unix socket under a
 * lock file, so that a second server cannot take it away from the first.
 */
#ifndef PULSE_CTL_SERVE_LISTEN_H
#define PULSE_CTL_SERVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "common/err.h"

#define LISTEN_NAME_MAX 256

struct listen {
	int fd;
	/* Of a unix socket: its path and the descriptor that holds the lock. */
	char path[LISTEN_NAME_MAX];
	int lock_fd;
	/* Kept free, to be able to turn a connection away when there is no
	 * other descriptor left. */
	int spare_fd;
	/* "http://127.0.0.1:8000" or "unix:/run/pulse.sock". */
	char name[LISTEN_NAME_MAX];
	bool loopback; /* nobody but this machine can connect */
};

/* Whether the text is an address at all: 0, or -1 with a sentence. */
int listen_check(const char *text, struct err *e);
int listen_open(struct listen *l, const char *text, bool tls, struct err *e);
void listen_close(struct listen *l);
/*
 * The next connection (non-blocking, close-on-exec) with its address in
 * peer, or -1 when none waits. Without descriptors, one that waits is
 * accepted and closed, so that the loop does not turn idly.
 */
int listen_accept(struct listen *l, char *peer, size_t peer_max);

#endif
