#include <stdlib.h>

#include "common/engine/range.h"

struct range_bar {
	int64_t open_ms, end_ms;
	struct decimal low, high, close;
};

void
range_init(struct range *r, int64_t window_ms)
{
	*r = (struct range){.window_ms = window_ms};
}

void
range_release(struct range *r)
{
	free(r->bars);
	free(r->lows);
	free(r->highs);
	range_init(r, r->window_ms);
}

static struct range_bar *
bar(const struct range *r, uint32_t position)
{
	return &r->bars[position & (r->cap - 1)];
}

static int
grow(struct range *r)
{
	struct range old = *r;
	uint32_t cap = r->cap == 0 ? 8 : 2 * r->cap, i;

	r->bars = malloc(cap * sizeof(*r->bars));
	r->lows = malloc(cap * sizeof(*r->lows));
	r->highs = malloc(cap * sizeof(*r->highs));
	if (r->bars == NULL || r->lows == NULL || r->highs == NULL) {
		free(r->bars);
		free(r->lows);
		free(r->highs);
		*r = old;
		return -1;
	}
	r->cap = cap;
	for (i = r->first; i != r->end; i++)
		*bar(r, i) = *bar(&old, i);
	for (i = r->low_first; i != r->low_end; i++)
		r->lows[i & (cap - 1)] = old.lows[i & (old.cap - 1)];
	for (i = r->high_first; i != r->high_end; i++)
		r->highs[i & (cap - 1)] = old.highs[i & (old.cap - 1)];
	free(old.bars);
	free(old.lows);
	free(old.highs);
	return 0;
}

/* Let go of the bars that opened before from_ms. */
static void
expire(struct range *r, int64_t from_ms)
{
	uint32_t mask = r->cap - 1;

	while (r->first != r->end && bar(r, r->first)->open_ms < from_ms) {
		const struct range_bar *b = bar(r, r->first);

		r->has_edge = true;
		r->edge_end_ms = b->end_ms;
		r->edge_close = b->close;
		if (r->low_first != r->low_end &&
		    r->lows[r->low_first & mask] == r->first)
			r->low_first++;
		if (r->high_first != r->high_end &&
		    r->highs[r->high_first & mask] == r->first)
			r->high_first++;
		r->first++;
	}
}

int
range_add(struct range *r, const struct candle *c)
{
	uint32_t mask;

	/* What left the window before this bar ended will not come back. */
	if (r->cap > 0)
		expire(r, c->close_ms + 1 - r->window_ms);
	if (r->end - r->first == r->cap && grow(r) < 0)
		return -1;
	mask = r->cap - 1;
	while (r->low_end != r->low_first &&
	       decimal_cmp(
		   bar(r, r->lows[(r->low_end - 1) & mask])->low, c->low) >= 0)
		r->low_end--;
	while (r->high_end != r->high_first &&
	       decimal_cmp(bar(r, r->highs[(r->high_end - 1) & mask])->high,
		   c->high) <= 0)
		r->high_end--;
	r->lows[r->low_end++ & mask] = r->end;
	r->highs[r->high_end++ & mask] = r->end;
	*bar(r, r->end++) = (struct range_bar){
	    c->open_ms, c->close_ms + 1, c->low, c->high, c->close};
	return 0;
}

/* The first position in [first, end) whose bar opened at or after from_ms:
 * mostly one of the first. */
static uint32_t
first_inside(const struct range *r, int64_t from_ms)
{
	uint32_t lo = r->first, hi = r->end, mid;

	if (lo != hi && bar(r, lo)->open_ms >= from_ms)
		return lo;
	if (lo != hi && lo + 1 != hi && bar(r, lo + 1)->open_ms >= from_ms)
		return lo + 1;
	while (lo != hi) {
		mid = lo + (hi - lo) / 2;
		if (bar(r, mid)->open_ms < from_ms)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The entry of a monotone ring that is the extreme from position on. */
static uint32_t
extreme_from(const struct range *r, const uint32_t *ring, uint32_t lo,
    uint32_t hi, uint32_t position)
{
	uint32_t mask = r->cap - 1, mid;

	/* Positions wrap: compare their distance from the first. */
	while (lo != hi) {
		mid = lo + (hi - lo) / 2;
		if (ring[mid & mask] - r->first < position - r->first)
			lo = mid + 1;
		else
			hi = mid;
	}
	return ring[lo & mask];
}

bool
range_get(const struct range *r, int64_t now_ms, struct decimal *low,
    struct decimal *high, int64_t *until_ms)
{
	int64_t from_ms = now_ms - r->window_ms, edge_end_ms = INT64_MIN;
	struct decimal edge = {0, 0};
	uint32_t first;
	bool inside;

	*until_ms = INT64_MAX;
	if (r->cap == 0)
		return false;
	first = first_inside(r, from_ms);
	inside = first != r->end;
	if (inside) {
		*low = bar(r,
		    extreme_from(r, r->lows, r->low_first, r->low_end, first))
			   ->low;
		*high = bar(r, extreme_from(r, r->highs, r->high_first,
				   r->high_end, first))
			    ->high;
	}
	if (first != r->first) {
		edge_end_ms = bar(r, first - 1)->end_ms;
		edge = bar(r, first - 1)->close;
	} else if (r->has_edge) {
		edge_end_ms = r->edge_end_ms;
		edge = r->edge_close;
	}
	if (inside)
		*until_ms = bar(r, first)->open_ms + r->window_ms;
	if (edge_end_ms >= from_ms && edge_end_ms + r->window_ms < *until_ms)
		*until_ms = edge_end_ms + r->window_ms;
	if (edge_end_ms < from_ms)
		return inside;
	if (!inside || decimal_cmp(edge, *low) < 0)
		*low = edge;
	if (!inside || decimal_cmp(edge, *high) > 0)
		*high = edge;
	return true;
}
