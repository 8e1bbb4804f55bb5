/*
 * rest: POST /info.
 */
#ifndef TESTS_SIM_REST_H
#define TESTS_SIM_REST_H

#include "common/json.h"
#include "tests/sim/sim.h"

/* Answer a request to /info. */
void rest_request(struct peer *p, const struct http_request *r);
/*
 * The answer to an info request already parsed, appended to out; the HTTP
 * status. For the socket's post messages as well. Spends its weight.
 */
int
rest_info(struct sim *s, const struct json *j, int64_t conn, struct buf *out);

#endif
