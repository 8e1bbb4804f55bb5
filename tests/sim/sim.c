#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tests/sim/admin.h"
#include "tests/sim/peer.h"
#include "tests/sim/play.h"
#include "tests/sim/sim.h"
#include "tests/wire/tls.h"

/* As fast as clients read: at most this much lies ready for one of them, and
 * so many events happen before the sockets are looked at again. */
#define MAX_PENDING ((size_t)256 << 10)
#define MAX_EVENTS  256

bool
sim_lists(struct sim *s, const struct coin *c)
{
	struct fault_occasion o = {.conn = -1, .coin = c->name};

	return faultset_stands(&s->faults, FAULT_UNLISTED, &o) == NULL;
}

struct coin *
sim_coin(struct sim *s, const char *name)
{
	struct coin *c = market_coin(&s->market, name, strlen(name));

	return c != NULL && sim_lists(s, c) ? c : NULL;
}

void
sim_count(struct sim *s, enum stats_id id, uint64_t n)
{
	s->stats.value[id] += n;
	s->counted = true;
}

void
sim_settle(struct sim *s)
{
	/* A fault that begins may count, too. */
	while (s->counted) {
		s->counted = false;
		faultset_counted(&s->faults);
	}
}

int64_t
sim_real_us(const struct sim *s, int64_t us)
{
	if (s->clock.mode != SIMCLOCK_SPEED)
		return us;
	return (int64_t)((double)us / s->clock.speed);
}

/* Limits by the minute count minutes of the exchange; of real time where its
 * clock jumps or stands. */
static int64_t
meter_ms(void *arg)
{
	const struct sim *s = arg;

	return s->clock.mode == SIMCLOCK_SPEED ? simclock_ms(&s->clock)
					       : clock_mono_ms();
}

static int64_t
fault_now(void *arg)
{
	return simclock_us(&((struct sim *)arg)->clock);
}

static void
on_all_peers(struct sim *s, const struct fault *f)
{
	struct peer *p, *next;

	for (p = s->peers; p != NULL; p = next) {
		next = p->next;
		peer_deed(p, f);
	}
}

static void
fault_began(void *arg, struct fault *f)
{
	struct sim *s = arg;
	int64_t now = simclock_ms(&s->clock);

	switch (f->kind) {
	case FAULT_RESTART:
	case FAULT_REGRESS:
		market_lose(&s->market, now, strcmp(f->how, "ws") != 0);
		play_rearm(s);
		if (f->kind == FAULT_RESTART)
			on_all_peers(s, f);
		break;
	case FAULT_HALT:
		market_halt(&s->market, now, now + f->for_us / 1000);
		play_rearm(s);
		break;
	case FAULT_DEAD:
		play_kill(s, f);
		break;
	case FAULT_DROP:
	case FAULT_CLOSE:
	case FAULT_ERROR:
	case FAULT_BIG:
	case FAULT_GARBAGE:
	case FAULT_WSPING:
	case FAULT_HALFOPEN:
	case FAULT_OUTAGE:
		on_all_peers(s, f);
		break;
	default:
		break;
	}
}

static void
fault_ended(void *arg, struct fault *f)
{
	struct sim *s = arg;
	struct peer *p;

	if (f->kind != FAULT_STALL || s->faults.standing[FAULT_STALL] > 0)
		return;
	for (p = s->peers; p != NULL; p = p->next)
		peer_unstall(p);
}

static void
accepted(struct listener *l, int fd)
{
	peer_accept(CONTAINER_OF(l, struct sim, listener), fd);
}

int
sim_init(struct sim *s, struct err *e)
{
	if (loop_init(&s->loop, e) != 0)
		return -1;
	s->loop.before_wait = sim_step;
	s->loop.arg = s;
	s->budget.now_ms = meter_ms;
	s->budget.arg = s;
	s->faults.began = fault_began;
	s->faults.ended = fault_ended;
	s->faults.arg = s;
	s->faults.events = &s->events;
	s->faults.stats = &s->stats;
	s->faults.now_us = fault_now;
	s->faults.origin_us = -1;
	s->faults.seed = s->market.seed;
	s->listener.accepted = accepted;
	if (listener_open(
		&s->listener, &s->loop, s->opt.address, s->opt.port, e) != 0) {
		loop_release(&s->loop);
		return -1;
	}
	sim_maybe_start(s);
	return 0;
}

void
sim_release(struct sim *s)
{
	peer_end_all(s);
	for (struct loop_grave *g; (g = s->loop.graves) != NULL;) {
		s->loop.graves = g->next;
		g->release(g);
	}
	faultset_clear(&s->faults, 0);
	listener_close(&s->listener);
	loop_release(&s->loop);
	tls_server_free(s->tls);
	market_release(&s->market);
	timerq_release(&s->events);
}

void
sim_maybe_start(struct sim *s)
{
	if (s->started || (int64_t)s->stats.value[STATS_SUBS] < s->opt.hold)
		return;
	s->started = true;
	simclock_hold(&s->clock, false);
	faultset_start(&s->faults, simclock_us(&s->clock));
	play_rearm(s);
}

/* Whether every client has taken what it was sent. */
static bool
drained(const struct sim *s)
{
	for (const struct peer *p = s->peers; p != NULL; p = p->next)
		if (stream_pending(&p->stream) > MAX_PENDING)
			return false;
	return true;
}

static void
flush(struct sim *s)
{
	struct peer *p, *next;

	for (p = s->peers; p != NULL; p = next) {
		next = p->next;
		if (p->full)
			peer_drop(p, true);
		else if (p->ws && !p->mute && stream_pending(&p->stream) > 0)
			stream_flush(&p->stream);
	}
}

/* One event. Where the clock jumps, it jumps to the event's time. */
static void
happen(struct sim *s, struct timer *t)
{
	if (s->clock.mode != SIMCLOCK_SPEED)
		simclock_jump(&s->clock, t->due_us);
	timerq_clear(&s->events, t);
	t->fire(t);
	sim_settle(s);
}

void
sim_advance(struct sim *s, int64_t ms)
{
	int64_t goal = simclock_us(&s->clock) + ms * 1000;
	struct timer *t;

	while ((t = timerq_first(&s->events)) != NULL && t->due_us <= goal)
		happen(s, t);
	simclock_jump(&s->clock, goal);
}

static int64_t
step_max(struct sim *s)
{
	struct timer *t = NULL;

	for (int i = 0; i < MAX_EVENTS && drained(s); i++) {
		t = timerq_first(&s->events);
		/* With nobody listening the time stands. */
		if (s->stats.value[STATS_SUBS] == 0)
			return -1;
		if (t == NULL) {
			simclock_jump(
			    &s->clock, (s->market.recorded_to + 1) * 1000);
			break;
		}
		happen(s, t);
	}
	flush(s);
	return t != NULL && drained(s) ? 0 : -1;
}

static void
step_speed(struct sim *s)
{
	int64_t now = simclock_us(&s->clock);
	struct timer *t;

	while ((t = timerq_first(&s->events)) != NULL && t->due_us <= now)
		happen(s, t);
}

static void
check_end(struct sim *s)
{
	if (s->stats.value[STATS_ENDED] != 0 || s->market.recorded_to < 0 ||
	    simclock_ms(&s->clock) <= s->market.recorded_to)
		return;
	sim_count(s, STATS_ENDED, 1);
	if (s->opt.exit_at_end)
		s->loop.stop = true;
}

int64_t
sim_step(void *arg)
{
	struct sim *s = arg;
	const struct timer *first;
	int64_t wait = -1;

	if (s->clock.mode == SIMCLOCK_MAX && !s->clock.held)
		wait = step_max(s);
	else if (s->clock.mode == SIMCLOCK_SPEED && !s->clock.held)
		step_speed(s);
	sim_settle(s);
	flush(s);
	if (s->opt.frames_log != NULL)
		fflush(s->opt.frames_log);
	check_end(s);
	admin_waits(s);
	if (s->loop.stop)
		return 0;
	first = timerq_first(&s->events);
	if (s->clock.mode == SIMCLOCK_SPEED && first != NULL)
		wait = simclock_until(&s->clock, first->due_us);
	/* Those who wait for a time of the clock. */
	if (wait < 0 || wait > 20000)
		for (const struct peer *p = s->peers; p != NULL; p = p->next)
			if (p->waiting && p->goal_ms > 0)
				return 20000;
	return wait;
}
