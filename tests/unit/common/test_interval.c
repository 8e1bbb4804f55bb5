#include "common/interval.h"
#include "tests/unit/tap.h"

/* A time, and the opening of the bar that holds it: 3d from 1970, weeks from
 * Thursday, months of 30 days. */
static const struct {
	const char *name;
	int64_t time, open;
} opens[] = {
    {"1m", 1788936671203, 1788936660000},
    {"15m", 1788936671203, 1788936300000},
    {"1d", 1788936671203, 1788912000000}, /* 2026-09-09 */
    {"3d", 1788936671203, 1788739200000}, /* 2026-09-07 */
    {"1w", 1788936671203, 1788393600000}, /* Thursday 2026-09-03 */
    {"1M", 1744416000000, 1744416000000}, /* 2025-04-12 */
    {"1M", 1744416000000 - 1, 1741824000000}, /* 2025-03-13 */
    {"1m", 0, 0},
};

int
main(void)
{
	const char *const wrong[] = {"", "1", "2m", "6h", "1H", "1min", "1m "};
	size_t i;
	int id;

	for (i = 0; i < INTERVAL_COUNT; i++) {
		const char *name = interval_name((interval_id)i);

		is_int(interval_find(name, strlen(name)), (int64_t)i, name);
		is_int(interval_find_step(interval_step((interval_id)i)),
		    (int64_t)i, "found by its length");
		ok(strstr(interval_names(), name) != NULL, "named in messages");
		ok(i == 0 || interval_step((interval_id)i) >
				 interval_step((interval_id)(i - 1)),
		    "longer than the one before");
	}
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		is_int(interval_find(wrong[i], strlen(wrong[i])), -1, wrong[i]);
	is_int(interval_find_step(61000), -1, "no interval of 61 s");
	for (i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		id = interval_find(opens[i].name, strlen(opens[i].name));
		is_int(interval_open((interval_id)id, opens[i].time),
		    opens[i].open, opens[i].name);
	}
	return tap_done();
}
