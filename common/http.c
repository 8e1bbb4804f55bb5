#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/clock.h"
#include "common/hash.h"
#include "common/http.h"
#include "common/num.h"

#define CONNECTIONS_DEFAULT	256
#define CONNECT_TIMEOUT_DEFAULT 5000
#define TIMEOUT_DEFAULT		15000
#define RESPONSE_MAX_DEFAULT	((size_t)16 * 1024)
#define HEADER_VALUE_MAX	8192
#define EVENTS			64
/* Rounds of one http_service(), so that a fast peer cannot hold the caller. */
#define ROUNDS 8
/* URLs remembered, a power of two. */
#define TARGETS 1024
/* Header lines beside the request's: see add_headers(). */
#define LINES_OWN 3
/* curl asks for a 100 (Continue) before a body of so many bytes. */
#define EXPECT_FROM	((size_t)1024 * 1024)
#define LINES_BYTES_MAX ((size_t)(HTTP_HEADERS_MAX * (HEADER_VALUE_MAX + 256)))

/* A URL that was called before, as curl parsed it. */
struct target {
	char *url;
	CURLU *parts;
	size_t calls; /* that use it, and 1 while it is in the table */
};

/* What epoll watches a socket for. A connection that is idle between two calls
 * stays watched, which saves two system calls of each. */
struct watch {
	uint32_t events; /* as epoll knows */
	bool wanted; /* by curl; else the connection is idle */
	bool ours; /* on_close() tells when the number is free again */
};

/* One call: in use while it runs, then spare. */
struct http_call {
	struct http *http;
	struct http_call *prev, *next;
	CURL *easy;
	struct target *target; /* or NULL: curl is to say what is wrong */
	/* The headers as curl wants them: a list of lines. */
	struct curl_slist list[HTTP_HEADERS_MAX + LINES_OWN];
	struct buf lines; /* their text */
	void *body;
	struct buf answer; /* body of the answer */
	struct buf head; /* "name\0value\0…" of its last header block */
	http_done_fn *done;
	void *arg;
	http_guard_fn *guard;
	void *guard_arg;
	size_t body_len;
	int64_t connect_timeout_ms, timeout_ms;
	unsigned flags;
	/* A POST like most: its handle serves the next of them as it is. */
	bool usual;
	bool left, again, cut, refused, huge_head;
	int local_errno; /* why no socket was to be had */
	struct err refusal;
	char address[HTTP_ADDRESS_MAX];
	char error[CURL_ERROR_SIZE];
};

struct http {
	CURLM *multi;
	int epoll_fd;
	/* When curl wants to run, monotonic; 0: at once, -1: not. */
	int64_t due_us;
	struct http_call *running; /* list */
	struct http_call *spare; /* list by next */
	size_t nrunning, nspare;
	size_t spares_max; /* handles kept for later calls */
	char *agent_line; /* "User-Agent: …" */
	struct target *targets[TARGETS]; /* by hash; the newest stays */
	struct watch *watches; /* by descriptor */
	size_t nwatches;
};

/* ---- what curl calls ----------------------------------------------------- */

/* NULL without memory. */
static struct watch *
watch_of(struct http *h, int fd)
{
	size_t n = h->nwatches > 0 ? h->nwatches : 64;
	struct watch *v;

	if ((size_t)fd < h->nwatches)
		return &h->watches[fd];
	while (n <= (size_t)fd)
		n *= 2;
	v = realloc(h->watches, n * sizeof(*v));
	if (v == NULL)
		return NULL;
	memset(v + h->nwatches, 0, (n - h->nwatches) * sizeof(*v));
	h->watches = v;
	h->nwatches = n;
	return &v[fd];
}

static void
stop_watching(const struct http *h, int fd, struct watch *w)
{
	(void)epoll_ctl(h->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	w->events = 0;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct http *h = arg;
	struct epoll_event ev = {.data.fd = fd};
	struct watch *w = watch_of(h, fd);

	(void)easy;
	(void)known;
	if (w == NULL)
		return -1;
	w->wanted = what != CURL_POLL_REMOVE;
	if (!w->wanted) {
		if (!w->ours)
			stop_watching(h, fd, w);
		return 0;
	}
	if (what & CURL_POLL_IN)
		ev.events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		ev.events |= EPOLLOUT;
	if (ev.events == w->events)
		return 0;
	if (epoll_ctl(h->epoll_fd, w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		fd, &ev) < 0)
		return -1;
	w->events = ev.events;
	return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	h->due_us = timeout_ms <= 0
			? timeout_ms
			: clock_mono_us() + (int64_t)timeout_ms * 1000;
	return 0;
}

/* What the receiver has nothing to do with. EADDRNOTAVAIL of connect(2): all
 * ports are in use, or the machine has no address of that family. */
static bool
is_local(int error)
{
	static const int local[] = {
	    EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL, EAGAIN};
	size_t i;

	for (i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		if (local[i] == error)
			return true;
	return false;
}

/* The wall against forged destinations: curl dials exactly this address. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http_call *c = arg;
	struct watch *w;
	int fd;

	(void)purpose;
	if (c->guard != NULL &&
	    c->guard(c->guard_arg, &to->addr, to->addrlen, &c->refusal) < 0) {
		c->refused = true;
		return CURL_SOCKET_BAD;
	}
	fd = socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
	if (fd < 0) {
		c->local_errno = is_local(errno) ? errno : 0;
		return CURL_SOCKET_BAD;
	}
	if ((w = watch_of(c->http, fd)) != NULL)
		*w = (struct watch){.ours = true};
	return fd;
}

static int
on_close(void *arg, curl_socket_t fd)
{
	struct http *h = arg;

	/* Closing ends the watch, too. */
	if ((size_t)fd < h->nwatches)
		h->watches[fd] = (struct watch){.events = 0};
	return close(fd);
}

/* "192.0.2.1:443" or "[::1]:80". */
static void
print_address(char out[HTTP_ADDRESS_MAX], const char *host, int port)
{
	bool v6 = strchr(host, ':') != NULL;
	size_t n = strlen(host);

	if (n > HTTP_ADDRESS_MAX - NUM_TEXT_MAX - 4)
		n = HTTP_ADDRESS_MAX - NUM_TEXT_MAX - 4;
	if (v6)
		*out++ = '[';
	memcpy(out, host, n);
	out += n;
	if (v6)
		*out++ = ']';
	*out++ = ':';
	out[num_print(port, out)] = '\0';
}

/* The request is about to leave, for the first time or (the reused connection
 * died) once more. */
static int
on_leave(void *arg, char *remote, char *local, int remote_port, int local_port)
{
	struct http_call *c = arg;

	(void)local;
	(void)local_port;
	if (c->left && (c->flags & HTTP_ONCE)) {
		c->again = true;
		return CURL_PREREQFUNC_ABORT;
	}
	c->left = true;
	print_address(c->address, remote, remote_port);
	return CURL_PREREQFUNC_OK;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	size_t room = c->answer.max - c->answer.len;

	n *= size;
	if (buf_add(&c->answer, p, n < room ? n : room) < 0)
		return 0;
	if (n > room) {
		c->cut = true;
		return 0;
	}
	return n;
}

static size_t
on_head(char *p, size_t size, size_t n, void *arg)
{
	struct http_call *c = arg;
	const char *colon;
	size_t len = n * size, i, start;

	/* A status line begins a block: only the last one counts (the others
	 * are 1xx). */
	if (len >= 5 && memcmp(p, "HTTP/", 5) == 0) {
		buf_reset(&c->head);
		return len;
	}
	colon = memchr(p, ':', len);
	if (colon == NULL)
		return len;
	for (i = 0; p + i < colon; i++)
		buf_addc(&c->head,
		    (char)(p[i] >= 'A' && p[i] <= 'Z' ? p[i] + 32 : p[i]));
	buf_addc(&c->head, '\0');
	start = (size_t)(colon - p) + 1;
	while (start < len && (p[start] == ' ' || p[start] == '\t'))
		start++;
	n = len;
	while (n > start && (unsigned char)p[n - 1] <= ' ')
		n--;
	for (i = start; i < n; i++)
		buf_addc(&c->head, p[i] == '\0' ? ' ' : p[i]);
	buf_addc(&c->head, '\0');
	c->huge_head = buf_failed(&c->head);
	return c->huge_head ? 0 : len;
}

/* ---- URLs that are called again and again -------------------------------- */

static void
leave_target(struct target *t)
{
	if (t == NULL || --t->calls > 0)
		return;
	curl_url_cleanup(t->parts);
	free(t->url);
	free(t);
}

/* NULL without memory, and for what curl will refuse. */
static struct target *
make_target(const char *url)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->calls = 1;
	t->url = strdup(url);
	t->parts = curl_url();
	if (t->url != NULL && t->parts != NULL &&
	    curl_url_set(t->parts, CURLUPART_URL, url,
		CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK)
		return t;
	leave_target(t);
	return NULL;
}

/* The URL as it was parsed for an earlier call, or now. A seventh of what curl
 * does for a request is to take its URL apart. */
static struct target *
get_target(struct http *h, const char *url)
{
	uint64_t hash = hash_text(HASH_BASIS, url);
	struct target **slot, *t;

	slot = &h->targets[(hash ^ hash >> 32) % TARGETS];
	if (*slot == NULL || strcmp((*slot)->url, url) != 0) {
		if ((t = make_target(url)) == NULL)
			return NULL;
		leave_target(*slot);
		*slot = t;
	}
	(*slot)->calls++;
	return *slot;
}

/* ---- opening and closing ------------------------------------------------- */

static char *
agent_line(const char *name)
{
	static const char field[] = "User-Agent: ";
	size_t n = strlen(name) + 1;
	char *line = malloc(sizeof(field) - 1 + n);

	if (line != NULL) {
		memcpy(line, field, sizeof(field) - 1);
		memcpy(line + sizeof(field) - 1, name, n);
	}
	return line;
}

int
http_open(struct http **out, const struct http_options *options, struct err *e)
{
	static const struct http_options none;
	const struct http_options *o = options != NULL ? options : &none;
	long max =
	    o->max_connections > 0 ? o->max_connections : CONNECTIONS_DEFAULT;
	struct http *h;

	*out = NULL;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(e, "libcurl cannot start");
	h = calloc(1, sizeof(*h));
	if (h == NULL) {
		curl_global_cleanup();
		return err_local(e, "out of memory");
	}
	h->due_us = -1;
	h->spares_max = (size_t)max;
	h->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	h->multi = curl_multi_init();
	h->agent_line = agent_line(
	    o->user_agent != NULL ? o->user_agent : "pulse/" PULSE_VERSION);
	if (h->epoll_fd < 0 || h->multi == NULL || h->agent_line == NULL) {
		http_close(h);
		return err_set(e, "the HTTP client cannot start");
	}
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, max);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, max);
	curl_multi_setopt(h->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	    (long)o->max_host_connections);
	*out = h;
	return 0;
}

static void
unlink_call(struct http *h, struct http_call *c)
{
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		h->running = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	h->nrunning--;
}

static void
free_call(struct http_call *c)
{
	curl_easy_cleanup(c->easy);
	free(c->body);
	buf_release(&c->lines);
	buf_release(&c->answer);
	buf_release(&c->head);
	free(c);
}

/* Keep the handle (and the buffers' memory) for a later call. */
static void
retire_call(struct http *h, struct http_call *c)
{
	leave_target(c->target);
	free(c->body);
	c->target = NULL;
	c->body = NULL;
	if (h->nspare >= h->spares_max) {
		free_call(c);
		return;
	}
	c->next = h->spare;
	h->spare = c;
	h->nspare++;
}

void
http_close(struct http *h)
{
	struct http_call *c;
	size_t i;

	if (h == NULL)
		return;
	while (h->running != NULL)
		http_cancel(h, h->running);
	while ((c = h->spare) != NULL) {
		h->spare = c->next;
		free_call(c);
	}
	if (h->multi != NULL)
		curl_multi_cleanup(h->multi);
	if (h->epoll_fd >= 0)
		close(h->epoll_fd);
	for (i = 0; i < TARGETS; i++)
		leave_target(h->targets[i]);
	free(h->agent_line);
	free(h->watches);
	free(h);
	curl_global_cleanup();
}

void
http_cancel(struct http *h, struct http_call *c)
{
	curl_multi_remove_handle(h->multi, c->easy);
	unlink_call(h, c);
	retire_call(h, c);
}

/* ---- starting ------------------------------------------------------------ */

/* The characters of a token (RFC 9110, 5.6.2): bit c % 64 of word c / 64. */
static const uint64_t token_chars[4] = {
    UINT64_C(0x03ff6cfa00000000), UINT64_C(0x57ffffffc7fffffe), 0, 0};

static bool
is_token(const char *s)
{
	const char *p = s;
	unsigned char c;

	while (c = (unsigned char)*p, token_chars[c / 64] >> c % 64 & 1)
		p++;
	return p != s && *p == '\0';
}

/* Where a request ends, and whether its connection stays, is curl's to say: a
 * receiver that believes another would take the rest of the body for the next
 * request, perhaps another channel's. */
static bool
is_framing(const char *name)
{
	static const char *const names[] = {"connection", "content-length",
	    "expect", "keep-alive", "proxy-connection", "te", "trailer",
	    "transfer-encoding", "upgrade"};
	size_t i;

	/* Most headers do not even begin like one of these. */
	if (strchr("cekptuCEKPTU", *name) == NULL)
		return false;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0)
			return true;
	return false;
}

int
http_header_check(const char *name, const char *value, struct err *e)
{
	const unsigned char *v = (const unsigned char *)value;
	size_t i;

	if (!is_token(name) || strlen(name) > 128)
		return err_set(e, "'%.40s' is no header name", name);
	if (is_framing(name))
		return err_set(e, "header %s may not be set", name);
	for (i = 0; v[i] != '\0'; i++)
		if ((v[i] < ' ' && v[i] != '\t') || v[i] == 127)
			return err_set(
			    e, "header %s holds a control character", name);
	if (i > HEADER_VALUE_MAX)
		return err_set(e, "header %s is longer than %d bytes", name,
		    HEADER_VALUE_MAX);
	return 0;
}

/* "name: value"; curl's way to say that the value is empty is "name;". */
static void
print_header(struct buf *b, const struct http_header *f)
{
	buf_adds(b, f->name);
	buf_adds(b, f->value[0] != '\0' ? ": " : ";");
	buf_adds(b, f->value);
	buf_addc(b, '\0');
}

static void
add_line(struct http_call *c, size_t at, const char *line)
{
	c->list[at].data = c->lines.p + c->lines.len;
	buf_add(&c->lines, line, strlen(line) + 1);
}

/* Check them all, and make room, for nothing that is in the buffer moves once
 * a list points into it. */
static int
check_headers(struct http_call *c, const struct http_request *r, bool *typed,
    bool *named, struct err *e)
{
	size_t i, n = 2 * sizeof("Content-Type:"); /* ours */

	if (r->nheaders > HTTP_HEADERS_MAX)
		return err_set(e, "more than %d headers", HTTP_HEADERS_MAX);
	for (i = 0; i < r->nheaders; i++) {
		const struct http_header *f = &r->headers[i];

		if (http_header_check(f->name, f->value, e) < 0)
			return -1;
		*typed |= strcasecmp(f->name, "content-type") == 0;
		*named |= strcasecmp(f->name, "user-agent") == 0;
		n += strlen(f->name) + strlen(f->value) + sizeof(": ");
	}
	return buf_reserve(&c->lines, n) < 0 ? err_local(e, "out of memory")
					     : 0;
}

/*
 * The request's headers and LINES_OWN of ours. The list lives in the call, not
 * in pieces of memory of its own.
 */
static int
add_headers(struct http *h, struct http_call *c, const struct http_request *r,
    struct err *e)
{
	bool typed = false, named = false;
	size_t i, n = 0;

	buf_reset(&c->lines);
	if (check_headers(c, r, &typed, &named, e) < 0)
		return -1;
	if (!named)
		c->list[n++].data = h->agent_line;
	for (i = 0; i < r->nheaders; i++) {
		c->list[n++].data = c->lines.p + c->lines.len;
		print_header(&c->lines, &r->headers[i]);
	}
	/* Without these curl adds its own. */
	if (!typed)
		add_line(c, n++, "Content-Type:");
	if (r->body_len >= EXPECT_FROM)
		add_line(c, n++, "Expect:");
	for (i = 0; i < n; i++)
		c->list[i].next = i + 1 < n ? &c->list[i + 1] : NULL;
	curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, n > 0 ? c->list : NULL);
	return 0;
}

/* All of a handle's options but those that set_request() sets every time. */
static bool
is_usual(const struct http_request *r)
{
	return r->method == NULL && r->body != NULL && r->ca_file == NULL;
}

/* A call that ran: its handle keeps its options if this one wants the same. */
static struct http_call *
use_again(struct http *h, bool usual)
{
	struct http_call *c = h->spare, old = *c;

	h->spare = c->next;
	h->nspare--;
	*c = (struct http_call){.http = h,
	    .easy = old.easy,
	    .lines = old.lines,
	    .answer = old.answer,
	    .head = old.head};
	c->usual = usual && old.usual;
	if (!c->usual)
		curl_easy_reset(c->easy);
	buf_reset(&c->answer);
	buf_reset(&c->head);
	return c;
}

/* usual in it says whether the options that hold for every call are set. */
static struct http_call *
get_call(struct http *h, bool usual)
{
	struct http_call *c;

	if (h->spare != NULL)
		return use_again(h, usual);
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		return NULL;
	c->http = h;
	buf_init(&c->head, HTTP_HEAD_BYTES_MAX);
	buf_init(&c->lines, LINES_BYTES_MAX);
	c->easy = curl_easy_init();
	if (c->easy == NULL) {
		free(c);
		return NULL;
	}
	return c;
}

/* What holds for every call. */
static void
set_common(struct http_call *c)
{
	CURL *y = c->easy;

	curl_easy_setopt(y, CURLOPT_PRIVATE, c);
	curl_easy_setopt(y, CURLOPT_ERRORBUFFER, c->error);
	curl_easy_setopt(y, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(y, CURLOPT_PROXY, "");
	curl_easy_setopt(y, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(y, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(y, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(y, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(y, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(y, CURLOPT_OPENSOCKETDATA, c);
	curl_easy_setopt(y, CURLOPT_CLOSESOCKETFUNCTION, on_close);
	curl_easy_setopt(y, CURLOPT_CLOSESOCKETDATA, c->http);
	curl_easy_setopt(y, CURLOPT_PREREQFUNCTION, on_leave);
	curl_easy_setopt(y, CURLOPT_PREREQDATA, c);
	curl_easy_setopt(y, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(y, CURLOPT_WRITEDATA, c);
	curl_easy_setopt(y, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(y, CURLOPT_HEADERDATA, c);
}

static int
set_request(struct http *h, struct http_call *c, const struct http_request *r,
    struct err *e)
{
	CURL *y = c->easy;
	size_t len = strlen(r->url);
	CURLcode rc = CURLE_OK;

	if (len > HTTP_URL_MAX)
		return err_set(
		    e, "the URL is longer than %d bytes", HTTP_URL_MAX);
	if (r->method != NULL && !is_token(r->method))
		return err_set(e, "no such method");
	if (add_headers(h, c, r, e) < 0)
		return -1;
	/* curl goes by the parts; the text is what it calls the URL, and what
	 * it goes by without them. */
	c->target = get_target(h, r->url);
	rc = curl_easy_setopt(y, CURLOPT_URL, r->url);
	curl_easy_setopt(
	    y, CURLOPT_CURLU, c->target != NULL ? c->target->parts : NULL);
	if (c->body != NULL) {
		curl_easy_setopt(y, CURLOPT_POST, 1L);
		curl_easy_setopt(y, CURLOPT_POSTFIELDS, c->body);
		curl_easy_setopt(
		    y, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body_len);
	}
	if (rc == CURLE_OK && r->method != NULL)
		rc = curl_easy_setopt(y, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(
	    y, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
	curl_easy_setopt(y, CURLOPT_TIMEOUT_MS, (long)c->timeout_ms);
	if (rc == CURLE_OK && r->ca_file != NULL)
		rc = curl_easy_setopt(y, CURLOPT_CAINFO, r->ca_file);
	return rc == CURLE_OK ? 0 : err_local(e, "out of memory");
}

/* The body as the call owns it. */
static int
take_body(struct http_call *c, const struct http_request *r, struct err *e)
{
	c->body_len = r->body_len;
	if (r->body == NULL)
		return 0;
	if (r->flags & HTTP_BODY_TAKE) {
		c->body = r->body;
		return 0;
	}
	c->body = malloc(r->body_len + 1);
	if (c->body == NULL)
		return err_local(e, "out of memory");
	memcpy(c->body, r->body, r->body_len);
	return 0;
}

int
http_start(struct http *h, const struct http_request *r, http_done_fn *done,
    void *arg, struct http_call **call, struct err *e)
{
	struct http_call *c = get_call(h, is_usual(r));

	if (c == NULL) {
		if (r->flags & HTTP_BODY_TAKE)
			free(r->body);
		return err_local(e, "out of memory");
	}
	c->done = done;
	c->arg = arg;
	c->guard = r->guard;
	c->guard_arg = r->guard_arg;
	c->flags = r->flags;
	c->connect_timeout_ms = r->connect_timeout_ms > 0
				    ? r->connect_timeout_ms
				    : CONNECT_TIMEOUT_DEFAULT;
	c->timeout_ms = r->timeout_ms > 0 ? r->timeout_ms : TIMEOUT_DEFAULT;
	c->answer.max =
	    r->response_max > 0 ? r->response_max : RESPONSE_MAX_DEFAULT;
	if (!c->usual)
		set_common(c);
	c->usual = is_usual(r);
	if (take_body(c, r, e) < 0 || set_request(h, c, r, e) < 0) {
		retire_call(h, c);
		return -1;
	}
	if (curl_multi_add_handle(h->multi, c->easy) != CURLM_OK) {
		retire_call(h, c);
		return err_local(e, "libcurl refuses the call");
	}
	c->prev = NULL;
	c->next = h->running;
	if (h->running != NULL)
		h->running->prev = c;
	h->running = c;
	h->nrunning++;
	if (call != NULL)
		*call = c;
	return 0;
}

/* ---- ending -------------------------------------------------------------- */

/* Why this machine could not even try, as an errno; 0: it could. Resolvers and
 * TLS do not say that they had no descriptor left: try to have one. */
static int
local_error(const struct http *h, struct http_call *c, CURLcode rc)
{
	long os = 0;
	int fd;

	if (rc == CURLE_OK || c->left || c->refused)
		return 0;
	if (c->local_errno != 0)
		return c->local_errno;
	if (rc == CURLE_OUT_OF_MEMORY || rc == CURLE_FAILED_INIT)
		return ENOMEM;
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os);
	if (rc == CURLE_COULDNT_CONNECT && is_local((int)os))
		return (int)os;
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return 0;
	fd = fcntl(h->epoll_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static enum http_outcome
outcome_of(const struct http_call *c, CURLcode rc)
{
	if (c->local_errno != 0)
		return HTTP_LOCAL;
	switch (rc) {
	case CURLE_OK:
		return HTTP_ANSWERED;
	case CURLE_WRITE_ERROR:
		return c->cut && !(c->flags & HTTP_WHOLE) ? HTTP_ANSWERED
							  : HTTP_BROKEN;
	case CURLE_COULDNT_RESOLVE_HOST:
		return HTTP_UNRESOLVED;
	case CURLE_COULDNT_CONNECT:
		return c->refused ? HTTP_REFUSED : HTTP_UNREACHABLE;
	case CURLE_URL_MALFORMAT:
		return HTTP_REFUSED;
	case CURLE_UNSUPPORTED_PROTOCOL: /* also an answer of HTTP/0.9 */
		return c->left ? HTTP_BROKEN : HTTP_REFUSED;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_TIMED_OUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_UNTRUSTED;
	default:
		return HTTP_BROKEN;
	}
}

static void
say_timeout(const struct http_call *c, struct err *s)
{
	if (c->left)
		err_set(s, "no answer within %" PRId64 " ms", c->timeout_ms);
	else
		err_set(s, "no connection within %" PRId64 " ms",
		    c->connect_timeout_ms < c->timeout_ms
			? c->connect_timeout_ms
			: c->timeout_ms);
}

/* A sentence for what went wrong, without the URL. */
static void
say(const struct http_call *c, enum http_outcome outcome, CURLcode rc,
    struct err *s)
{
	long os = 0;

	s->msg[0] = '\0';
	if (outcome == HTTP_ANSWERED)
		return;
	curl_easy_getinfo(c->easy, CURLINFO_OS_ERRNO, &os);
	if (outcome == HTTP_LOCAL)
		err_set(s, "on this machine: %s", strerror(c->local_errno));
	else if (c->refused)
		err_set(s, "%s", c->refusal.msg);
	else if (rc == CURLE_URL_MALFORMAT)
		err_set(s, "not a URL that can be called");
	else if (rc == CURLE_UNSUPPORTED_PROTOCOL)
		err_set(s, c->left ? "the answer is not HTTP"
				   : "only http and https are called");
	else if (outcome == HTTP_TIMED_OUT)
		say_timeout(c, s);
	else if (c->again || rc == CURLE_GOT_NOTHING)
		err_set(s, "the connection was closed before an answer came");
	else if (c->cut)
		err_set(
		    s, "the answer is larger than %zu bytes", c->answer.max);
	else if (c->huge_head)
		err_set(s, "the answer's headers are larger than %zu bytes",
		    c->head.max);
	else if (outcome == HTTP_UNREACHABLE && os != 0)
		err_set(s, "no connection: %s", strerror((int)os));
	else
		err_set(s, "%s",
		    c->error[0] != '\0' ? c->error : curl_easy_strerror(rc));
}

static void
finish(struct http *h, struct http_call *c, CURLcode rc)
{
	struct http_response r = {.status = 0};
	curl_off_t total = 0, sent = 0;
	struct err sentence;
	long status = 0;

	curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(c->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	c->local_errno = local_error(h, c, rc);
	r.outcome = outcome_of(c, rc);
	say(c, r.outcome, rc, &sentence);
	curl_multi_remove_handle(h->multi, c->easy);
	unlink_call(h, c);
	r.status = (int)status;
	r.body = c->answer.p != NULL ? c->answer.p : "";
	r.len = c->answer.len;
	r.cut = c->cut;
	r.left = c->left;
	r.latency_us = (int64_t)total;
	r.sent = (size_t)sent;
	r.address = c->address;
	r.error = sentence.msg;
	r.head = c->head.p;
	r.head_len = c->head.len;
	c->done(c->arg, &r);
	retire_call(h, c);
}

static void
finish_all(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		struct http_call *c = NULL;
		CURLcode rc = m->data.result;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(
		    m->easy_handle, CURLINFO_PRIVATE, (char **)&c);
		finish(h, c, rc);
	}
}

/* ---- the loop's side ----------------------------------------------------- */

int
http_fd(const struct http *h)
{
	return h->epoll_fd;
}

size_t
http_running(const struct http *h)
{
	return h->nrunning;
}

int
http_timeout_ms(const struct http *h)
{
	int64_t left;

	if (h->due_us <= 0)
		return (int)h->due_us;
	left = h->due_us - clock_mono_us();
	if (left <= 0)
		return 0;
	left = (left + 999) / 1000;
	return left > 60000 ? 60000 : (int)left;
}

static int
failed(struct err *e)
{
	return err_set(e, "the HTTP client failed");
}

static bool
is_due(const struct http *h)
{
	return h->due_us == 0 ||
	       (h->due_us > 0 && h->due_us <= clock_mono_us());
}

/* Sockets that are ready. Whether there may be more of them, or -1. */
static int
serve_sockets(struct http *h)
{
	struct epoll_event ev[EVENTS];
	int i, n, running;

	n = epoll_wait(h->epoll_fd, ev, EVENTS, 0);
	if (n < 0 && errno != EINTR)
		return -1;
	for (i = 0; i < n; i++) {
		struct watch *w = &h->watches[ev[i].data.fd];
		int what = 0;

		if (!w->wanted) {
			/* An idle connection was closed by its other end: curl
			 * sees that when it wants to use it. */
			stop_watching(h, ev[i].data.fd, w);
			continue;
		}
		if (ev[i].events & EPOLLIN)
			what |= CURL_CSELECT_IN;
		if (ev[i].events & EPOLLOUT)
			what |= CURL_CSELECT_OUT;
		if (ev[i].events & (EPOLLERR | EPOLLHUP))
			what |= CURL_CSELECT_ERR;
		if (curl_multi_socket_action(
			h->multi, ev[i].data.fd, what, &running) != CURLM_OK)
			return -1;
	}
	return n == EVENTS;
}

int
http_flush(struct http *h, struct err *e)
{
	int i, running;

	for (i = 0; i < ROUNDS && is_due(h); i++) {
		h->due_us = -1;
		if (curl_multi_socket_action(
			h->multi, CURL_SOCKET_TIMEOUT, 0, &running) != CURLM_OK)
			return failed(e);
		finish_all(h);
	}
	return (int)h->nrunning;
}

int
http_service(struct http *h, struct err *e)
{
	int i, more = 1;

	for (i = 0; i < ROUNDS && more > 0; i++) {
		more = serve_sockets(h);
		finish_all(h);
	}
	return more < 0 ? failed(e) : http_flush(h, e);
}

int
http_wait(struct http *h, int timeout_ms, struct err *e)
{
	struct epoll_event ev;
	int due = http_timeout_ms(h);

	if (due >= 0 && (timeout_ms < 0 || due < timeout_ms))
		timeout_ms = due;
	if (epoll_wait(h->epoll_fd, &ev, 1, timeout_ms) < 0 && errno != EINTR)
		return failed(e);
	return http_service(h, e);
}

const char *
http_header(const struct http_response *r, const char *name)
{
	const char *p = r->head, *end = r->head + r->head_len;

	while (p != NULL && p < end) {
		const char *value = p + strlen(p) + 1;

		if (strcasecmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

/* ---- URLs ---------------------------------------------------------------- */

static int
get_part(CURLU *u, CURLUPart part, unsigned flags, char *out, size_t cap)
{
	char *s = NULL;
	size_t n;

	if (curl_url_get(u, part, &s, flags) != CURLUE_OK)
		return -1;
	n = strlen(s);
	if (n < cap)
		memcpy(out, s, n + 1);
	curl_free(s);
	return n < cap ? 0 : -1;
}

static bool
has_part(CURLU *u, CURLUPart part)
{
	char *s = NULL;
	bool has = curl_url_get(u, part, &s, 0) == CURLUE_OK;

	curl_free(s);
	return has;
}

/* Whether the host is an address, and whether the URL wrote it otherwise than
 * it is usually written. */
static void
look_at_host(struct http_url *out, const char *url)
{
	unsigned char a[16];
	const char *host = strstr(url, "://");
	size_t n = strlen(out->host);

	out->literal =
	    out->host[0] == '[' || inet_pton(AF_INET, out->host, a) == 1;
	if (!out->literal || out->host[0] == '[' || host == NULL)
		return;
	host += 3;
	host += strcspn(host, "@/?#") + 1;
	if (host[-1] != '@')
		host = strstr(url, "://") + 3;
	out->odd_address = strncmp(host, out->host, n) != 0 ||
			   (host[n] != '\0' && strchr(":/?#", host[n]) == NULL);
}

static int
get_parts(struct http_url *out, CURLU *u)
{
	char port[8], query[HTTP_URL_MAX + 2] = "?", path[HTTP_URL_MAX + 1];
	size_t need;

	if (get_part(u, CURLUPART_SCHEME, 0, out->scheme, sizeof(out->scheme)) <
		0 ||
	    get_part(u, CURLUPART_HOST, 0, out->host, sizeof(out->host)) < 0 ||
	    get_part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, port,
		sizeof(port)) < 0 ||
	    get_part(u, CURLUPART_PATH, 0, path, sizeof(path)) < 0)
		return -1;
	if (strcmp(out->scheme, "http") != 0 &&
	    strcmp(out->scheme, "https") != 0)
		return -1;
	if (get_part(u, CURLUPART_QUERY, 0, query + 1, sizeof(query) - 1) < 0)
		query[0] = '\0';
	out->port = (int)strtol(port, NULL, 10);
	out->has_user =
	    has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD);
	out->has_fragment = has_part(u, CURLUPART_FRAGMENT);
	need = strlen(path) + strlen(query) + 1;
	out->path = malloc(need);
	if (out->path == NULL)
		return -1;
	(void)snprintf(out->path, need, "%s%s", path, query);
	return 0;
}

int
http_url_parse(struct http_url *out, const char *url, struct err *e)
{
	size_t len = strlen(url), i;
	CURLU *u;
	int rc = -1;

	*out = (struct http_url){.port = 0};
	if (len > HTTP_URL_MAX)
		return err_set(
		    e, "the URL is longer than %d bytes", HTTP_URL_MAX);
	for (i = 0; i < len; i++)
		if ((unsigned char)url[i] <= ' ' || url[i] == 127)
			return err_set(
			    e, "the URL holds a space or control character");
	u = curl_url();
	if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK)
		rc = get_parts(out, u);
	curl_url_cleanup(u);
	if (rc < 0)
		return err_set(e, "not an absolute http or https URL");
	look_at_host(out, url);
	return 0;
}

void
http_url_release(struct http_url *u)
{
	free(u->path);
	u->path = NULL;
}
