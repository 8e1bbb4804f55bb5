/*
 * server: connections. libwebsockets 4.1.6 gives the event loop and TLS; its
 * connections are raw sockets whose bytes message.c reads. One thread, one loop:
 *
 *  1. The listening socket is ours (listen.c): accepting, the connection
 *     limit and the lock of a unix socket do not depend on the library.
 *  2. A connection collects bytes until a head is whole, lets api_begin()
 *     judge it, waits for the body if that is wanted, and answers. Head and
 *     body of an answer leave in one write. Pipelined requests wait their
 *     turn in the connection's buffer.
 *  3. Requests that write are not run at once. All that arrived in one turn
 *     of the loop share one durable transaction (group commit), and are
 *     answered after it. While another process writes, they wait, and reads
 *     go on.
 *  4. Event streams get what stream.c has for them when their socket takes
 *     more, so a slow reader costs nothing but its place.
 *  5. Lists that take long are read by another process (lane.h).
 *  6. Every state of a connection has a deadline; a sweep once a second ends
 *     those that are over it.
 */
#ifndef PULSE_CTL_SERVE_SERVER_H
#define PULSE_CTL_SERVE_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/err.h"
#include "pulse-ctl/serve/api.h"

struct lane;

struct server_config {
	const char *listen; /* "HOST:PORT", "[::1]:PORT", "unix:PATH" */
	const char *tls_cert, *tls_key; /* or NULL */
	int64_t max_connections;
	bool log_json;
	bool log_requests;
};

/* Serve until SIGTERM or SIGINT came on signal_fd, then end in order. 0, or
 * -1 when serving could not begin. The lane is the caller's. */
int server_run(struct api *api, const struct server_config *config,
    struct lane *lane, int signal_fd, struct err *e);

#endif
