/*
 * pulse-eval: candles in, alerts out (pulse-eval.1).
 */
#include <stdlib.h>

#include <unistd.h>

#include "common/clock.h"
#include "common/num.h"
#include "common/opt.h"
#include "pulse-eval/eval.h"

enum {
	KEY_VALUES = 256,
	KEY_EXPLAIN,
	KEY_SUMMARY,
	KEY_REPLAY,
	KEY_MAX_AGE,
};

static const struct opt options[] = {
    {'r', "rules", "FILE", "rules from FILE: a pure filter, no store"},
    {KEY_VALUES, "values", "SPECS",
	"print closed candles with indicators, like rsi:14,macd:12:26:9"},
    {KEY_EXPLAIN, "explain", NULL,
	"print why each rule fired or not, instead of alerts"},
    {KEY_SUMMARY, "summary", NULL,
	"print what each rule did, at the end, instead of alerts"},
    {KEY_REPLAY, "replay", NULL,
	"with the store: rules count from the beginning, nothing is late"},
    {KEY_MAX_AGE, "max-age", "TIME",
	"an alert older than this is kept but not delivered (1h)"},
    {0, NULL, NULL, NULL},
};

static const struct opt_program program = {
    .name = "pulse-eval",
    .synopsis = "pulse-eval [-nqv] [-d URL] [-r FILE] [--explain | --summary "
		"| --values SPECS]\n                  [--replay] "
		"[--max-age TIME]",
    .examples =
	"  hl-ingest --rules | pulse-eval | pulse-send\n"
	"  hl-ingest --history 30d BTC:1h | pulse-eval -r rules.json\n"
	"  hl-ingest --history 30d BTC:1h | pulse-eval -r rules.json "
	"--summary\n"
	"  zcat btc.ndjson.gz | pulse-eval --values rsi:14,macd:12:26:9\n",
    .options = options,
};

static void
parse(int argc, char **argv, struct eval_options *o, struct opt_common *common)
{
	struct opt_state st = {&program, common, argc, argv, NULL};
	struct err e;
	int key;

	while ((key = opt_next(&st)) != -1) {
		switch (key) {
		case 'r':
			o->rules = st.arg;
			break;
		case KEY_VALUES:
			o->values = st.arg;
			break;
		case KEY_EXPLAIN:
			o->explain = true;
			break;
		case KEY_SUMMARY:
			o->summary = true;
			break;
		case KEY_REPLAY:
			o->replay = true;
			break;
		case KEY_MAX_AGE:
			if (num_parse_duration(&o->max_age_ms, st.arg, 1000,
				INT64_C(31536000000000), "--max-age", &e) < 0)
				opt_usage_error(&program, "%s", e.msg);
			break;
		default:
			break;
		}
	}
	o->db = common->db;
	o->dry_run = common->dry_run;
}

static void
check(int argc, char **argv, const struct eval_options *o)
{
	if (o->explain + o->summary + (o->values != NULL) > 1)
		opt_usage_error(&program,
		    "--explain, --summary and --values exclude each other");
	if (o->rules != NULL && o->values != NULL)
		opt_usage_error(&program, "--values needs no rules");
	if (o->rules != NULL && o->db != NULL)
		opt_usage_error(&program, "with -r there is no store (-d)");
	if (optind < argc)
		opt_usage_error(
		    &program, "'%s': candles come on stdin", argv[optind]);
}

int
main(int argc, char **argv)
{
	struct eval_options o = {.max_age_ms = EVAL_MAX_AGE_DEFAULT_MS};
	struct opt_common common = {.db = NULL};
	bool filter;

	parse(argc, argv, &o, &common);
	check(argc, argv, &o);
	clock_from_environment();
	/* A filter speaks words, wherever its stderr goes. */
	filter = o.rules != NULL || o.values != NULL;
	if (filter && common.log == LOG_FORMAT_AUTO)
		common.log = LOG_FORMAT_TEXT;
	opt_start_log(
	    &program, &common, filter ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
	if (o.values != NULL)
		return values_run(&o);
	if (o.explain || o.summary)
		return report_run(&o);
	return o.rules != NULL ? filter_run(&o) : live_run(&o);
}
