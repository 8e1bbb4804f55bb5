#include <stdlib.h>

#include "common/clock.h"
#include "tests/unit/tap.h"

/* Times and their text; the last three lines are what "date -u" gives. */
static const struct {
	int64_t ms;
	const char *text;
} times[] = {
    {0, "1970-01-01T00:00:00.000Z"},
    {999, "1970-01-01T00:00:00.999Z"},
    {951782400000, "2000-02-29T00:00:00.000Z"},
    {4107542399999, "2100-02-28T23:59:59.999Z"},
    {CLOCK_MS_MAX, "9999-12-31T23:59:59.999Z"},
    {1788936671203, "2026-09-09T06:51:11.203Z"},
};

static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} parses[] = {
    {"2026-09-09T06:51:11.203Z", 1788936671203},
    {"2026-09-09T08:51:11.203+02:00", 1788936671203},
    {"2026-09-09T08:51:11.203+0200", 1788936671203},
    {"2026-09-09T01:51:11.203-05", 1788936671203},
    {"2026-09-09 06:51:11.203", 1788936671203},
    {"2026-09-09T06:51:11.2039999Z", 1788936671203},
    {"2026-09-09T06:51Z", 1788936660000},
    {"2026-09-09", 1788912000000},
    {"2024-02-29", 1709164800000},
    {"1788936671", 1788936671000},
    {"1788936671203", 1788936671203},
    {"0", 0},
    {"2026-02-29", -1},
    {"2026-13-01", -1},
    {"2026-00-10", -1},
    {"2026-01-32", -1},
    {"2026-01-01T24:00:00Z", -1},
    {"2026-01-01T10:60:00Z", -1},
    {"2026-01-01T10:00:61Z", -1},
    {"2026-01-01T10:00:00.Z", -1},
    {"2026-01-01T10:00:00+25:00", -1},
    {"2026-01-01T10:00:00Zx", -1},
    {"2026-01-01T", -1},
    {"2026-1-1", -1},
    {"1969-12-31", -1},
    {"1970-01-01T00:30:00+01:00", -1},
    {"99999999999999999", -1},
    {"12x", -1},
    {"-5", -1},
    {"", -1},
};

/* The example of RFC 9110 in its three forms, and what is none of them. */
static const struct {
	const char *text;
	int64_t ms; /* -1: refused */
} http_dates[] = {
    {"Sun, 06 Nov 1994 08:49:37 GMT", INT64_C(784111777000)},
    {"Sunday, 06-Nov-94 08:49:37 GMT", INT64_C(784111777000)},
    {"Sun Nov  6 08:49:37 1994", INT64_C(784111777000)},
    {"Sun, 22 Nov 2026 15:00:00 GMT", INT64_C(1795359600000)},
    {"Sun, 22 Foo 2026 15:00:00 GMT", -1},
    {"Sun, 22 ovD 2026 15:00:00 GMT", -1},
    {"Sun, 32 Nov 2026 15:00:00 GMT", -1},
    {"Sun, 22 Nov 2026 25:00:00 GMT", -1},
    {"Sun, 22 Nov 2026 15:00:00 GMT+1", -1},
    {"Sun, 22 Nov 2026 15:00:00", -1},
    {"Sun, -2 Nov 2026 15:00:00 GMT", -1},
    {"2026-11-22T15:00:00Z", -1},
    {"soon", -1},
    {"", -1},
};

int
main(void)
{
	char text[CLOCK_TEXT_MAX];
	int64_t ms, mono;
	size_t i;

	for (i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		is_int((int64_t)clock_print(times[i].ms, text), 24,
		    "24 characters");
		is_str(text, times[i].text, "the time's text");
		ok(clock_parse(&ms, text, 24) == 0 && ms == times[i].ms,
		    "and back");
	}
	for (i = 0; i < sizeof(parses) / sizeof(parses[0]); i++) {
		ms = -1;
		if (clock_parse(&ms, parses[i].text, strlen(parses[i].text)) <
		    0)
			ms = -1;
		ok(ms == parses[i].ms, "'%s' is %s", parses[i].text,
		    parses[i].ms < 0 ? "refused" : "taken");
	}
	for (i = 0; i < sizeof(http_dates) / sizeof(http_dates[0]); i++) {
		ms = -1;
		if (clock_parse_http(&ms, http_dates[i].text) < 0)
			ok(ms == -1, "what is refused is not touched");
		ok(ms == http_dates[i].ms, "a date of HTTP: '%s'",
		    http_dates[i].text);
	}
	/* Every day of 8 centuries, so every leap rule, by way of the text. */
	for (ms = 0; ms < INT64_C(25000000000000); ms += 86400000) {
		int64_t back = -1;

		clock_print(ms, text);
		if (clock_parse(&back, text, 24) < 0 || back != ms)
			break;
	}
	ok(ms >= INT64_C(25000000000000), "every day prints and reads back");
	clock_set(1000000);
	ms = clock_now_ms();
	ok(ms >= 1000000 && ms < 1060000, "a test sets the wall clock");
	setenv("PULSE_NOW", "5000000", 1);
	clock_from_environment();
	ms = clock_now_ms();
	ok(ms >= 5000000 && ms < 5060000, "or the environment does");
	setenv("PULSE_NOW", "tomorrow", 1);
	clock_set(7000000);
	clock_from_environment();
	ok(clock_now_ms() >= 7000000, "what is no time there is ignored");
	mono = clock_mono_us();
	ok(clock_mono_us() >= mono && clock_mono_ms() >= mono / 1000,
	    "monotonic clocks do not go back");
	return tap_done();
}
