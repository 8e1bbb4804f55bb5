#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/dice.h"
#include "tests/sim/listing.h"
#include "tests/sim/tape_synth.h"

/* What a description says, with the defaults of a lively coin. */
struct description {
	double price;
	double rate; /* trades a second */
	double quiet; /* share of minutes */
	double volatility;
	int sz_decimals; /* -1: by the price */
	bool delisted;
};

/* Prices near the real ones, for names that people know. */
static const struct {
	const char *name;
	double price;
	int sz_decimals;
} known[] = {
    {"BTC", 64378, 5},
    {"ETH", 1874.7, 4},
    {"SOL", 128.45, 2},
    {"HYPE", 34.868, 2},
    {"AAVE", 182.58, 2},
    {"kPEPE", 0.001601, 0},
    {"PURR/USDC", 0.27899, 0},
    {"@107", 34.912, 2},
    {"@142", 64391, 5},
    {"xyz:NVDA", 180.52, 3},
    {"xyz:XYZ100", 24480, 4},
};

static int
number(const char *word, size_t name, double lo, double hi, double *out,
    struct err *e)
{
	const char *v = word + name + 1;
	char *end;

	*out = strtod(v, &end);
	if (*v != '\0' && *end == '\0' && *out >= lo && *out <= hi)
		return 0;
	return err_set(e, "%.*s: \"%s\" is not between %g and %g", (int)name,
	    word, v, lo, hi);
}

static int
take(struct description *d, const char *word, struct err *e)
{
	double decimals;
	const struct {
		const char *name;
		double lo, hi, *to;
	} properties[] = {
	    {"px", 1e-7, 1e9, &d->price},
	    {"rate", 0, 100, &d->rate},
	    {"quiet", 0, 1, &d->quiet},
	    {"vol", 0, 3, &d->volatility},
	    {"sz", 0, 8, &decimals},
	};
	size_t n = strcspn(word, "="), i;

	if (strcmp(word, "delisted") == 0) {
		d->delisted = true;
		return 0;
	}
	decimals = d->sz_decimals;
	for (i = 0; i < sizeof(properties) / sizeof(properties[0]); i++)
		if (word[n] == '=' && strlen(properties[i].name) == n &&
		    strncmp(word, properties[i].name, n) == 0)
			break;
	if (i == sizeof(properties) / sizeof(properties[0]))
		return err_set(e,
		    "\"%s\" is no property of a coin (px=, rate=, quiet=, "
		    "vol=, sz=, delisted)",
		    word);
	if (number(word, n, properties[i].lo, properties[i].hi,
		properties[i].to, e) < 0)
		return -1;
	d->sz_decimals = (int)decimals;
	return 0;
}

/* Decimals that leave five significant digits, as the exchange has it. */
static int
decimals_for(double price)
{
	int k = 4 - (int)floor(log10(price));

	return k < 0 ? 0 : k > 8 ? 8 : k;
}

static void
defaults(struct description *d, const struct market *m, const char *name)
{
	uint64_t r = dice_roll(m->seed, 7, strlen(name));

	*d =
	    (struct description){.rate = 1, .volatility = 1, .sz_decimals = -1};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i].name, name) == 0) {
			d->price = known[i].price;
			d->sz_decimals = known[i].sz_decimals;
			return;
		}
	for (const char *p = name; *p != '\0'; p++)
		r = dice_mix(r ^ (unsigned char)*p);
	d->price = pow(10, (double)dice_below(r, 5000) / 1000 - 1);
}

int
market_add_synth(struct market *m, const char *spec, struct err *e)
{
	size_t n = strcspn(spec, ",");
	char name[MARKET_COIN_MAX], word[64];
	struct description d;
	struct tape_synth s = {.volatility_percent = 100};
	struct coin *c;

	if (n == 0 || n >= sizeof(name))
		return err_set(e, "\"%s\" does not name a coin", spec);
	memcpy(name, spec, n);
	name[n] = '\0';
	if (market_coin(m, name, n) != NULL)
		return err_set(e, "coin %s is there twice", name);
	defaults(&d, m, name);
	for (spec += n; *spec == ','; spec += n) {
		n = strcspn(++spec, ",");
		if (n >= sizeof(word))
			return err_set(e, "coin %s: too long", name);
		memcpy(word, spec, n);
		word[n] = '\0';
		if (take(&d, word, e) != 0)
			return err_prefix(e, "coin %s", name);
	}
	c = market_new_coin(m, name, strlen(name));
	c->delisted = d.delisted;
	c->scale.px = decimals_for(d.price);
	c->scale.sz = d.sz_decimals >= 0 ? d.sz_decimals
		      : d.price > 100	 ? 3
					 : 1;
	s.seed = m->seed;
	for (const char *p = name; *p != '\0'; p++)
		s.seed = dice_mix(s.seed ^ (unsigned char)*p);
	s.price = llround(d.price * pow(10, c->scale.px));
	s.size = llround(2000 / d.price * pow(10, c->scale.sz)) + 1;
	s.trades_per_1000min = llround(d.rate * 60000);
	s.quiet_ppm = llround(d.quiet * 1e6);
	s.volatility_percent = llround(d.volatility * 100);
	tape_synth_init(market_new_tape(c), &s, &m->events, m->first_ms);
	return 0;
}
