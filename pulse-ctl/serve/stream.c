#include <stdlib.h>
#include <string.h>

#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/stream.h"

/* Alerts read from the store in one go. */
#define STREAM_PAGE 64

void
stream_init(struct stream *s, struct store *st)
{
	memset(s, 0, sizeof(*s));
	s->st = st;
}

static struct stream_event *
event_at(struct stream *s, size_t i)
{
	return &s->ring[(s->first + i) % STREAM_RING];
}

static void
drop_first(struct stream *s)
{
	struct stream_event *ev = event_at(s, 0);

	s->floor = ev->seq;
	free(ev->text);
	ev->text = NULL;
	s->first = (s->first + 1) % STREAM_RING;
	s->n--;
}

void
stream_stop(struct stream *s)
{
	while (s->n > 0)
		drop_first(s);
	s->started = false;
}

void
stream_release(struct stream *s)
{
	stream_stop(s);
}

int
stream_start(struct stream *s, int64_t *seq, struct err *e)
{
	if (!s->started) {
		if (store_alert_seq(s->st, &s->newest, e) < 0)
			return -1;
		s->floor = s->newest;
		s->started = true;
	}
	*seq = s->newest;
	return 0;
}

/* ---- events -------------------------------------------------------------- */

static int
print_event(const struct store_alert *a, struct stream_event *ev)
{
	char id[UUID_TEXT_MAX];
	struct buf b;

	buf_init(&b, RECORD_TEXT_MAX);
	uuid_print(&a->id, id);
	buf_addf(&b, "id: %s\nevent: alert\ndata: ", id);
	ev->json_from = b.len;
	record_alert(a, &b);
	ev->json_len = b.len - ev->json_from;
	buf_adds(&b, "\n\n");
	if (buf_failed(&b)) {
		buf_release(&b);
		return -1;
	}
	ev->seq = a->seq;
	ev->rule_id = a->rule_id;
	(void)strncpy(ev->symbol, a->symbol, SYMBOL_LEN_MAX);
	ev->symbol[SYMBOL_LEN_MAX] = '\0';
	ev->text = b.p;
	ev->len = b.len;
	return 0;
}

static void
add_event(const struct stream_event *ev, const struct stream_filter *f,
    enum stream_form form, struct buf *out)
{
	if (f->has_rule && uuid_cmp(&f->rule_id, &ev->rule_id) != 0)
		return;
	if (f->symbol[0] != '\0' && strcmp(f->symbol, ev->symbol) != 0)
		return;
	if (form == STREAM_SSE) {
		buf_add(out, ev->text, ev->len);
	} else {
		buf_add(out, ev->text + ev->json_from, ev->json_len);
		buf_addc(out, '\n');
	}
}

/* ---- new ones ------------------------------------------------------------ */

static int
keep_event(void *arg, const struct store_alert *a, struct err *e)
{
	struct stream *s = arg;

	if (s->n == STREAM_RING)
		drop_first(s);
	if (print_event(a, event_at(s, s->n)) < 0)
		return err_set(e, "an alert is too long for the stream");
	s->n++;
	s->newest = a->seq;
	return 0;
}

int
stream_poll(struct stream *s, struct err *e)
{
	int64_t newest, before = s->newest;

	if (store_alert_seq(s->st, &newest, e) < 0)
		return -1;
	if (newest <= s->newest)
		return 0;
	if (store_alert_after(s->st, s->newest, STREAM_RING, keep_event, s, e) <
	    0)
		return -1;
	/* The newest ones may be gone again, with their rule. */
	if (s->newest == before) {
		s->newest = newest;
		return 0;
	}
	return 1;
}

/* ---- for a subscriber ---------------------------------------------------- */

struct catch_up {
	const struct stream_filter *f;
	enum stream_form form;
	struct buf *out;
	size_t max;
	int64_t seq;
	bool full;
};

static int
catch_one(void *arg, const struct store_alert *a, struct err *e)
{
	struct catch_up *c = arg;
	struct stream_event ev;

	if (c->out->len >= c->max) {
		c->full = true;
		return 1;
	}
	if (print_event(a, &ev) < 0)
		return err_set(e, "an alert is too long for the stream");
	add_event(&ev, c->f, c->form, c->out);
	c->seq = ev.seq;
	free(ev.text);
	return 0;
}

static int
from_store(struct stream *s, struct catch_up *c, struct err *e)
{
	int64_t before = c->seq;

	if (store_alert_after(s->st, c->seq, STREAM_PAGE, catch_one, c, e) < 0)
		return -1;
	/* Nothing is left between here and the ring: go on there. */
	if (c->seq == before && !c->full)
		c->seq = s->floor;
	return 1;
}

int
stream_next(struct stream *s, const struct stream_filter *f,
    enum stream_form form, int64_t *seq, struct buf *out, size_t max,
    struct err *e)
{
	struct catch_up c = {f, form, out, max, *seq, false};
	size_t i;

	if (*seq < s->floor) {
		if (from_store(s, &c, e) < 0)
			return -1;
		*seq = c.seq;
		return 1;
	}
	for (i = 0; i < s->n; i++) {
		const struct stream_event *ev = event_at(s, i);

		if (ev->seq <= *seq)
			continue;
		if (out->len >= max)
			return 1;
		add_event(ev, f, form, out);
		*seq = ev->seq;
	}
	return 0;
}
