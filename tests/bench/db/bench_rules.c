/*
 * Rules: a million of them put, loaded, counted, listed by page, changed.
 * RULES=N in the environment for another number.
 */
#include <inttypes.h>

#include "common/json.h"
#include "common/num.h"
#include "db/store.h"
#include "tests/bench/db/raw.h"

#define NOW INT64_C(1788912600000)

static void
must(int rc, const struct err *e)
{
	if (rc < 0) {
		fprintf(stderr, "%s\n", e->msg);
		exit(1);
	}
}

static int
count(void *arg, const struct rule *r, struct err *e)
{
	int64_t *n = arg;

	(void)e;
	*n += r->seq > 0;
	return 0;
}

static int
no_gone(void *arg, const struct uuid *id, int64_t seq)
{
	(void)arg;
	(void)id;
	(void)seq;
	return 0;
}

static struct rule
make_rule(void)
{
	static const char text[] =
	    "{\"name\":\"BTC above\",\"symbol\":\"BTC\",\"rule_type\":"
	    "\"price_threshold\",\"config\":{\"threshold\":\"50000\","
	    "\"operator\":\">=\"},\"discord_webhook_url\":"
	    "\"https://discord.com/api/webhooks/123456789012345678/abcdefgh\"}";
	struct err e;
	struct json *j = json_parse(text, strlen(text), &e);
	struct faults f;
	struct rule r;

	faults_init(&f, "");
	if (j == NULL || rule_parse(&r, j, RULE_CREATED, true, NOW, &f) < 0)
		exit(1);
	json_free(j);
	return r;
}

static void
fill(struct store *st, int64_t n)
{
	struct rule r = make_rule();
	char symbol[16], *kept = r.symbol;
	struct err e;
	int64_t i;

	r.symbol = symbol;
	for (i = 0; i < n; i++) {
		if (i % 10000 == 0)
			must(store_begin(st, true, &e), &e);
		r.id = uuid_random();
		r.created_ms = NOW + i / 7;
		(void)snprintf(symbol, sizeof(symbol), "C%d", (int)(i % 1000));
		must(store_rule_put(st, &r, &e), &e);
		if (i % 10000 == 9999 || i == n - 1)
			must(store_commit(st, &e), &e);
	}
	r.symbol = kept;
	rule_release(&r);
}

/* Time of one call, the mean of many. */
static double
per_call(struct store *st, struct store_rule_filter f, bool counts, int times)
{
	int64_t start = clock_mono_us(), n = 0;
	struct err e;
	int i;

	for (i = 0; i < times; i++)
		must(counts ? store_rule_count(st, &f, &n, &e)
			    : store_rule_list(st, &f, count, &n, &e),
		    &e);
	return (double)(clock_mono_us() - start) / times;
}

static void
one_change(struct store *st)
{
	struct rule r = make_rule();
	int64_t seq, n = 0, start;
	struct err e;

	must(store_rule_seq(st, &seq, &e), &e);
	start = clock_mono_us();
	must(store_rule_put(st, &r, &e), &e);
	must(store_rule_changes(st, seq, count, no_gone, &n, &e), &e);
	printf("one rule put, durable, and seen as a change: %.2f ms\n",
	    (double)(clock_mono_us() - start) / 1e3);
	rule_release(&r);
}

int
main(void)
{
	struct store_rule_filter all = {.active = -1, .unordered = true};
	struct store_rule_filter page = {.active = -1, .limit = 50};
	struct store_rule_filter coin = page, middle = page;
	int64_t rules = 1000000, n = 0, start;
	const char *asked = getenv("RULES");
	char dir[512], path[560];
	struct store *st;
	struct err e;

	if (asked != NULL)
		must(num_parse(&rules, asked, 1, 100000000, "RULES", &e), &e);
	coin.symbol = "C77";
	middle.offset = rules / 2;
	raw_directory(dir, sizeof(dir));
	(void)snprintf(path, sizeof(path), "%s/db", dir);
	must(store_open(&st, path, STORE_CREATE, &e), &e);
	start = clock_mono_us();
	fill(st, rules);
	printf("%" PRId64 " rules put: %.0f/s, 10,000 a transaction\n", rules,
	    (double)rules * 1e6 / (double)(clock_mono_us() - start));
	start = clock_mono_us();
	must(store_rule_list(st, &all, count, &n, &e), &e);
	printf("all loaded: %.2f s\n", (double)(clock_mono_us() - start) / 1e6);
	printf("count of all: %.1f us, of one symbol: %.1f us\n",
	    per_call(st, page, true, 1000), per_call(st, coin, true, 1000));
	printf("newest 50: %.0f us, newest 50 of a symbol: %.0f us, "
	       "50 from the middle by offset: %.0f us\n",
	    per_call(st, page, false, 500), per_call(st, coin, false, 500),
	    per_call(st, middle, false, 5));
	one_change(st);
	store_close(st);
	raw_remove(path);
	(void)rmdir(dir);
	return n == rules ? 0 : 1;
}
