/*
 * etag: the entity tag of what has a number for each of its versions (a rule,
 * a channel), and the conditions on it.
 */
#ifndef PULSE_CTL_SERVE_ETAG_H
#define PULSE_CTL_SERVE_ETAG_H

#include <stdbool.h>
#include <stdint.h>

#include "pulse-ctl/serve/api.h"

/* Add the headers. The tag says as well whether it is shown whole: two
 * different representations must not share one. */
void etag_add(struct exchange *x, int64_t version);
/* Whether If-None-Match has this version, as the asker would be shown it. */
bool etag_known(const struct exchange *x, int64_t version);
/* False after a 412: it ("rule") was changed since the asker, by If-Match,
 * looked. */
bool etag_still(struct exchange *x, const char *it, int64_t version);

#endif
