#include "common/backoff.h"
#include "pulse-send/delivery_state.h"

#define S(x) DELIVERY_STATE_##x
#define E(x) DELIVERY_EVENT_##x

/* Every transition there is. */
static const struct delivery_transition table[] = {
    /* In the store. */
    {S(PENDING), E(CLAIMED), S(QUEUED), DELIVERY_KEEPS_LEASE},
    {S(PENDING), E(REQUEUED), S(PENDING), 0},
    {S(PENDING), E(DROPPED), S(DEAD), DELIVERY_ENDS_LEASE},
    {S(PARKED), E(CLAIMED), S(QUEUED), DELIVERY_KEEPS_LEASE},
    {S(PARKED), E(REQUEUED), S(PENDING), 0},
    {S(PARKED), E(DROPPED), S(DEAD), DELIVERY_ENDS_LEASE},
    {S(HELD), E(REQUEUED), S(PENDING), 0},
    {S(HELD), E(DROPPED), S(DEAD), 0},
    {S(DEAD), E(REQUEUED), S(PENDING), 0},
    /* In memory, under our lease. */
    {S(QUEUED), E(STARTED), S(SENDING), DELIVERY_KEEPS_LEASE},
    {S(QUEUED), E(RELEASED), S(PENDING), DELIVERY_ENDS_LEASE},
    {S(QUEUED), E(LEASE_LOST), S(LOST), 0},
    /* It cannot be sent at all: no address, a template that fails, an
     * endpoint that is disabled. Said as an attempt without a request. */
    {S(QUEUED), E(GIVE_UP), S(DEAD), DELIVERY_RECORDS | DELIVERY_ENDS_LEASE},
    {S(SENDING), E(RECALLED), S(QUEUED), DELIVERY_KEEPS_LEASE},
    {S(SENDING), E(SUCCEEDED), S(DELIVERED),
	DELIVERY_RECORDS | DELIVERY_ENDS_LEASE},
    {S(SENDING), E(RETRY_SOON), S(BACKOFF),
	DELIVERY_RECORDS | DELIVERY_KEEPS_LEASE},
    {S(SENDING), E(RETRY_LATER), S(PARKED),
	DELIVERY_RECORDS | DELIVERY_ENDS_LEASE},
    {S(SENDING), E(GIVE_UP), S(DEAD), DELIVERY_RECORDS | DELIVERY_ENDS_LEASE},
    {S(SENDING), E(UNCLEAR), S(HELD), DELIVERY_RECORDS | DELIVERY_ENDS_LEASE},
    {S(SENDING), E(LEASE_LOST), S(LOST), DELIVERY_RECORDS},
    {S(BACKOFF), E(TIMER), S(QUEUED), DELIVERY_KEEPS_LEASE},
    {S(BACKOFF), E(RELEASED), S(PARKED), DELIVERY_ENDS_LEASE},
    {S(BACKOFF), E(LEASE_LOST), S(LOST), 0},
};

#define ROWS (sizeof(table) / sizeof(table[0]))

const struct delivery_transition *
delivery_transition_at(size_t i)
{
	return i < ROWS ? &table[i] : NULL;
}

const struct delivery_transition *
delivery_transition(enum delivery_state from, enum delivery_event event)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (table[i].from == from && table[i].event == event)
			return &table[i];
	return NULL;
}

int
delivery_state_status(enum delivery_state s)
{
	switch (s) {
	case S(PENDING):
		return DELIVERY_PENDING;
	case S(BACKOFF):
	case S(PARKED):
		return DELIVERY_RETRYING;
	case S(HELD):
		return DELIVERY_HELD;
	case S(DELIVERED):
		return DELIVERY_DELIVERED;
	case S(DEAD):
		return DELIVERY_DEAD;
	default:
		return -1;
	}
}

const char *
delivery_state_name(enum delivery_state s)
{
	static const char *const names[DELIVERY_STATES] = {"pending", "queued",
	    "sending", "backoff", "parked", "held", "delivered", "dead",
	    "lost"};

	return names[s];
}

const char *
delivery_event_name(enum delivery_event e)
{
	static const char *const names[DELIVERY_EVENTS] = {"claimed", "started",
	    "recalled", "succeeded", "retry soon", "retry later", "give up",
	    "unclear", "timer", "released", "lease lost", "requeued",
	    "dropped"};

	return names[e];
}

/* ---- planning ------------------------------------------------------------ */

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

const struct retry_policy retry_policy_default = {
    .tries = 5,
    .base_ms = 1 * SECOND,
    .cap_ms = 32 * SECOND,
    .schedule_ms = {5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR,
	24 * HOUR},
    .nschedule = 6,
    .memory_ms = 64 * SECOND,
    .max_age_ms = 96 * HOUR,
};

/* A wait that somebody demanded: never shortened; in memory or in the store
 * by its length. */
static struct delivery_plan
plan_wait(const struct retry_policy *p, int step, int64_t wait_us)
{
	return (struct delivery_plan){
	    .event =
		wait_us <= p->memory_ms * 1000 ? E(RETRY_SOON) : E(RETRY_LATER),
	    .delay_us = wait_us,
	    .step = step,
	};
}

/* The next rung of the ladder, then the schedule (a tenth longer at most, so
 * that many do not come at once), then the end. */
static struct delivery_plan
plan_rung(const struct retry_policy *p, int step, uint64_t random)
{
	int next = step + 1;
	size_t i = next >= p->tries ? (size_t)(next - p->tries) : 0;
	int64_t wait;

	if (next < p->tries) {
		wait = backoff_jitter_ms(
		    backoff_ceiling_ms(p->base_ms, p->cap_ms, next), random);
		return plan_wait(p, next, wait * 1000);
	}
	if (i >= p->nschedule)
		return (struct delivery_plan){
		    .event = E(GIVE_UP), .step = next};
	wait = p->schedule_ms[i];
	wait += backoff_jitter_ms(wait / 10, random);
	return (struct delivery_plan){
	    .event = E(RETRY_LATER), .delay_us = wait * 1000, .step = next};
}

struct delivery_plan
delivery_plan(const struct retry_policy *p, int step, int64_t age_ms,
    enum verdict_kind verdict, int64_t wait_us, bool ambiguous, uint64_t random)
{
	struct delivery_plan plan = {.event = E(GIVE_UP), .step = step};

	switch (verdict) {
	case VERDICT_OK:
		plan.event = E(SUCCEEDED);
		return plan;
	case VERDICT_PERMANENT:
	case VERDICT_GONE:
		return plan;
	case VERDICT_AGAIN:
		/* Counted as a rung, so that it cannot go on for ever. */
		if (step + 1 < p->tries + (int)p->nschedule)
			plan = plan_wait(p, step + 1, 0);
		return plan;
	case VERDICT_THROTTLED:
		/* Being told to wait is no failure of the message: only age
		 * ends it. */
		plan = wait_us >= 0 ? plan_wait(p, step, wait_us)
				    : plan_rung(p, step, random);
		break;
	default:
		if (ambiguous && p->hold) {
			plan.event = E(UNCLEAR);
			return plan;
		}
		plan = plan_rung(p, step, random);
		if (plan.event != E(GIVE_UP) && wait_us > plan.delay_us)
			plan = plan_wait(p, plan.step, wait_us);
	}
	if (age_ms + plan.delay_us / 1000 > p->max_age_ms)
		plan.event = E(GIVE_UP);
	return plan;
}
