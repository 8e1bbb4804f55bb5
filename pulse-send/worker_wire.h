/*
 * worker_wire: what pulse-send and its HTTP worker say to each other, over a
 * socket between two processes of one program: numbers go over as they lie in
 * memory. Every message begins with its size; texts in it end with a NUL.
 */
#ifndef PULSE_SEND_WORKER_WIRE_H
#define PULSE_SEND_WORKER_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/http.h"

/* Longest message. */
#define WIRE_MESSAGE_MAX ((size_t)1024 * 1024)

/* One end of the socket, which does not block. */
struct wire {
	int fd;
	struct buf in, out;
	size_t taken; /* bytes at the start of in that have been read */
	size_t sent; /* bytes at the start of out that have left */
};

/* What the worker is asked. */
struct wire_ask {
	uint64_t id; /* of the call, the asker's choice */
	bool cancel; /* else start it */
	struct http_request request; /* without guard; points into in */
	struct http_header headers[HTTP_HEADERS_MAX];
};

/* What it answers: how a call ended. */
struct wire_answer {
	uint64_t id;
	bool unsent; /* it was recalled; the rest says nothing */
	int64_t started_us, ended_us; /* clock_mono_us() */
	struct http_response response; /* points into in */
};

/* out_max: bytes that may wait to leave. The descriptor is closed by
 * wire_release(). */
void wire_init(struct wire *w, int fd, size_t out_max);
void wire_release(struct wire *w);

/* Let leave what can without waiting. 0, or -1 when the other end is gone. */
int wire_send(struct wire *w);
/* Whether something still waits to leave. */
bool wire_waits(const struct wire *w);
/* Read what there is, up to 64 KiB. 1, 0 when there is nothing, or -1 when the
 * other end is gone. What was read before by wire_next_…() is forgotten. */
int wire_receive(struct wire *w);

/* Append a message. 0, or -1 when there is no room: then nothing was. The
 * request's guard is not sent; its body is copied. */
int wire_put_call(struct wire *w, uint64_t id, const struct http_request *r);
int wire_put_cancel(struct wire *w, uint64_t id);
int wire_put_answer(struct wire *w, const struct wire_answer *a);

/* Read the next message: 1, 0 when none is complete, or -1 for what cannot be
 * one. Good until wire_receive(). */
int wire_next_ask(struct wire *w, struct wire_ask *a);
int wire_next_answer(struct wire *w, struct wire_answer *a);
/* Whether they have something to say at once. */
bool wire_has_next(const struct wire *w);

#endif
