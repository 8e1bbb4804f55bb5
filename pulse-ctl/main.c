/*
 * pulse-ctl: rules, alerts, deliveries, keys and the store from the command
 * line, and "pulse-ctl serve": the same over HTTP (pulse-ctl(1)).
 *
 * What the program can do is the table of commands.c. main() finds the
 * command's words among the arguments, and hands the rest to its function.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/sig.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/ctl.h"

/* True when this option of all tools takes its value from the next argument. */
static bool
takes_value(const char *arg)
{
	return strcmp(arg, "-d") == 0 || strcmp(arg, "--db") == 0 ||
	       strcmp(arg, "--log") == 0;
}

/* The places of the first two words among the arguments (0: none). Options
 * that all commands share may stand before them. */
static void
find_words(int argc, char **argv, int at[2])
{
	int i, n = 0;

	at[0] = at[1] = 0;
	for (i = 1; i < argc && n < 2; i++) {
		if (strcmp(argv[i], "--") == 0)
			return;
		if (argv[i][0] != '-' || argv[i][1] == '\0')
			at[n++] = i;
		else if (takes_value(argv[i]))
			i++;
	}
}

static int
unknown(const char *first, const char *second)
{
	bool group = commands_is_group(first);
	bool bare = group && second == NULL;
	const char *guess = bare ? NULL : commands_guess(first, second);

	if (bare) {
		fprintf(stderr, "pulse-ctl: %s: what to do is missing", first);
		commands_print_group(first, stderr);
	} else {
		fprintf(stderr, "pulse-ctl: '%s%s%s' is not a command", first,
		    group ? " " : "", group ? second : "");
	}
	if (guess != NULL)
		fprintf(stderr, "; did you mean '%s'?", guess);
	fputs("\nTry 'pulse-ctl help'.\n", stderr);
	return EXIT_USAGE;
}

/* The arguments without the command's words; [0] is its whole name. */
static char **
strip_words(int argc, char **argv, const int at[2], char *name)
{
	char **v = calloc((size_t)argc + 1, sizeof(*v));
	int i, n = 0;

	if (v == NULL)
		return NULL;
	v[n++] = name;
	for (i = 1; i < argc; i++)
		if (i != at[0] && i != at[1])
			v[n++] = argv[i];
	return v;
}

static int
run(const struct command *cmd, int argc, char **argv, int at[2])
{
	struct ctl c = {.command = cmd};
	struct buf name, synopsis;
	int code = EXIT_UNAVAILABLE, words = at[1] != 0 ? 2 : 1;
	char **rest;

	buf_init(&name, 64);
	buf_init(&synopsis, 1024);
	commands_program(cmd, &name, &synopsis, &c.program);
	rest = strip_words(argc, argv, at, name.p);
	if (rest != NULL) {
		c.options = (struct opt_state){
		    &c.program, &c.common, argc - words, rest, NULL};
		code = ctl_flush(&c, cmd->run(&c));
		store_close(c.store);
	}
	free(rest);
	buf_release(&name);
	buf_release(&synopsis);
	return code;
}

static bool
wants_help(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int
without_command(int argc, char **argv)
{
	int i;

	if (wants_help(argc, argv)) {
		commands_print_all();
		return EXIT_DONE;
	}
	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-V") == 0 ||
		    strcmp(argv[i], "--version") == 0) {
			printf("pulse-ctl %s\n", PULSE_VERSION);
			return EXIT_DONE;
		}
	}
	fputs(
	    "pulse-ctl: a command is missing\nTry 'pulse-ctl help'.\n", stderr);
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	const struct command *cmd;
	const char *first, *second;
	int at[2];

	clock_from_environment();
	find_words(argc, argv, at);
	if (at[0] == 0)
		return without_command(argc, argv);
	first = argv[at[0]];
	second = at[1] != 0 ? argv[at[1]] : NULL;
	cmd = commands_find(first, NULL);
	if (cmd != NULL)
		at[1] = 0;
	else
		cmd = commands_find(first, second);
	if (cmd == NULL && second == NULL && commands_is_group(first) &&
	    wants_help(argc, argv)) {
		commands_print_group_help(first);
		return EXIT_DONE;
	}
	if (cmd == NULL)
		return unknown(first, second);
	return run(cmd, argc, argv, at);
}
