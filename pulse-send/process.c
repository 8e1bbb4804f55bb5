#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "pulse-send/process.h"

#define EXTRA_MAX 8
#define EVENTS	  16

struct process {
	struct process *prev, *next;
	pid_t pid;
	int pid_fd, out_fd;
	int64_t started_us, deadline_us;
	bool timed_out;
	process_done_fn *done;
	void *arg;
	size_t len;
	char output[PROCESS_OUTPUT_MAX + 1];
};

struct processes {
	int epoll_fd;
	struct process *first;
};

int
processes_open(struct processes **ps, struct err *e)
{
	*ps = calloc(1, sizeof(**ps));
	if (*ps == NULL)
		return err_local(e, "out of memory");
	(*ps)->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if ((*ps)->epoll_fd < 0) {
		free(*ps);
		*ps = NULL;
		return err_set(e, "epoll: %s", strerror(errno));
	}
	return 0;
}

/* ---- starting ------------------------------------------------------------ */

static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	return posix_spawnattr_init(a) != 0 ||
	       posix_spawnattr_setsigmask(a, &none) != 0 ||
	       posix_spawnattr_setsigdefault(a, &all) != 0 ||
	       posix_spawnattr_setpgroup(a, 0) != 0 ||
	       posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
					       POSIX_SPAWN_SETSIGDEF |
					       POSIX_SPAWN_SETPGROUP) != 0;
}

/* posix_spawn with these as the three standard descriptors. 0 or errno. */
static int
spawn(pid_t *pid, char *const *argv, char *const *env, int in, int out)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int rc;

	if (set_attributes(&attributes) ||
	    posix_spawn_file_actions_init(&files) != 0)
		return ENOMEM;
	rc = posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    &files, out, STDOUT_FILENO);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(
		    &files, out, STDERR_FILENO);
	if (rc == 0)
		rc = posix_spawn(pid, argv[0], &files, &attributes, argv, env);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

static int
watch(struct processes *ps, struct process *p, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = p};

	return epoll_ctl(ps->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* A pipe that holds the whole input, so that nobody waits for anybody. */
static int
fill_input(int in[2], const void *input, size_t len, struct err *e)
{
	if (len > PROCESS_INPUT_MAX)
		return err_set(e, "the input is too large");
	if (pipe2(in, O_CLOEXEC) < 0)
		return err_local(e, "pipe: %s", strerror(errno));
	/* A pipe can be smaller when its user has many. */
	(void)fcntl(in[1], F_SETFL, O_NONBLOCK);
	if (write(in[1], input, len) != (ssize_t)len) {
		close(in[0]);
		close(in[1]);
		return err_local(e, "pipe: it does not take the input");
	}
	close(in[1]);
	return 0;
}

/* A program that is not there will not be there at once; room for one may be. */
static int
err_of_spawn(struct err *e, int error)
{
	static const char what[] = "the program does not start";

	if (error == EAGAIN || error == ENOMEM || error == EMFILE ||
	    error == ENFILE || error == ETXTBSY)
		return err_local(e, "%s: %s", what, strerror(error));
	return err_set(e, "%s: %s", what, strerror(error));
}

static int
launch(struct process *p, char *const *argv, const char *const *extra,
    const void *input, size_t len, struct err *e)
{
	char *env[EXTRA_MAX + 2] = {
	    (char *)"PATH=/usr/local/bin:/usr/bin:/bin"};
	int in[2], out[2], rc, i;

	for (i = 0; extra[i] != NULL && i < EXTRA_MAX; i++)
		env[i + 1] = (char *)extra[i];
	if (fill_input(in, input, len, e) < 0)
		return -1;
	if (pipe2(out, O_CLOEXEC) < 0) {
		close(in[0]);
		return err_local(e, "pipe: %s", strerror(errno));
	}
	rc = spawn(&p->pid, argv, env, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	if (rc != 0) {
		close(out[0]);
		return err_of_spawn(e, rc);
	}
	(void)fcntl(out[0], F_SETFL, O_NONBLOCK);
	p->out_fd = out[0];
	p->pid_fd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
}

static void
end_group(const struct process *p)
{
	kill(-p->pid, SIGKILL);
}

int
process_start(struct processes *ps, char *const *argv, const char *const *extra,
    const void *input, size_t len, int64_t timeout_ms, process_done_fn *done,
    void *arg, struct process **out, struct err *e)
{
	struct process *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_local(e, "out of memory");
	p->done = done;
	p->arg = arg;
	p->started_us = clock_mono_us();
	p->deadline_us = p->started_us + timeout_ms * 1000;
	if (launch(p, argv, extra, input, len, e) < 0) {
		free(p);
		return -1;
	}
	if (p->pid_fd < 0 || watch(ps, p, p->pid_fd) < 0 ||
	    watch(ps, p, p->out_fd) < 0) {
		end_group(p);
		(void)waitpid(p->pid, NULL, 0);
		close(p->out_fd);
		if (p->pid_fd >= 0)
			close(p->pid_fd);
		free(p);
		return err_local(e, "the program cannot be watched");
	}
	p->next = ps->first;
	if (ps->first != NULL)
		ps->first->prev = p;
	ps->first = p;
	*out = p;
	return 0;
}

/* ---- ending -------------------------------------------------------------- */

static void
unlink_process(struct processes *ps, struct process *p)
{
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		ps->first = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	close(p->pid_fd);
	close(p->out_fd);
}

void
process_cancel(struct processes *ps, struct process *p)
{
	end_group(p);
	(void)waitpid(p->pid, NULL, 0);
	unlink_process(ps, p);
	free(p);
}

void
processes_close(struct processes *ps)
{
	if (ps == NULL)
		return;
	while (ps->first != NULL)
		process_cancel(ps, ps->first);
	close(ps->epoll_fd);
	free(ps);
}

/* Take what there is; the end of it needs no more watching. */
static void
read_output(struct processes *ps, struct process *p)
{
	char junk[4096];

	for (;;) {
		size_t room = PROCESS_OUTPUT_MAX - p->len;
		ssize_t n = room > 0 ? read(p->out_fd, p->output + p->len, room)
				     : read(p->out_fd, junk, sizeof(junk));

		if (n == 0)
			(void)epoll_ctl(
			    ps->epoll_fd, EPOLL_CTL_DEL, p->out_fd, NULL);
		if (n <= 0)
			return;
		if (room > 0)
			p->len += (size_t)n;
	}
}

static void
finish(struct processes *ps, struct process *p, int wait_status)
{
	struct process_result r = {
	    .status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1,
	    .signal = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0,
	    .timed_out = p->timed_out,
	    .latency_us = clock_mono_us() - p->started_us,
	};

	read_output(ps, p);
	p->output[p->len] = '\0';
	r.output = p->output;
	r.len = p->len;
	unlink_process(ps, p);
	p->done(p->arg, &r);
	free(p);
}

int
processes_fd(const struct processes *ps)
{
	return ps->epoll_fd;
}

int
processes_timeout_ms(const struct processes *ps)
{
	const struct process *p;
	int64_t next = INT64_MAX, left;

	for (p = ps->first; p != NULL; p = p->next)
		if (p->deadline_us < next)
			next = p->deadline_us;
	if (next == INT64_MAX)
		return -1;
	left = (next - clock_mono_us() + 999) / 1000;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

void
processes_service(struct processes *ps)
{
	struct epoll_event ev[EVENTS];
	int64_t now_us = clock_mono_us();
	struct process *p, *next;
	int status;

	if (ps->first == NULL)
		return;
	(void)epoll_wait(ps->epoll_fd, ev, EVENTS, 0);
	/* There are few of them: look at each. */
	for (p = ps->first; p != NULL; p = next) {
		next = p->next;
		read_output(ps, p);
		if (p->deadline_us <= now_us && !p->timed_out) {
			p->timed_out = true;
			end_group(p);
		}
		if (waitpid(p->pid, &status, WNOHANG) == p->pid)
			finish(ps, p, status);
	}
}
