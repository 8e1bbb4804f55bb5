/*
 * http: an HTTP client that never blocks. The wall around libcurl: its
 * headers are included in http.c and nowhere else.
 *
 * Many calls run at once over shared keep-alive connections. The caller
 * watches one descriptor, http_fd(), for reading and calls http_service() when
 * it is readable or http_timeout_ms() have passed; that runs the done
 * functions of what ended. A program without a loop of its own uses
 * http_wait(). Nothing else ever calls back.
 *
 * What every call is held to: http and https only, HTTP/1.1, no redirect
 * followed, no proxy (the environment's are ignored), no "Expect:", no
 * compression, certificates verified, header values without control
 * characters, an answer of bounded size, a deadline for the connection and
 * one for the whole.
 *
 * No sentence that this file makes holds more of a URL than its host.
 */
#ifndef COMMON_HTTP_H
#define COMMON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/err.h"

#define HTTP_URL_MAX	    2048
#define HTTP_HOST_MAX	    256
#define HTTP_ADDRESS_MAX    64
#define HTTP_HEADERS_MAX    32 /* headers of a request */
#define HTTP_HEAD_BYTES_MAX ((size_t)32 * 1024) /* of an answer */

struct http;
struct http_call;

struct http_options {
	const char *user_agent; /* NULL: "pulse/VERSION" */
	int max_connections; /* open at once, idle ones included; 0: 256 */
	int max_host_connections; /* to one host and port; 0: as many */
};

struct http_header {
	const char *name, *value;
};

/*
 * May this address be connected to? Asked with the very address that is
 * about to be dialled, after name resolution, for each that is tried; a
 * connection that is reused was asked when it was opened. 0, or -1 with a
 * sentence: then no packet leaves.
 */
typedef int
http_guard_fn(void *arg, const struct sockaddr *to, socklen_t n, struct err *e);

enum http_flags {
	/* Take over the body (malloc) instead of copying it. */
	HTTP_BODY_TAKE = 1,
	/* Never send twice: without it a request whose reused connection
	 * died before any answer is sent once more on a new one. */
	HTTP_ONCE = 2,
	/* An answer beyond response_max is a failure, not cut. */
	HTTP_WHOLE = 4,
};

/* All strings are copied by http_start(). */
struct http_request {
	const char *method; /* NULL: POST with a body, else GET */
	const char *url;
	const struct http_header *headers;
	size_t nheaders;
	void *body; /* NULL: none */
	size_t body_len;
	int64_t connect_timeout_ms; /* 0: 5,000 */
	int64_t timeout_ms; /* whole call; 0: 15,000 */
	size_t response_max; /* bytes of the answer kept; 0: 16 KiB */
	const char *ca_file; /* PEM; NULL: the system's */
	http_guard_fn *guard; /* NULL: any address; must outlive the call */
	void *guard_arg;
	unsigned flags;
};

/* How far a call came. */
enum http_outcome {
	HTTP_ANSWERED, /* status is set */
	HTTP_REFUSED, /* guard, or a URL that curl will not have */
	HTTP_UNRESOLVED, /* no address for the name */
	HTTP_UNREACHABLE, /* no connection */
	HTTP_UNTRUSTED, /* TLS: no handshake or a certificate not trusted */
	HTTP_TIMED_OUT,
	HTTP_BROKEN, /* reset, closed early, not HTTP, answer too large */
	/* This machine was short of descriptors, memory or ports: says nothing
	 * of the receiver, which was never reached. */
	HTTP_LOCAL,
};

/* What a done function gets; good until it returns. */
struct http_response {
	enum http_outcome outcome;
	/* 0: none came. Set without HTTP_ANSWERED too, when the rest of the
	 * answer was lost. */
	int status;
	/* NUL-terminated; cut at response_max. */
	const char *body;
	size_t len;
	bool cut;
	/* The request had begun to leave: after a failure, whoever it was for
	 * may or may not have acted on it. */
	bool left;
	int64_t latency_us; /* of the whole call */
	size_t sent; /* bytes of the request body */
	const char *address; /* "192.0.2.1:443", "[::1]:80" or "" */
	const char *error; /* a sentence, or "" when answered */
	/* Use http_header(). */
	const char *head;
	size_t head_len;
};

typedef void http_done_fn(void *arg, const struct http_response *r);

int
http_open(struct http **h, const struct http_options *options, struct err *e);
/* Cancel every call and close. NULL is allowed. */
void http_close(struct http *h);

/*
 * Begin a call: done(arg) runs once, out of http_service(), unless it is
 * cancelled. *call may be NULL when cancelling is not wanted; it is good until
 * done runs. -1 when the request itself is wrong, or (e->local) this machine is
 * short of memory: then nothing runs, and with HTTP_BODY_TAKE the body still is
 * freed.
 */
int http_start(struct http *h, const struct http_request *r, http_done_fn *done,
    void *arg, struct http_call **call, struct err *e);
/* Drop a call: its connection is closed, done never runs. */
void http_cancel(struct http *h, struct http_call *call);

/* Readable when http_service() has something to do. */
int http_fd(const struct http *h);
/* Time until http_service() should run anyway; -1: no need. */
int http_timeout_ms(const struct http *h);
/* Do what can be done without waiting. The calls still running, or -1 when
 * the machinery failed. */
int http_service(struct http *h, struct err *e);
/* The part of it that needs no look at sockets: lets calls leave that were
 * started since. As http_service(). */
int http_flush(struct http *h, struct err *e);
/* Wait at most timeout_ms (-1: as long as it takes) for something to do, then
 * serve. As http_service(). */
int http_wait(struct http *h, int timeout_ms, struct err *e);
/* Calls running. */
size_t http_running(const struct http *h);

/* Value of the answer's first header of that name (any case), or NULL. */
const char *http_header(const struct http_response *r, const char *name);
/* A header that may be sent: a token that is none of those that frame the
 * request, and a value of at most 8 KiB without control characters (a tab is
 * allowed). 0 or -1. */
int http_header_check(const char *name, const char *value, struct err *e);

/* A URL in its parts, as the client itself will understand it. */
struct http_url {
	char scheme[8];
	char host[HTTP_HOST_MAX]; /* IPv6 in brackets */
	int port;
	char *path; /* with the query; owned */
	/* The host is written as an IP address, in canonical form. */
	bool literal;
	/* It is written as an IPv4 address, but not as four decimal numbers
	 * ("2130706433", "0x7f.1"). */
	bool odd_address;
	bool has_user, has_fragment;
};

/* -1 for what is no absolute http or https URL of at most HTTP_URL_MAX bytes.
 * The caller releases it after 0. */
int http_url_parse(struct http_url *u, const char *url, struct err *e);
void http_url_release(struct http_url *u);

#endif
