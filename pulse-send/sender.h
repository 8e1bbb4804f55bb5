/*
 * sender: pulse-send's loop. One thread waits for lines on stdin, signals, the
 * HTTP worker and timers, and does all there is to do after each wait:
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
#include <sys/queue.h>

#include "common/emit.h"
#include "common/lines.h"
#include "db/store.h"
#include "pulse-send/queue.h"
#include "pulse-send/stats.h"
#include "pulse-send/worker.h"

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

STAILQ_HEAD(sending_list, sending);

/* The store takes nothing since then (monotonic); 0: it works. */
struct outage {
	int64_t since_us, retry_us, wait_us;
	bool said;
};

struct sender {
	struct sender_options options;
	struct store *store;
	struct worker *worker;
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
	/* Requests under way, the oldest first. */
	TAILQ_HEAD(, sending) running;
	size_t nrunning;
	size_t nprograms; /* of them, programs of exec channels */
	/* Requests that ended, oldest first: not committed; committed; and on
	 * their way to the disk. */
	struct sending_list ended, written, syncing;
	size_t nended; /* deliveries of the first */
	int64_t ended_since_us;
	bool unsafe; /* the disk failed: nothing is recorded any more */
	/* Nobody reads stdout any more, or (with the reason) it fails. */
	bool reader_gone;
	int stdout_errno;
	int stdin_errno; /* it cannot be read */
	/* Deliveries that go back to the store unsent with the next commit,
	 * oldest first; no longer in the queue. */
	struct delivery *released, **released_tail;
	size_t nreleased;
	struct outage outage;
	int64_t turn_ms; /* when the last turn was */
	struct stats_count count;
	struct stats stats;
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
/* Counters into the store, for metrics and status. 0 or -1. */
int sender_beat(struct sender *s, struct err *e);

/* ---- outage.c ------------------------------------------------------------ */

bool outage_now(const struct sender *s);
/* The store failed, for that reason: try again later. */
void outage_begin(struct sender *s, const struct err *why);
/* When it is time to, see whether the store works again. */
void outage_probe(struct sender *s);
int64_t outage_next_us(const struct sender *s);
/* Everything has ended: what is in memory into the store, within some seconds.
 * -1 says how much could not be kept. */
int outage_last_tries(struct sender *s, struct err *e);

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
/* Fetch what is due again. 0, or -1 when the store failed. */
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

/* Read stdin once and take what it holds. A store that fails is an outage: the
 * lines are taken after it. When stdin fails the sender drains. */
void intake_read(struct sender *s);
/* Keep alerts of lines that were read but not taken and that the store does
 * not have, unclaimed. 0, or -1 when the store failed. */
int intake_keep(struct sender *s, struct err *e);
/* The store_delivery_fn of every claim: into the queue. arg: the sender. */
int intake_take(void *arg, const struct store_delivery *from, struct err *e);
/* Room for more in memory. */
bool intake_room(const struct sender *s);

/* Where the queue stood before a transaction that claims. */
struct intake_mark {
	struct delivery *newest, **released_tail;
	size_t nreleased;
};

struct intake_mark intake_begin(const struct sender *s);
/* That transaction failed: forget what it claimed. */
void intake_undo(struct sender *s, const struct intake_mark *mark);

/* ---- settle.c ------------------------------------------------------------ */

/* One request, from its start until its attempts are committed. */
struct sending {
	struct sender *sender;
	TAILQ_ENTRY(sending) link; /* while it runs */
	STAILQ_ENTRY(sending) next; /* when it has ended */
	struct endpoint *endpoint;
	struct worker_call *call;
	struct process *process; /* instead, of an exec channel */
	struct delivery *v[DIGEST_MAX];
	struct delivery_plan plan[DIGEST_MAX];
	/* The statuses that the plans lead to. */
	enum delivery_state state[DIGEST_MAX];
	/* From the store, once committed: number, and the lease was ours,
	 * and now is until then. */
	int64_t attempt_no[DIGEST_MAX];
	bool kept[DIGEST_MAX];
	int64_t lease_until_ms;
	size_t n;
	size_t body_len;
	struct verdict verdict;
	int status;
	int64_t started_ms, started_us, latency_us;
	/* From here on only the first bytes are set to zero at first. */
	char address[HTTP_ADDRESS_MAX];
	char error[320];
	char response[AUDIT_BYTES + 1];
};

/* Free all of them, and their deliveries unless the queue has them. */
void settle_forget(struct sending_list *l);

/* An attempt waits so long for others to be committed with. */
#define SETTLE_LINGER_US 8000
/* It has ended: to be settled. */
void settle_add(struct sender *s, struct sending *g);
/* Whether anything waits for a commit. */
bool settle_waits(const struct sender *s);
/* Whether records wait for the disk. */
bool settle_syncs(const struct sender *s);
/* Commit what waits, if it is time to, and let the disk have it. A store that
 * fails is an outage. */
void settle_ended(struct sender *s);
/* When store_sync_fd() is readable: print the records of what is on the disk.
 * 0, or -1 when it never gets there. */
int settle_synced(struct sender *s, struct err *e);
/* Commit, wait for the disk, print. 0, or -1 when the store failed: what is
 * not committed then has not changed. */
int settle_now(struct sender *s, struct err *e);
/* Give a delivery without uncommitted attempts back to the store unsent, due
 * at that time, with the next commit. It leaves the queue at once. */
void settle_release(struct sender *s, struct delivery *d, int64_t due_ms);
/* Prolong the leases that end soon; forget deliveries whose lease is lost. 0,
 * or -1 when the store failed: then nothing has changed. */
int settle_renew(struct sender *s, struct err *e);
/* All that is in memory is ours for long enough to send it. */
bool settle_holds(const struct sender *s);

#endif
