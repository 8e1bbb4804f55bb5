/* Pacing and the breaker under a clock that the test turns. */
#include "pulse-send/breaker.h"
#include "pulse-send/pacing.h"
#include "pulse-send/timers.h"
#include "tests/unit/tap.h"

#define SECOND INT64_C(1000000)

static const struct pacing_window discord[PACING_WINDOWS] = {
    {5, 2 * SECOND}, {30, 60 * SECOND}};
static const struct pacing_window none[PACING_WINDOWS];

/* Send as fast as is allowed, each answered after latency; the receiver's own
 * view must keep both windows at every moment. */
static void
test_windows(int64_t latency_us)
{
	int64_t now = 5 * SECOND, arrived[200], i, j;
	struct pacing p;
	int worst2 = 0, worst60 = 0;

	pacing_init(&p, discord);
	for (i = 0; i < 200; i++) {
		int64_t ready = pacing_ready_us(&p, now);
		int in2 = 0, in60 = 0;

		if (ready > now)
			now = ready;
		pacing_start(&p);
		/* It arrives at any time until the answer: early or late. */
		arrived[i] = now + (i % 2 == 0 ? 0 : latency_us);
		now += latency_us;
		pacing_done(&p, now, true);
		for (j = 0; j <= i; j++) {
			in2 += arrived[j] > arrived[i] - 2 * SECOND;
			in60 += arrived[j] > arrived[i] - 60 * SECOND;
		}
		if (in2 > worst2)
			worst2 = in2;
		if (in60 > worst60)
			worst60 = in60;
	}
	ok(worst2 <= 5, "never more than 5 in 2 s (%d)", worst2);
	ok(worst60 <= 30, "never more than 30 in 60 s (%d)", worst60);
	ok(worst60 == 30, "and no fewer than that");
	ok(now < 7 * 60 * SECOND, "200 in less than seven minutes");
	pacing_release(&p);
}

static void
test_burst(void)
{
	struct pacing p;
	int i;

	pacing_init(&p, discord);
	is_int(pacing_room(&p, SECOND), 5, "five may leave at once");
	for (i = 0; i < 5; i++)
		pacing_start(&p);
	ok(pacing_ready_us(&p, SECOND) == INT64_MAX,
	    "with five in flight only an answer tells more");
	for (i = 0; i < 5; i++)
		pacing_done(&p, SECOND + i, true);
	is_int(pacing_ready_us(&p, SECOND + 5), 3 * SECOND,
	    "the sixth: 2 s after the first answer");
	is_int(pacing_room(&p, 3 * SECOND + 2), 3, "then as they fall out");
	pacing_release(&p);
}

static void
test_demands(void)
{
	struct pacing p;

	pacing_init(&p, none);
	is_int(pacing_ready_us(&p, 10), 0, "without windows always");
	pacing_block(&p, 1000, 376000);
	is_int(pacing_ready_us(&p, 1001), 377000, "a wait is kept to the us");
	pacing_block(&p, 2000, 5);
	is_int(
	    pacing_ready_us(&p, 2001), 377000, "a shorter one does not end it");
	is_int(pacing_room(&p, 376999), 0, "nothing leaves before");
	ok(pacing_room(&p, 377000) > 0, "and anything after");
	pacing_learn(&p, 400000, 2, SECOND);
	is_int(pacing_room(&p, 400001), 2, "two are left by the headers");
	pacing_start(&p);
	pacing_start(&p);
	is_int(pacing_ready_us(&p, 400002), 1400000,
	    "then not before the receiver's window ends");
	pacing_learn(&p, 400003, 3, SECOND);
	is_int(pacing_room(&p, 400004), 1,
	    "those in flight are supposed not to be counted yet");
	is_int(pacing_room(&p, 1400003), PACING_COUNT_MAX,
	    "what was learned ends with its window");
	pacing_release(&p);
}

static void
test_uncounted(void)
{
	static const struct pacing_window one[PACING_WINDOWS] = {{1, SECOND}};
	struct pacing p;

	pacing_init(&p, one);
	pacing_start(&p);
	pacing_done(&p, 10, false);
	is_int(pacing_ready_us(&p, 11), 0,
	    "what never left does not use the window up");
	pacing_release(&p);
}

static void
test_breaker(void)
{
	const struct breaker_policy *p = &breaker_policy_default;
	struct breaker b = {.state = BREAKER_CLOSED};
	int64_t now = 0, day = INT64_C(86400000), ms = 1000;
	int i, trips = 0;

	for (i = 0; i < 4; i++)
		is_int(breaker_failure(&b, p, now, ms), BREAKER_NO_NEWS,
		    "a failure");
	is_int(breaker_failure(&b, p, now, ms), BREAKER_OPENED,
	    "the fifth in a row opens it");
	is_int(breaker_failure(&b, p, now, ms), BREAKER_NO_NEWS,
	    "what was still in flight changes nothing");
	is_int(breaker_ready_us(&b, now), 30 * SECOND, "for 30 s");
	breaker_start(&b);
	ok(b.state == BREAKER_HALF && breaker_ready_us(&b, now) == INT64_MAX,
	    "then one probe, and nothing beside it");
	is_int(breaker_failure(&b, p, now, ms), BREAKER_OPENED, "it fails");
	is_int(breaker_ready_us(&b, now), 60 * SECOND, "60 s");
	breaker_start(&b);
	breaker_neutral(&b);
	is_int(
	    breaker_ready_us(&b, 99), 99, "a probe that tells nothing: again");
	breaker_start(&b);
	is_int(breaker_success(&b), BREAKER_HEALED, "a probe that works");
	is_int(breaker_ready_us(&b, now), 0, "closes it");
	is_int(breaker_success(&b), BREAKER_NO_NEWS, "success is no news");
	for (i = 0; i < 4; i++)
		breaker_failure(&b, p, now, ms);
	for (ms = 1000; trips < 50; ms += day / 4) {
		enum breaker_news news = breaker_failure(&b, p, now, ms);

		trips++;
		breaker_start(&b);
		if (news == BREAKER_DISABLE)
			break;
	}
	ok(ms - 1000 >= 5 * day && trips >= 10,
	    "five days and ten trips without a success disable");
}

static void
test_timers(void)
{
	struct timers t = {.heap = NULL};
	static struct timer v[500];
	int64_t last = -1;
	uint32_t r = 1;
	int i, n = 0, sorted = 1;
	struct timer *x;

	for (i = 0; i < 500; i++) {
		r = r * 1664525 + 1013904223;
		timers_set(&t, &v[i], r % 1000);
	}
	for (i = 0; i < 500; i += 3) {
		r = r * 1664525 + 1013904223;
		timers_set(&t, &v[i], r % 1000);
	}
	for (i = 0; i < 500; i += 5)
		timers_clear(&t, &v[i]);
	ok(timers_pop(&t, -1) == NULL, "nothing is due before its time");
	while ((x = timers_pop(&t, 1000)) != NULL) {
		sorted &= x->due_us >= last && x->at == 0;
		last = x->due_us;
		n++;
	}
	ok(n == 400 && sorted, "400 timers come in order");
	ok(timers_next_us(&t) == INT64_MAX, "and none is left");
	timers_release(&t);
}

int
main(void)
{
	test_windows(0);
	test_windows(80000);
	test_windows(700000);
	test_burst();
	test_demands();
	test_uncounted();
	test_breaker();
	test_timers();
	return tap_done();
}
