/*
 * worker_main: the loop of the HTTP worker. What it is asked starts at once
 * while there is a place; else it stays unread, first come, first served.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/clock.h"
#include "common/guard.h"
#include "common/log.h"
#include "pulse-send/worker.h"

/* Room for the answer to one call, at most: body, headers, sentence. */
#define ANSWER_MAX ((size_t)64 * 1024)

/* Bytes of answers, some ten of them. */
#define EARLY 4096

struct serving {
	const struct worker_options *options;
	struct worker_shared *shared;
	struct http *http;
	struct wire wire;
	TAILQ_HEAD(, job) running; /* the oldest first */
	int nrunning;
	bool failed; /* an answer could not be written */
};

/* A call that runs. */
struct job {
	TAILQ_ENTRY(job) link;
	struct serving *serving;
	struct http_call *call;
	uint64_t id;
	int64_t started_us;
};

/* ---- the calls that run -------------------------------------------------- */

static void
forget(struct job *j)
{
	TAILQ_REMOVE(&j->serving->running, j, link);
	j->serving->nrunning--;
	free(j);
}

/* The oldest that is not slow yet, and how many are. */
static const struct job *
skip_slow(const struct serving *s, int64_t now_us, int *slow)
{
	const struct job *j;

	*slow = 0;
	TAILQ_FOREACH (j, &s->running, link) {
		if (now_us - j->started_us < WORKER_SLOW_US)
			break;
		++*slow;
	}
	return j;
}

static void
tell_slow(struct serving *s, int64_t now_us)
{
	int slow;

	(void)skip_slow(s, now_us, &slow);
	s->shared->slow = slow;
}

static bool
has_place(const struct serving *s, int64_t now_us)
{
	int limit = s->options->concurrency, slow;

	if (s->nrunning < limit || s->nrunning >= WORKER_STRETCH * limit)
		return s->nrunning < limit;
	(void)skip_slow(s, now_us, &slow);
	return s->nrunning - slow < limit;
}

/* ---- answering ----------------------------------------------------------- */

static void
answer(struct serving *s, uint64_t id, int64_t started_us,
    const struct http_response *r)
{
	struct wire_answer a = {.id = id,
	    .started_us = started_us,
	    .ended_us = clock_mono_us(),
	    .response = *r};

	if (wire_put_answer(&s->wire, &a) < 0)
		s->failed = true;
}

static void
on_done(void *arg, const struct http_response *r)
{
	struct job *j = arg;

	answer(j->serving, j->id, j->started_us, r);
	forget(j);
}

static void
answer_unsent(struct serving *s, uint64_t id)
{
	struct wire_answer a = {.id = id,
	    .unsent = true,
	    .response = {.body = "", .address = "", .error = ""}};

	if (wire_put_answer(&s->wire, &a) < 0)
		s->failed = true;
}

/* ---- being asked --------------------------------------------------------- */

static void
refuse(struct serving *s, uint64_t id, const struct err *why)
{
	struct http_response r = {
	    .outcome = why->local ? HTTP_LOCAL : HTTP_REFUSED,
	    .body = "",
	    .address = "",
	    .error = why->msg};

	answer(s, id, clock_mono_us(), &r);
}

static void
start(struct serving *s, struct wire_ask *a, int64_t now_us)
{
	struct job *j = malloc(sizeof(*j));
	struct err why;

	a->request.guard = guard_address;
	a->request.guard_arg = (void *)&s->options->allow_private;
	if (j == NULL) {
		(void)err_local(&why, "out of memory");
		refuse(s, a->id, &why);
		return;
	}
	*j = (struct job){.serving = s, .id = a->id, .started_us = now_us};
	if (http_start(s->http, &a->request, on_done, j, &j->call, &why) < 0) {
		refuse(s, a->id, &why);
		free(j);
		return;
	}
	TAILQ_INSERT_TAIL(&s->running, j, link);
	s->nrunning++;
}

static void
cancel(struct serving *s, uint64_t id)
{
	struct job *j;

	TAILQ_FOREACH (j, &s->running, link)
		if (j->id == id)
			break;
	if (j == NULL)
		return;
	http_cancel(s->http, j->call);
	forget(j);
}

/* Start what was asked while there is a place. 0, or -1 for nonsense. */
static int
take_asks(struct serving *s)
{
	int64_t now_us = clock_mono_us();
	struct wire_ask a;
	int rc = 0;

	while (has_place(s, now_us) && (rc = wire_next_ask(&s->wire, &a)) > 0) {
		if (a.cancel) {
			cancel(s, a.id);
			continue;
		}
		/* In this order: who recalls it and then finds that it has not
		 * begun can be sure that it never will. */
		s->shared->begun = a.id;
		if (a.id <= s->shared->recalled)
			answer_unsent(s, a.id);
		else
			start(s, &a, now_us);
	}
	return rc < 0 ? -1 : 0;
}

/* ---- the loop ------------------------------------------------------------ */

/* Without a place: until the next one that runs is called slow. With one:
 * http_flush() may have made it after asks were taken. */
static int
timeout_of(const struct serving *s, bool place)
{
	int http = http_timeout_ms(s->http), slow, ms;
	int64_t now_us = clock_mono_us();
	const struct job *next;

	if (place)
		return wire_has_next(&s->wire) ? 0 : http;
	if ((next = skip_slow(s, now_us, &slow)) == NULL)
		return http;
	ms = (int)((next->started_us + WORKER_SLOW_US - now_us) / 1000) + 1;
	return http >= 0 && http < ms ? http : ms;
}

/* Wait, then do what there is to do. 1: go on, 0: nobody asks any more, -1. */
static int
turn(struct serving *s, struct err *e)
{
	int64_t now_us = clock_mono_us();
	bool place = has_place(s, now_us);
	/* What has been read is begun first, so that it never adds up. */
	bool reads = place && !wire_has_next(&s->wire);
	struct pollfd p[2] = {
	    {.fd = s->wire.fd,
		.events = (short)((reads ? POLLIN : 0) |
				  (wire_waits(&s->wire) ? POLLOUT : 0))},
	    {.fd = http_fd(s->http), .events = POLLIN},
	};

	tell_slow(s, now_us);
	if (poll(p, 2, timeout_of(s, place)) < 0 && errno != EINTR)
		return err_set(e, "poll: %s", strerror(errno));
	if ((p[0].revents & POLLHUP) ||
	    ((p[0].revents & POLLIN) && wire_receive(&s->wire) < 0))
		return 0;
	if (http_service(s->http, e) < 0)
		return -1;
	/* Many answers are not kept waiting for as many new requests. */
	if (s->wire.out.len >= EARLY && wire_send(&s->wire) < 0)
		return 0;
	if (take_asks(s) < 0)
		return err_set(e, "the HTTP worker was asked nonsense");
	if (http_flush(s->http, e) < 0)
		return -1;
	if (s->failed)
		return err_set(e, "the HTTP worker is out of memory");
	return wire_send(&s->wire) == 0;
}

int
worker_main(
    int fd, const struct worker_options *o, struct worker_shared *shared)
{
	struct http_options http = {
	    .max_connections = WORKER_STRETCH * o->concurrency};
	struct serving s = {.options = o, .shared = shared};
	struct err e;
	int rc;

	TAILQ_INIT(&s.running);
	wire_init(&s.wire, fd, (size_t)o->calls * ANSWER_MAX);
	if (http_open(&s.http, &http, &e) < 0) {
		log_error("%s", e.msg);
		return 1;
	}
	do
		rc = turn(&s, &e);
	while (rc > 0);
	if (rc < 0)
		log_error("%s", e.msg);
	return rc < 0;
}
