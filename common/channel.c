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

struct member {
	struct channel_member shown;
	size_t at; /* in struct channel */
};

#define KIND(k)	 (1u << CHANNEL_KIND_##k)
#define TYPE(t)	 .type = CHANNEL_MEMBER_##t
#define CHATS	 (KIND(DISCORD) | KIND(SLACK) | KIND(TELEGRAM) | KIND(NTFY))
#define WEB	 (CHATS | KIND(GENERIC) | KIND(PAGERDUTY))
#define ALL	 (WEB | KIND(EXEC))
#define NEED_URL (KIND(DISCORD) | KIND(GENERIC) | KIND(SLACK) | KIND(NTFY))
#define AT(m)	 offsetof(struct channel, m)
#define DAY_MS	 INT64_C(86400000)

static const struct member members[] = {
    {{"url", "url", "where to call; for telegram and pagerduty another host",
	 WEB, NEED_URL, TYPE(URL), 1, 2048, .secret = true},
	AT(url)},
    {{"token", "text", "of the bot (telegram); access token (ntfy)",
	 KIND(TELEGRAM) | KIND(NTFY), KIND(TELEGRAM), TYPE(TEXT), 1, 256,
	 .secret = true},
	AT(token)},
    {{"chat_id", "text", "chat, or @channel", KIND(TELEGRAM), KIND(TELEGRAM),
	 TYPE(TEXT), 1, 63},
	AT(chat_id)},
    {{"routing_key", "text", "integration key", KIND(PAGERDUTY),
	 KIND(PAGERDUTY), TYPE(TEXT), 1, 64, .secret = true},
	AT(routing_key)},
    {{"program", "list", "program and arguments, run without a shell",
	 KIND(EXEC), KIND(EXEC), TYPE(TEXTS), 1, 1024, .local = true},
	AT(args)},
    {{"headers", "map", "further headers of each request", WEB, 0, TYPE(MAP), 0,
	 8192, .secret = true},
	AT(headers)},
    {{"template", "jq", "jq program: alert record in, body out", KIND(GENERIC),
	 0, TYPE(TEXT), 1, CHANNEL_TEMPLATE_MAX, .local = true},
	AT(template)},
    {{"headers_template", "jq",
	 "jq program: alert record in, an object of headers out", KIND(GENERIC),
	 0, TYPE(TEXT), 1, CHANNEL_TEMPLATE_MAX, .local = true},
	AT(headers_template)},
    {{"secrets", "list", "whsec_… that sign, newest first", KIND(GENERIC), 0,
	 TYPE(TEXTS), 1, SIGN_SECRET_TEXT_MAX, .secret = true},
	AT(secrets)},
    {{"priority", "number", "1 to 5; else by severity", KIND(NTFY), 0,
	 TYPE(NUMBER), 1, 5},
	AT(priority)},
    {{"ca_file", "text", "PEM file of the authorities to trust", WEB, 0,
	 TYPE(TEXT), 1, 1024, .local = true},
	AT(ca_file)},
    {{"rate", "N/TIME", "at most so many requests, as 30/60s", ALL, 0,
	 TYPE(RATE), 1, 1000},
	0},
    {{"concurrency", "number", "requests at once", ALL, 0, TYPE(NUMBER), 1,
	 100},
	AT(concurrency)},
    {{"connect_timeout_ms", "ms", "for the connection (5,000)", WEB, 0,
	 TYPE(MS), 100, 60000},
	AT(connect_timeout_ms)},
    {{"timeout_ms", "ms", "for the whole request (15,000)", ALL, 0, TYPE(MS),
	 100, 300000},
	AT(timeout_ms)},
    {{"tries", "number", "of the fast ladder (5)", ALL, 0, TYPE(NUMBER), 1, 20},
	AT(tries)},
    {{"base_ms", "ms", "first wait of the ladder (1,000)", ALL, 0, TYPE(MS), 1,
	 3600000},
	AT(base_ms)},
    {{"cap_ms", "ms", "longest wait of the ladder (32,000)", ALL, 0, TYPE(MS),
	 1, 3600000},
	AT(cap_ms)},
    {{"schedule_ms", "list", "later waits, by pulse-retry", ALL, 0, TYPE(TIMES),
	 1000, 7 * DAY_MS},
	AT(schedule_ms)},
    {{"order", "yes/no", "keep the alerts of a rule in order (yes)", ALL, 0,
	 TYPE(UNFLAG)},
	AT(unordered)},
    {{"digest", "yes/no", "join alerts that would have to wait (yes)", CHATS, 0,
	 TYPE(UNFLAG)},
	AT(no_digest)},
    {{"ambiguous", "retry|hold", "what may have arrived (retry)", ALL, 0,
	 TYPE(CHOICE)},
	AT(hold)},
    {{"notices", "yes/no", "tell it what becomes of other channels (no)", ALL,
	 0, TYPE(FLAG)},
	AT(notices)},
    {{"paused", "yes/no", "keep what comes for later (no)", ALL, 0, TYPE(FLAG)},
	AT(paused)},
};

#define MEMBERS (sizeof(members) / sizeof(members[0]))

/* What pulse-ctl tells of a channel besides, never taken. */
static const char *const told[] = {
    "state", "reason", "until", "created_at", "updated_at"};

const struct channel_member *
channel_member_at(size_t i)
{
	return i < MEMBERS ? &members[i].shown : NULL;
}

static const struct member *
find_member(const char *name)
{
	size_t i;

	for (i = 0; i < MEMBERS; i++)
		if (strcmp(members[i].shown.name, name) == 0)
			return &members[i];
	return NULL;
}

static bool
is_told(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (strcmp(told[i], name) == 0)
			return true;
	return false;
}

/* What is shown of a secret. */
#define HIDDEN "***"

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
	/* No fault shows the value: it may be a secret. */
	if (json_string(v) == NULL)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "must be a string");
	if ((int64_t)v->len < m->shown.min || (int64_t)v->len > m->shown.max)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "must be 1 to %d bytes long", (int)m->shown.max);
	if (m->shown.secret && strcmp(v->string, HIDDEN) == 0)
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "is what stands for a secret, not the secret");
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
	if (v->type != JSON_NUMBER || v->number < (double)m->shown.min ||
	    v->number > (double)m->shown.max ||
	    v->number != (double)(int64_t)v->number)
		return faults_add(r->f, "value_error", m->shown.name, v,
		    "must be a whole number from %" PRId64 " to %" PRId64,
		    m->shown.min, m->shown.max);
	*out = (int64_t)v->number;
	return 0;
}

static int
read_flag(struct reading *r, const struct member *m, const struct json *v)
{
	if (v->type != JSON_BOOL)
		return fault(r, m->shown.name, v, "must be true or false");
	*FIELD(bool, r->c, m) =
	    v->boolean != (m->shown.type == CHANNEL_MEMBER_UNFLAG);
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
	if (num_parse(&n, count, m->shown.min, m->shown.max, "rate", NULL) <
		0 ||
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
		if (strcmp(value, HIDDEN) == 0)
			return faults_add(r->f, "value_error", m->shown.name,
			    NULL,
			    "the value of %.40s is what stands for a secret, "
			    "not the secret",
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

	switch (m->shown.type) {
	case CHANNEL_MEMBER_TEXT:
		return copy_text(r, m, v, FIELD(char *, r->c, m));
	case CHANNEL_MEMBER_URL:
		return read_url(r, m, v);
	case CHANNEL_MEMBER_NUMBER:
		if (read_number(r, m, v, &n) < 0)
			return -1;
		*FIELD(int, r->c, m) = (int)n;
		return 0;
	case CHANNEL_MEMBER_MS:
		return read_number(r, m, v, FIELD(int64_t, r->c, m));
	case CHANNEL_MEMBER_FLAG:
	case CHANNEL_MEMBER_UNFLAG:
		return read_flag(r, m, v);
	case CHANNEL_MEMBER_RATE:
		return read_rate(r, m, v);
	case CHANNEL_MEMBER_CHOICE:
		return read_choice(r, m, v);
	case CHANNEL_MEMBER_TEXTS:
		return read_texts(r, m, v);
	case CHANNEL_MEMBER_TIMES:
		return read_times(r, m, v);
	default:
		return read_map(r, m, v);
	}
}

/* Whether the asker may write this member at all. */
static int
judge_member(struct reading *r, const struct member *m)
{
	if (!(m->shown.kinds & 1u << r->c->kind))
		return faults_add(r->f, "extra_forbidden", m->shown.name, NULL,
		    "a channel of kind %s has no such member",
		    channel_kind_name(r->c->kind));
	if (m->shown.local &&
	    !(r->flags & (CHANNEL_ALLOW_LOCAL | CHANNEL_STORED)))
		return faults_add(r->f, "value_error", m->shown.name, NULL,
		    "is set on the machine itself");
	return 0;
}

static void
read_members(struct reading *r)
{
	/* So what was shown can be given to another store. */
	bool told_allowed = r->flags & (CHANNEL_ALLOW_LOCAL | CHANNEL_STORED);
	const struct member *m;
	size_t i;

	for (i = 0; i < r->j->len; i++) {
		const char *key = r->j->keys[i];
		const struct json *v = &r->j->items[i];

		if (strcmp(key, "name") == 0 || strcmp(key, "kind") == 0 ||
		    (told_allowed && is_told(key)))
			continue;
		m = find_member(key);
		if (m == NULL)
			faults_add(r->f, "extra_forbidden", key, NULL,
			    "no channel has this member");
		else if (judge_member(r, m) == 0 && v->type != JSON_NULL)
			(void)read_member(r, m, v);
	}
}

static void
read_name(struct reading *r)
{
	const struct json *v = json_get(r->j, "name");

	if (json_string(v) == NULL || !channel_name_valid(v->string))
		fault(r, "name", v,
		    "must be 1 to 63 of a-z 0-9 _ . -, a letter or digit "
		    "first, and neither discord nor generic");
	else if ((r->c->name = strdup(v->string)) == NULL)
		fault(r, "name", v, "out of memory");
}

/* Without a kind nothing can be said of the other members. */
static int
read_kind(struct reading *r)
{
	const struct json *v = json_get(r->j, "kind");
	int k = json_string(v) ? channel_kind_find(v->string) : -1;

	if (k < 0)
		return fault(r, "kind", v,
		    "must be discord, generic, slack, telegram, ntfy, "
		    "pagerduty or exec");
	if (k == CHANNEL_KIND_EXEC &&
	    !(r->flags & (CHANNEL_ALLOW_LOCAL | CHANNEL_STORED)))
		return fault(r, "kind", v,
		    "exec channels are made on the machine itself");
	r->c->kind = (enum channel_kind)k;
	return 0;
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
	const struct json *v;
	size_t i;

	for (i = 0; i < MEMBERS; i++) {
		if (!(members[i].shown.needed & 1u << c->kind))
			continue;
		v = json_get(r->j, members[i].shown.name);
		if (v == NULL || v->type == JSON_NULL)
			fault(r, members[i].shown.name, NULL, "is needed");
	}
	check_template(r, "template", c->template);
	check_template(r, "headers_template", c->headers_template);
	if (c->base_ms > 0 && c->cap_ms > 0 && c->cap_ms < c->base_ms)
		faults_add(r->f, "value_error", "cap_ms", NULL,
		    "must not be below base_ms");
}

/* Whether the store takes it: a change may add to what was as large as can
 * be. */
static void
check_size(struct reading *r)
{
	struct buf b;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (channel_print(r->c, true, &b) < 0)
		faults_add(
		    r->f, "value_error", "", NULL, "the channel is too large");
	buf_release(&b);
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
	read_name(&r);
	if (read_kind(&r) == 0) {
		read_members(&r);
		check_needs(&r);
	}
	if (f->total == before && !(flags & CHANNEL_STORED))
		check_size(&r);
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

/* ---- changing ------------------------------------------------------------ */

struct change {
	const struct json *old, *shown; /* the channel, and as it is shown */
	const struct json *j;
};

static bool
same(const struct json *a, const struct json *b)
{
	struct buf s, t;
	bool is;

	if (a == NULL || b == NULL)
		return false;
	buf_init(&s, CHANNEL_TEXT_MAX);
	buf_init(&t, CHANNEL_TEXT_MAX);
	is = json_print(a, &s) == 0 && json_print(b, &t) == 0 &&
	     strcmp(s.p, t.p) == 0;
	buf_release(&s);
	buf_release(&t);
	return is;
}

/* Whether the change gives the member anew. What is as it was, or as it was
 * shown to somebody who may not see secrets, means no change. */
static bool
is_given(const struct change *d, const char *name)
{
	const struct json *v = json_get(d->j, name);

	return v != NULL && !same(v, json_get(d->old, name)) &&
	       !same(v, json_get(d->shown, name));
}

/* What a change must not touch, and what its asker must not. */
static void
judge_change(const struct change *d, unsigned flags, struct faults *f)
{
	bool blind = flags & CHANNEL_BLIND, local = flags & CHANNEL_ALLOW_LOCAL;
	size_t i;

	if (is_given(d, "name"))
		faults_add(f, "value_error", "name", json_get(d->j, "name"),
		    "cannot be changed");
	if (is_given(d, "kind"))
		faults_add(f, "value_error", "kind", json_get(d->j, "kind"),
		    "cannot be changed");
	for (i = 0; i < MEMBERS; i++) {
		const struct channel_member *m = &members[i].shown;

		if (m->local && !local && is_given(d, m->name))
			faults_add(f, "value_error", m->name, NULL,
			    "is set on the machine itself");
		/* Else the new address would be shown what was kept for the
		 * old one. */
		if (blind && m->secret && strcmp(m->name, "url") != 0 &&
		    json_get(d->old, m->name) != NULL && is_given(d, "url") &&
		    !is_given(d, m->name))
			faults_add(f, "value_error", m->name, NULL,
			    "must be given anew with another url, by a key "
			    "that may not see it");
	}
}

/* Append the members of the old that are not given anew, then those that are,
 * null as well. */
static void
merge(const struct change *d, struct buf *out)
{
	const struct json *from[2] = {d->old, d->j};
	const char *comma = "";
	size_t i, k;

	buf_addc(out, '{');
	for (k = 0; k < 2; k++) {
		for (i = 0; i < from[k]->len; i++) {
			const char *key = from[k]->keys[i];

			if (is_given(d, key) != (k == 1) || is_told(key))
				continue;
			buf_adds(out, comma);
			buf_adds_json(out, key);
			buf_addc(out, ':');
			json_print(&from[k]->items[i], out);
			comma = ",";
		}
	}
	buf_addc(out, '}');
}

static struct json *
as_json(const struct channel *c, bool secrets)
{
	struct json *j = NULL;
	struct buf b;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (channel_print(c, secrets, &b) == 0)
		j = json_parse(b.p, b.len, NULL);
	buf_release(&b);
	return j;
}

/* The changed channel, in one piece. */
static int
apply(struct channel *next, const struct change *d, unsigned flags,
    struct faults *f)
{
	struct json *whole;
	struct buf b;
	int rc;

	/* What stays was judged when it was written. */
	flags |= CHANNEL_ALLOW_LOCAL;
	if (!is_given(d, "url"))
		flags |= CHANNEL_ALLOW_PRIVATE;
	buf_init(&b, 2 * CHANNEL_TEXT_MAX);
	merge(d, &b);
	whole = buf_failed(&b) ? NULL : json_parse(b.p, b.len, NULL);
	buf_release(&b);
	if (whole == NULL)
		return faults_add(
		    f, "value_error", "", NULL, "the channel is too large");
	rc = channel_parse(next, whole, flags, f);
	json_free(whole);
	return rc;
}

int
channel_update(
    struct channel *c, const struct json *j, unsigned flags, struct faults *f)
{
	struct json *old = as_json(c, true), *shown = as_json(c, false);
	struct change d = {old, shown, j};
	size_t before = f->total;
	struct channel next;

	if (old == NULL || shown == NULL)
		faults_add(f, "internal", "", NULL, "out of memory");
	else if (j == NULL || j->type != JSON_OBJECT)
		faults_add(
		    f, "value_error", "", j, "a change must be an object");
	else
		judge_change(&d, flags, f);
	if (f->total == before && apply(&next, &d, flags, f) == 0) {
		channel_release(c);
		*c = next;
	}
	json_free(old);
	json_free(shown);
	return f->total == before ? 0 : -1;
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
		buf_adds_json(out, hide ? HIDDEN : v[i]);
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
		buf_adds_json(out, hide ? HIDDEN : c->headers[i].value);
	}
	buf_addc(out, '}');
}

static void
print_text(const struct member *m, const char *s, bool hide, struct buf *out)
{
	struct buf shown;

	if (!hide || m->shown.type != CHANNEL_MEMBER_URL) {
		buf_adds_json(out, hide ? HIDDEN : s);
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
	switch (m->shown.type) {
	case CHANNEL_MEMBER_TEXT:
	case CHANNEL_MEMBER_URL:
		return *FIELD(char *, c, m) != NULL;
	case CHANNEL_MEMBER_NUMBER:
		return *FIELD(int, c, m) != 0;
	case CHANNEL_MEMBER_MS:
		return *FIELD(int64_t, c, m) != 0;
	case CHANNEL_MEMBER_RATE:
		return c->rate_count > 0;
	case CHANNEL_MEMBER_TEXTS:
		return (m->at == AT(args) ? c->nargs : c->nsecrets) > 0;
	case CHANNEL_MEMBER_TIMES:
		return c->has_schedule;
	case CHANNEL_MEMBER_MAP:
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

	switch (m->shown.type) {
	case CHANNEL_MEMBER_TEXT:
	case CHANNEL_MEMBER_URL:
		print_text(m, *FIELD(char *, c, m), hide, out);
		break;
	case CHANNEL_MEMBER_NUMBER:
		buf_addf(out, "%d", *FIELD(int, c, m));
		break;
	case CHANNEL_MEMBER_MS:
		buf_addf(out, "%" PRId64, *FIELD(int64_t, c, m));
		break;
	case CHANNEL_MEMBER_RATE:
		buf_addf(out, "\"%d/%" PRId64 "ms\"", c->rate_count,
		    c->rate_period_ms);
		break;
	case CHANNEL_MEMBER_TEXTS:
		print_texts(args ? c->args : c->secrets,
		    args ? c->nargs : c->nsecrets, hide, out);
		break;
	case CHANNEL_MEMBER_TIMES:
		print_times(c, out);
		break;
	case CHANNEL_MEMBER_MAP:
		print_map(c, hide, out);
		break;
	case CHANNEL_MEMBER_CHOICE:
		buf_adds(out, "\"hold\"");
		break;
	default:
		buf_adds(out,
		    m->shown.type == CHANNEL_MEMBER_FLAG ? "true" : "false");
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
