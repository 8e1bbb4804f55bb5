#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/describe.h"
#include "tests/sim/dice.h"

static void
price(struct buf *out, const char *key, const struct coin *c, int64_t px)
{
	buf_adds(out, key);
	bar_print_number(out, px < 1 ? 1 : px, c->scale.px);
	buf_addc(out, '"');
}

/* Some of a roll's bits, as a number below n. */
static int
part(uint64_t roll, int shift, unsigned n)
{
	return (int)((roll >> shift) % n);
}

static int64_t
last(struct sim *s, struct coin *c)
{
	return market_price(&s->market, c, simclock_ms(&s->clock));
}

/* Whether it is a perp of the dex, and listed. */
static bool
of_dex(struct sim *s, const struct coin *c, const char *dex)
{
	size_t n = strlen(dex);

	if (!sim_lists(s, c))
		return false;
	if (n == 0)
		return c->kind == COIN_PERP;
	return c->kind == COIN_HIP3 && strncmp(c->name, dex, n) == 0 &&
	       c->name[n] == ':';
}

void
describe_meta(struct sim *s, const char *dex, struct buf *out)
{
	bool first = true;

	buf_adds(out, "{\"universe\":[");
	for (size_t i = 0; i < s->market.n_coins; i++) {
		const struct coin *c = s->market.coins[i];

		if (!of_dex(s, c, dex))
			continue;
		buf_addf(out,
		    "%s{\"szDecimals\":%d,\"name\":", first ? "" : ",",
		    c->scale.sz);
		buf_adds_json(out, c->name);
		buf_addf(out, ",\"maxLeverage\":20,\"marginTableId\":20%s%s}",
		    c->delisted ? ",\"isDelisted\":true" : "",
		    dex[0] != '\0' ? ",\"onlyIsolated\":true" : "");
		first = false;
	}
	buf_adds(out,
	    "],\"marginTables\":[[20,{\"description\":\"\",\"marginTiers\":"
	    "[{\"lowerBound\":\"0.0\",\"maxLeverage\":20}]}]],"
	    "\"collateralToken\":0}");
}

static void
ctx(struct sim *s, struct coin *c, struct buf *out)
{
	int64_t px = last(s, c);
	int64_t now = simclock_ms(&s->clock);
	int64_t day = market_price(&s->market, c, now - 86400000);
	uint64_t r = dice_roll(s->market.seed, 5, (uint64_t)px);

	buf_adds(out, "{");
	if (c->kind != COIN_SPOT) {
		buf_addf(
		    out, "\"funding\":\"0.0000%03d\",", part(r, 0, 900) + 100);
		buf_addf(out, "\"openInterest\":\"%d.%05d\",",
		    part(r, 20, 40000) + 1000, part(r, 40, 99999) + 1);
	}
	price(out, "\"prevDayPx\":\"", c, day);
	buf_addf(out, ",\"dayNtlVlm\":\"%d.%010d\",",
	    part(r, 30, 1000000000) + 1000000, part(r, 8, 999999999));
	if (c->kind != COIN_SPOT) {
		buf_adds(out, c->delisted ? "\"premium\":null,"
					  : "\"premium\":\"-0.0002501933\",");
		price(out, "\"oraclePx\":\"", c, px + (int64_t)(r % 5) - 2);
		buf_addc(out, ',');
	}
	price(out, "\"markPx\":\"", c, px);
	if (c->delisted) {
		buf_adds(out, ",\"midPx\":null");
	} else {
		price(out, ",\"midPx\":\"", c, px);
	}
	if (c->kind != COIN_SPOT && c->delisted) {
		buf_adds(out, ",\"impactPxs\":null");
	} else if (c->kind != COIN_SPOT) {
		price(out, ",\"impactPxs\":[\"", c, px - 1);
		price(out, ",\"", c, px + 1);
		buf_addc(out, ']');
	}
	buf_addf(out, ",\"dayBaseVlm\":\"%d.0\"}", part(r, 33, 100000) + 1);
}

void
describe_meta_and_ctxs(struct sim *s, const char *dex, struct buf *out)
{
	bool first = true;

	buf_addc(out, '[');
	describe_meta(s, dex, out);
	buf_adds(out, ",[");
	for (size_t i = 0; i < s->market.n_coins; i++) {
		if (!of_dex(s, s->market.coins[i], dex))
			continue;
		if (!first)
			buf_addc(out, ',');
		ctx(s, s->market.coins[i], out);
		first = false;
	}
	buf_adds(out, "]]");
}

/* --- spot ---------------------------------------------------------------- */

/* Names of the base tokens of some pairs, as on the real exchange. */
static const struct {
	const char *pair;
	const char *token;
} tokens[] = {
    {"PURR/USDC", "PURR"},
    {"@107", "HYPE"},
    {"@142", "UBTC"},
    {"@151", "UETH"},
};

static int
pair_index(const struct coin *c)
{
	return c->name[0] == '@' ? (int)strtol(c->name + 1, NULL, 10) : 0;
}

/* The index of a pair's base token: not that of the pair. */
static int
token_index(const struct coin *c)
{
	return c->name[0] == '@' ? pair_index(c) + 43 : 1;
}

static void
token_name(const struct coin *c, struct buf *out)
{
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++)
		if (strcmp(tokens[i].pair, c->name) == 0) {
			buf_adds(out, tokens[i].token);
			return;
		}
	if (c->name[0] == '@')
		buf_addf(out, "TOK%d", pair_index(c));
	else
		buf_add(out, c->name, strcspn(c->name, "/"));
}

static void
token(struct buf *out, const struct coin *c)
{
	buf_adds(out, ",{\"name\":\"");
	token_name(c, out);
	buf_addf(out,
	    "\",\"szDecimals\":%d,\"weiDecimals\":8,\"index\":%d,"
	    "\"tokenId\":\"0x%032x\",\"isCanonical\":%s,"
	    "\"evmContract\":null,\"fullName\":%s,"
	    "\"deployerTradingFeeShare\":\"0.0\"}",
	    c->scale.sz, token_index(c), (unsigned)token_index(c),
	    c->name[0] == '@' ? "false" : "true",
	    /* Real names hold such things. */
	    token_index(c) % 3 == 0 ? "\"M\xc3\xbcnze \xf0\x9f\x90\xb1\""
				    : "null");
}

void
describe_spot_meta(struct sim *s, struct buf *out)
{
	bool first = true;

	buf_adds(out, "{\"universe\":[");
	/* Newest first: the position in the list is not the index. */
	for (size_t i = s->market.n_coins; i-- > 0;) {
		const struct coin *c = s->market.coins[i];

		if (c->kind != COIN_SPOT || !sim_lists(s, c))
			continue;
		buf_addf(out,
		    "%s{\"tokens\":[%d,0],\"name\":", first ? "" : ",",
		    token_index(c));
		buf_adds_json(out, c->name);
		buf_addf(out, ",\"index\":%d,\"isCanonical\":%s}",
		    pair_index(c), c->name[0] == '@' ? "false" : "true");
		first = false;
	}
	buf_adds(out,
	    "],\"tokens\":[{\"name\":\"USDC\",\"szDecimals\":8,"
	    "\"weiDecimals\":8,\"index\":0,\"tokenId\":"
	    "\"0x6d1e7cde53ba9467b783cb7c530ce054\",\"isCanonical\":true,"
	    "\"evmContract\":null,\"fullName\":null,"
	    "\"deployerTradingFeeShare\":\"0.0\"}");
	for (size_t i = 0; i < s->market.n_coins; i++)
		if (s->market.coins[i]->kind == COIN_SPOT &&
		    sim_lists(s, s->market.coins[i]))
			token(out, s->market.coins[i]);
	buf_adds(out, "]}");
}

void
describe_spot_meta_and_ctxs(struct sim *s, struct buf *out)
{
	bool first = true;

	buf_addc(out, '[');
	describe_spot_meta(s, out);
	buf_adds(out, ",[");
	for (size_t i = 0; i < s->market.n_coins; i++) {
		struct coin *c = s->market.coins[i];

		if (c->kind != COIN_SPOT || !sim_lists(s, c))
			continue;
		if (!first)
			buf_addc(out, ',');
		ctx(s, c, out);
		/* Matched by coin, not by position. */
		out->len--;
		buf_adds(out, ",\"coin\":");
		buf_adds_json(out, c->name);
		buf_addc(out, '}');
		first = false;
	}
	buf_adds(out, "]]");
}

/* --- the rest ------------------------------------------------------------ */

void
describe_dexs(struct sim *s, struct buf *out)
{
	buf_adds(out, "[null");
	for (size_t i = 0; i < s->market.n_coins; i++) {
		const struct coin *c = s->market.coins[i];
		int n = (int)strcspn(c->name, ":");
		bool seen = false;

		if (c->kind != COIN_HIP3)
			continue;
		for (size_t k = 0; k < i && !seen; k++)
			seen = s->market.coins[k]->kind == COIN_HIP3 &&
			       strncmp(s->market.coins[k]->name, c->name,
				   (size_t)n + 1) == 0;
		if (!seen)
			buf_addf(out,
			    ",{\"name\":\"%.*s\",\"fullName\":\"%.*s\","
			    "\"deployer\":"
			    "\"0x88806a71d74ad0a510b350545c9ae490912f0888\","
			    "\"oracleUpdater\":null,\"feeRecipient\":null}",
			    n, c->name, n, c->name);
	}
	buf_addc(out, ']');
}

void
describe_mids(struct sim *s, const char *dex, struct buf *out)
{
	bool first = true;

	buf_addc(out, '{');
	for (size_t i = 0; i < s->market.n_coins; i++) {
		struct coin *c = s->market.coins[i];

		/* Spot pairs are told with the main dex only. */
		if (!of_dex(s, c, dex) &&
		    (c->kind != COIN_SPOT || dex[0] != '\0' ||
			!sim_lists(s, c)))
			continue;
		if (!first)
			buf_addc(out, ',');
		buf_adds_json(out, c->name);
		price(out, ":\"", c, last(s, c));
		first = false;
	}
	buf_addc(out, '}');
}

void
describe_ctx_frame(struct sim *s, struct coin *c, struct buf *out)
{
	buf_addf(out, "{\"channel\":\"%s\",\"data\":{\"coin\":",
	    c->kind == COIN_SPOT ? "activeSpotAssetCtx" : "activeAssetCtx");
	buf_adds_json(out, c->name);
	buf_adds(out, ",\"ctx\":");
	ctx(s, c, out);
	buf_adds(out, "}}");
}

static void
level(struct buf *out, const struct coin *c, int64_t px, uint64_t roll)
{
	price(out, "{\"px\":\"", c, px);
	buf_adds(out, ",\"sz\":\"");
	bar_print_number(out, (int64_t)(roll % 100000) + 1, c->scale.sz);
	buf_addf(out, "\",\"n\":%d}", part(roll, 32, 30) + 1);
}

void
describe_book(struct sim *s, struct coin *c, bool frame, struct buf *out)
{
	int64_t now = simclock_ms(&s->clock), px = last(s, c);

	if (frame)
		buf_adds(out, "{\"channel\":\"l2Book\",\"data\":");
	buf_adds(out, "{\"coin\":");
	buf_adds_json(out, c->name);
	buf_addf(out, ",\"time\":%" PRId64 ",\"levels\":[[", now);
	for (int64_t side = -1; side <= 1; side += 2) {
		for (int64_t i = 1; i <= 20; i++) {
			if (i > 1)
				buf_addc(out, ',');
			level(out, c, px + side * i,
			    dice_roll(s->market.seed, (uint64_t)(px + i),
				(uint64_t)now));
		}
		buf_adds(out, side < 0 ? "],[" : "]]}");
	}
	if (frame)
		buf_addc(out, '}');
}

void
describe_trades(struct sim *s, struct coin *c, int64_t from_ms, int64_t to_ms,
    struct buf *out)
{
	struct tape *tp = &c->tapes[0];
	bool first = true;

	for (int64_t t = from_ms - from_ms % tp->step; t <= to_ms;
	     t += tp->step) {
		const struct trade *tr;
		size_t n = tape_trades(tp, t, &tr);

		for (size_t i = 0; i < n; i++) {
			uint64_t r = dice_roll(s->market.seed, 9,
			    (uint64_t)tr[i].time_ms * 31 + i);

			if (tr[i].time_ms < from_ms || tr[i].time_ms > to_ms)
				continue;
			buf_adds(out,
			    first ? "{\"channel\":\"trades\",\"data\":[" : ",");
			first = false;
			buf_adds(out, "{\"coin\":");
			buf_adds_json(out, c->name);
			buf_addf(out, ",\"side\":\"%c\"", r & 1 ? 'A' : 'B');
			price(out, ",\"px\":\"", c, tr[i].px);
			buf_adds(out, ",\"sz\":\"");
			bar_print_number(out, tr[i].sz, c->scale.sz);
			buf_addf(out,
			    "\",\"time\":%" PRId64 ",\"hash\":\"0x%064d\","
			    "\"tid\":%" PRIu64 ",\"users\":[\"0x%040d\","
			    "\"0x%040d\"]}",
			    tr[i].time_ms, 0, r >> 14, 1, 2);
		}
	}
	if (!first)
		buf_adds(out, "]}");
}

void
describe_bbo(struct sim *s, struct coin *c, int64_t time_ms, struct buf *out)
{
	int64_t px = market_price(&s->market, c, time_ms);
	uint64_t r = dice_roll(s->market.seed, 11, (uint64_t)time_ms);

	buf_adds(out, "{\"channel\":\"bbo\",\"data\":{\"coin\":");
	buf_adds_json(out, c->name);
	buf_addf(out, ",\"time\":%" PRId64 ",\"bbo\":[", time_ms);
	level(out, c, px - 1, r);
	buf_addc(out, ',');
	level(out, c, px + 1, dice_mix(r));
	buf_adds(out, "]}}");
}
