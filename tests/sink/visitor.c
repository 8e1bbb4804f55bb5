#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "tests/sink/own.h"
#include "tests/sink/record.h"
#include "tests/sink/visitor.h"

#define IN_MAX	((size_t)64 << 20)
#define OUT_MAX ((size_t)1 << 30)

static void on_data(struct stream *s);
static void on_closed(struct stream *s);

static const struct stream_ops ops = {on_data, NULL, on_closed};

static void
release(struct loop_grave *g)
{
	struct visitor *v = CONTAINER_OF(g, struct visitor, grave);

	stream_release(&v->stream);
	buf_release(&v->answer);
	free(v->goal_path);
	free(v);
}

static void
on_closed(struct stream *st)
{
	struct visitor *v = CONTAINER_OF(st, struct visitor, stream);
	struct sink *s = v->sink;

	timerq_clear(&s->loop.timers, &v->timer);
	own_wait_end(v);
	s->open--;
	if (v->prev != NULL)
		v->prev->next = v->next;
	else
		s->visitors = v->next;
	if (v->next != NULL)
		v->next->prev = v->prev;
	loop_bury(&s->loop, &v->grave, release);
}

void
visitor_accept(struct sink *s, int fd)
{
	struct visitor *v = calloc(1, sizeof(*v));

	if (v == NULL)
		abort();
	v->sink = s;
	v->number = ++s->connections;
	buf_init(&v->answer, OUT_MAX);
	if (stream_open(
		&v->stream, &s->loop, fd, &ops, IN_MAX, OUT_MAX, s->tls) != 0) {
		free(v);
		return;
	}
	s->open++;
	v->next = s->visitors;
	if (v->next != NULL)
		v->next->prev = v;
	s->visitors = v;
}

void
visitor_end_all(struct sink *s)
{
	while (s->visitors != NULL)
		stream_end(&s->visitors->stream, false);
}

/* --- sending ------------------------------------------------------------- */

static void requests(struct visitor *v);

static void
sent(struct visitor *v)
{
	v->busy = false;
	v->sink->answered++;
	if (v->end == SCRIPT_END_AFTER || v->end == SCRIPT_END_HALF ||
	    !v->keep_alive)
		stream_finish(&v->stream);
	else
		stream_flush(&v->stream);
	if (!v->stream.dead && !v->parsing)
		requests(v);
}

/* The head at once, the body a byte at a time. */
static void
on_drip(struct timer *t)
{
	struct visitor *v = CONTAINER_OF(t, struct visitor, timer);

	if (v->done < v->answer.len)
		buf_addc(&v->stream.out, v->answer.p[v->done++]);
	if (v->done >= v->answer.len) {
		sent(v);
		return;
	}
	stream_flush(&v->stream);
	if (!v->stream.dead)
		timerq_set(&v->sink->loop.timers, t,
		    clock_mono_us() + v->drip_ms * 1000);
}

static void
on_answer(struct timer *t)
{
	struct visitor *v = CONTAINER_OF(t, struct visitor, timer);

	if (v->end == SCRIPT_END_CLOSE || v->end == SCRIPT_END_RESET) {
		stream_end(&v->stream, v->end == SCRIPT_END_RESET);
		return;
	}
	if (v->drip_ms > 0) {
		buf_add(&v->stream.out, v->answer.p, v->head);
		v->done = v->head;
		v->timer.fire = on_drip;
		on_drip(t);
		return;
	}
	buf_add(&v->stream.out, v->answer.p, v->answer.len);
	sent(v);
}

static void
chunked(struct buf *out, const char *body, size_t n)
{
	for (size_t done = 0; done < n;) {
		size_t k = n - done < 512 ? n - done : 512;

		buf_addf(out, "%zx\r\n", k);
		buf_add(out, body + done, k);
		buf_adds(out, "\r\n");
		done += k;
	}
	buf_adds(out, "0\r\n\r\n");
}

/* Put the answer together, and send it when its time has come. */
static void
answer(struct visitor *v, int status, const char *type, const char *fields,
    const struct buf *body, const struct script_answer *a)
{
	const char *p = body->len > 0 ? body->p : "";

	buf_reset(&v->answer);
	v->drip_ms = a != NULL ? a->drip_ms : 0;
	v->end = a != NULL ? a->end : SCRIPT_END_NONE;
	if (a != NULL && a->chunked) {
		buf_addf(&v->answer,
		    "HTTP/1.1 %d %s\r\nContent-Type: %s\r\n%s"
		    "Transfer-Encoding: chunked\r\n\r\n",
		    status, http_reason(status), type, fields);
		v->head = v->answer.len;
		chunked(&v->answer, p, body->len);
	} else {
		http_respond(&v->answer, status, type, fields, p, body->len,
		    v->keep_alive);
		v->head = v->answer.len - (status == 204 ? 0 : body->len);
	}
	if (v->end == SCRIPT_END_HALF)
		v->answer.len = v->head + (v->answer.len - v->head) / 2;
	v->timer.fire = on_answer;
	if (v->end == SCRIPT_END_HANG)
		return;
	if (a != NULL && a->delay_ms > 0)
		timerq_set(&v->sink->loop.timers, &v->timer,
		    clock_mono_us() + a->delay_ms * 1000);
	else
		on_answer(&v->timer);
}

void
visitor_say(struct visitor *v, int status, const char *text)
{
	struct buf body;

	buf_init(&body, 1 << 20);
	buf_adds(&body, text);
	answer(v, status, "application/json", "", &body, NULL);
	buf_release(&body);
}

/* --- deciding ------------------------------------------------------------ */

static void
as_persona(struct visitor *v, const struct http_request *r,
    const struct persona *p, struct sink_path *path,
    const struct script_answer *a)
{
	struct buf fields, body;
	struct persona_answer pa = {200, "application/json", &fields, &body};
	bool limits = v->sink->opt.limits || (a != NULL && a->limits);
	struct json *j;

	buf_init(&fields, 1 << 16);
	buf_init(&body, 1 << 22);
	if (p->allow == NULL ||
	    p->allow(&path->bucket, clock_mono_us(), limits, &pa)) {
		j = json_parse(r->body.p, r->body.n, NULL);
		p->answer(r, j, v->sink->requests, &pa);
		json_free(j);
	}
	answer(v, pa.status, pa.type, fields.len > 0 ? fields.p : "", &body, a);
	buf_release(&fields);
	buf_release(&body);
}

static void
decide(struct visitor *v, const struct http_request *r)
{
	static const struct buf ok = {
	    .p = (char *)(uintptr_t) "{\"ok\":true}", .len = 11};
	struct sink *s = v->sink;
	struct script_path *scripted = script_find(&s->script, r->path);
	const struct script_answer *a = NULL;
	const struct persona *p = NULL;
	struct sink_path *path = sink_count(s, r->path);

	if (scripted != NULL)
		a = script_next(scripted, true);
	if (a != NULL)
		p = a->persona;
	else if (!s->opt.plain)
		p = persona_of_path(r->path);
	if (p != NULL)
		as_persona(v, r, p, path, a);
	else if (a != NULL)
		answer(v, a->status, a->type,
		    a->fields.len > 0 ? a->fields.p : "", &a->body, a);
	else
		answer(v, 200, "application/json", "", &ok, NULL);
}

/* --- receiving ----------------------------------------------------------- */

/* The answer "early": a reset as soon as the head is there. */
static bool
cut_early(struct visitor *v, const struct http_request *r)
{
	struct script_path *scripted = script_find(&v->sink->script, r->path);

	if (scripted == NULL ||
	    script_next(scripted, false)->end != SCRIPT_END_EARLY)
		return false;
	script_next(scripted, true);
	sink_count(v->sink, r->path);
	record_request(v->sink, v, r, false);
	sink_waits(v->sink);
	stream_end(&v->stream, true);
	return true;
}

static void
one_request(struct visitor *v, const struct http_request *r)
{
	v->keep_alive = r->keep_alive;
	v->busy = true;
	if (span_starts(r->path, "/_sink/")) {
		own_request(v, r);
		return;
	}
	v->sink->requests++;
	record_request(v->sink, v, r, true);
	decide(v, r);
	sink_waits(v->sink);
}

static void
requests(struct visitor *v)
{
	struct stream *st = &v->stream;
	struct http_request r;
	size_t used = 0;

	v->parsing = true;
	while (!v->busy && !st->dead && !st->finishing && st->in.len > used) {
		int rc = http_parse(&r, st->in.p + used, st->in.len - used);

		if (rc == 0 && r.n_fields > 0 && cut_early(v, &r))
			break;
		if (rc == 0 && r.expects_continue) {
			buf_adds(&st->out, "HTTP/1.1 100 Continue\r\n\r\n");
			stream_flush(st);
		}
		if (rc == 0)
			break;
		if (rc < 0) {
			v->keep_alive = false;
			v->busy = true;
			visitor_say(v, 400, "{\"error\":\"not HTTP\"}");
			break;
		}
		if (!cut_early(v, &r))
			one_request(v, &r);
		used += r.size;
	}
	if (!st->dead)
		buf_consume(&st->in, used);
	v->parsing = false;
}

static void
on_data(struct stream *st)
{
	requests(CONTAINER_OF(st, struct visitor, stream));
}
