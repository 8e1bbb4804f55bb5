/*
 * peer: a connection: HTTP requests in, the upgrade, WebSocket messages in,
 * and everything out.
 */
#ifndef TESTS_SIM_PEER_H
#define TESTS_SIM_PEER_H

#include "tests/sim/sim.h"

/* Take a new connection. */
void peer_accept(struct sim *s, int fd);
/* Free all, at the end. */
void peer_end_all(struct sim *s);

/* Send an HTTP answer. n is the size of the body. */
void peer_answer(
    struct peer *p, int status, const char *type, const void *body, size_t n);
/* Send a text message to a WebSocket connection. */
void peer_text(struct peer *p, const char *text, size_t n);
/* Keep an acknowledgement back or send it, as the faults say. */
void peer_ack(struct peer *p, const char *text, size_t n);
/* The deeds: of a fault on one connection. */
void peer_deed(struct peer *p, const struct fault *f);
/* End a connection from our side. */
void peer_drop(struct peer *p, bool reset);
/* A stall is over: send what was kept back. */
void peer_unstall(struct peer *p);

#endif
