/*
 * wscat: a WebSocket client for tests and for looking at things by hand.
 *
 *	wscat PORT[/PATH] [-n MESSAGES] [-t SECONDS] [-c] [TEXT...]
 *
 * Connects to 127.0.0.1, sends each TEXT, then each line of stdin (unless
 * stdin is a terminal or /dev/null ends it), and prints each text message as
 * a line. What is not text is told after a '#': "#ping", "#pong",
 * "#binary 4", "#close 1000 Expired", "#end" (TCP ended without a close
 * frame), "#fragments 8" before a message that came in pieces (with -c). Ends
 * after -n messages, -t seconds (10), or the end of the connection; exit 0,
 * 1 when the time was up with messages missing, 2 usage or no connection.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/lines.h"

#define BUF_MAX ((size_t)64 << 20)

struct client {
	int fd;
	struct buf in;
	struct buf message;
	unsigned opcode;
	unsigned pieces;
	long left; /* messages still wanted; -1 any number */
	bool count_pieces;
	bool over;
};

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "wscat: %s\n", what);
	exit(2);
}

static int
dial(const char *target)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_port = htons((uint16_t)strtoul(target, NULL, 10));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		fail(strerror(errno));
	return fd;
}

static void
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k < 0)
			return; /* the reading side will tell */
		p += k;
		n -= (size_t)k;
	}
}

/* A masked frame; the mask is 0, which is allowed and easily read. */
static void
send_frame(int fd, unsigned opcode, const char *p, size_t n)
{
	struct buf b;

	buf_init(&b, BUF_MAX);
	buf_addc(&b, (char)(0x80 | opcode));
	if (n < 126) {
		buf_addc(&b, (char)(0x80 | n));
	} else {
		buf_addc(&b, (char)(n < 65536 ? 0xfe : 0xff));
		for (int i = n < 65536 ? 1 : 7; i >= 0; i--)
			buf_addc(&b, (char)((uint64_t)n >> (8 * i)));
	}
	buf_add(&b, "\0\0\0\0", 4);
	buf_add(&b, p, n);
	send_all(fd, b.p, b.len);
	buf_release(&b);
}

/* Read once; false at the end. */
static bool
receive(struct client *c)
{
	ssize_t n;

	if (buf_reserve(&c->in, 65536) != 0)
		fail("too long a message");
	n = recv(c->fd, c->in.p + c->in.len, 65536, 0);
	if (n <= 0)
		return false;
	c->in.len += (size_t)n;
	return true;
}

static void
shake_hands(struct client *c, const char *path)
{
	char text[512], *end;
	int n = snprintf(text, sizeof(text),
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
	    path);

	send_all(c->fd, text, (size_t)n);
	do {
		if (!receive(c)) {
			printf("#end\n");
			exit(0);
		}
		end = memmem(c->in.p, c->in.len, "\r\n\r\n", 4);
	} while (end == NULL);
	if (strncmp(c->in.p, "HTTP/1.1 101 ", 13) != 0) {
		printf("#status %.3s\n", c->in.p + 9);
		exit(0);
	}
	/* The answer to this key, as RFC 6455 gives it. */
	if (memmem(c->in.p, c->in.len, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28) ==
	    NULL)
		fail("the server's key is wrong");
	buf_consume(&c->in, (size_t)(end + 4 - c->in.p));
}

static void
show_close(struct client *c, const unsigned char *p, size_t n)
{
	if (n >= 2)
		printf("#close %u %.*s\n", p[0] << 8 | p[1], (int)(n - 2),
		    (const char *)p + 2);
	else
		printf("#close\n");
	c->over = true;
}

static void
take(struct client *c, unsigned opcode, bool fin, char *p, size_t n)
{
	if (opcode == 8) {
		show_close(c, (unsigned char *)p, n);
		return;
	}
	if (opcode == 9 || opcode == 10) {
		printf(opcode == 9 ? "#ping\n" : "#pong\n");
		if (opcode == 9)
			send_frame(c->fd, 10, p, n);
		return;
	}
	if (opcode != 0)
		c->opcode = opcode;
	c->pieces++;
	buf_add(&c->message, p, n);
	if (!fin)
		return;
	if (c->count_pieces && c->pieces > 1)
		printf("#fragments %u\n", c->pieces);
	if (c->opcode == 1)
		printf("%.*s\n", (int)c->message.len,
		    c->message.len > 0 ? c->message.p : "");
	else
		printf("#%s %zu\n", c->opcode == 2 ? "binary" : "opcode",
		    c->message.len);
	buf_reset(&c->message);
	c->pieces = 0;
	if (c->left > 0 && --c->left == 0)
		c->over = true;
}

static void
frames(struct client *c)
{
	size_t used = 0;

	while (!c->over && c->in.len - used >= 2) {
		unsigned char *u = (unsigned char *)c->in.p + used;
		size_t head = 2, more;
		uint64_t n = u[1] & 0x7f;

		more = n == 126 ? 2 : n == 127 ? 8 : 0;
		if (c->in.len - used < head + more)
			break;
		if (more > 0)
			n = 0;
		for (size_t i = 0; i < more; i++)
			n = n << 8 | u[2 + i];
		head += more;
		if (c->in.len - used < head + n)
			break;
		take(c, u[0] & 0x0f, (u[0] & 0x80) != 0, c->in.p + used + head,
		    (size_t)n);
		used += head + (size_t)n;
	}
	buf_consume(&c->in, used);
	fflush(stdout);
}

/* Send what stdin has; false when it is over. */
static bool
send_lines(struct client *c, struct lines *l)
{
	const char *line;
	size_t n;

	if (lines_fill(l) < 0)
		return false;
	for (;;) {
		enum lines_status st = lines_next(l, &line, &n);

		if (st == LINES_END)
			return false;
		if (st != LINES_LINE)
			return true;
		send_frame(c->fd, 1, line, n);
	}
}

static int
talk(struct client *c, int64_t seconds)
{
	int64_t end_ms = clock_mono_ms() + seconds * 1000;
	struct pollfd fds[2] = {{c->fd, POLLIN, 0}, {0, POLLIN, 0}};
	struct lines l;
	int rc = 0;

	if (lines_init(&l, 0, 1 << 20) != 0)
		fail("out of memory");
	if (isatty(0))
		fds[1].fd = -1;
	frames(c);
	while (!c->over) {
		int64_t left = end_ms - clock_mono_ms();

		if (left <= 0 || poll(fds, 2, (int)left) == 0) {
			rc = c->left > 0 ? 1 : 0;
			break;
		}
		if (fds[1].revents != 0 && !send_lines(c, &l))
			fds[1].fd = -1;
		if (fds[0].revents == 0)
			continue;
		if (!receive(c)) {
			printf("#end\n");
			break;
		}
		frames(c);
	}
	lines_release(&l);
	return rc;
}

int
main(int argc, char **argv)
{
	struct client c = {.left = -1};
	const char *target, *path;
	long seconds = 10;
	int opt, rc;

	while ((opt = getopt(argc, argv, "n:t:c")) != -1) {
		if (opt == 'n')
			c.left = strtol(optarg, NULL, 10);
		else if (opt == 't')
			seconds = strtol(optarg, NULL, 10);
		else if (opt == 'c')
			c.count_pieces = true;
		else
			return 2;
	}
	if (optind == argc)
		fail("usage: wscat [-n N] [-t SECONDS] [-c] PORT[/PATH] "
		     "[TEXT...]");
	target = argv[optind++];
	path = strchr(target, '/');
	buf_init(&c.in, BUF_MAX);
	buf_init(&c.message, BUF_MAX);
	c.fd = dial(target);
	shake_hands(&c, path != NULL ? path : "/ws");
	for (; optind < argc; optind++)
		send_frame(c.fd, 1, argv[optind], strlen(argv[optind]));
	rc = talk(&c, seconds);
	buf_release(&c.in);
	buf_release(&c.message);
	close(c.fd);
	return rc;
}
