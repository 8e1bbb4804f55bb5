/*
 * common/http against a small server of its own: a child process that forks
 * one more a connection and answers by the path asked for.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/http.h"
#include "tests/unit/tap.h"

#define WAIT_MAX 2000

/* ---- the server ---------------------------------------------------------- */

static void
put(int fd, const char *s)
{
	size_t n = strlen(s);

	while (n > 0) {
		ssize_t k = write(fd, s, n);

		if (k <= 0)
			_exit(0);
		s += k;
		n -= (size_t)k;
	}
}

static void
reset(int fd)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(fd);
	_exit(0);
}

static void
answer(int fd, const char *request, int served)
{
	char big[4096], text[8192];

	if (strstr(request, " /hang") != NULL)
		pause();
	if (strstr(request, " /reset") != NULL)
		reset(fd);
	if (strstr(request, " /empty") != NULL)
		_exit(0);
	if (strstr(request, " /once") != NULL && served > 0)
		reset(fd);
	if (strstr(request, " /redirect") != NULL) {
		put(fd, "HTTP/1.1 302 Found\r\nLocation: /ok\r\n"
			"Content-Length: 0\r\n\r\n");
		return;
	}
	if (strstr(request, " /big") != NULL) {
		memset(big, 'x', sizeof(big) - 1);
		big[sizeof(big) - 1] = '\0';
		put(fd, "HTTP/1.1 200 OK\r\nContent-Length: 4095\r\n\r\n");
		put(fd, big);
		return;
	}
	if (strstr(request, " /garbage") != NULL) {
		put(fd, "this is not HTTP at all\r\n\r\n");
		_exit(0);
	}
	(void)snprintf(text, sizeof(text),
	    "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\n"
	    "HTTP/1.1 429 Too Many\r\nRetry-After:  0.376 \r\nX-A: b\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(request), request);
	put(fd, text);
}

/* Of a request that is larger the rest is read and dropped. */
static void
serve_connection(int fd)
{
	char request[4096], rest[4096];
	int served;

	for (served = 0;; served++) {
		size_t n = 0, want = 0;
		char *end = NULL, *cl;

		while (end == NULL || n < want) {
			bool full = n >= sizeof(request) - 1;
			ssize_t k = full ? read(fd, rest, sizeof(rest))
					 : read(fd, request + n,
					       sizeof(request) - 1 - n);

			if (k <= 0)
				_exit(0);
			n += (size_t)k;
			if (!full)
				request[n] = '\0';
			end = strstr(request, "\r\n\r\n");
			if (end == NULL)
				continue;
			cl = strstr(request, "Content-Length: ");
			want = (size_t)(end + 4 - request) +
			       (cl ? strtoul(cl + 16, NULL, 10) : 0);
		}
		answer(fd, request, served);
	}
}

static pid_t
start_server(int *port)
{
	struct sockaddr_in a = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 ||
	    listen(fd, 16) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		exit(1);
	*port = ntohs(a.sin_port);
	pid = fork();
	if (pid != 0) {
		close(fd);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGCHLD, SIG_IGN);
	for (;;) {
		int c = accept(fd, NULL, NULL);

		if (c >= 0 && fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			close(fd);
			serve_connection(c);
		}
		close(c);
	}
}

/* ---- the client ---------------------------------------------------------- */

struct got {
	int calls;
	struct http_response r;
	char body[4096], error[512], address[64], retry[64], early[8];
};

static void
done(void *arg, const struct http_response *r)
{
	struct got *g = arg;
	const char *retry = http_header(r, "retry-after");

	g->calls++;
	g->r = *r;
	(void)snprintf(g->body, sizeof(g->body), "%s", r->body);
	(void)snprintf(g->error, sizeof(g->error), "%s", r->error);
	(void)snprintf(g->address, sizeof(g->address), "%s", r->address);
	(void)snprintf(g->retry, sizeof(g->retry), "%s", retry ? retry : "-");
	(void)snprintf(g->early, sizeof(g->early), "%s",
	    http_header(r, "X-Early") ? "yes" : "no");
}

static int port;

static struct got
call(struct http *h, const char *path, struct http_request r)
{
	struct got g = {.calls = 0};
	struct err e = {.msg = ""};
	char url[256];
	int i;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d%s", port, path);
	r.url = url;
	if (http_start(h, &r, done, &g, NULL, &e) < 0) {
		(void)snprintf(g.error, sizeof(g.error), "%s", e.msg);
		g.calls = -1;
		return g;
	}
	for (i = 0; i < WAIT_MAX && g.calls == 0; i++)
		if (http_wait(h, 100, &e) < 0)
			break;
	return g;
}

static void
test_exchange(struct http *h)
{
	struct http_header f[] = {{"Content-Type", "text/plain"},
	    {"X-Empty", ""}, {"webhook-id", "abc"}};
	char body[] = "hello";
	struct got g = call(h, "/echo?q=secret",
	    (struct http_request){
		.headers = f, .nheaders = 3, .body = body, .body_len = 5});

	is_int(g.calls, 1, "the done function ran once");
	is_int((int)g.r.outcome, HTTP_ANSWERED, "an answer came");
	is_int(g.r.status, 429, "with its status");
	is_str(g.retry, "0.376", "a header's value, trimmed, in any case");
	is_str(g.early, "no", "a header of a 1xx is not one of the answer");
	ok(strncmp(g.body, "POST /echo?q=secret HTTP/1.1", 28) == 0,
	    "a body makes it a POST");
	ok(strstr(g.body, "\r\n\r\nhello") != NULL, "the body arrived");
	ok(strstr(g.body, "webhook-id: abc\r\n") != NULL, "so did the header");
	ok(strstr(g.body, "X-Empty:\r\n") != NULL, "and the empty one");
	ok(strstr(g.body, "Expect") == NULL, "no Expect is sent");
	ok(strstr(g.body, "Accept-Encoding") == NULL, "nor Accept-Encoding");
	ok(g.r.left && g.r.sent == 5, "five bytes left");
	ok(strncmp(g.address, "127.0.0.1:", 10) == 0, "address is known");
	ok(g.r.latency_us > 0, "latency is measured");
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

/* What we say of ourselves, and what curl would add. */
static void
test_own_headers(struct http *h)
{
	static char large[1200 * 1024];
	struct http_header f[] = {{"user-agent", "mine"}};
	struct got g = call(h, "/a", (struct http_request){.method = "GET"});

	is_int(count(g.body, "User-Agent: pulse/" PULSE_VERSION "\r\n"), 1,
	    "it says who calls");
	g = call(h, "/a",
	    (struct http_request){
		.method = "GET", .headers = f, .nheaders = 1});
	ok(count(g.body, "user-agent: mine\r\n") == 1 &&
		count(g.body, "ser-") == 1,
	    "unless the request says it");
	memset(large, 'x', sizeof(large));
	g = call(h, "/a",
	    (struct http_request){.body = large, .body_len = sizeof(large)});
	is_int(g.r.status, 429, "a body of more than a megabyte arrives");
	ok(strstr(g.body, "\r\n\r\nxxx") != NULL &&
		strstr(g.body, "Expect") == NULL &&
		strstr(g.body, "Content-Type") == NULL,
	    "and no permission is asked for first, no type made up");
}

static void
test_failures(struct http *h)
{
	struct got g;
	char body[] = "x";
	struct http_request post = {.body = body, .body_len = 1};

	g = call(h, "/redirect", post);
	is_int(g.r.status, 302, "a redirect is an answer, not followed");
	g = call(h, "/big", (struct http_request){.response_max = 100});
	ok(g.r.outcome == HTTP_ANSWERED && g.r.status == 200 && g.r.cut &&
		g.r.len == 100,
	    "an answer is cut at its maximum");
	g = call(h, "/big",
	    (struct http_request){.response_max = 100, .flags = HTTP_WHOLE});
	ok(g.r.outcome == HTTP_BROKEN, "or refused, when wanted whole");
	is_str(g.error, "the answer is larger than 100 bytes", "and it says");
	g = call(h, "/reset", post);
	ok(g.r.outcome == HTTP_BROKEN && g.r.left && g.r.status == 0,
	    "a reset: the request had left");
	g = call(h, "/empty", post);
	is_str(g.error, "the connection was closed before an answer came",
	    "closed without an answer");
	g = call(h, "/garbage", post);
	ok(g.r.outcome == HTTP_BROKEN, "what is not HTTP is broken");
	g = call(
	    h, "/hang?token=secret", (struct http_request){.timeout_ms = 50});
	ok(g.r.outcome == HTTP_TIMED_OUT && g.r.left,
	    "silence ends at the deadline");
	is_str(
	    g.error, "no answer within 50 ms", "and says so without the URL");
}

/* Without a descriptor left nothing is said about the receiver. */
static void
test_local(void)
{
	struct rlimit keep, none;
	struct http *h;
	struct err e;
	struct got g;

	if (http_open(&h, NULL, &e) < 0)
		return;
	(void)getrlimit(RLIMIT_NOFILE, &keep);
	none = keep;
	none.rlim_cur = 3;
	(void)setrlimit(RLIMIT_NOFILE, &none);
	g = call(h, "/echo", (struct http_request){.method = "GET"});
	(void)setrlimit(RLIMIT_NOFILE, &keep);
	ok(g.r.outcome == HTTP_LOCAL && !g.r.left,
	    "no descriptor left: not the receiver's fault");
	is_str(g.error, "on this machine: Too many open files", "in words");
	g = call(h, "/echo", (struct http_request){.method = "GET"});
	ok(g.r.outcome == HTTP_ANSWERED, "with one it is answered");
	http_close(h);
}

/* Port 1 of loopback has no server. */
static void
test_unreachable(struct http *h)
{
	int keep = port;
	struct got g;

	port = 1;
	g = call(h, "/", (struct http_request){.method = "GET"});
	port = keep;
	ok(g.r.outcome == HTTP_UNREACHABLE && !g.r.left, "nobody listens");
	is_str(g.error, "no connection: Connection refused", "in words");
}

static void
test_once(void)
{
	struct http *h;
	struct err e;
	struct got g;
	char body[] = "x";

	if (http_open(&h, NULL, &e) < 0)
		exit(1);
	(void)call(h, "/a", (struct http_request){.body = body, .body_len = 1});
	g = call(h, "/once",
	    (struct http_request){
		.body = body, .body_len = 1, .flags = HTTP_ONCE});
	ok(g.r.outcome == HTTP_BROKEN && g.r.left,
	    "HTTP_ONCE: a reused connection that dies is a failure");
	(void)call(h, "/a", (struct http_request){.body = body, .body_len = 1});
	g = call(
	    h, "/once", (struct http_request){.body = body, .body_len = 1});
	ok(g.r.outcome == HTTP_ANSWERED && g.r.status == 429,
	    "without it the request is sent once more");
	ok(strncmp(g.body, "POST /once ", 11) == 0,
	    "to its own URL, whatever the handle called before");
	http_close(h);
}

static int
refuse(void *arg, const struct sockaddr *to, socklen_t n, struct err *e)
{
	(void)n;
	*(int *)arg += to->sa_family == AF_INET;
	return err_set(e, "refused: 127.0.0.1 is this machine");
}

static void
test_guard(void)
{
	struct http *h;
	struct err e;
	struct got g;
	int asked = 0;

	if (http_open(&h, NULL, &e) < 0)
		exit(1);
	g = call(h, "/",
	    (struct http_request){.guard = refuse, .guard_arg = &asked});
	ok(g.r.outcome == HTTP_REFUSED && asked == 1 && !g.r.left,
	    "the guard is asked and obeyed");
	is_str(g.error, "refused: 127.0.0.1 is this machine", "with its words");
	http_close(h);
}

static void
test_environment_proxy(void)
{
	struct http *h;
	struct err e;
	struct got g;

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	if (http_open(&h, NULL, &e) < 0)
		exit(1);
	g = call(h, "/", (struct http_request){.method = "GET"});
	is_int(g.r.status, 429, "a proxy in the environment is ignored");
	http_close(h);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
}

static void
test_cancel(struct http *h)
{
	struct got g = {.calls = 0}, other;
	struct http_call *c;
	struct err e;
	char url[64];
	struct http_request r = {.url = url};

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/hang", port);
	if (http_start(h, &r, done, &g, &c, &e) < 0)
		exit(1);
	other = call(h, "/a", (struct http_request){.method = "GET"});
	is_int((int)http_running(h), 1, "one call still runs");
	http_cancel(h, c);
	is_int((int)http_running(h), 0, "cancelled");
	other = call(h, "/b", (struct http_request){.method = "GET"});
	ok(g.calls == 0 && other.calls == 1, "its done function never ran");
}

static void
test_many(struct http *h)
{
	enum { N = 200 };
	static struct got g[N];
	struct err e;
	char url[64];
	struct http_request r = {.url = url};
	int i, good = 0;

	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/x", port);
	for (i = 0; i < N; i++)
		if (http_start(h, &r, done, &g[i], NULL, &e) < 0)
			exit(1);
	for (i = 0; i < WAIT_MAX && http_running(h) > 0; i++)
		if (http_wait(h, 100, &e) < 0)
			break;
	for (i = 0; i < N; i++)
		good += g[i].calls == 1 && g[i].r.status == 429;
	is_int(good, N, "200 calls over at most 8 connections all end");
}

static void
test_headers(struct http *h)
{
	struct http_header bad[] = {{"X-A", "b\r\nX-Evil: 1"}};
	struct got g =
	    call(h, "/", (struct http_request){.headers = bad, .nheaders = 1});

	is_int(g.calls, -1, "a header value with a line end is refused");
	is_str(g.error, "header X-A holds a control character", "in words");
	ok(http_header_check("X A", "b", NULL) < 0 &&
		http_header_check("", "b", NULL) < 0 &&
		http_header_check("X:", "b", NULL) < 0,
	    "a name must be a token");
	ok(http_header_check("Content-Length", "0", NULL) < 0 &&
		http_header_check("transfer-encoding", "chunked", NULL) < 0 &&
		http_header_check("Connection", "close", NULL) < 0,
	    "nobody else says where a request ends");
	ok(http_header_check("X", "a\tb \xc3\xa9", NULL) == 0,
	    "a tab and UTF-8 may be in a value");
}

/* Handles serve many calls: nothing of one may be left in the next. */
static void
test_reuse(struct http *h)
{
	static char first[] = "first", second[] = "second body";
	struct http_header f[] = {{"X-First", "1"}};
	struct http_request posts[] =
	    {
		{.body = first, .body_len = 5, .headers = f, .nheaders = 1},
		{.body = second, .body_len = 11},
	    },
			    put = {.method = "PUT",
				.body = first,
				.body_len = 5},
			    get = {.timeout_ms = 0};
	struct got g;

	(void)call(h, "/a", posts[0]);
	g = call(h, "/b", posts[1]);
	ok(strncmp(g.body, "POST /b HTTP/1.1", 16) == 0 &&
		strstr(g.body, "\r\n\r\nsecond body") != NULL &&
		strstr(g.body, "X-First") == NULL,
	    "a POST after a POST is all its own");
	g = call(h, "/c", put);
	ok(strncmp(g.body, "PUT /c HTTP/1.1", 15) == 0 &&
		strstr(g.body, "\r\n\r\nfirst") != NULL,
	    "another method after it");
	g = call(h, "/d", posts[1]);
	ok(strncmp(g.body, "POST /d HTTP/1.1", 16) == 0,
	    "which is gone in the next");
	g = call(h, "/e", get);
	ok(strncmp(g.body, "GET /e HTTP/1.1", 15) == 0 &&
		strstr(g.body, "Content-Length") == NULL,
	    "no body after a body");
	g = call(h, "/f", posts[0]);
	ok(strncmp(g.body, "POST /f HTTP/1.1", 16) == 0 &&
		strstr(g.body, "X-First: 1\r\n") != NULL &&
		strstr(g.body, "\r\n\r\nfirst") != NULL,
	    "and a body after none");
	g = call(h, "/hang",
	    (struct http_request){
		.body = first, .body_len = 5, .timeout_ms = 30});
	ok(g.r.outcome == HTTP_TIMED_OUT, "a short deadline");
	g = call(h, "/g", posts[0]);
	ok(g.r.outcome == HTTP_ANSWERED && g.error[0] == '\0',
	    "is not the next one's, nor is its sentence");
}

static void
test_urls(void)
{
	static const struct {
		const char *url, *host;
		int port;
		bool literal, odd, user, fragment;
	} t[] = {
	    {"https://example.com/a?b=c", "example.com", 443, 0, 0, 0, 0},
	    {"http://127.0.0.1:80/", "127.0.0.1", 80, 1, 0, 0, 0},
	    {"http://2130706433/", "127.0.0.1", 80, 1, 1, 0, 0},
	    {"http://0x7f.1/", "127.0.0.1", 80, 1, 1, 0, 0},
	    {"http://u@127.1:8/", "127.0.0.1", 8, 1, 1, 1, 0},
	    {"http://u:p@127.0.0.1/", "127.0.0.1", 80, 1, 0, 1, 0},
	    {"http://[::1]:81/x#y", "[::1]", 81, 1, 0, 0, 1},
	};
	struct http_url u;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		if (!ok(http_url_parse(&u, t[i].url, &e) == 0, "%s", t[i].url))
			continue;
		is_str(u.host, t[i].host, "  host");
		is_int(u.port, t[i].port, "  port");
		ok(u.literal == t[i].literal && u.odd_address == t[i].odd &&
			u.has_user == t[i].user &&
			u.has_fragment == t[i].fragment,
		    "  literal, odd, user, fragment");
		http_url_release(&u);
	}
	ok(http_url_parse(&u, "ftp://example.com/", &e) < 0, "ftp is refused");
	ok(http_url_parse(&u, "example.com/x", &e) < 0, "no scheme is too");
	ok(http_url_parse(&u, "http://a b/", &e) < 0, "and a space");
	ok(http_url_parse(&u, "http://", &e) < 0, "and no host");
}

int
main(void)
{
	struct http_options o = {.max_connections = 8};
	struct http *h;
	struct err e;
	pid_t pid;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	pid = start_server(&port);
	if (http_open(&h, &o, &e) < 0)
		return 1;
	test_exchange(h);
	test_own_headers(h);
	test_failures(h);
	test_unreachable(h);
	test_local();
	test_cancel(h);
	test_many(h);
	test_headers(h);
	test_reuse(h);
	http_close(h);
	test_once();
	test_guard();
	test_environment_proxy();
	test_urls();
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return tap_done();
}
