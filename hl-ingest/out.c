#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "hl-ingest/out.h"

/* The same file without blocking: a new description where that is possible
 * (not for sockets: those are set to it). */
static int
open_again(struct out *o, int fd)
{
	char path[64];
	struct stat st;
	int again;

	o->fd = fd;
	if (fstat(fd, &st) < 0)
		return -1;
	if (S_ISREG(st.st_mode))
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (again >= 0) {
		o->fd = again;
		o->own = true;
		return 0;
	}
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int
out_open(struct out *o, int fd)
{
	struct epoll_event ev = {.events = 0};

	memset(o, 0, sizeof(*o));
	o->epoll = -1;
	buf_init(&o->queue, OUT_MAX);
	if (open_again(o, fd) < 0)
		return -1;
	o->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (o->epoll < 0)
		return -1;
	if (epoll_ctl(o->epoll, EPOLL_CTL_ADD, o->fd, &ev) < 0) {
		/* A file: always ready. */
		(void)close(o->epoll);
		o->epoll = -1;
		return errno == EPERM ? 0 : -1;
	}
	return 0;
}

void
out_close(struct out *o)
{
	buf_release(&o->queue);
	if (o->epoll >= 0)
		(void)close(o->epoll);
	if (o->own)
		(void)close(o->fd);
}

int
out_line(struct out *o, const char *p, size_t n)
{
	if (o->queue.len + n + 1 > o->queue.max)
		return -1;
	buf_add(&o->queue, p, n);
	buf_addc(&o->queue, '\n');
	o->records++;
	return buf_failed(&o->queue) ? -1 : 0;
}

bool
out_room(const struct out *o)
{
	return o->queue.len < OUT_ROOM;
}

bool
out_blocked(const struct out *o)
{
	return o->blocked;
}

/* Ask to be told of room only while something waits for it. */
static void
wait_for_room(struct out *o, bool wait)
{
	struct epoll_event ev = {.events = wait ? EPOLLOUT : 0};

	if (o->epoll < 0 || o->waiting == wait)
		return;
	if (epoll_ctl(o->epoll, EPOLL_CTL_MOD, o->fd, &ev) == 0)
		o->waiting = wait;
}

int
out_flush(struct out *o)
{
	size_t done = 0;
	int rc = 0;

	while (done < o->queue.len) {
		ssize_t n =
		    write(o->fd, o->queue.p + done, o->queue.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			rc = errno == EAGAIN ? 0 : -1;
			break;
		}
		done += (size_t)n;
	}
	buf_consume(&o->queue, done);
	o->blocked = o->queue.len > 0;
	wait_for_room(o, o->blocked);
	return rc;
}

int
out_drain(struct out *o, int64_t real_ms)
{
	int64_t until = clock_mono_us() + real_ms * 1000;

	while (out_flush(o) == 0 && o->blocked) {
		struct pollfd p = {.fd = o->fd, .events = POLLOUT};
		int64_t left = (until - clock_mono_us()) / 1000;

		if (left <= 0)
			return 0;
		(void)poll(&p, 1, (int)left);
	}
	return o->blocked ? -1 : 0;
}

int
out_fd(const struct out *o)
{
	return o->epoll;
}
