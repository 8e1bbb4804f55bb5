/* pulse-ctl channel …: see the table of commands.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/filter.h"
#include "common/num.h"
#include "common/sign.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

#define MEMBERS_MAX 64
#define DAY_MS	    INT64_C(86400000)

/* ---- what is to become of a channel -------------------------------------- */

/* Members to set: name and JSON text, the later ones over the earlier. */
struct edit {
	struct {
		char *name, *json;
	} v[MEMBERS_MAX];
	size_t n;
	bool sign, allow_private, secrets;
	/* The secret that --sign made, to be shown once. */
	char secret[SIGN_SECRET_TEXT_MAX];
};

static void
edit_release(struct edit *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		free(d->v[i].name);
		free(d->v[i].json);
	}
}

static void
edit_put(struct ctl *c, struct edit *d, const char *name, struct buf *json)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strcmp(d->v[i].name, name) == 0)
			break;
	if (i == MEMBERS_MAX)
		opt_usage_error(&c->program, "too many members");
	if (i == d->n) {
		d->v[d->n].name = strdup(name);
		d->v[d->n++].json = NULL;
	}
	free(d->v[i].json);
	d->v[i].json = strdup(json->p != NULL ? json->p : "");
	if (d->v[i].name == NULL || d->v[i].json == NULL)
		abort();
}

static const struct channel_member *
find_member(struct ctl *c, const char *name, size_t n)
{
	const struct channel_member *m;
	size_t i;

	for (i = 0; (m = channel_member_at(i)) != NULL; i++)
		if (strlen(m->name) == n && memcmp(m->name, name, n) == 0)
			return m;
	opt_usage_error(&c->program, "'%.*s': no channel has this member",
	    (int)(n < 40 ? n : 40), name);
}

static void
add_duration(struct ctl *c, const char *text, struct buf *b)
{
	int64_t ms;
	struct err e;

	if (num_parse_duration(&ms, text, 0, 7 * DAY_MS, "--set", &e) < 0)
		opt_usage_error(&c->program, "%s", e.msg);
	buf_addf(b, "%lld", (long long)ms);
}

/* "5m,30m,2h". */
static void
add_durations(struct ctl *c, const char *text, struct buf *b)
{
	char item[32];

	buf_addc(b, '[');
	while (*text != '\0') {
		size_t n = strcspn(text, ",");

		if (n >= sizeof(item))
			opt_usage_error(&c->program, "'%s': no times", text);
		memcpy(item, text, n);
		item[n] = '\0';
		add_duration(c, item, b);
		text += n + (text[n] == ',');
		if (*text != '\0')
			buf_addc(b, ',');
	}
	buf_addc(b, ']');
}

static long long
parse_count(struct ctl *c, const char *name, const char *s)
{
	int64_t n;
	struct err e;

	if (num_parse(&n, s, 0, INT32_MAX, name, &e) < 0)
		opt_usage_error(&c->program, "%s", e.msg);
	return (long long)n;
}

/* The value of --set as the member's JSON. */
static void
add_value(
    struct ctl *c, const struct channel_member *m, const char *s, struct buf *b)
{
	bool yes = strcmp(s, "yes") == 0 || strcmp(s, "true") == 0;

	if (strcmp(m->what, "ms") == 0) {
		add_duration(c, s, b);
	} else if (strcmp(m->name, "schedule_ms") == 0) {
		add_durations(c, s, b);
	} else if (strcmp(m->what, "yes/no") == 0) {
		if (!yes && strcmp(s, "no") != 0 && strcmp(s, "false") != 0)
			opt_usage_error(
			    &c->program, "--set %s is yes or no", m->name);
		buf_adds(b, yes ? "true" : "false");
	} else if (strcmp(m->what, "number") == 0) {
		buf_addf(b, "%lld", parse_count(c, m->name, s));
	} else {
		buf_adds_json(b, s);
	}
}

/* --set MEMBER=VALUE and --unset MEMBER. */
static void
take_set(struct ctl *c, struct edit *d, const char *arg, bool unset)
{
	const char *eq = unset ? arg + strlen(arg) : strchr(arg, '=');
	const struct channel_member *m;
	struct buf b;

	if (eq == NULL)
		opt_usage_error(&c->program, "--set takes MEMBER=VALUE");
	m = find_member(c, arg, (size_t)(eq - arg));
	if (m->secret && !unset)
		opt_usage_error(&c->program,
		    "%s is a secret: give it by --file %s=FILE", m->name,
		    m->name);
	buf_init(&b, CHANNEL_TEXT_MAX);
	if (unset)
		buf_adds(&b, "null");
	else
		add_value(c, m, eq + 1, &b);
	edit_put(c, d, m->name, &b);
	buf_release(&b);
}

/* --file MEMBER=FILE: a text is the file's first line, a program all of it, a
 * list or map is JSON. */
static void
take_file(struct ctl *c, struct edit *d, const char *arg)
{
	const char *eq = strchr(arg, '=');
	const struct channel_member *m;
	struct buf text, b;
	struct err e;
	bool line;
	int rc;

	if (eq == NULL)
		opt_usage_error(&c->program, "--file takes MEMBER=FILE");
	m = find_member(c, arg, (size_t)(eq - arg));
	line = strcmp(m->what, "url") == 0 || strcmp(m->what, "text") == 0;
	buf_init(&text, CHANNEL_TEXT_MAX);
	buf_init(&b, CHANNEL_TEXT_MAX);
	rc = line ? ctl_read_secret(eq + 1, CHANNEL_TEXT_MAX, &text, &e)
		  : ctl_read_file(eq + 1, CHANNEL_TEXT_MAX, &text, &e);
	if (rc < 0)
		opt_usage_error(&c->program, "%s", e.msg);
	if (line || strcmp(m->what, "jq") == 0)
		buf_add_json(&b, text.p != NULL ? text.p : "", text.len);
	else
		buf_add(&b, text.p != NULL ? text.p : "", text.len);
	edit_put(c, d, m->name, &b);
	buf_release(&text);
	buf_release(&b);
}

static void
take_options(struct ctl *c, struct edit *d)
{
	int key;

	d->allow_private = ctl_private_allowed();
	while ((key = ctl_next(c)) != -1)
		switch (key) {
		case KEY_SET:
			take_set(c, d, c->options.arg, false);
			break;
		case KEY_UNSET:
			take_set(c, d, c->options.arg, true);
			break;
		case KEY_FILE:
			take_file(c, d, c->options.arg);
			break;
		case KEY_SIGN:
			d->sign = true;
			break;
		case KEY_ALLOW_PRIVATE:
			d->allow_private = true;
			break;
		case KEY_SECRETS:
			d->secrets = true;
			break;
		}
}

/* ---- making it so -------------------------------------------------------- */

/* Put a new secret before the newest ones: both sign, until the receiver
 * knows the new one and the old one is unset. */
static void
rotate(struct ctl *c, struct edit *d, const struct json *old)
{
	const struct json *secrets = json_get(old, "secrets");
	struct buf b;
	size_t i;

	sign_secret_make(d->secret);
	buf_init(&b, 1024);
	buf_addf(&b, "[\"%s\"", d->secret);
	for (i = 0; secrets != NULL && i < secrets->len && i < 1; i++) {
		buf_addc(&b, ',');
		json_print(&secrets->items[i], &b);
	}
	buf_addc(&b, ']');
	edit_put(c, d, "secrets", &b);
	buf_release(&b);
}

/* The members of old with those of the edit over them. */
static void
merge(const struct json *old, const struct edit *d, struct buf *out)
{
	const char *comma = "";
	size_t i, k;

	buf_addc(out, '{');
	for (i = 0; old != NULL && i < old->len; i++) {
		for (k = 0; k < d->n; k++)
			if (strcmp(d->v[k].name, old->keys[i]) == 0)
				break;
		if (k < d->n)
			continue;
		buf_adds(out, comma);
		buf_adds_json(out, old->keys[i]);
		buf_addc(out, ':');
		json_print(&old->items[i], out);
		comma = ",";
	}
	for (k = 0; k < d->n; k++) {
		buf_adds(out, comma);
		buf_adds_json(out, d->v[k].name);
		buf_addf(out, ":%s", d->v[k].json);
		comma = ",";
	}
	buf_addc(out, '}');
}

/* Do its programs compile? */
static int
compile(const struct channel *ch, struct err *e)
{
	const char *const programs[] = {ch->template, ch->headers_template};
	const char *const names[] = {"template", "headers_template"};
	struct filter *f;
	size_t i;

	for (i = 0; i < 2; i++) {
		if (programs[i] == NULL)
			continue;
		if (filter_open(&f, programs[i], e) < 0)
			return err_prefix(e, "%s", names[i]);
		filter_close(f);
	}
	return 0;
}

static int
store_channel(struct ctl *c, const struct channel *ch, struct err *e)
{
	struct store_channel to = {.name = ch->name,
	    .kind = channel_kind_name(ch->kind),
	    .created_ms = clock_now_ms(),
	    .updated_ms = clock_now_ms()};
	struct buf b;
	int rc = -1;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (channel_print(ch, true, &b) < 0)
		err_set(e, "the channel is too large");
	else {
		to.config = b.p;
		rc = store_channel_put(c->store, &to, e);
	}
	buf_release(&b);
	return rc;
}

static void
show_made(const struct channel *ch, const struct edit *d)
{
	struct buf b;

	buf_init(&b, CHANNEL_TEXT_MAX);
	channel_print(ch, d->secrets, &b);
	/* A secret that was made is shown this once. */
	if (d->secret[0] != '\0' && !d->secrets && b.len > 0) {
		b.len--;
		buf_addf(&b, ",\"new_secret\":\"%s\"}", d->secret);
	}
	ctl_line(&b);
	buf_release(&b);
}

/* Make the channel of the old one (NULL: none) and the edit, and keep it. */
static int
apply(struct ctl *c, struct edit *d, const struct json *old)
{
	unsigned flags =
	    CHANNEL_ALLOW_EXEC | (d->allow_private ? CHANNEL_ALLOW_PRIVATE : 0);
	struct channel ch;
	struct faults f;
	struct json *j;
	struct buf b;
	struct err e;
	int code = 0;

	if (d->sign)
		rotate(c, d, old);
	buf_init(&b, CHANNEL_TEXT_MAX);
	merge(old, d, &b);
	j = json_parse(b.p != NULL ? b.p : "", b.len, &e);
	buf_release(&b);
	if (j == NULL)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	faults_init(&f, "");
	if (channel_parse(&ch, j, flags, &f) < 0) {
		json_free(j);
		return ctl_faults(c, &f);
	}
	json_free(j);
	if (compile(&ch, &e) < 0)
		code = ctl_fail(c, EXIT_SOME_FAILED, &e);
	else if (store_channel(c, &ch, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	else
		show_made(&ch, d);
	channel_release(&ch);
	return code;
}

struct found {
	struct json *config;
};

static int
keep_config(void *arg, const struct store_channel *from, struct err *e)
{
	struct found *f = arg;

	f->config = json_parse(from->config, strlen(from->config), e);
	return f->config != NULL ? 0 : -1;
}

/* The channel's JSON as the store has it. NULL after a message; *code. */
static struct json *
find_channel(struct ctl *c, const char *name, int *code)
{
	struct found f = {NULL};
	struct err e;
	int rc = store_channel_get(c->store, name, keep_config, &f, &e);

	if (rc < 0) {
		*code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
		return NULL;
	}
	if (rc == 0) {
		err_set(&e, "there is no channel '%.64s'", name);
		*code = ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	return f.config;
}

/* A JSON object on stdin. NULL after a message. */
static struct json *
read_object(struct ctl *c, int *code)
{
	struct json *j = NULL;
	struct buf b;
	struct err e;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (ctl_read_file("-", CHANNEL_TEXT_MAX, &b, &e) == 0)
		j = json_parse(b.p != NULL ? b.p : "", b.len, &e);
	if (j == NULL)
		*code = ctl_fail(c, EXIT_SOME_FAILED, &e);
	buf_release(&b);
	return j;
}

/* ---- commands ------------------------------------------------------------ */

/* NAME KIND [PROGRAM ARG...] as members. */
static void
take_operands(struct ctl *c, struct edit *d, char **v, int n)
{
	struct buf b;
	int i;

	buf_init(&b, CHANNEL_TEXT_MAX);
	buf_adds_json(&b, v[0]);
	edit_put(c, d, "name", &b);
	buf_reset(&b);
	buf_adds_json(&b, v[1]);
	edit_put(c, d, "kind", &b);
	if (n > 2) {
		buf_reset(&b);
		for (i = 2; i < n; i++) {
			buf_addc(&b, i == 2 ? '[' : ',');
			buf_adds_json(&b, v[i]);
		}
		buf_addc(&b, ']');
		edit_put(c, d, "program", &b);
	}
	buf_release(&b);
}

static bool
exists(struct ctl *c, const struct edit *d, const struct json *old)
{
	const struct json *name = json_get(old, "name");
	struct found f = {NULL};
	struct json *given = NULL;
	bool found = false;
	size_t i;

	for (i = 0; i < d->n; i++)
		if (strcmp(d->v[i].name, "name") == 0)
			name = given = json_parse(
			    d->v[i].json, strlen(d->v[i].json), NULL);
	if (json_string(name) != NULL)
		found = store_channel_get(
			    c->store, name->string, keep_config, &f, NULL) > 0;
	json_free(given);
	json_free(f.config);
	return found;
}

int
command_channel_add(struct ctl *c)
{
	struct edit d = {.n = 0};
	struct json *j = NULL;
	struct err e;
	int n, code = 0;
	char **v;

	take_options(c, &d);
	ctl_expect(c, 0, CHANNEL_ARGS_MAX + 2, "NAME and KIND");
	v = ctl_operands(c, &n);
	if (n == 1)
		opt_usage_error(&c->program, "a KIND must follow the name");
	if (n > 0)
		take_operands(c, &d, v, n);
	else if ((j = read_object(c, &code)) == NULL)
		return code;
	if ((code = ctl_open(c, STORE_CREATE)) == 0) {
		if (exists(c, &d, j)) {
			err_set(&e, "there is a channel of that name: edit it");
			code = ctl_fail(c, EXIT_SOME_FAILED, &e);
		} else {
			code = apply(c, &d, j);
		}
	}
	json_free(j);
	edit_release(&d);
	return code;
}

int
command_channel_edit(struct ctl *c)
{
	struct edit d = {.n = 0};
	struct json *old, *more = NULL;
	struct buf b;
	int n, code;
	size_t i;
	char **v;

	take_options(c, &d);
	ctl_expect(c, 1, 1, "a channel");
	v = ctl_operands(c, &n);
	if (d.n == 0 && !d.sign && (more = read_object(c, &code)) == NULL)
		return code;
	for (i = 0; more != NULL && more->type == JSON_OBJECT && i < more->len;
	     i++) {
		buf_init(&b, CHANNEL_TEXT_MAX);
		json_print(&more->items[i], &b);
		edit_put(c, &d, more->keys[i], &b);
		buf_release(&b);
	}
	if ((code = ctl_open(c, 0)) == 0 &&
	    (old = find_channel(c, v[0], &code)) != NULL) {
		code = apply(c, &d, old);
		json_free(old);
	}
	json_free(more);
	edit_release(&d);
	return code;
}

/* ---- showing ------------------------------------------------------------- */

static const struct table_column columns[] = {
    {"NAME", false},
    {"KIND", false},
    {"STATE", false},
    {"WHERE", false},
};

struct showing {
	struct ctl *ctl;
	struct table table;
	bool tabular, secrets;
};

struct health {
	struct buf state; /* words */
	int64_t disabled_ms, until_ms;
};

static int
read_health(void *arg, const struct store_endpoint *p, struct err *e)
{
	struct health *h = arg;
	int64_t now_ms = clock_now_ms();

	(void)e;
	h->disabled_ms = p->disabled_ms;
	buf_reset(&h->state);
	if (p->disabled_ms > 0)
		buf_addf(&h->state, "disabled: %s",
		    p->reason != NULL ? p->reason : "");
	else if (p->trips > 0)
		buf_addf(&h->state, "failing, %lld times in a row",
		    (long long)p->failures);
	else if (p->blocked_until_ms > now_ms)
		buf_adds(&h->state, "told to wait");
	return 0;
}

static void
show_row(struct showing *s, const struct channel *ch, const char *state)
{
	struct buf b;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (ch->url != NULL)
		webhook_redact(ch->url, &b);
	else if (ch->nargs > 0)
		buf_adds(&b, ch->args[0]);
	table_cell(&s->table, ch->name);
	table_cell(&s->table, channel_kind_name(ch->kind));
	table_cell(&s->table, state);
	table_cell(&s->table, b.p != NULL ? b.p : "");
	buf_release(&b);
}

static void
show_json(struct showing *s, const struct channel *ch, const char *state,
    const struct store_channel *from)
{
	struct buf b;

	buf_init(&b, 2 * CHANNEL_TEXT_MAX);
	channel_print(ch, s->secrets, &b);
	if (b.len > 0) {
		b.len--;
		buf_addc(&b, ',');
		record_text(&b, "state", state);
		buf_addc(&b, ',');
		record_time(&b, "created_at", from->created_ms);
		buf_addc(&b, ',');
		record_time(&b, "updated_at", from->updated_ms);
		buf_addc(&b, '}');
	}
	ctl_line(&b);
	buf_release(&b);
}

static int
show(void *arg, const struct store_channel *from, struct err *e)
{
	struct showing *s = arg;
	struct health h = {.disabled_ms = 0};
	char key[CHANNEL_NAME_MAX + 16];
	const char *state = "ok";
	struct channel ch;
	int rc;

	if (channel_parse_text(
		&ch, from->config, strlen(from->config), CHANNEL_STORED, e) < 0)
		return err_prefix(e, "channel %s", from->name);
	buf_init(&h.state, 1024);
	(void)snprintf(key, sizeof(key), "channel:%s", from->name);
	rc = store_endpoint_list(s->ctl->store, key, read_health, &h, e);
	if (ch.paused)
		state = "paused";
	else if (h.state.len > 0)
		state = h.state.p;
	if (s->tabular)
		show_row(s, &ch, state);
	else
		show_json(s, &ch, state, from);
	buf_release(&h.state);
	channel_release(&ch);
	return rc;
}

/* All of them, or those of the operands. */
static int
show_all(struct ctl *c, bool tabular, bool secrets, char **v, int n)
{
	struct showing s = {.ctl = c, .tabular = tabular, .secrets = secrets};
	struct err e;
	int code = 0, i, rc = 0;

	table_init(&s.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (n == 0)
		rc = store_channel_list(c->store, show, &s, &e);
	for (i = 0; i < n && rc >= 0; i++) {
		rc = store_channel_get(c->store, v[i], show, &s, &e);
		if (rc == 0) {
			err_set(&e, "there is no channel '%.64s'", v[i]);
			code = ctl_fail(c, EXIT_SOME_FAILED, &e);
		}
	}
	if (rc < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&s.table);
	table_release(&s.table);
	return code;
}

int
command_channel_list(struct ctl *c)
{
	int code;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	return show_all(c, ctl_tabular(c), false, NULL, 0);
}

int
command_channel_show(struct ctl *c)
{
	bool secrets = false;
	int key, n, code;
	char **v;

	while ((key = ctl_next(c)) != -1)
		secrets |= key == KEY_SECRETS;
	ctl_expect(c, 1, 1000, "a channel");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	return show_all(c, false, secrets, v, n);
}

/* ---- the rest ------------------------------------------------------------ */

int
command_channel_rm(struct ctl *c)
{
	char key[CHANNEL_NAME_MAX + 16];
	struct err e;
	int n, i, rc, code;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, 1000, "a channel");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	for (i = 0; i < n; i++) {
		rc = store_channel_delete(c->store, v[i], &e);
		if (rc == 0)
			err_set(&e, "there is no channel '%.64s'", v[i]);
		if (rc > 0) {
			(void)snprintf(key, sizeof(key), "channel:%s", v[i]);
			if (store_endpoint_delete(c->store, key, &e) >= 0)
				continue;
		}
		code = ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	return code;
}

static int
set_paused(struct ctl *c, const char *name, bool paused)
{
	struct edit d = {.allow_private = true};
	struct json *old;
	struct buf b;
	int code = 0;

	old = find_channel(c, name, &code);
	if (old == NULL)
		return code;
	buf_init(&b, 16);
	buf_adds(&b, paused ? "true" : "false");
	edit_put(c, &d, "paused", &b);
	buf_release(&b);
	code = apply(c, &d, old);
	json_free(old);
	edit_release(&d);
	return code;
}

int
command_channel_pause(struct ctl *c)
{
	int n, i, code, rc = 0;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, 1000, "a channel");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	for (i = 0; i < n; i++)
		if ((code = set_paused(c, v[i], true)) != 0)
			rc = code;
	return rc;
}

/* Enable the endpoint, and make due at once what waits for it. */
static int
resume(struct ctl *c, const char *name, struct err *e)
{
	static const enum delivery_status waiting[] = {
	    DELIVERY_PENDING, DELIVERY_RETRYING};
	char key[CHANNEL_NAME_MAX + 16];
	bool named = strchr(name, ':') == NULL;
	size_t i;

	(void)snprintf(key, sizeof(key), named ? "channel:%s" : "%s", name);
	if (store_endpoint_delete(c->store, key, e) < 0)
		return -1;
	for (i = 0; named && i < 2; i++) {
		struct store_delivery_filter f = {
		    .channel = name, .status = (int)waiting[i]};

		if (store_delivery_retry(c->store, &f, clock_now_ms(), e) < 0)
			return -1;
	}
	return 0;
}

int
command_channel_resume(struct ctl *c)
{
	struct err e;
	int n, i, code, rc = 0;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, 1000, "a channel");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	for (i = 0; i < n; i++) {
		if (strchr(v[i], ':') == NULL &&
		    (code = set_paused(c, v[i], false)) != 0)
			rc = code;
		else if (resume(c, v[i], &e) < 0)
			rc = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	}
	return rc;
}

/* pulse-send is what can send: the one beside this program, or of the path. */
int
command_channel_test(struct ctl *c)
{
	char path[4096];
	char *argv[8] = {(char *)"pulse-send", (char *)"--test"};
	bool allow_private = false;
	struct err e;
	ssize_t len;
	int key, n, i = 3;
	char **v, *slash;

	while ((key = ctl_next(c)) != -1)
		allow_private |= key == KEY_ALLOW_PRIVATE;
	ctl_expect(c, 1, 1, "a channel");
	v = ctl_operands(c, &n);
	argv[2] = v[0];
	if (c->common.db != NULL) {
		argv[i++] = (char *)"--db";
		argv[i++] = (char *)(uintptr_t)c->common.db;
	}
	if (allow_private)
		argv[i++] = (char *)"--allow-private";
	len = readlink("/proc/self/exe", path, sizeof(path) - 16);
	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		(void)snprintf(slash + 1, 16, "pulse-send");
		execv(path, argv);
	}
	execvp(argv[0], argv);
	err_set(&e, "pulse-send: %s", strerror(errno));
	return ctl_fail(c, EXIT_UNAVAILABLE, &e);
}
