#include "common/num.h"
#include "tests/unit/tap.h"

#define REFUSED INT64_C(-424242)

static const struct {
	const char *text;
	int64_t min, max, want;
} numbers[] = {
    {"0", 0, 10, 0},
    {"10", 0, 10, 10},
    {"11", 0, 10, REFUSED},
    {"-3", -5, 5, -3},
    {"-6", -5, 5, REFUSED},
    {"007", 0, 10, 7},
    {"9223372036854775807", 0, INT64_MAX, REFUSED}, /* the digit guard */
    {"922337203685477580", 0, INT64_MAX, 922337203685477580},
    {"99999999999999999999999", 0, INT64_MAX, REFUSED},
    {"", 0, 10, REFUSED},
    {"-", 0, 10, REFUSED},
    {"+1", 0, 10, REFUSED},
    {" 1", 0, 10, REFUSED},
    {"1 ", 0, 10, REFUSED},
    {"1.0", 0, 10, REFUSED},
    {"0x1", 0, 10, REFUSED},
    {"1e1", 0, 10, REFUSED},
};

static const struct {
	const char *text;
	int64_t want;
} durations[] = {
    {"30", 30000},
    {"30s", 30000},
    {"250ms", 250},
    {"5m", 300000},
    {"2h", 7200000},
    {"30d", 2592000000},
    {"1w", 604800000},
    {"0", 0},
    {"61d", REFUSED}, /* past the range given */
    {"99999999999999999w", REFUSED},
    {"-1s", REFUSED},
    {"1y", REFUSED},
    {"m", REFUSED},
    {"1.5h", REFUSED},
    {"", REFUSED},
    {"5 m", REFUSED},
};

int
main(void)
{
	int64_t v;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		v = REFUSED;
		(void)num_parse(&v, numbers[i].text, numbers[i].min,
		    numbers[i].max, "--limit", &e);
		is_int(v, numbers[i].want, numbers[i].text);
		if (numbers[i].want == REFUSED)
			ok(strncmp(e.msg, "--limit: ", 9) == 0,
			    "the sentence names the option");
	}
	for (i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		v = REFUSED;
		(void)num_parse_duration(&v, durations[i].text, 0,
		    INT64_C(60) * 86400000, "--since", &e);
		is_int(v, durations[i].want, durations[i].text);
	}
	return tap_done();
}
