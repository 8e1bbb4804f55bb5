#include "common/clock.h"
#include "tests/sim/simclock.h"

void
simclock_init(struct simclock *c, enum simclock_mode mode, double speed,
    int64_t start_us, bool held)
{
	*c = (struct simclock){mode, speed, held, start_us, clock_mono_us()};
}

int64_t
simclock_us_at(const struct simclock *c, int64_t mono_us)
{
	if (c->held || c->mode != SIMCLOCK_SPEED)
		return c->base_us;
	return c->base_us +
	       (int64_t)((double)(mono_us - c->mono_us) * c->speed);
}

int64_t
simclock_us(const struct simclock *c)
{
	return simclock_us_at(c, clock_mono_us());
}

int64_t
simclock_ms(const struct simclock *c)
{
	return simclock_us(c) / 1000;
}

void
simclock_jump(struct simclock *c, int64_t sim_us)
{
	if (sim_us > c->base_us)
		c->base_us = sim_us;
}

static void
rebase(struct simclock *c)
{
	int64_t now = clock_mono_us();

	c->base_us = simclock_us_at(c, now);
	c->mono_us = now;
}

void
simclock_hold(struct simclock *c, bool held)
{
	rebase(c);
	c->held = held;
}

void
simclock_set_speed(struct simclock *c, double speed)
{
	rebase(c);
	c->speed = speed;
}

int64_t
simclock_until(const struct simclock *c, int64_t sim_us)
{
	int64_t left = sim_us - simclock_us(c);

	if (c->held || c->mode != SIMCLOCK_SPEED)
		return -1;
	return left <= 0 ? 0 : (int64_t)((double)left / c->speed) + 1;
}
