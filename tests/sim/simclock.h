/*
 * simclock: the exchange's clock.
 *
 * Three ways to run:
 *   SPEED   sim = sim0 + (monotonic - monotonic0) * speed. A client that keeps
 *	     the same straight line (GET /sim/clock tells it) has the same time.
 *   MAX	     as fast as clients read: the time jumps from event to event.
 *   MANUAL  the time stands until POST /sim/advance moves it.
 * While held the clock stands, in every mode.
 */
#ifndef TESTS_SIM_SIMCLOCK_H
#define TESTS_SIM_SIMCLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum simclock_mode { SIMCLOCK_SPEED, SIMCLOCK_MAX, SIMCLOCK_MANUAL };

struct simclock {
	enum simclock_mode mode;
	double speed;
	bool held;
	int64_t base_us; /* simulated, since 1970 */
	int64_t mono_us; /* when the clock read base_us */
};

void simclock_init(struct simclock *c, enum simclock_mode mode, double speed,
    int64_t start_us, bool held);
int64_t simclock_us(const struct simclock *c);
/* What it reads, or read, when the monotonic clock reads mono_us. */
int64_t simclock_us_at(const struct simclock *c, int64_t mono_us);
int64_t simclock_ms(const struct simclock *c);
/* MAX and MANUAL: jump forward to a time. */
void simclock_jump(struct simclock *c, int64_t sim_us);
/* Stand still, or run on. */
void simclock_hold(struct simclock *c, bool held);
void simclock_set_speed(struct simclock *c, double speed);
/* Real us until a simulated time; -1 when that does not come by itself. */
int64_t simclock_until(const struct simclock *c, int64_t sim_us);

#endif
