#include <inttypes.h>
#include <string.h>

#include "tests/sim/stats.h"

static const char *const names[STATS_COUNT] = {
    [STATS_CONNECTIONS] = "connections",
    [STATS_WS] = "ws",
    [STATS_WS_OPEN] = "ws_open",
    [STATS_SUBSCRIBES] = "subscribes",
    [STATS_SUBS] = "subs",
    [STATS_MESSAGES] = "messages",
    [STATS_PINGS] = "pings",
    [STATS_FRAMES] = "frames",
    [STATS_BARS] = "bars",
    [STATS_ERRORS] = "errors",
    [STATS_DROPS] = "drops",
    [STATS_GONE] = "gone",
    [STATS_REQUESTS] = "requests",
    [STATS_SNAPSHOTS] = "snapshots",
    [STATS_ROWS] = "rows",
    [STATS_STATUS_4XX] = "status_4xx",
    [STATS_STATUS_5XX] = "status_5xx",
    [STATS_WEIGHT] = "weight",
    [STATS_FAULTS] = "faults",
    [STATS_APPLIED] = "applied",
    [STATS_ENDED] = "ended",
};

const char *
stats_name(enum stats_id id)
{
	return names[id];
}

int
stats_find(const char *name)
{
	for (int i = 0; i < STATS_COUNT; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

void
stats_print(const struct stats *s, struct buf *out)
{
	for (int i = 0; i < STATS_COUNT; i++)
		buf_addf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "", names[i],
		    s->value[i]);
}
