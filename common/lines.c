#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/lines.h"

/* Bytes asked for at once: what a pipe holds, and a part of a processor's
 * cache, so that a line is parsed while its bytes are near. */
#define CHUNK ((size_t)64 * 1024)

int
lines_init(struct lines *l, int fd, size_t max)
{
	*l = (struct lines){.fd = fd, .max = max, .cap = max + 1 + CHUNK};
	l->p = malloc(l->cap);
	return l->p == NULL ? -1 : 0;
}

void
lines_release(struct lines *l)
{
	free(l->p);
	*l = (struct lines){.fd = -1};
}

ssize_t
lines_fill(struct lines *l)
{
	size_t room;
	ssize_t n;

	if (l->start > 0) {
		memmove(l->p, l->p + l->start, l->end - l->start);
		l->end -= l->start;
		l->scanned -= l->start;
		l->start = 0;
	}
	room = l->cap - l->end;
	n = read(l->fd, l->p + l->end, room < CHUNK ? room : CHUNK);
	if (n > 0)
		l->end += (size_t)n;
	else if (n == 0)
		l->eof = true;
	return n;
}

/* The rest of an over-long line, up to its newline. */
static enum lines_status
finish_skipping(struct lines *l, const char **line, size_t *len)
{
	char *nl = memchr(l->p + l->start, '\n', l->end - l->start);
	size_t upto = nl != NULL ? (size_t)(nl - l->p) : l->end;

	l->skipping += upto - l->start;
	l->start = l->scanned = nl != NULL ? upto + 1 : upto;
	if (nl == NULL && !l->eof)
		return LINES_MORE;
	*line = "";
	*len = l->skipping;
	l->skipping = 0;
	l->number++;
	return LINES_TOO_LONG;
}

enum lines_status
lines_next(struct lines *l, const char **line, size_t *len)
{
	for (;;) {
		char *from, *nl;
		size_t n;

		if (l->skipping > 0)
			return finish_skipping(l, line, len);
		nl = memchr(l->p + l->scanned, '\n', l->end - l->scanned);
		from = l->p + l->start;
		if (nl == NULL) {
			l->scanned = l->end;
			n = l->end - l->start;
			if (n > l->max) {
				l->skipping = n;
				l->start = l->scanned = l->end;
				continue;
			}
			if (!l->eof)
				return LINES_MORE;
			if (n == 0)
				return LINES_END;
			l->start = l->end;
		} else {
			n = (size_t)(nl - from);
			l->start = l->scanned = (size_t)(nl - l->p) + 1;
		}
		l->number++;
		if (n > 0 && from[n - 1] == '\r')
			n--;
		if (n == 0)
			continue;
		*line = from;
		*len = n;
		if (n > l->max)
			return LINES_TOO_LONG;
		return LINES_LINE;
	}
}

size_t
lines_waiting(const struct lines *l)
{
	const char *p = l->p + l->start, *end = l->p + l->end;
	size_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n + (l->eof && l->end > l->start && end[-1] != '\n');
}
