#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/opt.h"

#define OPTIONS_MAX 64

enum {
	KEY_LOG = 250,
};

static const struct opt common_options[] = {
    {'d', "db", "URL", "store: a path, sqlite:PATH or postgres://…"},
    {'n', "dry-run", NULL, "say what would be done, change nothing"},
    {'v', "verbose", NULL, "say more on stderr (twice: debug)"},
    {'q', "quiet", NULL, "say less on stderr"},
    {KEY_LOG, "log", "text|json", "how stderr is written"},
    {'h', "help", NULL, "this text"},
    {'V', "version", NULL, "the version"},
};

#define COMMON_COUNT (sizeof(common_options) / sizeof(common_options[0]))

void
opt_usage_error(const struct opt_program *p, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "%s: ", p->name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry '%s --help'.\n", p->name);
	exit(EXIT_USAGE);
}

static void
print_option(const struct opt *o)
{
	char left[64];
	int n;

	if (o->key < 250)
		n = snprintf(
		    left, sizeof(left), "  -%c, --%s", o->key, o->name);
	else
		n = snprintf(left, sizeof(left), "      --%s", o->name);
	if (o->arg != NULL)
		(void)snprintf(
		    left + n, sizeof(left) - (size_t)n, " %s", o->arg);
	printf("%-32s %s\n", left, o->help);
}

void
opt_print_help(const struct opt_program *p)
{
	const struct opt *o;
	size_t i;

	printf("Examples:\n%s\nUsage: %s\n\n", p->examples, p->synopsis);
	for (o = p->options; o->name != NULL; o++)
		print_option(o);
	for (i = 0; i < COMMON_COUNT; i++)
		print_option(&common_options[i]);
	printf("\nThe manual: man %s; the tour: man 7 pulse.\n",
	    p->manual != NULL ? p->manual : p->name);
}

static bool
take_common(struct opt_state *st, int key)
{
	struct opt_common *c = st->common;

	switch (key) {
	case 'd':
		c->db = optarg;
		return true;
	case 'n':
		c->dry_run = true;
		return true;
	case 'v':
		c->verbosity++;
		return true;
	case 'q':
		c->verbosity--;
		return true;
	case KEY_LOG:
		if (log_format_parse(&c->log, optarg) < 0)
			opt_usage_error(st->program,
			    "--log: '%s' is neither text nor json", optarg);
		return true;
	case 'h':
		opt_print_help(st->program);
		exit(EXIT_DONE);
	case 'V':
		printf("%s %s\n", st->program->name, PULSE_VERSION);
		exit(EXIT_DONE);
	default:
		return false;
	}
}

static void
add_option(const struct opt *o, struct option *longs, char *shorts)
{
	*longs = (struct option){
	    o->name,
	    o->arg != NULL ? required_argument : no_argument,
	    NULL,
	    o->key,
	};
	if (o->key < 250) {
		size_t n = strlen(shorts);

		shorts[n++] = (char)o->key;
		if (o->arg != NULL)
			shorts[n++] = ':';
		shorts[n] = '\0';
	}
}

int
opt_next(struct opt_state *st)
{
	struct option longs[OPTIONS_MAX + 1] = {{NULL, 0, NULL, 0}};
	char shorts[2 * OPTIONS_MAX + 1] = "";
	const struct opt *o;
	size_t n = 0, i;
	int key;

	for (o = st->program->options; o->name != NULL && n < OPTIONS_MAX; o++)
		add_option(o, &longs[n++], shorts);
	for (i = 0; i < COMMON_COUNT && n < OPTIONS_MAX; i++)
		add_option(&common_options[i], &longs[n++], shorts);
	for (;;) {
		key = getopt_long(st->argc, st->argv, shorts, longs, NULL);
		if (key == '?') {
			fprintf(
			    stderr, "Try '%s --help'.\n", st->program->name);
			exit(EXIT_USAGE);
		}
		st->arg = optarg;
		if (key == -1 || !take_common(st, key))
			return key;
	}
}

void
opt_start_log(const struct opt_program *p, const struct opt_common *c,
    enum log_level base)
{
	int level = (int)base + c->verbosity;

	if (level < LOG_LEVEL_ERROR)
		level = LOG_LEVEL_ERROR;
	if (level > LOG_LEVEL_DEBUG)
		level = LOG_LEVEL_DEBUG;
	log_init(p->name, (enum log_level)level, c->log);
}
