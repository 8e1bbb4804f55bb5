/*
 * opt: command-line options from a table, by getopt_long. The same table
 * makes --help, so the two cannot disagree.
 */
#ifndef COMMON_OPT_H
#define COMMON_OPT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/log.h"

/* Exit codes that every tool shares (design: 0, 1, 2 and sysexits). */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_SOME_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_UNAVAILABLE = 69,
	EXIT_TEMPFAIL = 75,
};

/* One option: its short form as key (or a number above 255 for none), its
 * long name, the name of its argument (NULL: none), a line of help. */
struct opt {
	int key;
	const char *name;
	const char *arg;
	const char *help;
};

/* What a tool says of itself. options ends with a name of NULL. Examples come
 * first in --help. manual is the page's name when it is not the tool's own
 * ("pulse-ctl rule add" is explained in pulse-ctl(1)), else NULL. */
struct opt_program {
	const char *name;
	const char *synopsis;
	const char *examples;
	const struct opt *options;
	const char *manual;
};

/* Options that mean the same in every tool. opt_next() handles them. */
struct opt_common {
	const char *db;
	int verbosity;
	bool dry_run;
	enum log_format log;
};

struct opt_state {
	const struct opt_program *program;
	struct opt_common *common;
	int argc;
	char **argv;
	const char *arg;
};

/*
 * The next option's key with its argument in st->arg, or -1 when only
 * operands are left (from argv[optind] on). --help and --version print and
 * exit 0; a usage fault prints a line and exits 2. Common options are taken
 * into st->common.
 */
int opt_next(struct opt_state *st);
/* "tool: sentence", then "try --help", and exit 2. */
_Noreturn void opt_usage_error(const struct opt_program *p, const char *fmt,
    ...) __attribute__((format(printf, 2, 3)));
/* Print --help to stdout. */
void opt_print_help(const struct opt_program *p);
/* Start the log as the common options say: shown by default from base on. */
void opt_start_log(const struct opt_program *p, const struct opt_common *c,
    enum log_level base);

#endif
