/*
 * The HTTP worker: its messages, and its process against a receiver that this
 * test plays itself, so that it decides when an answer comes.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pulse-send/worker.h"
#include "tests/unit/tap.h"

/* Waiting for what must come; only a test that fails waits so long. */
#define WAIT_MS 60000

/* ---- messages ------------------------------------------------------------ */

static void
make_wires(struct wire *a, struct wire *b)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) < 0)
		exit(1);
	wire_init(a, fd[0], (size_t)4 * 1024 * 1024);
	wire_init(b, fd[1], (size_t)4 * 1024 * 1024);
}

static void
test_ask(void)
{
	struct http_header h[2] = {{"A", "1"}, {"B", ""}};
	char body[] = "x\0y";
	struct http_request r = {.method = "PUT",
	    .url = "http://a.example/",
	    .headers = h,
	    .nheaders = 2,
	    .body = body,
	    .body_len = sizeof(body),
	    .connect_timeout_ms = 5,
	    .timeout_ms = 7,
	    .response_max = 9,
	    .flags = HTTP_ONCE};
	struct wire to, from;
	struct wire_ask a;

	make_wires(&to, &from);
	ok(wire_put_call(&to, 77, &r) == 0 && wire_put_cancel(&to, 78) == 0 &&
		wire_send(&to) == 0 && !wire_waits(&to),
	    "two asks leave");
	ok(wire_receive(&from) == 1 && wire_has_next(&from), "and arrive");
	ok(wire_next_ask(&from, &a) == 1 && a.id == 77 && !a.cancel, "a call");
	is_str(a.request.method, "PUT", "its method");
	is_str(a.request.url, "http://a.example/", "its URL");
	ok(a.request.ca_file == NULL, "no CA file");
	ok(a.request.nheaders == 2 &&
		strcmp(a.request.headers[0].name, "A") == 0 &&
		strcmp(a.request.headers[0].value, "1") == 0 &&
		strcmp(a.request.headers[1].name, "B") == 0 &&
		strcmp(a.request.headers[1].value, "") == 0,
	    "its headers");
	ok(a.request.body_len == sizeof(body) &&
		memcmp(a.request.body, body, sizeof(body)) == 0,
	    "its body, NUL and all");
	ok(a.request.connect_timeout_ms == 5 && a.request.timeout_ms == 7 &&
		a.request.response_max == 9 && a.request.flags == HTTP_ONCE,
	    "its limits");
	ok(wire_next_ask(&from, &a) == 1 && a.id == 78 && a.cancel,
	    "and the end of another");
	ok(wire_next_ask(&from, &a) == 0 && !wire_has_next(&from), "no more");
	wire_release(&to);
	ok(wire_receive(&from) == -1, "the other end is gone");
	wire_release(&from);
}

static void
test_answer(void)
{
	struct wire_answer sent = {.id = 5,
			       .started_us = 1000,
			       .ended_us = 3000,
			       .response = {.outcome = HTTP_BROKEN,
				   .status = 200,
				   .body = "half",
				   .len = 4,
				   .cut = true,
				   .left = true,
				   .latency_us = 1999,
				   .sent = 11,
				   .address = "127.0.0.1:80",
				   .error = "why",
				   .head = "a\0b\0",
				   .head_len = 4}},
			   got;
	struct wire to, from;

	make_wires(&to, &from);
	wire_put_answer(&to, &sent);
	wire_send(&to);
	wire_receive(&from);
	ok(wire_next_answer(&from, &got) == 1 && got.id == 5 &&
		got.started_us == 1000 && got.ended_us == 3000,
	    "an answer arrives");
	ok(got.response.outcome == HTTP_BROKEN && got.response.status == 200 &&
		got.response.cut && got.response.left &&
		got.response.latency_us == 1999 && got.response.sent == 11,
	    "its numbers");
	is_str(got.response.body, "half", "its body");
	is_str(got.response.address, "127.0.0.1:80", "its address");
	is_str(got.response.error, "why", "its sentence");
	is_str(http_header(&got.response, "A"), "b", "its headers");
	wire_release(&to);
	wire_release(&from);
}

static void
test_limits(void)
{
	struct http_request r = {.url = "http://a.example/"};
	struct wire to, from;
	struct wire_ask a;
	char *big = calloc(1, WIRE_MESSAGE_MAX);
	size_t i;

	make_wires(&to, &from);
	r.body = big;
	r.body_len = WIRE_MESSAGE_MAX;
	ok(wire_put_call(&to, 1, &r) < 0 && !wire_waits(&to),
	    "a message that is too large is not begun");
	r.body_len = WIRE_MESSAGE_MAX / 2;
	for (i = 0; wire_put_call(&to, i, &r) == 0; i++)
		;
	is_int((int64_t)i, 7, "as many wait as there is room for");
	r.body_len = 1;
	ok(wire_put_call(&to, i, &r) == 0, "then a small one finds room");
	/* What is larger than the socket holds comes in pieces. */
	for (i = 0; i < 8; i++) {
		int rc;

		while ((rc = wire_next_ask(&from, &a)) == 0) {
			wire_send(&to);
			wire_receive(&from);
		}
		if (rc < 0 || a.id != i)
			break;
	}
	is_int((int64_t)i, 8, "all arrive, in order and whole");
	free(big);
	wire_release(&to);
	wire_release(&from);
}

static void
test_nonsense(const void *p, size_t n, const char *what)
{
	struct wire to, from;
	struct wire_ask a;

	make_wires(&to, &from);
	buf_add(&to.out, p, n);
	wire_send(&to);
	wire_receive(&from);
	ok(wire_next_ask(&from, &a) == -1, "%s", what);
	wire_release(&to);
	wire_release(&from);
}

static void
test_broken(void)
{
	struct http_request r = {.url = "http://a.example/"};
	uint32_t small[2] = {1, 0}, huge[2] = {UINT32_MAX, 0}, none[2] = {0, 0};
	struct wire to, from;
	char text[256];
	size_t n;

	test_nonsense(small, sizeof(small), "a message of one byte");
	test_nonsense(huge, sizeof(huge), "a message of 4 GB");
	test_nonsense(none, sizeof(none), "a message of nothing");
	make_wires(&to, &from);
	wire_put_call(&to, 1, &r);
	n = to.out.len;
	memcpy(text, to.out.p, n);
	text[n - 2] = 'x'; /* the NUL of the CA file, the method's is first */
	text[n - 1] = 'x';
	test_nonsense(text, n, "a text without an end");
	wire_release(&to);
	wire_release(&from);
}

/* ---- the process --------------------------------------------------------- */

struct got {
	int n;
	enum http_outcome outcome;
	int status;
	bool left, timed, unsent;
	char error[512];
};

static void
on_done(void *arg, const struct wire_answer *a)
{
	struct got *g = arg;

	g->n++;
	g->outcome = a->response.outcome;
	g->status = a->response.status;
	g->left = a->response.left;
	g->unsent = a->unsent;
	g->timed = a->started_us > 0 && a->ended_us >= a->started_us;
	(void)snprintf(g->error, sizeof(g->error), "%s", a->response.error);
}

static int
listen_here(char url[64])
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		exit(1);
	(void)snprintf(url, 64, "http://127.0.0.1:%d", ntohs(a.sin_port));
	return fd;
}

/* Serve the worker until fd (or an answer, -1) has something for us. */
static int
serve_until(struct worker *w, int fd, const struct got *g, int n)
{
	struct err e;
	int rc = 0;

	while (rc == 0) {
		struct pollfd p[2] = {
		    {.fd = worker_fd(w), .events = worker_events(w)},
		    {.fd = fd, .events = POLLIN}};

		worker_flush(w);
		if (g != NULL && g->n >= n)
			return 0;
		if (poll(p, 2, WAIT_MS) <= 0)
			return -2;
		if (p[1].revents != 0)
			return 0;
		if (p[0].revents != 0)
			rc = worker_service(w, &e);
	}
	return rc;
}

/* The request that comes on the connection, up to the end of its headers. */
static const char *
next_request(struct worker *w, int fd)
{
	static char text[4096];
	size_t n = 0;

	text[0] = '\0';
	while (strstr(text, "\r\n\r\n") == NULL) {
		ssize_t k;

		if (serve_until(w, fd, NULL, 0) < 0)
			return "nothing";
		k = read(fd, text + n, sizeof(text) - 1 - n);
		if (k <= 0)
			return "the end";
		n += (size_t)k;
		text[n] = '\0';
	}
	text[strcspn(text, "\r")] = '\0';
	return text;
}

static void
answer(int fd)
{
	static const char text[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

	(void)!write(fd, text, sizeof(text) - 1);
}

static struct worker *
open_worker(int concurrency, int calls, bool allow_private)
{
	struct worker_options o = {.concurrency = concurrency,
	    .calls = calls,
	    .allow_private = allow_private};
	struct worker *w;
	struct err e;

	if (worker_open(&w, &o, &e) < 0)
		exit(1);
	return w;
}

static int
ask(struct worker *w, const char *url, const char *path, struct got *g,
    struct worker_call **call)
{
	char whole[128];
	struct http_request r = {.url = whole, .flags = HTTP_ONCE};
	struct worker_call *c;
	struct err e;

	(void)snprintf(whole, sizeof(whole), "%s%s", url, path);
	*g = (struct got){.n = 0};
	return worker_start(w, &r, on_done, g, call != NULL ? call : &c, &e);
}

static void
test_one_place(const char *url, int listener)
{
	struct worker *w = open_worker(1, 3, true);
	struct got first, second, third, fourth;
	int fd;

	ask(w, url, "/1", &first, NULL);
	ask(w, url, "/2", &second, NULL);
	ask(w, url, "/3", &third, NULL);
	ok(ask(w, url, "/4", &fourth, NULL) < 0, "no more than were allowed");
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	is_str(next_request(w, fd), "GET /1 HTTP/1.1", "the first leaves");
	answer(fd);
	is_str(next_request(w, fd), "GET /2 HTTP/1.1",
	    "the second when the first has ended");
	answer(fd);
	is_str(next_request(w, fd), "GET /3 HTTP/1.1", "then the third");
	answer(fd);
	serve_until(w, -1, &third, 1);
	ok(first.n == 1 && second.n == 1 && third.n == 1 &&
		third.outcome == HTTP_ANSWERED && third.status == 200 &&
		third.left && third.timed,
	    "each was answered once");
	ok(accept(listener, NULL, NULL) < 0, "over one connection");
	ok(ask(w, url, "/5", &fourth, NULL) == 0, "there is room again");
	worker_close(w);
	close(fd);
}

static void
test_recall(const char *url, int listener)
{
	struct worker *w = open_worker(1, 4, true);
	struct got first, second, third, fourth;
	int fd;

	ask(w, url, "/1", &first, NULL);
	ask(w, url, "/2", &second, NULL);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	next_request(w, fd);
	ask(w, url, "/3", &third, NULL);
	worker_recall(w);
	ask(w, url, "/4", &fourth, NULL);
	answer(fd);
	is_str(next_request(w, fd), "GET /4 HTTP/1.1",
	    "what was recalled does not leave, what comes later does");
	answer(fd);
	serve_until(w, -1, &fourth, 1);
	ok(first.n == 1 && !first.unsent && fourth.n == 1 && !fourth.unsent,
	    "what had begun ends as always");
	ok(second.n == 1 && second.unsent && third.n == 1 && third.unsent,
	    "the others end unsent");
	worker_close(w);
	close(fd);
}

static void
test_refused(const char *url)
{
	struct worker *w = open_worker(1, 3, false);
	struct got g;

	ask(w, url, "/", &g, NULL);
	serve_until(w, -1, &g, 1);
	ok(g.outcome == HTTP_REFUSED && !g.left && g.error[0] != '\0',
	    "the guard is the worker's (%s)", g.error);
	ask(w, "nonsense://", "", &g, NULL);
	serve_until(w, -1, &g, 1);
	ok(g.outcome == HTTP_REFUSED && !g.left && g.error[0] != '\0',
	    "what is no URL is refused (%s)", g.error);
	worker_close(w);
}

/* Large ones that end as soon as they begin, one place for all of them. */
static void
test_large(const char *url)
{
	enum { CALLS = 128, SIZE = 32 * 1024 };
	struct worker *w = open_worker(1, CALLS, false);
	struct http_request r = {.url = url, .body_len = SIZE};
	struct got v[CALLS] = {{.n = 0}};
	struct worker_call *call;
	int i, refused = 0;
	struct err e;

	r.body = calloc(1, SIZE);
	for (i = 0; i < CALLS; i++)
		if (worker_start(w, &r, on_done, &v[i], &call, &e) < 0)
			break;
	is_int(i, CALLS, "there is room for many large ones");
	serve_until(w, -1, &v[CALLS - 1], 1);
	for (i = 0; i < CALLS; i++)
		refused += v[i].n == 1 && v[i].outcome == HTTP_REFUSED;
	is_int(refused, CALLS, "each ends by itself");
	free(r.body);
	worker_close(w);
}

static void
test_cancel(const char *url, int listener)
{
	struct worker *w = open_worker(1, 3, true);
	struct got dropped, next;
	struct worker_call *call;
	int fd;

	ask(w, url, "/1", &dropped, &call);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	next_request(w, fd);
	worker_cancel(w, call);
	ask(w, url, "/2", &next, NULL);
	is_str(next_request(w, fd), "the end", "its connection is closed");
	close(fd);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	is_str(next_request(w, fd), "GET /2 HTTP/1.1", "the next one leaves");
	answer(fd);
	serve_until(w, -1, &next, 1);
	ok(dropped.n == 0 && next.n == 1, "one that was dropped never ends");
	worker_close(w);
	close(fd);
}

/* The one child of this process. */
static pid_t
child(void)
{
	char path[64], text[32] = "";
	int fd;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	fd = open(path, O_RDONLY);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		exit(1);
	close(fd);
	return (pid_t)strtol(text, NULL, 10);
}

static void
test_killed(const char *url, int listener)
{
	struct worker *w = open_worker(2, 3, true);
	struct got first, second, next;
	int fd, i, rc = 0;
	struct err e;

	ask(w, url, "/1", &first, NULL);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	next_request(w, fd);
	answer(fd);
	serve_until(w, -1, &first, 1);
	ask(w, url, "/2", &second, NULL);
	next_request(w, fd);
	kill(child(), SIGKILL);
	serve_until(w, -1, &second, 1);
	ok(second.n == 1 && second.outcome == HTTP_BROKEN && second.left &&
		!second.timed,
	    "its calls may have left (%s)", second.error);
	close(fd);
	ask(w, url, "/3", &next, NULL);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	is_str(next_request(w, fd), "GET /3 HTTP/1.1", "another one goes on");
	kill(child(), SIGKILL);
	is_int(serve_until(w, -1, &next, 1), 0,
	    "one that has not answered yet is replaced, too");
	ok(next.n == 1 && next.left, "its call ends all the same");
	for (i = 0; i < 20 && rc == 0; i++) {
		struct pollfd p = {.fd = worker_fd(w), .events = POLLIN};

		kill(child(), SIGKILL);
		(void)poll(&p, 1, WAIT_MS);
		rc = worker_service(w, &e);
	}
	is_int(rc, -1, "ones that never answer are not replaced for ever");
	worker_close(w);
	close(fd);
}

/* What waited for a place when the worker was lost, or was dropped, had not
 * left. */
static void
test_begun(const char *url, int listener)
{
	struct worker *w = open_worker(1, 4, true);
	struct got first, second, third;
	struct worker_call *call, *waiting;
	int fd;

	is_int((int64_t)worker_slow(w), 0, "nothing is slow at first");
	ask(w, url, "/1", &first, NULL);
	ask(w, url, "/2", &second, NULL);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	next_request(w, fd);
	while (worker_slow(w) == 0)
		(void)usleep(1000);
	is_int((int64_t)worker_slow(w), 1, "one that hangs becomes slow");
	/* It makes room. */
	serve_until(w, listener, NULL, 0);
	close(accept(listener, NULL, NULL));
	serve_until(w, -1, &second, 1);
	ask(w, url, "/2", &second, NULL);
	serve_until(w, listener, NULL, 0);
	ask(w, url, "/3", &third, NULL);
	worker_flush(w);
	kill(child(), SIGKILL);
	serve_until(w, -1, &third, 1);
	ok(first.n == 1 && !first.unsent && first.left && second.n == 1 &&
		!second.unsent,
	    "the worker was lost: what had begun may have left");
	ok(third.n == 1 && third.unsent, "what waited has not");
	is_int((int64_t)worker_slow(w), 0, "the new one begins anew");
	close(fd);
	close(accept(listener, NULL, NULL));
	ask(w, url, "/1", &first, &call);
	serve_until(w, listener, NULL, 0);
	ask(w, url, "/2", &second, &waiting);
	ok(worker_cancel(w, call) && !worker_cancel(w, waiting),
	    "the same of what is dropped");
	worker_close(w);
	close(accept(listener, NULL, NULL));
}

/* Stopped at once: what had not begun is dropped, and never leaves. */
static void
test_recalled_and_dropped(const char *url, int listener)
{
	struct worker *w = open_worker(1, 4, true);
	struct got first, second, third;
	struct worker_call *waiting;
	int fd;

	ask(w, url, "/1", &first, NULL);
	ask(w, url, "/2", &second, &waiting);
	serve_until(w, listener, NULL, 0);
	fd = accept(listener, NULL, NULL);
	next_request(w, fd);
	worker_recall(w);
	ok(!worker_cancel(w, waiting), "it has not begun");
	ask(w, url, "/3", &third, NULL);
	answer(fd);
	is_str(next_request(w, fd), "GET /3 HTTP/1.1", "and never does");
	answer(fd);
	serve_until(w, -1, &third, 1);
	ok(first.n == 1 && second.n == 0 && third.n == 1, "nor ends");
	worker_close(w);
	close(fd);
}

int
main(void)
{
	char url[64];
	int listener = listen_here(url);

	test_ask();
	test_answer();
	test_limits();
	test_broken();
	test_one_place(url, listener);
	test_recall(url, listener);
	test_refused(url);
	test_large(url);
	test_cancel(url, listener);
	test_killed(url, listener);
	test_begun(url, listener);
	test_recalled_and_dropped(url, listener);
	close(listener);
	return tap_done();
}
