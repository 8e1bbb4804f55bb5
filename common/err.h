/*
 * err: one sentence that says what failed and why.
 *
 * Functions of common/ and db/ never print and never exit. They return 0, or
 * -1 with a whole sentence in the caller's struct err; the program prints it
 * once, as "tool: sentence". No sentence ever holds a secret (webhook URL,
 * key, token).
 */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdarg.h>
#include <stdbool.h>

struct err {
	char msg[512];
	/* This machine was short of something (descriptors, memory, ports):
	 * the same may work later. Set by err_local(). */
	bool local;
};

/*
 * Set the sentence (cut to fit) and return -1, so that a caller can write
 * "return err_set(...)". e may be NULL: then only -1 is returned.
 */
int err_set(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The same, for what this machine is short of. */
int err_local(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Put "what: " before the sentence that e already holds. Returns -1. */
int err_prefix(struct err *e, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
