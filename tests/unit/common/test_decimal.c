#include <stdlib.h>

#include "common/decimal.h"
#include "tests/unit/tap.h"

static const struct {
	const char *in;
	const char *print; /* NULL: refused */
	const char *brief;
} texts[] = {
    {"79139.0", "79139.0", "79139"},
    {"0", "0", "0"},
    {"-0.50", "-0.50", "-0.5"},
    {"0.00000001", "0.00000001", "0.00000001"},
    {"3495670.8399999999", "3495670.8399999999", "3495670.8399999999"},
    {"999999999999999999", "999999999999999999", "999999999999999999"},
    {"1e-8", "0.00000001", "0.00000001"},
    {"1.5E3", "1500", "1500"},
    {"1e17", "100000000000000000", "100000000000000000"},
    {"1e18", NULL, NULL},
    {"1000000000000000000", NULL, NULL},
    {"0.0000000000000000001", NULL, NULL},
    {"", NULL, NULL},
    {"-", NULL, NULL},
    {".5", NULL, NULL},
    {"5.", NULL, NULL},
    {"1.2.3", NULL, NULL},
    {"1e", NULL, NULL},
    {"nan", NULL, NULL},
    {"inf", NULL, NULL},
    {"0x10", NULL, NULL},
    {" 1", NULL, NULL},
    {"1 ", NULL, NULL},
    {"1,5", NULL, NULL},
};

static const struct {
	const char *a, *b;
	int want;
} pairs[] = {
    {"1.0", "1", 0},
    {"0.1", "0.10", 0},
    {"50000", "50000.0000000000001", -1},
    {"100000000000000000", "0.000000000000000001", 1},
    {"-1", "1", -1},
    {"-2.5", "-2.49", -1},
};

static const struct {
	double in;
	const char *want;
} doubles[] = {
    {0.1, "0.1"},
    {50000, "50000"},
    {1e-8, "0.00000001"},
    {-2.5, "-2.5"},
    {1e300, NULL},
};

static void
test_doubles(void)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal d;
	size_t i;

	for (i = 0; i < sizeof(doubles) / sizeof(doubles[0]); i++) {
		int rc = decimal_from_double(&d, doubles[i].in);

		if (doubles[i].want == NULL) {
			ok(rc < 0, "%g does not fit", doubles[i].in);
			continue;
		}
		decimal_print(d, text);
		is_str(text, doubles[i].want, "shortest decimal of a double");
		ok(decimal_to_double(d) == doubles[i].in,
		    "and back to the same double");
	}
	decimal_parse(&d, "3495670.8399999999", 18);
	ok(decimal_to_double(d) == 3495670.8399999999,
	    "17 digits give the nearest double");
}

/* Whether the shortest decimal of x is as printf finds it by trying, and that
 * of 17 digits as "%.17g" prints it. */
static bool
as_printf(double x)
{
	char want[64], got[DECIMAL_TEXT_MAX];
	struct decimal d, w;
	int digits;

	for (digits = 15; digits <= 17; digits++) {
		(void)snprintf(want, sizeof(want), "%.*e", digits - 1, x);
		if (strtod(want, NULL) == x)
			break;
	}
	if (decimal_parse(&w, want, strlen(want)) < 0 ||
	    decimal_from_double(&d, x) < 0 || decimal_cmp(d, w) != 0)
		return false;
	if (decimal_round_double(&d, x) < 0)
		return !(x >= 0.01 && x < 1e15);
	(void)snprintf(want, sizeof(want), "%.17g", x);
	decimal_print(d, got);
	return strcmp(got, want) == 0;
}

static void
test_many_doubles(void)
{
	uint64_t r = 1;
	double x, y;
	int i, wrong = 0;

	for (i = 0; i < 200000; i++) {
		r = r * UINT64_C(6364136223846793005) + 1442695040888963407;
		x = (double)(r >> 11);
		y = i % 3 == 0	 ? x / 9007199254740992.0 * 100
		    : i % 3 == 1 ? (double)(r % 100000000) / 1000
				 : x / 1e4;
		/* Below 0.01 more digits than fit are cut. */
		if (y >= 0.01 && !as_printf(y) && wrong++ < 3)
			printf("# %.17g\n", y);
	}
	ok(wrong == 0, "200,000 doubles become what printf makes of them");
}

int
main(void)
{
	char text[DECIMAL_TEXT_MAX];
	struct decimal a, b;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int rc = decimal_parse(&a, texts[i].in, strlen(texts[i].in));

		if (texts[i].print == NULL) {
			ok(rc < 0, "'%s' is refused", texts[i].in);
			continue;
		}
		if (!ok(rc == 0, "'%s' is taken", texts[i].in))
			continue;
		decimal_print(a, text);
		is_str(text, texts[i].print, "prints as written");
		decimal_print_short(a, text);
		is_str(text, texts[i].brief, "and in short");
	}
	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		int got;

		decimal_parse(&a, pairs[i].a, strlen(pairs[i].a));
		decimal_parse(&b, pairs[i].b, strlen(pairs[i].b));
		got = decimal_cmp(a, b);
		ok((got > 0) - (got < 0) == pairs[i].want &&
			(decimal_cmp(b, a) > 0) == (got < 0),
		    "%s against %s", pairs[i].a, pairs[i].b);
	}
	test_doubles();
	test_many_doubles();
	return tap_done();
}
