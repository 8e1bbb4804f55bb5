#include <inttypes.h>

#include "common/clock.h"
#include "common/delivery.h"

int
delivery_print(const struct delivery_record *r, struct buf *out)
{
	char id[UUID_TEXT_MAX], alert[UUID_TEXT_MAX], time[CLOCK_TEXT_MAX];

	uuid_print(&r->delivery_id, id);
	uuid_print(&r->alert_id, alert);
	buf_addf(out,
	    "{\"delivery_id\":\"%s\",\"alert_id\":\"%s\",\"channel\":", id,
	    alert);
	buf_adds_json(out, r->channel);
	buf_addf(out, ",\"attempt\":%" PRId64 ",\"status\":\"%s\"", r->attempt,
	    r->status);
	if (r->response_code > 0)
		buf_addf(out, ",\"response_code\":%d", r->response_code);
	else
		buf_adds(out, ",\"response_code\":null");
	buf_addf(out, ",\"latency_ms\":%" PRId64 ",\"error\":", r->latency_ms);
	if (r->error != NULL)
		buf_adds_json(out, r->error);
	else
		buf_adds(out, "null");
	if (r->next_attempt_ms > 0) {
		clock_print(r->next_attempt_ms, time);
		buf_addf(out, ",\"next_attempt_at\":\"%s\"}", time);
	} else {
		buf_adds(out, ",\"next_attempt_at\":null}");
	}
	return buf_failed(out) ? -1 : 0;
}
