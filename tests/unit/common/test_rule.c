/*
 * Rules as JSON: what is taken and how it prints, every fault by the place it
 * is reported at, partial updates, names by content, and the config as the
 * store keeps it.
 */
#include <stdlib.h>

#include "common/rules/rule_type.h"
#include "tests/unit/tap.h"

#define NOW INT64_C(1700000000000)

#define RULE(type, config)                                                     \
	"{\"name\":\"r\",\"symbol\":\"BTC\",\"rule_type\":\"" type             \
	"\",\"config\":" config "}"
#define WITH(more)                                                             \
	"{\"name\":\"r\",\"symbol\":\"BTC\",\"rule_type\":\"price_threshold\"" \
	",\"config\":{\"threshold\":1,\"operator\":\">\"}," more "}"

/* A rule that is taken, and its config as it prints. */
static const struct {
	const char *in, *config;
	int first, warmup;
} good[] = {
    {RULE(
	 "price_threshold", "{\"threshold\":\"50000.10\",\"operator\":\">=\"}"),
	"{\"threshold\":\"50000.1\",\"operator\":\">=\",\"on\":\"tick\"}", 0,
	0},
    {RULE("price_threshold",
	 "{\"threshold\":1e-8,\"operator\":\"cross\",\"on\":\"close\"}"),
	"{\"threshold\":\"0.00000001\",\"operator\":\"cross\","
	"\"on\":\"close\"}",
	0, 0},
    {RULE("percent_move", "{\"percent_threshold\":5,\"window_seconds\":300}"),
	"{\"percent_threshold\":\"5\",\"window_seconds\":300,"
	"\"direction\":\"any\",\"on\":\"tick\"}",
	0, 5},
    {RULE("candle_close", "{\"value\":2.5,\"operator\":\"cross_down\"}"),
	"{\"value\":\"2.5\",\"operator\":\"cross_down\",\"on\":\"close\"}", 0,
	0},
    {RULE("macd_cross", "{\"crossover_type\":\"bearish\"}"),
	"{\"fast_period\":12,\"slow_period\":26,\"signal_period\":9,"
	"\"crossover_type\":\"bearish\",\"on\":\"close\"}",
	35, 246},
    {RULE("rsi", "{\"direction\":\"overbought\"}"),
	"{\"period\":14,\"threshold\":\"70\",\"direction\":\"overbought\","
	"\"on\":\"close\"}",
	16, 198},
    {RULE("rsi", "{\"direction\":\"oversold\",\"on\":\"tick\",\"period\":2}"),
	"{\"period\":2,\"threshold\":\"30\",\"direction\":\"oversold\","
	"\"on\":\"tick\"}",
	4, 30},
    {RULE("rsi", "{\"direction\":\"oversold\",\"threshold\":\"20.50\"}"),
	"{\"period\":14,\"threshold\":\"20.5\",\"direction\":\"oversold\","
	"\"on\":\"close\"}",
	16, 198},
    {RULE("bollinger_bands", "{\"band\":\"upper\"}"),
	"{\"period\":20,\"std_dev\":\"2\",\"band\":\"upper\","
	"\"event\":\"touch\",\"on\":\"close\"}",
	21, 21},
    {RULE("bollinger_bands",
	 "{\"band\":\"lower\",\"event\":\"break\",\"period\":5000}"),
	"{\"period\":5000,\"std_dev\":\"2\",\"band\":\"lower\","
	"\"event\":\"break\",\"on\":\"close\"}",
	5000, 5000},
};

/* A rule that is refused; where (comma-separated), and a word said. */
static const struct {
	const char *in, *at, *word;
} bad[] = {
    {"[]", "body", "object"},
    {"7", "body", "object"},
    {"{}", "body.name,body.rule_type,body.symbol,body.config", "required"},
    {WITH("\"id\":\"0b2f1c1e-0000-4000-8000-000000000000\""), "body.id",
	"given by Pulse"},
    {WITH("\"created_at\":\"2026-01-01T00:00:00Z\""), "body.created_at",
	"given"},
    {WITH("\"interval\":\"6h\""), "body.interval", "1m, 3m"},
    {WITH("\"interval\":5"), "body.interval", "string"},
    {WITH("\"interval\":null"), "body.interval", "null"},
    {WITH("\"cooldown_seconds\":-1"), "body.cooldown_seconds", "at least 0"},
    {WITH("\"cooldown_seconds\":31536001"), "body.cooldown_seconds",
	"at most 31536000"},
    {WITH("\"cooldown_seconds\":1e300"), "body.cooldown_seconds", "between"},
    {WITH("\"cooldown_seconds\":1.5"), "body.cooldown_seconds", "whole"},
    {WITH("\"cooldown_seconds\":\"5\""), "body.cooldown_seconds", "number"},
    {WITH("\"is_active\":\"yes\""), "body.is_active", "true or false"},
    {WITH("\"is_actve\":true"), "body.is_actve", "'is_active'"},
    {WITH("\"threshold\":5"), "body.threshold", "belongs in config"},
    {WITH("\"colour\":5"), "body.colour", "unknown"},
    {WITH("\"channels\":\"a\""), "body.channels", "list"},
    {WITH("\"channels\":[\"ok\",\"not ok\",7]"),
	"body.channels.1,body.channels.2", "name of a channel"},
    {WITH("\"generic_webhook_url\":5"), "body.generic_webhook_url", "string"},
    {WITH("\"generic_webhook_url\":\"ftp://example.org/x\""),
	"body.generic_webhook_url", "http"},
    {WITH("\"generic_webhook_url\":\"http://127.0.0.1/x\""),
	"body.generic_webhook_url", "private"},
    {WITH("\"generic_webhook_url\":\"http://[::1]/x\""),
	"body.generic_webhook_url", "private"},
    {WITH("\"generic_webhook_url\":\"http://10.1.2.3/x\""),
	"body.generic_webhook_url", "private"},
    {WITH("\"generic_webhook_url\":\"http://2130706433/x\""),
	"body.generic_webhook_url", "four decimal"},
    {WITH("\"generic_webhook_url\":\"http://0x7f.1/x\""),
	"body.generic_webhook_url", "four decimal"},
    {WITH("\"generic_webhook_url\":\"http://localhost/x\""),
	"body.generic_webhook_url", "private"},
    {WITH("\"generic_webhook_url\":\"http://u:p@example.org/x\""),
	"body.generic_webhook_url", "user"},
    {WITH("\"generic_webhook_url\":\"http://example.org/a b\""),
	"body.generic_webhook_url", "spaces"},
    {WITH("\"discord_webhook_url\":\"https://169.254.169.254/latest\""),
	"body.discord_webhook_url", "link-local"},
    {"{\"name\":\" \",\"symbol\":\"B T C\",\"rule_type\":\"magic\","
     "\"config\":{}}",
	"body.name,body.rule_type,body.symbol", "empty"},
    {"{\"name\":\"a\\nb\",\"symbol\":\"BTC\",\"rule_type\":\"rsi\","
     "\"config\":{\"direction\":\"oversold\"}}",
	"body.name", "control"},
    {"{\"name\":7,\"symbol\":null,\"rule_type\":\"rsi\",\"config\":[]}",
	"body.name,body.symbol,body.config", "string"},
    {RULE("price_threshold", "{}"),
	"body.config.threshold,body.config.operator", "required"},
    {RULE("price_threshold", "{\"threshold\":0,\"operator\":\"==\"}"),
	"body.config.threshold,body.config.operator", "above 0"},
    {RULE("price_threshold", "{\"threshold\":\"nan\",\"operator\":\">\"}"),
	"body.config.threshold", "decimal"},
    {RULE("price_threshold", "{\"threshold\":true,\"operator\":7}"),
	"body.config.threshold,body.config.operator", "number"},
    {RULE("price_threshold", "{\"threshold\":1e300,\"operator\":\">\"}"),
	"body.config.threshold", "18 digits"},
    {RULE("price_threshold",
	 "{\"threshold\":1,\"operator\":\">\",\"on\":\"open\"}"),
	"body.config.on", "tick, close"},
    {RULE("price_threshold",
	 "{\"threshold\":1,\"operator\":\">\",\"treshold\":1}"),
	"body.config.treshold", "'threshold'"},
    {RULE("candle_close", "{\"value\":1,\"operator\":\">\",\"on\":\"tick\"}"),
	"body.config.on", "must be close"},
    {RULE("percent_move", "{\"percent_threshold\":0,\"window_seconds\":59}"),
	"body.config.percent_threshold,body.config.window_seconds", "above 0"},
    {RULE("percent_move", "{\"percent_threshold\":100,"
			  "\"window_seconds\":60,\"direction\":\"down\"}"),
	"body.config.percent_threshold", "cannot work"},
    {RULE(
	 "percent_move", "{\"percent_threshold\":1,\"window_seconds\":300060}"),
	"body.config.window_seconds", "longer interval"},
    {"{\"name\":\"r\",\"symbol\":\"BTC\",\"interval\":\"1h\","
     "\"rule_type\":\"percent_move\",\"config\":{\"percent_threshold\":1,"
     "\"window_seconds\":3599}}",
	"body.config.window_seconds", "shorter interval"},
    {RULE("macd_cross", "{\"crossover_type\":\"up\"}"),
	"body.config.crossover_type", "bullish, bearish"},
    {RULE("macd_cross", "{\"crossover_type\":\"bullish\","
			"\"fast_period\":26,\"slow_period\":26}"),
	"body.config.fast_period", "below slow_period"},
    {RULE("macd_cross", "{\"crossover_type\":\"bullish\","
			"\"fast_period\":0,\"slow_period\":1000000000}"),
	"body.config.fast_period,body.config.slow_period", "at least 1"},
    {RULE("macd_cross", "{\"crossover_type\":\"bullish\","
			"\"slow_period\":700,\"signal_period\":300}"),
	"body.config", "cannot work"},
    {RULE("rsi", "{\"period\":1,\"threshold\":100}"),
	"body.config.period,body.config.threshold,body.config.direction",
	"at least 2"},
    {RULE("rsi", "{\"direction\":\"oversold\",\"threshold\":0}"),
	"body.config.threshold", "above 0"},
    {RULE("bollinger_bands",
	 "{\"period\":5001,\"std_dev\":0,\"band\":\"middle\","
	 "\"event\":\"kiss\"}"),
	"body.config.period,body.config.std_dev,body.config.band,"
	"body.config.event",
	"5000"},
};

static struct json *
parse(const char *text)
{
	struct err e;
	struct json *j = json_parse(text, strlen(text), &e);

	if (j == NULL)
		printf("# %s in %s\n", e.msg, text);
	return j;
}

static int
read_rule(struct rule *r, const char *text, enum rule_source source,
    bool allow_private, struct faults *f)
{
	struct json *j = parse(text);
	int rc;

	faults_init(f, "body");
	rc = rule_parse(r, j, source, allow_private, NOW, f);
	json_free(j);
	return rc;
}

static void
test_good(struct faults *f)
{
	struct rule r, back;
	struct buf out;
	struct err e;
	size_t i;

	buf_init(&out, RULE_TEXT_MAX);
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		buf_reset(&out);
		if (!ok(read_rule(&r, good[i].in, RULE_CREATED, false, f) == 0,
			"rule %zu is taken", i)) {
			faults_print_text(f, &out);
			printf("# %s\n", out.p);
			continue;
		}
		rule_config_print(&r, &out);
		is_str(out.p, good[i].config, "its config prints");
		is_int(rule_first(&r), good[i].first, "bars before a value");
		is_int(rule_warmup(&r), good[i].warmup, "bars to load");
		back = (struct rule){.type = r.type, .interval = r.interval};
		ok(rule_config_parse(&back, out.p, out.len, &e) == 0 &&
			memcmp(&back.config, &r.config, sizeof(r.config)) ==
			    0 &&
			back.on == r.on,
		    "and is scanned back to the same bytes");
		buf_reset(&out);
		rule_config_print(&r, &out);
		buf_addc(&out, ' ');
		ok(rule_config_parse(&back, out.p, out.len, &e) == 0 &&
			memcmp(&back.config, &r.config, sizeof(r.config)) ==
			    0 &&
			back.on == r.on,
		    "and parsed back to the same bytes");
		rule_release(&r);
	}
	buf_release(&out);
}

static void
test_bad(struct faults *f)
{
	char at[1024];
	struct rule r;
	size_t i, k, n;
	bool said;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ok(read_rule(&r, bad[i].in, RULE_CREATED, false, f) < 0,
		    "fault %zu is refused", i);
		said = false;
		for (k = 0, n = 0, at[0] = '\0'; k < f->n; k++) {
			n += (size_t)snprintf(at + n, sizeof(at) - n, "%s%s",
			    k > 0 ? "," : "", f->v[k].loc);
			said |= strstr(f->v[k].msg, bad[i].word) != NULL;
		}
		is_str(at, bad[i].at, "at each place that is wrong");
		ok(said, "and somebody says '%s'", bad[i].word);
		if (!said && f->n > 0)
			printf("# %s\n", f->v[0].msg);
	}
}

/* No fault shows a webhook's address, and private ones may be allowed. */
static void
test_webhooks(struct faults *f)
{
	struct buf out;
	struct rule r;

	buf_init(&out, RULE_TEXT_MAX);
	read_rule(&r,
	    WITH("\"generic_webhook_url\":\"http://127.0.0.1/se cret\""),
	    RULE_CREATED, false, f);
	faults_print_json(f, &out);
	ok(strstr(out.p, "cret") == NULL, "a fault does not show the URL");
	buf_reset(&out);
	ok(read_rule(&r,
	       WITH("\"discord_webhook_url\":"
		    "\"http://127.0.0.1:1234/api/webhooks/123456789/token\","
		    "\"generic_webhook_url\":\"https://example.org/hook/"
		    "abcdefgh\","
		    "\"channels\":[\"ops\"]"),
	       RULE_CREATED, true, f) == 0,
	    "private addresses when allowed");
	rule_print(&r, false, &out);
	ok(strstr(out.p, "http://127.0.0.1:1234/api/webhooks/123…/***") !=
		    NULL &&
		strstr(out.p, "token") == NULL &&
		strstr(out.p, "https://example.org/hoo…/***") != NULL,
	    "redacted in print");
	buf_reset(&out);
	rule_print(&r, true, &out);
	ok(strstr(out.p, "/123456789/token\"") != NULL &&
		strstr(out.p, "\"channels\":[\"ops\"]") != NULL,
	    "whole with secrets");
	rule_release(&r);
	buf_reset(&out);
	webhook_redact("https://example.org", &out);
	is_str(out.p, "https://example.org", "nothing to hide in a bare host");
	buf_reset(&out);
	webhook_redact("https://example.org/s/t", &out);
	is_str(out.p, "https://example.org/***", "a short path is all hidden");
	buf_release(&out);
}

static int
update(struct rule *r, const char *text, int64_t now_ms, struct faults *f)
{
	struct json *j = parse(text);
	int rc;

	faults_init(f, "body");
	rc = rule_update(r, j, true, now_ms, f);
	json_free(j);
	return rc;
}

static void
test_update(struct faults *f)
{
	static const char *const refused[] = {"[]", "{\"name\":null}",
	    "{\"config\":null}", "{\"rule_type\":\"rsi\"}", "{\"symbol\":\"\"}",
	    "{\"config\":{\"threshold\":5}}", "{\"is_active\":null}",
	    "{\"id\":\"0b2f1c1e-0000-4000-8000-000000000000\"}",
	    "{\"cooldown\":5}"};
	struct buf before, after;
	struct rule r, copy;
	size_t i;

	buf_init(&before, RULE_TEXT_MAX);
	buf_init(&after, RULE_TEXT_MAX);
	read_rule(&r, WITH("\"discord_webhook_url\":\"https://a.org/s/t\""),
	    RULE_CREATED, false, f);
	rule_print(&r, true, &before);
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		ok(update(&r, refused[i], NOW + 1, f) < 0 && f->n > 0,
		    "update %s is refused", refused[i]);
	rule_print(&r, true, &after);
	is_str(after.p, before.p, "and nothing has changed");
	ok(rule_copy(&copy, &r) == 0 &&
		update(&r, "{\"name\":\"new\"}", NOW + 1, f) == 0,
	    "one member changes");
	ok(strcmp(r.name, "new") == 0 && strcmp(r.symbol, "BTC") == 0 &&
		r.updated_ms == NOW + 1 && r.created_ms == NOW &&
		r.enabled_ms == NOW && uuid_cmp(&r.id, &copy.id) == 0 &&
		r.discord_webhook_url != NULL,
	    "the others stay");
	ok(update(&r, "{\"is_active\":true}", NOW + 2, f) == 0 &&
		r.enabled_ms == NOW,
	    "enabling what is enabled changes no time");
	ok(update(&r, "{\"is_active\":false}", NOW + 3, f) == 0 &&
		update(&r, "{\"is_active\":true}", NOW + 4, f) == 0 &&
		r.enabled_ms == NOW + 4,
	    "enabling sets the time it counts from");
	ok(update(&r, "{\"discord_webhook_url\":\"https://a.org/s/t-o…/***\"}",
	       NOW + 5, f) < 0,
	    "an address that was never shown so is refused");
	ok(update(&r, "{\"discord_webhook_url\":\"https://a.org/s/t-o…/***\"}",
	       NOW + 5, f) < 0 &&
		update(&r, "{\"discord_webhook_url\":null}", NOW + 5, f) == 0 &&
		r.discord_webhook_url == NULL,
	    "null clears an address");
	ok(update(&r, "{\"config\":{\"threshold\":\"7\",\"operator\":\"<\"}}",
	       NOW + 6, f) == 0,
	    "a config is replaced as a whole");
	rule_release(&r);
	rule_release(&copy);
	read_rule(&r,
	    WITH("\"discord_webhook_url\":\"https://a.org/secret-path-x\""),
	    RULE_CREATED, false, f);
	ok(update(&r, "{\"discord_webhook_url\":\"https://a.org/sec…/***\"}",
	       NOW, f) == 0 &&
		strcmp(r.discord_webhook_url, "https://a.org/secret-path-x") ==
		    0,
	    "what was shown redacted and written back means no change");
	rule_release(&r);
	read_rule(&r,
	    RULE("percent_move",
		"{\"percent_threshold\":1,\"window_seconds\":300}"),
	    RULE_CREATED, false, f);
	ok(update(&r, "{\"interval\":\"1h\"}", NOW, f) < 0,
	    "a new interval must suit the config that stays");
	rule_release(&r);
	buf_release(&before);
	buf_release(&after);
}

static void
test_import(struct faults *f)
{
	static const char id[] = "0b2f1c1e-0000-4000-8000-00000000000a";
	struct rule a, b, c;
	char text[UUID_TEXT_MAX];

	ok(read_rule(&a,
	       WITH("\"id\":\"0B2F1C1E-0000-4000-8000-00000000000A\","
		    "\"created_at\":\"2026-01-02T03:04:05Z\","
		    "\"updated_at\":\"2026-01-03T00:00:00.5Z\""),
	       RULE_IMPORTED, false, f) == 0,
	    "an import may name id and times");
	uuid_print(&a.id, text);
	is_str(text, id, "its id is kept");
	is_int(a.created_ms, INT64_C(1767323045000), "its time too");
	rule_release(&a);
	read_rule(&a, WITH("\"is_active\":true"), RULE_IMPORTED, false, f);
	read_rule(&b,
	    "{\"config\":{\"operator\":\">\",\"threshold\":\"1.0\"},"
	    "\"rule_type\":\"price_threshold\",\"symbol\":\"BTC\","
	    "\"name\":\"r\"}",
	    RULE_IMPORTED, false, f);
	read_rule(&c, WITH("\"cooldown_seconds\":1"), RULE_IMPORTED, false, f);
	ok(uuid_cmp(&a.id, &b.id) == 0,
	    "without id, the same content has the same name");
	ok(uuid_cmp(&a.id, &c.id) != 0, "other content has another");
	ok((a.id.b[6] >> 4) == 5, "of version 5");
	rule_release(&a);
	rule_release(&b);
	rule_release(&c);
	read_rule(&a, WITH("\"is_active\":false"), RULE_CREATED, false, f);
	read_rule(&b, WITH("\"is_active\":false"), RULE_CREATED, false, f);
	ok(uuid_cmp(&a.id, &b.id) != 0 && (a.id.b[6] >> 4) == 8,
	    "what is created gets an id of its own");
	rule_release(&a);
	rule_release(&b);
	ok(read_rule(&a, WITH("\"id\":\"no\""), RULE_IMPORTED, false, f) < 0,
	    "an id must be a UUID");
}

static void
test_lengths(struct faults *f)
{
	char name[2048], text[4096];
	struct rule r;
	size_t n = 0, i;

	for (i = 0; i < RULE_NAME_CHARS_MAX; i++)
		n += (size_t)snprintf(name + n, sizeof(name) - n, "é");
	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%s\",\"symbol\":\"*\",\"rule_type\":\"rsi\","
	    "\"config\":{\"direction\":\"oversold\"}}",
	    name);
	ok(read_rule(&r, text, RULE_CREATED, false, f) == 0,
	    "200 characters make a name, whatever their bytes");
	rule_release(&r);
	(void)snprintf(text, sizeof(text),
	    "{\"name\":\"%sx\",\"symbol\":\"*\",\"rule_type\":\"rsi\","
	    "\"config\":{\"direction\":\"oversold\"}}",
	    name);
	ok(read_rule(&r, text, RULE_CREATED, false, f) < 0, "201 do not");
}

/* Each way that the text of a stored config can be wrong. */
static void
test_stored(void)
{
	static const char *const wrong[] = {"", "{", "[]", "{}",
	    "{\"threshold\":\"0\",\"operator\":\">=\",\"on\":\"tick\"}",
	    "{\"threshold\":\"1\",\"operator\":\"=\",\"on\":\"tick\"}",
	    "{\"threshold\":\"1\",\"operator\":\">=\",\"on\":\"never\"}"};
	struct rule r = {.type = rule_type_find("price_threshold")};
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ok(rule_config_parse(&r, wrong[i], strlen(wrong[i]), &e) < 0,
		    "stored config '%s' is refused", wrong[i]);
}

/* The tables that describe must describe all there is. */
static void
test_tables(void)
{
	const struct rule_type *t;
	const struct rule_member *m;
	bool whole = true;
	size_t i, k, types = 0;

	for (i = 0; (t = rule_type_at(i)) != NULL; i++, types++) {
		const char *last = "";

		whole &= rule_type_find(rule_type_name(t)) == t &&
			 rule_type_title(t)[0] != '\0' &&
			 rule_type_doc(t)[0] != '\0';
		for (k = 0; (m = rule_type_member(t, k)) != NULL; k++) {
			whole &= m->doc != NULL && m->doc[0] != '\0' &&
				 (m->kind != RULE_MEMBER_CHOICE ||
				     m->choices != NULL);
			last = m->name;
		}
		whole &= strcmp(last, "on") == 0 && k < 32;
		/* What read_type() and the table of members call it. */
		for (k = 0; rule_member_at(k) != NULL; k++)
			if (strcmp(rule_member_at(k)->name, "rule_type") == 0)
				whole &= strcmp(rule_member_at(k)->choices[i],
					     rule_type_name(t)) == 0;
	}
	is_int((int64_t)types, 6, "six types");
	ok(whole, "each with title, text and described members, \"on\" last");
	ok(rule_type_find("none") == NULL && rule_type_find("") == NULL,
	    "and no other");
}

int
main(void)
{
	struct faults *f = malloc(sizeof(*f));

	if (f == NULL)
		return 1;
	test_good(f);
	test_bad(f);
	test_webhooks(f);
	test_update(f);
	test_import(f);
	test_lengths(f);
	test_stored();
	test_tables();
	free(f);
	return tap_done();
}
