/*
 * store: everything that must survive (pulse-schema.5). This header is all
 * that a program may include of db/; store_ops.h is the interface behind it
 * that each back end fills (SQLite now, PostgreSQL for many machines).
 *
 * Every function returns 0 (or a count >= 0 where it says so), or -1 with a
 * sentence in e. Strings handed to callbacks and in rows are good until the
 * callback returns. A callback returns 0 to go on; nonzero ends the list, and
 * below 0 the whole call is -1 (a callback that is given an e says why in it).
 * Times are ms since 1970.
 *
 * Writes outside store_begin() .. store_commit() are transactions of their
 * own. Once a write fails inside a transaction, store_commit() refuses: all of
 * it is done or nothing.
 */
#ifndef DB_STORE_H
#define DB_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/alert.h"
#include "common/candle.h"
#include "common/err.h"
#include "common/rules/rule.h"
#include "common/uuid.h"

struct store;

/* ---- opening ------------------------------------------------------------- */

enum store_open_flags {
	/* Make the database (0600, its directory 0700) when there is none.
	 * Migrations are applied in any case; a newer schema is refused. */
	STORE_CREATE = 1,
	STORE_READONLY = 2,
};

/* url as in -d: a path, sqlite:PATH or postgres://…; NULL for the default:
 * $PULSE_DB, $STATE_DIRECTORY/pulse.db, ${XDG_STATE_HOME:-~/.local/state}
 * /pulse/pulse.db. */
int
store_open(struct store **st, const char *url, unsigned flags, struct err *e);
void store_close(struct store *st);
/* The URL that was opened, without a password. */
const char *store_name(const struct store *st);
/* The newest schema this program knows, and the one the store has. */
int store_schema_known(void);
int store_schema(struct store *st, struct err *e);
/* Whole-database check: problems are given to fn, one sentence each; returns
 * their number. */
int store_check(struct store *st, void (*fn)(void *arg, const char *problem),
    void *arg, struct err *e);
/* Count anew what is kept counted for lists: after rows were changed by
 * hand. */
int store_recount(struct store *st, struct err *e);
/* Online copy into the file path (which must not exist). */
int store_backup(struct store *st, const char *path, struct err *e);

/* A number that changes whenever any process has committed anything; cheap. */
int store_version(struct store *st, int64_t *version, struct err *e);

/* ---- transactions -------------------------------------------------------- */

/* How long to wait for another writer, 10 s unless set; 0: not at all. */
void store_set_wait(struct store *st, int64_t wait_ms);
/* Memory for pages read and written, 16 MB at most unless set. A hint. */
void store_set_cache(struct store *st, int64_t bytes);
/* Whether what failed last did so because another process was writing. */
bool store_busy(const struct store *st);
/* From now on what has not ended after so many us fails; 0: no limit. For
 * reads: a write that is broken off breaks its transaction. */
void store_set_budget(struct store *st, int64_t us);
/* Whether what failed last did so because of that. */
bool store_overran(const struct store *st);

/* Begin (waiting for other writers up to a fixed time). durable: commit waits
 * for the disk; without it the newest transactions may be lost in a power
 * cut, never by a killed process. */
int store_begin(struct store *st, bool durable, struct err *e);
int store_commit(struct store *st, struct err *e);
/* Forget the open transaction, if any. */
void store_rollback(struct store *st);
/*
 * For moments with nothing to do: do what a later commit would have to do. It
 * may take some ms, and mostly there is nothing. True when there was: the next
 * transaction then waits for the disk once more than others do, so a small one
 * is best made at once.
 */
bool store_tidy(struct store *st);

/*
 * Durable later: transactions that were committed without it are brought to
 * the disk while the caller goes on. store_sync_begin() starts that for all
 * committed until now, one at a time; the descriptor (-1 when none runs) is
 * readable when store_sync_end() has something to say: 1 it is on the disk (or
 * nothing ran), 0 not yet, -1 it never gets there: what was committed then may
 * be lost in a power cut, whatever a later one says. wait: never 0.
 */
int store_sync_begin(struct store *st, struct err *e);
int store_sync_fd(struct store *st);
int store_sync_end(struct store *st, bool wait, struct err *e);

/* ---- rules --------------------------------------------------------------- */

struct store_rule_filter {
	const char *symbol; /* NULL: any */
	const char *rule_type; /* NULL: any */
	int active; /* -1 any, 0, 1 */
	/* Page: after the rule with this (created_ms, id), newest first. */
	bool has_after;
	int64_t after_created_ms;
	struct uuid after_id;
	int64_t limit; /* <= 0: all */
	int64_t offset;
	/* Any order, the cheapest: for loading all (no page then). */
	bool unordered;
	/* Without seq and the times of creation and change (0 then): what
	 * judging needs of a million rules, and no more. */
	bool lean;
};

typedef int store_rule_fn(void *arg, const struct rule *r, struct err *e);

/* Insert, or replace the rule with this id. Sets r->seq to the number of this
 * change. */
int store_rule_put(struct store *st, struct rule *r, struct err *e);
/* 1 and *r (the caller releases it), or 0 when there is none. */
int store_rule_get(
    struct store *st, const struct uuid *id, struct rule *r, struct err *e);
/* The rule and all that hangs on it. 1, or 0 when there was none. */
int store_rule_delete(struct store *st, const struct uuid *id, struct err *e);
/* Newest first, ties by id. fn returns nonzero to stop (negative: error). */
int store_rule_list(struct store *st, const struct store_rule_filter *f,
    store_rule_fn *fn, void *arg, struct err *e);
int store_rule_count(struct store *st, const struct store_rule_filter *f,
    int64_t *n, struct err *e);
/* Number of the newest change of any rule: cheap, for polling. */
int store_rule_seq(struct store *st, int64_t *seq, struct err *e);
/* What changed after since: put gets each rule as it is now, gone the id of
 * each deleted one. Order: by seq. */
int store_rule_changes(struct store *st, int64_t since, store_rule_fn *put,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e);
/* Each distinct (symbol, interval) of the active rules with the largest
 * warm-up among them. */
int store_rule_series(struct store *st,
    int (*fn)(
	void *arg, const char *symbol, interval_id interval, int warmup_bars),
    void *arg, struct err *e);

/* What cannot be recomputed from candles, per rule and series: an opaque
 * blob of the engine's. n = 0 deletes it. */
int store_state_put(struct store *st, const struct uuid *rule_id,
    const char *symbol, const void *blob, size_t n, struct err *e);
int store_state_list(struct store *st,
    int (*fn)(void *arg, const struct uuid *rule_id, const char *symbol,
	const void *blob, size_t n),
    void *arg, struct err *e);

/* Live state of a series (forming bar, windows), an opaque blob of the
 * engine's. n = 0 deletes it. */
int store_series_put(struct store *st, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e);
int store_series_list(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n),
    void *arg, struct err *e);

/* ---- candles (closed ones only) ------------------------------------------ */

typedef int store_candle_fn(void *arg, const struct candle *c, struct err *e);

/* Insert or replace by (symbol, interval, open_ms). */
int store_candle_put(struct store *st, const struct candle *c, struct err *e);
/* 1 and the newest closed bar's open time, or 0 when there is none. */
int store_candle_last(struct store *st, const char *symbol,
    interval_id interval, int64_t *open_ms, struct err *e);
/* The newest n bars, given oldest first. */
int
store_candle_tail(struct store *st, const char *symbol, interval_id interval,
    int64_t n, store_candle_fn *fn, void *arg, struct err *e);

struct store_candle_filter {
	const char *symbol;
	interval_id interval;
	int64_t from_ms, to_ms; /* open time, inclusive; 0 and INT64_MAX: all */
	bool ascending;
	int64_t limit, offset;
};

int store_candle_list(struct store *st, const struct store_candle_filter *f,
    store_candle_fn *fn, void *arg, struct err *e);
int store_candle_count(struct store *st, const struct store_candle_filter *f,
    int64_t *n, struct err *e);
/* Every series in the store. */
int store_candle_series(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	int64_t last_open_ms),
    void *arg, struct err *e);

/* ---- alerts -------------------------------------------------------------- */

struct store_alert {
	struct uuid id, rule_id;
	const char *record; /* the JSON line as printed */
	size_t record_len;
	const char *symbol, *rule_type;
	int64_t window_start_ms, triggered_ms, created_ms;
	bool late;
	/* "pending", "delivered", "failed", or "none" without a delivery. */
	const char *delivery_status;
	int64_t delivery_attempts;
	/* Position in order of commit: grows; for streaming. */
	int64_t seq;
};

struct store_alert_filter {
	const struct uuid *rule_id; /* NULL: any */
	const char *symbol;
	const char *delivery_status;
	int64_t since_ms, until_ms; /* triggered_ms, inclusive; 0: open */
	bool has_after;
	int64_t after_triggered_ms;
	struct uuid after_id;
	int64_t limit, offset;
};

typedef int
store_alert_fn(void *arg, const struct store_alert *a, struct err *e);

/*
 * Keep an alert, and one pending delivery for each named channel (unless it
 * is late). 1 when it was new, 0 when the store had it or its rule was deleted
 * meanwhile: then nothing is written. record is its printed line. Deliveries are due for pulse-retry
 * handoff_ms after now_ms, so that the pulse-send in the pipe comes first.
 */
int store_alert_put(struct store *st, const struct alert *a, const char *record,
    size_t record_len, const char *const *channels, size_t nchannels,
    int64_t now_ms, int64_t handoff_ms, struct err *e);
/* The same for an alert of a rule that the store does not know (made by
 * another program, or from a file of rules). */
int store_alert_put_foreign(struct store *st, const struct alert *a,
    const char *record, size_t record_len, const char *const *channels,
    size_t nchannels, int64_t now_ms, int64_t handoff_ms, struct err *e);
int store_alert_get(struct store *st, const struct uuid *id, store_alert_fn *fn,
    void *arg, struct err *e);
/* Newest (triggered) first, ties the newest commit first. */
int store_alert_list(struct store *st, const struct store_alert_filter *f,
    store_alert_fn *fn, void *arg, struct err *e);
int store_alert_count(struct store *st, const struct store_alert_filter *f,
    int64_t *n, struct err *e);
/* Alerts after seq in order of commit (tail, stream); the newest seq. */
int store_alert_after(struct store *st, int64_t seq, int64_t limit,
    store_alert_fn *fn, void *arg, struct err *e);
int store_alert_seq(struct store *st, int64_t *seq, struct err *e);

/* ---- deliveries ---------------------------------------------------------- */

enum delivery_status {
	DELIVERY_PENDING,
	DELIVERY_RETRYING,
	DELIVERY_DELIVERED,
	DELIVERY_DEAD,
	DELIVERY_HELD, /* an ambiguous send that waits for a person: not
			* settled, never claimed; retry or drop moves it */
};

/* "pending", … and back (-1). */
const char *delivery_status_name(enum delivery_status s);
int delivery_status_find(const char *name);

/* What a back end knew when it gave a delivery, and would have to look up
 * again to settle it. Its own business; all zero: it looks. */
struct store_claim {
	int64_t row, alert, status, tries;
	int64_t siblings; /* deliveries of the alert, itself included */
	char symbol[SYMBOL_TEXT_MAX];
};

/* One alert on its way through one channel. */
struct store_delivery {
	struct uuid id; /* UUIDv5 of the alert's id and the channel */
	struct store_claim claim;
	struct uuid alert_id, rule_id;
	const char *channel; /* "discord", "generic", or a named one */
	enum delivery_status status;
	int64_t attempts; /* since it began, or was retried by hand */
	int64_t step; /* place in the schedule of retries, the sender's */
	int64_t next_attempt_ms;
	int64_t created_ms, updated_ms;
	const char *lease; /* token of who holds it, or NULL */
	int64_t lease_until_ms;
	const char *last_error; /* or NULL */
	/* Where "discord" and "generic" go, as the rule says now; NULL for
	 * other channels and when the rule or the URL is gone. A secret:
	 * never print it. */
	const char *url;
	/* The alert's record. */
	const char *record;
	size_t record_len;
};

typedef int
store_delivery_fn(void *arg, const struct store_delivery *d, struct err *e);

/*
 * Claim, with a lease of lease_ms under the token, what nobody else holds
 * (a lease that ended holds nothing) and give each to fn. Returns their
 * number. Pending and retrying ones only.
 *  _alerts: the deliveries of n alerts, alert by alert, due or not; fn runs
 *  inside the transaction; given[i] becomes how many were the i-th one's.
 *  _alert: those of one alert.
 *  _due: those of any alert whose next_attempt_ms has come, oldest first.
 *  _id: this one, due or not.
 *  _lane: those of one rule through one channel, due or not, oldest alert
 *  first.
 */
int store_delivery_claim_alerts(struct store *st, const struct uuid *alert_ids,
    size_t n, int *given, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e);
int store_delivery_claim_alert(struct store *st, const struct uuid *alert_id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e);
int store_delivery_claim_due(struct store *st, int64_t limit, const char *token,
    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
    struct err *e);
int store_delivery_claim_id(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e);
int store_delivery_claim_lane(struct store *st, const struct uuid *rule_id,
    const char *channel, int64_t limit, const char *token, int64_t now_ms,
    int64_t lease_ms, store_delivery_fn *fn, void *arg, struct err *e);
/* Take over a claim of another process (pulse-retry's) under a token of
 * one's own. 1 and fn, or 0 when that lease is no longer held. */
int store_delivery_adopt(struct store *st, const struct uuid *id,
    const char *old_token, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e);
/* Prolong: 1, or 0 when the lease was lost. */
int store_delivery_renew(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, struct err *e);
/* Give back unsent: due at next_attempt_ms, no attempt counted. */
int store_delivery_release(struct store *st, const struct uuid *id,
    const char *token, int64_t next_attempt_ms, struct err *e);

struct store_attempt {
	int64_t id;
	/* As the delivery came with it; settling keeps it up to date. NULL:
	 * the store looks. */
	struct store_claim *claim;
	struct uuid delivery_id, alert_id;
	const char *channel;
	/* From 1, over the whole life of the delivery; set by the store. */
	int64_t attempt_no;
	bool success;
	int response_code; /* 0: none */
	int64_t latency_ms;
	int64_t bytes; /* of the request's body */
	const char *error; /* or NULL */
	const char *address; /* connected to, or NULL */
	const char *response; /* first bytes of the answer, or NULL */
	int64_t created_ms;
};

/* Where an attempt moves its delivery. */
struct store_settlement {
	enum delivery_status status;
	int64_t step;
	int64_t next_attempt_ms; /* when retrying */
	/* The caller tries again itself: it keeps its lease until then. */
	bool keep_lease;
	int64_t lease_until_ms;
};

/*
 * Record one attempt and move its delivery, in one transaction. The attempt is
 * recorded even when the lease was lost; then the delivery is left alone and 0
 * is returned, else 1. When the delivery is gone with its rule nothing is
 * recorded (0, attempt_no 0). attempt->attempt_no and id are set.
 */
int store_delivery_settle(struct store *st, const struct uuid *id,
    const char *token, struct store_attempt *attempt,
    const struct store_settlement *s, struct err *e);

struct store_delivery_filter {
	const struct uuid *alert_id, *rule_id; /* NULL: any */
	const char *channel;
	int status; /* -1: any */
	int64_t since_ms, until_ms; /* created; 0: open */
	int64_t limit, offset;
};

int store_delivery_list(struct store *st, const struct store_delivery_filter *f,
    store_delivery_fn *fn, void *arg, struct err *e);
int store_delivery_count(struct store *st,
    const struct store_delivery_filter *f, int64_t *n, struct err *e);
int store_delivery_get(struct store *st, const struct uuid *id,
    store_delivery_fn *fn, void *arg, struct err *e);
/* Make dead (or any unsettled) deliveries due again, attempts counted anew;
 * returns how many. */
int store_delivery_retry(struct store *st,
    const struct store_delivery_filter *f, int64_t now_ms, struct err *e);
/* Give up: unsettled ones become dead with the error "dropped". */
int store_delivery_drop(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e);

typedef int
store_attempt_fn(void *arg, const struct store_attempt *a, struct err *e);
/* Oldest first. */
int
store_attempt_list(struct store *st, const struct uuid *alert_id, int64_t limit,
    int64_t offset, store_attempt_fn *fn, void *arg, struct err *e);
int store_attempt_count(
    struct store *st, const struct uuid *alert_id, int64_t *n, struct err *e);

/* Numbers for metrics and status: one row per (channel, status) that has any.
 * oldest_created_ms is 0 for delivered ones. */
int store_delivery_stats(struct store *st,
    int (*fn)(void *arg, const char *channel, enum delivery_status status,
	int64_t n, int64_t oldest_created_ms),
    void *arg, struct err *e);

/* ---- channels ------------------------------------------------------------ */

/* A named channel; config is its JSON (pulse-channel.5) with its secrets. */
struct store_channel {
	const char *name, *kind, *config;
	int64_t created_ms, updated_ms;
};

typedef int
store_channel_fn(void *arg, const struct store_channel *c, struct err *e);

/* Insert, or replace all but the time of creation. */
int store_channel_put(
    struct store *st, const struct store_channel *c, struct err *e);
/* 1 and fn, or 0 when there is none of that name. */
int store_channel_get(struct store *st, const char *name, store_channel_fn *fn,
    void *arg, struct err *e);
/* By name, those that follow after (NULL: all). */
int store_channel_list(struct store *st, const char *after,
    store_channel_fn *fn, void *arg, struct err *e);
/* 1, or 0 when there was none. */
int store_channel_delete(struct store *st, const char *name, struct err *e);
/* Grows with every change of a channel and every endpoint that is enabled
 * again: cheap, for polling. */
int store_channel_seq(struct store *st, int64_t *seq, struct err *e);

/* What pulse-send has learned of a receiver that is not simply healthy. key:
 * "channel:NAME" or "discord:HASH", "generic:HASH" of a rule's URL. */
struct store_endpoint {
	const char *key;
	const char *channel; /* name to show */
	int64_t failures, trips;
	int64_t failing_since_ms, open_until_ms, blocked_until_ms;
	int64_t disabled_ms; /* 0: it is not */
	const char *reason; /* why disabled, or NULL */
	int64_t updated_ms;
};

typedef int
store_endpoint_fn(void *arg, const struct store_endpoint *p, struct err *e);

int store_endpoint_put(
    struct store *st, const struct store_endpoint *p, struct err *e);
/* Healthy, or enabled again: 1, or 0 when nothing was known. */
int store_endpoint_delete(struct store *st, const char *key, struct err *e);
/* key NULL: all, by key. */
int store_endpoint_list(struct store *st, const char *key,
    store_endpoint_fn *fn, void *arg, struct err *e);

/* ---- API keys ------------------------------------------------------------ */

struct store_key {
	const char *id; /* short public name, "k_" + 8 characters */
	const char *name; /* what it is for */
	unsigned char hash[32];
	int64_t rate_per_min;
	bool admin;
	int64_t created_ms, last_used_ms, revoked_ms; /* 0: not */
};

int store_key_put(struct store *st, const struct store_key *k, struct err *e);
int store_key_list(struct store *st,
    int (*fn)(void *arg, const struct store_key *k), void *arg, struct err *e);
/* 1, or 0 when there is no such key that is not revoked. */
int store_key_revoke(
    struct store *st, const char *id, int64_t now_ms, struct err *e);
/* Note when a key was used last; a key that is gone is no error. */
int store_key_used(
    struct store *st, const char *id, int64_t time_ms, struct err *e);

/* ---- components ---------------------------------------------------------- */

/* The last heartbeat of each tool: counters is a JSON object. instance tells
 * two of the same tool apart (host and role, not the process). */
int store_component_put(struct store *st, const char *name,
    const char *instance, int64_t time_ms, const char *counters, struct err *e);
int store_component_list(struct store *st,
    int (*fn)(void *arg, const char *name, const char *instance,
	int64_t time_ms, const char *counters),
    void *arg, struct err *e);

/* ---- retention ----------------------------------------------------------- */

struct store_prune {
	int64_t keep_candles; /* per series; <= 0: all */
	int64_t alerts_before_ms; /* settled alerts triggered before; 0: none */
	int64_t batch; /* rows a transaction */
};

/* One bounded step: deletes at most batch rows, returns how many; 0 = done. */
int
store_prune_step(struct store *st, const struct store_prune *p, struct err *e);

#endif
