/*
 * volume: price and volume together. ta.obv, ta.mfi of hlc3, ta.vwap of hlc3
 * since the start of the UTC day.
 */
#include "common/indicators/state.h"

#define DAY_MS INT64_C(86400000)

/* ---- obv ----------------------------------------------------------------- */

/* Cumulative; the part that rounding loses is carried (Neumaier). */
struct obv {
	struct state_head head;
	int64_t previous;
	double sum, lost;
};

static int
obv_first(const double *p)
{
	(void)p;
	return 2;
}

static size_t
obv_size(const double *p)
{
	(void)p;
	return sizeof(struct obv);
}

static void
obv_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct obv *s = state;
	int way = (b->close > s->previous) - (b->close < s->previous);
	double x = s->head.count > 1 ? way * b->volume : 0;
	double sum = s->sum + x, lost = s->lost;

	(void)p;
	lost += fabs(s->sum) >= fabs(x) ? s->sum - sum + x : x - sum + s->sum;
	out[0] = s->head.count > 1 ? sum + lost : NAN;
	if (!keep)
		return;
	s->sum = sum;
	s->lost = lost;
	s->previous = b->close;
}

static void
obv_rescale(void *state, const struct rescale *r)
{
	struct obv *s = state;

	s->previous = rescale_ticks(s->previous, r);
}

const struct indicator indicator_obv = {
    .name = "obv",
    .doc = "on-balance volume, from 0 at the first bar",
    .params = 0,
    .lines = 1,
    .first = obv_first,
    .size = obv_size,
    .next = obv_next,
    .rescale = obv_rescale,
};

/* ---- mfi ----------------------------------------------------------------- */

/*
 * 100 - 100 / (1 + up / down) over the money flows (h + l + c) * volume of n
 * bars on which h + l + c rose or fell; 100 when nothing flowed down. The
 * first bar has no change and counts on both sides.
 */
struct mfi {
	struct state_head head;
	int64_t previous;
	struct sums up, down;
	double v[]; /* up, then down */
};

static int
mfi_first(const double *p)
{
	return param_int(p[0]);
}

static size_t
mfi_size(const double *p)
{
	return sizeof(struct mfi) + 2 * (size_t)p[0] * sizeof(double);
}

static void
mfi_start(const double *p, void *state)
{
	struct mfi *s = state;

	sums_start(&s->up, param_int(p[0]));
	sums_start(&s->down, param_int(p[0]));
}

static void
mfi_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct mfi *s = state;
	int64_t x = b->high + b->low + b->close;
	bool first = s->head.count == 1;
	double flow = (double)x / b->unit * b->volume, up, down;

	(void)p;
	/* A product, because no processor can guess which way it is. */
	up = sums_next(&s->up, s->v, flow * (first | (x > s->previous)), keep);
	down = sums_next(&s->down, s->v + s->head.n,
	    flow * (first | (x < s->previous)), keep);
	if (isnan(up))
		out[0] = NAN;
	else
		out[0] = down > 0 ? 100 * up / (up + down) : 100;
	if (keep)
		s->previous = x;
}

static void
mfi_rescale(void *state, const struct rescale *r)
{
	struct mfi *s = state;

	s->previous = rescale_ticks(s->previous, r);
}

const struct indicator indicator_mfi = {
    .name = "mfi",
    .doc = "money flow index of (high + low + close) / 3",
    .param = {PARAM_LENGTH(14)},
    .params = 1,
    .lines = 1,
    .first = mfi_first,
    .size = mfi_size,
    .start = mfi_start,
    .next = mfi_next,
    .rescale = mfi_rescale,
};

/* ---- vwap ---------------------------------------------------------------- */

struct vwap {
	struct state_head head;
	int64_t day;
	double money, volume; /* money: three times price * volume */
};

static int
vwap_first(const double *p)
{
	(void)p;
	return 1;
}

static size_t
vwap_size(const double *p)
{
	(void)p;
	return sizeof(struct vwap);
}

static void
vwap_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct vwap *s = state;
	double x = (double)(b->high + b->low + b->close) / b->unit;
	bool same_day = s->head.count > 1 && b->open_ms / DAY_MS == s->day;
	double money = x * b->volume, volume = b->volume;

	(void)p;
	if (same_day) {
		money += s->money;
		volume += s->volume;
	}
	out[0] = volume > 0 ? money / (3 * volume) : NAN;
	if (!keep)
		return;
	s->money = money;
	s->volume = volume;
	s->day = b->open_ms / DAY_MS;
}

const struct indicator indicator_vwap = {
    .name = "vwap",
    .doc = "volume-weighted average price since the start of the UTC day",
    .params = 0,
    .lines = 1,
    .first = vwap_first,
    .size = vwap_size,
    .next = vwap_next,
};
