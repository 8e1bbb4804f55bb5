#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/channel.h"
#include "common/filter.h"
#include "common/guard.h"
#include "common/http.h"
#include "common/num.h"
#include "common/rules/rule.h"

static const char *const kind_names[CHANNEL_KINDS] = {
    "discord", "generic", "slack", "telegram", "ntfy", "pagerduty", "exec"};

const char *
channel_kind_name(enum channel_kind k)
{
	return kind_names[k];
}

int
channel_kind_find(const char *name)
{
	int k;

	for (k = 0; k < CHANNEL_KINDS; k++)
		if (strcmp(kind_names[k], name) == 0)
			return k;
	return -1;
}

int
channel_from_url(struct channel *c, const char *name, enum channel_kind kind,
    const char *url)
{
	*c = (struct channel){.kind = kind};
	c->name = strdup(name);
	c->url = strdup(url);
	if (c->name != NULL && c->url != NULL)
		return 0;
	channel_release(c);
	return -1;
}

void
channel_release(struct channel *c)
{
	size_t i;

	free(c->name);
	free(c->url);
	free(c->token);
	free(c->chat_id);
	free(c->routing_key);
	for (i = 0; i < c->nargs; i++)
		free(c->args[i]);
	for (i = 0; i < c->nheaders; i++) {
		free(c->headers[i].name);
		free(c->headers[i].value);
	}
	free(c->template);
	free(c->headers_template);
	for (i = 0; i < c->nsecrets; i++)
		free(c->secrets[i]);
	free(c->ca_file);
	*c = (struct channel){.name = NULL};
}

/* ---- members ------------------------------------------------------------- */

enum type {
	TEXT,
	URL,
	NUMBER,
	MS,
	FLAG,
	UNFLAG,
	RATE,
	CHOICE,
	LIST_TEXT,
	LIST_MS,
	MAP
};

struct member {
	struct channel_member shown;
	enum type type;
	size_t at; /* in struct channel */
	int64_t min, max; /* a number's range, or a text's longest */
};

#define KIND(k) (1u << CHANNEL_KIND_##k)
#define CHATS	(KIND(DISCORD) | KIND(SLACK) | KIND(TELEGRAM) | KIND(NTFY))
#define WEB	(CHATS | KIND(GENERIC) | KIND(PAGERDUTY))
#define ALL	(WEB | KIND(EXEC))
#define AT(m)	offsetof(struct channel, m)
#define DAY_MS	INT64_C(86400000)

static const struct member members[] = {
    {{"url", "url", "where to call; for telegram and pagerduty another host",
	 true, WEB},
	URL, AT(url), 1, 2048},
    {{"token", "text", "of the bot (telegram); access token (ntfy)", true,
	 KIND(TELEGRAM) | KIND(NTFY)},
	TEXT, AT(token), 1, 256},
    {{"chat_id", "text", "chat, or @channel", false, KIND(TELEGRAM)}, TEXT,
	AT(chat_id), 1, 63},
    {{"routing_key", "text", "integration key", true, KIND(PAGERDUTY)}, TEXT,
	AT(routing_key), 1, 64},
    {{"program", "list", "program and arguments, run without a shell", false,
	 KIND(EXEC)},
	LIST_TEXT, AT(args), 1, 1024},
    {{"headers", "map", "further headers of each request", true, WEB}, MAP,
	AT(headers), 0, 8192},
    {{"template", "jq", "jq program: alert record in, body out", false,
	 KIND(GENERIC)},
	TEXT, AT(template), 1, CHANNEL_TEMPLATE_MAX},
    {{"headers_template", "jq",
	 "jq program: alert record in, an object of headers out", false,
	 KIND(GENERIC)},
	TEXT, AT(headers_template), 1, CHANNEL_TEMPLATE_MAX},
    {{"secrets", "list", "whsec_… that sign, newest first", true,
	 KIND(GENERIC)},
	LIST_TEXT, AT(secrets), 1, SIGN_SECRET_TEXT_MAX},
    {{"priority", "number", "1 to 5; else by severity", false, KIND(NTFY)},
	NUMBER, AT(priority), 1, 5},
    {{"ca_file", "text", "PEM file of the authorities to trust", false, WEB},
	TEXT, AT(ca_file), 1, 1024},
    {{"rate", "N/TIME", "at most so many requests, as 30/60s", false, ALL},
	RATE, 0, 1, 1000},
    {{"concurrency", "number", "requests at once", false, ALL}, NUMBER,
	AT(concurrency), 1, 100},
    {{"connect_timeout_ms", "ms", "for the connection (5,000)", false, WEB}, MS,
	AT(connect_timeout_ms), 100, 60000},
    {{"timeout_ms", "ms", "for the whole request (15,000)", false, ALL}, MS,
	AT(timeout_ms), 100, 300000},
    {{"tries", "number", "of the fast ladder (5)", false, ALL}, NUMBER,
	AT(tries), 1, 20},
    {{"base_ms", "ms", "first wait of the ladder (1,000)", false, ALL}, MS,
	AT(base_ms), 1, 3600000},
    {{"cap_ms", "ms", "longest wait of the ladder (32,000)", false, ALL}, MS,
	AT(cap_ms), 1, 3600000},
    {{"schedule_ms", "list", "later waits, by pulse-retry", false, ALL},
	LIST_MS, AT(schedule_ms), 1000, 7 * DAY_MS},
    {{"order", "yes/no", "keep the alerts of a rule in order (yes)", false,
	 ALL},
	UNFLAG, AT(unordered), 0, 0},
    {{"digest", "yes/no", "join alerts that would have to wait (yes)", false,
	 CHATS},
	UNFLAG, AT(no_digest), 0, 0},
    {{"ambiguous", "retry|hold", "what may have arrived (retry)", false, ALL},
	CHOICE, AT(hold), 0, 0},
    {{"notices", "yes/no", "tell it what becomes of other channels (no)", false,
	 ALL},
	FLAG, AT(notices), 0, 0},
    {{"paused", "yes/no", "keep what comes for later (no)", false, ALL}, FLAG,
	AT(paused), 0, 0},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

const struct channel_member *
channel_member_at(size_t i)
{
	return i < MEMBERS ? &members[i].shown : NULL;
}

bool
channel_name_valid(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n < CHANNEL_NAME_MAX && name[0] != '_' &&
	       name[0] != '.' && name[0] != '-' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.-") == n &&
	       strcmp(name, CHANNEL_DISCORD) != 0 &&
	       strcmp(name, CHANNEL_GENERIC) != 0;
}

/* ---- reading ------------------------------------------------------------- */

struct reading {
	struct channel *c;
	const struct json *j;
	unsigned flags;
	struct faults *f;
};

/* The member's field as the type that its row says. */
#define FIELD(type, c, m) ((type *)(void *)((char *)(c) + (m)->at))

static int
fault(
    struct reading *r, const char *name, const struct json *v, const char *what)
{
	return faults_add(
	    r->f, v == NULL ? "missing" : "value_error", name, v, "%s", what);
}

/* A text of bytes that a request or an argument can carry. */
static bool
clean(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 127)
			return false;
	return true;
}

static int
copy_text(
    struct reading *r, const struct member *m, const struct json *v, char **out)
{
	if (json_string(v) == NULL)
		return fault(r, m->shown.name, v, "must be a string");
	if ((int64_t)v->len < m->min || (int64_t)v->len > m->max)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "must be 1 to %d bytes long", (int)m->max);
	/* A template may have lines. */
	if (m->at != AT(template) && m->at != AT(headers_template) &&
	    !clean(v->string))
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "holds a control character");
	*out = strdup(v->string);
	return *out != NULL ? 0 : fault(r, m->shown.name, v, "out of memory");
}

static int
read_url(struct reading *r, const struct member *m, const struct json *v)
{
	struct err e;

	if (copy_text(r, m, v, FIELD(char *, r->c, m)) < 0)
		return -1;
	if (r->flags & CHANNEL_STORED)
		return 0;
	if (guard_url(r->c->url, r->flags & CHANNEL_ALLOW_PRIVATE, &e) < 0)
		return faults_add(
		    r->f, "value_error", "url", NULL, "%s", e.msg);
	return 0;
}

static int
read_number(struct reading *r, const struct member *m, const struct json *v,
    int64_t *out)
{
	if (v->type != JSON_NUMBER || v->number < (double)m->min ||
	    v->number > (double)m->max ||
	    v->number != (double)(int64_t)v->number)
		return faults_add(r->f, "value_error", m->shown.name, v,
		    "must be a whole number from %" PRId64 " to %" PRId64,
		    m->min, m->max);
	*out = (int64_t)v->number;
	return 0;
}

static int
read_flag(struct reading *r, const struct member *m, const struct json *v)
{
	if (v->type != JSON_BOOL)
		return fault(r, m->shown.name, v, "must be true or false");
	*FIELD(bool, r->c, m) = v->boolean != (m->type == UNFLAG);
	return 0;
}

static int
read_choice(struct reading *r, const struct member *m, const struct json *v)
{
	const char *s = json_string(v);

	if (s == NULL || (strcmp(s, "retry") != 0 && strcmp(s, "hold") != 0))
		return fault(r, m->shown.name, v, "must be retry or hold");
	*FIELD(bool, r->c, m) = strcmp(s, "hold") == 0;
	return 0;
}

/* "30/60s". */
static int
read_rate(struct reading *r, const struct member *m, const struct json *v)
{
	const char *s = json_string(v), *slash = s ? strchr(s, '/') : NULL;
	char count[8];
	int64_t n;

	if (slash == NULL || (size_t)(slash - s) >= sizeof(count))
		return fault(r, m->shown.name, v, "must be N/TIME, as 30/60s");
	memcpy(count, s, (size_t)(slash - s));
	count[slash - s] = '\0';
	if (num_parse(&n, count, m->min, m->max, "rate", NULL) < 0 ||
	    num_parse_duration(
		&r->c->rate_period_ms, slash + 1, 1, DAY_MS, "rate", NULL) < 0)
		return fault(r, m->shown.name, v,
		    "must be 1 to 1000 a time of up to a day, as 30/60s");
	r->c->rate_count = (int)n;
	return 0;
}

static int
read_texts(struct reading *r, const struct member *m, const struct json *v)
{
	bool args = m->at == AT(args);
	size_t most = args ? CHANNEL_ARGS_MAX : SIGN_SECRETS_MAX, i;
	size_t *n = args ? &r->c->nargs : &r->c->nsecrets;
	struct sign_secret secret;
	struct err e;

	if (v->type != JSON_ARRAY || v->len == 0 || v->len > most)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "must be a list of 1 to %zu strings", most);
	for (i = 0; i < v->len; i++) {
		if (copy_text(r, m, &v->items[i], &FIELD(char *, r->c, m)[i]) <
		    0)
			return -1;
		*n = i + 1;
		if (!args &&
		    sign_secret_parse(&secret, v->items[i].string, &e) < 0)
			return faults_add(r->f, "value_error", m->shown.name,
			    NULL, "%s", e.msg);
	}
	if (args && r->c->args[0][0] != '/')
		return fault(
		    r, m->shown.name, v, "the program must be a whole path");
	return 0;
}

static int
read_times(struct reading *r, const struct member *m, const struct json *v)
{
	size_t i;

	if (v->type != JSON_ARRAY || v->len > CHANNEL_SCHEDULE_MAX)
		return faults_add(r->f, "value_error", m->shown.name, v,
		    "must be a list of at most %d times in ms",
		    CHANNEL_SCHEDULE_MAX);
	for (i = 0; i < v->len; i++)
		if (read_number(r, m, &v->items[i], &r->c->schedule_ms[i]) < 0)
			return -1;
	r->c->nschedule = v->len;
	r->c->has_schedule = true;
	return 0;
}

static int
read_map(struct reading *r, const struct member *m, const struct json *v)
{
	struct err e;
	size_t i;

	if (v->type != JSON_OBJECT || v->len > CHANNEL_HEADERS_MAX)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "must be an object of at most %d strings",
		    CHANNEL_HEADERS_MAX);
	for (i = 0; i < v->len; i++) {
		const char *value = json_string(&v->items[i]);

		if (value == NULL)
			return faults_add(r->f, "value_error", m->shown.name,
			    NULL, "the value of %.40s must be a string",
			    v->keys[i]);
		if (http_header_check(v->keys[i], value, &e) < 0)
			return faults_add(r->f, "value_error", m->shown.name,
			    NULL, "%s", e.msg);
		r->c->headers[i].name = strdup(v->keys[i]);
		r->c->headers[i].value = strdup(value);
		r->c->nheaders = i + 1;
		if (r->c->headers[i].name == NULL ||
		    r->c->headers[i].value == NULL)
			return fault(r, m->shown.name, v, "out of memory");
	}
	return 0;
}

static int
read_member(struct reading *r, const struct member *m, const struct json *v)
{
	int64_t n = 0;

	switch (m->type) {
	case TEXT:
		return copy_text(r, m, v, FIELD(char *, r->c, m));
	case URL:
		return read_url(r, m, v);
	case NUMBER:
		if (read_number(r, m, v, &n) < 0)
			return -1;
		*FIELD(int, r->c, m) = (int)n;
		return 0;
	case MS:
		return read_number(r, m, v, FIELD(int64_t, r->c, m));
	case FLAG:
	case UNFLAG:
		return read_flag(r, m, v);
	case RATE:
		return read_rate(r, m, v);
	case CHOICE:
		return read_choice(r, m, v);
	case LIST_TEXT:
		return read_texts(r, m, v);
	case LIST_MS:
		return read_times(r, m, v);
	default:
		return read_map(r, m, v);
	}
}

static void
read_members(struct reading *r)
{
	size_t i, k;

	for (i = 0; i < r->j->len; i++) {
		const char *key = r->j->keys[i];
		const struct json *v = &r->j->items[i];

		if (strcmp(key, "name") == 0 || strcmp(key, "kind") == 0)
			continue;
		for (k = 0; k < MEMBERS; k++)
			if (strcmp(key, members[k].shown.name) == 0)
				break;
		if (k == MEMBERS)
			faults_add(r->f, "extra_forbidden", key, NULL,
			    "no channel has this member");
		else if (!(members[k].shown.kinds & 1u << r->c->kind))
			faults_add(r->f, "extra_forbidden", key, NULL,
			    "a channel of kind %s has no such member",
			    channel_kind_name(r->c->kind));
		else if (v->type != JSON_NULL)
			(void)read_member(r, &members[k], v);
	}
}

static void
read_head(struct reading *r)
{
	const struct json *name = json_get(r->j, "name");
	const struct json *kind = json_get(r->j, "kind");
	int k = json_string(kind) ? channel_kind_find(kind->string) : -1;

	if (json_string(name) == NULL || !channel_name_valid(name->string))
		fault(r, "name", name,
		    "must be 1 to 63 of a-z 0-9 _ . -, a letter or digit "
		    "first, and neither discord nor generic");
	else if ((r->c->name = strdup(name->string)) == NULL)
		fault(r, "name", name, "out of memory");
	if (k < 0)
		fault(r, "kind", kind,
		    "must be discord, generic, slack, telegram, ntfy, "
		    "pagerduty or exec");
	else if (k == CHANNEL_KIND_EXEC &&
		 !(r->flags & (CHANNEL_ALLOW_EXEC | CHANNEL_STORED)))
		fault(r, "kind", kind,
		    "exec channels are made on the machine itself");
	else
		r->c->kind = (enum channel_kind)k;
}

/* Only the words; whether it compiles, "channel test" and the first delivery
 * tell. */
static void
check_template(struct reading *r, const char *name, const char *program)
{
	struct err e;

	if (program != NULL && filter_check(program, &e) < 0)
		faults_add(r->f, "value_error", name, NULL, "%s", e.msg);
}

/* What the kind cannot do without. */
static void
check_needs(struct reading *r)
{
	const struct channel *c = r->c;
	bool needs_url = c->kind != CHANNEL_KIND_TELEGRAM &&
			 c->kind != CHANNEL_KIND_PAGERDUTY &&
			 c->kind != CHANNEL_KIND_EXEC;

	if (needs_url && json_get(r->j, "url") == NULL)
		fault(r, "url", NULL, "is needed");
	if (c->kind == CHANNEL_KIND_TELEGRAM && c->token == NULL)
		fault(r, "token", json_get(r->j, "token"), "is needed");
	if (c->kind == CHANNEL_KIND_TELEGRAM && c->chat_id == NULL)
		fault(r, "chat_id", json_get(r->j, "chat_id"), "is needed");
	if (c->kind == CHANNEL_KIND_PAGERDUTY && c->routing_key == NULL)
		fault(r, "routing_key", NULL, "is needed");
	if (c->kind == CHANNEL_KIND_EXEC && c->nargs == 0)
		fault(r, "program", NULL, "is needed");
	check_template(r, "template", c->template);
	check_template(r, "headers_template", c->headers_template);
	if (c->base_ms > 0 && c->cap_ms > 0 && c->cap_ms < c->base_ms)
		fault(r, "cap_ms", NULL, "must not be below base_ms");
}

int
channel_parse(
    struct channel *c, const struct json *j, unsigned flags, struct faults *f)
{
	struct reading r = {c, j, flags, f};
	size_t before = f->total;

	*c = (struct channel){.name = NULL};
	if (j == NULL || j->type != JSON_OBJECT) {
		faults_add(
		    f, "value_error", "", j, "a channel must be an object");
		return -1;
	}
	read_head(&r);
	if (f->total == before) {
		read_members(&r);
		check_needs(&r);
	}
	if (f->total == before)
		return 0;
	channel_release(c);
	return -1;
}

int
channel_parse_text(struct channel *c, const char *text, size_t n,
    unsigned flags, struct err *e)
{
	struct json *j = json_parse(text, n, e);
	struct faults f;
	int rc;

	if (j == NULL)
		return -1;
	faults_init(&f, "channel");
	rc = channel_parse(c, j, flags, &f);
	json_free(j);
	return rc < 0 ? err_set(e, "%s: %s", f.v[0].loc, f.v[0].msg) : 0;
}

/* ---- printing ------------------------------------------------------------ */

static void
print_texts(char *const *v, size_t n, bool hide, struct buf *out)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < n; i++) {
		if (i > 0)
			buf_addc(out, ',');
		buf_adds_json(out, hide ? "***" : v[i]);
	}
	buf_addc(out, ']');
}

static void
print_map(const struct channel *c, bool hide, struct buf *out)
{
	size_t i;

	buf_addc(out, '{');
	for (i = 0; i < c->nheaders; i++) {
		if (i > 0)
			buf_addc(out, ',');
		buf_adds_json(out, c->headers[i].name);
		buf_addc(out, ':');
		buf_adds_json(out, hide ? "***" : c->headers[i].value);
	}
	buf_addc(out, '}');
}

static void
print_text(const struct member *m, const char *s, bool hide, struct buf *out)
{
	struct buf shown;

	if (!hide || m->type != URL) {
		buf_adds_json(out, hide ? "***" : s);
		return;
	}
	buf_init(&shown, CHANNEL_TEXT_MAX);
	webhook_redact(s, &shown);
	buf_add_json(out, shown.p != NULL ? shown.p : "", shown.len);
	buf_release(&shown);
}

/* Whether the member is set, that is, not at its default. */
static bool
is_set(const struct channel *c, const struct member *m)
{
	switch (m->type) {
	case TEXT:
	case URL:
		return *FIELD(char *, c, m) != NULL;
	case NUMBER:
		return *FIELD(int, c, m) != 0;
	case MS:
		return *FIELD(int64_t, c, m) != 0;
	case RATE:
		return c->rate_count > 0;
	case LIST_TEXT:
		return (m->at == AT(args) ? c->nargs : c->nsecrets) > 0;
	case LIST_MS:
		return c->has_schedule;
	case MAP:
		return c->nheaders > 0;
	default:
		return *FIELD(bool, c, m);
	}
}

static void
print_times(const struct channel *c, struct buf *out)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < c->nschedule; i++)
		buf_addf(
		    out, "%s%" PRId64, i > 0 ? "," : "", c->schedule_ms[i]);
	buf_addc(out, ']');
}

static void
print_member(
    const struct channel *c, const struct member *m, bool hide, struct buf *out)
{
	bool args = m->at == AT(args);

	switch (m->type) {
	case TEXT:
	case URL:
		print_text(m, *FIELD(char *, c, m), hide, out);
		break;
	case NUMBER:
		buf_addf(out, "%d", *FIELD(int, c, m));
		break;
	case MS:
		buf_addf(out, "%" PRId64, *FIELD(int64_t, c, m));
		break;
	case RATE:
		buf_addf(out, "\"%d/%" PRId64 "ms\"", c->rate_count,
		    c->rate_period_ms);
		break;
	case LIST_TEXT:
		print_texts(args ? c->args : c->secrets,
		    args ? c->nargs : c->nsecrets, hide, out);
		break;
	case LIST_MS:
		print_times(c, out);
		break;
	case MAP:
		print_map(c, hide, out);
		break;
	case CHOICE:
		buf_adds(out, "\"hold\"");
		break;
	default:
		buf_adds(out, m->type == FLAG ? "true" : "false");
	}
}

int
channel_print(const struct channel *c, bool secrets, struct buf *out)
{
	size_t i;

	buf_adds(out, "{\"name\":");
	buf_adds_json(out, c->name);
	buf_addf(out, ",\"kind\":\"%s\"", channel_kind_name(c->kind));
	for (i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];

		if (!is_set(c, m))
			continue;
		buf_addf(out, ",\"%s\":", m->shown.name);
		print_member(c, m, m->shown.secret && !secrets, out);
	}
	return buf_addc(out, '}');
}
