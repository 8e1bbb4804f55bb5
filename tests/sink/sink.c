#include <stdlib.h>
#include <string.h>

#include "tests/sink/own.h"
#include "tests/sink/sink.h"
#include "tests/sink/visitor.h"
#include "tests/wire/tls.h"

static void
accepted(struct listener *l, int fd)
{
	visitor_accept(CONTAINER_OF(l, struct sink, listener), fd);
}

int
sink_init(struct sink *s, struct err *e)
{
	if (loop_init(&s->loop, e) != 0)
		return -1;
	s->listener.accepted = accepted;
	buf_init(&s->line, (size_t)1 << 28);
	if (listener_open(
		&s->listener, &s->loop, s->opt.address, s->opt.port, e) != 0) {
		loop_release(&s->loop);
		return -1;
	}
	return 0;
}

void
sink_release(struct sink *s)
{
	visitor_end_all(s);
	for (struct loop_grave *g; (g = s->loop.graves) != NULL;) {
		s->loop.graves = g->next;
		g->release(g);
	}
	for (size_t i = 0; i < SINK_PATHS; i++)
		for (struct sink_path *p; (p = s->paths[i]) != NULL;) {
			s->paths[i] = p->next;
			free(p->path);
			free(p);
		}
	listener_close(&s->listener);
	script_clear(&s->script);
	buf_release(&s->line);
	tls_server_free(s->tls);
	loop_release(&s->loop);
}

struct sink_path *
sink_count(struct sink *s, struct span path)
{
	struct sink_path **at, *p;
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < path.n; i++)
		h = (h ^ (unsigned char)path.p[i]) * 16777619U;
	at = &s->paths[h % SINK_PATHS];
	for (p = *at; p != NULL; p = p->next)
		if (p->len == path.n && memcmp(p->path, path.p, path.n) == 0)
			break;
	if (p == NULL) {
		p = calloc(1, sizeof(*p));
		if (p == NULL || (p->path = strndup(path.p, path.n)) == NULL)
			abort();
		p->len = path.n;
		p->next = *at;
		*at = p;
	}
	p->requests++;
	return p;
}

void
sink_waits(struct sink *s)
{
	struct visitor *v = s->visitors, *next;

	if (s->waiting == 0)
		return;
	for (; v != NULL; v = next) {
		next = v->next;
		own_wait_check(v);
	}
}
