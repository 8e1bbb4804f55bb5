/*
 * What an indicator costs a bar, streaming: one call a bar, its values used.
 * Bars are made beforehand. Each figure is the best of several passes, in CPU
 * time; the last line takes the three that most rules ask for together.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/indicators/indicator.h"

/* The bars fit the second cache; each pass goes over them ROUNDS times. */
#define BARS   10000
#define ROUNDS 50
#define PASSES 40

/*
 * Beside ours, ns a bar of peers with the same parameters, measured once on
 * such a machine (1,000,000 candles, one core): TA-Lib 0.4.0 in one batch;
 * the streaming fork ta-lib-rt; talipp, which streams in CPython. 0: it has
 * none, or not these parameters.
 */
static const struct {
	const char *spec;
	double talib, talib_rt, talipp;
} peers[] = {
    {"rsi:14", 7.3, 22, 1499},
    {"macd:12:26:9", 16.7, 9.3, 3902},
    {"bb:20:2", 6.4, 12.7, 5228},
    {"sma:20", 1.6, 6.6, 743},
    {"ema:20", 2.4, 4.6, 982},
    {"wma:20", 0, 0, 0},
    {"rma:14", 0, 0, 0},
    {"tr", 0, 0, 0},
    {"atr:14", 7.1, 7.3, 1171},
    {"dmi:14:14", 12.5, 18.8, 5026},
    {"stoch:14:3:3", 14.1, 51, 0},
    {"cci:20", 29, 29, 6156},
    {"mfi:14", 10.8, 13.6, 0},
    {"obv", 0, 0, 0},
    {"roc:10", 0, 0, 0},
    {"donchian:20", 0, 0, 0},
    {"supertrend:10:3", 0, 0, 0},
    {"vwap", 0, 0, 0},
};

#define SPECS (sizeof(peers) / sizeof(peers[0]))

/* CPU time of this process in us: other processes do not count. */
static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A random walk of a hundredth's tick around 64,250 (splitmix64). */
static uint64_t
next_random(uint64_t *state)
{
	uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void
make_candle(struct candle *c, int64_t *close, uint64_t *state, int64_t i)
{
	int64_t open = *close, high, low;

	*close += (int64_t)(next_random(state) % 25701) - 12850;
	if (*close < 1000)
		*close = 1000;
	high = open > *close ? open : *close;
	low = open < *close ? open : *close;
	*c = (struct candle){.open_ms = i * 60000,
	    .open = {open, 2},
	    .close = {*close, 2},
	    .high = {high + (int64_t)(next_random(state) % 6000), 2},
	    .low = {low - (int64_t)(next_random(state) % 600), 2},
	    .volume = {(int64_t)(next_random(state) % 1000000), 3}};
}

/* Take every bar once; the sum of the first lines, so that none is for
 * nothing. */
static double
run(const struct indicator_bar *bars, const struct indicator_spec *s,
    void *const *state, size_t n)
{
	double out[INDICATOR_LINES_MAX], sum = 0;
	size_t i, k;

	for (i = 0; i < BARS; i++)
		for (k = 0; k < n; k++) {
			indicator_step(&s[k], state[k], &bars[i], out);
			sum += out[0];
		}
	return sum;
}

/* ns a bar of the specs together, best of the passes. */
static double
measure(const struct indicator_bar *bars, const struct indicator_spec *s,
    size_t n, double *sink)
{
	int64_t best = INT64_MAX, begin, took;
	void *state[3];
	size_t k;
	int pass, i;

	for (k = 0; k < n; k++)
		state[k] = malloc(indicator_size(&s[k]));
	for (pass = 0; pass < PASSES; pass++) {
		for (k = 0; k < n; k++)
			indicator_start(&s[k], state[k]);
		begin = cpu_us();
		for (i = 0; i < ROUNDS; i++)
			*sink += run(bars, s, state, n);
		took = cpu_us() - begin;
		if (took < best)
			best = took;
	}
	for (k = 0; k < n; k++)
		free(state[k]);
	return (double)best * 1000 / (BARS * ROUNDS);
}

/*
 * The same three as most libraries stream them: running sums of doubles in
 * one inlined loop, without seeds, exactness or a table. What the rest costs
 * is the ratio to this.
 */
struct plain {
	double previous, gain, loss, fast, slow, signal, sum, squares;
	double ring[20];
	int at;
};

static double
plain_step(struct plain *s, double x)
{
	double *at = &s->ring[s->at], change = x - s->previous, mean, macd;

	s->previous = x;
	s->gain += ((change > 0 ? change : 0) - s->gain) / 14;
	s->loss += ((change < 0 ? -change : 0) - s->loss) / 14;
	s->fast += 2.0 / 13 * (x - s->fast);
	s->slow += 2.0 / 27 * (x - s->slow);
	macd = s->fast - s->slow;
	s->signal += 2.0 / 10 * (macd - s->signal);
	s->sum += x - *at;
	s->squares += x * x - *at * *at;
	*at = x;
	s->at = s->at + 1 == 20 ? 0 : s->at + 1;
	mean = s->sum / 20;
	return 100 * s->gain / (s->gain + s->loss) + macd - s->signal + mean +
	       2 * sqrt(fabs(s->squares / 20 - mean * mean));
}

static double
measure_plain(const struct indicator_bar *bars, double *sink)
{
	int64_t best = INT64_MAX, begin, took;
	int pass, i, k;

	for (pass = 0; pass < PASSES; pass++) {
		struct plain s = {0};
		double sum = 0;

		begin = cpu_us();
		for (i = 0; i < ROUNDS; i++)
			for (k = 0; k < BARS; k++)
				sum += plain_step(&s, bars[k].price);
		took = cpu_us() - begin;
		*sink += sum;
		if (took < best)
			best = took;
	}
	return (double)best * 1000 / (BARS * ROUNDS);
}

static void
print_peer(double ns)
{
	if (ns > 0)
		printf(" %9.1f", ns);
	else
		printf(" %9s", "-");
}

static struct indicator_bar *
make_bars(void)
{
	struct indicator_bar *bars = malloc(BARS * sizeof(*bars));
	struct indicator_scale scale = {0};
	int64_t close = 6425050, i;
	uint64_t state = 107;
	struct candle c;

	for (i = 0; bars != NULL && i < BARS; i++) {
		make_candle(&c, &close, &state, i);
		indicator_bar(&scale, &c, &bars[i]);
	}
	return bars;
}

int
main(void)
{
	struct indicator_bar *bars = make_bars();
	struct indicator_spec s[SPECS];
	double three, plain, sink = 0;
	size_t k;

	if (bars == NULL)
		return 1;
	printf("%-16s %9s %9s %9s %9s  (ns/bar)\n", "", "pulse", "TA-Lib",
	    "ta-lib-rt", "talipp");
	for (k = 0; k < SPECS; k++) {
		if (indicator_spec_parse(
			&s[k], peers[k].spec, strlen(peers[k].spec), NULL) < 0)
			return 1;
		printf("%-16s %9.1f", peers[k].spec,
		    measure(bars, &s[k], 1, &sink));
		print_peer(peers[k].talib);
		print_peer(peers[k].talib_rt);
		print_peer(peers[k].talipp);
		putchar('\n');
	}
	three = measure(bars, s, 3, &sink);
	plain = measure_plain(bars, &sink);
	printf("rsi:14 + macd:12:26:9 + bb:20:2 together %.1f ns/bar, "
	       "%.2f x a plain inlined loop (%.1f)\n",
	    three, three / plain, plain);
	free(bars);
	return sink > 0 ? 0 : 1;
}
