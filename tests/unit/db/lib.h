/*
 * lib: what the tests of the store share: a database in a directory of its
 * own, and rules, candles and alerts to put into it.
 */
#ifndef TESTS_UNIT_DB_LIB_H
#define TESTS_UNIT_DB_LIB_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "db/store.h"
#include "tests/unit/tap.h"

#define MINUTE_MS INT64_C(60000)
/* A time on the grid of every interval of up to a day. */
#define BASE_MS INT64_C(1788912000000)

/* One scratch directory a program. */
struct scratch {
	char dir[200];
	char db[256];
};

__attribute__((unused)) static void
scratch_make(struct scratch *s)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(s->dir, sizeof(s->dir), "%s/pulse-store-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(s->dir) == NULL) {
		perror(s->dir);
		exit(1);
	}
	(void)snprintf(s->db, sizeof(s->db), "%s/pulse.db", s->dir);
}

/* Remove the files of the directory, and it. */
__attribute__((unused)) static void
scratch_remove(const struct scratch *s)
{
	DIR *d = opendir(s->dir);
	struct dirent *f;
	char path[512];

	while (d != NULL && (f = readdir(d)) != NULL) {
		(void)snprintf(path, sizeof(path), "%s/%s", s->dir, f->d_name);
		(void)unlink(path);
	}
	if (d != NULL)
		(void)closedir(d);
	(void)rmdir(s->dir);
}

/* End the program when the call failed: for what a test stands on. */
__attribute__((unused)) static int
must(int rc, const struct err *e)
{
	if (rc < 0) {
		printf("Bail out! %s\n", e->msg);
		exit(1);
	}
	return rc;
}

__attribute__((unused)) static struct store *
open_scratch(const struct scratch *s)
{
	struct store *st;
	struct err e;

	must(store_open(&st, s->db, STORE_CREATE, &e), &e);
	return st;
}

/* A rule from its JSON; the caller releases it. */
__attribute__((unused)) static struct rule
make_rule(const char *text)
{
	struct json *j;
	struct faults f;
	struct rule r;
	struct err e;

	j = json_parse(text, strlen(text), &e);
	faults_init(&f, "");
	if (j == NULL || rule_parse(&r, j, RULE_IMPORTED, true, 1000, &f) < 0) {
		printf("Bail out! bad rule %s: %s\n", text,
		    j == NULL ? e.msg : f.v[0].msg);
		exit(1);
	}
	json_free(j);
	return r;
}

/* A price rule on a symbol, number i, created at that many ms. */
__attribute__((unused)) static struct rule
price_rule(int i, const char *symbol, int64_t created_ms, bool active)
{
	char text[512];
	struct rule r;

	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"rule %d\",\"symbol\":\"%s\",\"interval\":\"1m\","
	    "\"rule_type\":\"price_threshold\",\"config\":{\"threshold\":\"%"
	    "d\","
	    "\"operator\":\">=\"},\"is_active\":%s,"
	    "\"discord_webhook_url\":\"https://127.0.0.1/api/webhooks/1/a\","
	    "\"generic_webhook_url\":\"https://127.0.0.1/%d\"}",
	    i, symbol, 1000 + i, active ? "true" : "false", i);
	r = make_rule(text);
	r.id = (struct uuid){{0}};
	(void)snprintf((char *)r.id.b, sizeof(r.id.b), "r%013d", i);
	r.created_ms = r.updated_ms = r.enabled_ms = created_ms;
	return r;
}

/* Put such a rule and give its id. */
__attribute__((unused)) static struct uuid
put_rule(struct store *st, int i, const char *symbol, int64_t created_ms)
{
	struct rule r = price_rule(i, symbol, created_ms, true);
	struct uuid id = r.id;
	struct err e;

	must(store_rule_put(st, &r, &e), &e);
	rule_release(&r);
	return id;
}

/* Bar number i of a series. */
__attribute__((unused)) static struct candle
make_candle(const char *symbol, interval_id interval, int64_t i)
{
	struct candle c;

	memset(&c, 0, sizeof(c));
	c.open_ms = BASE_MS + i * interval_step(interval);
	c.close_ms = c.open_ms + interval_step(interval) - 1;
	c.recv_ms = -1;
	c.trades = i;
	c.open = (struct decimal){791390, 1};
	c.close = (struct decimal){791180 + i, 1};
	c.high = (struct decimal){99999990, 2};
	c.low = (struct decimal){1, 8};
	c.volume = (struct decimal){77139, 5};
	c.state = CANDLE_CLOSED;
	c.interval = interval;
	c.symbol_len = (uint8_t)strlen(symbol);
	(void)snprintf(c.symbol, sizeof(c.symbol), "%s", symbol);
	return c;
}

/* The alert of a rule on a bar, and its record. */
struct made_alert {
	struct alert a;
	char record[256];
};

__attribute__((unused)) static void
make_alert(struct made_alert *m, const struct uuid *rule_id, const char *symbol,
    int64_t bar)
{
	char id[UUID_TEXT_MAX];

	memset(m, 0, sizeof(*m));
	m->a.rule_id = *rule_id;
	m->a.symbol = symbol;
	m->a.state = "firing";
	m->a.window_start_ms = BASE_MS + bar * MINUTE_MS;
	m->a.window_end_ms = m->a.window_start_ms + MINUTE_MS;
	m->a.triggered_ms = m->a.window_start_ms + 1;
	m->a.id = alert_id(rule_id, symbol, 0, m->a.window_start_ms,
	    m->a.window_end_ms, "firing");
	uuid_print(&m->a.id, id);
	(void)snprintf(m->record, sizeof(m->record),
	    "{\"id\":\"%s\",\"rule_type\":\"price_threshold\",\"bar\":%" PRId64
	    "}",
	    id, bar);
}

/* Put it with deliveries through the first n of discord, generic, ops. */
__attribute__((unused)) static int
put_alert(struct store *st, const struct uuid *rule_id, const char *symbol,
    int64_t bar, size_t n, int64_t now_ms, int64_t handoff_ms)
{
	static const char *const channels[] = {"discord", "generic", "ops"};
	struct made_alert m;
	struct err e;

	make_alert(&m, rule_id, symbol, bar);
	return must(store_alert_put(st, &m.a, m.record, strlen(m.record),
			channels, n, now_ms, handoff_ms, &e),
	    &e);
}

/* Callbacks that remember. */
struct seen {
	int n;
	int stop_at; /* 0: never */
	struct uuid ids[64];
	struct uuid last;
	int64_t numbers[64];
	char text[2048]; /* of the last */
};

static int
seen_add(struct seen *s, const struct uuid *id, int64_t number)
{
	if (s->n < 64) {
		s->ids[s->n] = *id;
		s->numbers[s->n] = number;
	}
	s->last = *id;
	s->n++;
	return s->stop_at > 0 && s->n >= s->stop_at;
}

__attribute__((unused)) static int
see_rule(void *arg, const struct rule *r, struct err *e)
{
	struct seen *s = arg;
	struct buf b;

	(void)e;
	buf_init(&b, RULE_TEXT_MAX);
	if (rule_print(r, true, &b) == 0)
		(void)snprintf(s->text, sizeof(s->text), "%s", b.p);
	buf_release(&b);
	return seen_add(s, &r->id, r->seq);
}

__attribute__((unused)) static int
see_alert(void *arg, const struct store_alert *a, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	(void)snprintf(s->text, sizeof(s->text), "%.*s %s %s %" PRId64,
	    (int)a->record_len, a->record, a->rule_type, a->delivery_status,
	    a->delivery_attempts);
	return seen_add(s, &a->id, a->seq);
}

__attribute__((unused)) static int
see_delivery(void *arg, const struct store_delivery *d, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	(void)snprintf(s->text, sizeof(s->text),
	    "%s %s attempts=%" PRId64 " step=%" PRId64 " lease=%s url=%s "
	    "error=%s",
	    d->channel, delivery_status_name(d->status), d->attempts, d->step,
	    d->lease != NULL ? d->lease : "-", d->url != NULL ? d->url : "-",
	    d->last_error != NULL ? d->last_error : "-");
	return seen_add(s, &d->id, d->next_attempt_ms);
}

__attribute__((unused)) static int
see_candle(void *arg, const struct candle *c, struct err *e)
{
	static const struct uuid none;
	struct seen *s = arg;
	struct buf b;

	(void)e;
	buf_init(&b, CANDLE_TEXT_MAX);
	if (candle_print(c, &b) == 0)
		(void)snprintf(s->text, sizeof(s->text), "%s", b.p);
	buf_release(&b);
	return seen_add(s, &none, c->open_ms);
}

__attribute__((unused)) static void
print_problem(void *arg, const char *problem)
{
	(void)arg;
	printf("# %s\n", problem);
}

/* The database is whole. */
__attribute__((unused)) static void
is_whole(struct store *st, const char *what)
{
	struct err e = {.msg = ""};
	int n = store_check(st, print_problem, NULL, &e);

	if (!ok(n == 0, "%s", what))
		printf("# %d problems %s\n", n, e.msg);
}

#endif
