#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/wire/stream.h"
#include "tests/wire/tls.h"

#define READ_SIZE 65536

static void on_ready(struct loop_watch *w, uint32_t events);

int
stream_open(struct stream *s, struct loop *l, int fd,
    const struct stream_ops *ops, size_t max_in, size_t max_out,
    struct tls_server *tls)
{
	int one = 1;

	*s = (struct stream){.loop = l, .ops = ops, .reading = true};
	s->watch = (struct loop_watch){.fd = fd, .ready = on_ready};
	buf_init(&s->in, max_in);
	buf_init(&s->out, max_out);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (tls != NULL && (s->ssl = tls_accept(tls, fd)) == NULL) {
		close(fd);
		return -1;
	}
	if (loop_add(l, &s->watch, EPOLLIN) != 0) {
		tls_free(s->ssl);
		close(fd);
		return -1;
	}
	return 0;
}

void
stream_release(struct stream *s)
{
	buf_release(&s->in);
	buf_release(&s->out);
}

size_t
stream_pending(const struct stream *s)
{
	return s->out.len - s->sent;
}

void
stream_end(struct stream *s, bool reset)
{
	if (s->dead)
		return;
	s->dead = true;
	if (reset) {
		struct linger lg = {.l_onoff = 1, .l_linger = 0};

		(void)setsockopt(
		    s->watch.fd, SOL_SOCKET, SO_LINGER, &lg, sizeof(lg));
	}
	tls_free(s->ssl);
	s->ssl = NULL;
	loop_remove(s->loop, &s->watch);
	close(s->watch.fd);
	s->watch.fd = -1;
	s->ops->closed(s);
}

static void
rewatch(struct stream *s)
{
	uint32_t events = 0;

	/* Not reading, it must still notice when the other side goes. */
	if (!s->peer_done)
		events |= s->reading ? EPOLLIN : EPOLLRDHUP;
	if (stream_pending(s) > 0)
		events |= EPOLLOUT;
	loop_change(s->loop, &s->watch, events);
}

static ssize_t
put(struct stream *s, const char *p, size_t n)
{
	if (s->ssl != NULL)
		return tls_write(s->ssl, p, n);
	return send(s->watch.fd, p, n, MSG_NOSIGNAL);
}

void
stream_flush(struct stream *s)
{
	if (s->dead)
		return;
	while (stream_pending(s) > 0) {
		ssize_t n = put(s, s->out.p + s->sent, stream_pending(s));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0) {
			stream_end(s, false);
			return;
		}
		s->sent += (size_t)n;
	}
	if (stream_pending(s) == 0) {
		buf_reset(&s->out);
		s->sent = 0;
		if (s->finishing) {
			stream_end(s, false);
			return;
		}
	} else if (s->sent > s->out.len / 2) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
	rewatch(s);
}

void
stream_read(struct stream *s, bool reading)
{
	s->reading = reading;
	if (!s->dead)
		rewatch(s);
}

void
stream_finish(struct stream *s)
{
	s->finishing = true;
	stream_flush(s);
}

/* One read. 1 = bytes came, 0 = nothing more now, -1 = the stream is over. */
static int
get(struct stream *s)
{
	ssize_t n;

	if (buf_reserve(&s->in, READ_SIZE) != 0) {
		stream_end(s, true); /* more than any client should send */
		return -1;
	}
	if (s->ssl != NULL)
		n = tls_read(s->ssl, s->in.p + s->in.len, READ_SIZE);
	else
		n = recv(s->watch.fd, s->in.p + s->in.len, READ_SIZE, 0);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR
			   ? 0
			   : (stream_end(s, false), -1);
	if (n == 0) {
		/* The other half may still be waiting for its answer. */
		s->peer_done = true;
		if (stream_pending(s) > 0)
			stream_finish(s);
		else
			stream_end(s, false);
		return -1;
	}
	s->in.len += (size_t)n;
	s->in.p[s->in.len] = '\0';
	return 1;
}

static void
on_ready(struct loop_watch *w, uint32_t events)
{
	struct stream *s = CONTAINER_OF(w, struct stream, watch);

	if (s->dead)
		return;
	if (events & EPOLLOUT) {
		stream_flush(s);
		if (!s->dead && stream_pending(s) == 0 &&
		    s->ops->drained != NULL)
			s->ops->drained(s);
	}
	if (s->dead)
		return;
	if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) && !s->reading) {
		stream_end(s, false);
		return;
	}
	if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0 || !s->reading)
		return;
	if (get(s) > 0)
		s->ops->data(s);
	/* TLS may hold decrypted bytes that epoll cannot see. */
	while (!s->dead && s->ssl != NULL && s->reading &&
	       tls_pending(s->ssl) && get(s) > 0)
		s->ops->data(s);
}

static void
on_accept(struct loop_watch *w, uint32_t events)
{
	struct listener *l = CONTAINER_OF(w, struct listener, watch);

	(void)events;
	for (;;) {
		int fd = accept4(
		    l->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		l->accepted(l, fd);
		/* accepted() may have closed the listener. */
		if (l->watch.fd < 0)
			return;
	}
}

/* An address to bind to, of either family; its length, or 0. */
static socklen_t
loopback(struct sockaddr_storage *ss, const char *address, int port)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)ss;

	*ss = (struct sockaddr_storage){0};
	if (inet_pton(AF_INET, address, &a4->sin_addr) == 1) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons((uint16_t)port);
		return ntohl(a4->sin_addr.s_addr) >> 24 == 127 ? sizeof(*a4)
							       : 0;
	}
	if (inet_pton(AF_INET6, address, &a6->sin6_addr) != 1)
		return 0;
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons((uint16_t)port);
	return IN6_IS_ADDR_LOOPBACK(&a6->sin6_addr) ? sizeof(*a6) : 0;
}

int
listener_open(struct listener *l, struct loop *loop, const char *address,
    int port, struct err *e)
{
	struct sockaddr_storage ss;
	struct sockaddr *sa = (struct sockaddr *)&ss;
	socklen_t len = loopback(&ss, address, port);
	int one = 1, fd;

	if (len == 0)
		return err_set(e, "%s is not a loopback address", address);
	fd = socket(
	    sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(e, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, sa, len) != 0 || listen(fd, 1024) != 0 ||
	    getsockname(fd, sa, &len) != 0) {
		close(fd);
		return err_set(e, "cannot listen on %s port %d: %s", address,
		    port, strerror(errno));
	}
	/* The port lies at the same place in both families. */
	l->port = ntohs(((struct sockaddr_in *)sa)->sin_port);
	l->loop = loop;
	l->watch = (struct loop_watch){.fd = fd, .ready = on_accept};
	if (loop_add(loop, &l->watch, EPOLLIN) != 0) {
		close(fd);
		return err_set(e, "epoll_ctl: %s", strerror(errno));
	}
	return 0;
}

void
listener_close(struct listener *l)
{
	if (l->watch.fd < 0)
		return;
	loop_remove(l->loop, &l->watch);
	close(l->watch.fd);
	l->watch.fd = -1;
}
