/*
 * process: programs that are run for a channel of kind exec, many at once,
 * without a shell and without waiting. Shaped like common/http: one descriptor
 * to watch, one function to call.
 *
 * A program gets its input on stdin, an environment of its own (PATH and what
 * the caller gives), default signals and a process group, which is killed as a
 * whole when its time is over. What it writes to stdout and stderr is kept up
 * to a maximum and otherwise thrown away.
 */
#ifndef PULSE_SEND_PROCESS_H
#define PULSE_SEND_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/err.h"

/* What a program may write that is kept. */
#define PROCESS_OUTPUT_MAX 1024
/* Input beyond what a pipe holds is refused. */
#define PROCESS_INPUT_MAX 65536

struct processes;
struct process;

struct process_result {
	int status; /* exit status, or -1 */
	int signal; /* that ended it, or 0 */
	bool timed_out;
	const char *output;
	size_t len;
	int64_t latency_us;
};

typedef void process_done_fn(void *arg, const struct process_result *r);

int processes_open(struct processes **ps, struct err *e);
/* Kill what still runs. NULL is allowed. */
void processes_close(struct processes *ps);

/* Run argv[0] (a path). extra: more of the environment, "NAME=value", NULL
 * behind the last. done runs once, out of processes_service(), unless the
 * process is cancelled. */
int process_start(struct processes *ps, char *const *argv,
    const char *const *extra, const void *input, size_t len, int64_t timeout_ms,
    process_done_fn *done, void *arg, struct process **p, struct err *e);
/* Kill it; done never runs. */
void process_cancel(struct processes *ps, struct process *p);

/* Readable when processes_service() has something to do. */
int processes_fd(const struct processes *ps);
/* Time until a program's time is over; -1: none runs. */
int processes_timeout_ms(const struct processes *ps);
void processes_service(struct processes *ps);

#endif
