#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/clock.h"
#include "tests/sim/admin.h"
#include "tests/sim/deed.h"
#include "tests/sim/feed.h"
#include "tests/sim/frame.h"
#include "tests/sim/peer.h"
#include "tests/sim/rest.h"

#define IN_MAX	((size_t)4 << 20)
#define OUT_MAX ((size_t)256 << 20)

static void on_data(struct stream *s);
static void on_closed(struct stream *s);

static const struct stream_ops ops = {on_data, NULL, on_closed};

static struct peer *
peer_of(struct stream *s)
{
	return CONTAINER_OF(s, struct peer, stream);
}

static void
release(struct loop_grave *g)
{
	struct peer *p = CONTAINER_OF(g, struct peer, grave);

	stream_release(&p->stream);
	buf_release(&p->answer);
	buf_release(&p->message);
	buf_release(&p->held);
	buf_release(&p->acks);
	free(p);
}

static void
on_closed(struct stream *s)
{
	struct peer *p = peer_of(s);
	struct sim *sim = p->sim;

	timerq_clear(&sim->loop.timers, &p->timer);
	timerq_clear(&sim->loop.timers, &p->ack_timer);
	timerq_clear(&sim->loop.timers, &p->drop_timer);
	feed_leave(p);
	if (p->ws)
		sim->stats.value[STATS_WS_OPEN]--;
	if (p->prev != NULL)
		p->prev->next = p->next;
	else
		sim->peers = p->next;
	if (p->next != NULL)
		p->next->prev = p->prev;
	loop_bury(&sim->loop, &p->grave, release);
}

void
peer_drop(struct peer *p, bool reset)
{
	if (p->stream.dead)
		return;
	if (p->ws)
		p->sim->stats.value[STATS_DROPS]++;
	stream_end(&p->stream, reset);
}

void
peer_end_all(struct sim *s)
{
	while (s->peers != NULL)
		stream_end(&s->peers->stream, false);
}

/* --- HTTP ---------------------------------------------------------------- */

static void requests(struct peer *p);

/* The Date of the exchange's clock, as a header line. */
static void
date_line(struct peer *p, char *out, size_t size)
{
	struct fault_occasion o = {.conn = p->number};
	struct fault *f = faultset_stands(&p->sim->faults, FAULT_SKEW, &o);
	int64_t ms = simclock_ms(&p->sim->clock);
	struct tm tm;
	time_t t;

	if (f != NULL && f->ms != INT64_MIN)
		ms += f->ms;
	t = (time_t)(ms / 1000);
	gmtime_r(&t, &tm);
	strftime(out, size, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
}

static void
answer_done(struct peer *p)
{
	p->busy = false;
	p->dripped = 0;
	buf_reset(&p->answer);
	if (!p->keep_alive)
		stream_finish(&p->stream);
	else
		stream_flush(&p->stream);
	if (!p->stream.dead && !p->parsing)
		requests(p);
}

/* The delay is over: the answer goes out, whole or a byte every 5 ms. */
static void
on_answer(struct timer *t)
{
	struct peer *p = CONTAINER_OF(t, struct peer, timer);

	if (!p->drip) {
		buf_add(&p->stream.out, p->answer.p, p->answer.len);
		answer_done(p);
		return;
	}
	buf_addc(&p->stream.out, p->answer.p[p->dripped++]);
	stream_flush(&p->stream);
	if (p->stream.dead)
		return;
	if (p->dripped == p->answer.len)
		answer_done(p);
	else
		timerq_set(&p->sim->loop.timers, t, clock_mono_us() + 5000);
}

static void
chunk(struct buf *out, const char *body, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t k = n - done < 1000 ? n - done : 1000;

		buf_addf(out, "%zx\r\n", k);
		buf_add(out, body + done, k);
		buf_adds(out, "\r\n");
		done += k;
	}
	buf_adds(out, "0\r\n\r\n");
}

/* The answer's bytes, with what the faults do to them. */
static void
compose(struct peer *p, int status, const char *type, const char *fields,
    const char *body, size_t n, bool plain)
{
	struct faults *fs = &p->sim->faults;
	struct fault_occasion o = {.conn = p->number, .type = p->type};

	if (!plain && faultset_take(fs, FAULT_TRUNCATE, &o) != NULL) {
		http_respond(
		    &p->answer, status, type, fields, body, n, p->keep_alive);
		p->answer.len -= n - n / 2;
		p->keep_alive = false;
		return;
	}
	if (!plain && faultset_take(fs, FAULT_CHUNKED, &o) != NULL) {
		buf_addf(&p->answer,
		    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s"
		    "Transfer-Encoding: chunked\r\n\r\n",
		    status, http_reason(status), type, fields);
		chunk(&p->answer, body, n);
		return;
	}
	http_respond(&p->answer, status, type, fields, body, n, p->keep_alive);
	if (!plain && faultset_take(fs, FAULT_CLOSEIDLE, &o) != NULL)
		p->keep_alive = false;
}

void
peer_answer(
    struct peer *p, int status, const char *type, const void *body, size_t n)
{
	struct fault_occasion o = {.conn = p->number, .type = p->type};
	bool plain = p->admin;
	struct fault *slow;
	char date[64];

	if (p->stream.dead)
		return;
	if (!plain && status >= 500)
		sim_count(p->sim, STATS_STATUS_5XX, 1);
	else if (!plain && status >= 400)
		sim_count(p->sim, STATS_STATUS_4XX, 1);
	date_line(p, date, sizeof(date));
	compose(p, status, type, date, body, n, plain);
	p->busy = true;
	p->drip = false;
	p->timer.fire = on_answer;
	slow = plain ? NULL : faultset_take(&p->sim->faults, FAULT_SLOW, &o);
	if (slow == NULL) {
		on_answer(&p->timer);
		return;
	}
	p->drip = strcmp(slow->how, "drip") == 0;
	timerq_set(&p->sim->loop.timers, &p->timer,
	    clock_mono_us() +
		sim_real_us(p->sim, 1000 * (slow->ms >= 0 ? slow->ms : 1000)));
}

/* Answer as an outage or a fault wants it, before anybody looks at the
 * request. True when that is all. */
static bool
spoiled(struct peer *p)
{
	struct fault_occasion o = {.conn = p->number};
	struct faults *fs = &p->sim->faults;
	struct fault *f = faultset_stands(fs, FAULT_OUTAGE, &o);
	static const char html[] = "<html><head><title>502 Bad Gateway</title>"
				   "</head><body><center><h1>502 Bad Gateway"
				   "</h1></center></body></html>\r\n";

	if (f == NULL)
		return false;
	if (strcmp(f->how, "html") == 0)
		peer_answer(p, 502, "text/html", html, sizeof(html) - 1);
	else
		stream_end(&p->stream, true);
	return true;
}

static void
on_drop_timer(struct timer *t)
{
	peer_drop(CONTAINER_OF(t, struct peer, drop_timer), false);
}

static void on_idle(struct timer *t);

static int64_t
idle_us(const struct peer *p)
{
	return sim_real_us(p->sim, p->sim->opt.idle_ms * 1000);
}

static void
arm_idle(struct peer *p)
{
	p->timer.fire = on_idle;
	timerq_set(
	    &p->sim->loop.timers, &p->timer, p->last_sent_us + idle_us(p));
}

/* "The server will close any connection if it hasn't sent a message to it in
 * the last 60 seconds." */
static void
on_idle(struct timer *t)
{
	struct peer *p = CONTAINER_OF(t, struct peer, timer);

	if (clock_mono_us() - p->last_sent_us < p->sim->opt.idle_ms * 1000) {
		arm_idle(p);
		return;
	}
	if (p->mute)
		return;
	p->sim->stats.value[STATS_DROPS]++;
	frame_add_close(&p->stream.out, 1000, "");
	stream_finish(&p->stream);
}

static void
upgrade(struct peer *p, const struct http_request *r)
{
	struct span key = http_field(r, "sec-websocket-key");
	struct fault_occasion o = {.conn = p->number};
	char accept[FRAME_ACCEPT_MAX];
	struct fault *f = faultset_take(&p->sim->faults, FAULT_REFUSE, &o);

	if (key.p == NULL || !span_is(r->method, "GET")) {
		peer_answer(p, 400, "text/plain", "Bad Request", 11);
		return;
	}
	if (f != NULL || !budget_spend(&p->sim->budget, BUDGET_CONNECTS, 1) ||
	    (p->sim->budget.enforced &&
		p->sim->stats.value[STATS_WS_OPEN] >= BUDGET_CONNECTIONS_MAX)) {
		int status = f == NULL ? 429 : f->code > 0 ? (int)f->code : 502;

		p->keep_alive = false;
		peer_answer(p, status, "text/html", "", 0);
		return;
	}
	frame_accept_key(key.p, key.n, accept);
	buf_addf(&p->stream.out,
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
	    accept);
	p->ws = true;
	p->last_sent_us = clock_mono_us();
	p->sim->stats.value[STATS_WS_OPEN]++;
	sim_count(p->sim, STATS_WS, 1);
	arm_idle(p);
	if (p->sim->opt.greet)
		peer_text(p, "Websocket connection established.", 33);
	f = faultset_take(&p->sim->faults, FAULT_ACCEPTDROP, &o);
	if (f == NULL)
		return;
	stream_flush(&p->stream);
	p->drop_timer.fire = on_drop_timer;
	timerq_set(&p->sim->loop.timers, &p->drop_timer,
	    clock_mono_us() +
		sim_real_us(p->sim, f->ms > 0 ? f->ms * 1000 : 0));
}

static void
request(struct peer *p, const struct http_request *r)
{
	p->keep_alive = r->keep_alive;
	p->type[0] = '\0';
	p->admin = span_starts(r->path, "/sim/");
	if (p->admin)
		admin_request(p, r);
	else if (spoiled(p))
		return;
	else if (span_is(r->path, "/ws"))
		upgrade(p, r);
	else if (span_is(r->path, "/info"))
		rest_request(p, r);
	else
		peer_answer(p, 404, "text/plain", "Not Found", 9);
}

static void
requests(struct peer *p)
{
	struct http_request r;

	p->parsing = true;
	while (!p->busy && !p->ws && !p->stream.dead && !p->stream.finishing &&
	       p->stream.in.len > 0) {
		int rc = http_parse(&r, p->stream.in.p, p->stream.in.len);

		if (rc == 0 && r.expects_continue) {
			buf_adds(
			    &p->stream.out, "HTTP/1.1 100 Continue\r\n\r\n");
			stream_flush(&p->stream);
		}
		if (rc == 0)
			break;
		if (rc < 0) {
			p->keep_alive = false;
			peer_answer(p, 400, "text/plain", "Bad Request", 11);
			break;
		}
		p->busy = true;
		request(p, &r);
		if (p->ws)
			p->busy = false;
		buf_consume(&p->stream.in, r.size);
	}
	p->parsing = false;
}

/* --- WebSocket ----------------------------------------------------------- */

/* A frame, as whole as the faults let it be. */
static void
put(struct peer *p, struct buf *out, const char *text, size_t n)
{
	struct fault_occasion o = {.conn = p->number};
	struct fault *f = faultset_take(&p->sim->faults, FAULT_FRAGMENT, &o);
	size_t size;

	if (f == NULL) {
		frame_add(out, FRAME_TEXT, text, n);
		return;
	}
	size = f->size > 0 ? (size_t)f->size : 20;
	if (strcmp(f->how, "ping") != 0 || n <= size) {
		frame_add_pieces(out, FRAME_TEXT, text, n, size);
		return;
	}
	/* Control frames may come between the pieces of a message. */
	frame_head(out, FRAME_TEXT, false, size);
	buf_add(out, text, size);
	frame_add(out, FRAME_PING, "sim", 3);
	frame_head(out, FRAME_MORE, true, n - size);
	buf_add(out, text + size, n - size);
}

void
peer_text(struct peer *p, const char *text, size_t n)
{
	struct fault_occasion o = {.conn = p->number};
	struct fault *f;

	if (p->stream.dead || p->mute || p->closing || p->full ||
	    p->stream.finishing)
		return;
	f = faultset_stands(&p->sim->faults, FAULT_STALL, &o);
	if (f != NULL) {
		p->sim->stats.value[STATS_APPLIED]++;
		if (strcmp(f->how, "lose") != 0)
			put(p, &p->held, text, n);
		return;
	}
	put(p, &p->stream.out, text, n);
	p->last_sent_us = clock_mono_us();
	if (buf_failed(&p->stream.out))
		p->full = true; /* it does not read */
}

void
peer_unstall(struct peer *p)
{
	if (p->held.len == 0 || p->stream.dead)
		return;
	buf_add(&p->stream.out, p->held.p, p->held.len);
	buf_reset(&p->held);
	p->last_sent_us = clock_mono_us();
}

/* Send the acks kept back, the last one first. They lie one after another,
 * each with its length behind it. */
static void
flush_acks(struct peer *p)
{
	while (p->acks.len > 0) {
		size_t n;

		memcpy(&n, p->acks.p + p->acks.len - sizeof(n), sizeof(n));
		p->acks.len -= sizeof(n) + n;
		peer_text(p, p->acks.p + p->acks.len, n);
	}
	p->n_acks = 0;
}

static void
on_acks(struct timer *t)
{
	flush_acks(CONTAINER_OF(t, struct peer, ack_timer));
}

void
peer_ack(struct peer *p, const char *text, size_t n)
{
	struct fault_occasion o = {.conn = p->number};
	struct faults *fs = &p->sim->faults;
	struct fault *f = faultset_take(fs, FAULT_ACKDELAY, &o);
	struct fault *r = faultset_take(fs, FAULT_ACKREORDER, &o);
	int64_t ms = 50;

	if (f == NULL && r == NULL) {
		peer_text(p, text, n);
		return;
	}
	buf_add(&p->acks, text, n);
	buf_add(&p->acks, &n, sizeof(n));
	p->n_acks++;
	if (r != NULL && p->n_acks >= (size_t)(r->size > 0 ? r->size : 8)) {
		flush_acks(p);
		return;
	}
	/* A batch that never fills must not wait for ever. */
	if (f != NULL)
		ms = f->ms > 0 ? f->ms : 1000;
	p->ack_timer.fire = on_acks;
	if (!timer_is_set(&p->ack_timer))
		timerq_set(&p->sim->loop.timers, &p->ack_timer,
		    clock_mono_us() + sim_real_us(p->sim, ms * 1000));
}

static void
take_frame(struct peer *p, const struct frame *f)
{
	switch (f->opcode) {
	case FRAME_PING:
		frame_add(&p->stream.out, FRAME_PONG, f->payload, f->len);
		return;
	case FRAME_PONG:
		return;
	case FRAME_CLOSE:
		if (!p->closing)
			frame_add(&p->stream.out, FRAME_CLOSE, f->payload,
			    f->len < 2 ? 0 : 2);
		p->closing = true;
		sim_count(p->sim, STATS_GONE, 1);
		stream_finish(&p->stream);
		return;
	default:
		break;
	}
	buf_add(&p->message, f->payload, f->len);
	if (!f->fin)
		return;
	feed_message(
	    p, p->message.p == NULL ? "" : p->message.p, p->message.len);
	buf_reset(&p->message);
}

static void
messages(struct peer *p)
{
	size_t used = 0;
	struct frame f;

	while (!p->stream.dead && !p->stream.finishing) {
		int rc = frame_parse(
		    &f, p->stream.in.p + used, p->stream.in.len - used);

		if (rc == 0)
			break;
		if (rc < 0) {
			frame_add_close(&p->stream.out, 1002, "");
			stream_finish(&p->stream);
			return;
		}
		used += f.size;
		take_frame(p, &f);
		sim_settle(p->sim);
	}
	if (!p->stream.dead)
		buf_consume(&p->stream.in, used);
}

static void
on_data(struct stream *s)
{
	struct peer *p = peer_of(s);

	if (p->mute) {
		buf_reset(&s->in);
		return;
	}
	if (!p->ws)
		requests(p);
	if (p->ws && !s->dead)
		messages(p);
}

void
peer_deed(struct peer *p, const struct fault *f)
{
	struct fault_occasion o = {.conn = p->number};

	if (!p->ws || p->stream.dead || (f->conn >= 0 && f->conn != o.conn))
		return;
	switch (f->kind) {
	case FAULT_HALFOPEN:
		p->mute = true;
		return;
	case FAULT_DROP:
	case FAULT_RESTART:
		if (strcmp(f->how, "mid") == 0) {
			frame_head(&p->stream.out, FRAME_TEXT, true, 150);
			buf_adds(&p->stream.out, "{\"channel\":\"candle\",");
		}
		/* A FIN comes behind what was sent, an RST before it. */
		if (strcmp(f->how, "rst") != 0)
			stream_flush(&p->stream);
		peer_drop(p, strcmp(f->how, "rst") == 0);
		return;
	case FAULT_OUTAGE:
		peer_drop(p, true);
		return;
	case FAULT_CLOSE:
		frame_add_close(&p->stream.out,
		    f->code >= 0 ? (unsigned)f->code : 1000,
		    f->text[0] != '\0' ? f->text : "Expired");
		p->closing = true;
		p->sim->stats.value[STATS_DROPS]++;
		stream_finish(&p->stream);
		return;
	default:
		deed_frame(&p->stream.out, f);
		p->last_sent_us = clock_mono_us();
	}
}

void
peer_accept(struct sim *s, int fd)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct fault_occasion o = {.conn = -1};
	struct fault *f = faultset_stands(&s->faults, FAULT_ACCEPTDROP, &o);

	if (p == NULL)
		abort();
	p->sim = s;
	p->number = (int64_t)++s->n_peers;
	buf_init(&p->answer, OUT_MAX);
	buf_init(&p->message, IN_MAX);
	buf_init(&p->held, OUT_MAX);
	buf_init(&p->acks, IN_MAX);
	if (stream_open(
		&p->stream, &s->loop, fd, &ops, IN_MAX, OUT_MAX, s->tls) != 0) {
		free(p);
		return;
	}
	p->next = s->peers;
	if (p->next != NULL)
		p->next->prev = p;
	s->peers = p;
	sim_count(s, STATS_CONNECTIONS, 1);
	if (f != NULL && strcmp(f->how, "tcp") == 0 &&
	    faultset_take(&s->faults, FAULT_ACCEPTDROP, &o) != NULL)
		stream_end(&p->stream, false);
}
