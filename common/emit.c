#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "common/emit.h"

void
emit_init(struct emit *e, int fd, size_t max)
{
	e->fd = fd;
	buf_init(&e->buf, max);
}

void
emit_release(struct emit *e)
{
	buf_release(&e->buf);
}

long
emit_try(struct emit *e)
{
	while (e->buf.len > 0) {
		ssize_t n = write(e->fd, e->buf.p, e->buf.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return -1;
		buf_consume(&e->buf, (size_t)n);
	}
	return (long)e->buf.len;
}

int
emit_flush(struct emit *e)
{
	for (;;) {
		struct pollfd p = {.fd = e->fd, .events = POLLOUT};
		long held = emit_try(e);

		if (held <= 0)
			return (int)held;
		(void)poll(&p, 1, -1);
	}
}

int
emit_add(struct emit *e, const void *line, size_t n)
{
	if (e->buf.len + n + 1 > e->buf.max && emit_flush(e) < 0)
		return -1;
	if (buf_add(&e->buf, line, n) < 0 || buf_addc(&e->buf, '\n') < 0) {
		buf_reset(&e->buf);
		errno = ENOBUFS;
		return -1;
	}
	return 0;
}
