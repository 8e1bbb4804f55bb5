/*
 * live: pulse-eval with the store. Rules and state come from it, candles and
 * alerts go to it, and rules follow its changes while candles flow.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interval.h"
#include "common/log.h"
#include "common/opt.h"
#include "db/store.h"
#include "pulse-eval/commit.h"
#include "pulse-eval/eval.h"
#include "pulse-eval/lag.h"
#include "pulse-eval/load.h"
#include "pulse-eval/turn.h"

/* How often rule changes are looked for, and heartbeats written. */
#define PERIOD_MS    250
#define HEARTBEAT_MS 5000
#define HOST_MAX     256

struct live {
	const struct eval_options *o;
	struct store *st;
	struct engine *engine;
	struct commit commit;
	struct input_counts n;
	int64_t rule_seq;
	int64_t heartbeat_ms; /* monotonic, of the last */
	struct lag lag;
};

/* ---- from the engine ----------------------------------------------------------- */

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct live *l = arg;

	return commit_add_alert(&l->commit, a, to, e);
}

static int
on_closed(void *arg, const struct candle *c, struct err *e)
{
	struct live *l = arg;

	return commit_add_candle(&l->commit, c, e);
}

static int
on_history(void *arg, struct engine *g, const char *symbol,
    interval_id interval, int64_t n, struct err *e)
{
	struct live *l = arg;

	return load_history(g, l->st, symbol, interval, n, e);
}

/* ---- rules ----------------------------------------------------------------------- */

/* Follow the rules. The batch was flushed: history is complete. */
static int
follow_rules(struct live *l, struct err *e)
{
	int64_t seq;

	if (store_rule_seq(l->st, &seq, e) < 0)
		return store_busy(l->st) ? 0 : -1;
	return load_changes(l->engine, l->st, seq, &l->rule_seq, e);
}

/* ---- the heartbeat ------------------------------------------------------------------ */

static void
print_types(const struct commit *c, struct buf *b)
{
	const struct rule_type *t;
	size_t i;

	buf_adds(b, ",\"alerts_by_type_total\":{\"by\":\"rule_type\",\"n\":{");
	for (i = 0; i < RULE_TYPES_MAX && (t = rule_type_at(i)) != NULL; i++)
		buf_addf(b, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
		    rule_type_name(t), c->stored_of[i]);
	buf_adds(b, "}}");
}

/* While another program writes a heartbeat is left out, but not the last. */
static int
put_beat(struct live *l, const char *text, bool ended, struct err *e)
{
	char host[HOST_MAX] = "";
	int rc;

	(void)gethostname(host, sizeof(host) - 1);
	if (ended && turn_begin(l->st, false, e) < 0)
		return -1;
	rc = store_component_put(
	    l->st, "pulse-eval", host, clock_now_ms(), text, e);
	if (!ended)
		return rc < 0 && store_busy(l->st) ? 0 : rc;
	if (rc < 0 || store_commit(l->st, e) < 0) {
		store_rollback(l->st);
		return -1;
	}
	return 0;
}

static int
heartbeat(struct live *l, bool ended, struct err *e)
{
	struct engine_counts c;
	struct buf b;
	int rc;

	if (l->o->dry_run)
		return 0;
	engine_count(l->engine, &c);
	buf_init(&b, (size_t)16 * 1024);
	buf_addf(&b,
	    "{\"lines_total\":%" PRIu64 ",\"bad_total\":%" PRIu64
	    ",\"events_total\":%" PRIu64 ",\"candles_total\":%" PRIu64
	    ",\"updates_total\":%" PRIu64 ",\"duplicates_total\":%" PRIu64
	    ",\"differing_total\":%" PRIu64 ",\"alerts_total\":%" PRIu64
	    ",\"late_total\":%" PRIu64 ",\"commits_total\":%" PRIu64
	    ",\"rules\":%" PRIu32 ",\"series\":%" PRIu32,
	    l->n.lines, l->n.bad, l->n.events, c.closed, c.forming,
	    c.duplicates + c.stale, c.differing, l->commit.stored,
	    l->commit.late, l->commit.commits, c.rules, c.series);
	print_types(&l->commit, &b);
	buf_adds(&b, ",\"lag_seconds\":");
	histogram_print(&l->lag.took, &b);
	if (ended)
		buf_adds(&b, ",\"ended\":true");
	buf_addc(&b, '}');
	rc = put_beat(l, b.p, ended, e);
	buf_release(&b);
	l->heartbeat_ms = clock_mono_ms();
	return rc;
}

/* ---- from the input ------------------------------------------------------------------- */

static int
on_candle(void *arg, const struct candle *c, struct err *e)
{
	struct live *l = arg;
	int rc = eval_feed(l->engine, c, e);

	if (c->recv_ms >= 0)
		lag_note(&l->lag, c->recv_ms);
	if (rc >= 0 && commit_full(&l->commit) &&
	    commit_flush(&l->commit, false, e) < 0)
		return -1;
	return rc;
}

/* A bar that is stored but not judged. */
static int
keep_candle(struct live *l, struct candle *c, struct err *e)
{
	c->state = CANDLE_CLOSED;
	if (commit_add_candle(&l->commit, c, e) < 0)
		return -1;
	return commit_full(&l->commit) ? commit_flush(&l->commit, false, e) : 0;
}

/* Older bars came: once they are stored, what is computed from all bars of
 * the series is computed anew. */
static int
on_warm(struct live *l, const struct json *j, struct err *e)
{
	const char *symbol = json_string(json_get(j, "s"));
	const char *name = json_string(json_get(j, "i"));
	int interval = name == NULL ? -1 : interval_find(name, strlen(name));

	if (symbol == NULL || interval < 0)
		return 0;
	if (commit_flush(&l->commit, false, e) < 0)
		return -1;
	engine_history_grew(l->engine, symbol, (interval_id)interval);
	return engine_warm(l->engine, e);
}

static int
on_event(void *arg, const struct json *j, struct err *e)
{
	struct live *l = arg;
	const char *event = json_string(json_get(j, "event"));
	struct candle c;
	bool has;

	if (event == NULL)
		return 0;
	if (strcmp(event, "warm") == 0)
		return on_warm(l, j, e);
	has = candle_from_json(&c, json_get(j, "candle"), NULL) == 0;
	/* The exchange changed its mind about a closed bar: the store follows.
	 * What was judged stays as it was. */
	if (has && strcmp(event, "corrected") == 0)
		return keep_candle(l, &c, e);
	if (has && strcmp(event, "past") == 0 && engine_is_past(l->engine, &c))
		return keep_candle(l, &c, e);
	return eval_event(l->engine, j, e);
}

static int
on_flush(void *arg, struct err *e)
{
	struct live *l = arg;

	if (commit_flush(&l->commit, false, e) < 0)
		return -1;
	lag_flush(&l->lag, clock_now_ms());
	return 0;
}

static int
on_tick(void *arg, struct err *e)
{
	struct live *l = arg;

	if (commit_flush(&l->commit, false, e) < 0 || follow_rules(l, e) < 0)
		return -1;
	if (clock_mono_ms() - l->heartbeat_ms >= HEARTBEAT_MS)
		return heartbeat(l, false, e);
	return 0;
}

/* The heartbeat comes early: so it, and no alert, begins the new log. */
static int
on_idle(void *arg, struct err *e)
{
	struct live *l = arg;

	return store_tidy(l->st) ? heartbeat(l, false, e) : 0;
}

/* ---- the run ---------------------------------------------------------------------------- */

static enum input_end
run(struct live *l, struct err *e)
{
	struct input_calls in = {.arg = l,
	    .candle = on_candle,
	    .event = on_event,
	    .flush = on_flush,
	    .tick = on_tick,
	    .idle = on_idle,
	    .period_ms = PERIOD_MS};
	enum input_end end;

	if (load_store(l->engine, l->st, &l->rule_seq, e) < 0)
		return INPUT_FAILED;
	store_set_wait(l->st, TURN_TRY_MS);
	if (heartbeat(l, false, e) < 0)
		return INPUT_FAILED;
	if (engine_rule_count(l->engine) > 0)
		log_info("%" PRIu32 " rules, store %s",
		    engine_rule_count(l->engine), store_name(l->st));
	else
		log_warn("no rules in the store %s: no alert comes until "
			 "\"pulse-ctl rule add\" makes one there",
		    store_name(l->st));
	end = input_run(&in, &l->n, e);
	if (end == INPUT_FAILED)
		return end;
	if (end == INPUT_ENDED && engine_end(l->engine, e) < 0)
		return INPUT_FAILED;
	if (commit_flush(&l->commit, true, e) < 0 || heartbeat(l, true, e) < 0)
		return INPUT_FAILED;
	return end;
}

static int
run_open(struct live *l, struct err *e)
{
	struct engine_options options = {.old_news = !l->o->replay};
	struct engine_calls calls = {.arg = l,
	    .alert = on_alert,
	    .closed = on_closed,
	    .history = on_history};
	enum input_end end = INPUT_FAILED;
	int rc;

	l->engine = engine_new(&options, &calls);
	if (l->engine != NULL &&
	    commit_init(&l->commit, l->o->dry_run ? NULL : l->st, l->engine,
		l->o->replay ? 0 : l->o->max_age_ms, e) == 0) {
		end = run(l, e);
		commit_release(&l->commit);
	}
	rc = eval_exit(end, &l->n, l->engine, e);
	engine_free(l->engine);
	return end == INPUT_FAILED ? EXIT_TEMPFAIL : rc;
}

int
live_run(const struct eval_options *o)
{
	unsigned flags = o->dry_run ? STORE_READONLY : STORE_CREATE;
	struct live *l = calloc(1, sizeof(*l));
	struct err e = {.msg = "out of memory"};
	int rc;

	if (l == NULL || store_open(&l->st, o->db, flags, &e) < 0) {
		log_error("%s", e.msg);
		free(l);
		return EXIT_UNAVAILABLE;
	}
	l->o = o;
	lag_init(&l->lag);
	rc = run_open(l, &e);
	store_close(l->st);
	free(l);
	return rc;
}
