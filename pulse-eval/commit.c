#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "pulse-eval/commit.h"
#include "pulse-eval/eval.h"
#include "pulse-eval/turn.h"

/* Alerts of one batch; more than any sensible set of rules brings on one
 * candle, but no more memory than this. */
#define TEXT_MAX ((size_t)4 << 30)
/* A batch ends when it holds this much. */
#define TEXT_ENOUGH    ((size_t)16 << 20)
#define CANDLES_ENOUGH 50000
/* How long the state of series may wait to be stored. */
#define SERIES_WAIT_MS 1000
/* pulse-retry sees a delivery only after this: the pulse-send in the pipe
 * comes first. */
#define HANDOFF_MS   30000
#define CHANNELS_MAX 16

struct commit_alert {
	struct uuid id, rule_id;
	char symbol[SYMBOL_TEXT_MAX];
	interval_id interval;
	bool late, discord, generic, new;
	int64_t window_start_ms, window_end_ms, triggered_ms;
	const char *rule_type; /* a literal */
	size_t at, len; /* of the record in text */
	size_t channels_at, channels_len; /* 0: none */
};

static int
no_memory(struct err *e)
{
	return err_set(e, "out of memory");
}

int
commit_init(struct commit *c, struct store *st, struct engine *g,
    int64_t max_age_ms, struct err *e)
{
	*c = (struct commit){.st = st, .engine = g, .max_age_ms = max_age_ms};
	emit_init(&c->out, 1, EVAL_EMIT_MAX);
	buf_init(&c->text, TEXT_MAX);
	buf_init(&c->line, ALERT_TEXT_MAX);
	c->stored_ms = clock_mono_ms();
	return buf_reserve(&c->line, 1024) < 0 ? no_memory(e) : 0;
}

void
commit_release(struct commit *c)
{
	emit_release(&c->out);
	buf_release(&c->text);
	buf_release(&c->line);
	free(c->candles);
	free(c->alerts);
}

int
commit_add_candle(struct commit *c, const struct candle *bar, struct err *e)
{
	struct candle *v;
	size_t cap;

	if (c->ncandles == c->candle_cap) {
		cap = c->candle_cap == 0 ? 64 : 2 * c->candle_cap;
		v = realloc(c->candles, cap * sizeof(*v));
		if (v == NULL)
			return no_memory(e);
		c->candles = v;
		c->candle_cap = cap;
	}
	c->candles[c->ncandles++] = *bar;
	return 0;
}

static struct commit_alert *
alert_new(struct commit *c)
{
	struct commit_alert *v;
	size_t cap;

	if (c->nalerts == c->alert_cap) {
		cap = c->alert_cap == 0 ? 64 : 2 * c->alert_cap;
		v = realloc(c->alerts, cap * sizeof(*v));
		if (v == NULL)
			return NULL;
		c->alerts = v;
		c->alert_cap = cap;
	}
	return &c->alerts[c->nalerts++];
}

int
commit_add_alert(struct commit *c, struct alert *a,
    const struct engine_alert_to *to, struct err *e)
{
	struct commit_alert *k;

	a->late = c->max_age_ms > 0 &&
		  clock_now_ms() - a->triggered_ms > c->max_age_ms;
	buf_reset(&c->line);
	if (alert_print(a, &c->line) < 0)
		return err_set(
		    e, "an alert is longer than %zu bytes", c->line.max);
	k = alert_new(c);
	if (k == NULL)
		return no_memory(e);
	*k = (struct commit_alert){
	    .id = a->id,
	    .rule_id = a->rule_id,
	    .interval = a->interval,
	    .late = a->late,
	    .discord = to->discord,
	    .generic = to->generic,
	    .window_start_ms = a->window_start_ms,
	    .window_end_ms = a->window_end_ms,
	    .triggered_ms = a->triggered_ms,
	    .rule_type = a->rule_type,
	    .at = c->text.len,
	    .len = c->line.len,
	};
	memcpy(k->symbol, a->symbol, strlen(a->symbol) + 1);
	buf_add(&c->text, c->line.p, c->line.len);
	if (to->channels != NULL) {
		k->channels_at = c->text.len;
		k->channels_len = strlen(to->channels);
		buf_add(&c->text, to->channels, k->channels_len);
	}
	return buf_failed(&c->text) ? no_memory(e) : 0;
}

bool
commit_full(const struct commit *c)
{
	return c->text.len >= TEXT_ENOUGH || c->ncandles >= CANDLES_ENOUGH;
}

/* ---- the transaction ---------------------------------------------------------- */

/* One pending delivery a channel: names from the rule's array and its two
 * URLs. */
static int
put_alert(struct commit *c, struct commit_alert *k, const struct json *names,
    int64_t now_ms, struct err *e)
{
	const char *channels[CHANNELS_MAX + 2];
	unsigned char state[ENGINE_RULE_STATE_BYTES];
	struct alert a = {
	    .id = k->id,
	    .rule_id = k->rule_id,
	    .rule_type = k->rule_type,
	    .symbol = k->symbol,
	    .interval = k->interval,
	    .state = "firing",
	    .window_start_ms = k->window_start_ms,
	    .window_end_ms = k->window_end_ms,
	    .triggered_ms = k->triggered_ms,
	    .late = k->late,
	};
	size_t n = 0, i;
	int rc;

	if (k->discord)
		channels[n++] = "discord";
	if (k->generic)
		channels[n++] = "generic";
	for (i = 0; names != NULL && i < names->len && i < CHANNELS_MAX; i++)
		if (json_string(&names->items[i]) != NULL)
			channels[n++] = names->items[i].string;
	rc = store_alert_put(c->st, &a, c->text.p + k->at, k->len, channels, n,
	    now_ms, HANDOFF_MS, e);
	if (rc < 0)
		return -1;
	k->new = rc > 0;
	engine_rule_state(k->triggered_ms, k->window_start_ms, state);
	return store_state_put(
	    c->st, &k->rule_id, k->symbol, state, sizeof(state), e);
}

static int
put_alerts(struct commit *c, struct err *e)
{
	int64_t now_ms = clock_now_ms();
	size_t i;

	for (i = 0; i < c->nalerts; i++) {
		struct commit_alert *k = &c->alerts[i];
		struct json *names = NULL;
		int rc;

		if (k->channels_len > 0)
			names = json_parse(
			    c->text.p + k->channels_at, k->channels_len, NULL);
		rc = put_alert(c, k, names, now_ms, e);
		json_free(names);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int
put_series(void *arg, const char *symbol, interval_id interval,
    const void *blob, size_t n, struct err *e)
{
	struct commit *c = arg;

	return store_series_put(c->st, symbol, interval, blob, n, e);
}

static int
put_all(struct commit *c, struct err *e)
{
	size_t i;

	for (i = 0; i < c->ncandles; i++)
		if (store_candle_put(c->st, &c->candles[i], e) < 0)
			return -1;
	if (put_alerts(c, e) < 0)
		return -1;
	return engine_series_changed(c->engine, put_series, c, e);
}

static int
store_all(struct commit *c, struct err *e)
{
	if (turn_begin(c->st, c->nalerts > 0, e) < 0)
		return -1;
	if (put_all(c, e) < 0 || store_commit(c->st, e) < 0) {
		store_rollback(c->st);
		return -1;
	}
	c->commits++;
	c->stored_ms = clock_mono_ms();
	return 0;
}

static void
count_type(struct commit *c, const char *name)
{
	const struct rule_type *t = rule_type_find(name);
	size_t i;

	for (i = 0; i < RULE_TYPES_MAX && rule_type_at(i) != NULL; i++)
		c->stored_of[i] += rule_type_at(i) == t;
}

static int
print_alerts(struct commit *c, struct err *e)
{
	size_t i;

	for (i = 0; i < c->nalerts; i++) {
		const struct commit_alert *k = &c->alerts[i];

		if (c->st != NULL && !k->new) {
			c->known++;
			continue;
		}
		c->stored++;
		count_type(c, k->rule_type);
		c->late += k->late;
		if (emit_add(&c->out, c->text.p + k->at, k->len) < 0)
			return eval_write_failed(e);
	}
	return emit_flush(&c->out) < 0 ? eval_write_failed(e) : 0;
}

int
commit_flush(struct commit *c, bool all, struct err *e)
{
	bool urgent = c->ncandles > 0 || c->nalerts > 0;
	bool due = all || clock_mono_ms() - c->stored_ms >= SERIES_WAIT_MS;

	if (c->st != NULL &&
	    (urgent || (due && engine_is_changed(c->engine))) &&
	    store_all(c, e) < 0)
		return -1;
	if (c->nalerts > 0 && print_alerts(c, e) < 0)
		return -1;
	c->ncandles = c->nalerts = 0;
	buf_reset(&c->text);
	return 0;
}
