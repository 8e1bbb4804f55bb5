/*
 * sig: signals as a readable file descriptor.
 */
#ifndef COMMON_SIG_H
#define COMMON_SIG_H

#include <stdbool.h>

/*
 * Block SIGINT, SIGTERM, SIGHUP and SIGUSR1, ignore SIGPIPE (a write then
 * fails with EPIPE: die quietly), and return a non-blocking, close-on-exec
 * descriptor that is readable when one of them came. -1 with errno.
 */
int sig_open(void);
/* The next signal's number, or 0 when none is waiting. */
int sig_read(int fd);
/* Whether SIGTERM or SIGINT, blocked by sig_open(), came and was not read. */
bool sig_stop_waits(void);
/* Exit as a program that SIGPIPE killed: without a word. Does not return. */
_Noreturn void sig_die_of_pipe(void);

#endif
