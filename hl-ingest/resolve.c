#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hl-ingest/resolve.h"

void
resolve_init(struct resolve *r)
{
	memset(r, 0, sizeof(*r));
	r->fd = -1;
}

/* The host as an address, if it is one. */
static bool
literal(struct resolve *r, const char *host)
{
	unsigned char addr[sizeof(struct in6_addr)];
	size_t n = strlen(host);

	if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
		host++;
		n -= 2;
	}
	if (n == 0 || n >= RESOLVE_ADDRESS_MAX)
		return false;
	memcpy(r->addresses[0], host, n);
	r->addresses[0][n] = '\0';
	r->n = 1;
	return inet_pton(AF_INET, r->addresses[0], addr) == 1 ||
	       inet_pton(AF_INET6, r->addresses[0], addr) == 1;
}

/* In the child: one address a fixed-size slot; or the reason after a '!'. */
static void
ask(const char *host, int fd)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list = NULL, *a;
	char out[RESOLVE_ADDRESSES][RESOLVE_ADDRESS_MAX];
	size_t n = 0;
	int rc = getaddrinfo(host, NULL, &hints, &list);

	memset(out, 0, sizeof(out));
	if (rc != 0) {
		(void)snprintf(
		    out[0], RESOLVE_ADDRESS_MAX, "!%s", gai_strerror(rc));
		n = 1;
	}
	for (a = list; a != NULL && n < RESOLVE_ADDRESSES; a = a->ai_next)
		if (getnameinfo(a->ai_addr, a->ai_addrlen, out[n],
			RESOLVE_ADDRESS_MAX, NULL, 0, NI_NUMERICHOST) == 0)
			n++;
	if (write(fd, out, n * RESOLVE_ADDRESS_MAX) < 0)
		_exit(1);
	_exit(0);
}

int
resolve_start(struct resolve *r, const char *host, struct err *e)
{
	int fds[2];

	resolve_cancel(r);
	if (literal(r, host))
		return 1;
	r->n = 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set(e, "no pipe: %s", strerror(errno));
	r->child = fork();
	if (r->child < 0) {
		r->child = 0;
		(void)close(fds[0]);
		(void)close(fds[1]);
		return err_set(
		    e, "no process to resolve %s: %s", host, strerror(errno));
	}
	if (r->child == 0)
		ask(host, fds[1]);
	(void)close(fds[1]);
	r->fd = fds[0];
	return 0;
}

int
resolve_finish(struct resolve *r, const char *host, struct err *e)
{
	ssize_t n = read(r->fd, r->addresses, sizeof(r->addresses));
	size_t i;

	resolve_cancel(r);
	r->n = n > 0 ? (size_t)n / RESOLVE_ADDRESS_MAX : 0;
	for (i = 0; i < r->n; i++)
		r->addresses[i][RESOLVE_ADDRESS_MAX - 1] = '\0';
	if (r->n > 0 && r->addresses[0][0] == '!') {
		r->n = 0;
		return err_set(
		    e, "%s has no address: %s", host, r->addresses[0] + 1);
	}
	if (r->n == 0)
		return err_set(e, "%s has no address", host);
	return (int)r->n;
}

void
resolve_cancel(struct resolve *r)
{
	if (r->child > 0) {
		(void)kill(r->child, SIGKILL);
		while (waitpid(r->child, NULL, 0) < 0 && errno == EINTR)
			continue;
	}
	if (r->fd >= 0)
		(void)close(r->fd);
	r->child = 0;
	r->fd = -1;
}
