/*
 * message: HTTP/1.1 requests as bytes (RFC 9112), without sockets.
 *
 * libwebsockets carries the bytes and the TLS; this file reads them. Its own
 * HTTP server has faults that cannot be closed from outside (a header name
 * that is a prefix of a known one stalls, chunked bodies arrive raw,
 * Content-Length is not checked, h2c and CONNECT change the protocol), so it
 * is not used. What this parser takes is strict and small:
 *
 *  - lines end with CR LF; no folded header, no blank before a colon;
 *  - exactly one Host in HTTP/1.1; Content-Length once, digits only;
 *  - no Transfer-Encoding: a body needs a Content-Length (411);
 *  - Upgrade is ignored, as RFC 9110 section 7.8 allows: h2c is not spoken.
 */
#ifndef PULSE_CTL_SERVE_MESSAGE_H
#define PULSE_CTL_SERVE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define MESSAGE_HEAD_MAX    ((size_t)16 * 1024)
#define MESSAGE_BODY_MAX    ((size_t)64 * 1024)
#define MESSAGE_HEADERS_MAX 64
#define MESSAGE_QUERY_MAX   32

struct message_header {
	const char *name; /* lower case */
	const char *value; /* without blanks around it */
};

/* A request's head. All texts lie in the bytes that were parsed, which are
 * changed: cut into NUL-terminated parts and decoded. */
struct message_head {
	const char *method;
	const char *path; /* percent-decoded; begins with '/' */
	struct message_header query[MESSAGE_QUERY_MAX]; /* decoded */
	size_t nquery;
	struct message_header headers[MESSAGE_HEADERS_MAX];
	size_t nheaders;
	int64_t content_length; /* -1: none */
	bool is_old; /* HTTP/1.0 */
	bool keep_alive;
	bool expects_continue;
};

/*
 * The length of a head when p holds a whole one (up to its empty line), 0
 * when more bytes are needed, or -1 when there are more than MESSAGE_HEAD_MAX.
 */
long message_head_len(const char *p, size_t n);
/*
 * Parse a whole head of n bytes in place. 0, or the status to refuse it with
 * (400, 411, 417, 431, 501, 505) and a sentence in *why; then head holds
 * nothing to rely on but method and path, which may be NULL.
 */
int
message_parse(char *p, size_t n, struct message_head *head, const char **why);
/* A header's value (name in lower case) or NULL. */
const char *message_header(const struct message_head *head, const char *name);
/* The last value of a query parameter or NULL. */
const char *message_query(const struct message_head *head, const char *name);
/* "Not Found" and its like. */
const char *message_reason(int status);

#endif
