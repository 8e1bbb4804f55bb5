/*
 * Sequences of bars through every indicator, prices anywhere within a
 * decimal's range. Whatever comes: no undefined behaviour, a peek is what the
 * step then gives, a copied state goes on the same, lines stay in the ranges
 * that their definitions give them.
 *
 * The input is read as parameters of the one indicator under test (four
 * bytes), then bars of fourteen bytes: five of each price's digits, its
 * scale, and what makes high and low of it.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/indicators/indicator.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define BAR_BYTES 14
#define BARS_MAX  400

static void
must(bool good)
{
	if (!good)
		abort();
}

static struct decimal
lesser(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) < 0 ? a : b;
}

static struct decimal
greater(struct decimal a, struct decimal b)
{
	return decimal_cmp(a, b) > 0 ? a : b;
}

/* A price above zero from six bytes: any digits, any scale. */
static struct decimal
make_price(const uint8_t *p)
{
	uint64_t m = 0;
	int digits = p[5] % 18 + 1, i;
	int64_t most = 1;

	memcpy(&m, p, 5);
	m = m * UINT64_C(0x9e3779b97f4a7c15) >> 1;
	for (i = 0; i < digits; i++)
		most *= 10;
	return (struct decimal){
	    (int64_t)(m % (uint64_t)(most - 1)) + 1, (p[5] >> 4) + (p[5] & 3)};
}

static void
make_candle(struct candle *c, const uint8_t *p, const struct candle *before)
{
	bool stays = p[12] % 4 == 0 && before != NULL;

	c->open = stays ? before->close : make_price(p);
	c->close = stays && p[12] % 8 == 0 ? before->close : make_price(p + 6);
	c->high = greater(c->open, c->close);
	c->low = lesser(c->open, c->close);
	if (p[13] & 1 && c->high.mant < DECIMAL_MANT_MAX - p[13])
		c->high.mant += p[13];
	if (p[13] & 2 && c->low.mant > p[13])
		c->low.mant -= p[13];
	c->volume = (struct decimal){p[13] * INT64_C(123456789), p[12] % 9};
	c->open_ms = before != NULL ? before->open_ms + 60000 * (1 + p[12]) : 0;
}

static bool
within(double x, double low, double high)
{
	return isnan(x) || (x >= low - 1e-6 && x <= high + 1e-6);
}

/* What the definitions promise of the lines. */
static void
check_lines(const char *name, const double *v, const struct candle *c)
{
	(void)c;
	if (strcmp(name, "rsi") == 0 || strcmp(name, "mfi") == 0)
		must(within(v[0], 0, 100));
	if (strcmp(name, "dmi") == 0)
		must(within(v[0], 0, 100 + 1e-3) && within(v[2], 0, 100));
	if (strcmp(name, "stoch") == 0)
		must(within(v[1], 0, 100) && within(v[2], 0, 100));
	if (strcmp(name, "bb") == 0 && !isnan(v[0]))
		must(v[1] >= v[0] && v[2] <= v[0]);
	if (strcmp(name, "donchian") == 0 && !isnan(v[0]))
		must(v[0] >= v[2] && v[2] >= v[1]);
	if (strcmp(name, "atr") == 0 || strcmp(name, "tr") == 0)
		must(isnan(v[0]) || v[0] >= 0);
}

static struct indicator_spec
choose(const uint8_t *p)
{
	struct indicator_spec s;
	const char *name;
	char text[64];
	size_t count = 0;
	struct err e;

	while (indicator_name_at(count) != NULL)
		count++;
	name = indicator_name_at(p[0] % count);
	(void)snprintf(text, sizeof(text), "%s:%d:%d:%d", name, p[1] % 60 + 1,
	    p[2] % 60 + 1, p[3] % 20 + 1);
	/* Too many or wrong parameters: the defaults then. */
	if (indicator_spec_parse(&s, text, strlen(text), &e) < 0 &&
	    indicator_spec_parse(&s, name, strlen(name), &e) < 0)
		abort();
	return s;
}

static void
run(const struct indicator_spec *s, const char *name, const uint8_t *p,
    size_t bars)
{
	double a[INDICATOR_LINES_MAX], b[INDICATOR_LINES_MAX];
	size_t size = indicator_size(s), i, n;
	struct indicator_scale scale = {0};
	struct candle c[2] = {{0}, {0}};
	struct indicator_bar bar;
	void *state = malloc(size), *copy = malloc(size);

	if (state == NULL || copy == NULL)
		abort();
	n = (size_t)indicator_lines(s) * sizeof(a[0]);
	indicator_start(s, state);
	for (i = 0; i < bars; i++, p += BAR_BYTES) {
		make_candle(&c[i % 2], p, i > 0 ? &c[(i + 1) % 2] : NULL);
		indicator_bar(&scale, &c[i % 2], &bar);
		must(bar.high < INDICATOR_TICKS_MAX && bar.low <= bar.high);
		(void)indicator_peek(s, state, &bar, a);
		memcpy(copy, state, size);
		indicator_step(s, state, &bar, b);
		must(memcmp(a, b, n) == 0);
		indicator_step(s, copy, &bar, a);
		must(memcmp(a, b, n) == 0 && memcmp(copy, state, size) == 0);
		check_lines(name, b, &c[i % 2]);
	}
	free(state);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char text[INDICATOR_SPEC_TEXT_MAX];
	struct indicator_spec s;
	size_t bars;

	if (n < 4)
		return 0;
	s = choose(p);
	indicator_spec_text(&s, text);
	text[strcspn(text, ":")] = '\0';
	bars = (n - 4) / BAR_BYTES;
	run(&s, text, p + 4, bars < BARS_MAX ? bars : BARS_MAX);
	return 0;
}
