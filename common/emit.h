/*
 * emit: NDJSON out. Whole lines go to write(2), many at a time when many are
 * ready, one in one call when one is.
 */
#ifndef COMMON_EMIT_H
#define COMMON_EMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

struct emit {
	int fd;
	struct buf buf;
};

/* Collect at most max bytes before emit_add() writes by itself. */
void emit_init(struct emit *e, int fd, size_t max);
void emit_release(struct emit *e);
/* Append a line (no newline in it; one is added). Writes first when full.
 * 0, or -1 with errno of write(2) (EPIPE: the reader is gone). */
int emit_add(struct emit *e, const void *line, size_t n);
/* Write all that was collected, waiting as long as the reader needs; the
 * descriptor may be non-blocking. 0 or -1 with errno. */
int emit_flush(struct emit *e);
/* Write what the descriptor takes now, without waiting. The bytes still
 * held, or -1 with errno. */
long emit_try(struct emit *e);

#endif
