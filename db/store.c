/*
 * store: which database, and the way to its back end.
 */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "db/store_ops.h"

#define URL_MAX 4096

static const struct {
	const char *scheme;
	int (*open)(
	    struct store **st, const char *rest, unsigned flags, struct err *e);
} back_ends[] = {
    {"sqlite:", sqlite_store_open},
};

/* Schemes that are understood as such but have no back end in this program. */
static const char *const absent[] = {"postgres://", "postgresql://"};

/* A directory of $NAME and what follows it, appended to out: 1, or 0 when the
 * variable is unset or empty. $STATE_DIRECTORY may list several: the first. */
static int
from_variable(struct buf *out, const char *name, const char *rest)
{
	const char *dir = getenv(name);

	if (dir == NULL || dir[0] == '\0')
		return 0;
	buf_add(out, dir, strcspn(dir, ":"));
	buf_adds(out, rest);
	return 1;
}

/* The URL to open when none was given. */
static int
default_url(struct buf *out, struct err *e)
{
	const char *url = getenv("PULSE_DB");

	if (url != NULL && url[0] != '\0') {
		buf_adds(out, url);
	} else if (!from_variable(out, "STATE_DIRECTORY", "/pulse.db") &&
		   !from_variable(out, "XDG_STATE_HOME", "/pulse/pulse.db") &&
		   !from_variable(
		       out, "HOME", "/.local/state/pulse/pulse.db")) {
		return err_set(
		    e, "no database named: give --db, or set PULSE_DB or HOME");
	}
	return 0;
}

/* Whether the text begins with a URL scheme ("word:"). */
static bool
has_scheme(const char *url)
{
	size_t n = strspn(url, "abcdefghijklmnopqrstuvwxyz0123456789+.-");

	return n > 1 && url[n] == ':';
}

/* The URL without its password, for messages. */
static char *
name_of(const char *url)
{
	struct buf b;
	const char *authority = strstr(url, "://"), *at, *colon;

	buf_init(&b, URL_MAX + 8);
	if (authority != NULL && (at = strchr(authority + 3, '@')) != NULL &&
	    (colon = memchr(
		 authority + 3, ':', (size_t)(at - authority - 3))) != NULL) {
		buf_add(&b, url, (size_t)(colon - url));
		buf_adds(&b, at);
	} else {
		buf_adds(&b, url);
	}
	if (buf_failed(&b)) {
		buf_release(&b);
		return NULL;
	}
	return b.p;
}

static int
open_url(struct store **st, const char *url, unsigned flags, struct err *e)
{
	size_t i, n;

	for (i = 0; i < sizeof(back_ends) / sizeof(back_ends[0]); i++) {
		n = strlen(back_ends[i].scheme);
		if (strncmp(url, back_ends[i].scheme, n) == 0)
			return back_ends[i].open(st, url + n, flags, e);
	}
	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
		if (strncmp(url, absent[i], strlen(absent[i])) == 0)
			return err_set(e,
			    "this build has no back end for %s databases",
			    absent[i]);
	}
	if (has_scheme(url))
		return err_set(e,
		    "unknown kind of database \"%.*s\": "
		    "give a path or sqlite:PATH",
		    (int)strcspn(url, ":"), url);
	return sqlite_store_open(st, url, flags, e);
}

int
store_open(struct store **st, const char *url, unsigned flags, struct err *e)
{
	struct buf b;
	int rc = 0;

	*st = NULL;
	buf_init(&b, URL_MAX);
	if (url != NULL)
		buf_adds(&b, url);
	else
		rc = default_url(&b, e);
	if (rc == 0 && (buf_failed(&b) || b.len == 0))
		rc = err_set(e, "the name of the database is %s",
		    buf_failed(&b) ? "too long" : "empty");
	if (rc == 0)
		rc = open_url(st, b.p, flags, e);
	if (rc == 0 && ((*st)->name = name_of(b.p)) == NULL) {
		store_close(*st);
		*st = NULL;
		rc = err_set(e, "out of memory");
	}
	buf_release(&b);
	return rc;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	free(st->name);
	st->ops->close(st);
}

const char *
store_name(const struct store *st)
{
	return st->name;
}

int
store_schema_known(void)
{
	return sqlite_schema_known();
}

void
store_rollback(struct store *st)
{
	st->ops->rollback(st);
}

bool
store_tidy(struct store *st)
{
	return st->ops->tidy(st);
}

int
store_sync_begin(struct store *st, struct err *e)
{
	return st->ops->sync_begin(st, e);
}

int
store_sync_fd(struct store *st)
{
	return st->ops->sync_fd(st);
}

int
store_sync_end(struct store *st, bool wait, struct err *e)
{
	return st->ops->sync_end(st, wait, e);
}

bool
store_busy(const struct store *st)
{
	return st->busy;
}

void
store_set_wait(struct store *st, int64_t wait_ms)
{
	st->ops->set_wait(st, wait_ms);
}

void
store_set_cache(struct store *st, int64_t bytes)
{
	st->ops->set_cache(st, bytes);
}

void
store_set_budget(struct store *st, int64_t us)
{
	st->ops->set_budget(st, us);
}

bool
store_overran(const struct store *st)
{
	return st->overran;
}

int
store_version(struct store *st, int64_t *version, struct err *e)
{
	return st->ops->version(st, version, e);
}

static const char *const delivery_names[] = {
    "pending",
    "retrying",
    "delivered",
    "dead",
    "held",
};

const char *
delivery_status_name(enum delivery_status s)
{
	return delivery_names[s];
}

int
delivery_status_find(const char *name)
{
	int i;

	for (i = 0; i <= DELIVERY_HELD; i++)
		if (strcmp(name, delivery_names[i]) == 0)
			return i;
	return -1;
}

/* The rest passes on to the back end. */

int
store_schema(struct store *st, struct err *e)
{
	return st->ops->schema(st, e);
}

int
store_check(struct store *st, void (*fn)(void *arg, const char *problem),
    void *arg, struct err *e)
{
	return st->ops->check(st, fn, arg, e);
}

int
store_recount(struct store *st, struct err *e)
{
	return st->ops->recount(st, e);
}

int
store_backup(struct store *st, const char *path, struct err *e)
{
	return st->ops->backup(st, path, e);
}

int
store_begin(struct store *st, bool durable, struct err *e)
{
	return st->ops->begin(st, durable, e);
}

int
store_commit(struct store *st, struct err *e)
{
	return st->ops->commit(st, e);
}

int
store_rule_put(struct store *st, struct rule *r, struct err *e)
{
	return st->ops->rule_put(st, r, e);
}

int
store_rule_get(
    struct store *st, const struct uuid *id, struct rule *r, struct err *e)
{
	return st->ops->rule_get(st, id, r, e);
}

int
store_rule_delete(struct store *st, const struct uuid *id, struct err *e)
{
	return st->ops->rule_delete(st, id, e);
}

int
store_rule_list(struct store *st, const struct store_rule_filter *f,
    store_rule_fn *fn, void *arg, struct err *e)
{
	return st->ops->rule_list(st, f, fn, arg, e);
}

int
store_rule_count(struct store *st, const struct store_rule_filter *f,
    int64_t *n, struct err *e)
{
	return st->ops->rule_count(st, f, n, e);
}

int
store_rule_seq(struct store *st, int64_t *seq, struct err *e)
{
	return st->ops->rule_seq(st, seq, e);
}

int
store_rule_changes(struct store *st, int64_t since, store_rule_fn *put,
    int (*gone)(void *arg, const struct uuid *id, int64_t seq), void *arg,
    struct err *e)
{
	return st->ops->rule_changes(st, since, put, gone, arg, e);
}

int
store_rule_series(struct store *st,
    int (*fn)(
	void *arg, const char *symbol, interval_id interval, int warmup_bars),
    void *arg, struct err *e)
{
	return st->ops->rule_series(st, fn, arg, e);
}

int
store_state_put(struct store *st, const struct uuid *rule_id,
    const char *symbol, const void *blob, size_t n, struct err *e)
{
	return st->ops->state_put(st, rule_id, symbol, blob, n, e);
}

int
store_state_list(struct store *st,
    int (*fn)(void *arg, const struct uuid *rule_id, const char *symbol,
	const void *blob, size_t n),
    void *arg, struct err *e)
{
	return st->ops->state_list(st, fn, arg, e);
}

int
store_series_put(struct store *st, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e)
{
	return st->ops->series_put(st, symbol, interval, blob, n, e);
}

int
store_series_list(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	const void *blob, size_t n),
    void *arg, struct err *e)
{
	return st->ops->series_list(st, fn, arg, e);
}

int
store_candle_put(struct store *st, const struct candle *c, struct err *e)
{
	return st->ops->candle_put(st, c, e);
}

int
store_candle_last(struct store *st, const char *symbol, interval_id interval,
    int64_t *open_ms, struct err *e)
{
	return st->ops->candle_last(st, symbol, interval, open_ms, e);
}

int
store_candle_tail(struct store *st, const char *symbol, interval_id interval,
    int64_t n, store_candle_fn *fn, void *arg, struct err *e)
{
	return st->ops->candle_tail(st, symbol, interval, n, fn, arg, e);
}

int
store_candle_list(struct store *st, const struct store_candle_filter *f,
    store_candle_fn *fn, void *arg, struct err *e)
{
	return st->ops->candle_list(st, f, fn, arg, e);
}

int
store_candle_count(struct store *st, const struct store_candle_filter *f,
    int64_t *n, struct err *e)
{
	return st->ops->candle_count(st, f, n, e);
}

int
store_candle_series(struct store *st,
    int (*fn)(void *arg, const char *symbol, interval_id interval,
	int64_t last_open_ms),
    void *arg, struct err *e)
{
	return st->ops->candle_series(st, fn, arg, e);
}

int
store_alert_put(struct store *st, const struct alert *a, const char *record,
    size_t record_len, const char *const *channels, size_t nchannels,
    int64_t now_ms, int64_t handoff_ms, struct err *e)
{
	return st->ops->alert_put(st, a, record, record_len, channels,
	    nchannels, now_ms, handoff_ms, e);
}

int
store_alert_put_foreign(struct store *st, const struct alert *a,
    const char *record, size_t record_len, const char *const *channels,
    size_t nchannels, int64_t now_ms, int64_t handoff_ms, struct err *e)
{
	return st->ops->alert_put_foreign(st, a, record, record_len, channels,
	    nchannels, now_ms, handoff_ms, e);
}

int
store_alert_get(struct store *st, const struct uuid *id, store_alert_fn *fn,
    void *arg, struct err *e)
{
	return st->ops->alert_get(st, id, fn, arg, e);
}

int
store_alert_list(struct store *st, const struct store_alert_filter *f,
    store_alert_fn *fn, void *arg, struct err *e)
{
	return st->ops->alert_list(st, f, fn, arg, e);
}

int
store_alert_count(struct store *st, const struct store_alert_filter *f,
    int64_t *n, struct err *e)
{
	return st->ops->alert_count(st, f, n, e);
}

int
store_alert_after(struct store *st, int64_t seq, int64_t limit,
    store_alert_fn *fn, void *arg, struct err *e)
{
	return st->ops->alert_after(st, seq, limit, fn, arg, e);
}

int
store_alert_seq(struct store *st, int64_t *seq, struct err *e)
{
	return st->ops->alert_seq(st, seq, e);
}

int
store_delivery_claim_alerts(struct store *st, const struct uuid *alert_ids,
    size_t n, int *given, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	return st->ops->delivery_claim_alerts(
	    st, alert_ids, n, given, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_claim_alert(struct store *st, const struct uuid *alert_id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e)
{
	int given;

	return store_delivery_claim_alerts(
	    st, alert_id, 1, &given, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_claim_due(struct store *st, int64_t limit, const char *token,
    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
    struct err *e)
{
	return st->ops->delivery_claim_due(
	    st, limit, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_claim_id(struct store *st, const struct uuid *id,
    const char *token, int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn,
    void *arg, struct err *e)
{
	return st->ops->delivery_claim_id(
	    st, id, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_claim_lane(struct store *st, const struct uuid *rule_id,
    const char *channel, int64_t limit, const char *token, int64_t now_ms,
    int64_t lease_ms, store_delivery_fn *fn, void *arg, struct err *e)
{
	return st->ops->delivery_claim_lane(
	    st, rule_id, channel, limit, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_adopt(struct store *st, const struct uuid *id,
    const char *old_token, const char *token, int64_t now_ms, int64_t lease_ms,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	return st->ops->delivery_adopt(
	    st, id, old_token, token, now_ms, lease_ms, fn, arg, e);
}

int
store_delivery_renew(struct store *st, const struct uuid *id, const char *token,
    int64_t now_ms, int64_t lease_ms, struct err *e)
{
	return st->ops->delivery_renew(st, id, token, now_ms, lease_ms, e);
}

int
store_delivery_release(struct store *st, const struct uuid *id,
    const char *token, int64_t next_attempt_ms, struct err *e)
{
	return st->ops->delivery_release(st, id, token, next_attempt_ms, e);
}

int
store_delivery_settle(struct store *st, const struct uuid *id,
    const char *token, struct store_attempt *attempt,
    const struct store_settlement *s, struct err *e)
{
	return st->ops->delivery_settle(st, id, token, attempt, s, e);
}

int
store_delivery_list(struct store *st, const struct store_delivery_filter *f,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	return st->ops->delivery_list(st, f, fn, arg, e);
}

int
store_delivery_count(struct store *st, const struct store_delivery_filter *f,
    int64_t *n, struct err *e)
{
	return st->ops->delivery_count(st, f, n, e);
}

int
store_delivery_get(struct store *st, const struct uuid *id,
    store_delivery_fn *fn, void *arg, struct err *e)
{
	return st->ops->delivery_get(st, id, fn, arg, e);
}

int
store_delivery_retry(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e)
{
	return st->ops->delivery_retry(st, f, now_ms, e);
}

int
store_delivery_drop(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e)
{
	return st->ops->delivery_drop(st, f, now_ms, e);
}

int
store_attempt_list(struct store *st, const struct uuid *alert_id, int64_t limit,
    int64_t offset, store_attempt_fn *fn, void *arg, struct err *e)
{
	return st->ops->attempt_list(st, alert_id, limit, offset, fn, arg, e);
}

int
store_attempt_count(
    struct store *st, const struct uuid *alert_id, int64_t *n, struct err *e)
{
	return st->ops->attempt_count(st, alert_id, n, e);
}

int
store_delivery_stats(struct store *st,
    int (*fn)(void *arg, const char *channel, enum delivery_status status,
	int64_t n, int64_t oldest_created_ms),
    void *arg, struct err *e)
{
	return st->ops->delivery_stats(st, fn, arg, e);
}

int
store_channel_put(
    struct store *st, const struct store_channel *c, struct err *e)
{
	return st->ops->channel_put(st, c, e);
}

int
store_channel_get(struct store *st, const char *name, store_channel_fn *fn,
    void *arg, struct err *e)
{
	return st->ops->channel_get(st, name, fn, arg, e);
}

int
store_channel_list(struct store *st, const char *after, store_channel_fn *fn,
    void *arg, struct err *e)
{
	return st->ops->channel_list(st, after, fn, arg, e);
}

int
store_channel_delete(struct store *st, const char *name, struct err *e)
{
	return st->ops->channel_delete(st, name, e);
}

int
store_channel_seq(struct store *st, int64_t *seq, struct err *e)
{
	return st->ops->channel_seq(st, seq, e);
}

int
store_endpoint_put(
    struct store *st, const struct store_endpoint *p, struct err *e)
{
	return st->ops->endpoint_put(st, p, e);
}

int
store_endpoint_delete(struct store *st, const char *key, struct err *e)
{
	return st->ops->endpoint_delete(st, key, e);
}

int
store_endpoint_list(struct store *st, const char *key, store_endpoint_fn *fn,
    void *arg, struct err *e)
{
	return st->ops->endpoint_list(st, key, fn, arg, e);
}

int
store_key_put(struct store *st, const struct store_key *k, struct err *e)
{
	return st->ops->key_put(st, k, e);
}

int
store_key_list(struct store *st,
    int (*fn)(void *arg, const struct store_key *k), void *arg, struct err *e)
{
	return st->ops->key_list(st, fn, arg, e);
}

int
store_key_revoke(
    struct store *st, const char *id, int64_t now_ms, struct err *e)
{
	return st->ops->key_revoke(st, id, now_ms, e);
}

int
store_key_used(struct store *st, const char *id, int64_t time_ms, struct err *e)
{
	return st->ops->key_used(st, id, time_ms, e);
}

int
store_component_put(struct store *st, const char *name, const char *instance,
    int64_t time_ms, const char *counters, struct err *e)
{
	return st->ops->component_put(st, name, instance, time_ms, counters, e);
}

int
store_component_list(struct store *st,
    int (*fn)(void *arg, const char *name, const char *instance,
	int64_t time_ms, const char *counters),
    void *arg, struct err *e)
{
	return st->ops->component_list(st, fn, arg, e);
}

int
store_prune_step(struct store *st, const struct store_prune *p, struct err *e)
{
	return st->ops->prune_step(st, p, e);
}
