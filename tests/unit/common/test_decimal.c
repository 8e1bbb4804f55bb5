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
	return tap_done();
}
