#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/num.h"
#include "pulse-ctl/serve/listen.h"

#define BACKLOG 1024

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_un un;
	struct sockaddr_storage room;
};

#define UNIX "unix:"

/* ---- unix ---------------------------------------------------------------- */

/* Whoever holds the lock owns the path, and may remove a socket that a killed
 * server left there. The file stays: removing it would let two servers lock
 * two files of the same name. */
static int
lock_path(struct listen *l, struct err *e)
{
	char name[LISTEN_NAME_MAX + 8];

	(void)snprintf(name, sizeof(name), "%s.lock", l->path);
	l->lock_fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (l->lock_fd < 0)
		return err_set(e, "cannot open %s: %s", name, strerror(errno));
	if (flock(l->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return err_set(e, "%s is served by another process", l->path);
	return 0;
}

static int
check_path(const char *path, struct err *e)
{
	const size_t max = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	if (path[0] == '\0' || strlen(path) > max)
		return err_set(
		    e, "--listen: a socket's path has 1 to %zu bytes", max);
	return 0;
}

static int
open_unix(struct listen *l, const char *path, struct err *e)
{
	union address a = {.un = {.sun_family = AF_UNIX}};
	struct stat st;

	if (check_path(path, e) < 0)
		return -1;
	(void)snprintf(l->path, sizeof(l->path), "%s", path);
	(void)snprintf(a.un.sun_path, sizeof(a.un.sun_path), "%s", path);
	if (lock_path(l, e) < 0)
		return -1;
	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return err_set(e, "%s exists and is no socket", path);
	(void)unlink(path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* The owner and the group of the directory: a proxy's user. */
	if (l->fd < 0 || bind(l->fd, &a.any, sizeof(a.un)) < 0 ||
	    chmod(path, 0660) < 0 || listen(l->fd, BACKLOG) < 0)
		return err_set(
		    e, "cannot listen on %s: %s", path, strerror(errno));
	(void)snprintf(l->name, sizeof(l->name), "unix:%.200s", path);
	l->loopback = true;
	return 0;
}

/* ---- TCP ----------------------------------------------------------------- */

/* "127.0.0.1:8000", "[::1]:8000", ":8000" (every address). */
static int
parse_address(const char *text, union address *a, socklen_t *len, struct err *e)
{
	const char *colon = strrchr(text, ':');
	char host[64];
	int64_t port;
	size_t n;

	if (colon == NULL)
		return err_set(
		    e, "--listen: '%s' is not HOST:PORT or unix:PATH", text);
	if (num_parse(&port, colon + 1, 0, 65535, "--listen: the port", e) < 0)
		return -1;
	n = (size_t)(colon - text);
	if (n >= 2 && text[0] == '[' && text[n - 1] == ']') {
		text++;
		n -= 2;
	}
	if (n >= sizeof(host))
		return err_set(e, "--listen: the address is too long");
	memcpy(host, text, n);
	host[n] = '\0';
	memset(a, 0, sizeof(*a));
	if (strcmp(host, "localhost") == 0)
		(void)snprintf(host, sizeof(host), "127.0.0.1");
	if (n == 0 || strcmp(host, "*") == 0)
		(void)snprintf(host, sizeof(host), "0.0.0.0");
	if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons((uint16_t)port);
		*len = sizeof(a->v4);
	} else if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons((uint16_t)port);
		*len = sizeof(a->v6);
	} else {
		return err_set(e,
		    "--listen: '%s' is no address of this "
		    "machine (give a number, not a name)",
		    host);
	}
	return 0;
}

static bool
is_loopback(const union address *a)
{
	if (a->any.sa_family == AF_INET)
		return ntohl(a->v4.sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&a->v6.sin6_addr);
}

static int
open_tcp(struct listen *l, const char *text, bool tls, struct err *e)
{
	const char *scheme = tls ? "https" : "http";
	char host[INET6_ADDRSTRLEN];
	socklen_t len = 0;
	union address a;
	int on = 1;

	if (parse_address(text, &a, &len, e) < 0)
		return -1;
	l->fd = socket(
	    a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(l->fd, &a.any, len) < 0 || listen(l->fd, BACKLOG) < 0)
		return err_set(
		    e, "cannot listen on %s: %s", text, strerror(errno));
	len = sizeof(a);
	(void)getsockname(l->fd, &a.any, &len);
	l->loopback = is_loopback(&a);
	if (a.any.sa_family == AF_INET) {
		inet_ntop(AF_INET, &a.v4.sin_addr, host, sizeof(host));
		(void)snprintf(l->name, sizeof(l->name), "%s://%s:%u", scheme,
		    host, ntohs(a.v4.sin_port));
	} else {
		inet_ntop(AF_INET6, &a.v6.sin6_addr, host, sizeof(host));
		(void)snprintf(l->name, sizeof(l->name), "%s://[%s]:%u", scheme,
		    host, ntohs(a.v6.sin6_port));
	}
	return 0;
}

int
listen_check(const char *text, struct err *e)
{
	union address a;
	socklen_t len;

	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		return check_path(text + strlen(UNIX), e);
	return parse_address(text, &a, &len, e);
}

int
listen_open(struct listen *l, const char *text, bool tls, struct err *e)
{
	int rc;

	*l = (struct listen){.fd = -1, .lock_fd = -1, .spare_fd = -1};
	l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (strncmp(text, UNIX, strlen(UNIX)) == 0)
		rc = open_unix(l, text + strlen(UNIX), e);
	else
		rc = open_tcp(l, text, tls, e);
	if (rc < 0)
		listen_close(l);
	return rc;
}

void
listen_close(struct listen *l)
{
	if (l->fd >= 0) {
		close(l->fd);
		if (l->path[0] != '\0')
			(void)unlink(l->path);
	}
	if (l->lock_fd >= 0)
		close(l->lock_fd);
	if (l->spare_fd >= 0)
		close(l->spare_fd);
	l->fd = l->lock_fd = l->spare_fd = -1;
}

/* ---- accepting ----------------------------------------------------------- */

static void
turn_away(struct listen *l)
{
	int fd;

	close(l->spare_fd);
	fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	l->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

int
listen_accept(struct listen *l, char *peer, size_t peer_max)
{
	union address a = {.any = {.sa_family = AF_UNSPEC}};
	socklen_t len = sizeof(a);
	int fd, on = 1;

	fd = accept4(l->fd, &a.any, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			turn_away(l);
		return -1;
	}
	(void)snprintf(peer, peer_max, "unix");
	if (a.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &a.v4.sin_addr, peer, (socklen_t)peer_max);
	else if (a.any.sa_family == AF_INET6)
		inet_ntop(AF_INET6, &a.v6.sin6_addr, peer, (socklen_t)peer_max);
	if (a.any.sa_family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}
