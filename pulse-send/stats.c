#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/json.h"
#include "db/store.h"
#include "pulse-send/stats.h"

#define NAME	 "pulse-send"
#define TEXT_MAX ((size_t)8 * 1024)
#define HOST_MAX 256

static const int64_t attempt_ms[] = {
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000};
static const int64_t delivery_ms[] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500,
    5000, 10000, 30000, 60000, 300000, 3600000};

static void
begin(struct stats *s)
{
	histogram_init(&s->attempt, attempt_ms,
	    sizeof(attempt_ms) / sizeof(attempt_ms[0]));
	histogram_init(&s->delivery, delivery_ms,
	    sizeof(delivery_ms) / sizeof(delivery_ms[0]));
}

void
stats_init(struct stats *s)
{
	*s = (struct stats){.told = {0}};
	begin(s);
}

void
stats_attempt(struct stats *s, int64_t latency_us)
{
	histogram_note(&s->attempt, (double)latency_us / 1000, 1);
}

void
stats_delivered(struct stats *s, const char *record, size_t len, int64_t now_ms)
{
	/* In a string of JSON each quote has a backslash before it: what is
	 * found is the member and no text. */
	static const char member[] = "\"triggered_at\":\"";
	const char *at = memmem(record, len, member, sizeof(member) - 1), *end;
	int64_t time_ms;

	if (at == NULL)
		return;
	at += sizeof(member) - 1;
	end = memchr(at, '"', len - (size_t)(at - record));
	if (end != NULL && clock_parse(&time_ms, at, (size_t)(end - at)) == 0)
		histogram_note(&s->delivery, (double)(now_ms - time_ms), 1);
}

/* ---- adding to what is there --------------------------------------------- */

static bool
is_total(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, "_total") == 0;
}

static void
add_number(struct json *to, const struct json *from)
{
	if (from != NULL && from->type == JSON_NUMBER &&
	    to->type == JSON_NUMBER)
		to->number += from->number;
}

/* A histogram of other bounds, from another version, is not gone on with. */
static void
add_histogram(struct json *to, const struct json *from)
{
	const struct json *counts = json_get(to, "counts"),
			  *old = json_get(from, "counts");
	size_t i, k;

	if (counts == NULL || old == NULL || old->type != JSON_ARRAY ||
	    old->len != counts->len)
		return;
	for (i = 0; i < to->len; i++) {
		struct json *v = &to->items[i];

		if (strcmp(to->keys[i], "sum") == 0)
			add_number(v, json_get(from, "sum"));
		for (k = 0; v == counts && k < v->len; k++)
			add_number(&v->items[k], &old->items[k]);
	}
}

static void
add_all(struct json *to, const struct json *from)
{
	size_t i;

	for (i = 0; i < to->len; i++) {
		struct json *v = &to->items[i];

		if (v->type == JSON_OBJECT)
			add_histogram(v, json_get(from, to->keys[i]));
		else if (is_total(to->keys[i]))
			add_number(v, json_get(from, to->keys[i]));
	}
}

/* ---- the row ------------------------------------------------------------- */

struct row {
	const char *host;
	struct json *counters; /* or NULL */
};

static int
see(void *arg, const char *name, const char *instance, int64_t time_ms,
    const char *counters)
{
	struct row *r = arg;

	(void)time_ms;
	if (strcmp(name, NAME) != 0 || strcmp(instance, r->host) != 0)
		return 0;
	r->counters = json_parse(counters, strlen(counters), NULL);
	return 1;
}

/* What was done since the last time. */
static void
print_news(const struct stats *s, const struct stats_count *now, size_t queued,
    size_t running, struct buf *b)
{
	const struct stats_count *told = &s->told;

	buf_addf(b,
	    "{\"lines_total\":%" PRId64 ",\"bad_lines_total\":%" PRId64
	    ",\"requests_total\":%" PRId64 ",\"delivered_total\":%" PRId64
	    ",\"retrying_total\":%" PRId64 ",\"dead_total\":%" PRId64
	    ",\"queued\":%zu,\"running\":%zu,\"attempt_latency_seconds\":",
	    now->lines - told->lines, now->bad - told->bad,
	    now->requests - told->requests, now->delivered - told->delivered,
	    now->retrying - told->retrying, now->dead - told->dead, queued,
	    running);
	histogram_print(&s->attempt, b);
	buf_adds(b, ",\"candle_to_delivery_seconds\":");
	histogram_print(&s->delivery, b);
	buf_addc(b, '}');
}

static int
add_row(struct store *st, struct buf *b, struct err *e)
{
	char host[HOST_MAX] = "";
	struct row old = {.host = host};
	struct json *j = json_parse(b->p, b->len, e);
	int rc = -1;

	if (j == NULL)
		return -1;
	(void)gethostname(host, sizeof(host) - 1);
	if (store_component_list(st, see, &old, e) >= 0) {
		add_all(j, old.counters);
		buf_reset(b);
		rc = json_print(j, b) < 0 ? err_set(e, "out of memory")
					  : store_component_put(st, NAME, host,
						clock_now_ms(), b->p, e);
	}
	json_free(old.counters);
	json_free(j);
	return rc;
}

int
stats_beat(struct stats *s, struct store *st, const struct stats_count *now,
    size_t queued, size_t running, struct err *e)
{
	struct buf b;
	int rc;

	if (store_begin(st, false, e) < 0)
		return -1;
	buf_init(&b, TEXT_MAX);
	print_news(s, now, queued, running, &b);
	rc = buf_failed(&b) ? err_set(e, "out of memory") : add_row(st, &b, e);
	buf_release(&b);
	if (rc < 0 || store_commit(st, e) < 0) {
		store_rollback(st);
		return -1;
	}
	s->told = *now;
	begin(s);
	return 0;
}
