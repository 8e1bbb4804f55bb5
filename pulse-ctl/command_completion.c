/*
 * pulse-ctl completion bash|zsh|fish: a completion script made from the table
 * of commands, so that it knows every command, option and choice there is.
 */
#include <stdio.h>
#include <string.h>

#include "pulse-ctl/commands.h"

/* Options of every command (common/opt.c). */
static const struct opt common_rows[] = {
    {'d', "db", "URL", "store: a path, sqlite:PATH or postgres://…"},
    {'n', "dry-run", NULL, "change nothing"},
    {'v', "verbose", NULL, "say more"},
    {'q', "quiet", NULL, "say less"},
    {0, "log", "text|json", "how stderr is written"},
    {'h', "help", NULL, "help with examples"},
    OPT_ROW_END,
};

static bool
has_choices(const char *arg)
{
	return arg != NULL && strchr(arg, '|') != NULL;
}

/* "a|b|c" as "a b c". */
static void
print_choices(const char *arg)
{
	for (; *arg != '\0'; arg++)
		putchar(*arg == '|' ? ' ' : *arg);
}

/* True for the i-th command when it is the first of its group (or alone). */
static bool
first_of_group(size_t i)
{
	size_t n = strcspn(commands[i].name, " "), j;

	for (j = 0; j < i; j++)
		if (strncmp(commands[j].name, commands[i].name, n + 1) == 0)
			return false;
	return true;
}

/* What is in the store is asked for: the names or ids of the newest, by the
 * first member of each record. what: "rule" or "channel". */
static bool
is_stored(const char *what)
{
	return strcmp(what, "rule") == 0 || strcmp(what, "channel") == 0;
}

static const char *
list_of(const char *what)
{
	return strcmp(what, "rule") == 0 ? "pulse-ctl rule list --json -l 200"
					 : "pulse-ctl channel list --json";
}

/* "RULE" of an option is "rule" of an operand; NULL for another word. */
static const char *
stored_arg(const char *arg)
{
	return arg == NULL		     ? NULL
	       : strcmp(arg, "RULE") == 0    ? "rule"
	       : strcmp(arg, "CHANNEL") == 0 ? "channel"
					     : NULL;
}

/* ---- bash ---------------------------------------------------------------- */

static void
bash_options(const struct opt *o)
{
	for (; o->name != NULL; o++)
		printf("--%s ", o->name);
}

static void
bash_operands(const char *complete)
{
	if (complete == NULL)
		return;
	if (is_stored(complete))
		printf("$(%s 2>/dev/null | sed -n "
		       "'s/^{\"[a-z]*\":\"\\([^\"]*\\)\".*/\\1/p')",
		    list_of(complete));
	else if (strcmp(complete, "file") != 0)
		print_choices(complete);
}

static void
bash_values(const struct opt *o)
{
	for (; o->name != NULL; o++) {
		if (has_choices(o->arg)) {
			printf("\t--%s) found=\"", o->name);
			print_choices(o->arg);
			puts("\" ;;");
		} else if (o->arg != NULL && strcmp(o->arg, "FILE") == 0) {
			printf("\t--%s) files=1 ;;\n", o->name);
		} else if (stored_arg(o->arg) != NULL) {
			printf("\t--%s) found=\"", o->name);
			bash_operands(stored_arg(o->arg));
			puts(" \" ;;");
		} else if (o->arg != NULL) {
			printf("\t--%s) found=\" \" ;;\n", o->name);
		}
	}
}

static void
bash_groups(void)
{
	size_t i, j;

	printf("\t'') found=\"");
	for (i = 0; i < commands_count; i++)
		if (first_of_group(i))
			printf("%.*s ", (int)strcspn(commands[i].name, " "),
			    commands[i].name);
	puts("\" ;;");
	for (i = 0; i < commands_count; i++) {
		size_t n = strcspn(commands[i].name, " ");

		if (commands[i].name[n] == '\0' || !first_of_group(i))
			continue;
		printf("\t'%.*s') found=\"", (int)n, commands[i].name);
		for (j = i; j < commands_count; j++)
			if (strncmp(
				commands[j].name, commands[i].name, n + 1) == 0)
				printf("%s ", commands[j].name + n + 1);
		puts("\" ;;");
	}
}

/* The words typed so far are the same puzzle for bash and zsh; what differs is
 * where they stand and where the answer goes. */
static void
print_body(void)
{
	size_t i;

	puts("\t\t-d|--db|--log) ((i++)) ;;\n"
	     "\t\t-*) ;;\n"
	     "\t\t*)\tcase \"$cmd\" in\n"
	     "\t\t\t'') cmd=$word ;;\n"
	     "\t\t\t*' '*) ;;\n"
	     "\t\t\t*) cmd=\"$cmd $word\" ;;\n"
	     "\t\t\tesac ;;\n"
	     "\t\tesac\n"
	     "\tdone\n"
	     "\tcase $prev in");
	bash_values(common_rows);
	puts("\tesac");
	puts("\tif [ -z \"$found$files\" ]; then\n\tcase \"$cmd\" in");
	bash_groups();
	for (i = 0; i < commands_count; i++) {
		const struct command *c = &commands[i];
		bool file =
		    c->complete != NULL && strcmp(c->complete, "file") == 0;

		/* One word and an operand looks like two words. */
		printf("\t'%s'%s%s%s)\n\tcase $prev in\n", c->name,
		    strchr(c->name, ' ') == NULL ? "|'" : "",
		    strchr(c->name, ' ') == NULL ? c->name : "",
		    strchr(c->name, ' ') == NULL ? " '*" : "");
		bash_values(c->options);
		printf("\t*)\tif [[ $cur == -* ]]; then found=\"");
		bash_options(c->options);
		bash_options(common_rows);
		printf("\"; else found=\"");
		bash_operands(c->complete);
		printf("\"; files=%s; fi ;;\n\tesac ;;\n", file ? "1" : "");
	}
	puts("\tesac\n\tfi");
}

static void
print_bash(void)
{
	puts("# bash completion for pulse-ctl; made by: pulse-ctl completion "
	     "bash\n"
	     "_pulse_ctl() {\n"
	     "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev= found= files= cmd= "
	     "word= i\n"
	     "\t[ \"$COMP_CWORD\" -gt 0 ] && prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	     "\tCOMPREPLY=()\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	     "\t\tword=${COMP_WORDS[i]}\n"
	     "\t\tcase $word in");
	print_body();
	puts("\tif [ -n \"$files\" ]; then\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n"
	     "\telse\n"
	     "\t\tmapfile -t COMPREPLY < <(compgen -W \"$found\" -- "
	     "\"$cur\")\n"
	     "\tfi\n"
	     "}\n"
	     "complete -F _pulse_ctl pulse-ctl");
}

/* ---- zsh ----------------------------------------------------------------- */

/* As a file _pulse-ctl of the function path it is called at once; sourced, it
 * makes itself known. */
static void
print_zsh(void)
{
	puts("#compdef pulse-ctl\n"
	     "# zsh completion for pulse-ctl; made by: pulse-ctl completion "
	     "zsh\n"
	     "_pulse_ctl() {\n"
	     "\tlocal cur=${words[CURRENT]} prev=${words[CURRENT-1]}\n"
	     "\tlocal found= files= cmd= word= i\n"
	     "\tfor ((i = 2; i < CURRENT; i++)); do\n"
	     "\t\tword=${words[i]}\n"
	     "\t\tcase $word in");
	print_body();
	puts("\tif [ -n \"$files\" ]; then\n"
	     "\t\t_files\n"
	     "\telse\n"
	     "\t\tcompadd -- ${=found}\n"
	     "\tfi\n"
	     "}\n"
	     "if [ \"${funcstack[1]}\" = _pulse-ctl ]; then\n"
	     "\t_pulse_ctl \"$@\"\n"
	     "else\n"
	     "\tcompdef _pulse_ctl pulse-ctl\n"
	     "fi");
}

/* ---- fish ---------------------------------------------------------------- */

/* Single quotes of fish know \\ and \'. */
static void
fish_quote(const char *s)
{
	putchar('\'');
	for (; *s != '\0'; s++) {
		if (*s == '\'' || *s == '\\')
			putchar('\\');
		putchar(*s);
	}
	putchar('\'');
}

static void
fish_condition(const char *name)
{
	size_t n = strcspn(name, " ");

	printf("-n '__fish_seen_subcommand_from %.*s", (int)n, name);
	if (name[n] != '\0')
		printf("; and __fish_seen_subcommand_from %s", name + n + 1);
	printf("' ");
}

static void
fish_stored(const char *what)
{
	printf("-a '(%s 2>/dev/null | string replace -r "
	       "\"^.[^:]*:.([^\\\"]*).*\" \"\\$1\")'",
	    list_of(what));
}

static void
fish_option(const char *command, const struct opt *o)
{
	printf("complete -c pulse-ctl ");
	if (command != NULL)
		fish_condition(command);
	printf("-l %s ", o->name);
	if (o->key > ' ' && o->key < 127)
		printf("-s %c ", o->key);
	if (has_choices(o->arg)) {
		printf("-x -a '");
		print_choices(o->arg);
		printf("' ");
	} else if (stored_arg(o->arg) != NULL) {
		printf("-x ");
		fish_stored(stored_arg(o->arg));
		putchar(' ');
	} else if (o->arg != NULL) {
		printf(strcmp(o->arg, "FILE") == 0 ? "-r -F " : "-x ");
	}
	printf("-d ");
	fish_quote(o->help);
	putchar('\n');
}

static void
fish_command(size_t i)
{
	const struct command *c = &commands[i];
	size_t n = strcspn(c->name, " ");
	const struct opt *o;

	if (first_of_group(i)) {
		printf("complete -c pulse-ctl -n __fish_use_subcommand -a "
		       "%.*s -d ",
		    (int)n, c->name);
		fish_quote(c->name[n] == '\0' ? c->summary : "");
		putchar('\n');
	}
	if (c->name[n] != '\0') {
		printf("complete -c pulse-ctl -n "
		       "'__fish_seen_subcommand_from %.*s; and test (count "
		       "(commandline -opc)) -eq 2' -a %s -d ",
		    (int)n, c->name, c->name + n + 1);
		fish_quote(c->summary);
		putchar('\n');
	}
	for (o = c->options; o->name != NULL; o++)
		fish_option(c->name, o);
	if (c->complete != NULL && has_choices(c->complete)) {
		printf("complete -c pulse-ctl ");
		fish_condition(c->name);
		printf("-a '");
		print_choices(c->complete);
		puts("'");
	} else if (c->complete != NULL && strcmp(c->complete, "file") == 0) {
		printf("complete -c pulse-ctl ");
		fish_condition(c->name);
		puts("-F");
	} else if (c->complete != NULL) {
		printf("complete -c pulse-ctl ");
		fish_condition(c->name);
		fish_stored(c->complete);
		putchar('\n');
	}
}

static void
print_fish(void)
{
	const struct opt *o;
	size_t i;

	puts("# fish completion for pulse-ctl; made by: pulse-ctl completion "
	     "fish\n"
	     "complete -c pulse-ctl -f");
	for (o = common_rows; o->name != NULL; o++)
		fish_option(NULL, o);
	for (i = 0; i < commands_count; i++)
		fish_command(i);
}

int
command_completion(struct ctl *c)
{
	int n;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, 1, "a shell: bash, zsh or fish");
	v = ctl_operands(c, &n);
	if (strcmp(v[0], "bash") == 0)
		print_bash();
	else if (strcmp(v[0], "zsh") == 0)
		print_zsh();
	else if (strcmp(v[0], "fish") == 0)
		print_fish();
	else
		opt_usage_error(
		    &c->program, "'%s' is none of bash, zsh and fish", v[0]);
	return 0;
}
