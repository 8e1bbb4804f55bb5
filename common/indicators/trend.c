/*
 * trend: ta.dmi: the directional movement of Wilder, and the strength of the
 * trend (adx).
 *
 * up = h - h[1], down = l[1] - l; +dm = up when up > down and up > 0, -dm the
 * mirror image, a tie gives 0 to both: compared as whole ticks, so ties of
 * decimals are ties. di = 100 rma(dm) / rma(tr), tr from the second bar on;
 * adx = 100 rma(|plus - minus| / (plus + minus, or 1)).
 *
 * On a bar without any range all three averages shrink by the same factor;
 * as in rsi.c the factor is put off, so that a long flat stretch does not
 * wear them down to 0/0.
 */
#include "common/indicators/state.h"

struct dmi {
	struct state_head head;
	int64_t high, low, close; /* of the bar before */
	int64_t idle;
	double up, down, range; /* averages in ticks; sums before n */
	double weight, stay;
	double plus, minus;
	struct average adx;
};

static int
dmi_first(const double *p)
{
	return param_int(p[0]) + param_int(p[1]);
}

static int
dmi_settled(const double *p)
{
	return 14 * (param_int(p[0]) + param_int(p[1]));
}

static size_t
dmi_size(const double *p)
{
	(void)p;
	return sizeof(struct dmi);
}

static void
dmi_start(const double *p, void *state)
{
	struct dmi *s = state;

	s->weight = 1 / p[0];
	s->stay = (p[0] - 1) / p[0];
	s->plus = s->minus = NAN;
	average_rma(&s->adx, param_int(p[1]));
}

/* Put the bar's movement into the averages. */
static void
dmi_move(struct dmi *s, const struct indicator_bar *b)
{
	int64_t up = b->high - s->high, down = s->low - b->low;
	int64_t range = true_range(b, s->close, true);
	/* Products, because no processor can guess which way it is. */
	double plus = (double)(up * (up > max_of(down, 0)));
	double minus = (double)(down * (down > max_of(up, 0)));
	double stay = s->stay, weight = s->weight;

	if (s->head.count <= s->head.n) {
		stay = weight = 1; /* sums first */
	} else if (s->head.count == s->head.n + 1) {
		s->up = (s->up + plus) / s->head.n;
		s->down = (s->down + minus) / s->head.n;
		s->range = (s->range + (double)range) / s->head.n;
		return;
	} else if (range == 0) {
		s->idle++;
		return;
	}
	if (s->idle > 0)
		stay = decay(stay, s->idle + 1);
	s->idle = 0;
	s->up = s->up * stay + weight * plus;
	s->down = s->down * stay + weight * minus;
	s->range = s->range * stay + weight * (double)range;
}

static void
dmi_next(const double *p, void *state, const struct indicator_bar *b,
    double *out, bool keep)
{
	struct dmi *s = state, copy;
	double plus, minus, total;

	(void)p;
	if (!keep) {
		copy = *s;
		s = &copy;
	}
	if (s->head.count > 1)
		dmi_move(s, b);
	s->high = b->high;
	s->low = b->low;
	s->close = b->close;
	out[0] = out[1] = out[2] = NAN;
	if (s->head.count <= s->head.n)
		return;
	plus = s->plus;
	minus = s->minus;
	if (s->range > 0) {
		plus = 100 * s->up / s->range;
		minus = 100 * s->down / s->range;
	}
	s->plus = out[0] = plus;
	s->minus = out[1] = minus;
	if (isnan(plus))
		return;
	total = plus + minus;
	out[2] = 100 * average_next(&s->adx,
			   fabs(plus - minus) / (total > 0 ? total : 1), true);
}

static void
dmi_rescale(void *state, const struct rescale *r)
{
	struct dmi *s = state;

	s->high = rescale_ticks(s->high, r);
	s->low = rescale_ticks(s->low, r);
	s->close = rescale_ticks(s->close, r);
	s->up *= r->factor;
	s->down *= r->factor;
	s->range *= r->factor;
}

const struct indicator indicator_dmi = {
    .name = "dmi",
    .doc = "directional movement: plus, minus, and trend strength adx",
    .param = {PARAM_LENGTH(14), {.name = "smoothing",
				    .min = 1,
				    .max = INDICATOR_LENGTH_MAX,
				    .fallback = 14,
				    .whole = true}},
    .params = 2,
    .lines = 3,
    .line = {"plus", "minus", "adx"},
    .first = dmi_first,
    .settled = dmi_settled,
    .size = dmi_size,
    .start = dmi_start,
    .next = dmi_next,
    .rescale = dmi_rescale,
};
