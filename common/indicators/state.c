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
	*w = (struct extremes){.n = n};
}

static struct extreme
wider(struct extreme a, struct extreme b)
{
	return (struct extreme){
	    a.high > b.high ? a.high : b.high, a.low < b.low ? a.low : b.low};
}

/* A block is full: turn its values into tails. */
static void
extremes_fold(struct extremes *w, struct extreme *v)
{
	int i;

	for (i = w->n - 2; i >= 0; i--)
		v[i] = wider(v[i], v[i + 1]);
	w->at = 0;
}

bool
extremes_next(struct extremes *w, struct extreme *v, struct extreme x,
    struct extreme *out, bool keep)
{
	bool full = w->count + 1 >= w->n;
	struct extreme head = x;

	if (w->at > 0)
		head = wider(head, (struct extreme){w->high, w->low});
	*out = head;
	if (full && w->at + 1 < w->n)
		*out = wider(head, v[w->at + 1]);
	if (!keep)
		return full;
	v[w->at++] = x;
	w->high = head.high;
	w->low = head.low;
	w->count++;
	if (w->at == w->n)
		extremes_fold(w, v);
	return full;
}

void
extremes_rescale(struct extremes *w, struct extreme *v, const struct rescale *r)
{
	int i;

	w->high = rescale_ticks(w->high, r);
	w->low = rescale_ticks(w->low, r);
	for (i = 0; i < w->n; i++) {
		v[i].high = rescale_ticks(v[i].high, r);
		v[i].low = rescale_ticks(v[i].low, r);
	}
}

void
sums_start(struct sums *w, int n)
{
	*w = (struct sums){.n = n};
}

double
sums_next(struct sums *w, double *v, double x, bool keep)
{
	double head = w->at > 0 ? w->sum + x : x, sum = head;
	bool full = w->count + 1 >= w->n;
	int i;

	if (full && w->at + 1 < w->n)
		sum += v[w->at + 1];
	if (keep) {
		v[w->at++] = x;
		w->sum = head;
		w->count++;
		if (w->at == w->n) {
			for (i = w->n - 2; i >= 0; i--)
				v[i] += v[i + 1];
			w->at = 0;
		}
	}
	return full ? sum : NAN;
}

double
sums_now(const struct sums *w, const double *v)
{
	if (w->count < w->n)
		return NAN;
	if (w->at == 0)
		return v[0];
	return w->sum + v[w->at];
}
