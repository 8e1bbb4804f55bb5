#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/opt.h"
#include "pulse-send/endpoints.h"
#include "pulse-send/request.h"
#include "pulse-send/try.h"

#define MINUTE_MS 60000

struct outcome {
	const struct endpoint *endpoint;
	bool done;
	struct verdict verdict;
	int status;
	int64_t latency_ms;
	char address[HTTP_ADDRESS_MAX], error[320], answer[AUDIT_BYTES + 1];
};

static void
on_answer(void *arg, const struct wire_answer *a)
{
	const struct http_response *r = &a->response;
	struct outcome *o = arg;
	const struct channel *c = &o->endpoint->channel;

	o->done = true;
	channel_judge(o->endpoint->ops, r, &o->verdict);
	o->status = r->status;
	o->latency_ms = (r->latency_us + 500) / 1000;
	(void)snprintf(o->address, sizeof(o->address), "%s", r->address);
	request_say(c, r, &o->verdict, o->error, sizeof(o->error));
	request_keep_answer(c, r->body, r->len, o->answer, sizeof(o->answer));
}

static void
on_exit_of(void *arg, const struct process_result *r)
{
	struct outcome *o = arg;

	o->done = true;
	channel_exec_judge(r, &o->verdict);
	o->latency_ms = (r->latency_us + 500) / 1000;
	(void)snprintf(o->error, sizeof(o->error), "%s", o->verdict.reason);
	request_keep_answer(&o->endpoint->channel, r->output, r->len, o->answer,
	    sizeof(o->answer));
}

/* An alert that is none: it says so. */
static int
make_alert(struct delivery *d, struct buf *record, struct err *e)
{
	int64_t now_ms = clock_now_ms(), open_ms = now_ms - now_ms % MINUTE_MS;
	struct alert a = {
	    .id = uuid_random(),
	    .rule_id = uuid_random(),
	    .rule_name = "Test of a channel",
	    .rule_type = "price_threshold",
	    .symbol = "BTC",
	    .interval = (interval_id)interval_find("1m", 2),
	    .state = "firing",
	    .severity = "info",
	    .window_start_ms = open_ms,
	    .window_end_ms = open_ms + MINUTE_MS,
	    .triggered_ms = now_ms,
	    .trigger_value = {123456, 1},
	    .message = "This is a test: no rule has fired.",
	    .values = "{\"test\":true}",
	};

	buf_init(record, ALERT_TEXT_MAX);
	if (alert_print(&a, record) < 0)
		return err_set(e, "the alert is too large");
	d->id = uuid_random();
	uuid_print(&d->id, d->id_text);
	d->alert_id = a.id;
	d->record = record->p;
	d->record_len = record->len;
	return 0;
}

static int
start(struct sender *s, struct outcome *o, struct delivery *d,
    struct outgoing *m, struct err *e)
{
	const struct channel *c = &o->endpoint->channel;
	struct http_request r = request_http(c, m);
	struct worker_call *call;
	struct process *p;

	if (c->kind != CHANNEL_KIND_EXEC)
		return worker_start(s->worker, &r, on_answer, o, &call, e);
	return channel_exec_start(
	    c, s->processes, d->id_text, &m->body, on_exit_of, o, &p, e);
}

static int
send_alert(struct sender *s, struct outcome *o, struct err *e)
{
	struct delivery d = {.attempts = 0}, *v = &d;
	struct outgoing m;
	struct buf record;
	int rc;

	outgoing_init(&m);
	m.now_ms = clock_now_ms();
	m.templates = s->templates;
	rc = make_alert(&d, &record, e);
	if (rc == 0)
		rc = request_build(o->endpoint, &v, 1, &m, e);
	if (rc == 0)
		rc = start(s, o, &d, &m, e);
	while (rc == 0 && !o->done) {
		struct pollfd p[2] = {{.fd = worker_fd(s->worker),
					  .events = worker_events(s->worker)},
		    {.fd = processes_fd(s->processes), .events = POLLIN}};

		worker_flush(s->worker);
		(void)poll(p, 2, 50);
		processes_service(s->processes);
		if (p[0].revents != 0)
			rc = worker_service(s->worker, e);
	}
	outgoing_release(&m);
	buf_release(&record);
	return rc;
}

static void
print(const struct outcome *o)
{
	struct buf b;

	buf_init(&b, 16384);
	buf_adds(&b, "{\"channel\":");
	buf_adds_json(&b, o->endpoint->channel.name);
	buf_addf(&b, ",\"ok\":%s,\"response_code\":",
	    o->verdict.kind == VERDICT_OK ? "true" : "false");
	if (o->status > 0)
		buf_addf(&b, "%d", o->status);
	else
		buf_adds(&b, "null");
	buf_addf(&b, ",\"latency_ms\":%" PRId64 ",\"address\":", o->latency_ms);
	buf_adds_json(&b, o->address);
	buf_adds(&b, ",\"error\":");
	if (o->error[0] != '\0')
		buf_adds_json(&b, o->error);
	else
		buf_adds(&b, "null");
	buf_adds(&b, ",\"answer\":");
	buf_adds_json(&b, o->answer);
	puts(buf_addc(&b, '}') == 0 ? b.p : "{}");
	buf_release(&b);
}

int
try_channel(
    const struct sender_options *options, const char *db, const char *channel)
{
	struct outcome o = {.endpoint = NULL};
	struct store *store;
	struct sender s;
	struct err e;
	int rc = -1;

	if (store_open(&store, db, STORE_READONLY, &e) < 0) {
		log_error("%s", e.msg);
		return EXIT_UNAVAILABLE;
	}
	if (sender_open(&s, options, store, &e) == 0)
		o.endpoint = endpoint_of(&s, channel, NULL, &e);
	if (o.endpoint != NULL && o.endpoint->disabled != NULL)
		err_set(&e, "channel %s: %s", channel, o.endpoint->disabled);
	else if (o.endpoint != NULL)
		rc = send_alert(&s, &o, &e);
	if (rc == 0)
		print(&o);
	else
		log_error("%s", e.msg);
	sender_close(&s);
	store_close(store);
	return rc == 0 && o.verdict.kind == VERDICT_OK ? EXIT_DONE
						       : EXIT_SOME_FAILED;
}
