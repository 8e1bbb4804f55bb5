#include <string.h>

#include "common/alert.h"
#include "common/clock.h"
#include "common/num.h"

/* Append to a name of at most cap bytes; what is too long is cut. */
static void
add_name(char *name, size_t cap, size_t *n, const char *s, size_t len)
{
	if (len > cap - *n)
		len = cap - *n;
	memcpy(name + *n, s, len);
	*n += len;
}

struct uuid
alert_id(const struct uuid *rule_id, const char *symbol, interval_id interval,
    int64_t window_start_ms, int64_t window_end_ms, const char *state)
{
	char name[SYMBOL_TEXT_MAX + 96], number[NUM_TEXT_MAX];
	size_t n = 0;

	add_name(name, sizeof(name), &n, symbol, strlen(symbol));
	add_name(name, sizeof(name), &n, "|", 1);
	add_name(name, sizeof(name), &n, interval_name(interval),
	    strlen(interval_name(interval)));
	add_name(name, sizeof(name), &n, "|", 1);
	add_name(
	    name, sizeof(name), &n, number, num_print(window_start_ms, number));
	add_name(name, sizeof(name), &n, "|", 1);
	add_name(
	    name, sizeof(name), &n, number, num_print(window_end_ms, number));
	add_name(name, sizeof(name), &n, "|", 1);
	add_name(name, sizeof(name), &n, state, strlen(state));
	return uuid_named(rule_id, name, n);
}

/* lead is all that stands before the value: ,"key": */
static void
add_string(struct buf *out, const char *lead, const char *s)
{
	buf_adds(out, lead);
	buf_adds_json(out, s);
}

/* For a text that needs no escapes. */
static void
add_plain(struct buf *out, const char *lead, const char *s)
{
	buf_adds(out, lead);
	buf_addc(out, '"');
	buf_adds(out, s);
	buf_addc(out, '"');
}

static void
add_time(struct buf *out, const char *lead, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	clock_print(ms, text);
	add_plain(out, lead, text);
}

int
alert_print(const struct alert *a, struct buf *out)
{
	char text[UUID_TEXT_MAX], number[DECIMAL_TEXT_MAX];

	uuid_print(&a->id, text);
	add_plain(out, "{\"id\":", text);
	uuid_print(&a->rule_id, text);
	add_plain(out, ",\"rule_id\":", text);
	add_string(out, ",\"rule_name\":", a->rule_name);
	add_string(out, ",\"rule_type\":", a->rule_type);
	add_string(out, ",\"symbol\":", a->symbol);
	add_plain(out, ",\"interval\":", interval_name(a->interval));
	add_string(out, ",\"state\":", a->state);
	add_time(out, ",\"window_start\":", a->window_start_ms);
	add_time(out, ",\"window_end\":", a->window_end_ms);
	add_time(out, ",\"triggered_at\":", a->triggered_ms);
	decimal_print(a->trigger_value, number);
	add_plain(out, ",\"trigger_value\":", number);
	add_string(out, ",\"message\":", a->message);
	buf_adds(out, ",\"values\":");
	buf_adds(out, a->values);
	if (a->candle != NULL) {
		buf_adds(out, ",\"candle\":");
		candle_print(a->candle, out);
	}
	add_string(out, ",\"severity\":", a->severity);
	if (a->late)
		buf_adds(out, ",\"late\":true");
	return buf_addc(out, '}');
}

/* ---- reading ------------------------------------------------------------- */

static int
get_string(const char **out, const struct json *j, const char *key, size_t max,
    struct err *e)
{
	const struct json *v = json_get(j, key);

	if (json_string(v) == NULL)
		return err_set(e, "member %s must be a string", key);
	if (v->len > max)
		return err_set(
		    e, "member %s is longer than %zu bytes", key, max);
	*out = v->string;
	return 0;
}

static int
get_uuid(struct uuid *out, const struct json *j, const char *key, struct err *e)
{
	const char *s;

	if (get_string(&s, j, key, UUID_TEXT_MAX, e) < 0)
		return -1;
	if (uuid_parse(out, s, strlen(s)) < 0)
		return err_set(e, "member %s must be a UUID", key);
	return 0;
}

static int
get_time(int64_t *out, const struct json *j, const char *key, struct err *e)
{
	const char *s;

	if (get_string(&s, j, key, CLOCK_TEXT_MAX, e) < 0)
		return -1;
	if (clock_parse(out, s, strlen(s)) < 0)
		return err_set(e, "member %s must be an RFC 3339 time", key);
	return 0;
}

static int
get_delivery(struct alert_record *r, const struct json *j, struct err *e)
{
	const struct json *d = json_get(j, "delivery");

	if (d == NULL || d->type == JSON_NULL)
		return 0;
	if (get_string(&r->delivery_id, d, "id", 64, e) < 0 ||
	    get_string(&r->lease, d, "lease", 64, e) < 0)
		return err_prefix(e, "delivery");
	return 0;
}

static int
get_all(struct alert_record *r, struct err *e)
{
	const struct json *j = r->tree, *late = json_get(j, "late");
	const char *interval;
	int id;

	if (j->type != JSON_OBJECT)
		return err_set(e, "an alert must be an object");
	if (get_uuid(&r->id, j, "id", e) < 0 ||
	    get_uuid(&r->rule_id, j, "rule_id", e) < 0 ||
	    get_string(&r->rule_name, j, "rule_name", 800, e) < 0 ||
	    get_string(&r->rule_type, j, "rule_type", 64, e) < 0 ||
	    get_string(&r->symbol, j, "symbol", SYMBOL_LEN_MAX, e) < 0 ||
	    get_string(&interval, j, "interval", 8, e) < 0 ||
	    get_string(&r->state, j, "state", 32, e) < 0 ||
	    get_string(&r->severity, j, "severity", 32, e) < 0 ||
	    get_string(&r->message, j, "message", 4096, e) < 0 ||
	    get_string(&r->trigger_value, j, "trigger_value", 64, e) < 0 ||
	    get_time(&r->window_start_ms, j, "window_start", e) < 0 ||
	    get_time(&r->window_end_ms, j, "window_end", e) < 0 ||
	    get_time(&r->triggered_ms, j, "triggered_at", e) < 0 ||
	    get_delivery(r, j, e) < 0)
		return -1;
	if (!symbol_valid(r->symbol, strlen(r->symbol)))
		return err_set(e, "member symbol is no symbol");
	id = interval_find(interval, strlen(interval));
	if (id < 0)
		return err_set(
		    e, "member interval: no interval '%.16s'", interval);
	r->interval = (interval_id)id;
	r->late = late != NULL && late->type == JSON_BOOL && late->boolean;
	return 0;
}

int
alert_record_parse(
    struct alert_record *r, const char *line, size_t n, struct err *e)
{
	*r = (struct alert_record){.tree = json_parse(line, n, e)};
	if (r->tree == NULL)
		return -1;
	if (get_all(r, e) < 0) {
		alert_record_release(r);
		return -1;
	}
	return 0;
}

bool
alert_record_id(struct uuid *id, const char *line, size_t n)
{
	static const char head[] = "{\"id\":\"", claim[] = "\"delivery\"";
	const size_t at = sizeof(head) - 1, len = UUID_TEXT_MAX - 1;

	return n > at + len + 2 && memcmp(line, head, at) == 0 &&
	       uuid_parse(id, line + at, len) == 0 && line[at + len] == '"' &&
	       line[n - 1] == '}' &&
	       memmem(line, n, claim, sizeof(claim) - 1) == NULL;
}

void
alert_record_release(struct alert_record *r)
{
	json_free(r->tree);
	*r = (struct alert_record){.tree = NULL};
}
