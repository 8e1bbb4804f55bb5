/*
 * request: between a channel and the HTTP client. Makes a request of
 * deliveries, and words and audit text of an answer, without secrets.
 */
#ifndef PULSE_SEND_REQUEST_H
#define PULSE_SEND_REQUEST_H

#include "pulse-send/queue.h"

/* Build the request for n deliveries of one endpoint. -1 with the reason why
 * they cannot be sent. */
int request_build(const struct endpoint *p, struct delivery *const *v, size_t n,
    struct outgoing *m, struct err *e);
/* The same as the HTTP client takes it; points into both. */
struct http_request
request_http(const struct channel *c, const struct outgoing *m);
/* The error in words: "429: too many requests", or "" for a success. */
void request_say(const struct channel *c, const struct http_response *r,
    const struct verdict *v, char *out, size_t cap);
/* The answer's first bytes as clean text. */
void request_keep_answer(const struct channel *c, const char *body, size_t len,
    char *out, size_t cap);
/* Overwrite with '*' whatever in text is a secret of the channel: an answer
 * may repeat what it was sent. */
void request_scrub(const struct channel *c, char *text);

#endif
