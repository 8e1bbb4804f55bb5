/*
 * own: the sink's own paths, /_sink/… (see sink.h).
 */
#ifndef TESTS_SINK_OWN_H
#define TESTS_SINK_OWN_H

#include "tests/sink/sink.h"

void own_request(struct visitor *v, const struct http_request *r);
/* Answer a visitor's wait if it is over. */
void own_wait_check(struct visitor *v);
/* It waits no longer: answered, timed out or gone. */
void own_wait_end(struct visitor *v);

#endif
