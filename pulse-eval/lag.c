#include <inttypes.h>

#include "pulse-eval/lag.h"

static const int64_t bounds_ms[LAG_BOUNDS] = {
    1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000, 30000, 300000};

void
lag_note(struct lag *l, int64_t recv_ms)
{
	if (l->n < LAG_BATCH)
		l->recv_ms[l->n++] = recv_ms;
	else
		l->more++;
}

static void
count(struct lag *l, int64_t lag_ms, uint64_t times)
{
	int i = 0;

	if (lag_ms < 0)
		lag_ms = 0; /* the two clocks differ */
	while (i < LAG_BOUNDS && lag_ms > bounds_ms[i])
		i++;
	l->counts[i] += times;
	l->sum += (double)lag_ms / 1000 * (double)times;
}

void
lag_flush(struct lag *l, int64_t now_ms)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		count(l, now_ms - l->recv_ms[i], 1);
	if (l->more > 0)
		count(l, now_ms - l->recv_ms[l->n - 1], l->more);
	l->n = l->more = 0;
}

void
lag_print(const struct lag *l, struct buf *out)
{
	int i;

	buf_adds(out, ",\"lag_seconds\":{\"le\":[");
	for (i = 0; i < LAG_BOUNDS; i++)
		buf_addf(
		    out, "%s%g", i > 0 ? "," : "", (double)bounds_ms[i] / 1000);
	buf_adds(out, "],\"counts\":[");
	for (i = 0; i <= LAG_BOUNDS; i++)
		buf_addf(out, "%s%" PRIu64, i > 0 ? "," : "", l->counts[i]);
	buf_addf(out, "],\"sum\":%.3f}", l->sum);
}
