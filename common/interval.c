#include <string.h>

#include "common/interval.h"

#define MINUTE INT64_C(60000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

static const struct {
	const char *name;
	int64_t step_ms;
} table[INTERVAL_COUNT] = {
    {"1m", MINUTE},
    {"3m", 3 * MINUTE},
    {"5m", 5 * MINUTE},
    {"15m", 15 * MINUTE},
    {"30m", 30 * MINUTE},
    {"1h", HOUR},
    {"2h", 2 * HOUR},
    {"4h", 4 * HOUR},
    {"8h", 8 * HOUR},
    {"12h", 12 * HOUR},
    {"1d", DAY},
    {"3d", 3 * DAY},
    {"1w", 7 * DAY},
    {"1M", 30 * DAY},
};

int
interval_find(const char *name, size_t n)
{
	int i;

	for (i = 0; i < INTERVAL_COUNT; i++)
		if (strlen(table[i].name) == n &&
		    memcmp(table[i].name, name, n) == 0)
			return i;
	return -1;
}

int
interval_find_step(int64_t step_ms)
{
	int i;

	for (i = 0; i < INTERVAL_COUNT; i++)
		if (table[i].step_ms == step_ms)
			return i;
	return -1;
}

const char *
interval_name(interval_id i)
{
	return table[i].name;
}

int64_t
interval_step(interval_id i)
{
	return table[i].step_ms;
}

int64_t
interval_open(interval_id i, int64_t time_ms)
{
	return time_ms - time_ms % table[i].step_ms;
}

const char *
interval_names(void)
{
	return "1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 8h, 12h, 1d, 3d, 1w, 1M";
}
