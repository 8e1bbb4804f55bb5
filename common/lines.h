/*
 * lines: NDJSON in. Reads a descriptor (blocking or not) and gives it back
 * line by line.
 */
#ifndef COMMON_LINES_H
#define COMMON_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Longest line taken by default, its newline not counted. */
#define LINES_MAX_DEFAULT ((size_t)256 * 1024)

enum lines_status {
	LINES_LINE, /* a line: *line, *len; not NUL-terminated */
	LINES_TOO_LONG, /* a line beyond the maximum was skipped; *len = its
			 * length so far as read, *line its first bytes */
	LINES_MORE, /* no whole line yet: lines_fill() again */
	LINES_END, /* end of input, everything was given out */
};

struct lines {
	int fd;
	size_t max;
	char *p;
	size_t start, end, cap;
	size_t scanned;
	size_t skipping; /* bytes of an over-long line dropped so far */
	bool eof;
	/* Number of the line given out last, from 1. */
	uint64_t number;
};

/* Read fd; lines may be max bytes long. 0, or -1 when memory is short. */
int lines_init(struct lines *l, int fd, size_t max);
void lines_release(struct lines *l);
/*
 * Read once. The bytes read, 0 at end of input (remembered), or -1 with
 * errno (EAGAIN on a non-blocking descriptor that has nothing).
 */
ssize_t lines_fill(struct lines *l);
/*
 * The next line, from what was read. The pointer is good until the next
 * lines_fill(). A last line without a newline is a line. Empty lines are
 * skipped (but counted). A copy of *l made before, put back before the next
 * lines_fill(), has the same lines given out again.
 */
enum lines_status lines_next(struct lines *l, const char **line, size_t *len);
/* Whole lines that were read and not given out. */
size_t lines_waiting(const struct lines *l);

#endif
