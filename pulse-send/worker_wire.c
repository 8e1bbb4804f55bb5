#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "pulse-send/worker_wire.h"

#define READ_SIZE ((size_t)64 * 1024)

/* The fixed part of an ask; then method, URL, CA file, each header's name and
 * value, and the body. An empty method or CA file: none. */
struct ask_head {
	uint32_t size, flags;
	uint64_t id;
	int64_t connect_timeout_ms, timeout_ms;
	uint64_t response_max;
	uint32_t nheaders, body_len;
	bool cancel, has_body;
};

/* The fixed part of an answer; then body, head, address and sentence. */
struct answer_head {
	uint32_t size;
	int32_t outcome, status;
	uint32_t len, head_len;
	bool cut, left, unsent;
	uint64_t id, sent;
	int64_t started_us, ended_us, latency_us;
};

void
wire_init(struct wire *w, int fd, size_t out_max)
{
	*w = (struct wire){.fd = fd};
	buf_init(&w->in, READ_SIZE + WIRE_MESSAGE_MAX);
	buf_init(&w->out, out_max);
}

void
wire_release(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	buf_release(&w->in);
	buf_release(&w->out);
	w->fd = -1;
	w->taken = w->sent = 0;
}

/* ---- bytes --------------------------------------------------------------- */

int
wire_send(struct wire *w)
{
	while (w->sent < w->out.len) {
		ssize_t n = send(w->fd, w->out.p + w->sent,
		    w->out.len - w->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? 0 : -1;
		w->sent += (size_t)n;
	}
	buf_reset(&w->out);
	w->sent = 0;
	return 0;
}

bool
wire_waits(const struct wire *w)
{
	return w->sent < w->out.len;
}

int
wire_receive(struct wire *w)
{
	ssize_t n;

	buf_consume(&w->in, w->taken);
	w->taken = 0;
	if (buf_reserve(&w->in, READ_SIZE) < 0)
		return -1;
	do
		n = recv(w->fd, w->in.p + w->in.len, READ_SIZE, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -1;
	w->in.len += (size_t)n;
	return n > 0 ? 1 : -1;
}

/* ---- writing ------------------------------------------------------------- */

static void
put_text(struct buf *b, const char *s)
{
	if (s != NULL)
		buf_adds(b, s);
	buf_addc(b, '\0');
}

/* The message that began there is complete: its size, or undo it. */
static int
end_message(struct buf *b, size_t start)
{
	uint32_t size = (uint32_t)(b->len - start);

	if (!buf_failed(b) && b->len - start <= WIRE_MESSAGE_MAX) {
		memcpy(b->p + start, &size, sizeof(size));
		return 0;
	}
	b->len = start;
	b->failed = false;
	return -1;
}

int
wire_put_call(struct wire *w, uint64_t id, const struct http_request *r)
{
	struct buf *b = &w->out;
	size_t start = b->len, i;
	struct ask_head h = {
	    .flags = r->flags,
	    .id = id,
	    .connect_timeout_ms = r->connect_timeout_ms,
	    .timeout_ms = r->timeout_ms,
	    .response_max = r->response_max,
	    .nheaders = (uint32_t)r->nheaders,
	    .body_len = (uint32_t)r->body_len,
	    .has_body = r->body != NULL,
	};

	if (r->body_len > WIRE_MESSAGE_MAX || r->nheaders > HTTP_HEADERS_MAX)
		return -1;
	buf_add(b, &h, sizeof(h));
	put_text(b, r->method);
	put_text(b, r->url);
	put_text(b, r->ca_file);
	for (i = 0; i < r->nheaders; i++) {
		put_text(b, r->headers[i].name);
		put_text(b, r->headers[i].value);
	}
	if (r->body != NULL)
		buf_add(b, r->body, r->body_len);
	return end_message(b, start);
}

int
wire_put_cancel(struct wire *w, uint64_t id)
{
	size_t start = w->out.len;
	struct ask_head h = {.id = id, .cancel = true};

	buf_add(&w->out, &h, sizeof(h));
	return end_message(&w->out, start);
}

int
wire_put_answer(struct wire *w, const struct wire_answer *a)
{
	const struct http_response *r = &a->response;
	struct buf *b = &w->out;
	size_t start = b->len;
	struct answer_head h = {
	    .outcome = (int32_t)r->outcome,
	    .status = r->status,
	    .len = (uint32_t)r->len,
	    .head_len = (uint32_t)r->head_len,
	    .cut = r->cut,
	    .left = r->left,
	    .unsent = a->unsent,
	    .id = a->id,
	    .sent = r->sent,
	    .started_us = a->started_us,
	    .ended_us = a->ended_us,
	    .latency_us = r->latency_us,
	};

	if (r->len > WIRE_MESSAGE_MAX || r->head_len > WIRE_MESSAGE_MAX)
		return -1;
	buf_add(b, &h, sizeof(h));
	buf_add(b, r->body, r->len);
	buf_addc(b, '\0');
	if (r->head_len > 0)
		buf_add(b, r->head, r->head_len);
	put_text(b, r->address);
	put_text(b, r->error);
	return end_message(b, start);
}

/* ---- reading ------------------------------------------------------------- */

/* What is left of a message. */
struct reader {
	const char *p, *end;
	bool bad;
};

static const char *
get_bytes(struct reader *r, size_t n)
{
	const char *p = r->p;

	if (r->bad || n > (size_t)(r->end - p)) {
		r->bad = true;
		return "";
	}
	r->p += n;
	return p;
}

static const char *
get_text(struct reader *r)
{
	const char *nul =
	    r->bad ? NULL : memchr(r->p, '\0', (size_t)(r->end - r->p));

	if (nul == NULL) {
		r->bad = true;
		return "";
	}
	return get_bytes(r, (size_t)(nul - r->p) + 1);
}

/* NULL for an empty one. */
static const char *
get_optional(struct reader *r)
{
	const char *s = get_text(r);

	return s[0] != '\0' ? s : NULL;
}

/* The size of the next message, if that much is there. */
static bool
get_size(const struct wire *w, uint32_t *size)
{
	if (w->in.len - w->taken < sizeof(*size))
		return false;
	memcpy(size, w->in.p + w->taken, sizeof(*size));
	return true;
}

bool
wire_has_next(const struct wire *w)
{
	uint32_t size;

	return get_size(w, &size) && size <= w->in.len - w->taken;
}

/* Its fixed part, if it is there as a whole: as wire_next_ask(). */
static int
next_message(struct wire *w, void *head, size_t n, struct reader *r)
{
	const char *p;
	uint32_t size;

	if (!get_size(w, &size))
		return 0;
	if (size < n || size > WIRE_MESSAGE_MAX)
		return -1;
	if (size > w->in.len - w->taken)
		return 0;
	p = w->in.p + w->taken;
	memcpy(head, p, n);
	*r = (struct reader){.p = p + n, .end = p + size};
	w->taken += size;
	return 1;
}

int
wire_next_ask(struct wire *w, struct wire_ask *a)
{
	struct ask_head h;
	struct reader r;
	size_t i;
	int rc = next_message(w, &h, sizeof(h), &r);

	if (rc <= 0)
		return rc;
	a->id = h.id;
	a->cancel = h.cancel;
	if (h.cancel)
		return 1;
	if (h.nheaders > HTTP_HEADERS_MAX)
		return -1;
	a->request = (struct http_request){
	    .connect_timeout_ms = h.connect_timeout_ms,
	    .timeout_ms = h.timeout_ms,
	    .response_max = (size_t)h.response_max,
	    .flags = h.flags,
	    .headers = a->headers,
	    .nheaders = h.nheaders,
	    .body_len = h.body_len,
	};
	a->request.method = get_optional(&r);
	a->request.url = get_text(&r);
	a->request.ca_file = get_optional(&r);
	for (i = 0; i < h.nheaders; i++) {
		a->headers[i].name = get_text(&r);
		a->headers[i].value = get_text(&r);
	}
	if (h.has_body)
		a->request.body = (void *)get_bytes(&r, h.body_len);
	return r.bad ? -1 : 1;
}

int
wire_next_answer(struct wire *w, struct wire_answer *a)
{
	struct answer_head h;
	struct reader r;
	int rc = next_message(w, &h, sizeof(h), &r);

	if (rc <= 0)
		return rc;
	a->id = h.id;
	a->unsent = h.unsent;
	a->started_us = h.started_us;
	a->ended_us = h.ended_us;
	a->response = (struct http_response){
	    .outcome = (enum http_outcome)h.outcome,
	    .status = h.status,
	    .len = h.len,
	    .head_len = h.head_len,
	    .cut = h.cut,
	    .left = h.left,
	    .sent = (size_t)h.sent,
	    .latency_us = h.latency_us,
	};
	a->response.body = get_bytes(&r, (size_t)h.len + 1);
	a->response.head = get_bytes(&r, h.head_len);
	a->response.address = get_text(&r);
	a->response.error = get_text(&r);
	return r.bad ? -1 : 1;
}
