#include "common/alert.h"
#include "common/json.h"
#include "tests/unit/tap.h"

static void
fill(struct alert *a, const struct candle *c)
{
	*a = (struct alert){
	    .rule_name = "BTC \"breakout\"",
	    .rule_type = "price_threshold",
	    .symbol = "BTC",
	    .interval = 0,
	    .state = "firing",
	    .severity = "info",
	    .window_start_ms = 1788936660000,
	    .window_end_ms = 1788936720000,
	    .triggered_ms = 1788936671203,
	    .trigger_value = {501000, 1},
	    .message = "BTC 1m: price 50100.0 >= 50000",
	    .values = "{\"price\":\"50100.0\"}",
	    .candle = c,
	};
	uuid_parse(&a->rule_id, "73230000-0000-4000-8000-000000000001", 36);
	a->id = alert_id(&a->rule_id, a->symbol, a->interval,
	    a->window_start_ms, a->window_end_ms, a->state);
}

/* Lines that are no alerts, and a word of the reason. */
static const struct {
	const char *line, *word;
} wrong[] = {
    {"", "JSON"},
    {"[]", ""},
    {"{}", "id"},
    {"{\"id\":\"no uuid\"}", "id"},
    {"{\"id\":\"73230000-0000-4000-8000-000000000001\"}", "rule_id"},
};

static void
test_reading(const struct alert *a, const char *line, size_t n)
{
	struct alert_record r;
	struct err e;

	if (!ok(alert_record_parse(&r, line, n, &e) == 0, "it reads back")) {
		printf("# %s\n", e.msg);
		return;
	}
	ok(uuid_cmp(&r.id, &a->id) == 0 &&
		uuid_cmp(&r.rule_id, &a->rule_id) == 0,
	    "with its ids");
	is_str(r.rule_name, a->rule_name, "its name");
	is_str(r.trigger_value, "50100.0", "its value as written");
	is_int(r.window_start_ms, a->window_start_ms, "its window");
	is_int(r.window_end_ms, a->window_end_ms, "to the end");
	is_int(r.triggered_ms, a->triggered_ms, "its time");
	ok(r.late == a->late, "late or not");
	ok(r.delivery_id == NULL && r.lease == NULL, "no claim in it");
	alert_record_release(&r);
}

static void
test_claimed(const char *line, size_t n)
{
	struct alert_record r;
	struct buf claimed;
	struct err e;

	buf_init(&claimed, ALERT_TEXT_MAX);
	buf_add(&claimed, line, n - 1);
	buf_adds(&claimed, ",\"delivery\":{\"id\":"
			   "\"73230000-0000-4000-8000-000000000002\","
			   "\"lease\":\"token\"}}");
	ok(alert_record_parse(&r, claimed.p, claimed.len, &e) == 0,
	    "a line of pulse-retry reads");
	is_str(r.delivery_id, "73230000-0000-4000-8000-000000000002",
	    "with its delivery");
	is_str(r.lease, "token", "and the lease");
	alert_record_release(&r);
	buf_release(&claimed);
}

/* The id alone, of lines that need no more. */
static void
test_id(const struct alert *a, const char *line, size_t n)
{
	static const char *const whole[] = {
	    ("{\"rule_id\":\"x\",\"id\":\"4f0b4e7f-2951-5a5e-8c82-"
	     "7ae5558a55b2\"}"),
	    "{\"id\":\"4f0b4e7f-2951-5a5e-8c82-7ae5558a55b\",\"rule_id\":1}",
	    "{\"id\":\"4f0b4e7f-2951-5a5e-8c82-7ae5558a55bz\",\"rule_id\":1}",
	    "{\"id\":\"4f0b4e7f-2951-5a5e-8c82-7ae5558a55b2",
	    "{\"id\":\"",
	    "",
	};
	struct uuid id;
	struct buf claimed;
	size_t i;

	ok(alert_record_id(&id, line, n) && uuid_cmp(&id, &a->id) == 0,
	    "the id of a printed alert");
	ok(!alert_record_id(&id, line, n - 1), "not of one that was cut");
	buf_init(&claimed, ALERT_TEXT_MAX);
	buf_add(&claimed, line, n - 1);
	buf_adds(&claimed, ",\"delivery\":{\"id\":\"x\",\"lease\":\"y\"}}");
	ok(!alert_record_id(&id, claimed.p, claimed.len),
	    "nor of one with a claim");
	buf_release(&claimed);
	for (i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		ok(!alert_record_id(&id, whole[i], strlen(whole[i])),
		    "'%s' must be parsed", whole[i]);
}

int
main(void)
{
	struct alert_record r;
	struct candle c;
	struct alert a;
	struct buf out;
	struct err e;
	char text[UUID_TEXT_MAX];
	const char candle[] = "{\"t\":1788936660000,\"T\":1788936719999,\"s\":"
			      "\"BTC\",\"i\":\"1m\","
			      "\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\","
			      "\"v\":\"0\",\"n\":0}";
	size_t i;

	buf_init(&out, ALERT_TEXT_MAX);
	candle_parse(&c, candle, sizeof(candle) - 1, &e);
	fill(&a, &c);
	uuid_print(&a.id, text);
	/* By another implementation: uuid5(rule_id, "BTC|1m|1788936660000|
	 * 1788936720000|firing"). */
	is_str(text, "4f0b4e7f-2951-5a5e-8c82-7ae5558a55b2",
	    "anyone can compute the id");
	ok(alert_print(&a, &out) == 0 && json_check(out.p, out.len, &e) == 0,
	    "an alert prints as JSON");
	ok(strstr(out.p, "\"window_start\":\"2026-09-09T06:51:00.000Z\"") !=
		NULL,
	    "times in RFC 3339");
	ok(strstr(out.p, "\"candle\":{\"t\":1788936660000,") != NULL,
	    "with its candle");
	ok(strstr(out.p, "\"late\"") == NULL, "without late");
	test_reading(&a, out.p, out.len);
	test_claimed(out.p, out.len);
	test_id(&a, out.p, out.len);
	buf_reset(&out);
	a.late = true;
	a.candle = NULL;
	alert_print(&a, &out);
	ok(strstr(out.p, "\"late\":true") != NULL &&
		strstr(out.p, "\"candle\"") == NULL,
	    "late, and without a candle");
	test_reading(&a, out.p, out.len);
	buf_release(&out);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		e.msg[0] = '\0';
		ok(alert_record_parse(
		       &r, wrong[i].line, strlen(wrong[i].line), &e) < 0 &&
			strstr(e.msg, wrong[i].word) != NULL,
		    "'%s' is refused", wrong[i].line);
	}
	return tap_done();
}
