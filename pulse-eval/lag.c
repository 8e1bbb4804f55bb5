#include "pulse-eval/lag.h"

static const int64_t bounds_ms[] = {
    1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000, 300000};

void
lag_init(struct lag *l)
{
	histogram_init(
	    &l->took, bounds_ms, sizeof(bounds_ms) / sizeof(bounds_ms[0]));
	l->n = l->more = 0;
}

void
lag_note(struct lag *l, int64_t recv_ms)
{
	if (l->n < LAG_BATCH)
		l->recv_ms[l->n++] = recv_ms;
	else
		l->more++;
}

void
lag_flush(struct lag *l, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		histogram_note(&l->took, (double)(now_ms - l->recv_ms[i]), 1);
	if (l->more > 0)
		histogram_note(
		    &l->took, (double)(now_ms - l->recv_ms[l->n - 1]), l->more);
	l->n = l->more = 0;
}
