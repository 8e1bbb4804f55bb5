/*
 * The state machine of a delivery, checked over its whole table, and by
 * walking every path that two senders, a person and time can take.
 */
#include "pulse-send/delivery_state.h"
#include "tests/unit/tap.h"

#define S(x) DELIVERY_STATE_##x
#define E(x) DELIVERY_EVENT_##x

static bool
in_memory(enum delivery_state s)
{
	return s == S(QUEUED) || s == S(SENDING) || s == S(BACKOFF);
}

/* What must hold for each row. */
static void
test_rows(void)
{
	const struct delivery_transition *t;
	size_t i;

	for (i = 0; (t = delivery_transition_at(i)) != NULL; i++) {
		bool keeps = t->effects & DELIVERY_KEEPS_LEASE;
		bool ends = t->effects & DELIVERY_ENDS_LEASE;

		ok(delivery_transition(t->from, t->event) == t,
		    "%s on %s has one row", delivery_state_name(t->from),
		    delivery_event_name(t->event));
		ok(keeps == in_memory(t->to),
		    "  the lease is held exactly in memory (%s)",
		    delivery_state_name(t->to));
		ok(!in_memory(t->from) || in_memory(t->to) || ends ||
			t->to == S(LOST),
		    "  who leaves the memory gives the lease up");
		ok(t->from != S(SENDING) || t->event == E(RECALLED) ||
			(t->effects & DELIVERY_RECORDS),
		    "  what was sent is recorded");
		ok(!(t->effects & DELIVERY_RECORDS) || t->from == S(SENDING) ||
			t->event == E(GIVE_UP),
		    "  and only that (or that it cannot be)");
		ok(t->from != S(DELIVERED) && t->from != S(LOST),
		    "  delivered and lost are ends");
		ok(t->from != S(DEAD) || t->event == E(REQUEUED),
		    "  only a person brings back the dead");
	}
	ok(i == 23, "all rows seen");
}

/* Everything not in the table is refused. */
static void
test_refusals(void)
{
	int from, event, rows = 0;

	for (from = 0; from < DELIVERY_STATES; from++)
		for (event = 0; event < DELIVERY_EVENTS; event++)
			rows += delivery_transition((enum delivery_state)from,
				    (enum delivery_event)event) != NULL;
	is_int(rows, 23, "no event is known but for the rows of the table");
}

/* ---- the model ----------------------------------------------------------- */

/*
 * One delivery, two senders, a store. A sender may be killed at any point,
 * leases may end while their sender still works, a person may meddle. What
 * is in the store and in each memory is one node; all nodes that can be
 * reached are visited.
 */
struct node {
	unsigned char store; /* PENDING PARKED HELD DELIVERED DEAD */
	unsigned char leased; /* 0, or 1 + the sender that the store names */
	unsigned char expired;
	unsigned char memory[2]; /* LOST: nothing there */
	unsigned char step;
	/* Requests that left since the store last knew of one, at most 2. */
	unsigned char unknown;
};

#define STEPS 4 /* tries 2, schedule 2 */
#define NODES 200000

static struct node nodes[NODES];
static size_t nnodes;
static int double_holders, lost_work, bad_rows, kills;

static void
visit(struct node n)
{
	size_t i;

	for (i = 0; i < nnodes; i++)
		if (memcmp(&nodes[i], &n, sizeof(n)) == 0)
			return;
	if (nnodes < NODES)
		nodes[nnodes++] = n;
}

static const struct retry_policy policy = {
    .tries = 2,
    .base_ms = 1000,
    .cap_ms = 1000,
    .schedule_ms = {1000, 1000},
    .nschedule = 2,
    .memory_ms = 64000,
    .max_age_ms = 1000000,
};

/* The sender who moves from state to state of the table. */
static bool
move(struct node *n, int who, enum delivery_event event)
{
	const struct delivery_transition *t =
	    delivery_transition((enum delivery_state)n->memory[who], event);

	if (t == NULL) {
		bad_rows++;
		return false;
	}
	n->memory[who] = (unsigned char)t->to;
	return true;
}

static bool
holds(const struct node *n, int who)
{
	return n->leased == who + 1;
}

static void
ends(struct node n, int who, enum verdict_kind verdict, bool hold)
{
	struct retry_policy p = policy;
	struct delivery_plan plan;
	int status;

	p.hold = hold;
	plan = delivery_plan(
	    &p, n.step, 0, verdict, -1, verdict == VERDICT_TRANSIENT, 12345);
	/* The attempt is recorded even when the lease is another's. */
	if (n.unknown > 0)
		n.unknown--;
	if (!holds(&n, who)) {
		if (move(&n, who, E(LEASE_LOST)))
			visit(n);
		return;
	}
	if (!move(&n, who, plan.event))
		return;
	status = delivery_state_status((enum delivery_state)n.memory[who]);
	n.step = (unsigned char)plan.step;
	n.store = (unsigned char)(status == DELIVERY_RETRYING ? S(PARKED)
							      : n.memory[who]);
	if (!in_memory((enum delivery_state)n.memory[who])) {
		n.memory[who] = S(LOST);
		n.leased = 0;
		n.expired = 0;
	} else {
		n.expired = 0;
	}
	visit(n);
}

static void
sender_moves(const struct node *from, int who)
{
	struct node n = *from;
	int v;

	switch (n.memory[who]) {
	case S(LOST):
		/* Claim what nobody holds. */
		if ((n.store == S(PENDING) || n.store == S(PARKED)) &&
		    (n.leased == 0 || n.expired)) {
			const struct delivery_transition *t =
			    delivery_transition(
				(enum delivery_state)n.store, E(CLAIMED));

			n.memory[who] = (unsigned char)t->to;
			n.leased = (unsigned char)(who + 1);
			n.expired = 0;
			visit(n);
		}
		return;
	case S(QUEUED):
		if (!holds(&n, who)) { /* a renewal finds out */
			if (move(&n, who, E(LEASE_LOST)))
				visit(n);
			n = *from;
		}
		if (move(&n, who, E(STARTED))) {
			if (n.unknown < 3)
				n.unknown++;
			visit(n);
		}
		n = *from;
		if (holds(&n, who) && move(&n, who, E(RELEASED))) {
			n.memory[who] = S(LOST);
			n.leased = 0;
			n.expired = 0;
			visit(n);
		}
		return;
	case S(BACKOFF):
		if (!holds(&n, who)) {
			if (move(&n, who, E(LEASE_LOST)))
				visit(n);
			n = *from;
		}
		if (move(&n, who, E(TIMER)))
			visit(n);
		return;
	case S(SENDING):
		/* It had not left. */
		if (move(&n, who, E(RECALLED))) {
			if (n.unknown > 0)
				n.unknown--;
			visit(n);
		}
		n = *from;
		for (v = 0; v < VERDICT_KINDS; v++) {
			ends(n, who, (enum verdict_kind)v, false);
			ends(n, who, (enum verdict_kind)v, true);
		}
		return;
	}
}

/* Time, accidents, people. */
static void
others_move(const struct node *from)
{
	struct node n = *from;
	int who;

	if (n.leased != 0 && !n.expired) {
		n.expired = 1;
		visit(n);
		n = *from;
	}
	for (who = 0; who < 2; who++)
		if (n.memory[who] != S(LOST)) {
			n.memory[who] = S(LOST); /* kill -9 */
			kills++;
			visit(n);
			n = *from;
		}
	if (delivery_transition((enum delivery_state)n.store, E(REQUEUED)) &&
	    n.leased == 0) {
		n.store = S(PENDING);
		n.step = 0;
		visit(n);
		n = *from;
	}
	if (delivery_transition((enum delivery_state)n.store, E(DROPPED)) &&
	    n.leased == 0) {
		n.store = S(DEAD);
		visit(n);
	}
}

static void
check_node(const struct node *n)
{
	/* Two that believe to hold it: only when a lease ended under one. */
	if (holds(n, 0) && holds(n, 1))
		double_holders++;
	/* Unsettled, held by nobody alive: somebody can claim it (at once or
	 * when the lease ends), so nothing is lost. */
	if ((n->store == S(PENDING) || n->store == S(PARKED)) &&
	    n->memory[0] == S(LOST) && n->memory[1] == S(LOST) &&
	    !delivery_transition((enum delivery_state)n->store, E(CLAIMED)))
		lost_work++;
	if (n->step > STEPS)
		lost_work++;
}

static void
test_model(void)
{
	struct node first = {.store = S(PENDING), .memory = {S(LOST), S(LOST)}};
	size_t i;
	bool delivered = false, dead = false, held = false;

	visit(first);
	for (i = 0; i < nnodes; i++) {
		struct node n = nodes[i];

		check_node(&n);
		delivered |= n.store == S(DELIVERED);
		dead |= n.store == S(DEAD);
		held |= n.store == S(HELD);
		sender_moves(&n, 0);
		sender_moves(&n, 1);
		others_move(&n);
	}
	ok(nnodes > 300 && nnodes < NODES, "%zu situations", nnodes);
	is_int(bad_rows, 0, "no event meets a state that cannot take it");
	is_int(double_holders, 0, "the store names one holder");
	is_int(lost_work, 0, "nothing unsettled is out of everybody's reach");
	ok(delivered && dead && held, "every end can be reached");
	ok(kills > 0, "senders were killed in all of them");
}

/* ---- the plan ------------------------------------------------------------ */

static void
test_ladder(void)
{
	static const int64_t ceilings[] = {1000, 2000, 4000, 8000};
	static const int64_t schedule[] = {
	    300000, 1800000, 7200000, 18000000, 36000000, 86400000};
	const struct retry_policy *p = &retry_policy_default;
	struct delivery_plan plan;
	int step;

	for (step = 0; step < 4; step++) {
		int64_t least = INT64_MAX, most = 0;
		uint64_t r;

		for (r = 0; r < 20000; r++) {
			plan = delivery_plan(
			    p, step, 0, VERDICT_TRANSIENT, -1, true, r);
			if (plan.delay_us < least)
				least = plan.delay_us;
			if (plan.delay_us > most)
				most = plan.delay_us;
		}
		ok(plan.event == E(RETRY_SOON) && plan.step == step + 1,
		    "failure %d: again from memory", step + 1);
		ok(least == 1000 && most == ceilings[step] * 1000,
		    "  within full jitter of %d ms", (int)ceilings[step]);
	}
	for (; step < 10; step++) {
		plan =
		    delivery_plan(p, step, 0, VERDICT_TRANSIENT, -1, false, 0);
		ok(plan.event == E(RETRY_LATER) && plan.step == step + 1 &&
			plan.delay_us == schedule[step - 4] * 1000 + 1000,
		    "failure %d: again by pulse-retry", step + 1);
	}
	plan = delivery_plan(p, step, 0, VERDICT_TRANSIENT, -1, false, 0);
	ok(plan.event == E(GIVE_UP), "failure 11 was the last");
}

static void
test_plans(void)
{
	const struct retry_policy *p = &retry_policy_default;
	struct retry_policy hold = *p;
	static const struct {
		const char *what;
		int step;
		int64_t age_ms;
		enum verdict_kind verdict;
		int64_t wait_us;
		bool ambiguous, hold;
		enum delivery_event event;
		int64_t delay_us; /* -1: any */
		int next;
	} t[] = {
	    {"delivered", 3, 0, VERDICT_OK, -1, 0, 0, E(SUCCEEDED), 0, 3},
	    {"permanent", 0, 0, VERDICT_PERMANENT, -1, 0, 0, E(GIVE_UP), 0, 0},
	    {"gone", 0, 0, VERDICT_GONE, 5, 0, 0, E(GIVE_UP), 0, 0},
	    {"429 with 0.376 s: exactly that", 2, 0, VERDICT_THROTTLED, 376000,
		0, 0, E(RETRY_SOON), 376000, 2},
	    {"429 takes no rung", 10, 0, VERDICT_THROTTLED, 64000000, 0, 0,
		E(RETRY_SOON), 64000000, 10},
	    {"429 with a long wait: by the store", 0, 0, VERDICT_THROTTLED,
		64000001, 0, 0, E(RETRY_LATER), 64000001, 0},
	    {"429 without a wait: a rung", 0, 0, VERDICT_THROTTLED, -1, 0, 0,
		E(RETRY_SOON), -1, 1},
	    {"429 for ever ends by age", 0, INT64_C(345600000),
		VERDICT_THROTTLED, 1000000, 0, 0, E(GIVE_UP), -1, 0},
	    {"ambiguous is retried", 0, 0, VERDICT_TRANSIENT, -1, 1, 0,
		E(RETRY_SOON), -1, 1},
	    {"or held", 0, 0, VERDICT_TRANSIENT, -1, 1, 1, E(UNCLEAR), 0, 0},
	    {"a clear failure is not held", 0, 0, VERDICT_TRANSIENT, -1, 0, 1,
		E(RETRY_SOON), -1, 1},
	    {"a local failure takes a rung, too", 0, 0, VERDICT_LOCAL, -1, 0, 1,
		E(RETRY_SOON), -1, 1},
	    {"again at once", 0, 0, VERDICT_AGAIN, -1, 0, 0, E(RETRY_SOON), 0,
		1},
	    {"but not for ever", 10, 0, VERDICT_AGAIN, -1, 0, 0, E(GIVE_UP), 0,
		10},
	    {"too old", 5, INT64_C(345600000), VERDICT_TRANSIENT, -1, 0, 0,
		E(GIVE_UP), -1, 6},
	};
	size_t i;

	hold.hold = true;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct delivery_plan got =
		    delivery_plan(t[i].hold ? &hold : p, t[i].step, t[i].age_ms,
			t[i].verdict, t[i].wait_us, t[i].ambiguous, 7);

		ok(got.event == t[i].event && got.step == t[i].next &&
			(t[i].delay_us < 0 || got.delay_us == t[i].delay_us),
		    "%s", t[i].what);
	}
}

int
main(void)
{
	test_rows();
	test_refusals();
	test_model();
	test_ladder();
	test_plans();
	return tap_done();
}
