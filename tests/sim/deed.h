/*
 * deed: what a fault puts on the wire once: error frames, huge frames,
 * garbage in its kinds.
 */
#ifndef TESTS_SIM_DEED_H
#define TESTS_SIM_DEED_H

#include "common/buf.h"
#include "tests/sim/fault.h"

void deed_frame(struct buf *out, const struct fault *f);

#endif
