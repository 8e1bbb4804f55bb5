#include <inttypes.h>

#include "common/log.h"
#include "pulse-eval/load.h"

struct load {
	struct engine *engine;
	struct err *e;
	uint64_t refused; /* series */
};

static int
on_rule(void *arg, const struct rule *r, struct err *e)
{
	struct engine *g = arg;

	/* A rule that cannot be placed is said; the others are judged. */
	if (engine_rule_add(g, r, e) < 0)
		log_error("rule '%.100s': %s", r->name, e->msg);
	return 0;
}

/* A rule may have taken the place of a series that was judged before: its bars
 * are refused from now on, the others are judged. */
static int
on_series(
    void *arg, const char *symbol, interval_id interval, int64_t last_open_ms)
{
	struct load *l = arg;

	(void)last_open_ms;
	if (engine_series_add(l->engine, symbol, interval, l->e) == 0)
		return 0;
	if (l->refused++ == 0)
		log_warn("%s", l->e->msg);
	return 0;
}

static int
on_rule_state(void *arg, const struct uuid *rule_id, const char *symbol,
    const void *blob, size_t n)
{
	struct load *l = arg;

	if (engine_rule_restore(l->engine, rule_id, symbol, blob, n) < 0)
		log_warn("%s: the state of a rule is not readable: it begins "
			 "anew",
		    symbol);
	return 0;
}

static int
on_series_state(void *arg, const char *symbol, interval_id interval,
    const void *blob, size_t n)
{
	struct load *l = arg;

	if (engine_series_restore(l->engine, symbol, interval, blob, n) < 0)
		log_warn("%s %s: its live state is not readable: it begins "
			 "with the bars",
		    symbol, interval_name(interval));
	return 0;
}

static int
on_bar(void *arg, const struct candle *c, struct err *e)
{
	return engine_history(arg, c, e);
}

int
load_history(struct engine *g, struct store *st, const char *symbol,
    interval_id interval, int64_t n, struct err *e)
{
	return store_candle_tail(st, symbol, interval, n, on_bar, g, e) < 0 ? -1
									    : 0;
}

int
load_store(struct engine *g, struct store *st, int64_t *rule_seq, struct err *e)
{
	struct store_rule_filter all = {
	    .active = -1, .unordered = true, .lean = true};
	struct load l = {.engine = g, .e = e};

	if (store_rule_seq(st, rule_seq, e) < 0 ||
	    store_rule_list(st, &all, on_rule, g, e) < 0)
		return -1;
	engine_rules_added(g);
	if (store_candle_series(st, on_series, &l, e) < 0)
		return -1;
	if (l.refused > 1)
		log_warn(
		    "%" PRIu64 " series of the store have no place", l.refused);
	if (engine_warm(g, e) < 0 ||
	    store_state_list(st, on_rule_state, &l, e) < 0 ||
	    store_series_list(st, on_series_state, &l, e) < 0)
		return -1;
	return 0;
}

/* ---- changes --------------------------------------------------------------- */

struct changes {
	struct engine *engine;
	int64_t seq; /* of the newest */
};

static int
changed_rule(void *arg, const struct rule *r, struct err *e)
{
	struct changes *c = arg;

	if (r->seq > c->seq)
		c->seq = r->seq;
	log_debug("rule '%.100s' changed", r->name);
	/* One rule that cannot be placed does not end the service. */
	if (engine_rule_put(c->engine, r, e) < 0)
		log_error("rule '%.100s': %s", r->name, e->msg);
	return 0;
}

static int
gone_rule(void *arg, const struct uuid *id, int64_t seq)
{
	struct changes *c = arg;

	if (seq > c->seq)
		c->seq = seq;
	(void)engine_rule_delete(c->engine, id);
	return 0;
}

int
load_changes(struct engine *g, struct store *st, int64_t seq, int64_t *rule_seq,
    struct err *e)
{
	struct changes c = {g, *rule_seq};
	int rc;

	if (seq == *rule_seq)
		return 0;
	rc = store_rule_changes(st, *rule_seq, changed_rule, gone_rule, &c, e);
	*rule_seq = c.seq;
	if (rc < 0)
		return -1;
	if (seq > *rule_seq)
		*rule_seq = seq;
	return engine_warm(g, e);
}
