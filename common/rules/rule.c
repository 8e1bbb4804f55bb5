/*
 * rule: reading, changing and printing rules by the tables of their members.
 *
 * Reading notes every fault it finds instead of stopping at the first; what a
 * fault makes unknowable (the config of an unknown type) is not judged.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel_name.h"
#include "common/clock.h"
#include "common/guard.h"
#include "common/rules/member.h"

/* Namespace of the UUIDv5 of a rule that came without an id: the UUIDv5 of
 * "pulse-rule" in the DNS namespace of RFC 9562. */
static const struct uuid rule_namespace = {{0xb8, 0x2f, 0x0f, 0xc2, 0x6b, 0xe6,
    0x5a, 0xf2, 0xb4, 0xd8, 0x52, 0xb0, 0x2b, 0x74, 0x0c, 0x52}};

/* Bytes and number of channel names. */
#define CHANNELS_MAX 16

/* One reading. */
struct reader {
	struct rule *r;
	const struct json *j;
	struct faults *f;
	bool created; /* RULE_CREATED */
	bool update; /* rule_update(): what is absent stays */
	bool allow_private;
	int64_t now_ms;
};

/* ---- strings ------------------------------------------------------------- */

static int
set_string(char **to, const char *from)
{
	char *copy = NULL;

	if (from != NULL) {
		copy = strdup(from);
		if (copy == NULL)
			return -1;
	}
	free(*to);
	*to = copy;
	return 0;
}

/* As set_string() for what is being read. */
static void
keep(struct reader *rd, char **to, const char *from, const char *loc)
{
	if (set_string(to, from) < 0)
		faults_add(rd->f, "internal", loc, NULL, "out of memory");
}

/* Characters of UTF-8 text. */
static size_t
characters(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

/*
 * The member of that name if it is there to be read. An absent one is a fault
 * when required and not an update; null where it has no meaning is a fault.
 */
static const struct json *
take(struct reader *rd, const char *name, bool required, bool nullable)
{
	const struct json *v = json_get(rd->j, name);

	if (v == NULL && required && !rd->update)
		faults_add(rd->f, "missing", name, NULL, "is required");
	if (v != NULL && v->type == JSON_NULL && !nullable) {
		faults_add(rd->f, "type_error", name, v, "must not be null");
		return NULL;
	}
	return v;
}

/* take() for a string. */
static const struct json *
take_string(struct reader *rd, const char *name, bool required)
{
	const struct json *v = take(rd, name, required, false);

	if (v == NULL || v->type == JSON_STRING)
		return v;
	faults_add(rd->f, "type_error", name, v, "must be a string, not %s",
	    json_type_name(v));
	return NULL;
}

/* ---- members of every rule ----------------------------------------------- */

static void
read_name(struct reader *rd)
{
	const struct json *v = take_string(rd, "name", true);

	if (v == NULL)
		return;
	if (strspn(v->string, " \t") == v->len)
		faults_add(
		    rd->f, "value_error", "name", v, "must not be empty");
	else if (characters(v->string) > RULE_NAME_CHARS_MAX)
		faults_add(rd->f, "value_error", "name", v,
		    "must be at most %d characters long", RULE_NAME_CHARS_MAX);
	else if (has_control(v->string))
		faults_add(rd->f, "value_error", "name", v,
		    "must not hold control characters");
	else
		keep(rd, &rd->r->name, v->string, "name");
}

static void
read_symbol(struct reader *rd)
{
	const struct json *v = take_string(rd, "symbol", true);

	if (v == NULL)
		return;
	if (!symbol_valid(v->string, v->len))
		faults_add(rd->f, "value_error", "symbol", v,
		    "must be 1 to %d printable ASCII characters without "
		    "spaces",
		    SYMBOL_LEN_MAX);
	else
		keep(rd, &rd->r->symbol, v->string, "symbol");
}

static void
refuse_type(struct reader *rd, const struct json *v)
{
	const struct rule_type *t;
	struct buf names;
	size_t i;

	buf_init(&names, 200);
	for (i = 0; (t = rule_type_at(i)) != NULL; i++)
		buf_addf(&names, "%s%s", i > 0 ? ", " : "", t->name);
	faults_add(rd->f, "value_error", "rule_type", v, "must be one of %s",
	    names.p != NULL ? names.p : "the types");
	buf_release(&names);
}

static void
read_type(struct reader *rd)
{
	const struct json *v = take_string(rd, "rule_type", true);
	const struct rule_type *t;

	if (v == NULL)
		return;
	t = rule_type_find(v->string);
	if (rd->update) {
		if (t != rd->r->type)
			faults_add(rd->f, "value_error", "rule_type", v,
			    "cannot be changed (it is %s); "
			    "create another rule",
			    rd->r->type->name);
		return;
	}
	rd->r->type = t;
	if (t == NULL)
		refuse_type(rd, v);
}

static void
read_interval(struct reader *rd)
{
	const struct json *v = take_string(rd, "interval", false);
	int id;

	if (v == NULL)
		return;
	id = interval_find(v->string, v->len);
	if (id < 0)
		faults_add(rd->f, "value_error", "interval", v,
		    "must be one of %s", interval_names());
	else
		rd->r->interval = (interval_id)id;
}

static void
read_cooldown(struct reader *rd)
{
	const struct json *v = take(rd, "cooldown_seconds", false, false);
	const struct rule_member *row;
	size_t i;

	for (i = 0; v != NULL && (row = rule_member_at(i)) != NULL; i++)
		if (strcmp(row->name, "cooldown_seconds") == 0)
			member_read(row, rd->r, v, row->name, rd->f);
}

static void
read_active(struct reader *rd)
{
	const struct json *v = take(rd, "is_active", false, false);

	if (v == NULL)
		return;
	if (v->type != JSON_BOOL) {
		faults_add(rd->f, "type_error", "is_active", v,
		    "must be true or false");
		return;
	}
	if (v->boolean && !rd->r->is_active)
		rd->r->enabled_ms = rd->now_ms;
	rd->r->is_active = v->boolean;
}

/* Whether the text is what webhook_redact() makes of the URL: then somebody
 * writes back what he was shown, and means no change. */
static bool
is_redacted(const char *text, const char *url)
{
	struct buf b;
	bool same;

	if (url == NULL)
		return false;
	buf_init(&b, RULE_URL_LEN_MAX * 2);
	same = webhook_redact(url, &b) == 0 && strcmp(b.p, text) == 0;
	buf_release(&b);
	return same;
}

static bool
printable_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static void
read_url(struct reader *rd, const char *name, char **to)
{
	const struct json *v = take(rd, name, false, true);
	struct err e;

	if (v == NULL)
		return;
	if (v->type == JSON_NULL) {
		keep(rd, to, NULL, name);
		return;
	}
	/* The value is a secret: no fault shows it. */
	if (v->type != JSON_STRING)
		faults_add(rd->f, "type_error", name, NULL,
		    "must be a string or null, not %s", json_type_name(v));
	else if (rd->update && is_redacted(v->string, *to))
		return;
	else if (v->len > RULE_URL_LEN_MAX)
		faults_add(rd->f, "value_error", name, NULL,
		    "must be at most %d bytes long", RULE_URL_LEN_MAX);
	else if (!printable_ascii(v->string))
		faults_add(rd->f, "value_error", name, NULL,
		    "must be printable ASCII without spaces");
	else if (guard_url(v->string, rd->allow_private, &e) < 0)
		faults_add(rd->f, "value_error", name, NULL, "%s", e.msg);
	else
		keep(rd, to, v->string, name);
}

static void
read_channels(struct reader *rd)
{
	const struct json *v = take(rd, "channels", false, true);
	struct buf text;
	char loc[32];
	size_t i;
	bool good = true;

	if (v == NULL)
		return;
	if (v->type == JSON_NULL || (v->type == JSON_ARRAY && v->len == 0)) {
		keep(rd, &rd->r->channels, NULL, "channels");
		return;
	}
	if (v->type != JSON_ARRAY || v->len > CHANNELS_MAX) {
		faults_add(rd->f, "type_error", "channels", v,
		    "must be a list of at most %d names, or null",
		    CHANNELS_MAX);
		return;
	}
	for (i = 0; i < v->len; i++) {
		if (json_string(&v->items[i]) != NULL &&
		    channel_name_valid(v->items[i].string))
			continue;
		good = false;
		(void)snprintf(loc, sizeof(loc), "channels.%zu", i);
		faults_add(rd->f, "value_error", loc, &v->items[i],
		    "must be the name of a channel: a-z 0-9 _ . -, neither "
		    "discord nor generic");
	}
	if (!good)
		return;
	buf_init(&text, CHANNELS_MAX * (CHANNEL_NAME_MAX + 8));
	json_print(v, &text);
	keep(rd, &rd->r->channels, text.p, "channels");
	buf_release(&text);
}

/* id, created_at, updated_at: ours to give, kept on import; an update may
 * repeat them. */
static void
read_id(struct reader *rd)
{
	const struct json *v = json_get(rd->j, "id");
	struct uuid id;

	if (v == NULL || (v->type == JSON_NULL && !rd->update))
		return;
	if (rd->created) {
		faults_add(rd->f, "value_error", "id", v,
		    "is given by Pulse (import keeps given ids)");
		return;
	}
	if (v->type != JSON_STRING || uuid_parse(&id, v->string, v->len) < 0)
		faults_add(rd->f, "value_error", "id", v, "must be a UUID");
	else if (rd->update && uuid_cmp(&id, &rd->r->id) != 0)
		faults_add(rd->f, "value_error", "id", v, "cannot be changed");
	else
		rd->r->id = id;
}

static void
read_time(struct reader *rd, const char *name, int64_t *to)
{
	const struct json *v = json_get(rd->j, name);
	int64_t ms;

	if (v == NULL || v->type == JSON_NULL)
		return;
	if (rd->created)
		faults_add(rd->f, "value_error", name, v,
		    "is given by Pulse (import keeps given times)");
	else if (v->type != JSON_STRING ||
		 clock_parse(&ms, v->string, v->len) < 0 || ms < 0 ||
		 ms > CLOCK_MS_MAX)
		faults_add(
		    rd->f, "value_error", name, v, "must be an RFC 3339 time");
	else if (!rd->update)
		*to = ms;
}

/* ---- config -------------------------------------------------------------- */

static const struct rule_member *
config_member(const void *list, size_t i)
{
	return rule_type_member(list, i);
}

/* "on" lies in the rule, and its choices start at close when there is no
 * other. */
static void
read_on(struct rule *r, const struct json *v, struct faults *f)
{
	const struct rule_member *m = r->type->on;
	uint8_t on;

	member_default(m, &on);
	if (v != NULL && member_read(m, &on, v, "config.on", f) < 0)
		return;
	r->on =
	    strcmp(m->choices[on], "tick") == 0 ? RULE_ON_TICK : RULE_ON_CLOSE;
}

/* Bars that indicators of the rule need must be there to be had. */
static void
check_warmup(const struct rule *r, struct faults *f)
{
	int bars = rule_warmup(r);

	if (bars > INDICATOR_LENGTH_MAX)
		faults_add(f, "value_error", "config", NULL,
		    "cannot work: these periods need %d closed bars, "
		    "and only %d of a series can be had",
		    bars, INDICATOR_LENGTH_MAX);
}

static void
check_config(struct rule *r, uint32_t given, struct faults *f)
{
	size_t before = f->total;

	if (r->type->check != NULL)
		r->type->check(r, given, f);
	if (f->total == before)
		check_warmup(r, f);
}

/* Fill r->config from the object j; f gets the faults. */
static void
read_config(struct rule *r, const struct json *j, struct faults *f)
{
	const struct member_names names = {config_member, r->type};
	size_t before = f->total, i;
	const struct rule_member *m;
	const struct json *v;
	uint32_t given = 0;
	char loc[64];

	memset(&r->config, 0, sizeof(r->config));
	for (i = 0; (m = rule_type_member(r->type, i)) != NULL; i++) {
		v = json_get(j, m->name);
		if (m == r->type->on) {
			read_on(r, v, f);
			continue;
		}
		(void)snprintf(loc, sizeof(loc), "config.%s", m->name);
		if (v != NULL) {
			given |= UINT32_C(1) << i;
			member_read(m, &r->config, v, loc, f);
		} else if (m->required) {
			faults_add(f, "missing", loc, NULL, "is required");
		} else if (m->fallback != NULL) {
			member_default(m, &r->config);
		}
	}
	member_refuse_unknown(&names, j, "config.", NULL, NULL, f);
	if (f->total == before)
		check_config(r, given, f);
}

static void
read_config_member(struct reader *rd)
{
	const struct json *v = take(rd, "config", true, false);

	if (v == NULL)
		return;
	if (v->type != JSON_OBJECT)
		faults_add(rd->f, "type_error", "config", v,
		    "must be an object, not %s", json_type_name(v));
	else if (rd->r->type != NULL)
		read_config(rd->r, v, rd->f);
}

/* ---- whole rules --------------------------------------------------------- */

static const struct rule_member *
common_member(const void *list, size_t i)
{
	(void)list;
	return rule_member_at(i);
}

/* A member of config put beside it. */
static const char *
hint_config(const void *arg, const char *name)
{
	const struct rule_type *t = arg;
	const struct rule_member *m;
	size_t i;

	for (i = 0; t != NULL && (m = rule_type_member(t, i)) != NULL; i++)
		if (strcmp(m->name, name) == 0)
			return "config";
	return NULL;
}

static void
read_all(struct reader *rd)
{
	const struct member_names names = {common_member, NULL};
	interval_id interval = rd->r->interval;
	struct rule *r = rd->r;

	read_id(rd);
	read_name(rd);
	read_type(rd);
	read_symbol(rd);
	read_interval(rd);
	read_config_member(rd);
	read_cooldown(rd);
	read_url(rd, "discord_webhook_url", &r->discord_webhook_url);
	read_url(rd, "generic_webhook_url", &r->generic_webhook_url);
	read_channels(rd);
	read_active(rd);
	read_time(rd, "created_at", &r->created_ms);
	read_time(rd, "updated_at", &r->updated_ms);
	member_refuse_unknown(&names, rd->j, "", hint_config, r->type, rd->f);
	/* A new interval may not suit the config that stays. */
	if (rd->update && r->interval != interval &&
	    json_get(rd->j, "config") == NULL)
		check_config(r, UINT32_MAX, rd->f);
}

/* The UUIDv5 of the rule as it prints without id and times. */
static int
name_by_content(struct rule *r)
{
	struct rule bare = *r;
	struct buf text;
	int rc;

	memset(&bare.id, 0, sizeof(bare.id));
	bare.created_ms = bare.updated_ms = 0;
	buf_init(&text, RULE_TEXT_MAX);
	rc = rule_print(&bare, true, &text);
	if (rc == 0)
		r->id = uuid_named(&rule_namespace, text.p, text.len);
	buf_release(&text);
	return rc;
}

int
rule_parse(struct rule *r, const struct json *j, enum rule_source source,
    bool allow_private, int64_t now_ms, struct faults *f)
{
	struct reader rd = {.r = r,
	    .j = j,
	    .f = f,
	    .created = source == RULE_CREATED,
	    .allow_private = allow_private,
	    .now_ms = now_ms};
	size_t before = f->total;

	*r = (struct rule){.created_ms = now_ms,
	    .updated_ms = now_ms,
	    .enabled_ms = now_ms,
	    .is_active = true};
	if (j == NULL || j->type != JSON_OBJECT) {
		faults_add(f, "type_error", "", j,
		    "a rule must be an object, not %s", json_type_name(j));
		return -1;
	}
	read_all(&rd);
	if (f->total == before && source == RULE_CREATED)
		r->id = uuid_at(now_ms);
	else if (f->total == before && json_string(json_get(j, "id")) == NULL &&
		 name_by_content(r) < 0)
		faults_add(f, "value_error", "", NULL, "the rule is too long");
	if (f->total == before)
		return 0;
	rule_release(r);
	return -1;
}

int
rule_update(struct rule *r, const struct json *j, bool allow_private,
    int64_t now_ms, struct faults *f)
{
	struct rule next;
	struct reader rd = {.r = &next,
	    .j = j,
	    .f = f,
	    .update = true,
	    .allow_private = allow_private,
	    .now_ms = now_ms};
	size_t before = f->total;

	if (j == NULL || j->type != JSON_OBJECT)
		return faults_add(f, "type_error", "", j,
		    "an update must be an object, not %s", json_type_name(j));
	if (rule_copy(&next, r) < 0)
		return faults_add(f, "internal", "", NULL, "out of memory");
	read_all(&rd);
	if (f->total != before) {
		rule_release(&next);
		return -1;
	}
	next.updated_ms = now_ms;
	rule_release(r);
	*r = next;
	return 0;
}

int
rule_copy(struct rule *to, const struct rule *from)
{
	*to = *from;
	to->name = to->symbol = to->channels = NULL;
	to->discord_webhook_url = to->generic_webhook_url = NULL;
	if (set_string(&to->name, from->name) < 0 ||
	    set_string(&to->symbol, from->symbol) < 0 ||
	    set_string(&to->channels, from->channels) < 0 ||
	    set_string(&to->discord_webhook_url, from->discord_webhook_url) <
		0 ||
	    set_string(&to->generic_webhook_url, from->generic_webhook_url) <
		0) {
		rule_release(to);
		return -1;
	}
	return 0;
}

void
rule_release(struct rule *r)
{
	free(r->name);
	free(r->symbol);
	free(r->channels);
	free(r->discord_webhook_url);
	free(r->generic_webhook_url);
	*r = (struct rule){.name = NULL};
}

/* ---- printing ------------------------------------------------------------ */

int
rule_config_print(const struct rule *r, struct buf *out)
{
	const struct rule_member *m;

	buf_addc(out, '{');
	for (m = r->type->members; m->name != NULL; m++) {
		buf_addc(out, '"');
		buf_adds(out, m->name);
		buf_adds(out, "\":");
		member_print(m, &r->config, out);
		buf_addc(out, ',');
	}
	return buf_adds(out,
	    r->on == RULE_ON_TICK ? "\"on\":\"tick\"}" : "\"on\":\"close\"}");
}

static void
print_url(struct buf *out, const char *url, bool secrets)
{
	struct buf text;

	if (url == NULL) {
		buf_adds(out, "null");
	} else if (secrets) {
		buf_adds_json(out, url);
	} else {
		buf_init(&text, RULE_URL_LEN_MAX * 2);
		webhook_redact(url, &text);
		buf_adds_json(out, text.p);
		buf_release(&text);
	}
}

static void
print_time(struct buf *out, int64_t ms)
{
	char text[CLOCK_TEXT_MAX];

	buf_add(out, text, clock_print(ms, text));
}

int
rule_print(const struct rule *r, bool secrets, struct buf *out)
{
	char id[UUID_TEXT_MAX];

	uuid_print(&r->id, id);
	buf_adds(out, "{\"id\":\"");
	buf_adds(out, id);
	buf_adds(out, "\",\"name\":");
	buf_adds_json(out, r->name);
	buf_adds(out, ",\"rule_type\":\"");
	buf_adds(out, r->type->name);
	buf_adds(out, "\",\"symbol\":");
	buf_adds_json(out, r->symbol);
	buf_adds(out, ",\"interval\":\"");
	buf_adds(out, interval_name(r->interval));
	buf_adds(out, "\",\"config\":");
	rule_config_print(r, out);
	buf_adds(out, ",\"cooldown_seconds\":");
	buf_add_int(out, r->cooldown_seconds);
	buf_adds(out, ",\"discord_webhook_url\":");
	print_url(out, r->discord_webhook_url, secrets);
	buf_adds(out, ",\"generic_webhook_url\":");
	print_url(out, r->generic_webhook_url, secrets);
	if (r->channels != NULL)
		buf_cat(out, ",\"channels\":", r->channels, NULL);
	buf_adds(
	    out, r->is_active ? ",\"is_active\":true" : ",\"is_active\":false");
	buf_adds(out, ",\"created_at\":\"");
	print_time(out, r->created_ms);
	buf_adds(out, "\",\"updated_at\":\"");
	print_time(out, r->updated_ms);
	return buf_adds(out, "\"}");
}

/* ---- the config as the store keeps it ------------------------------------ */

/* Move *p behind the n bytes of text if they stand there. */
static inline bool
skip(const char **p, const char *end, const char *text, size_t n)
{
	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

/* The same for a literal: of a known length it is no call. */
#define SKIP(p, end, text) skip(p, end, text, sizeof(text) - 1)

/*
 * Exactly what rule_config_print() writes, without a JSON parser: a store of
 * a million rules is read in a second. 0, or -1 for any other text.
 */
static int
scan_config(struct rule *r, const char *text, size_t n)
{
	const char *p = text, *end = text + n;
	const struct rule_member *m;

	if (!SKIP(&p, end, "{"))
		return -1;
	for (m = r->type->members; m->name != NULL; m++)
		if (!SKIP(&p, end, "\"") ||
		    !skip(&p, end, m->name, strlen(m->name)) ||
		    !SKIP(&p, end, "\":") ||
		    member_scan(m, &r->config, &p, end) < 0 ||
		    !SKIP(&p, end, ","))
			return -1;
	if (SKIP(&p, end, "\"on\":\"tick\"}"))
		r->on = RULE_ON_TICK;
	else if (SKIP(&p, end, "\"on\":\"close\"}"))
		r->on = RULE_ON_CLOSE;
	else
		return -1;
	return p == end ? 0 : -1;
}

int
rule_config_parse(struct rule *r, const char *text, size_t n, struct err *e)
{
	struct faults *f;
	struct json *j;
	int rc = 0;

	assert(r->type != NULL);
	memset(&r->config, 0, sizeof(r->config));
	if (scan_config(r, text, n) == 0)
		return 0;
	j = json_parse(text, n, e);
	if (j == NULL)
		return -1;
	f = malloc(sizeof(*f));
	if (f == NULL || j->type != JSON_OBJECT) {
		rc = err_set(e, "the config of a rule must be an object");
	} else {
		faults_init(f, "");
		read_config(r, j, f);
		if (f->n > 0)
			rc = err_set(e, "%s: %s", f->v[0].loc, f->v[0].msg);
	}
	free(f);
	json_free(j);
	return rc;
}

/* ---- what a rule needs --------------------------------------------------- */

size_t
rule_indicators(const struct rule *r, struct indicator_spec v[2])
{
	return r->type->indicators != NULL ? r->type->indicators(r, v) : 0;
}

int64_t
rule_window_ms(const struct rule *r)
{
	return r->type->window_ms != NULL ? r->type->window_ms(r) : 0;
}

/* 1 when the bar before must have a value too. */
static int
looks_back(const struct rule *r)
{
	return r->type->looks_back != NULL && r->type->looks_back(r);
}

int
rule_first(const struct rule *r)
{
	struct indicator_spec v[2];
	size_t n = rule_indicators(r, v), i;
	int most = 0;

	for (i = 0; i < n; i++)
		if (indicator_first(&v[i]) > most)
			most = indicator_first(&v[i]);
	return n > 0 ? most + looks_back(r) : most;
}

int
rule_warmup(const struct rule *r)
{
	struct indicator_spec v[2];
	size_t n = rule_indicators(r, v), i;
	int64_t window = rule_window_ms(r);
	int64_t step = interval_step(r->interval);
	int most = rule_first(r), back = looks_back(r);

	for (i = 0; i < n; i++)
		if (indicator_settled(&v[i]) + back > most)
			most = indicator_settled(&v[i]) + back;
	if (window > 0 && (window + step - 1) / step > most)
		most = (int)((window + step - 1) / step);
	return most;
}

bool
rule_level(const struct rule *r, struct decimal *level, enum rule_operator *op)
{
	return r->type->level != NULL && r->type->level(r, level, op);
}

/* ---- redaction ----------------------------------------------------------- */

/* Characters of a secret that are shown, if it is at least so long. */
#define REDACT_SHOWN 3
#define REDACT_LONG  12

static int
redact(struct buf *out, const char *secret)
{
	if (strlen(secret) < REDACT_LONG)
		return buf_adds(out, "***");
	buf_add(out, secret, REDACT_SHOWN);
	return buf_adds(out, "…/***");
}

int
webhook_redact(const char *url, struct buf *out)
{
	const char *authority = strstr(url, "://"), *path, *hooks;

	if (authority == NULL)
		return buf_adds(out, "***");
	path = authority + 3 + strcspn(authority + 3, "/?");
	/* Discord: the number of the webhook comes first, its token after. */
	hooks = strstr(path, "/webhooks/");
	if (hooks != NULL)
		path = hooks + strlen("/webhooks");
	buf_add(out, url, (size_t)(path - url));
	if (path[0] == '\0' || path[1] == '\0')
		return buf_adds(out, path);
	buf_addc(out, path[0]);
	return redact(out, path + 1);
}
