/*
 * store_ops: what a back end of the store fills in. A back end is one
 * directory of db/ (sqlite/), one struct store_ops and one row of the table in
 * store.c; no program knows which one it talks to.
 *
 * The members are the functions of store.h under their names; what store.h
 * says of each binds the back end. A back end's own struct begins with a
 * struct store.
 */
#ifndef DB_STORE_OPS_H
#define DB_STORE_OPS_H

#include "db/store.h"

struct store_ops {
	void (*close)(struct store *st);
	int (*schema)(struct store *st, struct err *e);
	int (*check)(struct store *st, void (*fn)(void *arg, const char *),
	    void *arg, struct err *e);
	int (*recount)(struct store *st, struct err *e);
	int (*backup)(struct store *st, const char *path, struct err *e);

	int (*version)(struct store *st, int64_t *version, struct err *e);
	void (*set_wait)(struct store *st, int64_t wait_ms);
	void (*set_cache)(struct store *st, int64_t bytes);
	void (*set_budget)(struct store *st, int64_t us);
	int (*begin)(struct store *st, bool durable, struct err *e);
	int (*commit)(struct store *st, struct err *e);
	void (*rollback)(struct store *st);
	bool (*tidy)(struct store *st);
	int (*sync_begin)(struct store *st, struct err *e);
	int (*sync_fd)(struct store *st);
	int (*sync_end)(struct store *st, bool wait, struct err *e);

	int (*rule_put)(struct store *st, struct rule *r, struct err *e);
	int (*rule_get)(struct store *st, const struct uuid *id, struct rule *r,
	    struct err *e);
	int (*rule_delete)(
	    struct store *st, const struct uuid *id, struct err *e);
	int (*rule_list)(struct store *st, const struct store_rule_filter *f,
	    store_rule_fn *fn, void *arg, struct err *e);
	int (*rule_count)(struct store *st, const struct store_rule_filter *f,
	    int64_t *n, struct err *e);
	int (*rule_seq)(struct store *st, int64_t *seq, struct err *e);
	int (*rule_changes)(struct store *st, int64_t since, store_rule_fn *put,
	    int (*gone)(void *arg, const struct uuid *id, int64_t seq),
	    void *arg, struct err *e);
	int (*rule_series)(struct store *st,
	    int (*fn)(void *arg, const char *symbol, interval_id interval,
		int warmup_bars),
	    void *arg, struct err *e);
	int (*state_put)(struct store *st, const struct uuid *rule_id,
	    const char *symbol, const void *blob, size_t n, struct err *e);
	int (*state_list)(struct store *st,
	    int (*fn)(void *arg, const struct uuid *rule_id, const char *symbol,
		const void *blob, size_t n),
	    void *arg, struct err *e);

	int (*series_put)(struct store *st, const char *symbol,
	    interval_id interval, const void *blob, size_t n, struct err *e);
	int (*series_list)(struct store *st,
	    int (*fn)(void *arg, const char *symbol, interval_id interval,
		const void *blob, size_t n),
	    void *arg, struct err *e);

	int (*candle_put)(
	    struct store *st, const struct candle *c, struct err *e);
	int (*candle_last)(struct store *st, const char *symbol,
	    interval_id interval, int64_t *open_ms, struct err *e);
	int (*candle_list)(struct store *st,
	    const struct store_candle_filter *f, store_candle_fn *fn, void *arg,
	    struct err *e);
	int (*candle_tail)(struct store *st, const char *symbol,
	    interval_id interval, int64_t n, store_candle_fn *fn, void *arg,
	    struct err *e);
	int (*candle_count)(struct store *st,
	    const struct store_candle_filter *f, int64_t *n, struct err *e);
	int (*candle_series)(struct store *st,
	    int (*fn)(void *arg, const char *symbol, interval_id interval,
		int64_t last_open_ms),
	    void *arg, struct err *e);

	int (*alert_put)(struct store *st, const struct alert *a,
	    const char *record, size_t record_len, const char *const *channels,
	    size_t nchannels, int64_t now_ms, int64_t handoff_ms,
	    struct err *e);
	int (*alert_put_foreign)(struct store *st, const struct alert *a,
	    const char *record, size_t record_len, const char *const *channels,
	    size_t nchannels, int64_t now_ms, int64_t handoff_ms,
	    struct err *e);
	int (*alert_get)(struct store *st, const struct uuid *id,
	    store_alert_fn *fn, void *arg, struct err *e);
	int (*alert_list)(struct store *st, const struct store_alert_filter *f,
	    store_alert_fn *fn, void *arg, struct err *e);
	int (*alert_count)(struct store *st, const struct store_alert_filter *f,
	    int64_t *n, struct err *e);
	int (*alert_after)(struct store *st, int64_t seq, int64_t limit,
	    store_alert_fn *fn, void *arg, struct err *e);
	int (*alert_seq)(struct store *st, int64_t *seq, struct err *e);

	int (*delivery_claim_alerts)(struct store *st,
	    const struct uuid *alert_ids, size_t n, int *given,
	    const char *token, int64_t now_ms, int64_t lease_ms,
	    store_delivery_fn *fn, void *arg, struct err *e);
	int (*delivery_claim_due)(struct store *st, int64_t limit,
	    const char *token, int64_t now_ms, int64_t lease_ms,
	    store_delivery_fn *fn, void *arg, struct err *e);
	int (*delivery_claim_id)(struct store *st, const struct uuid *id,
	    const char *token, int64_t now_ms, int64_t lease_ms,
	    store_delivery_fn *fn, void *arg, struct err *e);
	int (*delivery_claim_lane)(struct store *st, const struct uuid *rule_id,
	    const char *channel, int64_t limit, const char *token,
	    int64_t now_ms, int64_t lease_ms, store_delivery_fn *fn, void *arg,
	    struct err *e);
	int (*delivery_adopt)(struct store *st, const struct uuid *id,
	    const char *old_token, const char *token, int64_t now_ms,
	    int64_t lease_ms, store_delivery_fn *fn, void *arg, struct err *e);
	int (*delivery_renew)(struct store *st, const struct uuid *id,
	    const char *token, int64_t now_ms, int64_t lease_ms, struct err *e);
	int (*delivery_release)(struct store *st, const struct uuid *id,
	    const char *token, int64_t next_attempt_ms, struct err *e);
	int (*delivery_settle)(struct store *st, const struct uuid *id,
	    const char *token, struct store_attempt *attempt,
	    const struct store_settlement *s, struct err *e);
	int (*delivery_list)(struct store *st,
	    const struct store_delivery_filter *f, store_delivery_fn *fn,
	    void *arg, struct err *e);
	int (*delivery_count)(struct store *st,
	    const struct store_delivery_filter *f, int64_t *n, struct err *e);
	int (*delivery_get)(struct store *st, const struct uuid *id,
	    store_delivery_fn *fn, void *arg, struct err *e);
	int (*delivery_retry)(struct store *st,
	    const struct store_delivery_filter *f, int64_t now_ms,
	    struct err *e);
	int (*delivery_drop)(struct store *st,
	    const struct store_delivery_filter *f, int64_t now_ms,
	    struct err *e);
	int (*delivery_stats)(struct store *st,
	    int (*fn)(void *arg, const char *channel,
		enum delivery_status status, int64_t n,
		int64_t oldest_created_ms),
	    void *arg, struct err *e);
	int (*attempt_list)(struct store *st, const struct uuid *alert_id,
	    int64_t limit, int64_t offset, store_attempt_fn *fn, void *arg,
	    struct err *e);
	int (*attempt_count)(struct store *st, const struct uuid *alert_id,
	    int64_t *n, struct err *e);

	int (*channel_put)(
	    struct store *st, const struct store_channel *c, struct err *e);
	int (*channel_get)(struct store *st, const char *name,
	    store_channel_fn *fn, void *arg, struct err *e);
	int (*channel_list)(struct store *st, const char *after,
	    store_channel_fn *fn, void *arg, struct err *e);
	int (*channel_delete)(
	    struct store *st, const char *name, struct err *e);
	int (*channel_seq)(struct store *st, int64_t *seq, struct err *e);
	int (*endpoint_put)(
	    struct store *st, const struct store_endpoint *p, struct err *e);
	int (*endpoint_delete)(
	    struct store *st, const char *key, struct err *e);
	int (*endpoint_list)(struct store *st, const char *key,
	    store_endpoint_fn *fn, void *arg, struct err *e);

	int (*key_put)(
	    struct store *st, const struct store_key *k, struct err *e);
	int (*key_list)(struct store *st,
	    int (*fn)(void *arg, const struct store_key *k), void *arg,
	    struct err *e);
	int (*key_revoke)(
	    struct store *st, const char *id, int64_t now_ms, struct err *e);
	int (*key_used)(
	    struct store *st, const char *id, int64_t time_ms, struct err *e);

	int (*component_put)(struct store *st, const char *name,
	    const char *instance, int64_t time_ms, const char *counters,
	    struct err *e);
	int (*component_list)(struct store *st,
	    int (*fn)(void *arg, const char *name, const char *instance,
		int64_t time_ms, const char *counters),
	    void *arg, struct err *e);

	int (*prune_step)(
	    struct store *st, const struct store_prune *p, struct err *e);
};

struct store {
	const struct store_ops *ops;
	/* The URL without a password; freed by store_close(). */
	char *name;
	/* The last failure was another writer; back ends keep it. */
	bool busy;
	/* It was not done within its budget. */
	bool overran;
};

/* Open what lies behind "sqlite:" (sqlite/open.c): *st is a new back end with
 * ops set; store.c sets the name. */
int sqlite_store_open(
    struct store **st, const char *path, unsigned flags, struct err *e);
int sqlite_schema_known(void);

#endif
