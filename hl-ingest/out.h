/*
 * out: records to a reader that may be slow, without ever waiting for it.
 *
 * A pipe or terminal is opened anew without blocking (through
 * /proc/self/fd, so that whoever shares the descriptor with us keeps a
 * blocking one). What it does not take is kept. Two kinds of records:
 *
 *  - lines (closed bars, control records) are kept in order, all of them.
 *    Who makes them must ask out_room() first and hold back when there is
 *    none: bars can be had from the exchange again, so memory is bounded.
 *  - forming bars are not kept here: while out_blocked(), the newest of each
 *    series is kept by its owner, who prints it when the queue is empty again.
 */
#ifndef HL_INGEST_OUT_H
#define HL_INGEST_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

/* Lines are held back from here on; room beyond it is for those of the answer
 * that is being worked on. */
#define OUT_ROOM ((size_t)2 * 1024 * 1024)
#define OUT_MAX	 ((size_t)16 * 1024 * 1024)

struct out {
	int fd;
	bool own; /* opened by us */
	int epoll; /* readable when fd can be written or its reader is gone */
	bool waiting; /* epoll looks for room */
	bool blocked; /* fd took less than all at the last try */
	struct buf queue;
	uint64_t records;
};

/* -1 with errno. */
int out_open(struct out *o, int fd);
void out_close(struct out *o);
/* A whole line without its newline. -1 when the queue is at its end: a fault
 * of the caller's who did not look at out_room(). */
int out_line(struct out *o, const char *p, size_t n);
bool out_room(const struct out *o);
/* Lines wait because the reader is slow. */
bool out_blocked(const struct out *o);
/* Write what can be written. 0, or -1 with errno (EPIPE: nobody reads). */
int out_flush(struct out *o);
/* The same, waiting at most real_ms for the reader. */
int out_drain(struct out *o, int64_t real_ms);
/* To watch for reading; -1 for a file, which always takes all. */
int out_fd(const struct out *o);

#endif
