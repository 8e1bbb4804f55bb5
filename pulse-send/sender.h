/*
 * sender: pulse-send's loop. One thread waits for lines on stdin, signals, the
 * HTTP client and timers, and does all there is to do after each wait:
 *
 *   stdin ─▶ intake: parse, claim in the store ─▶ queue
 *   queue ─▶ dispatch: build, start the request
 *   answer ─▶ finish: judge, plan, queue again or not
 *   ─▶ settle: attempts of many requests in one commit, then their records
 *
 * Nothing is claimed and forgotten: what is in memory when the program ends
 * goes back to the store, and when it is killed its leases end.
 */
#ifndef PULSE_SEND_SENDER_H
#define PULSE_SEND_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/emit.h"
#include "common/http.h"
#include "common/lines.h"
#include "db/store.h"
#include "pulse-send/queue.h"

/* First bytes of an answer that are kept for the audit. */
#define AUDIT_BYTES 1024
/* A lease; prolonged when half of it is over. */
#define LEASE_MS 60000
/* Longest line taken: an alert with the claim that pulse-retry adds. */
#define SENDER_LINE_MAX (ALERT_TEXT_MAX + 1024)

struct sender_options {
	int concurrency; /* requests at once, over all endpoints */
	bool allow_private;
	bool dry_run;
	/* Channels for alerts that the store does not have; NULL: none. */
	const char *discord_url, *generic_url;
};

struct sending;

struct sender {
	struct sender_options options;
	struct store *store;
	struct http *http;
	struct processes *processes;
	struct templates *templates;
	struct queue queue;
	struct endpoint *changed; /* endpoints whose state is to be saved */
	int64_t channel_seq; /* of the store, as last read */
	int64_t refreshed_us, beat_us; /* when that was, and the heartbeat */
	int64_t turn; /* counts */
	/* Deliveries given back because their endpoint has to wait, to be
	 * fetched again. */
	struct timers spilled;
	/* Lanes of which the store may hold older deliveries. */
	struct behind *behind;
	size_t nbehind;
	struct notice *notices; /* to be made into alerts */
	struct lines in;
	struct emit out;
	int signal_fd;
	char token[UUID_TEXT_MAX]; /* of our leases */
	bool input_open;
	/* Lines were read that did not fit into memory yet. */
	bool lines_left;
	/* SIGTERM: take and start nothing more, let what runs end. */
	bool draining;
	struct sending *running; /* list of requests under way */
	size_t nrunning;
	/* Requests that ended and are not committed, oldest first. */
	struct sending *ended, **ended_tail;
	size_t nended;
	int64_t ended_since_us;
	int64_t commit_us; /* what the last commit took */
	/* Nobody reads stdout any more. */
	bool reader_gone;
	/* The store fails: try again then, start nothing until. */
	int64_t store_retry_us;
	struct {
		int64_t lines, bad, unclaimed, requests, delivered, retrying,
		    dead, released, lost;
	} count;
};

/* Open all but the store. 0 or -1. */
int sender_open(struct sender *s, const struct sender_options *o,
    struct store *store, struct err *e);
void sender_close(struct sender *s);
/* Run until stdin has ended and everything is settled or in the store, or a
 * signal came. 0, or -1 when it could not go on. */
int sender_run(struct sender *s, struct err *e);
/* How far it is, in one line (SIGUSR1). */
void sender_report(const struct sender *s, struct err *text);

/* ---- spill.c ------------------------------------------------------------- */

/* Lanes (rule and channel) whose older deliveries are to be claimed. */
struct behind {
	struct uuid rule_id;
	char channel[CHANNEL_NAME_MAX];
};

/*
 * Give a delivery back because it would wait longer than memory is for, due
 * when its turn is expected; frees it. It is fetched again then, if this
 * program still runs, and otherwise by pulse-retry.
 */
void spill(struct sender *s, struct delivery *d, int64_t wait_us);
/* Give back all that waits for an endpoint, if that is long. */
void spill_endpoint(struct sender *s, struct endpoint *p);
/* Fetch what is due again. 0 or -1. */
int spill_fetch(struct sender *s, struct err *e);
void spill_release(struct sender *s);

/* ---- notice.c ------------------------------------------------------------ */

/* Tell people, through other channels, what became of this one: stored and
 * delivered as an alert of the rule of d. */
void notice_note(struct sender *s, const struct endpoint *p,
    const struct delivery *d, const char *what);
/* Make alerts of what was noted. 0 or -1. */
int notice_send(struct sender *s, struct err *e);
void notice_release(struct sender *s);

/* ---- intake.c ------------------------------------------------------------ */

/* Read stdin once and take what it holds. 0 or -1. */
int intake_read(struct sender *s, struct err *e);
/* The store_delivery_fn of every claim: into the queue. arg: the sender. */
int intake_take(void *arg, const struct store_delivery *from, struct err *e);
/* Room for more in memory. */
bool intake_room(const struct sender *s);

/* ---- settle.c ------------------------------------------------------------ */

/* One request, from its start until its attempts are committed. */
struct sending {
	struct sender *sender;
	struct sending *prev, *next;
	struct endpoint *endpoint;
	struct http_call *call;
	struct process *process; /* instead, of an exec channel */
	struct delivery *v[DIGEST_MAX];
	struct delivery_plan plan[DIGEST_MAX];
	/* The statuses that the plans lead to. */
	enum delivery_state state[DIGEST_MAX];
	/* From the store, once committed: number, and the lease was ours. */
	int64_t attempt_no[DIGEST_MAX];
	bool kept[DIGEST_MAX];
	size_t n;
	size_t body_len;
	struct verdict verdict;
	int status;
	int64_t started_ms, started_us, latency_us;
	char address[HTTP_ADDRESS_MAX];
	char error[320];
	char response[AUDIT_BYTES + 1];
};

/* How long an attempt waits for others to be committed with. */
int64_t settle_linger_us(const struct sender *s);
/* Commit what has ended, if it is time to (or now), then print its records.
 * 0 or -1 when stdout is gone. */
int settle_ended(struct sender *s, bool now, struct err *e);
/* Give a delivery without uncommitted attempts back to the store unsent, due
 * at that time; frees it. */
void settle_release(
    struct sender *s, struct delivery *d, int64_t due_ms, struct err *e);
/* Prolong the leases that end soon. */
int settle_renew(struct sender *s, struct err *e);

#endif
