#include <getopt.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/opt.h"
#include "tests/unit/tap.h"

static const struct opt options[] = {
    {'c', "concurrency", "N", "how many at once"},
    {300, "closed", NULL, "closed bars only"},
    {0, NULL, NULL, NULL},
};

static const struct opt_program program = {
    .name = "pulse-test",
    .synopsis = "pulse-test [-c N] [FILE ...]",
    .examples = "  pulse-test -c 3 file",
    .options = options,
};

/* What a command line comes to: keys with arguments, then the operands. */
static void
parse(char **argv, char *out)
{
	struct opt_common common = {.db = NULL};
	struct opt_state st = {.program = &program, .common = &common};
	int key;

	optind = 0;
	st.argv = argv;
	while (argv[st.argc] != NULL)
		st.argc++;
	while ((key = opt_next(&st)) != -1)
		out += snprintf(
		    out, 64, "%d(%s) ", key, st.arg != NULL ? st.arg : "");
	out += snprintf(out, 64, "db=%s v=%d n=%d log=%d",
	    common.db != NULL ? common.db : "", common.verbosity,
	    common.dry_run, (int)common.log);
	for (; optind < st.argc; optind++)
		out += snprintf(out, 64, " [%s]", argv[optind]);
}

static struct {
	char *argv[10];
	const char *want;
} lines[] = {
    {{"t", NULL}, "db= v=0 n=0 log=0"},
    {{"t", "-c", "3", "x", NULL}, "99(3) db= v=0 n=0 log=0 [x]"},
    {{"t", "--concurrency=3", "--closed", NULL},
	"99(3) 300() db= v=0 n=0 log=0"},
    {{"t", "-vv", "-q", "-n", "-d", "file.db", NULL},
	"db=file.db v=1 n=1 log=0"},
    {{"t", "--log", "json", "--", "-c", NULL}, "db= v=0 n=0 log=2 [-c]"},
};

/* The exit status of a command line that must end the process, and what it
 * printed to the descriptor. */
static int
status_of(char **argv, int fd, char *said, size_t max)
{
	int fds[2], status = -1;
	size_t len = 0;
	ssize_t n;
	pid_t pid;

	if (pipe(fds) < 0)
		return -1;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		char out[512];

		dup2(fds[1], fd);
		parse(argv, out);
		_exit(99);
	}
	close(fds[1]);
	while ((n = read(fds[0], said + len, max - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

int
main(void)
{
	char *help[] = {"t", "--help", NULL};
	char *version[] = {"t", "-V", NULL};
	char *unknown[] = {"t", "--nothing", NULL};
	char *missing[] = {"t", "-c", NULL};
	char *log[] = {"t", "--log", "xml", NULL};
	char out[2048];
	const char *usage;
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		parse(lines[i].argv, out);
		is_str(out, lines[i].want, "a command line");
	}
	is_int(status_of(help, 1, out, sizeof(out)), 0, "--help ends with 0");
	usage = strstr(out, "Usage: pulse-test [-c N]");
	ok(usage != NULL && strstr(out, "pulse-test -c 3 file") != NULL &&
		strstr(out, "pulse-test -c 3 file") < usage,
	    "and shows examples first");
	ok(strstr(out, "-c, --concurrency N") != NULL &&
		strstr(out, "    --closed ") != NULL &&
		strstr(out, "-d, --db URL") != NULL,
	    "and every option");
	is_int(status_of(version, 1, out, sizeof(out)), 0, "-V ends with 0");
	is_str(out, "pulse-test " PULSE_VERSION "\n", "and says the version");
	is_int(status_of(unknown, 2, out, sizeof(out)), 2, "an unknown option");
	is_int(
	    status_of(missing, 2, out, sizeof(out)), 2, "a missing argument");
	is_int(status_of(log, 2, out, sizeof(out)), 2, "an unknown format");
	ok(strstr(out, "Try 'pulse-test --help'") != NULL, "points to --help");
	return tap_done();
}
