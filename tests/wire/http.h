/*
 * http: HTTP/1.1 requests from bytes, and responses into a buffer. Only what
 * test servers need; strict enough to notice a client's mistakes.
 */
#ifndef TESTS_WIRE_HTTP_H
#define TESTS_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define HTTP_FIELDS_MAX 64
#define HTTP_HEAD_MAX	65536

/* Bytes of somebody else's buffer. */
struct span {
	const char *p;
	size_t n;
};

struct http_field {
	struct span name;
	struct span value;
};

struct http_request {
	struct span method;
	struct span path; /* as sent, without the query */
	struct span query; /* without '?', may be empty */
	struct http_field fields[HTTP_FIELDS_MAX];
	size_t n_fields;
	struct span body;
	bool keep_alive;
	bool expects_continue; /* waits for "100 Continue" before its body */
	size_t head; /* bytes of the head */
	size_t size; /* bytes of the whole request in the buffer */
};

/*
 * Parse the request at the start of the n bytes at p. 1 = complete (spans
 * point into p; a chunked body is joined in place), 0 = more bytes needed
 * (expects_continue may be set, with the head parsed), -1 = not HTTP: answer
 * 400 and close. The bytes are changed only when 1 is returned.
 */
int http_parse(struct http_request *r, char *p, size_t n);
/* The value of a header field (name in any case), or an empty span with p
 * NULL. */
struct span http_field(const struct http_request *r, const char *name);
/* The value of a query member, decoded into out (cut to fit, NUL-terminated).
 * Whether it is there. */
bool http_query(struct span query, const char *name, char *out, size_t size);
bool span_is(struct span s, const char *text);
bool span_starts(struct span s, const char *text);

/* The words for a status code. */
const char *http_reason(int status);
/*
 * Append a whole response. type may be NULL (no Content-Type); fields is
 * further header lines, each ended by CRLF, or NULL.
 */
void http_respond(struct buf *out, int status, const char *type,
    const char *fields, const void *body, size_t n, bool keep_alive);

#endif
