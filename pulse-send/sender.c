#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/sig.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/request.h"
#include "pulse-send/sender.h"

#define OUT_MAX ((size_t)256 * 1024)
/* The loop looks at leases and the like at least so often. */
#define TICK_MS 1000
/* Of a commit for other writers, before the loop goes on without it. */
#define STORE_WAIT_MS 100
/* Requests handed over to the worker before it has a place for them: what it
 * can begin while we commit. */
#define AHEAD 256
/* Deliveries in memory that keep all places busy for some turns. */
#define ENOUGH 1024
/* Channels are read again, and waits of endpoints saved, when longer. */
#define REFRESH_US    (1 * 1000000)
#define BEAT_US	      (10 * 1000000)
#define REMEMBERED_US (2 * 1000000)

int
sender_open(struct sender *s, const struct sender_options *o,
    struct store *store, struct err *e)
{
	struct worker_options worker = {.concurrency = o->concurrency,
	    .calls = WORKER_STRETCH * o->concurrency + AHEAD,
	    .allow_private = o->allow_private};
	struct uuid token = uuid_random();

	*s = (struct sender){.options = *o, .store = store, .input_open = true};
	TAILQ_INIT(&s->running);
	STAILQ_INIT(&s->ended);
	STAILQ_INIT(&s->written);
	STAILQ_INIT(&s->syncing);
	s->released_tail = &s->released;
	s->signal_fd = -1;
	uuid_print(&token, s->token);
	queue_init(&s->queue);
	stats_init(&s->stats);
	emit_init(&s->out, STDOUT_FILENO, OUT_MAX);
	if (lines_init(&s->in, STDIN_FILENO, SENDER_LINE_MAX) < 0)
		return err_set(e, "out of memory");
	s->signal_fd = sig_open();
	if (s->signal_fd < 0)
		return err_set(e, "signals: %s", strerror(errno));
	s->templates = templates_open();
	if (s->templates == NULL)
		return err_set(e, "out of memory");
	if (processes_open(&s->processes, e) < 0)
		return -1;
	return worker_open(&s->worker, &worker, e);
}

void
sender_close(struct sender *s)
{
	struct sending *g;
	struct delivery *d;

	worker_close(s->worker);
	processes_close(s->processes);
	templates_close(s->templates);
	settle_forget(&s->ended);
	settle_forget(&s->written);
	settle_forget(&s->syncing);
	while ((g = TAILQ_FIRST(&s->running)) != NULL) {
		TAILQ_REMOVE(&s->running, g, link);
		free(g);
	}
	while ((d = s->released) != NULL) {
		s->released = d->next;
		delivery_free(d);
	}
	notice_release(s);
	spill_release(s);
	queue_release(&s->queue);
	lines_release(&s->in);
	emit_release(&s->out);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
}

/* ---- a request ends ------------------------------------------------------ */

static void
link_running(struct sender *s, struct sending *g)
{
	TAILQ_INSERT_TAIL(&s->running, g, link);
	s->nrunning++;
	s->nprograms += g->process != NULL;
}

static void
unlink_running(struct sender *s, struct sending *g)
{
	TAILQ_REMOVE(&s->running, g, link);
	s->nrunning--;
	s->nprograms -= g->process != NULL;
}

static void
give_up(struct sender *s, struct sending *g, const char *why)
{
	char what[320];

	if (g->endpoint->disabled != NULL)
		return;
	(void)snprintf(what, sizeof(what), "is disabled: %.280s", why);
	notice_note(s, g->endpoint, g->v[0], what);
	endpoint_disable(s, g->endpoint, why);
}

static void
hear_of(struct sender *s, struct sending *g, enum breaker_news news)
{
	struct endpoint *p = g->endpoint;

	if (news == BREAKER_NO_NEWS)
		return;
	endpoint_changed(s, p);
	if (news == BREAKER_DISABLE)
		give_up(s, g, "it has not answered for days");
	else if (news == BREAKER_OPENED)
		log_warn("channel %s fails (%s): it is left alone for %" PRId64
			 " s",
		    p->channel.name, g->error,
		    (p->breaker.open_until_us - clock_mono_us() + 500000) /
			1000000);
	else
		log_info("channel %s works again", p->channel.name);
}

/* The chat has a new id: use it from now on, and keep it. */
static void
move_chat(struct sender *s, struct endpoint *p, const char *id)
{
	char *copy = strdup(id);

	if (copy == NULL)
		return;
	/* Moved twice before it was saved: the store knows the first. */
	if (p->moved_from == NULL)
		p->moved_from = p->channel.chat_id;
	else
		free(p->channel.chat_id);
	p->channel.chat_id = copy;
	endpoint_changed(s, p);
}

/* What the endpoint learns from it. */
static void
teach_endpoint(struct sender *s, struct sending *g, bool left, bool answered)
{
	struct endpoint *p = g->endpoint;
	const struct verdict *v = &g->verdict;
	int64_t now_us = clock_mono_us();
	int trend = 0;

	pacing_done(&p->pacing, now_us, left);
	if (v->moved[0] != '\0')
		move_chat(s, p, v->moved);
	if (v->remaining >= 0)
		pacing_learn(
		    &p->pacing, now_us, v->remaining, v->reset_after_us);
	if (v->kind == VERDICT_THROTTLED)
		trend = -1;
	if (v->kind == VERDICT_THROTTLED && v->wait_us >= 0) {
		pacing_block(&p->pacing, now_us, v->wait_us);
		if (v->global &&
		    now_us + v->wait_us > p->host->blocked_until_us)
			p->host->blocked_until_us = now_us + v->wait_us;
	}
	if (v->kind == VERDICT_TRANSIENT && answered) {
		trend = -1;
		hear_of(s, g,
		    breaker_failure(&p->breaker, &breaker_policy_default,
			now_us, clock_now_ms()));
	} else if (v->kind == VERDICT_THROTTLED || v->kind == VERDICT_LOCAL ||
		   !answered) {
		breaker_neutral(&p->breaker);
	} else {
		trend = 1;
		hear_of(s, g, breaker_success(&p->breaker));
	}
	queue_returned(&s->queue, p, trend);
	if (v->kind == VERDICT_GONE)
		give_up(s, g, g->error);
	if (p->pacing.blocked_until_us - now_us > REMEMBERED_US)
		endpoint_changed(s, p);
}

/* A try before its time, because a younger alert came, that failed: back to
 * the schedule as it was. */
static void
keep_schedule(
    const struct delivery *d, int64_t now_ms, struct delivery_plan *plan)
{
	if (plan->event != DELIVERY_EVENT_RETRY_LATER ||
	    d->scheduled_ms <= now_ms)
		return;
	plan->delay_us = (d->scheduled_ms - now_ms) * 1000;
	plan->step = d->step;
}

/* The next state of each of its deliveries. */
static void
plan_deliveries(struct sending *g, bool ambiguous)
{
	/* Only retries have a jitter. */
	uint64_t random = g->verdict.kind == VERDICT_OK ? 0 : backoff_random();
	int64_t now_ms = clock_now_ms();
	size_t i;

	for (i = 0; i < g->n; i++) {
		struct delivery *d = g->v[i];
		const struct delivery_transition *t;

		g->plan[i] = delivery_plan(&g->endpoint->retry, d->step,
		    now_ms - d->created_ms, g->verdict.kind, g->verdict.wait_us,
		    ambiguous, random);
		keep_schedule(d, now_ms, &g->plan[i]);
		t = delivery_transition(d->state, g->plan[i].event);
		g->state[i] = d->state = t->to;
		d->step = g->plan[i].step;
		d->due_us = clock_mono_us() + g->plan[i].delay_us;
		d->plain |= g->verdict.plain;
		d->attempts++;
		d->uncommitted++;
	}
}

/* A delivery that is parked takes those behind it in its lane along, so that
 * they stay behind it. */
static void
park_lanes(struct sender *s, const struct sending *g)
{
	struct delivery *d;
	size_t i;

	for (i = 0; i < g->n; i++) {
		int64_t due_ms =
		    clock_now_ms() + (g->plan[i].delay_us + 999) / 1000;

		if (g->state[i] != DELIVERY_STATE_PARKED ||
		    g->endpoint->channel.unordered)
			continue;
		while ((d = queue_lane_head(&s->queue, g->endpoint,
			    &g->v[i]->rule_id)) != NULL &&
		       d->uncommitted == 0 && !d->sending)
			settle_release(s, d, ++due_ms);
	}
}

static void
end(struct sender *s, struct sending *g, bool ambiguous)
{
	size_t i;

	plan_deliveries(g, ambiguous);
	for (i = 0; i < g->n; i++) {
		if (g->state[i] == DELIVERY_STATE_BACKOFF)
			queue_resume(&s->queue, g->v[i]);
		else
			queue_remove(&s->queue, g->v[i]);
	}
	settle_add(s, g);
}

/* Too fast, it says, but not for how long: all that goes there waits as long as
 * this message, not only it. */
static void
hold_bucket(const struct sending *g)
{
	if (g->verdict.kind == VERDICT_THROTTLED && g->verdict.wait_us < 0 &&
	    g->state[0] == DELIVERY_STATE_BACKOFF)
		pacing_block(
		    &g->endpoint->pacing, clock_mono_us(), g->plan[0].delay_us);
}

/* The verdict is in: teach, plan, hand over to be settled. left: the request
 * went out; answered: something came back that says how the endpoint is. */
static void
finish(struct sender *s, struct sending *g, bool left, bool answered,
    bool ambiguous)
{
	unlink_running(s, g);
	teach_endpoint(s, g, left, answered);
	end(s, g, ambiguous);
	hold_bucket(g);
	park_lanes(s, g);
	spill_endpoint(s, g->endpoint);
}

/* When it really began, and how long it took. */
static void
take_times(struct sending *g, const struct wire_answer *a)
{
	if (a->started_us == 0) {
		g->latency_us = clock_mono_us() - g->started_us;
		return;
	}
	g->started_ms += (a->started_us - g->started_us) / 1000;
	g->started_us = a->started_us;
	g->latency_us = a->ended_us - a->started_us;
}

/* It was recalled before it began. */
static void
put_back(struct sender *s, struct sending *g)
{
	const struct delivery_transition *t = delivery_transition(
	    DELIVERY_STATE_SENDING, DELIVERY_EVENT_RECALLED);
	struct endpoint *p = g->endpoint;
	size_t i;

	unlink_running(s, g);
	s->count.requests--;
	pacing_done(&p->pacing, clock_mono_us(), false);
	breaker_neutral(&p->breaker);
	queue_returned(&s->queue, p, 0);
	for (i = 0; i < g->n; i++) {
		g->v[i]->state = t->to;
		queue_resume(&s->queue, g->v[i]);
	}
	free(g);
}

static void
on_done(void *arg, const struct wire_answer *a)
{
	struct sending *g = arg;
	const struct channel *c = &g->endpoint->channel;
	const struct http_response *r = &a->response;

	if (a->unsent) {
		put_back(g->sender, g);
		return;
	}
	take_times(g, a);
	channel_judge(g->endpoint->ops, r, &g->verdict);
	g->status = r->status;
	(void)snprintf(g->address, sizeof(g->address), "%s", r->address);
	request_say(c, r, &g->verdict, g->error, sizeof(g->error));
	request_keep_answer(
	    c, r->body, r->len, g->response, sizeof(g->response));
	/* That the worker was lost, or stopped, says nothing of a receiver. */
	finish(g->sender, g, r->left,
	    r->outcome != HTTP_REFUSED && a->started_us != 0,
	    r->left && r->outcome != HTTP_ANSWERED);
}

static void
on_exit_of(void *arg, const struct process_result *r)
{
	struct sending *g = arg;
	const struct channel *c = &g->endpoint->channel;

	g->latency_us = clock_mono_us() - g->started_us;
	channel_exec_judge(r, &g->verdict);
	(void)snprintf(g->error, sizeof(g->error), "%s", g->verdict.reason);
	request_keep_answer(
	    c, r->output, r->len, g->response, sizeof(g->response));
	finish(g->sender, g, true, true, r->status < 0);
}

/* ---- a request begins ---------------------------------------------------- */

/* No request was made: an attempt without one. */
static void
fail_unsent(struct sender *s, struct sending *g, enum verdict_kind kind,
    const char *why)
{
	g->verdict =
	    (struct verdict){.kind = kind, .wait_us = -1, .remaining = -1};
	(void)snprintf(g->error, sizeof(g->error), "%s", why);
	pacing_done(&g->endpoint->pacing, clock_mono_us(), false);
	breaker_neutral(&g->endpoint->breaker);
	queue_returned(&s->queue, g->endpoint, 0);
	end(s, g, false);
}

static struct sending *
new_sending(struct sender *s, struct delivery **v, size_t n)
{
	struct sending *g = malloc(sizeof(*g));

	if (g == NULL)
		return NULL;
	memset(g, 0, offsetof(struct sending, address));
	g->address[0] = g->error[0] = g->response[0] = '\0';
	g->sender = s;
	g->endpoint = v[0]->endpoint;
	g->n = n;
	memcpy(g->v, v, n * sizeof(v[0]));
	g->started_ms = clock_now_ms();
	g->started_us = clock_mono_us();
	return g;
}

static int
start_http(struct sender *s, struct sending *g, const struct outgoing *m,
    struct err *e)
{
	struct http_request r = request_http(&g->endpoint->channel, m);

	return worker_start(s->worker, &r, on_done, g, &g->call, e);
}

static int
launch(struct sender *s, struct sending *g, struct outgoing *m, struct err *e)
{
	int rc;

	g->body_len = m->body.len;
	rc =
	    g->endpoint->channel.kind == CHANNEL_KIND_EXEC
		? channel_exec_start(&g->endpoint->channel, s->processes,
		      g->v[0]->id_text, &m->body, on_exit_of, g, &g->process, e)
		: start_http(s, g, m, e);
	if (rc < 0)
		return -1;
	link_running(s, g);
	s->count.requests++;
	return 0;
}

static int
start(struct sender *s, struct delivery **v, size_t n, struct err *e)
{
	struct sending *g = new_sending(s, v, n);
	struct outgoing m;
	struct err why;
	int rc;

	if (g == NULL)
		return err_set(e, "out of memory");
	if (g->endpoint->disabled != NULL) {
		fail_unsent(s, g, VERDICT_PERMANENT, g->endpoint->disabled);
		return 0;
	}
	outgoing_init(&m);
	m.now_ms = g->started_ms;
	m.templates = s->templates;
	rc = request_build(g->endpoint, g->v, g->n, &m, &why);
	if (rc == 0)
		rc = launch(s, g, &m, &why);
	outgoing_release(&m);
	if (rc < 0)
		fail_unsent(s, g, why.local ? VERDICT_LOCAL : VERDICT_PERMANENT,
		    why.msg);
	return 0;
}

/* Where one more request would go. */
enum place {
	PLACE_NONE,
	PLACE_AHEAD, /* it would wait in the worker for another one to end */
	PLACE_NOW,
};

static size_t
slow_programs(const struct sender *s, int64_t now_us)
{
	const struct sending *g;
	size_t n = 0;

	if (s->nprograms == 0)
		return 0;
	TAILQ_FOREACH (g, &s->running, link) {
		if (now_us - g->started_us < WORKER_SLOW_US)
			break;
		n += g->process != NULL;
	}
	return n;
}

/* As the worker has it: see worker.h. */
static enum place
place(const struct sender *s, int64_t now_us)
{
	size_t limit = (size_t)s->options.concurrency, quick;

	if (s->nrunning < limit)
		return PLACE_NOW;
	quick = s->nrunning - worker_slow(s->worker) - slow_programs(s, now_us);
	if (quick < limit && s->nrunning < WORKER_STRETCH * limit)
		return PLACE_NOW;
	/* Programs have no worker: none may join those that run. */
	return quick < limit + AHEAD && s->nprograms == 0 &&
		       s->nrunning < WORKER_STRETCH * limit + AHEAD
		   ? PLACE_AHEAD
		   : PLACE_NONE;
}

/* Whether more lines are worth reading: not while so many in memory wait for a
 * place that the time is better theirs. */
static bool
wants_lines(const struct sender *s, int64_t now_us)
{
	return intake_room(s) &&
	       (s->queue.n < ENOUGH || place(s, now_us) == PLACE_NOW);
}

static int
dispatch(struct sender *s, struct err *e)
{
	struct delivery *v[DIGEST_MAX];
	int64_t now_us = clock_mono_us();
	enum place where;
	size_t n;

	/* What is not surely ours is not sent. */
	if (s->draining || outage_now(s) || !settle_holds(s))
		return 0;
	queue_wake(&s->queue, now_us);
	while ((where = place(s, now_us)) != PLACE_NONE &&
	       (n = queue_take(&s->queue, now_us, where == PLACE_AHEAD, v)) > 0)
		if (start(s, v, n, e) < 0)
			return -1;
	return 0;
}

/* ---- the loop ------------------------------------------------------------ */

void
sender_report(const struct sender *s, struct err *text)
{
	(void)err_set(text,
	    "%" PRId64 " lines, %" PRId64 " requests, %" PRId64
	    " delivered, %" PRId64 " retrying, %" PRId64
	    " dead, %zu queued, %zu running",
	    s->count.lines, s->count.requests, s->count.delivered,
	    s->count.retrying, s->count.dead, s->queue.n, s->nrunning);
}

int
sender_beat(struct sender *s, struct err *e)
{
	return stats_beat(
	    &s->stats, s->store, &s->count, s->queue.n, s->nrunning, e);
}

static int
on_signal(struct sender *s)
{
	int sig = sig_read(s->signal_fd);
	struct err text;

	if (sig == SIGUSR1) {
		sender_report(s, &text);
		log_warn("%s", text.msg);
	}
	if (sig != SIGTERM && sig != SIGINT)
		return 0;
	/* The second one does not wait for answers. */
	if (s->draining)
		return -1;
	s->draining = true;
	log_info("stopping: %zu requests end, %zu deliveries go back",
	    s->nrunning, s->queue.n);
	return 0;
}

/* When there is something to do for the store and the queue. */
static int64_t
next_us(const struct sender *s, int64_t now_us)
{
	int64_t next = now_us + TICK_MS * 1000, t;

	if (outage_now(s))
		return outage_next_us(s);
	t = queue_next_us(&s->queue);
	if (!s->draining && t < next)
		next = t;
	t = s->ended_since_us + SETTLE_LINGER_US;
	if (settle_waits(s) && t < next)
		next = t;
	if (!s->draining && s->lines_left && wants_lines(s, now_us))
		return now_us;
	/* A program that ended after this turn's dispatch() lets others go. */
	if (!s->draining && queue_runnable(&s->queue) &&
	    place(s, now_us) == PLACE_NOW)
		return now_us;
	return next;
}

static int
timeout_of(const struct sender *s)
{
	int64_t now_us = clock_mono_us(), next = next_us(s, now_us);
	int ms = next <= now_us ? 0 : (int)((next - now_us + 999) / 1000);
	int programs = processes_timeout_ms(s->processes);

	return programs >= 0 && programs < ms ? programs : ms;
}

/* What we hold must be ours for a while before anything else is claimed: a
 * lease of ours that has ended would be claimed once more. After a long sleep
 * of the machine attempts may still wait for their commit, too. */
static int
hold_on(struct sender *s, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	bool slept = now_ms - s->turn_ms > LEASE_MS / 4;

	s->turn_ms = now_ms;
	if (slept && settle_now(s, e) < 0)
		return -1;
	return settle_renew(s, e);
}

/* What is done from time to time: channels that changed, the heartbeat. */
static int
look_around(struct sender *s, struct err *e)
{
	int64_t now_us = clock_mono_us();

	if (now_us - s->refreshed_us >= REFRESH_US) {
		s->refreshed_us = now_us;
		if (endpoints_refresh(s, e) < 0)
			return -1;
	}
	if (now_us - s->beat_us < BEAT_US && s->beat_us != 0)
		return 0;
	s->beat_us = now_us;
	return sender_beat(s, e);
}

/* Wait, then do what there is to do. 1: go on, 0: a second signal, -1. */
static int
turn(struct sender *s, struct err *e)
{
	bool reads = s->input_open && !s->draining && !outage_now(s) &&
		     wants_lines(s, clock_mono_us());
	struct err why;
	struct pollfd p[5] = {
	    {.fd = processes_fd(s->processes), .events = POLLIN},
	    {.fd = s->signal_fd, .events = POLLIN},
	    {.fd = worker_fd(s->worker), .events = worker_events(s->worker)},
	    {.fd = reads && !s->lines_left ? STDIN_FILENO : -1,
		.events = POLLIN},
	    {.fd = store_sync_fd(s->store), .events = POLLIN},
	};

	if (poll(p, 5, timeout_of(s)) < 0 && errno != EINTR)
		return err_set(e, "poll: %s", strerror(errno));
	if (p[1].revents != 0 && on_signal(s) < 0)
		return 0;
	if (p[4].revents != 0 && settle_synced(s, e) < 0)
		return -1;
	outage_probe(s);
	if (!outage_now(s) && hold_on(s, &why) < 0)
		outage_begin(s, &why);
	if (reads && !outage_now(s) && (s->lines_left || p[3].revents != 0))
		intake_read(s);
	processes_service(s->processes);
	if ((p[2].revents != 0 && worker_service(s->worker, e) < 0) ||
	    dispatch(s, e) < 0)
		return -1;
	worker_flush(s->worker);
	if (s->draining || outage_now(s))
		worker_recall(s->worker);
	settle_ended(s);
	s->turn++;
	if (!outage_now(s) &&
	    (spill_fetch(s, &why) < 0 || notice_send(s, &why) < 0 ||
		look_around(s, &why) < 0))
		outage_begin(s, &why);
	return 1;
}

static bool
finished(const struct sender *s)
{
	if (s->nrunning > 0)
		return false;
	return s->draining ||
	       (!s->input_open && s->queue.n == 0 && s->notices == NULL &&
		   !settle_waits(s) && !settle_syncs(s));
}

/* Not waited for any longer: what had left may have arrived. What has not begun
 * never will, also while the last commits are tried. */
static void
cancel_all(struct sender *s)
{
	struct wire_answer a = {.response = {.outcome = HTTP_BROKEN,
				    .body = "",
				    .left = true,
				    .address = "",
				    .error = "stopped before an answer came"}};
	struct sending *g;

	worker_recall(s->worker);
	while ((g = TAILQ_FIRST(&s->running)) != NULL) {
		a.unsent = false;
		if (g->process != NULL)
			process_cancel(s->processes, g->process);
		else
			a.unsent = !worker_cancel(s->worker, g->call);
		on_done(g, &a);
	}
}

int
sender_run(struct sender *s, struct err *e)
{
	struct err why;
	int rc = 1;

	/* Waiting long inside the store would keep answers waiting. */
	store_set_wait(s->store, STORE_WAIT_MS);
	s->turn_ms = clock_now_ms();
	while (rc > 0 && !finished(s))
		rc = turn(s, e);
	if (rc <= 0)
		cancel_all(s);
	/* What has been sent is recorded, whatever ended the loop. */
	if (outage_last_tries(s, rc < 0 ? &why : e) < 0) {
		if (rc < 0)
			log_error("%s", why.msg);
		return -1;
	}
	if (rc < 0)
		return -1;
	/* A process of cron's may live shorter than from beat to beat. */
	if (sender_beat(s, &why) < 0)
		log_warn("%s", why.msg);
	if (s->stdin_errno != 0)
		return err_set(e, "stdin: %s", strerror(s->stdin_errno));
	if (s->stdout_errno != 0 && s->stdout_errno != EPIPE)
		return err_set(e, "stdout: %s", strerror(s->stdout_errno));
	return 0;
}
