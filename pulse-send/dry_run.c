#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/opt.h"
#include "pulse-send/dry_run.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/request.h"

/* As much as a request in JSON can take. */
#define TEXT_MAX (2 * OUTGOING_MAX)

static void
print_headers(const struct channel *c, const struct outgoing *m, struct buf *b)
{
	size_t i, own = m->nheaders - c->nheaders;

	buf_adds(b, ",\"headers\":{");
	for (i = 0; i < m->nheaders; i++) {
		if (i > 0)
			buf_addc(b, ',');
		buf_adds_json(b, m->headers[i].name);
		buf_addc(b, ':');
		buf_adds_json(b, i < own ? m->headers[i].value : "***");
	}
	buf_addc(b, '}');
}

static void
print_request(
    struct sender *s, const struct endpoint *p, const struct outgoing *m)
{
	struct buf b;

	buf_init(&b, TEXT_MAX);
	buf_adds(&b, "{\"channel\":");
	buf_adds_json(&b, p->channel.name);
	buf_addf(&b, ",\"kind\":\"%s\",\"method\":\"%s\",\"url\":\"",
	    channel_kind_name(p->channel.kind),
	    m->method != NULL ? m->method : "POST");
	webhook_redact(m->url.p, &b);
	buf_addc(&b, '"');
	print_headers(&p->channel, m, &b);
	buf_adds(&b, ",\"body\":");
	/* Bodies are JSON but for a template's, which may be anything. */
	if (json_check(m->body.p, m->body.len, NULL) == 0)
		buf_add(&b, m->body.p, m->body.len);
	else
		buf_add_json(&b, m->body.p, m->body.len);
	buf_addc(&b, '}');
	(void)emit_add(&s->out, b.p, b.len);
	buf_release(&b);
}

static int
show(void *arg, const struct store_delivery *from, struct err *e)
{
	struct sender *s = arg;
	struct endpoint *p = endpoint_of(s, from->channel, from->url, e);
	struct delivery d = {.id = from->id,
	    .alert_id = from->alert_id,
	    .record = (char *)from->record,
	    .record_len = from->record_len};
	struct delivery *v = &d;
	struct outgoing m;
	struct err why;

	if (p == NULL)
		return -1;
	uuid_print(&d.id, d.id_text);
	outgoing_init(&m);
	m.now_ms = clock_now_ms();
	m.templates = s->templates;
	if (p->disabled != NULL)
		log_warn("channel %s: %s", from->channel, p->disabled);
	else if (request_build(p, &v, 1, &m, &why) < 0)
		log_warn("channel %s: %s", from->channel, why.msg);
	else
		print_request(s, p, &m);
	outgoing_release(&m);
	s->count.requests++;
	return 0;
}

/* The channels of the command line, as if the alert had been stored. */
static int
show_foreign(struct sender *s, const struct alert_record *r, const char *line,
    size_t len, struct err *e)
{
	const char *channels[] = {CHANNEL_DISCORD, CHANNEL_GENERIC};
	const char *urls[] = {s->options.discord_url, s->options.generic_url};
	size_t i;

	for (i = 0; i < 2; i++) {
		struct store_delivery d = {.alert_id = r->id,
		    .channel = channels[i],
		    .url = urls[i],
		    .record = line,
		    .record_len = len};

		if (urls[i] == NULL)
			continue;
		d.id = uuid_named(&r->id, channels[i], strlen(channels[i]));
		if (show(s, &d, e) < 0)
			return -1;
	}
	return 0;
}

static int
show_line(struct sender *s, const char *line, size_t len, struct err *e)
{
	struct store_delivery_filter f = {.status = -1};
	struct alert_record r;
	int64_t before = s->count.requests;
	int rc = 0;

	if (alert_record_parse(&r, line, len, e) < 0) {
		s->count.bad++;
		log_warn("stdin:%" PRIu64 ": not an alert: %s", s->in.number,
		    e->msg);
		return 0;
	}
	f.alert_id = &r.id;
	if (s->store != NULL)
		rc = store_delivery_list(s->store, &f, show, s, e);
	if (rc >= 0 && s->count.requests == before)
		rc = show_foreign(s, &r, line, len, e);
	alert_record_release(&r);
	return rc < 0 ? -1 : 0;
}

static int
show_all(struct sender *s, struct err *e)
{
	const char *line;
	size_t len;

	for (;;)
		switch (lines_next(&s->in, &line, &len)) {
		case LINES_LINE:
			if (show_line(s, line, len, e) < 0)
				return -1;
			break;
		case LINES_TOO_LONG:
			s->count.bad++;
			log_warn("stdin:%" PRIu64 ": the line is too long",
			    s->in.number);
			break;
		case LINES_MORE:
			if (emit_flush(&s->out) < 0 ||
			    (lines_fill(&s->in) < 0 && errno != EINTR))
				return err_set(e, "%s", strerror(errno));
			break;
		case LINES_END:
			return emit_flush(&s->out) < 0
				   ? err_set(e, "%s", strerror(errno))
				   : 0;
		}
}

int
dry_run(const struct sender_options *o, const char *db)
{
	struct sender s = {.options = *o};
	struct err e;
	int status = EXIT_DONE;

	/* Without a store there still are the channels of the command line. */
	if (store_open(&s.store, db, STORE_READONLY, &e) < 0) {
		s.store = NULL;
		log_info("%s", e.msg);
	}
	queue_init(&s.queue);
	s.templates = templates_open();
	emit_init(&s.out, STDOUT_FILENO, TEXT_MAX);
	if (lines_init(&s.in, STDIN_FILENO, SENDER_LINE_MAX) < 0 ||
	    show_all(&s, &e) < 0) {
		log_error("%s", e.msg);
		status = EXIT_SOME_FAILED;
	}
	if (s.count.bad > 0)
		status = EXIT_SOME_FAILED;
	templates_close(s.templates);
	queue_release(&s.queue);
	lines_release(&s.in);
	emit_release(&s.out);
	store_close(s.store);
	return status;
}
