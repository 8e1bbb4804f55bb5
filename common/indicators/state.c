#include <string.h>

#include "common/indicators/state.h"

int64_t
rescale_ticks(int64_t v, const struct rescale *r)
{
	int64_t half = r->div / 2;

	if (r->div == 1)
		return v * r->mul;
	return v < 0 ? -((-v + half) / r->div) : (v + half) / r->div;
}

void
extremes_start(struct extremes *w, int n)
{
	*w = (struct extremes){.high = INT64_MIN, .low = INT64_MAX, .n = n};
}

void
extremes_fold(struct extremes *w, struct extreme *v)
{
	int64_t high = v[w->n - 1].high, low = v[w->n - 1].low;
	int i;

	for (i = w->n - 2; i >= 0; i--) {
		high = max_of(v[i].high, high);
		low = min_of(v[i].low, low);
		v[i].high = high;
		v[i].low = low;
	}
	extremes_start(w, w->n);
}

void
extremes_rescale(struct extremes *w, struct extreme *v, const struct rescale *r)
{
	int i;

	if (w->at > 0) {
		w->high = rescale_ticks(w->high, r);
		w->low = rescale_ticks(w->low, r);
	}
	for (i = 0; i < w->n; i++) {
		v[i].high = rescale_ticks(v[i].high, r);
		v[i].low = rescale_ticks(v[i].low, r);
	}
}

void
sums_start(struct sums *w, int n)
{
	*w = (struct sums){.n = n, .left = n};
}

void
sums_fold(struct sums *w, double *v)
{
	int i;

	for (i = w->n - 2; i >= 0; i--)
		v[i] += v[i + 1];
	w->sum = 0;
	w->at = 0;
}

double
sums_now(const struct sums *w, const double *v)
{
	if (w->left > 0)
		return NAN;
	if (w->at == 0)
		return v[0];
	return w->sum + v[w->at];
}
