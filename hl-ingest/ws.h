/*
 * ws: the event loop and one WebSocket connection. The wall around
 * libwebsockets: its headers are included in ws.c and nowhere else.
 *
 * The library owns the loop; everything else hangs on it: descriptors to
 * watch for reading (a descriptor to write on is made readable by an epoll
 * descriptor around it), one timer, and the connection.
 */
#ifndef HL_INGEST_WS_H
#define HL_INGEST_WS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* Longest message taken; the longest that the exchange sends is 180 kB. */
#define WS_MESSAGE_MAX ((size_t)4 * 1024 * 1024)
/* What may wait to be sent. */
#define WS_QUEUE_MAX ((size_t)512 * 1024)

struct ws;
struct ws_watch;

struct ws_ops {
	void (*opened)(void *arg);
	/* One whole text message. */
	void (*message)(void *arg, const char *text, size_t n);
	/* The connection is gone, or never came: code of the close frame or
	 * 0, and the reason in words. Not after ws_hang_up(). */
	void (*closed)(void *arg, int code, const char *reason);
};

/* Where to connect. host is what the certificate must name. */
struct ws_target {
	const char *address; /* numeric */
	int port;
	bool tls;
	const char *host;
	const char *path;
	const char *ca_file; /* PEM; NULL: the system's */
};

int ws_open(struct ws **ws, const char *ca_file, const struct ws_ops *ops,
    void *arg, struct err *e);
void ws_free(struct ws *ws);

/* Call ready whenever fd is readable or its other end is gone. fd stays the
 * caller's: unwatch before closing it. NULL when it cannot be watched. */
struct ws_watch *
ws_watch(struct ws *ws, int fd, void (*ready)(void *arg), void *arg);
void ws_unwatch(struct ws_watch *w);

/* Let ws_service() end after this many real ms at the latest; replaces the
 * time before. */
void ws_wake_in(struct ws *ws, int64_t real_ms);
/* Wait for something and do it, or for that time. -1 when the loop is
 * broken. */
int ws_service(struct ws *ws);

/* Begin to connect; opened or closed follows. */
int ws_connect(struct ws *ws, const struct ws_target *t, struct err *e);
/* Send a text message when the socket takes it. -1: queue full or no
 * connection. */
int ws_send(struct ws *ws, const char *text, size_t n);
/* End the connection, if any, without waiting for the other side. Nothing
 * more is heard of it. */
void ws_hang_up(struct ws *ws);

#endif
