/*
 * record: the line that a request leaves (see sink.h).
 */
#ifndef TESTS_SINK_RECORD_H
#define TESTS_SINK_RECORD_H

#include "tests/sink/sink.h"

/* Write it, at once and whole. with_body false: the body was not read. */
void record_request(struct sink *s, const struct visitor *v,
    const struct http_request *r, bool with_body);

#endif
