/*
 * buf: a growable run of bytes with a hard maximum.
 *
 * Once an append does not fit (maximum reached or no memory) the buffer is
 * "failed": it keeps what it had, every later append does nothing, and
 * buf_failed() tells. So a writer appends freely and checks once at the end.
 * p is always NUL-terminated after the first append; the NUL is not counted.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf {
	char *p;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
};

/* Start empty, never to hold more than max bytes. Allocates nothing. */
void buf_init(struct buf *b, size_t max);
/* Free the bytes; the buffer is empty and usable again with the same max. */
void buf_release(struct buf *b);
/* Forget the bytes and the failure, keep the memory. */
void buf_reset(struct buf *b);
/* Make room for n more bytes (and a NUL). 0, or -1 when failed. */
int buf_reserve(struct buf *b, size_t n);

/* What buf_add() does when there is no room yet. */
int buf_add_more(struct buf *b, const void *p, size_t n);

/* Inline, like the next two: records are printed in pieces of a few bytes,
 * mostly literals, whose length the compiler then knows. */
static inline int
buf_add(struct buf *b, const void *p, size_t n)
{
	/* cap is never above max + 1; the NUL needs the one byte more. */
	if (b->failed || n >= b->cap - b->len)
		return buf_add_more(b, p, n);
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
	return 0;
}

static inline int
buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, strlen(s));
}

static inline int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

/* Append several strings, the last argument NULL: what buf_addf() with "%s"
 * does, at a fifth of the cost. */
int buf_cat(struct buf *b, ...) __attribute__((sentinel));
/* Append a whole number: a tenth of what buf_addf() costs. */
int buf_add_int(struct buf *b, int64_t v);
int buf_addf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap);
/* Append s as a JSON string, quotes included (RFC 8259 escapes; bytes of
 * UTF-8 pass as they are; s must be valid UTF-8 for valid JSON). */
int buf_add_json(struct buf *b, const char *s, size_t n);
int buf_adds_json(struct buf *b, const char *s);
/* Drop the first n bytes. */
void buf_consume(struct buf *b, size_t n);

static inline bool
buf_failed(const struct buf *b)
{
	return b->failed;
}

#endif
