#include <inttypes.h>
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/records.h"

#define ATTEMPTS_MAX 200

void
record_time(struct buf *b, const char *name, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	if (ms <= 0 || ms > CLOCK_MS_MAX) {
		buf_addf(b, "\"%s\":null", name);
		return;
	}
	clock_print(ms, text);
	buf_addf(b, "\"%s\":\"%s\"", name, text);
}

void
record_text(struct buf *b, const char *name, const char *text)
{
	buf_addf(b, "\"%s\":", name);
	if (text == NULL)
		buf_adds(b, "null");
	else
		buf_adds_json(b, text);
}

static void
record_uuid(struct buf *b, const char *name, const struct uuid *id)
{
	char text[UUID_TEXT_MAX];

	uuid_print(id, text);
	buf_addf(b, "\"%s\":\"%s\"", name, text);
}

/* All but the closing brace. */
static void
alert_open(const struct store_alert *a, struct buf *b)
{
	size_t n = a->record_len;

	while (n > 0 && a->record[n - 1] != '}')
		n--;
	buf_add(b, a->record, n > 0 ? n - 1 : 0);
	buf_addf(b,
	    ",\"delivery_status\":\"%s\",\"delivery_attempts\":%" PRId64 ",",
	    a->delivery_status, a->delivery_attempts);
	record_time(b, "created_at", a->created_ms);
}

void
record_alert(const struct store_alert *a, struct buf *b)
{
	alert_open(a, b);
	buf_addc(b, '}');
}

void
record_delivery(const struct store_delivery *d, struct buf *b)
{
	buf_addc(b, '{');
	record_uuid(b, "id", &d->id);
	buf_addc(b, ',');
	record_uuid(b, "alert_id", &d->alert_id);
	buf_addc(b, ',');
	record_uuid(b, "rule_id", &d->rule_id);
	buf_addc(b, ',');
	record_text(b, "channel", d->channel);
	buf_addf(b, ",\"status\":\"%s\",\"attempts\":%" PRId64 ",",
	    delivery_status_name(d->status), d->attempts);
	record_time(b, "next_attempt_at", d->next_attempt_ms);
	buf_addc(b, ',');
	record_text(b, "error", d->last_error);
	buf_addc(b, ',');
	record_time(b, "created_at", d->created_ms);
	buf_addc(b, ',');
	record_time(b, "updated_at", d->updated_ms);
	buf_addc(b, '}');
}

void
record_attempt(const struct store_attempt *a, struct buf *b)
{
	buf_addf(b, "{\"id\":%" PRId64 ",", a->id);
	record_uuid(b, "alert_id", &a->alert_id);
	buf_addf(b, ",\"attempt_no\":%" PRId64 ",", a->attempt_no);
	record_text(b, "channel", a->channel);
	buf_addf(b, ",\"status\":\"%s\",\"response_code\":",
	    a->success ? "success" : "failed");
	if (a->response_code > 0)
		buf_addf(b, "%d", a->response_code);
	else
		buf_adds(b, "null");
	buf_addf(b, ",\"latency_ms\":%" PRId64 ",", a->latency_ms);
	record_text(b, "error", a->error);
	buf_addc(b, ',');
	record_text(b, "address", a->address);
	buf_addc(b, ',');
	record_time(b, "created_at", a->created_ms);
	buf_addc(b, '}');
}

/* ---- an alert with all that hangs on it ---------------------------------- */

struct items {
	struct buf *b;
	bool some;
};

static int
add_delivery(void *arg, const struct store_delivery *d, struct err *e)
{
	struct items *it = arg;

	(void)e;
	if (it->some)
		buf_addc(it->b, ',');
	it->some = true;
	record_delivery(d, it->b);
	return 0;
}

static int
add_attempt(void *arg, const struct store_attempt *a, struct err *e)
{
	struct items *it = arg;

	(void)e;
	if (it->some)
		buf_addc(it->b, ',');
	it->some = true;
	record_attempt(a, it->b);
	return 0;
}

int
record_alert_whole(
    struct store *st, const struct store_alert *a, struct buf *b, struct err *e)
{
	struct store_delivery_filter f = {
	    .alert_id = &a->id, .status = -1, .limit = 100};
	struct items it = {b, false};

	alert_open(a, b);
	buf_adds(b, ",\"deliveries\":[");
	if (store_delivery_list(st, &f, add_delivery, &it, e) < 0)
		return -1;
	buf_adds(b, "],\"attempts\":[");
	it.some = false;
	if (store_attempt_list(
		st, &a->id, ATTEMPTS_MAX, 0, add_attempt, &it, e) < 0)
		return -1;
	buf_adds(b, "]}");
	return buf_failed(b) ? err_set(e, "the alert is too long") : 0;
}

/* ---- candles, keys ------------------------------------------------------- */

static void
add_decimal(struct buf *b, const char *name, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	decimal_print_short(d, text);
	buf_addf(b, ",\"%s\":\"%s\"", name, text);
}

/* The id names the bar; created_at is when the bar became final here: its
 * receive time, or its end if it came from history. */
void
record_candle(const struct candle *c, struct buf *b)
{
	char volume[CANDLE_VOLUME_TEXT_MAX];

	buf_addf(b, "{\"id\":\"%s:%s:%" PRId64 "\",\"symbol\":", c->symbol,
	    interval_name(c->interval), c->open_ms);
	buf_add_json(b, c->symbol, c->symbol_len);
	buf_addc(b, ',');
	record_time(b, "timestamp", c->open_ms > 0 ? c->open_ms : 1);
	add_decimal(b, "open", c->open);
	add_decimal(b, "high", c->high);
	add_decimal(b, "low", c->low);
	add_decimal(b, "close", c->close);
	if (c->volume_rest[0] == '\0') {
		add_decimal(b, "volume", c->volume);
	} else {
		candle_volume_print(c, volume);
		buf_addf(b, ",\"volume\":\"%s\"", volume);
	}
	buf_addf(b, ",\"interval\":\"%s\",\"interval_seconds\":%" PRId64 ",",
	    interval_name(c->interval), interval_step(c->interval) / 1000);
	record_time(
	    b, "created_at", c->recv_ms > 0 ? c->recv_ms : c->close_ms + 1);
	buf_addc(b, '}');
}

void
record_key(const struct store_key *k, struct buf *b)
{
	buf_addc(b, '{');
	record_text(b, "id", k->id);
	buf_addc(b, ',');
	record_text(b, "name", k->name);
	buf_addf(b, ",\"admin\":%s,\"rate_per_min\":%" PRId64 ",",
	    k->admin ? "true" : "false", k->rate_per_min);
	record_time(b, "created_at", k->created_ms);
	buf_addc(b, ',');
	record_time(b, "last_used_at", k->last_used_ms);
	buf_addc(b, ',');
	record_time(b, "revoked_at", k->revoked_ms);
	buf_addc(b, '}');
}
