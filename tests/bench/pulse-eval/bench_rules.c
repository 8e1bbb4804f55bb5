/*
 * What rules cost that do not fire: threshold rules from 1 to a million over
 * as many as 1,000 coins, candles in turn; indicator rules that share their
 * states; a million rules taken in, their memory, and a change of one.
 */
#include "common/clock.h"
#include "common/engine/engine.h"
#include "common/rules/rule_type.h"
#include "tests/bench/pulse-eval/bare.h"

#define PASSES 3

static uint64_t alerts;

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	(void)arg, (void)a, (void)to, (void)e;
	alerts++;
	return 0;
}

static struct engine *
new_engine(void)
{
	struct engine_options o = {.old_news = false};
	struct engine_calls calls = {.alert = on_alert};
	struct engine *g = engine_new(&o, &calls);

	if (g == NULL)
		exit(1);
	return g;
}

static void
put(struct engine *g, uint32_t n, const char *type, const char *symbol,
    const char *config)
{
	const struct rule_type *t = rule_type_find(type);
	char name[32], sym[SYMBOL_TEXT_MAX];
	struct rule r = {.type = t, .name = name, .symbol = sym};
	struct err e = {.msg = ""};

	memcpy(r.id.b, &n, sizeof(n));
	snprintf(name, sizeof(name), "rule %u", n);
	snprintf(sym, sizeof(sym), "%s", symbol);
	r.is_active = true;
	r.on =
	    strcmp(type, "price_threshold") == 0 ? RULE_ON_TICK : RULE_ON_CLOSE;
	if (rule_config_parse(&r, config, strlen(config), &e) < 0 ||
	    engine_rule_put(g, &r, &e) < 0) {
		fprintf(stderr, "%s: %s\n", config, e.msg);
		exit(1);
	}
}

/* Levels from half to twice the price, none within the market's reach. */
static void
put_threshold(struct engine *g, uint32_t n, uint32_t coins, uint32_t rules)
{
	uint32_t per = rules / coins + 1, k = n / coins;
	double share = (double)(k + 1) / (per + 1);
	char symbol[16], config[128];
	bool above = k % 2 == 0;
	long level = above ? 81000 + (long)(70000 * share)
			   : 77000 - (long)(40000 * share);

	snprintf(symbol, sizeof(symbol), "C%u", n % coins);
	snprintf(config, sizeof(config),
	    "{\"threshold\":\"%ld\",\"operator\":\"%s\",\"on\":\"tick\"}",
	    level,
	    k % 4 == 0	 ? ">="
	    : k % 4 == 1 ? "<="
	    : k % 4 == 2 ? "cross_up"
			 : "cross_down");
	put(g, n, "price_threshold", symbol, config);
}

/* Records of the coins in turn; each is fed once before. */
static struct candle *
make_records(uint32_t coins, size_t *n)
{
	struct bare_market *m = calloc(coins, sizeof(*m));
	size_t count = 200000 / coins * coins, i;
	struct candle *v = malloc(count * sizeof(*v));
	char symbol[16];
	uint32_t k;

	if (m == NULL || v == NULL)
		exit(1);
	for (k = 0; k < coins; k++) {
		snprintf(symbol, sizeof(symbol), "C%u", k);
		bare_market_init(&m[k], symbol, 30);
		m[k].state += (uint64_t)k * 977;
	}
	for (i = 0; i < count; i++) {
		bare_market_next(&m[i % coins]);
		v[i] = m[i % coins].c;
		bare_market_step(&m[i % coins]);
	}
	free(m);
	*n = count;
	return v;
}

/* ns a record, after all were fed once: later passes are a later time. */
static double
feed(struct engine *g, struct candle *v, size_t n)
{
	double best = 1e18, begin, took;
	struct err e;
	int64_t shift;
	int pass;
	size_t i;

	shift = v[n - 1].open_ms - v[0].open_ms + 60000;
	for (pass = 0; pass <= PASSES; pass++) {
		begin = bare_cpu_us();
		for (i = 0; i < n; i++)
			if (engine_feed(g, &v[i], &e) == ENGINE_FAILED)
				exit(1);
		took = bare_cpu_us() - begin;
		if (pass > 0 && took < best)
			best = took;
		for (i = 0; i < n; i++) {
			v[i].open_ms += shift;
			v[i].close_ms += shift;
			v[i].recv_ms += shift;
		}
	}
	return best * 1000 / (double)n;
}

static double
bench_thresholds(uint32_t rules, uint32_t coins, double base)
{
	struct engine *g = new_engine();
	struct candle *v;
	uint32_t i;
	size_t n;
	double ns;

	for (i = 0; i < rules; i++)
		put_threshold(g, i, coins, rules);
	v = make_records(coins, &n);
	alerts = 0;
	ns = feed(g, v, n);
	printf("  %8u rules over %5u coins %8.1f ns/record", rules, coins, ns);
	if (base > 0)
		printf("  %.2f of 1000 rules", ns / base);
	printf("  (%" PRIu64 " alerts)\n", alerts);
	free(v);
	engine_free(g);
	return ns;
}

/* Rules over parameter sets; each set has as many thresholds as it takes. */
static double
bench_indicators(uint32_t rules, uint32_t sets, size_t bars, double base)
{
	struct engine *g = new_engine();
	struct candle *v;
	struct bare_market m;
	char config[160];
	uint32_t i;
	size_t k;
	double ns;

	for (i = 0; i < rules; i++) {
		uint32_t set = i % sets, at = i / sets;

		if (set % 3 == 0) {
			snprintf(config, sizeof(config),
			    "{\"period\":%u,\"threshold\":\"%.6f\","
			    "\"direction\":\"overbought\","
			    "\"on\":\"close\"}",
			    5 + set, 99.5 + 0.4 * at / (rules / sets + 1));
			put(g, i, "rsi", "BTC", config);
		} else if (set % 3 == 1) {
			snprintf(config, sizeof(config),
			    "{\"fast_period\":%u,\"slow_period\":%u,"
			    "\"signal_period\":9,"
			    "\"crossover_type\":\"bullish\","
			    "\"on\":\"close\"}",
			    12 + set, 26 + set);
			put(g, i, "macd_cross", "BTC", config);
		} else {
			snprintf(config, sizeof(config),
			    "{\"period\":%u,\"std_dev\":\"%d\","
			    "\"band\":\"upper\","
			    "\"event\":\"touch\",\"on\":\"close\"}",
			    20 + set, 50);
			put(g, i, "bollinger_bands", "BTC", config);
		}
	}
	v = malloc(bars * sizeof(*v));
	bare_market_init(&m, "BTC", 0);
	for (k = 0; k < bars; k++) {
		bare_market_next(&m);
		v[k] = m.c;
		bare_market_step(&m);
	}
	alerts = 0;
	ns = feed(g, v, bars);
	printf("  %8u rules over %5u sets  %8.0f ns/bar, %7.2f alerts a bar",
	    rules, sets, ns, (double)alerts / (double)bars / (PASSES + 1));
	if (base > 0)
		printf("; beyond the %u states %.0f ns an alert", sets,
		    (ns - base) /
			((double)alerts / (double)bars / (PASSES + 1) + 1e-9));
	putchar('\n');
	free(v);
	engine_free(g);
	return ns;
}

static void
bench_million(void)
{
	struct engine *g = new_engine();
	long before = bare_rss_kib(), text = 0;
	double begin = bare_wall_us(), took;
	struct candle *v;
	struct err e;
	char config[160];
	size_t n;
	uint32_t i;

	for (i = 0; i < 1000000; i++)
		put_threshold(g, i, 1000, 1000000);
	took = bare_wall_us() - begin;
	v = make_records(1000, &n);
	begin = bare_wall_us();
	for (i = 0; i < 1000; i++)
		if (engine_feed(g, &v[i], &e) == ENGINE_FAILED)
			exit(1);
	took += bare_wall_us() - begin;
	text = 1000000 * 11 / 1024 + 1000000 * 4 / 1024;
	printf("  1,000,000 rules taken in and sorted: %.2f s; %.0f bytes a "
	       "rule beyond its name and symbol\n",
	    took / 1e6,
	    (double)(bare_rss_kib() - before - text -
		     (long)(n * sizeof(*v) / 1024)) *
		1024 / 1e6);
	begin = bare_wall_us();
	for (i = 0; i < 100; i++) {
		snprintf(config, sizeof(config),
		    "{\"threshold\":\"%u\",\"operator\":\">=\","
		    "\"on\":\"tick\"}",
		    90000 + i);
		put(g, i * 1000, "price_threshold", "C0", config);
		if (engine_feed(g, &v[0], &e) == ENGINE_FAILED)
			exit(1);
	}
	printf("  one of them changed, and counting: %.3f ms\n",
	    (bare_wall_us() - begin) / 1e3 / 100);
	free(v);
	engine_free(g);
}

int
main(void)
{
	double base;

	/* First: memory freed by others would be counted as not used. */
	printf("a million:\n");
	bench_million();
	printf("threshold rules, none firing, one coin:\n");
	bench_thresholds(1, 1, 0);
	bench_thresholds(1000, 1, 0);
	bench_thresholds(100000, 1, 0);
	bench_thresholds(1000000, 1, 0);
	printf("and over 1,000 coins in turn:\n");
	base = bench_thresholds(1000, 1000, 0);
	bench_thresholds(100000, 1000, base);
	bench_thresholds(1000000, 1000, base);
	printf("indicator rules, one series:\n");
	base = bench_indicators(100, 100, 20000, 0);
	bench_indicators(100000, 100, 1000, base);
	return 0;
}
