/*
 * tap: the Test Anything Protocol for unit programs. A test program checks
 * with ok() and its kin and returns tap_done() from main.
 */
#ifndef TESTS_UNIT_TAP_H
#define TESTS_UNIT_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_run, tap_failed;

__attribute__((format(printf, 2, 3), unused)) static bool
ok(bool good, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", good ? "" : "not ", ++tap_run);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	tap_failed += !good;
	return good;
}

__attribute__((unused)) static bool
is_int(int64_t got, int64_t want, const char *what)
{
	bool good = ok(got == want, "%s", what);

	if (!good)
		printf("# got %" PRId64 ", want %" PRId64 "\n", got, want);
	return good;
}

__attribute__((unused)) static bool
is_str(const char *got, const char *want, const char *what)
{
	bool good = ok(
	    got != NULL && want != NULL && strcmp(got, want) == 0, "%s", what);

	if (!good)
		printf("# got  '%s'\n# want '%s'\n", got ? got : "(null)",
		    want ? want : "(null)");
	return good;
}

__attribute__((unused)) static void
skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_run, what, why);
}

__attribute__((unused)) static int
tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed > 0 || tap_run == 0;
}

#endif
