/*
 * visitor: a connection to the sink, and how it is answered.
 */
#ifndef TESTS_SINK_VISITOR_H
#define TESTS_SINK_VISITOR_H

#include "tests/sink/sink.h"

void visitor_accept(struct sink *s, int fd);
void visitor_end_all(struct sink *s);
/* Send a whole answer of no script (the sink's own paths). */
void visitor_say(struct visitor *v, int status, const char *text);

#endif
