/*
 * tape_record: a recorded market. Each recorded bar becomes a short, plausible
 * series of trades that makes exactly this bar: from its open by way of its
 * high and low to its close, volume and count adding up.
 */
#ifndef TESTS_SIM_TAPE_RECORD_H
#define TESTS_SIM_TAPE_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "tests/sim/tape.h"

/*
 * Take over n bars (malloc'ed, in order of t, none twice, multiples of step)
 * as a tape. frames: trades a bar at most. seed decides how the bars form.
 */
void tape_record_init(struct tape *tp, struct bar *bars, size_t n, int64_t step,
    size_t frames, uint64_t seed, const struct tape_events *events);

#endif
