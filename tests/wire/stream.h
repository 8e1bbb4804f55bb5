/*
 * stream: one accepted TCP connection with its input and output buffers, and
 * the listener that makes them. Optionally TLS.
 *
 * The owner embeds a struct stream, appends to out and calls stream_flush();
 * on data it looks at in, and consumes what it used. A stream can misbehave:
 * stop reading, end with FIN or RST, or end after what is in out was sent.
 */
#ifndef TESTS_WIRE_STREAM_H
#define TESTS_WIRE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/err.h"
#include "tests/wire/loop.h"

struct stream;
struct tls_server;

struct stream_ops {
	/* New bytes are in s->in. */
	void (*data)(struct stream *s);
	/* The output is empty again after stream_flush() had to wait. May be
	 * NULL. */
	void (*drained)(struct stream *s);
	/* The connection is gone (either side); called exactly once, after
	 * which the stream sends and receives nothing. */
	void (*closed)(struct stream *s);
};

struct stream {
	struct loop *loop;
	struct loop_watch watch;
	const struct stream_ops *ops;
	struct buf in;
	struct buf out;
	size_t sent; /* of out */
	bool reading;
	bool finishing; /* end once out is sent */
	bool dead;
	bool peer_done; /* the other side has ended its half */
	void *ssl;
};

/* Take over a connected, non-blocking fd. max_in and max_out bound the two
 * buffers. tls may be NULL. 0, or -1 with the fd closed. */
int stream_open(struct stream *s, struct loop *l, int fd,
    const struct stream_ops *ops, size_t max_in, size_t max_out,
    struct tls_server *tls);
/* Send what is in out, as far as the socket takes it; the rest follows. */
void stream_flush(struct stream *s);
/* Bytes still to be sent. */
size_t stream_pending(const struct stream *s);
/* Read or leave alone what comes in. */
void stream_read(struct stream *s, bool reading);
/* Send what is in out, then end the connection. */
void stream_finish(struct stream *s);
/* End it now: with FIN, or with RST when reset. Unsent bytes are lost. */
void stream_end(struct stream *s, bool reset);
/* Free the buffers, after closed(). */
void stream_release(struct stream *s);

/* A listener on a loopback address. */
struct listener {
	struct loop *loop;
	struct loop_watch watch;
	int port;
	void (*accepted)(struct listener *, int fd);
};

/* Listen on a literal loopback address; port 0 lets the kernel choose, l->port
 * tells. The caller has set l->accepted. 0, or -1 with a sentence. */
int listener_open(struct listener *l, struct loop *loop, const char *address,
    int port, struct err *e);
void listener_close(struct listener *l);

#endif
