#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sig.h"
#include "tests/unit/tap.h"

int
main(void)
{
	int fd = sig_open(), status = 0;
	int fds[2];
	pid_t pid;

	ok(fd >= 0, "signals have a descriptor");
	is_int(sig_read(fd), 0, "none has come");
	raise(SIGTERM);
	is_int(sig_read(fd), SIGTERM, "one has");
	raise(SIGHUP);
	raise(SIGUSR1);
	is_int(sig_read(fd) + sig_read(fd), SIGHUP + SIGUSR1, "two more");
	is_int(sig_read(fd), 0, "and no other");
	ok(pipe(fds) == 0 && close(fds[0]) == 0 && write(fds[1], "x", 1) < 0,
	    "SIGPIPE does not kill");
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		sig_die_of_pipe();
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE,
	    "until it is meant to");
	return tap_done();
}
