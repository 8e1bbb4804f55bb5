#include <errno.h>
#include <libwebsockets.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/emit.h"
#include "common/log.h"
#include "common/sig.h"
#include "pulse-ctl/serve/lane.h"
#include "pulse-ctl/serve/listen.h"
#include "pulse-ctl/serve/routes.h"
#include "pulse-ctl/serve/server.h"

/* Deadlines in ms. */
#define HEAD_MS	   10000 /* from the first byte of a head to its end */
#define BODY_MS	   20000 /* from there to the body's end */
#define IDLE_MS	   60000 /* between two requests */
#define SEND_MS	   60000 /* without the reader taking a byte */
#define DRAIN_MS   2000 /* for a body that nobody reads, after the answer */
#define STOP_MS	   5000 /* for all, after SIGTERM */
#define LANE_MS	   60000 /* for a place in the lane of long reads */
#define WRITERS_MS 5000 /* for a write while others write */
#define SWEEP_US   500000
#define NOTE_MS	   5000 /* between two notes of which keys were used */
#define BUSY_US	   3000

/* Bytes given to the library at once; more wait until they are sent. */
#define WRITE_MAX    ((size_t)64 * 1024)
#define STREAM_CHUNK ((size_t)16 * 1024)
#define DRAIN_MAX    ((size_t)1024 * 1024)
#define IN_MAX	     (MESSAGE_HEAD_MAX + MESSAGE_BODY_MAX)
/* Of the store: what is read again and again is a few pages. */
#define CACHE_BYTES (INT64_C(6) * 1024 * 1024)
/* Descriptors for other than connections. */
#define FDS_KEPT 64

enum conn_state {
	CONN_IDLE, /* between requests */
	CONN_HEAD, /* a head has begun */
	CONN_BODY,
	CONN_QUEUED, /* waits for the next transaction */
	CONN_LANE, /* waits for the lane of long reads, or for its answer */
	CONN_SENDING,
	CONN_STREAM,
	CONN_DRAIN, /* answered; what still comes in is thrown away */
	CONN_DEAD,
};

struct server;

/* Connections that wait, in order. */
struct waiting {
	struct conn *first, **end;
};

/* Lies in the library's per-session memory, zeroed. */
struct conn {
	struct server *s;
	struct lws *wsi;
	struct conn *next, *prev;
	struct conn *next_queued;
	enum conn_state state;
	bool is_write, held;
	int64_t deadline_ms;
	struct buf in; /* bytes not yet used */
	size_t used; /* of them, by the exchange at hand */
	size_t drained;
	struct exchange *x;
	size_t sent; /* offset in x->out */
	/* Of a stream. */
	enum stream_form form;
	struct stream_filter *filter; /* owned; NULL: none */
	int64_t seq, last_write_ms;
	char peer[46];
};

struct server {
	struct api *api;
	const struct server_config *config;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	struct listen listen;
	struct lws *listen_wsi;
	int signal_fd;
	struct lane *lane;
	struct lws *lane_wsi;
	struct waiting lane_queue;
	struct conn *lane_conn; /* whose request the lane runs; NULL: gone */
	bool lane_busy;
	struct conn *conns;
	struct waiting queue;
	int64_t queued_ms; /* when the oldest was queued */
	bool busy; /* the queue waits for other writers */
	int64_t nconns, nstreams;
	lws_sorted_usec_list_t sweep, poll, retry;
	struct emit log;
	int64_t noted_ms;
	bool stopping;
	int64_t stop_ms;
};

/* ---- connections --------------------------------------------------------- */

static void
conn_deadline(struct conn *c, int64_t ms)
{
	c->deadline_ms = clock_mono_ms() + ms;
}

static void
conn_open(struct server *s, struct conn *c, struct lws *wsi, const char *peer)
{
	*c = (struct conn){.s = s, .wsi = wsi};
	(void)snprintf(c->peer, sizeof(c->peer), "%s", peer);
	buf_init(&c->in, IN_MAX);
	c->next = s->conns;
	if (s->conns != NULL)
		s->conns->prev = c;
	s->conns = c;
	s->nconns++;
	s->api->metrics.connections = s->nconns;
	conn_deadline(c, HEAD_MS);
}

static void
enqueue(struct waiting *q, struct conn *c)
{
	c->next_queued = NULL;
	*q->end = c;
	q->end = &c->next_queued;
}

static void
unqueue(struct waiting *q, struct conn *c)
{
	struct conn **p = &q->first;

	while (*p != NULL && *p != c)
		p = &(*p)->next_queued;
	if (*p == NULL)
		return;
	*p = c->next_queued;
	if (q->end == &c->next_queued)
		q->end = p;
}

static void
conn_closed(struct conn *c)
{
	struct server *s = c->s;

	if (s == NULL)
		return;
	if (c->state == CONN_QUEUED)
		unqueue(&s->queue, c);
	if (s->lane_conn == c)
		s->lane_conn = NULL;
	else if (c->state == CONN_LANE)
		unqueue(&s->lane_queue, c);
	if (c->form != STREAM_NONE)
		s->api->metrics.subscribers = --s->nstreams;
	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		s->conns = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	s->nconns--;
	s->api->metrics.connections = s->nconns;
	exchange_free(c->x);
	free(c->filter);
	buf_release(&c->in);
	c->s = NULL;
}

/* End it from outside its own callback. */
static void
conn_kill(struct conn *c)
{
	c->state = CONN_DEAD;
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
}

/* Take no more bytes while there is no room for them. */
static void
conn_hold(struct conn *c, bool hold)
{
	if (c->held == hold)
		return;
	c->held = hold;
	(void)lws_rx_flow_control(c->wsi, hold ? 0 : 1);
}

/* ---- sending ------------------------------------------------------------- */

static void
log_exchange(struct server *s, const struct exchange *x)
{
	struct buf line;

	if (!s->config->log_requests)
		return;
	buf_init(&line, 1024);
	buf_reserve(&line, 512);
	api_log_line(x, s->config->log_json, &line);
	if (!buf_failed(&line))
		(void)emit_add(&s->log, line.p, line.len);
	buf_release(&line);
}

static void poll_alerts(lws_sorted_usec_list_t *sul);

static void
become_stream(struct conn *c)
{
	struct exchange *x = c->x;

	c->form = x->stream;
	c->seq = x->stream_seq;
	c->last_write_ms = clock_mono_ms();
	if (x->stream_filter.has_rule || x->stream_filter.symbol[0] != '\0') {
		c->filter = malloc(sizeof(*c->filter));
		if (c->filter != NULL)
			*c->filter = x->stream_filter;
	}
	c->s->api->metrics.subscribers = ++c->s->nstreams;
	if (c->s->nstreams == 1)
		lws_sul_schedule(c->s->lws, 0, &c->s->poll, poll_alerts,
		    STREAM_POLL_MS * LWS_US_PER_MS);
	c->state = CONN_STREAM;
	exchange_free(x);
	c->x = NULL;
	buf_release(&c->in);
	/* What was committed since the answer was made is due already. */
	lws_callback_on_writable(c->wsi);
}

/*
 * The last answer is out, and the asker may not be done speaking: a socket
 * closed with unread bytes is reset, and the answer lost with it. So say that
 * no more will come, and throw away what does until the asker closes.
 */
static int
conn_linger(struct conn *c, bool tell)
{
	c->state = CONN_DRAIN;
	conn_deadline(c, DRAIN_MS);
	buf_release(&c->in);
	conn_hold(c, false);
	/* With TLS the end is a record of its own, which closing sends. */
	if (tell && !c->s->api->config.tls)
		(void)shutdown(lws_get_socket_fd(c->wsi), SHUT_WR);
	return 0;
}

/* The answer is out: what comes next on this connection? -1 closes it. */
static int
conn_answered(struct conn *c)
{
	struct exchange *x = c->x;
	bool close = x->close, refused = x->status >= 400;

	if (x->stream != STREAM_NONE && !x->is_head) {
		become_stream(c);
		return 0;
	}
	exchange_free(x);
	c->x = NULL;
	if (c->used > c->in.len || (close && refused))
		return conn_linger(c, close);
	buf_consume(&c->in, c->used);
	c->used = 0;
	if (close || c->s->stopping)
		return -1;
	c->state = CONN_IDLE;
	conn_deadline(c, IDLE_MS);
	if (c->in.len == 0)
		buf_release(&c->in);
	return 0;
}

/* Give bytes to the library until it holds some back. 1 when all are out, 0
 * when a callback will go on, -1 when the connection is gone. */
static int
conn_send(struct conn *c)
{
	struct exchange *x = c->x;

	while (c->sent < x->out.len) {
		size_t n = x->out.len - c->sent;

		if (n > WRITE_MAX)
			n = WRITE_MAX;
		if (lws_partial_buffered(c->wsi)) {
			lws_callback_on_writable(c->wsi);
			return 0;
		}
		if (lws_write(c->wsi, (unsigned char *)x->out.p + c->sent, n,
			LWS_WRITE_RAW) < 0)
			return -1;
		c->sent += n;
		conn_deadline(c, SEND_MS);
	}
	if (lws_partial_buffered(c->wsi)) {
		lws_callback_on_writable(c->wsi);
		return 0;
	}
	return 1;
}

static int
conn_begin_answer(struct conn *c)
{
	api_finish(c->s->api, c->x);
	log_exchange(c->s, c->x);
	c->sent = c->x->from;
	c->state = CONN_SENDING;
	conn_deadline(c, SEND_MS);
	return conn_send(c);
}

/* ---- receiving ----------------------------------------------------------- */

/* The body is found anew each time: the buffer may have moved since. */
static int
run_exchange(struct conn *c, struct err *e)
{
	c->x->body = c->in.p + c->used - c->x->body_len;
	return api_run(c->s->api, c->x, e);
}

static void lane_next(struct server *s);

static int
enter_lane(struct conn *c)
{
	c->state = CONN_LANE;
	conn_deadline(c, LANE_MS);
	enqueue(&c->s->lane_queue, c);
	lane_next(c->s);
	return 0;
}

/* A list: here if it is quick, else in the lane. As conn_send(). */
static int
run_list(struct conn *c)
{
	struct api *api = c->s->api;
	bool lane = c->s->lane->fd >= 0, over;
	struct err e;
	int rc;

	if (lane && api_int(c->x, "offset") > LANE_OFFSET)
		return enter_lane(c);
	store_set_budget(api->st, lane ? LANE_BUDGET_US : 0);
	rc = run_exchange(c, &e);
	over = rc < 0 && store_overran(api->st);
	store_set_budget(api->st, 0);
	if (over)
		return enter_lane(c);
	if (rc < 0)
		api_store_failed(api, c->x, &e);
	return conn_begin_answer(c);
}

/* Run the exchange whose head and body are whole. As conn_send(). */
static int
conn_run(struct conn *c)
{
	struct server *s = c->s;
	struct exchange *x = c->x;
	struct err e;

	if (c->is_write) {
		c->state = CONN_QUEUED;
		if (s->queue.first == NULL)
			s->queued_ms = clock_mono_ms();
		enqueue(&s->queue, c);
		return 0;
	}
	if ((x->route->flags & ROUTE_LONG) != 0)
		return run_list(c);
	if (run_exchange(c, &e) < 0)
		api_store_failed(s->api, x, &e);
	return conn_begin_answer(c);
}

/* The head is whole: n bytes. As conn_send(). */
static int
conn_head(struct conn *c, size_t n)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct server *s = c->s;
	const char *why;
	int64_t length;
	enum api_next next;
	int status;

	c->x = exchange_new();
	if (c->x == NULL)
		return -1;
	(void)snprintf(c->x->peer, sizeof(c->x->peer), "%s", c->peer);
	/* A copy, for the buffer moves when the body makes it grow. */
	c->x->head_text = malloc(n);
	if (c->x->head_text == NULL)
		return -1;
	memcpy(c->x->head_text, c->in.p, n);
	status = message_parse(c->x->head_text, n, &c->x->head, &why);
	c->used = n;
	if (status != 0) {
		api_refuse(s->api, c->x, status, why);
		return conn_begin_answer(c);
	}
	length = c->x->head.content_length;
	next = api_begin(s->api, c->x);
	if (length > 0)
		c->used += length > (int64_t)IN_MAX ? IN_MAX : (size_t)length;
	if (next == API_ANSWERED) {
		if (c->used > c->in.len)
			c->x->close = true;
		return conn_begin_answer(c);
	}
	c->is_write = next == API_WRITE;
	c->x->body_len = c->used - n;
	if (c->in.len >= c->used)
		return conn_run(c);
	c->state = CONN_BODY;
	conn_deadline(c, BODY_MS);
	if (c->x->head.expects_continue)
		return lws_write(c->wsi, (unsigned char *)go_on,
			   sizeof(go_on) - 1, LWS_WRITE_RAW) < 0
			   ? -1
			   : 0;
	return 0;
}

static void
skip_empty_lines(struct buf *in)
{
	size_t n = 0;

	while (n + 1 < in->len && in->p[n] == '\r' && in->p[n + 1] == '\n')
		n += 2;
	if (n > 0)
		buf_consume(in, n);
}

/* One step with the bytes there are. 1: go on, 0: wait, -1: close. */
static int
conn_step(struct conn *c)
{
	long n;

	switch (c->state) {
	case CONN_IDLE:
	case CONN_HEAD:
		skip_empty_lines(&c->in);
		if (c->in.len == 0)
			return 0;
		n = message_head_len(c->in.p, c->in.len);
		if (n < 0) {
			c->x = exchange_new();
			if (c->x == NULL)
				return -1;
			(void)snprintf(
			    c->x->peer, sizeof(c->x->peer), "%s", c->peer);
			api_refuse(c->s->api, c->x, 431,
			    "The request's head is longer than 16 KiB");
			c->used = c->in.len + 1;
			return conn_begin_answer(c);
		}
		if (n > 0)
			return conn_head(c, (size_t)n);
		if (c->state == CONN_IDLE) {
			c->state = CONN_HEAD;
			conn_deadline(c, HEAD_MS);
		}
		return 0;
	case CONN_BODY:
		return c->in.len >= c->used ? conn_run(c) : 0;
	default:
		return 0;
	}
}

/* Go on as far as bytes and answers allow. 0, or -1 to close. */
static int
conn_pump(struct conn *c)
{
	int rc;

	do {
		rc = conn_step(c);
		if (rc == 1)
			rc = conn_answered(c) < 0 ? -1 : 1;
	} while (rc == 1);
	if (rc == 0)
		conn_hold(c, c->in.len >= IN_MAX - MESSAGE_HEAD_MAX / 2 &&
				 c->state != CONN_BODY &&
				 c->state != CONN_DRAIN);
	return rc;
}

static int
conn_receive(struct conn *c, const void *p, size_t n)
{
	if (c->state == CONN_DRAIN) {
		c->drained += n;
		return c->drained > DRAIN_MAX ? -1 : 0;
	}
	/* A subscriber has nothing more to say. */
	if (c->state == CONN_STREAM || c->state == CONN_DEAD)
		return 0;
	if (c->in.len + n > IN_MAX)
		return -1;
	if (buf_add(&c->in, p, n) < 0)
		return -1;
	return conn_pump(c);
}

/* ---- streams ------------------------------------------------------------- */

static int
stream_write(struct conn *c)
{
	static const struct stream_filter all = {.has_rule = false};
	struct server *s = c->s;
	struct buf out;
	struct err e;
	int more, rc = 0;

	if (lws_partial_buffered(c->wsi)) {
		lws_callback_on_writable(c->wsi);
		return 0;
	}
	buf_init(&out, STREAM_CHUNK * 4);
	more =
	    stream_next(&s->api->stream, c->filter != NULL ? c->filter : &all,
		c->form, &c->seq, &out, STREAM_CHUNK, &e);
	if (more < 0 || buf_failed(&out)) {
		rc = -1;
	} else if (out.len > 0) {
		rc = lws_write(c->wsi, (unsigned char *)out.p, out.len,
			 LWS_WRITE_RAW) < 0
			 ? -1
			 : 0;
		c->last_write_ms = clock_mono_ms();
	}
	if (rc == 0 && more > 0)
		lws_callback_on_writable(c->wsi);
	buf_release(&out);
	return rc;
}

/* A line now and then, so that proxies and people see that it lives, and so
 * that a reader that is gone is noticed. */
static void
stream_keep_alive(struct conn *c, int64_t now_ms)
{
	static const char sse[] = ":\n\n", lines[] = "\n";
	bool is_sse = c->form == STREAM_SSE;

	if (now_ms - c->last_write_ms < STREAM_KEEPALIVE_MS)
		return;
	/* What was written last did not even leave. */
	if (lws_partial_buffered(c->wsi)) {
		if (now_ms - c->last_write_ms > SEND_MS)
			conn_kill(c);
		return;
	}
	c->last_write_ms = now_ms;
	if (lws_write(c->wsi, (unsigned char *)(is_sse ? sse : lines),
		is_sse ? sizeof(sse) - 1 : sizeof(lines) - 1,
		LWS_WRITE_RAW) < 0)
		conn_kill(c);
}

static void
poll_alerts(lws_sorted_usec_list_t *sul)
{
	struct server *s = lws_container_of(sul, struct server, poll);
	struct conn *c;
	struct err e;
	int some;

	if (s->stopping)
		return;
	/* Nobody is left: the next subscriber starts it again. */
	if (s->nstreams == 0) {
		stream_stop(&s->api->stream);
		return;
	}
	some = stream_poll(&s->api->stream, &e);
	if (some < 0)
		log_warn("the stream of alerts: %s", e.msg);
	for (c = s->conns; some > 0 && c != NULL; c = c->next)
		if (c->state == CONN_STREAM)
			lws_callback_on_writable(c->wsi);
	lws_sul_schedule(
	    s->lws, 0, &s->poll, poll_alerts, STREAM_POLL_MS * LWS_US_PER_MS);
}

/* ---- writes -------------------------------------------------------------- */

static void
answer_queued(struct conn *c)
{
	int rc = conn_begin_answer(c);

	if (rc == 1)
		rc = conn_answered(c) < 0 ? -1 : conn_pump(c);
	if (rc < 0)
		conn_kill(c);
}

/* All of them in one transaction. 0, or -1 and nothing was written. */
static int
commit_all(struct server *s, struct conn *list, struct err *e)
{
	struct conn *c;

	for (c = list; c != NULL; c = c->next_queued) {
		if (run_exchange(c, e) < 0) {
			store_rollback(s->api->st);
			return -1;
		}
		s->api->metrics.committed_requests++;
	}
	s->api->metrics.commits++;
	return store_commit(s->api->st, e);
}

/* One failed: each for itself, so that it fails alone. */
static void
commit_each(struct server *s, struct conn *list)
{
	struct conn *c;
	struct err e;

	for (c = list; c != NULL; c = c->next_queued) {
		struct conn *next = c->next_queued;
		int rc;

		c->next_queued = NULL;
		rc = store_begin(s->api->st, true, &e);
		if (rc == 0)
			rc = commit_all(s, c, &e);
		if (rc < 0)
			api_store_failed(s->api, c->x, &e);
		c->next_queued = next;
	}
}

static void flush_queue(struct server *s);

static void
retry_queue(lws_sorted_usec_list_t *sul)
{
	struct server *s = lws_container_of(sul, struct server, retry);

	s->busy = false;
	flush_queue(s);
}

/* Everything that is queued, answered in order. Another process's write
 * postpones it; nothing else waits for that. */
static void
flush_queue(struct server *s)
{
	struct conn *list = s->queue.first, *next;
	struct err e;

	if (list == NULL || s->busy)
		return;
	if (store_begin(s->api->st, true, &e) < 0) {
		if (store_busy(s->api->st) &&
		    clock_mono_ms() - s->queued_ms < WRITERS_MS) {
			s->busy = true;
			lws_sul_schedule(
			    s->lws, 0, &s->retry, retry_queue, BUSY_US);
			return;
		}
		for (; list != NULL; list = list->next_queued)
			api_store_failed(s->api, list->x, &e);
	} else if (commit_all(s, list, &e) < 0) {
		commit_each(s, list);
	}
	list = s->queue.first;
	s->queue = (struct waiting){NULL, &s->queue.first};
	for (; list != NULL; list = next) {
		next = list->next_queued;
		answer_queued(list);
	}
}

/* ---- long reads ---------------------------------------------------------- */

/* Without the lane lists hold others up, but are answered. */
static void
lane_lost(struct server *s, const struct err *why)
{
	struct waiting q = s->lane_queue;
	struct conn *c = s->lane_conn, *next;

	log_error("%s; long reads hold others up from now on", why->msg);
	lane_close(s->lane);
	s->lane_conn = NULL;
	s->lane_busy = false;
	s->lane_queue = (struct waiting){NULL, &s->lane_queue.first};
	if (s->lane_wsi != NULL)
		lws_set_timeout(
		    s->lane_wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
	s->lane_wsi = NULL;
	if (c != NULL) {
		c->next_queued = q.first;
		q.first = c;
	}
	for (c = q.first; c != NULL; c = next) {
		next = c->next_queued;
		api_detail(c->x, 503, "Try again: %s", why->msg);
		answer_queued(c);
	}
}

static void
lane_next(struct server *s)
{
	struct conn *c = s->lane_queue.first;
	struct err e;

	if (c == NULL || s->lane_busy)
		return;
	unqueue(&s->lane_queue, c);
	s->lane_busy = true;
	s->lane_conn = c;
	if (lane_ask(s->lane, c->x, c->in.p, c->used - c->x->body_len, &e) < 0)
		lane_lost(s, &e);
}

static void
lane_read(struct server *s)
{
	struct conn *c = s->lane_conn;
	struct err e;
	int rc;

	rc = lane_answer(s->lane, c != NULL ? c->x : NULL, &e);
	if (rc < 0)
		lane_lost(s, &e);
	if (rc <= 0)
		return;
	s->lane_busy = false;
	s->lane_conn = NULL;
	lane_next(s);
	if (c != NULL)
		answer_queued(c);
}

static void
leave_lane(struct server *s, struct conn *c)
{
	if (s->lane_conn == c)
		return; /* its own limit ends it */
	unqueue(&s->lane_queue, c);
	api_detail(c->x, 503, "Too many long reads at once: try again");
	answer_queued(c);
}

/* ---- time ---------------------------------------------------------------- */

/* When keys were used last: not worth waiting for, nor for the disk. */
static void
note_use(struct server *s, int64_t now_ms)
{
	struct err e;

	if (now_ms - s->noted_ms < NOTE_MS || !auth_used(&s->api->auth))
		return;
	s->noted_ms = now_ms;
	if (store_begin(s->api->st, false, &e) < 0)
		return;
	if (auth_note_use(&s->api->auth, &e) < 0 ||
	    store_commit(s->api->st, &e) < 0) {
		store_rollback(s->api->st);
		log_warn("the use of keys is not noted: %s", e.msg);
	}
}

static void
sweep(lws_sorted_usec_list_t *sul)
{
	struct server *s = lws_container_of(sul, struct server, sweep);
	int64_t now = clock_mono_ms();
	struct conn *c;

	for (c = s->conns; c != NULL; c = c->next) {
		if (c->state == CONN_STREAM)
			stream_keep_alive(c, now);
		else if (c->state == CONN_LANE && now > c->deadline_ms)
			leave_lane(s, c);
		else if (c->state != CONN_LANE && c->state != CONN_DEAD &&
			 c->state != CONN_QUEUED && now > c->deadline_ms)
			conn_kill(c);
	}
	note_use(s, now);
	lws_sul_schedule(s->lws, 0, &s->sweep, sweep, SWEEP_US);
}

/* ---- the library's callbacks --------------------------------------------- */

static void
accept_all(struct server *s)
{
	static const char full[] =
	    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
	    "Content-Type: application/json\r\nContent-Length: 34\r\n"
	    "Connection: close\r\n\r\n{\"detail\":\"Too many connections\"}\n";
	lws_sock_file_fd_type fd;
	char peer[46];
	struct lws *wsi;
	int i;

	for (i = 0; i < 64; i++) {
		fd.sockfd = listen_accept(&s->listen, peer, sizeof(peer));
		if (fd.sockfd < 0)
			return;
		if (s->nconns >= s->config->max_connections) {
			s->api->metrics.connections_refused++;
			(void)send(fd.sockfd, full, sizeof(full) - 1,
			    MSG_DONTWAIT | MSG_NOSIGNAL);
			close(fd.sockfd);
			continue;
		}
		wsi = lws_adopt_descriptor_vhost(s->vhost,
		    s->api->config.tls ? LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL
				       : LWS_ADOPT_SOCKET,
		    fd, "http", NULL);
		if (wsi != NULL && lws_wsi_user(wsi) != NULL)
			conn_open(s, lws_wsi_user(wsi), wsi, peer);
	}
}

static int
on_connection(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct conn *c = user;
	int rc;

	(void)wsi;
	if (c == NULL || c->s == NULL)
		return 0;
	switch (reason) {
	case LWS_CALLBACK_RAW_RX:
		return conn_receive(c, in, len);
	case LWS_CALLBACK_RAW_WRITEABLE:
		if (c->state == CONN_STREAM)
			return stream_write(c);
		if (c->state != CONN_SENDING)
			return 0;
		rc = conn_send(c);
		if (rc == 1)
			rc = conn_answered(c) < 0 ? -1 : conn_pump(c);
		return rc;
	case LWS_CALLBACK_RAW_CLOSE:
		conn_closed(c);
		return 0;
	default:
		return 0;
	}
}

static void
stop(struct server *s)
{
	struct conn *c;

	if (s->stopping)
		return;
	s->stopping = true;
	s->stop_ms = clock_mono_ms();
	/* Answers under way are finished; who waits for nothing is let go. */
	for (c = s->conns; c != NULL; c = c->next)
		if (c->state == CONN_IDLE || c->state == CONN_HEAD ||
		    c->state == CONN_STREAM || c->state == CONN_DRAIN)
			conn_kill(c);
	/* At once, the library's copy too: whoever connects from now on gets
	 * the successor, or is refused, and does not wait in vain. */
	if (s->listen_wsi != NULL)
		lws_set_timeout(
		    s->listen_wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
	s->listen_wsi = NULL;
	listen_close(&s->listen);
}

static int
on_descriptor(struct lws *wsi, enum lws_callback_reasons reason, void *user,
    void *in, size_t len)
{
	struct server *s = lws_context_user(lws_get_context(wsi));
	int signal;

	(void)user;
	(void)in;
	(void)len;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	if (wsi == s->listen_wsi) {
		accept_all(s);
		return 0;
	}
	if (wsi == s->lane_wsi) {
		lane_read(s);
		return 0;
	}
	while ((signal = sig_read(s->signal_fd)) != 0)
		if (signal == SIGTERM || signal == SIGINT)
			stop(s);
	return 0;
}

/* ---- start and end ------------------------------------------------------- */

static const struct lws_protocols protocols[] = {
    {"http", on_connection, sizeof(struct conn), 0, 0, NULL, 0},
    {"descriptor", on_descriptor, 0, 0, 0, NULL, 0},
    {NULL, NULL, 0, 0, 0, NULL, 0},
};

static void
say(int level, const char *line)
{
	size_t n = strcspn(line, "\n");

	if (level == LLL_ERR)
		log_warn("libwebsockets: %.*s", (int)n, line);
	else
		log_debug("libwebsockets: %.*s", (int)n, line);
}

static int
raise_descriptors(const struct server *s, struct err *e)
{
	rlim_t need = (rlim_t)s->config->max_connections + FDS_KEPT;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0)
		return err_set(e, "getrlimit: %s", strerror(errno));
	if (r.rlim_max < need)
		return err_set(e,
		    "%lld connections need %lld descriptors, the limit is "
		    "%lld",
		    (long long)s->config->max_connections, (long long)need,
		    (long long)r.rlim_max);
	r.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		return err_set(e, "setrlimit: %s", strerror(errno));
	return 0;
}

static int
start_library(struct server *s, struct err *e)
{
	struct lws_context_creation_info info;

	lws_set_log_level(LLL_ERR | LLL_WARN, say);
	memset(&info, 0, sizeof(info));
	info.port = CONTEXT_PORT_NO_LISTEN_SERVER;
	info.protocols = protocols;
	info.user = s;
	info.gid = -1;
	info.uid = -1;
	info.pt_serv_buf_size = 16384;
	info.fd_limit_per_thread =
	    (unsigned)(s->config->max_connections + FDS_KEPT);
	info.vhost_name = "pulse";
	info.alpn = "http/1.1";
	if (s->config->tls_cert != NULL) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = s->config->tls_cert;
		info.ssl_private_key_filepath = s->config->tls_key;
	}
	s->lws = lws_create_context(&info);
	if (s->lws == NULL)
		return err_set(e, "libwebsockets cannot start%s",
		    s->config->tls_cert != NULL
			? ": is the certificate or its key unreadable?"
			: "");
	s->vhost = lws_get_vhost_by_name(s->lws, "pulse");
	return s->vhost != NULL ? 0 : err_set(e, "libwebsockets has no vhost");
}

static int
adopt(struct server *s, int fd, struct lws **wsi, struct err *e)
{
	lws_sock_file_fd_type d;

	d.filefd = fd;
	*wsi = lws_adopt_descriptor_vhost(
	    s->vhost, LWS_ADOPT_RAW_FILE_DESC, d, "descriptor", NULL);
	return *wsi != NULL
		   ? 0
		   : err_set(e, "libwebsockets does not take a descriptor");
}

static int
start(struct server *s, struct err *e)
{
	struct lws *ignored;
	int fd;

	if (raise_descriptors(s, e) < 0 || start_library(s, e) < 0)
		return -1;
	/* The library closes what it adopts: give it copies. */
	fd = dup(s->listen.fd);
	if (fd < 0 || adopt(s, fd, &s->listen_wsi, e) < 0 ||
	    adopt(s, dup(s->signal_fd), &ignored, e) < 0 ||
	    adopt(s, dup(s->lane->fd), &s->lane_wsi, e) < 0)
		return err_set(e, "cannot watch the listening socket");
	store_set_wait(s->api->st, 0);
	store_set_cache(s->api->st, CACHE_BYTES);
	lws_sul_schedule(s->lws, 0, &s->sweep, sweep, SWEEP_US);
	return 0;
}

static bool
finished(const struct server *s)
{
	return s->stopping &&
	       (s->nconns == 0 || clock_mono_ms() - s->stop_ms > STOP_MS);
}

int
server_run(struct api *api, const struct server_config *config,
    struct lane *lane, int signal_fd, struct err *e)
{
	struct server *s = calloc(1, sizeof(*s));
	int rc = -1;

	if (s == NULL)
		return err_set(e, "out of memory");
	s->api = api;
	s->config = config;
	s->signal_fd = signal_fd;
	s->lane = lane;
	s->lane_queue.end = &s->lane_queue.first;
	s->queue.end = &s->queue.first;
	emit_init(&s->log, STDERR_FILENO, (size_t)256 * 1024);
	if (listen_open(&s->listen, config->listen, api->config.tls, e) == 0) {
		/* Nobody else can reach it: reads need no key. */
		if (s->listen.loopback)
			api->config.open_reads = true;
		rc = start(s, e);
		if (rc == 0)
			log_info("listening on %s", s->listen.name);
		while (rc == 0 && !finished(s)) {
			if (lws_service(s->lws, 0) < 0)
				break;
			flush_queue(s);
			(void)emit_flush(&s->log);
		}
		if (s->lws != NULL)
			lws_context_destroy(s->lws);
		listen_close(&s->listen);
	}
	(void)emit_flush(&s->log);
	emit_release(&s->log);
	free(s);
	return rc;
}
