#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/histogram.h"

void
histogram_init(struct histogram *h, const int64_t *bounds_ms, size_t n)
{
	assert(n <= HISTOGRAM_BOUNDS_MAX);
	*h = (struct histogram){.bounds_ms = bounds_ms, .n = n};
}

void
histogram_note(struct histogram *h, double ms, uint64_t times)
{
	size_t i = 0;

	if (ms < 0)
		ms = 0; /* two clocks differ */
	while (i < h->n && ms > (double)h->bounds_ms[i])
		i++;
	h->counts[i] += times;
	h->sum += ms / 1000 * (double)times;
}

void
histogram_print(const struct histogram *h, struct buf *out)
{
	size_t i;

	buf_adds(out, "{\"le\":[");
	for (i = 0; i < h->n; i++)
		buf_addf(out, "%s%g", i > 0 ? "," : "",
		    (double)h->bounds_ms[i] / 1000);
	buf_adds(out, "],\"counts\":[");
	for (i = 0; i <= h->n; i++)
		buf_addf(out, "%s%" PRIu64, i > 0 ? "," : "", h->counts[i]);
	buf_addf(out, "],\"sum\":%.6f}", h->sum);
}
