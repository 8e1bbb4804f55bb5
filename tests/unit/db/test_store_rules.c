/*
 * Rules: put, get, delete, lists by page, counts, changes, series, state.
 */
#include "tests/unit/db/lib.h"

static const char full[] =
    "{\"id\":\"73230000-0000-4000-8000-000000000001\",\"name\":\"all "
    "\\\"of\\\" "
    "it \xc3\xa9\",\"symbol\":\"kPEPE\",\"interval\":\"1h\",\"rule_type\":"
    "\"rsi\",\"config\":{\"period\":9,\"direction\":\"overbought\","
    "\"threshold\":\"71.50\"},\"cooldown_seconds\":77,\"is_active\":false,"
    "\"generic_webhook_url\":\"https://example.com/x?y=z\","
    "\"channels\":[\"ops\",\"desk\"]}";

static void
printed(const struct rule *r, char *out, size_t n)
{
	struct buf b;

	buf_init(&b, RULE_TEXT_MAX);
	(void)rule_print(r, true, &b);
	(void)snprintf(out, n, "%s", b.p);
	buf_release(&b);
}

static void
round_trip(struct store *st)
{
	struct rule r = make_rule(full), back;
	char want[2048], got[2048];
	struct uuid none = {{9}};
	struct err e;

	must(store_rule_put(st, &r, &e), &e);
	printed(&r, want, sizeof(want));
	is_int(store_rule_get(st, &r.id, &back, &e), 1, "the rule is there");
	printed(&back, got, sizeof(got));
	is_str(got, want, "a rule comes back as it was put");
	is_int(back.seq, r.seq, "with the number of its change");
	ok(memcmp(&back.config, &r.config, sizeof(r.config)) == 0,
	    "its config is the same to the byte");
	rule_release(&back);
	is_int(store_rule_get(st, &none, &back, &e), 0, "another is not there");

	free(r.name);
	r.name = strdup("renamed");
	r.is_active = true;
	must(store_rule_put(st, &r, &e), &e);
	must(store_rule_get(st, &r.id, &back, &e), &e);
	is_str(back.name, "renamed", "put again replaces");
	is_int(back.seq, 2, "as a change of its own");
	rule_release(&back);
	rule_release(&r);
}

/* Page through all by cursor; the order must be that of one whole list. */
static void
pages(struct store *st, struct store_rule_filter f, const char *what)
{
	struct seen all = {0}, page;
	struct rule r;
	struct err e;
	int got = 0;
	bool same = true;

	f.limit = 0;
	must(store_rule_list(st, &f, see_rule, &all, &e), &e);
	f.limit = 3;
	for (;;) {
		int i;

		memset(&page, 0, sizeof(page));
		must(store_rule_list(st, &f, see_rule, &page, &e), &e);
		for (i = 0; i < page.n; i++, got++)
			same = same && got < all.n &&
			       uuid_cmp(&page.ids[i], &all.ids[got]) == 0;
		if (page.n < 3)
			break;
		must(store_rule_get(st, &page.last, &r, &e), &e);
		f.has_after = true;
		f.after_created_ms = r.created_ms;
		f.after_id = r.id;
		rule_release(&r);
	}
	ok(same && got == all.n && got > 0, "%s: %d by cursor in pages of 3",
	    what, got);
	f.has_after = false;
	same = true;
	for (f.offset = 0; f.offset < all.n; f.offset += 3) {
		memset(&page, 0, sizeof(page));
		must(store_rule_list(st, &f, see_rule, &page, &e), &e);
		same = same && page.n > 0 &&
		       uuid_cmp(&page.ids[0], &all.ids[f.offset]) == 0;
	}
	memset(&page, 0, sizeof(page));
	must(store_rule_list(st, &f, see_rule, &page, &e), &e);
	ok(same && page.n == 0, "%s: the same by offset", what);
}

static void
lists(struct store *st)
{
	struct store_rule_filter f = {.active = -1};
	struct seen s = {0};
	struct err e;
	int64_t n;
	int i;

	/* Three of each created at one time, so that ids break ties. */
	for (i = 0; i < 20; i++) {
		struct rule r = price_rule(
		    i, i % 2 ? "BTC" : "ETH", 5000 + i / 3, i % 5 != 0);

		must(store_rule_put(st, &r, &e), &e);
		rule_release(&r);
	}
	must(store_rule_list(st, &f, see_rule, &s, &e), &e);
	is_int(s.n, 21, "all are listed");
	ok(memcmp(s.ids[0].b, "r0000000000018", 14) == 0 &&
		memcmp(s.ids[1].b, "r0000000000019", 14) == 0 &&
		memcmp(s.ids[2].b, "r0000000000015", 14) == 0,
	    "newest first, ties by id");
	pages(st, f, "all");
	f.symbol = "BTC";
	pages(st, f, "by symbol");
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 10, "count by symbol");
	f.active = 0;
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 2, "count by symbol and state");
	pages(st, f, "by symbol and state");
	f.symbol = NULL;
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 4, "count by state");
	pages(st, f, "by state");
	f.active = -1;
	f.rule_type = "rsi";
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 1, "count by type");
	f.rule_type = "price_threshold";
	pages(st, f, "by type");
	f.symbol = "BTC";
	f.active = 1;
	pages(st, f, "by symbol, type and state");
	f.symbol = "NONE";
	s.n = 0;
	must(store_rule_list(st, &f, see_rule, &s, &e), &e);
	is_int(s.n, 0, "an unknown symbol has none");
	f = (struct store_rule_filter){.active = 1, .unordered = true};
	must(store_rule_list(st, &f, see_rule, &s, &e), &e);
	is_int(s.n, 17, "unordered lists the active ones");
	memset(&s, 0, sizeof(s));
	s.stop_at = 4;
	must(store_rule_list(st, &f, see_rule, &s, &e), &e);
	is_int(s.n, 4, "a callback can end the list");
}

static int
see_lean(void *arg, const struct rule *r, struct err *e)
{
	struct rule *with = arg, whole = *r;

	(void)e;
	ok(r->seq == 0 && r->created_ms == 0 && r->updated_ms == 0,
	    "a lean list leaves out what judging does not need");
	whole.seq = with->seq;
	whole.created_ms = with->created_ms;
	whole.updated_ms = with->updated_ms;
	return rule_copy(with, &whole) < 0 ? -1 : 1;
}

/* Of a lean list all else is there: the rule stays the same. */
static void
lean(struct store *st)
{
	struct store_rule_filter f = {
	    .symbol = "kPEPE", .active = -1, .lean = true};
	struct rule r = make_rule(full), got;
	char a[2048], b[2048];
	struct err e;

	r.enabled_ms = 77;
	must(store_rule_put(st, &r, &e), &e);
	got = r;
	must(store_rule_list(st, &f, see_lean, &got, &e), &e);
	printed(&r, a, sizeof(a));
	printed(&got, b, sizeof(b));
	ok(got.name != r.name, "the list gave a rule");
	is_str(b, a, "and keeps all else");
	is_int(got.enabled_ms, 77, "with the time of enabling");
	rule_release(&got);
	rule_release(&r);
}

/* Changes as one string: "+name" and "-". */
struct changes {
	char text[1024];
	int64_t last;
	bool ordered;
};

static int
changed(void *arg, const struct rule *r, struct err *e)
{
	struct changes *c = arg;
	size_t n = strlen(c->text);

	(void)e;
	(void)snprintf(c->text + n, sizeof(c->text) - n, "+%s ", r->name);
	c->ordered = c->ordered && r->seq > c->last;
	c->last = r->seq;
	return 0;
}

static int
gone(void *arg, const struct uuid *id, int64_t seq)
{
	struct changes *c = arg;
	size_t n = strlen(c->text);

	(void)snprintf(
	    c->text + n, sizeof(c->text) - n, "-%.14s ", (const char *)id->b);
	c->ordered = c->ordered && seq > c->last;
	c->last = seq;
	return 0;
}

static void
changes(struct store *st)
{
	struct changes c = {.ordered = true};
	int64_t since, seq;
	struct rule r;
	struct err e;

	must(store_rule_seq(st, &since, &e), &e);
	must(store_rule_changes(st, since, changed, gone, &c, &e), &e);
	is_str(c.text, "", "nothing changed since the newest change");
	put_rule(st, 30, "SOL", 1);
	put_rule(st, 31, "SOL", 1);
	r = price_rule(30, "SOL", 1, true);
	is_int(store_rule_delete(st, &r.id, &e), 1, "a rule is deleted");
	is_int(store_rule_delete(st, &r.id, &e), 0, "but once");
	put_rule(st, 32, "SOL", 1);
	must(store_rule_put(st, &r, &e), &e);
	rule_release(&r);
	put_rule(st, 31, "SOL", 1);
	c.last = since;
	must(store_rule_changes(st, since, changed, gone, &c, &e), &e);
	is_str(c.text, "-r0000000000030 +rule 32 +rule 30 +rule 31 ",
	    "changes and deletions come in their order, each rule once");
	ok(c.ordered, "by growing numbers");
	must(store_rule_seq(st, &seq, &e), &e);
	is_int(seq, since + 6, "every change has a number");
	is_int(c.last, seq, "the last is the newest");
}

struct series_text {
	char text[512];
};

static int
see_series(void *arg, const char *symbol, interval_id interval, int warmup)
{
	struct series_text *s = arg;
	size_t n = strlen(s->text);

	(void)snprintf(s->text + n, sizeof(s->text) - n, "%s:%s:%d ", symbol,
	    interval_name(interval), warmup);
	return 0;
}

static void
series(struct store *st)
{
	static const char *const rules[] = {
	    "{\"id\":\"73230000-0000-4000-8000-00000000000a\",\"name\":\"a\","
	    "\"symbol\":\"AVAX\",\"interval\":\"1h\",\"rule_type\":\"rsi\","
	    "\"config\":{\"period\":9,\"direction\":\"overbought\"}}",
	    "{\"id\":\"73230000-0000-4000-8000-00000000000b\",\"name\":\"b\","
	    "\"symbol\":\"AVAX\",\"interval\":\"1h\",\"rule_type\":\"rsi\","
	    "\"config\":{\"period\":90,\"direction\":\"overbought\"}}",
	};
	struct series_text s = {""};
	struct rule a = make_rule(rules[0]), b = make_rule(rules[1]);
	char want[64];
	struct err e;

	must(store_rule_put(st, &a, &e), &e);
	must(store_rule_put(st, &b, &e), &e);
	must(store_rule_series(st, see_series, &s, &e), &e);
	(void)snprintf(want, sizeof(want), "AVAX:1h:%d ", rule_warmup(&b));
	ok(rule_warmup(&b) > rule_warmup(&a) &&
		strncmp(s.text, want, strlen(want)) == 0,
	    "a series has the longest warm-up of its rules: %s", s.text);
	ok(strstr(s.text, "BTC:1m:") && strstr(s.text, "SOL:1m:"),
	    "every series of an active rule is there");
	b.is_active = false;
	must(store_rule_put(st, &b, &e), &e);
	s.text[0] = '\0';
	must(store_rule_series(st, see_series, &s, &e), &e);
	(void)snprintf(want, sizeof(want), "AVAX:1h:%d ", rule_warmup(&a));
	ok(strncmp(s.text, want, strlen(want)) == 0,
	    "a paused rule does not count: %s", s.text);
	must(store_rule_delete(st, &a.id, &e), &e);
	s.text[0] = '\0';
	must(store_rule_series(st, see_series, &s, &e), &e);
	ok(strstr(s.text, "AVAX") == NULL, "nor does a deleted one");
	rule_release(&a);
	rule_release(&b);
}

static int
see_state(void *arg, const struct uuid *id, const char *symbol,
    const void *blob, size_t n)
{
	struct seen *s = arg;

	(void)snprintf(s->text, sizeof(s->text), "%s=%.*s", symbol, (int)n,
	    (const char *)blob);
	return seen_add(s, id, (int64_t)n);
}

static int
see_series_state(void *arg, const char *symbol, interval_id interval,
    const void *blob, size_t n)
{
	struct series_text *s = arg;

	(void)snprintf(s->text, sizeof(s->text), "%s:%s=%.*s", symbol,
	    interval_name(interval), (int)n, (const char *)blob);
	return 0;
}

static void
states(struct store *st)
{
	struct uuid id = put_rule(st, 40, "BTC", 1), none = {{9}};
	struct series_text t = {""};
	struct seen s = {0};
	struct err e;

	must(store_state_put(st, &id, "BTC", "one", 3, &e), &e);
	must(store_state_put(st, &id, "BTC", "two!", 4, &e), &e);
	must(store_state_put(st, &none, "BTC", "x", 1, &e), &e);
	must(store_state_list(st, see_state, &s, &e), &e);
	is_int(s.n, 1, "one state a rule and symbol, none without a rule");
	is_str(s.text, "BTC=two!", "the newest one");
	must(store_state_put(st, &id, "ETH", "z", 1, &e), &e);
	must(store_state_put(st, &id, "BTC", NULL, 0, &e), &e);
	memset(&s, 0, sizeof(s));
	must(store_state_list(st, see_state, &s, &e), &e);
	is_str(s.text, "ETH=z", "an empty one deletes");
	must(store_rule_delete(st, &id, &e), &e);
	memset(&s, 0, sizeof(s));
	must(store_state_list(st, see_state, &s, &e), &e);
	is_int(s.n, 0, "the state goes with its rule");
	must(store_series_put(st, "BTC", 3, "live", 4, &e), &e);
	must(store_series_put(st, "BTC", 3, "live2", 5, &e), &e);
	must(store_series_list(st, see_series_state, &t, &e), &e);
	is_str(t.text, "BTC:15m=live2", "live state of a series");
	must(store_series_put(st, "BTC", 3, NULL, 0, &e), &e);
	must(store_series_put(st, "NEW", 3, NULL, 0, &e), &e);
	t.text[0] = '\0';
	must(store_series_list(st, see_series_state, &t, &e), &e);
	is_str(t.text, "", "is deleted by an empty one");
}

static int
count_rule(void *arg, const struct rule *r, struct err *e)
{
	(void)r;
	(void)e;
	++*(int *)arg;
	return 0;
}

/* A read that is not done within its budget fails, and only that one. */
static void
budget(struct store *st)
{
	struct store_rule_filter f = {.active = -1};
	struct err e;
	int i, n = 0;

	must(store_begin(st, false, &e), &e);
	for (i = 0; i < 2000; i++)
		put_rule(st, 10000 + i, "BUDGET", BASE_MS + i);
	must(store_commit(st, &e), &e);
	store_set_budget(st, 1);
	is_int(store_rule_list(st, &f, count_rule, &n, &e), -1,
	    "a long list is broken off");
	ok(store_overran(st), "and the store says why");
	ok(strstr(e.msg, "too long") != NULL, "in words, too");
	ok(!store_busy(st), "which is not that others write");
	store_set_budget(st, 0);
	ok(!store_overran(st), "that is over with the budget");
	n = 0;
	must(store_rule_list(st, &f, count_rule, &n, &e), &e);
	ok(n >= 2000, "and the list comes whole");
	store_set_budget(st, 60 * 1000000);
	n = 0;
	must(store_rule_list(st, &f, count_rule, &n, &e), &e);
	ok(n >= 2000, "as within a budget that is enough");
	store_set_budget(st, 0);
}

int
main(void)
{
	struct scratch s;
	struct store *st;

	scratch_make(&s);
	st = open_scratch(&s);
	round_trip(st);
	lists(st);
	changes(st);
	series(st);
	states(st);
	budget(st);
	is_whole(st, "the database is whole");
	lean(st);
	store_close(st);
	scratch_remove(&s);
	return tap_done();
}
