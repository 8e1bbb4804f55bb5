/*
 * intake: from a line on stdin to a claimed delivery in the queue.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/sender.h"

/* Deliveries and bytes of their records in memory at most. */
#define QUEUE_MAX	8192
#define QUEUE_BYTES_MAX ((size_t)32 * 1024 * 1024)
/* Lines that one transaction claims at most, and one turn of the loop: answers
 * and what is to be sent have theirs. */
#define BATCH_MAX 256
/* Older deliveries of one lane that are claimed with a new one. */
#define BEHIND_MAX 64
/* How long a paused channel's deliveries are left alone. */
#define PAUSED_US (INT64_C(300) * 1000000)

bool
intake_room(const struct sender *s)
{
	return s->queue.n + s->nreleased < QUEUE_MAX &&
	       s->queue.bytes < QUEUE_BYTES_MAX;
}

struct intake_mark
intake_begin(const struct sender *s)
{
	return (struct intake_mark){.newest = s->queue.newest,
	    .released_tail = s->released_tail,
	    .nreleased = s->nreleased};
}

void
intake_undo(struct sender *s, const struct intake_mark *mark)
{
	struct delivery *d;

	queue_undo(&s->queue, mark->newest);
	while ((d = *mark->released_tail) != NULL) {
		*mark->released_tail = d->next;
		delivery_free(d);
	}
	s->released_tail = mark->released_tail;
	s->nreleased = mark->nreleased;
	s->nbehind = 0;
}

/* ---- deliveries ---------------------------------------------------------- */

/* Is a delivery of its lane that is older perhaps in the store? Then the lane
 * is to be claimed as a whole. */
static int
look_behind(struct sender *s, const struct delivery *d, struct err *e)
{
	struct store_delivery_filter f = {
	    .channel = d->channel, .status = DELIVERY_RETRYING};
	struct endpoint *p = d->endpoint;
	struct behind *b;
	int64_t n;

	if (p->channel.unordered || d->lane->n > 1 || d->attempts > 0)
		return 0;
	if (p->parked_turn != s->turn) {
		if (store_delivery_count(s->store, &f, &n, e) < 0)
			return -1;
		p->parked_turn = s->turn;
		p->parked = n > 0;
	}
	if (!p->parked)
		return 0;
	b = realloc(s->behind, (s->nbehind + 1) * sizeof(*b));
	if (b == NULL)
		return err_set(e, "out of memory");
	s->behind = b;
	b[s->nbehind].rule_id = d->rule_id;
	(void)snprintf(
	    b[s->nbehind].channel, sizeof(b->channel), "%s", d->channel);
	s->nbehind++;
	return 0;
}

/* It is in the queue: may it stay there? */
static int
settle_in(struct sender *s, struct delivery *d, struct err *e)
{
	struct endpoint *p = d->endpoint;
	int64_t now_us = clock_mono_us(), wait_us;

	if (p->disabled != NULL)
		return 0;
	if (p->channel.paused) {
		spill(s, d, PAUSED_US);
		return 0;
	}
	wait_us = queue_estimate_us(p, now_us) - now_us;
	if (wait_us > p->retry.memory_ms * 1000) {
		spill(s, d, wait_us);
		return 0;
	}
	return look_behind(s, d, e);
}

/* Claim the older deliveries of lanes that need it; they go in before. */
static int
claim_behind(struct sender *s, struct err *e)
{
	while (s->nbehind > 0) {
		struct behind b = s->behind[--s->nbehind];

		if (store_delivery_claim_lane(s->store, &b.rule_id, b.channel,
			BEHIND_MAX, s->token, clock_now_ms(), LEASE_MS,
			intake_take, s, e) < 0)
			return -1;
	}
	return 0;
}

int
intake_take(void *arg, const struct store_delivery *from, struct err *e)
{
	struct sender *s = arg;
	struct endpoint *endpoint = endpoint_of(s, from->channel, from->url, e);
	struct delivery *d;

	if (endpoint == NULL)
		return -1;
	d = calloc(1, sizeof(*d));
	if (d == NULL)
		return err_set(e, "out of memory");
	d->id = from->id;
	d->claim = from->claim;
	d->alert_id = from->alert_id;
	d->rule_id = from->rule_id;
	uuid_print(&d->id, d->id_text);
	d->endpoint = endpoint;
	d->state = DELIVERY_STATE_QUEUED;
	d->attempts = from->attempts;
	d->step = (int)from->step;
	d->created_ms = from->created_ms;
	d->lease_until_ms = from->lease_until_ms;
	d->scheduled_ms =
	    from->status == DELIVERY_RETRYING ? from->next_attempt_ms : 0;
	d->channel = strdup(from->channel);
	d->record = malloc(from->record_len + 1);
	d->record_len = from->record_len;
	if (d->record != NULL) {
		memcpy(d->record, from->record, from->record_len);
		d->record[from->record_len] = '\0';
	}
	if (d->channel == NULL || d->record == NULL ||
	    queue_push(&s->queue, d) < 0) {
		delivery_free(d);
		return err_set(e, "out of memory");
	}
	return settle_in(s, d, e);
}

/* A line on stdin, good until the next lines_fill(). */
struct line {
	const char *p;
	size_t len;
	uint64_t number;
};

/* Lines of which the id is all that is needed, if the store has their alerts:
 * as a rule it has, and claims them together. */
struct known {
	struct line lines[BATCH_MAX];
	struct uuid ids[BATCH_MAX];
	int given[BATCH_MAX]; /* deliveries of it that are ours now */
	size_t n;
};

/* An alert that the store does not have, for the channels given on the command
 * line: stored, so that it is audited like any other. 1, or 0 when it is there
 * or there are no such channels, or -1. */
static int
put_foreign(struct sender *s, const struct alert_record *r,
    const struct line *line, struct err *e)
{
	const char *channels[2];
	size_t n = 0;
	struct alert a = {
	    .id = r->id,
	    .rule_id = r->rule_id,
	    .rule_name = r->rule_name,
	    .rule_type = r->rule_type,
	    .symbol = r->symbol,
	    .interval = r->interval,
	    .state = r->state,
	    .severity = r->severity,
	    .window_start_ms = r->window_start_ms,
	    .window_end_ms = r->window_end_ms,
	    .triggered_ms = r->triggered_ms,
	    .message = r->message,
	    .late = r->late,
	};

	if (s->options.discord_url != NULL)
		channels[n++] = CHANNEL_DISCORD;
	if (s->options.generic_url != NULL)
		channels[n++] = CHANNEL_GENERIC;
	if (n == 0)
		return 0;
	/* With a claim added it must be a line that is taken. */
	if (line->len > ALERT_TEXT_MAX) {
		s->count.bad++;
		log_warn("stdin:%" PRIu64 ": an alert of %zu bytes is too long",
		    line->number, line->len);
		return 0;
	}
	return store_alert_put_foreign(s->store, &a, line->p, line->len,
	    channels, n, clock_now_ms(), 0, e);
}

/* It is no alert. */
static int
take_nothing(struct sender *s, const struct line *line, const char *why)
{
	s->count.bad++;
	log_warn("stdin:%" PRIu64 ": not an alert: %s", line->number, why);
	return 0;
}

static int
take_record(struct sender *s, const struct alert_record *r,
    const struct line *line, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	struct uuid id;
	int n;

	if (r->delivery_id != NULL) {
		if (uuid_parse(&id, r->delivery_id, strlen(r->delivery_id)) < 0)
			return take_nothing(
			    s, line, "delivery.id must be a UUID");
		return store_delivery_adopt(s->store, &id, r->lease, s->token,
		    now_ms, LEASE_MS, intake_take, s, e);
	}
	n = store_delivery_claim_alert(
	    s->store, &r->id, s->token, now_ms, LEASE_MS, intake_take, s, e);
	if (n != 0 || (n = put_foreign(s, r, line, e)) <= 0)
		return n;
	return store_delivery_claim_alert(
	    s->store, &r->id, s->token, now_ms, LEASE_MS, intake_take, s, e);
}

/* By all that it says. -1: the store failed. */
static int
take_line(struct sender *s, const struct line *line, struct err *e)
{
	struct alert_record r;
	struct err why;
	int n;

	if (alert_record_parse(&r, line->p, line->len, &why) < 0)
		return take_nothing(s, line, why.msg);
	n = take_record(s, &r, line, e);
	alert_record_release(&r);
	if (n == 0)
		s->count.unclaimed++;
	return n < 0 ? -1 : 0;
}

/* Those collected so far: claimed by their ids, or else by what they say. */
static int
take_known(struct sender *s, struct known *k, struct err *e)
{
	size_t i, n = k->n;

	k->n = 0;
	if (n > 0 &&
	    store_delivery_claim_alerts(s->store, k->ids, n, k->given, s->token,
		clock_now_ms(), LEASE_MS, intake_take, s, e) < 0)
		return -1;
	for (i = 0; i < n; i++)
		if (k->given[i] == 0 && take_line(s, &k->lines[i], e) < 0)
			return -1;
	return 0;
}

static int
take_or_collect(
    struct sender *s, struct known *k, const struct line *line, struct err *e)
{
	s->count.lines++;
	if (alert_record_id(&k->ids[k->n], line->p, line->len)) {
		k->lines[k->n++] = *line;
		return 0;
	}
	/* In the order of the lines. */
	return take_known(s, k, e) < 0 ? -1 : take_line(s, line, e);
}

/* Lines inside a transaction. -1: the store failed. */
static int
take_lines(struct sender *s, struct err *e)
{
	struct known k;
	struct line line;
	size_t n;

	k.n = 0;
	for (n = 0; n < BATCH_MAX && intake_room(s); n++) {
		switch (lines_next(&s->in, &line.p, &line.len)) {
		case LINES_LINE:
			line.number = s->in.number;
			if (take_or_collect(s, &k, &line, e) < 0)
				return -1;
			continue;
		case LINES_TOO_LONG:
			s->count.bad++;
			log_warn("stdin:%" PRIu64 ": a line of %zu bytes is "
				 "too long",
			    s->in.number, line.len);
			continue;
		case LINES_END:
			s->input_open = false;
			break;
		default:
			break;
		}
		return take_known(s, &k, e);
	}
	s->lines_left = true;
	return take_known(s, &k, e);
}

static int
take_batch(struct sender *s, struct err *e)
{
	if (store_begin(s->store, false, e) < 0)
		return -1;
	if (take_lines(s, e) < 0 || claim_behind(s, e) < 0) {
		store_rollback(s->store);
		return -1;
	}
	return store_commit(s->store, e);
}

void
intake_read(struct sender *s)
{
	struct intake_mark mark;
	struct stats_count count;
	struct lines in;
	struct err why;

	if (!s->lines_left && lines_fill(&s->in) < 0 && errno != EAGAIN &&
	    errno != EINTR) {
		/* As for a signal: what is in memory still goes back. */
		s->stdin_errno = errno;
		s->draining = true;
		return;
	}
	mark = intake_begin(s);
	count = s->count;
	in = s->in;
	s->lines_left = false;
	if (take_batch(s, &why) == 0)
		return;
	/* As if they had not been read yet. */
	intake_undo(s, &mark);
	s->count = count;
	s->in = in;
	s->lines_left = s->input_open = true;
	outage_begin(s, &why);
}

/* Whole lines only: what is cut off was never an alert. */
static int
keep_lines(struct sender *s, struct err *e)
{
	struct alert_record r;
	struct line line = {.number = 0};
	int rc;

	while (lines_next(&s->in, &line.p, &line.len) == LINES_LINE) {
		if (alert_record_parse(&r, line.p, line.len, NULL) < 0)
			continue;
		rc = r.delivery_id == NULL ? put_foreign(s, &r, &line, e) : 0;
		alert_record_release(&r);
		if (rc < 0)
			return -1;
	}
	return 0;
}

int
intake_keep(struct sender *s, struct err *e)
{
	struct lines in = s->in;

	if (lines_waiting(&s->in) == 0)
		return 0;
	if (store_begin(s->store, true, e) < 0)
		return -1;
	if (keep_lines(s, e) < 0 || store_commit(s->store, e) < 0) {
		store_rollback(s->store);
		s->in = in;
		return -1;
	}
	return 0;
}
