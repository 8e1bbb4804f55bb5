/* common/filter: what templates can do, and what they cannot. */
#include <stdlib.h>

#include "common/filter.h"
#include "tests/unit/tap.h"

#define INPUT "{\"a\":\"x\",\"n\":3,\"price\":\"50100.0\",\"l\":[1,2,3]}"

static void
test_good(void)
{
	static const struct {
		const char *program, *want;
	} t[] = {
	    {".", "{\"a\":\"x\",\"n\":3,\"price\":\"50100.0\",\"l\":[1,2,3]}"},
	    {".price", "50100.0"},
	    {"{text: \"\\(.a): \\(.price | tonumber + 1)\"}",
		"{\"text\":\"x: 50101\"}"},
	    {"{def: .a, \"env\": 1, input: {reduce: 2}}",
		"{\"def\":\"x\",\"env\":1,\"input\":{\"reduce\":2}}"},
	    {"\"a \\(\"in \\(.a) side\") b\"", "a in x side b"},
	    {"if .n > 2 then \"many\" else \"few\" end", "many"},
	    {".l | map(select(. > 1)) | length", "2"},
	    {"[.l[] | tostring] | join(\",\")", "1,2,3"},
	    {".env", "null"},
	    {".n as $n | [$n, $n]", "[3,3]"},
	    {"@json \"v: \\(.a)\"", "v: \"x\""},
	    {"\"input $ENV import *\"", "input $ENV import *"},
	};
	struct filter *f;
	struct buf b;
	struct err e;
	size_t i;

	buf_init(&b, FILTER_OUTPUT_MAX);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		buf_reset(&b);
		e.msg[0] = '\0';
		if (filter_open(&f, t[i].program, &e) == 0)
			(void)filter_run(f, INPUT, strlen(INPUT), &b, &e);
		ok(e.msg[0] == '\0', "%s %s", t[i].program, e.msg);
		is_str(b.p, t[i].want, "  its result");
		filter_close(f);
	}
	buf_release(&b);
}

static void
test_refused(void)
{
	static const char *const t[] = {"env", "$ENV", "$ENV.HOME", "input",
	    "inputs", "input_filename", "debug", "stderr", "halt", "halt_error",
	    "def f: f; f", "reduce .[] as $x (0; .)",
	    "foreach .[] as $x (0; .)", "range(1e12)", "repeat(.)",
	    "until(false; .)", "while(true; .)", "recurse", "..", "limit(1; .)",
	    "import \"a\" as b; .", "include \"a\"; .", "\"a\" * 100000000",
	    ".a *= 2", "test(\"x\")", "gsub(\"\";\"x\")", "setpath([1e9]; 1)",
	    "getpath([])", "path(.)", "$__loc__", "$__prog_args",
	    "label $x | .", "get_search_list", "\"\\(env)\"",
	    "\"\\(\"\\(input)\")\"", "a::b", "builtins", "splits(\"x\")",
	    ". # comment", "{(env | tostring): 1}", "{\"a\": env}", "[1,env:2]",
	    ".[1,env:2]", "{a: [1,env:2]}", "{a: (1,env)}", "tojson|input",
	    "modulemeta", "1env", "1e5input", "[1,2input]", "ltrimstr(env)",
	    "@sh \"\\(env)\""};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ok(filter_check(t[i], &e) < 0, "%s: %s", t[i], e.msg);
}

static void
test_bounds(void)
{
	static const struct {
		const char *program, *want;
	} t[] = {
	    {".l[]", "it gives more than one result"},
	    {"empty", "it gives no result"},
	    {".a.b.c", "Cannot index string with string \"b\""},
	    {"error(\"no\")", "no"},
	};
	char bomb[2048] = "\"xxxxxxxx\"";
	struct filter *f;
	struct buf b;
	struct err e;
	size_t i;

	buf_init(&b, FILTER_OUTPUT_MAX);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (filter_open(&f, t[i].program, &e) == 0)
			(void)filter_run(f, INPUT, strlen(INPUT), &b, &e);
		is_str(e.msg, t[i].want, t[i].program);
		e.msg[0] = '\0';
		/* It goes on working. */
		(void)filter_run(f, INPUT, strlen(INPUT), &b, &e);
		is_str(e.msg, t[i].want, "  again");
		filter_close(f);
	}
	for (i = 0; i < 40; i++)
		memcpy(bomb + 10 + 4 * i, "|.+.", 5);
	if (filter_open(&f, bomb, &e) == 0)
		ok(filter_run(f, INPUT, strlen(INPUT), &b, &e) < 0,
		    "a thing that doubles 40 times: %s", e.msg);
	ok(f != NULL && filter_run(f, INPUT, strlen(INPUT), &b, &e) < 0,
	    "and once more, in a new process: %s", e.msg);
	filter_close(f);
	ok(filter_open(&f, "{", &e) < 0 && e.msg[0] != '\0', "syntax: %s",
	    e.msg);
	ok(filter_open(&f, ".a |", &e) < 0, "syntax: %s", e.msg);
	ok(filter_open(&f, ".[", &e) < 0, "syntax: %s", e.msg);
	ok(filter_open(&f, "nothing", &e) < 0, "unknown: %s", e.msg);
	buf_release(&b);
}

int
main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_good();
	test_refused();
	test_bounds();
	return tap_done();
}
