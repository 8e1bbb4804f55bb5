#include "common/clock.h"
#include "common/delivery.h"

int
delivery_print(const struct delivery_record *r, struct buf *out)
{
	char id[UUID_TEXT_MAX], alert[UUID_TEXT_MAX], time[CLOCK_TEXT_MAX];

	uuid_print(&r->delivery_id, id);
	uuid_print(&r->alert_id, alert);
	buf_cat(out, "{\"delivery_id\":\"", id, "\",\"alert_id\":\"", alert,
	    "\",\"channel\":", NULL);
	buf_adds_json(out, r->channel);
	buf_adds(out, ",\"attempt\":");
	buf_add_int(out, r->attempt);
	buf_cat(
	    out, ",\"status\":\"", r->status, "\",\"response_code\":", NULL);
	if (r->response_code > 0)
		buf_add_int(out, r->response_code);
	else
		buf_adds(out, "null");
	buf_adds(out, ",\"latency_ms\":");
	buf_add_int(out, r->latency_ms);
	buf_adds(out, ",\"error\":");
	if (r->error != NULL)
		buf_adds_json(out, r->error);
	else
		buf_adds(out, "null");
	if (r->next_attempt_ms > 0) {
		clock_print(r->next_attempt_ms, time);
		buf_cat(out, ",\"next_attempt_at\":\"", time, "\"}", NULL);
	} else {
		buf_adds(out, ",\"next_attempt_at\":null}");
	}
	return buf_failed(out) ? -1 : 0;
}
