#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/log.h"
#include "pulse-send/worker.h"

/* Asks that may wait to be read by the worker. */
#define OUT_MAX ((size_t)64 * 1024 * 1024)

/* An id is the number of the call, from 1, and below it the place in the
 * array. */
#define PLACE_BITS 16

/* Processes in a row that may end before they have answered anything: one that
 * is idle, or has just begun, may be killed like any other. */
#define FRUITLESS_MAX 3

struct worker_call {
	struct worker_call *next; /* spare */
	uint64_t id; /* 0 while it is spare */
	worker_done_fn *done;
	void *arg;
};

struct worker {
	struct worker_options options;
	pid_t pid;
	struct wire wire;
	int fruitless; /* processes since the last answer */
	struct worker_call *calls, *spare;
	uint64_t ncalls; /* that were handed over */
	struct worker_shared *shared;
};

/* ---- the process --------------------------------------------------------- */

/* In the new process: nothing of the old one but its socket, stderr and a
 * copy of its memory. */
static _Noreturn void
live(int fd, pid_t parent, const struct worker *w)
{
	static const int ignored[] = {
	    SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGPIPE};
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	size_t i;

	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)prctl(PR_SET_NAME, "pulse-send-http");
	/* Whoever kills pulse-send stops its requests. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent ||
	    null < 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 ||
	    close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		_exit(1);
	_exit(worker_main(STDIN_FILENO, &w->options, w->shared));
}

static int
start_process(struct worker *w, struct err *e)
{
	pid_t parent = getpid();
	int fd[2];

	if (socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd) < 0)
		return err_local(e, "socketpair: %s", strerror(errno));
	w->pid = fork();
	if (w->pid == 0)
		live(fd[1], parent, w);
	close(fd[1]);
	if (w->pid < 0) {
		close(fd[0]);
		return err_local(e, "fork: %s", strerror(errno));
	}
	wire_init(&w->wire, fd[0], OUT_MAX);
	w->fruitless++;
	return 0;
}

static void
end_process(struct worker *w, int *status)
{
	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		while (waitpid(w->pid, status, 0) < 0 && errno == EINTR)
			;
	}
	w->pid = 0;
	wire_release(&w->wire);
}

/* ---- calls --------------------------------------------------------------- */

static void
make_spare(struct worker *w, struct worker_call *c)
{
	c->id = 0;
	c->next = w->spare;
	w->spare = c;
}

int
worker_open(struct worker **out, const struct worker_options *o, struct err *e)
{
	struct worker *w = calloc(1, sizeof(*w));
	int i;

	*out = w;
	if (w == NULL)
		return err_local(e, "out of memory");
	w->options = *o;
	w->wire.fd = -1;
	w->calls = calloc((size_t)o->calls, sizeof(*w->calls));
	w->shared = mmap(NULL, sizeof(*w->shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->calls == NULL || w->shared == MAP_FAILED)
		return err_local(e, "out of memory");
	for (i = o->calls - 1; i >= 0; i--)
		make_spare(w, &w->calls[i]);
	return start_process(w, e);
}

void
worker_close(struct worker *w)
{
	int status;

	if (w == NULL)
		return;
	end_process(w, &status);
	if (w->shared != NULL && w->shared != MAP_FAILED)
		(void)munmap(w->shared, sizeof(*w->shared));
	free(w->calls);
	free(w);
}

int
worker_start(struct worker *w, const struct http_request *r,
    worker_done_fn *done, void *arg, struct worker_call **call, struct err *e)
{
	struct worker_call *c = w->spare;
	uint64_t id;

	if (c == NULL)
		return err_local(e, "too many requests at once");
	id = (w->ncalls + 1) << PLACE_BITS | (uint64_t)(c - w->calls);
	if (wire_put_call(&w->wire, id, r) < 0)
		return err_local(e, "no room for the request");
	w->ncalls++;
	w->spare = c->next;
	c->id = id;
	c->done = done;
	c->arg = arg;
	*call = c;
	return 0;
}

/* (Should there be no room to say so, the answer is thrown away.) */
bool
worker_cancel(struct worker *w, struct worker_call *c)
{
	bool begun = c->id <= w->shared->begun;

	(void)wire_put_cancel(&w->wire, c->id);
	make_spare(w, c);
	return begun;
}

size_t
worker_slow(const struct worker *w)
{
	return (size_t)w->shared->slow;
}

void
worker_recall(struct worker *w)
{
	w->shared->recalled = (w->ncalls + 1) << PLACE_BITS;
}

/* ---- the loop's side ----------------------------------------------------- */

int
worker_fd(const struct worker *w)
{
	return w->wire.fd;
}

short
worker_events(const struct worker *w)
{
	return wire_waits(&w->wire) ? POLLIN | POLLOUT : POLLIN;
}

static void
finish(struct worker *w, const struct wire_answer *a)
{
	size_t i = (size_t)(a->id % (1U << PLACE_BITS));
	struct worker_call *c;

	/* Not of a call that was cancelled. */
	if (i >= (size_t)w->options.calls || w->calls[i].id != a->id)
		return;
	c = &w->calls[i];
	make_spare(w, c);
	c->done(c->arg, a);
}

static void
say_end(int status, struct err *s)
{
	if (WIFSIGNALED(status))
		err_set(s, "the process that sends was killed by signal %d",
		    WTERMSIG(status));
	else
		err_set(s, "the process that sends ended with status %d",
		    WEXITSTATUS(status));
}

/* What it had begun may have left. */
static void
break_calls(struct worker *w, const char *why)
{
	struct wire_answer a = {.response = {.outcome = HTTP_BROKEN,
				    .left = true,
				    .body = "",
				    .address = "",
				    .error = why}};
	int i;

	for (i = 0; i < w->options.calls; i++) {
		if ((a.id = w->calls[i].id) == 0)
			continue;
		a.unsent = a.id > w->shared->begun;
		finish(w, &a);
	}
}

/* It is gone: another one, but not again and again. */
static int
replace(struct worker *w, struct err *e)
{
	struct err why;
	int status = 0;

	end_process(w, &status);
	say_end(status, &why);
	break_calls(w, why.msg);
	w->shared->slow = 0;
	if (w->fruitless > FRUITLESS_MAX)
		return err_set(e, "%s", why.msg);
	log_error("%s; another one takes its place", why.msg);
	return start_process(w, e);
}

int
worker_service(struct worker *w, struct err *e)
{
	struct wire_answer a;
	int rc = wire_receive(&w->wire);

	while (rc > 0 && (rc = wire_next_answer(&w->wire, &a)) > 0) {
		w->fruitless = 0;
		finish(w, &a);
	}
	return rc < 0 ? replace(w, e) : 0;
}

void
worker_flush(struct worker *w)
{
	/* A worker that is gone is noticed where answers are read. */
	(void)wire_send(&w->wire);
}
