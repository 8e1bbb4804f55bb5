/* pulse-ctl channel …: see the table of commands.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/filter.h"
#include "common/num.h"
#include "common/sign.h"
#include "pulse-ctl/channels.h"
#include "pulse-ctl/commands.h"
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

/* Put a new secret before the newest one, if there is one: both sign, until the
 * receiver knows the new one and the old one is unset. */
static void
rotate(struct ctl *c, struct edit *d, const char *newest)
{
	struct buf b;

	sign_secret_make(d->secret);
	buf_init(&b, 1024);
	buf_addf(&b, "[\"%s\"", d->secret);
	if (newest != NULL) {
		buf_addc(&b, ',');
		buf_adds_json(&b, newest);
	}
	buf_addc(&b, ']');
	edit_put(c, d, "secrets", &b);
	buf_release(&b);
}

/* The members of the edit as an object. */
static struct json *
edit_json(const struct edit *d, struct err *e)
{
	struct json *j = NULL;
	struct buf b;
	size_t i;

	buf_init(&b, CHANNEL_TEXT_MAX);
	buf_addc(&b, '{');
	for (i = 0; i < d->n; i++) {
		if (i > 0)
			buf_addc(&b, ',');
		buf_adds_json(&b, d->v[i].name);
		buf_addf(&b, ":%s", d->v[i].json);
	}
	buf_addc(&b, '}');
	if (buf_failed(&b))
		(void)err_set(e, "the channel is too large");
	else
		j = json_parse(b.p, b.len, e);
	buf_release(&b);
	return j;
}

static unsigned
parse_flags(const struct edit *d)
{
	return CHANNEL_ALLOW_LOCAL |
	       (d->allow_private ? CHANNEL_ALLOW_PRIVATE : 0);
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

static void
show_made(const struct stored_channel *s, const struct edit *d)
{
	struct buf b;

	buf_init(&b, 2 * CHANNEL_TEXT_MAX);
	channels_print(s, d->secrets, &b);
	/* A secret that was made is shown this once. */
	if (d->secret[0] != '\0' && !d->secrets && b.len > 0) {
		b.len--;
		buf_addf(&b, ",\"new_secret\":\"%s\"}", d->secret);
	}
	ctl_line(&b);
	buf_release(&b);
}

/* A program may come later, or be there for another user alone: no error. */
static void
warn_of_program(struct ctl *c, const struct channel *ch)
{
	const char *path;
	struct stat st;

	if (ch->kind != CHANNEL_KIND_EXEC || c->common.verbosity < 0)
		return;
	path = ch->args[0];
	if (access(path, X_OK) == 0) {
		if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			return;
		errno = EISDIR;
	}
	fprintf(stderr,
	    "%s: warning: %s: %s; deliveries through %s fail until it is a "
	    "program\n",
	    c->program.name, path, strerror(errno), ch->name);
}

/* Keep the channel, if its programs compile, and show it. */
static int
keep(struct ctl *c, struct stored_channel *s, const struct edit *d)
{
	struct err e;

	if (compile(&s->channel, &e) < 0)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	if (!c->common.dry_run && channels_put(c->store, s, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	show_made(s, d);
	warn_of_program(c, &s->channel);
	return 0;
}

/* ---- commands ------------------------------------------------------------ */

/* A JSON object on stdin, over what the options say. 0, or the exit code after
 * a message. */
static int
read_object(struct ctl *c, struct edit *d)
{
	struct json *j = NULL;
	struct buf b;
	struct err e;
	size_t i;

	buf_init(&b, CHANNEL_TEXT_MAX);
	if (ctl_read_file("-", CHANNEL_TEXT_MAX, &b, &e) == 0)
		j = json_parse(b.p != NULL ? b.p : "", b.len, &e);
	if (j != NULL && j->type != JSON_OBJECT)
		(void)err_set(&e, "a channel must be an object, not %s",
		    json_type_name(j));
	for (i = 0; j != NULL && j->type == JSON_OBJECT && i < j->len; i++) {
		buf_reset(&b);
		json_print(&j->items[i], &b);
		edit_put(c, d, j->keys[i], &b);
	}
	buf_release(&b);
	if (j != NULL && j->type == JSON_OBJECT) {
		json_free(j);
		return 0;
	}
	json_free(j);
	return ctl_fail(c, EXIT_SOME_FAILED, &e);
}

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

/* The channel that the edit makes. 0, or the exit code after a message. */
static int
make(struct ctl *c, struct stored_channel *s, struct edit *d)
{
	struct faults f;
	struct json *j;
	struct err e;
	int rc;

	*s = (struct stored_channel){.created_ms = 0};
	j = edit_json(d, &e);
	if (j == NULL)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	if (d->sign) {
		rotate(c, d, json_string(json_at(json_get(j, "secrets"), 0)));
		json_free(j);
		j = edit_json(d, &e);
		if (j == NULL)
			return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	faults_init(&f, "");
	rc = channel_parse(&s->channel, j, parse_flags(d), &f);
	json_free(j);
	return rc < 0 ? ctl_faults(c, &f) : 0;
}

/* 0 when the name is free, or the exit code after a message. */
static int
expect_none(struct ctl *c, const char *name)
{
	struct stored_channel old;
	struct err e;
	int rc = channels_get(c->store, name, &old, &e);

	if (rc == 0)
		return 0;
	if (rc < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	stored_channel_release(&old);
	(void)err_set(
	    &e, "there is a channel '%s' already: channel edit", name);
	return ctl_fail(c, EXIT_SOME_FAILED, &e);
}

int
command_channel_add(struct ctl *c)
{
	struct edit d = {.n = 0};
	struct stored_channel s;
	int n, code = 0;
	char **v;

	take_options(c, &d);
	ctl_expect(c, 0, CHANNEL_ARGS_MAX + 2, "NAME and KIND");
	v = ctl_operands(c, &n);
	if (n == 1)
		opt_usage_error(&c->program, "a KIND must follow the name");
	if (n > 0)
		take_operands(c, &d, v, n);
	else
		code = read_object(c, &d);
	if (code == 0 && (code = make(c, &s, &d)) == 0) {
		code = ctl_open(c, STORE_CREATE);
		if (code == 0)
			code = expect_none(c, s.channel.name);
		if (code == 0)
			code = keep(c, &s, &d);
		stored_channel_release(&s);
	}
	edit_release(&d);
	return code;
}

/* 0, or the exit code after a message. */
static int
find(struct ctl *c, const char *name, struct stored_channel *s)
{
	struct err e;
	int rc = channels_get(c->store, name, s, &e);

	if (rc > 0)
		return 0;
	if (rc < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	(void)err_set(&e, "there is no channel '%.64s'", name);
	return ctl_fail(c, EXIT_SOME_FAILED, &e);
}

static int
change(struct ctl *c, struct stored_channel *s, struct edit *d)
{
	struct faults f;
	struct json *j;
	struct err e;
	int rc;

	if (d->sign)
		rotate(c, d, s->channel.secrets[0]);
	j = edit_json(d, &e);
	if (j == NULL)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	faults_init(&f, "");
	rc = channel_update(&s->channel, j, parse_flags(d), &f);
	json_free(j);
	return rc < 0 ? ctl_faults(c, &f) : keep(c, s, d);
}

int
command_channel_edit(struct ctl *c)
{
	struct edit d = {.n = 0};
	struct stored_channel s;
	int n, code = 0;
	char **v;

	take_options(c, &d);
	ctl_expect(c, 1, 1, "a channel");
	v = ctl_operands(c, &n);
	if (d.n == 0 && !d.sign)
		code = read_object(c, &d);
	if (code == 0)
		code = ctl_open(c, 0);
	if (code == 0 && (code = find(c, v[0], &s)) == 0) {
		code = change(c, &s, &d);
		stored_channel_release(&s);
	}
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
	struct table table;
	bool tabular, secrets;
};

static void
show_row(struct showing *w, const struct stored_channel *s)
{
	const struct channel *ch = &s->channel;
	struct buf b;

	buf_init(&b, CHANNEL_TEXT_MAX);
	table_cell(&w->table, ch->name);
	table_cell(&w->table, channel_kind_name(ch->kind));
	table_cellf(&w->table, "%s%s%s", channels_state_name(s->state),
	    s->reason[0] != '\0' ? ": " : "", s->reason);
	if (ch->url != NULL)
		webhook_redact(ch->url, &b);
	else if (ch->nargs > 0)
		buf_adds(&b, ch->args[0]);
	table_cell(&w->table, b.p != NULL ? b.p : "");
	buf_release(&b);
}

static int
show(void *arg, const struct stored_channel *s, struct err *e)
{
	struct showing *w = arg;
	struct buf b;

	(void)e;
	if (w->tabular) {
		show_row(w, s);
		return 0;
	}
	buf_init(&b, 2 * CHANNEL_TEXT_MAX);
	channels_print(s, w->secrets, &b);
	ctl_line(&b);
	buf_release(&b);
	return 0;
}

int
command_channel_list(struct ctl *c)
{
	struct showing w = {.secrets = false};
	struct err e;
	int code;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	w.tabular = ctl_tabular(c);
	table_init(&w.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (channels_list(c->store, NULL, show, &w, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&w.table);
	table_release(&w.table);
	return code;
}

int
command_channel_show(struct ctl *c)
{
	struct showing w = {.tabular = false};
	struct stored_channel s;
	int key, n, i, code, rc = 0;
	char **v;

	while ((key = ctl_next(c)) != -1)
		w.secrets |= key == KEY_SECRETS;
	ctl_expect(c, 1, 1000, "a channel");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	for (i = 0; i < n; i++) {
		if ((code = find(c, v[i], &s)) != 0) {
			rc = code;
			continue;
		}
		(void)show(&w, &s, NULL);
		stored_channel_release(&s);
	}
	return rc;
}

/* ---- the rest ------------------------------------------------------------ */

/* Do fn to each operand; the last bad exit code. */
static int
each(struct ctl *c, int (*fn)(struct ctl *c, const char *name))
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
		if ((code = fn(c, v[i])) != 0)
			rc = code;
	return rc;
}

struct users {
	char quoted[CHANNEL_NAME_MAX + 2]; /* as a rule's list has the name */
	long n;
};

static int
count_user(void *arg, const struct rule *r, struct err *e)
{
	struct users *u = arg;

	(void)e;
	u->n += r->channels != NULL && strstr(r->channels, u->quoted) != NULL;
	return 0;
}

/* Rules that send through it would go on, into nothing: say so. */
static int
warn_of_users(struct ctl *c, const char *name, struct err *e)
{
	struct store_rule_filter all = {.active = -1, .unordered = true};
	struct users u = {.n = 0};

	(void)snprintf(u.quoted, sizeof(u.quoted), "\"%s\"", name);
	if (store_rule_list(c->store, &all, count_user, &u, e) < 0)
		return -1;
	if (u.n > 0)
		fprintf(stderr,
		    "%s: warning: %ld rule%s still name%s channel '%s': what "
		    "they raise for it will be dead\n",
		    c->program.name, u.n, u.n > 1 ? "s" : "",
		    u.n > 1 ? "" : "s", name);
	return 0;
}

static int
remove_one(struct ctl *c, const char *name)
{
	struct stored_channel s;
	struct err e;
	int code = find(c, name, &s);

	if (code != 0)
		return code;
	stored_channel_release(&s);
	if (warn_of_users(c, name, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	if (!c->common.dry_run && channels_delete(c->store, name, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	return 0;
}

int
command_channel_rm(struct ctl *c)
{
	return each(c, remove_one);
}

static int
set_paused(struct ctl *c, const char *name, bool paused)
{
	struct stored_channel s;
	struct err e;
	int code = find(c, name, &s);

	if (code != 0)
		return code;
	s.channel.paused = paused;
	if (!c->common.dry_run && channels_put(c->store, &s, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	stored_channel_release(&s);
	return code;
}

static int
pause_one(struct ctl *c, const char *name)
{
	return set_paused(c, name, true);
}

int
command_channel_pause(struct ctl *c)
{
	return each(c, pause_one);
}

static int
resume_one(struct ctl *c, const char *name)
{
	struct err e;
	int code = 0;

	/* What has a colon is a rule's own address, known by its key. */
	if (strchr(name, ':') == NULL)
		code = set_paused(c, name, false);
	if (code == 0 && !c->common.dry_run &&
	    channels_wake(c->store, name, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	return code;
}

int
command_channel_resume(struct ctl *c)
{
	return each(c, resume_one);
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
