/*
 * Alerts and deliveries: once each, claimed by one, settled, counted, listed.
 */
#include "tests/unit/db/lib.h"

#define NOW INT64_C(1788912600000)

static struct uuid
alert_of(const struct uuid *rule, const char *symbol, int64_t bar)
{
	struct made_alert m;

	make_alert(&m, rule, symbol, bar);
	return m.a.id;
}

static struct uuid
delivery_of(const struct uuid *alert, const char *channel)
{
	return uuid_named(alert, channel, strlen(channel));
}

/* The one alert as text. */
static void
is_alert(struct store *st, const struct uuid *id, const char *want)
{
	struct seen s = {0};
	const char *tail;
	struct err e;

	must(store_alert_get(st, id, see_alert, &s, &e), &e);
	tail = strchr(s.text, '}');
	is_str(tail != NULL ? tail + 2 : "", want, "the alert");
}

static void
is_delivery(struct store *st, const struct uuid *id, const char *want)
{
	struct seen s = {0};
	struct err e;

	must(store_delivery_get(st, id, see_delivery, &s, &e), &e);
	is_str(s.text, want, "the delivery");
}

static void
once(struct store *st, const struct uuid *rule)
{
	struct uuid id = alert_of(rule, "BTC", 0), unknown = {{7}};
	struct made_alert m;
	struct seen s = {0};
	struct err e;
	int64_t seq;

	is_int(put_alert(st, rule, "BTC", 0, 2, NOW, 30000), 1, "a new alert");
	is_int(put_alert(st, rule, "BTC", 0, 2, NOW, 30000), 0, "but once");
	make_alert(&m, rule, "BTC", 0);
	is_int(store_alert_get(st, &id, see_alert, &s, &e), 1, "it is there");
	ok(strncmp(s.text, m.record, strlen(m.record)) == 0,
	    "its record is kept to the byte");
	is_alert(st, &id, "price_threshold pending 0");
	is_int(store_alert_get(st, &unknown, see_alert, &s, &e), 0,
	    "another is not there");
	is_int(put_alert(st, &unknown, "BTC", 0, 2, NOW, 0), 0,
	    "none of a rule that does not exist");
	must(store_alert_seq(st, &seq, &e), &e);
	ok(seq >= 1, "it has a place in the order of commit");
	make_alert(&m, rule, "BTC", 1);
	m.a.late = true;
	must(store_alert_put(st, &m.a, m.record, strlen(m.record),
		 (const char *const[]){"discord"}, 1, NOW, 0, &e),
	    &e);
	is_alert(st, &m.a.id, "price_threshold none 0");
}

static void
foreign(struct store *st)
{
	struct uuid rule = {{8}};
	struct made_alert m;
	struct err e;
	int i;

	make_alert(&m, &rule, "XRP", 3);
	for (i = 0; i < 2; i++)
		is_int(store_alert_put_foreign(st, &m.a, m.record,
			   strlen(m.record), (const char *const[]){"generic"},
			   1, NOW, 3600000, &e),
		    !i, "an alert of a rule elsewhere, once");
	is_alert(st, &m.a.id, "price_threshold pending 0");
	rule = delivery_of(&m.a.id, "generic");
	is_delivery(st, &rule,
	    "generic pending attempts=0 step=0 lease=- url=- error=-");
}

static void
claims(struct store *st, const struct uuid *rule)
{
	struct uuid id = alert_of(rule, "BTC", 0);
	struct uuid d = delivery_of(&id, "discord");
	struct uuid g = delivery_of(&id, "generic");
	struct seen s = {0};
	struct err e;

	is_int(store_delivery_claim_due(
		   st, 10, "retry", NOW + 29999, 1000, see_delivery, &s, &e),
	    0, "nothing is due before the handoff ends");
	is_int(store_delivery_claim_alert(
		   st, &id, "send", NOW, 5000, see_delivery, &s, &e),
	    2, "but the alert can be claimed at once");
	is_delivery(st, &d,
	    "discord pending attempts=0 step=0 lease=send "
	    "url=https://127.0.0.1/api/webhooks/1/a error=-");
	is_int(store_delivery_claim_alert(
		   st, &id, "other", NOW + 4999, 5000, see_delivery, &s, &e),
	    0, "by one");
	is_int(store_delivery_claim_id(
		   st, &d, "other", NOW + 4999, 5000, see_delivery, &s, &e),
	    0, "not by id either");
	is_int(store_delivery_claim_due(
		   st, 10, "retry", NOW + 29999, 1000, see_delivery, &s, &e),
	    0, "a lease that ended does not make it due earlier");
	is_int(store_delivery_renew(st, &d, "send", NOW + 40000, 5000, &e), 1,
	    "renewed while nobody took it");
	memset(&s, 0, sizeof(s));
	is_int(store_delivery_claim_due(
		   st, 10, "retry", NOW + 41000, 1000, see_delivery, &s, &e),
	    1, "what was not renewed is claimed");
	ok(uuid_cmp(&s.last, &g) == 0, "it is the other one");
	is_int(store_delivery_renew(st, &g, "send", NOW + 41000, 5000, &e), 0,
	    "a lost lease is not renewed");
	is_int(store_delivery_adopt(st, &g, "send", "mine", NOW + 41000, 5000,
		   see_delivery, &s, &e),
	    0, "nor adopted");
	is_int(store_delivery_adopt(st, &g, "retry", "mine", NOW + 41000, 5000,
		   see_delivery, &s, &e),
	    1, "a held one is adopted");
	is_int(store_delivery_release(st, &g, "retry", 0, &e), 0,
	    "only its holder gives it back");
	is_int(store_delivery_release(st, &g, "mine", NOW + 50000, &e), 1,
	    "the holder gives it back");
	is_int(store_delivery_claim_id(
		   st, &g, "byid", NOW + 41001, 9000, see_delivery, &s, &e),
	    1, "free to be claimed by id before it is due");
	is_int(store_delivery_release(st, &g, "byid", NOW + 50000, &e), 1,
	    "and given back");
	is_int(store_delivery_claim_due(
		   st, 10, "r", NOW + 49999, 1, see_delivery, &s, &e),
	    1, "due at its time: the discord one, whose lease has ended");
}

static int
settle(struct store *st, const struct uuid *id, const char *token, bool success,
    enum delivery_status status, int64_t next_ms, bool keep)
{
	struct store_settlement to = {.status = status,
	    .step = 3,
	    .next_attempt_ms = next_ms,
	    .keep_lease = keep,
	    .lease_until_ms = next_ms + 500};
	struct store_attempt a = {.success = success,
	    .response_code = success ? 204 : 500,
	    .latency_ms = 12,
	    .bytes = 99,
	    .error = success ? NULL : "500 Internal Server Error",
	    .address = "127.0.0.1",
	    .response = "oops",
	    .created_ms = NOW + 60000};
	struct err e;
	int rc = must(store_delivery_settle(st, id, token, &a, &to, &e), &e);

	return rc * 100 + (int)a.attempt_no;
}

static int
see_attempt(void *arg, const struct store_attempt *a, struct err *e)
{
	struct seen *s = arg;
	size_t n = strlen(s->text);

	(void)e;
	(void)snprintf(s->text + n, sizeof(s->text) - n,
	    "%s#%" PRId64 ":%d:%d:%s ", a->channel, a->attempt_no,
	    a->response_code, (int)a->bytes, a->error != NULL ? a->error : "-");
	return seen_add(s, &a->delivery_id, a->id);
}

static void
settles(struct store *st, const struct uuid *rule)
{
	struct uuid id = alert_of(rule, "BTC", 0);
	struct uuid d = delivery_of(&id, "discord");
	struct uuid g = delivery_of(&id, "generic"), none = {{1}};
	struct seen s = {0};
	struct err e;
	int64_t n;

	is_int(store_delivery_claim_alert(
		   st, &id, "w", NOW + 60000, 1000, see_delivery, &s, &e),
	    2, "both are claimed");
	is_int(settle(st, &d, "w", false, DELIVERY_RETRYING, NOW + 61000, true),
	    101, "the first attempt");
	is_delivery(st, &d,
	    "discord retrying attempts=1 step=3 lease=w "
	    "url=https://127.0.0.1/api/webhooks/1/a "
	    "error=500 Internal Server Error");
	is_alert(st, &id, "price_threshold pending 1");
	is_int(settle(st, &d, "x", false, DELIVERY_DEAD, 0, false), 2,
	    "an attempt without the lease is recorded and moves nothing");
	is_int(settle(st, &d, "w", true, DELIVERY_DELIVERED, 0, true), 103,
	    "the third succeeds");
	is_delivery(st, &d,
	    "discord delivered attempts=2 step=3 lease=- "
	    "url=https://127.0.0.1/api/webhooks/1/a error=-");
	is_alert(st, &id, "price_threshold pending 3");
	is_int(settle(st, &d, "w", true, DELIVERY_DEAD, 0, false), 4,
	    "what is settled stays settled");
	is_int(settle(st, &g, "w", false, DELIVERY_HELD, 0, false), 101,
	    "an ambiguous one is held");
	is_alert(st, &id, "price_threshold pending 5");
	is_int(store_delivery_claim_alert(
		   st, &id, "w", NOW + 99999999, 1, see_delivery, &s, &e),
	    0, "and not claimed");
	is_int(settle(st, &none, "w", true, DELIVERY_DEAD, 0, false), 0,
	    "one that is gone takes no attempt");
	s.text[0] = '\0';
	must(store_attempt_list(st, &id, 3, 1, see_attempt, &s, &e), &e);
	is_str(s.text,
	    "discord#2:500:99:500 Internal Server Error discord#3:204:99:- "
	    "discord#4:204:99:- ",
	    "attempts are listed oldest first, by page");
	must(store_attempt_count(st, &id, &n, &e), &e);
	is_int(n, 5, "and counted");
}

static void
by_hand(struct store *st, const struct uuid *rule)
{
	struct store_delivery_filter f = {.status = -1, .rule_id = rule};
	struct uuid id = alert_of(rule, "BTC", 0);
	struct uuid d = delivery_of(&id, "discord");
	struct uuid g = delivery_of(&id, "generic");
	struct seen s = {0};
	struct err e;

	is_int(must(store_delivery_retry(st, &f, NOW + 70000, &e), &e), 1,
	    "retried by hand: what is not delivered");
	is_delivery(st, &g,
	    "generic pending attempts=0 step=0 lease=- "
	    "url=https://127.0.0.1/1 error=500 Internal Server Error");
	is_int(store_delivery_claim_lane(st, rule, "generic", 0, "l",
		   NOW + 70000, 1000, see_delivery, &s, &e),
	    1, "it is due again");
	is_int(settle(st, &g, "l", false, DELIVERY_DEAD, 0, false), 102,
	    "attempts are numbered on");
	is_alert(st, &id, "price_threshold delivered 6");
	f.status = DELIVERY_DEAD;
	is_int(must(store_delivery_retry(st, &f, NOW + 80000, &e), &e), 1,
	    "a dead one is retried");
	is_alert(st, &id, "price_threshold pending 6");
	f = (struct store_delivery_filter){.status = -1, .alert_id = &id};
	is_int(must(store_delivery_drop(st, &f, NOW + 90000, &e), &e), 1,
	    "dropped: what is not settled");
	is_delivery(st, &g,
	    "generic dead attempts=0 step=0 lease=- "
	    "url=https://127.0.0.1/1 error=dropped");
	is_alert(st, &id, "price_threshold delivered 6");
	f.status = DELIVERY_DELIVERED;
	is_int(must(store_delivery_retry(st, &f, NOW, &e), &e), 0,
	    "what was delivered is not sent again");
	is_delivery(st, &d,
	    "discord delivered attempts=2 step=3 lease=- "
	    "url=https://127.0.0.1/api/webhooks/1/a error=-");
}

/* 30 alerts of two rules, three of each time. */
static void
fill(struct store *st, const struct uuid rules[2])
{
	struct made_alert m;
	struct err e;
	int i;

	for (i = 0; i < 30; i++) {
		make_alert(&m, &rules[i % 2], i % 3 ? "ETH" : "BTC", 100 + i);
		m.a.triggered_ms = NOW + i / 3;
		must(store_alert_put(st, &m.a, m.record, strlen(m.record),
			 (const char *const[]){"discord", "generic"},
			 (size_t)(i % 3), NOW + i, 0, &e),
		    &e);
	}
}

static int64_t last_triggered;

static int
see_triggered(void *arg, const struct store_alert *a, struct err *e)
{
	last_triggered = a->triggered_ms;
	return see_alert(arg, a, e);
}

static void
alert_pages(
    struct store *st, struct store_alert_filter f, int want, const char *what)
{
	struct seen all = {0}, page;
	bool same = true;
	struct err e;
	int64_t n;
	int got = 0, i;

	must(store_alert_list(st, &f, see_alert, &all, &e), &e);
	must(store_alert_count(st, &f, &n, &e), &e);
	ok(all.n == want && n == want, "%s: %d listed, %" PRId64 " counted",
	    what, all.n, n);
	f.limit = 4;
	do {
		memset(&page, 0, sizeof(page));
		must(store_alert_list(st, &f, see_triggered, &page, &e), &e);
		for (i = 0; i < page.n; i++, got++)
			same = same && got < all.n &&
			       uuid_cmp(&page.ids[i], &all.ids[got]) == 0;
		f.has_after = true;
		f.after_triggered_ms = last_triggered;
		f.after_id = page.last;
	} while (page.n == 4);
	ok(same && got == all.n, "%s: the same by cursor", what);
	f.has_after = false;
	for (got = 0; got < all.n; got += 4) {
		memset(&page, 0, sizeof(page));
		f.offset = got;
		must(store_alert_list(st, &f, see_alert, &page, &e), &e);
		same = same && page.n > 0 &&
		       uuid_cmp(&page.ids[0], &all.ids[got]) == 0;
	}
	ok(same, "%s: the same by offset", what);
}

static void
alert_lists(struct store *st, const struct uuid rules[2])
{
	struct store_alert_filter f = {0};
	struct seen s = {0};
	struct err e;
	int64_t seq;

	fill(st, rules);
	alert_pages(st, f, 33, "all");
	f.rule_id = &rules[1];
	alert_pages(st, f, 15, "by rule");
	f.symbol = "ETH";
	alert_pages(st, f, 10, "by rule and symbol");
	f.delivery_status = "pending";
	alert_pages(st, f, 10, "by rule, symbol and status");
	f.rule_id = NULL;
	alert_pages(st, f, 20, "by symbol and status");
	f.delivery_status = NULL;
	alert_pages(st, f, 20, "by symbol");
	f = (struct store_alert_filter){.delivery_status = "none"};
	alert_pages(st, f, 11, "by status");
	f.delivery_status = "delivered";
	f.symbol = "BTC";
	alert_pages(st, f, 1, "delivered ones of a symbol");
	f = (struct store_alert_filter){
	    .since_ms = NOW + 2, .until_ms = NOW + 5};
	alert_pages(st, f, 12, "by time");
	f.symbol = "ETH";
	alert_pages(st, f, 8, "by time and symbol");
	f = (struct store_alert_filter){.delivery_status = "nonsense"};
	alert_pages(st, f, 0, "a status that does not exist");
	must(store_alert_after(st, 0, 0, see_alert, &s, &e), &e);
	must(store_alert_seq(st, &seq, &e), &e);
	is_int(s.n, 33, "all, in order of commit");
	is_int(s.numbers[32], seq, "the last has the newest number");
	seq = s.numbers[30];
	memset(&s, 0, sizeof(s));
	must(store_alert_after(st, seq, 1, see_alert, &s, &e), &e);
	ok(s.n == 1 && s.numbers[0] == seq + 1,
	    "those after a number, up to a limit");
}

static void
delivery_page(struct store *st, struct store_delivery_filter f, int want,
    const char *what)
{
	struct seen all = {0}, page = {0};
	struct err e;
	int64_t n;

	must(store_delivery_list(st, &f, see_delivery, &all, &e), &e);
	must(store_delivery_count(st, &f, &n, &e), &e);
	ok(all.n == want && n == want, "%s: %d listed, %" PRId64 " counted",
	    what, all.n, n);
	f.offset = want / 2;
	f.limit = 1;
	must(store_delivery_list(st, &f, see_delivery, &page, &e), &e);
	ok(page.n == (want > 0) &&
		(want == 0 || uuid_cmp(&page.ids[0], &all.ids[want / 2]) == 0),
	    "%s: the same by page", what);
}

static int
see_stat(void *arg, const char *channel, enum delivery_status status, int64_t n,
    int64_t oldest_ms)
{
	struct seen *s = arg;
	size_t at = strlen(s->text);

	(void)snprintf(s->text + at, sizeof(s->text) - at,
	    "%s:%s:%" PRId64 ":%" PRId64 " ", channel,
	    delivery_status_name(status), n,
	    oldest_ms > 0 ? oldest_ms - NOW : -1);
	return 0;
}

static void
delivery_lists(struct store *st, const struct uuid rules[2])
{
	struct store_delivery_filter f = {.status = -1};
	struct uuid id = alert_of(&rules[0], "BTC", 0);
	struct seen s = {0};
	struct err e;

	delivery_page(st, f, 33, "all");
	f.channel = "generic";
	delivery_page(st, f, 12, "by channel");
	f.status = DELIVERY_PENDING;
	delivery_page(st, f, 11, "by channel and status");
	f.channel = NULL;
	delivery_page(st, f, 31, "by status");
	f.rule_id = &rules[1];
	delivery_page(st, f, 15, "by status and rule");
	f.status = -1;
	f.channel = "discord";
	delivery_page(st, f, 10, "by rule and channel");
	f = (struct store_delivery_filter){.status = -1, .alert_id = &id};
	delivery_page(st, f, 2, "by alert");
	f.rule_id = &rules[1];
	delivery_page(st, f, 0, "by an alert and another rule");
	f = (struct store_delivery_filter){
	    .status = -1, .since_ms = NOW + 10, .until_ms = NOW + 20};
	delivery_page(st, f, 12, "by time");
	f.status = DELIVERY_PENDING;
	f.channel = "discord";
	delivery_page(st, f, 8, "by time, status and channel");
	must(store_delivery_stats(st, see_stat, &s, &e), &e);
	is_str(s.text,
	    "discord:pending:20:1 discord:delivered:1:-1 "
	    "generic:pending:11:0 generic:dead:1:0 ",
	    "numbers by channel and status, and the oldest");
}

static void
lanes(struct store *st, const struct uuid *rule)
{
	struct seen s = {0};
	struct uuid first;
	struct err e;

	is_int(store_delivery_claim_lane(st, rule, "discord", 2, "lane", NOW,
		   1000, see_delivery, &s, &e),
	    2, "a lane is claimed up to a limit");
	first = alert_of(rule, "ETH", 101);
	first = delivery_of(&first, "discord");
	ok(uuid_cmp(&s.ids[0], &first) == 0, "the oldest alert first");
	is_int(store_delivery_claim_lane(st, rule, "discord", 0, "lane2", NOW,
		   1000, see_delivery, &s, &e),
	    8, "then the rest of it");
	is_int(store_delivery_claim_due(
		   st, 100, "due", NOW + 900, 1, see_delivery, &s, &e),
	    20, "leaving all other lanes");
}

static void
in_transaction(struct store *st, const struct uuid *rule)
{
	struct uuid id = alert_of(rule, "SOL", 500);
	struct seen s = {0};
	struct err e;
	int64_t before, after;

	put_alert(st, rule, "SOL", 500, 2, NOW, 0);
	must(store_version(st, &before, &e), &e);
	must(store_begin(st, true, &e), &e);
	is_int(store_delivery_claim_alert(
		   st, &id, "t", NOW, 1000, see_delivery, &s, &e),
	    2, "claims work inside a transaction");
	is_int(settle(st, &s.ids[0], "t", true, DELIVERY_DELIVERED, 0, false),
	    101, "and settling");
	is_int(store_begin(st, true, &e), -1, "there is one at a time");
	store_rollback(st);
	is_alert(st, &id, "price_threshold pending 0");
	must(store_version(st, &after, &e), &e);
	is_int(after, before, "nothing was changed");
	put_alert(st, rule, "SOL", 501, 0, NOW, 0);
	must(store_version(st, &after, &e), &e);
	ok(after != before, "a commit changes the version");
	is_int(store_commit(st, &e), -1, "no commit without a transaction");
}

/* The counts are summed in memory: what is read in between, a rollback, and
 * deliveries that the triggers count when they go. */
static void
counted(struct store *st, const struct uuid *rule)
{
	struct store_alert_filter sol = {.symbol = "SOL"};
	struct store_delivery_filter all = {.status = -1};
	int64_t alerts, deliveries, n;
	struct err e;
	int i;

	must(store_alert_count(st, &sol, &alerts, &e), &e);
	must(store_delivery_count(st, &all, &deliveries, &e), &e);
	must(store_begin(st, true, &e), &e);
	for (i = 600; i < 605; i++)
		put_alert(st, rule, "SOL", i, 2, NOW, 0);
	must(store_alert_count(st, &sol, &n, &e), &e);
	is_int(n, alerts + 5, "alerts are counted within the transaction");
	put_alert(st, rule, "SOL", 605, 2, NOW, 0);
	must(store_delivery_count(st, &all, &n, &e), &e);
	is_int(n, deliveries + 12, "and deliveries, again");
	store_rollback(st);
	must(store_alert_count(st, &sol, &n, &e), &e);
	is_int(n, alerts, "a rollback takes the counts back");
	must(store_begin(st, true, &e), &e);
	put_alert(st, rule, "SOL", 606, 1, NOW, 0);
	must(store_commit(st, &e), &e);
	must(store_alert_count(st, &sol, &n, &e), &e);
	is_int(n, alerts + 1, "and nothing of it comes back later");
	is_whole(st, "the counts are those of the rows");
}

/* The first delivery of its status goes in the transaction that moved it: the
 * trigger that counts it out needs the row that counted it in. */
static void
moved_and_gone(void)
{
	struct store_delivery_filter all = {.status = -1};
	struct scratch s;
	struct store *st;
	struct uuid rule;
	struct err e;

	scratch_make(&s);
	st = open_scratch(&s);
	rule = put_rule(st, 1, "BTC", 1);
	put_alert(st, &rule, "BTC", 0, 1, NOW, 0);
	must(store_begin(st, true, &e), &e);
	is_int(store_delivery_drop(st, &all, NOW, &e), 1, "one is dropped");
	is_int(store_rule_delete(st, &rule, &e), 1, "and its rule deleted");
	must(store_commit(st, &e), &e);
	is_whole(st, "what moved and went in one transaction is not counted");
	store_close(st);
	scratch_remove(&s);
}

static void
cascade(struct store *st, const struct uuid rules[2])
{
	struct store_alert_filter f = {0};
	struct store_delivery_filter d = {.status = -1};
	struct uuid id = alert_of(&rules[0], "BTC", 0);
	struct err e;
	int64_t n, seq, now;

	must(store_alert_seq(st, &seq, &e), &e);
	must(store_rule_delete(st, &rules[0], &e), &e);
	must(store_alert_count(st, &f, &n, &e), &e);
	is_int(n, 17, "the alerts of a deleted rule are gone");
	must(store_delivery_count(st, &d, &n, &e), &e);
	is_int(n, 17, "their deliveries too");
	must(store_attempt_count(st, &id, &n, &e), &e);
	is_int(n, 0, "and attempts");
	must(store_rule_delete(st, &rules[1], &e), &e);
	must(store_alert_seq(st, &now, &e), &e);
	is_int(now, seq, "no number of an alert comes twice");
	put_rule(st, 3, "BTC", 1);
}

static void
retention(struct store *st)
{
	struct store_prune p = {
	    .alerts_before_ms = BASE_MS + 100 * MINUTE_MS, .batch = 7};
	struct uuid rule = put_rule(st, 9, "BTC", 1);
	struct store_alert_filter f = {.rule_id = &rule};
	int64_t n;
	struct err e;
	int i, rc, steps = 0, total = 0;

	for (i = 80; i < 120; i++)
		put_alert(st, &rule, "BTC", i, i == 90 ? 1 : 0, NOW, 0);
	while ((rc = must(store_prune_step(st, &p, &e), &e)) > 0) {
		ok(rc <= 7, "a step is bounded");
		total += rc;
		steps++;
	}
	is_int(total, 19, "settled alerts before the time are deleted");
	is_int(steps, 3, "in steps");
	must(store_alert_count(st, &f, &n, &e), &e);
	is_int(n, 21, "pending and newer ones stay");
}

static int
keep_claim(void *arg, const struct store_delivery *d, struct err *e)
{
	(void)e;
	if (strcmp(d->channel, "discord") == 0)
		*(struct store_claim *)arg = d->claim;
	return 0;
}

/* By what the store said when it was claimed: settling keeps that up to date,
 * also when it was not any more. */
static void
by_claim(void)
{
	struct store_claim c, old;
	struct store_attempt a = {.claim = &c,
	    .channel = "discord",
	    .error = "500",
	    .created_ms = NOW};
	struct store_settlement to = {.status = DELIVERY_RETRYING,
	    .keep_lease = true,
	    .lease_until_ms = NOW + 60000};
	struct scratch s;
	struct store *st;
	struct uuid rule, id, d;
	struct err e;

	scratch_make(&s);
	st = open_scratch(&s);
	rule = put_rule(st, 1, "BTC", 1);
	put_alert(st, &rule, "BTC", 0, 2, NOW, 0);
	id = alert_of(&rule, "BTC", 0);
	d = delivery_of(&id, "discord");
	must(store_delivery_claim_alert(
		 st, &id, "w", NOW, 60000, keep_claim, &c, &e),
	    &e);
	old = c;
	is_int(store_delivery_settle(st, &d, "w", &a, &to, &e), 1, "settled");
	ok(c.tries == 1 && c.status == DELIVERY_RETRYING, "and the claim says");
	c = old;
	is_int(store_delivery_settle(st, &d, "w", &a, &to, &e), 1,
	    "by an old claim, too");
	ok(c.tries == 2 && c.status == DELIVERY_RETRYING && c.row == old.row,
	    "which is up to date then");
	to.status = DELIVERY_DELIVERED;
	a.success = true;
	is_int(store_delivery_settle(st, &d, "w", &a, &to, &e), 1,
	    "so the next one needs no look");
	is_int(c.tries, 3, "three attempts");
	is_int(a.attempt_no, 3, "numbered");
	is_whole(st, "whole after settling by claims");
	store_close(st);
	scratch_remove(&s);
}

static int
note_order(void *arg, const struct store_delivery *d, struct err *e)
{
	struct buf *b = arg;
	int64_t n;

	(void)e;
	ok(d->lease != NULL && strcmp(d->lease, "many") == 0 &&
		d->lease_until_ms == NOW + 5000,
	    "given as it is leased");
	n = d->claim.alert;
	return buf_addf(b, "%" PRId64 ":%s ", n, d->channel);
}

/* Many alerts in one claim: some not there, named twice, or another's. */
static void
many_at_once(void)
{
	struct uuid ids[6], rule, d, unknown = {{9}};
	int given[6] = {7, 7, 7, 7, 7, 7};
	struct seen s = {0};
	struct scratch dir;
	struct store *st;
	struct buf order;
	struct err e;
	int i;

	scratch_make(&dir);
	st = open_scratch(&dir);
	rule = put_rule(st, 1, "BTC", 1);
	for (i = 0; i < 6; i++) {
		put_alert(st, &rule, "BTC", i, 2, NOW, 0);
		ids[i] = alert_of(&rule, "BTC", i);
	}
	d = delivery_of(&ids[1], "discord");
	is_int(store_delivery_claim_id(
		   st, &d, "other", NOW, 5000, see_delivery, &s, &e),
	    1, "another holds one");
	ids[3] = unknown;
	ids[4] = ids[0];
	buf_init(&order, 1000);
	is_int(store_delivery_claim_alerts(st, ids, 6, given, "many", NOW, 5000,
		   note_order, &order, &e),
	    7, "the others are ours");
	is_str(order.p,
	    "1:discord 1:generic 2:generic 3:discord 3:generic 6:discord "
	    "6:generic ",
	    "alert by alert, each once");
	ok(given[0] == 2 && given[1] == 1 && given[2] == 2 && given[3] == 0 &&
		given[4] == 0 && given[5] == 2,
	    "and counted for each");
	for (i = 0; i < 6; i++) {
		struct uuid a = alert_of(&rule, "BTC", i);

		d = delivery_of(&a, "generic");
		is_int(store_delivery_renew(st, &d, "many", NOW, 5000, &e),
		    i != 3 && i != 4,
		    "the lease is written, of those that were named only");
	}
	d = delivery_of(&ids[1], "discord");
	is_int(store_delivery_renew(st, &d, "other", NOW, 5000, &e), 1,
	    "the other's is still its own");
	is_int(store_delivery_claim_alerts(st, ids, 0, given, "many", NOW, 5000,
		   note_order, &order, &e),
	    0, "none of none");
	buf_release(&order);
	store_close(st);
	scratch_remove(&dir);
}

/* How many are leased by that token. */
struct holders {
	const char *token;
	int n;
};

static int
see_holder(void *arg, const struct store_delivery *d, struct err *e)
{
	struct holders *h = arg;

	(void)e;
	h->n += d->lease != NULL && strcmp(d->lease, h->token) == 0;
	return 0;
}

/* Single ones, one channel of all alerts, or both. */
static bool
is_theirs(int round, int i, unsigned *seed)
{
	bool channel = i % 3 == round / 3 % 3, single = rand_r(seed) % 5 == 0;

	return (round % 3 != 0 && single) || (round % 3 != 1 && channel);
}

/* Whatever others hold among the deliveries of a burst, one claim takes all
 * the rest, and nothing of theirs: those it names follow each other in any
 * pattern, and are leased by ranges of their numbers. */
static void
around_others(void)
{
	static const char *const channels[] = {"discord", "generic", "ops"};
	struct store_delivery_filter all = {.status = -1};
	int64_t now = NOW, most = 3LL * 12;
	int round, i, others, wrong = 0;
	unsigned seed = 7;
	struct seen s = {0};
	struct uuid rule, a, d;
	struct scratch dir;
	struct store *st;
	struct err e;

	scratch_make(&dir);
	st = open_scratch(&dir);
	rule = put_rule(st, 1, "BTC", 1);
	for (i = 0; i < 12; i++)
		put_alert(st, &rule, "BTC", i, 3, NOW, 0);
	for (round = 0; round < 60; round++) {
		struct holders theirs = {.token = "other"}, ours = {"burst", 0};

		now += 10000;
		for (i = others = 0; i < most; i++) {
			if (!is_theirs(round, i, &seed))
				continue;
			a = alert_of(&rule, "BTC", i / 3);
			d = delivery_of(&a, channels[i % 3]);
			others += must(store_delivery_claim_id(st, &d, "other",
					   now, 5000, see_delivery, &s, &e),
			    &e);
		}
		wrong += store_delivery_claim_due(st, 100, "burst", now, 5000,
			     see_delivery, &s, &e) != most - others;
		must(
		    store_delivery_list(st, &all, see_holder, &theirs, &e), &e);
		must(store_delivery_list(st, &all, see_holder, &ours, &e), &e);
		wrong += theirs.n != others || ours.n != most - others;
	}
	is_int(wrong, 0, "each is held by who claimed it first");
	store_close(st);
	scratch_remove(&dir);
}

int
main(void)
{
	struct uuid rules[2];
	struct scratch s;
	struct store *st;

	scratch_make(&s);
	st = open_scratch(&s);
	rules[0] = put_rule(st, 1, "BTC", 1);
	rules[1] = put_rule(st, 2, "ETH", 2);
	once(st, &rules[0]);
	foreign(st);
	claims(st, &rules[0]);
	settles(st, &rules[0]);
	by_hand(st, &rules[0]);
	is_whole(st, "whole after the deliveries");
	alert_lists(st, rules);
	delivery_lists(st, rules);
	lanes(st, &rules[1]);
	in_transaction(st, &rules[0]);
	counted(st, &rules[1]);
	is_whole(st, "whole before deleting");
	cascade(st, rules);
	retention(st);
	is_whole(st, "whole at the end");
	store_close(st);
	scratch_remove(&s);
	moved_and_gone();
	by_claim();
	many_at_once();
	around_others();
	return tap_done();
}
