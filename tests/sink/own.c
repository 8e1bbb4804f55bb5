#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/num.h"
#include "tests/sink/own.h"
#include "tests/sink/visitor.h"

static void
stats(struct visitor *v)
{
	const struct sink *s = v->sink;
	char text[256];

	(void)snprintf(text, sizeof(text),
	    "{\"requests\":%" PRIu64 ",\"answered\":%" PRIu64
	    ",\"connections\":%" PRIu64 ",\"open\":%" PRIu64 "}\n",
	    s->requests, s->answered, s->connections, s->open);
	visitor_say(v, 200, text);
}

/* Requests that a wait counts: all, or those to its path (or prefix*). */
static uint64_t
counted(const struct sink *s, const char *path)
{
	size_t n = path != NULL ? strlen(path) : 0;
	bool prefix = n > 0 && path[n - 1] == '*';
	uint64_t sum = 0;

	if (n == 0)
		return s->requests;
	n -= prefix;
	for (size_t i = 0; i < SINK_PATHS; i++)
		for (struct sink_path *p = s->paths[i]; p != NULL; p = p->next)
			if (p->len >= n && (prefix || p->len == n) &&
			    memcmp(p->path, path, n) == 0)
				sum += p->requests;
	return sum;
}

void
own_wait_end(struct visitor *v)
{
	if (v->waiting)
		v->sink->waiting--;
	v->waiting = false;
}

void
own_wait_check(struct visitor *v)
{
	if (!v->waiting || counted(v->sink, v->goal_path) < v->goal)
		return;
	own_wait_end(v);
	timerq_clear(&v->sink->loop.timers, &v->timer);
	stats(v);
}

static void
on_timeout(struct timer *t)
{
	struct visitor *v = CONTAINER_OF(t, struct visitor, timer);

	own_wait_end(v);
	visitor_say(v, 408, "{\"error\":\"not so many in time\"}\n");
}

static void
wait_for(struct visitor *v, const struct http_request *r)
{
	char text[1024];
	int64_t n = 1, timeout_s = 30;
	struct err e;

	if ((http_query(r->query, "requests", text, sizeof(text)) &&
		num_parse(&n, text, 0, INT64_MAX, "requests", &e) != 0) ||
	    (http_query(r->query, "timeout", text, sizeof(text)) &&
		num_parse(&timeout_s, text, 0, 86400, "timeout", &e) != 0)) {
		visitor_say(v, 400, "{\"error\":\"not a number\"}\n");
		return;
	}
	free(v->goal_path);
	v->goal_path = NULL;
	if (http_query(r->query, "path", text, sizeof(text)) &&
	    (v->goal_path = strdup(text)) == NULL)
		abort();
	v->goal = (uint64_t)n;
	v->waiting = true;
	v->sink->waiting++;
	v->timer.fire = on_timeout;
	timerq_set(&v->sink->loop.timers, &v->timer,
	    clock_mono_us() + timeout_s * 1000000);
	own_wait_check(v);
}

static void
add_script(struct visitor *v, const struct http_request *r)
{
	const char *at = r->body.p, *end = at + r->body.n;
	char text[1024];
	struct err e;

	while (at < end) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((eol != NULL ? eol : end) - at);

		if (n > 0 && script_add(&v->sink->script, at, n, &e) != 0) {
			(void)snprintf(text, sizeof(text), "%s\n", e.msg);
			visitor_say(v, 400, text);
			return;
		}
		at += n + 1;
	}
	visitor_say(v, 200, "{\"ok\":true}\n");
}

void
own_request(struct visitor *v, const struct http_request *r)
{
	if (span_is(r->path, "/_sink/stats")) {
		stats(v);
	} else if (span_is(r->path, "/_sink/wait")) {
		wait_for(v, r);
	} else if (!span_is(r->method, "POST")) {
		visitor_say(v, 405, "{\"error\":\"POST\"}\n");
	} else if (span_is(r->path, "/_sink/script")) {
		add_script(v, r);
	} else if (span_is(r->path, "/_sink/clear")) {
		script_clear(&v->sink->script);
		visitor_say(v, 200, "{\"ok\":true}\n");
	} else if (span_is(r->path, "/_sink/quit")) {
		v->sink->loop.stop = true;
		visitor_say(v, 200, "{\"ok\":true}\n");
	} else {
		visitor_say(v, 404, "{\"error\":\"no such thing\"}\n");
	}
}
