/* pulse-ctl rule …: see the table of commands.c. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/channel.h"
#include "common/clock.h"
#include "common/lines.h"
#include "common/rules/rule_type.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/table.h"
#include "pulse-ctl/words.h"

/* ---- printing ------------------------------------------------------------ */

static const struct table_column columns[] = {
    {"ID", false},
    {"NAME", false},
    {"SYMBOL", false},
    {"INTERVAL", false},
    {"CONDITION", false},
    {"COOLDOWN", true},
    {"CHANNELS", false},
    {"STATE", false},
};

struct printing {
	struct ctl *c;
	struct table table;
	bool tabular, secrets;
	int64_t left; /* rules still to be printed; < 0: no end */
};

static void
printing_init(struct printing *p, struct ctl *c, bool secrets)
{
	*p = (struct printing){c, {0}, ctl_tabular(c), secrets, -1};
	table_init(&p->table, columns, sizeof(columns) / sizeof(columns[0]));
}

static void
printing_end(struct printing *p)
{
	table_flush(&p->table);
	table_release(&p->table);
}

/* As --cooldown takes it: "90s", "1h"; "-" for none. */
static void
print_cooldown(int32_t s, struct buf *b)
{
	static const struct {
		int32_t s;
		char unit;
	} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
	size_t i = 0;

	while (s % units[i].s != 0)
		i++;
	if (s == 0)
		buf_addc(b, '-');
	else
		buf_addf(b, "%d%c", (int)(s / units[i].s), units[i].unit);
}

/* "discord,generic,desk": where its alerts go. */
static void
add_channel_words(const struct rule *r, struct buf *b)
{
	const char *p = r->channels;

	if (r->discord_webhook_url != NULL)
		buf_adds(b, CHANNEL_DISCORD ",");
	if (r->generic_webhook_url != NULL)
		buf_adds(b, CHANNEL_GENERIC ",");
	/* Names need no escapes: of their list only brackets and quotes go. */
	for (; p != NULL && *p != '\0'; p++)
		if (strchr("[]\"", *p) == NULL)
			buf_addc(b, *p);
	if (b->len > 0 && b->p[b->len - 1] == ',')
		b->p[--b->len] = '\0';
}

static void
print_row(struct table *t, const struct rule *r)
{
	char id[UUID_TEXT_MAX];
	struct buf b;

	buf_init(&b, 1024);
	uuid_print(&r->id, id);
	table_cell(t, id);
	table_name(t, r->name);
	table_cell(t, r->symbol);
	table_cell(t, interval_name(r->interval));
	words_print(r, &b);
	table_cell(t, b.p != NULL ? b.p : "");
	buf_reset(&b);
	print_cooldown(r->cooldown_seconds, &b);
	table_cell(t, b.p);
	buf_reset(&b);
	add_channel_words(r, &b);
	table_cell(t, b.p != NULL ? b.p : "");
	table_cell(t, r->is_active ? "active" : "paused");
	buf_release(&b);
}

static int
print_rule(void *arg, const struct rule *r, struct err *e)
{
	struct printing *p = arg;
	struct buf b;
	int rc;

	if (p->left == 0)
		return 1;
	if (p->left > 0)
		p->left--;
	if (p->tabular) {
		print_row(&p->table, r);
		return 0;
	}
	buf_init(&b, RULE_TEXT_MAX);
	rc = rule_print(r, p->secrets, &b);
	if (rc == 0)
		ctl_line(&b);
	buf_release(&b);
	return rc < 0 ? err_set(e, "a rule is too long to be printed") : 0;
}

static void
print_one(struct ctl *c, const struct rule *r, bool secrets)
{
	struct printing p;

	printing_init(&p, c, secrets);
	(void)print_rule(&p, r, NULL);
	printing_end(&p);
}

/* ---- channels that are not there ----------------------------------------- */

static int
see_channel(void *arg, const struct store_channel *ch, struct err *e)
{
	(void)arg;
	(void)ch;
	(void)e;
	return 0;
}

/* Warn, once for each, of channels that the rule names and the store does not
 * have: they may be made later, and may be typing errors. said: the names so
 * far, each between newlines. */
static void
warn_channels(struct ctl *c, const struct rule *r, struct buf *said)
{
	char line[CHANNEL_NAME_MAX + 4];
	const char *name;
	struct json *j;
	size_t i;

	if (r->channels == NULL || c->store == NULL || c->common.verbosity < 0)
		return;
	j = json_parse(r->channels, strlen(r->channels), NULL);
	for (i = 0; (name = json_string(json_at(j, i))) != NULL; i++) {
		(void)snprintf(line, sizeof(line), "\n%s\n", name);
		if ((said->p != NULL && strstr(said->p, line) != NULL) ||
		    store_channel_get(
			c->store, name, see_channel, NULL, NULL) != 0)
			continue;
		buf_adds(said, line);
		fprintf(stderr,
		    "%s: there is no channel '%s' yet: pulse-ctl channel add "
		    "%s KIND\n",
		    c->program.name, name, name);
	}
	json_free(j);
}

static void
warn_channels_of(struct ctl *c, const struct rule *r)
{
	struct buf said;

	buf_init(&said, 4096);
	warn_channels(c, r, &said);
	buf_release(&said);
}

/* ---- options of a rule --------------------------------------------------- */

struct wish {
	const char *name, *symbol, *interval, *on;
	const char *discord_file, *webhook_file, *channels;
	int64_t cooldown_ms; /* -1: not given */
	bool no_discord, no_webhook, no_channel, inactive, allow_private,
	    secrets;
	bool any; /* something of the rule itself was given */
};

static bool
take_wish(struct ctl *c, struct wish *w, int key)
{
	const char *arg = c->options.arg;

	switch (key) {
	case KEY_ALLOW_PRIVATE:
		w->allow_private = true;
		return true;
	case KEY_SECRETS:
		w->secrets = true;
		return true;
	case KEY_NAME:
		w->name = arg;
		break;
	case KEY_SYMBOL:
		w->symbol = arg;
		break;
	case KEY_INTERVAL:
		w->interval = arg;
		break;
	case KEY_ON:
		w->on = arg;
		break;
	case KEY_COOLDOWN:
		w->cooldown_ms = ctl_duration_ms(
		    c, "--cooldown", 0, INT64_C(1000) * RULE_COOLDOWN_MAX);
		break;
	case KEY_DISCORD_FILE:
		w->discord_file = arg;
		break;
	case KEY_WEBHOOK_FILE:
		w->webhook_file = arg;
		break;
	case KEY_NO_DISCORD:
		w->no_discord = true;
		break;
	case KEY_NO_WEBHOOK:
		w->no_webhook = true;
		break;
	case KEY_CHANNEL:
		w->channels = arg;
		break;
	case KEY_NO_CHANNEL:
		w->no_channel = true;
		break;
	case KEY_INACTIVE:
		w->inactive = true;
		break;
	default:
		return false;
	}
	w->any = true;
	return true;
}

static void
read_wish(struct ctl *c, struct wish *w)
{
	int key;

	*w = (struct wish){.cooldown_ms = -1};
	while ((key = ctl_next(c)) != -1)
		(void)take_wish(c, w, key);
	w->allow_private = w->allow_private || ctl_private_allowed();
}

static void
add_text(struct buf *b, const char *member, const char *value)
{
	if (value == NULL)
		return;
	buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", member);
	buf_adds_json(b, value);
}

static int
add_url(struct buf *b, const char *member, const char *file, bool none,
    struct err *e)
{
	struct buf url;
	int rc = 0;

	if (none)
		buf_addf(b, "%s\"%s\":null", b->len > 1 ? "," : "", member);
	if (file == NULL)
		return 0;
	buf_init(&url, RULE_URL_LEN_MAX + 2);
	rc = ctl_read_secret(file, RULE_URL_LEN_MAX, &url, e);
	if (rc == 0)
		add_text(b, member, url.p);
	buf_release(&url);
	return rc;
}

/* "desk,ops" as a list. */
static void
add_channels(struct buf *b, const struct wish *w)
{
	const char *s = w->channels;
	size_t n;

	if (s == NULL && !w->no_channel)
		return;
	buf_addf(b, "%s\"channels\":", b->len > 1 ? "," : "");
	if (s == NULL) {
		buf_adds(b, "null");
		return;
	}
	for (buf_addc(b, '[');; s += n + 1) {
		n = strcspn(s, ",");
		buf_add_json(b, s, n);
		if (s[n] == '\0')
			break;
		buf_addc(b, ',');
	}
	buf_addc(b, ']');
}

/* "on" as given stands in the config: put it there, before the last brace,
 * unless the words said so already. */
static int
add_condition(
    struct buf *b, const struct wish *w, const char *text, struct err *e)
{
	static const char member[] = "\"on\":\"";
	const char *said;
	size_t from, n;

	if (text == NULL)
		return 0;
	if (b->len > 1)
		buf_addc(b, ',');
	from = b->len;
	if (words_parse(text, b, e) < 0)
		return -1;
	if (w->on == NULL)
		return 0;
	said = strstr(b->p + from, member);
	if (said != NULL) {
		said += sizeof(member) - 1;
		n = strcspn(said, "\"");
		if (strlen(w->on) != n || strncmp(said, w->on, n) != 0)
			return err_set(e,
			    "the condition says on %.*s, --on says %s", (int)n,
			    said, w->on);
		return 0;
	}
	b->len--;
	buf_adds(b, ",\"on\":");
	buf_adds_json(b, w->on);
	return buf_addc(b, '}');
}

/* The JSON that the options and words make. */
static int
wish_print(const struct wish *w, const char *symbol, const char *condition,
    struct buf *b, struct err *e)
{
	buf_addc(b, '{');
	add_text(b, "name", w->name);
	add_text(b, "symbol", symbol);
	add_text(b, "interval", w->interval);
	if (w->cooldown_ms >= 0)
		buf_addf(b, "%s\"cooldown_seconds\":%lld",
		    b->len > 1 ? "," : "", (long long)(w->cooldown_ms / 1000));
	if (w->inactive)
		buf_addf(b, "%s\"is_active\":false", b->len > 1 ? "," : "");
	add_channels(b, w);
	if (add_url(b, "discord_webhook_url", w->discord_file, w->no_discord,
		e) < 0 ||
	    add_url(b, "generic_webhook_url", w->webhook_file, w->no_webhook,
		e) < 0 ||
	    add_condition(b, w, condition, e) < 0)
		return -1;
	return buf_addc(b, '}');
}

/* The operands from the i-th on as one text (NULL: none). */
static const char *
join_operands(struct ctl *c, int from, struct buf *b)
{
	int n, i;
	char **v = ctl_operands(c, &n);

	for (i = from; i < n; i++)
		buf_addf(b, "%s%s", i > from ? " " : "", v[i]);
	return n > from ? b->p : NULL;
}

/* ---- rule add ------------------------------------------------------------ */

/* The JSON of the rule to add: from words, or stdin. */
static int
added_json(struct ctl *c, struct wish *w, struct buf *text, struct err *e)
{
	struct buf words, name;
	const char *condition, *interval;
	int n, rc;
	char **v = ctl_operands(c, &n);

	if (n == 0 || (n == 1 && strcmp(v[0], "-") == 0)) {
		if (w->any)
			opt_usage_error(&c->program,
			    "JSON on stdin says everything: give SYMBOL and "
			    "CONDITION with these options");
		return ctl_read_file("-", RULE_TEXT_MAX, text, e);
	}
	if (n < 2)
		opt_usage_error(&c->program, "the condition is missing");
	buf_init(&words, 4096);
	buf_init(&name, 4096);
	interval = ctl_split_series(c, v[0]);
	if (w->interval == NULL)
		w->interval = interval;
	else if (interval != NULL && strcmp(interval, w->interval) != 0)
		opt_usage_error(&c->program, "%s:%s and --interval %s differ",
		    v[0], interval, w->interval);
	condition = join_operands(c, 1, &words);
	if (w->name == NULL) {
		buf_addf(&name, "%s %s", v[0], condition);
		w->name = name.p;
	}
	rc = wish_print(w, v[0], condition, text, e);
	buf_release(&words);
	buf_release(&name);
	return rc;
}

int
command_rule_add(struct ctl *c)
{
	struct rule r;
	struct faults f;
	struct wish w;
	struct json *j;
	struct buf text;
	struct err e;
	int code;

	read_wish(c, &w);
	buf_init(&text, RULE_TEXT_MAX);
	if (added_json(c, &w, &text, &e) < 0 ||
	    (j = json_parse(text.p != NULL ? text.p : "", text.len, &e)) ==
		NULL) {
		buf_release(&text);
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	faults_init(&f, "");
	code = rule_parse(
		   &r, j, RULE_CREATED, w.allow_private, clock_now_ms(), &f) < 0
		   ? ctl_faults(c, &f)
		   : 0;
	json_free(j);
	buf_release(&text);
	if (code != 0)
		return code;
	if (!c->common.dry_run) {
		code = ctl_open(c, STORE_CREATE);
		if (code == 0 && store_rule_put(c->store, &r, &e) < 0)
			code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	}
	if (code == 0) {
		print_one(c, &r, w.secrets);
		warn_channels_of(c, &r);
	}
	rule_release(&r);
	return code;
}

/* ---- rule list, show ----------------------------------------------------- */

static bool
take_filter(struct ctl *c, struct store_rule_filter *f, int key)
{
	switch (key) {
	case KEY_SYMBOL:
		f->symbol = c->options.arg;
		return true;
	case KEY_TYPE:
		f->rule_type = c->options.arg;
		if (rule_type_find(f->rule_type) == NULL)
			opt_usage_error(&c->program,
			    "--type: '%s' is no rule type", f->rule_type);
		return true;
	case KEY_ACTIVE:
		f->active = 1;
		return true;
	case KEY_PAUSED:
		f->active = 0;
		return true;
	default:
		return false;
	}
}

int
command_rule_list(struct ctl *c)
{
	struct store_rule_filter f = {.active = -1};
	bool secrets = false;
	struct printing p;
	struct err e;
	int key, code;

	while ((key = ctl_next(c)) != -1) {
		if (key == 'l')
			f.limit = ctl_number(c, "--limit", 0, INT64_MAX);
		else if (key == KEY_SECRETS)
			secrets = true;
		else
			(void)take_filter(c, &f, key);
	}
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	printing_init(&p, c, secrets);
	if (store_rule_list(c->store, &f, print_rule, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	printing_end(&p);
	return code;
}

/* When the last of the bars that are missing will have closed, if none of
 * them can be fetched. */
static int64_t
warm_by(struct ctl *c, const struct rule *r, int64_t missing)
{
	int64_t step = interval_step(r->interval), last;

	if (store_candle_last(c->store, r->symbol, r->interval, &last, NULL) !=
	    1)
		last = interval_open(r->interval, clock_now_ms()) - step;
	return last + (missing + 1) * step;
}

/* Say, beside the record, whether a rule with an indicator can fire already
 * and, if not, when. */
static void
say_warm(struct ctl *c, const struct rule *r)
{
	const struct store_candle_filter f = {
	    .symbol = r->symbol, .interval = r->interval, .to_ms = INT64_MAX};
	int64_t have, need = rule_first(r);
	char when[CLOCK_TEXT_MAX];

	if (need == 0 || c->common.verbosity < 0)
		return;
	fprintf(stderr, "%s: %s: ", c->program.name, r->name);
	if (strcmp(r->symbol, RULE_ANY_SYMBOL) == 0) {
		fprintf(stderr,
		    "warm on each symbol after %" PRId64
		    " closed %s bars of it\n",
		    need, interval_name(r->interval));
		return;
	}
	if (store_candle_count(c->store, &f, &have, NULL) < 0)
		have = 0;
	if (have >= need) {
		fprintf(stderr,
		    "warm (%" PRId64 " closed bars, %" PRId64
		    " needed, %d until the beginning no longer shows)\n",
		    have, need, rule_warmup(r));
		return;
	}
	clock_print(warm_by(c, r, need - have), when);
	fprintf(stderr,
	    "not warm: %" PRId64 " closed %s bars of %s, %" PRId64
	    " needed; by %s, or as soon as they are fetched\n",
	    have, interval_name(r->interval), r->symbol, need, when);
}

int
command_rule_show(struct ctl *c)
{
	bool secrets = false;
	struct rule r;
	struct err e;
	int key, n, i, code, worst = 0;
	char **v;

	while ((key = ctl_next(c)) != -1)
		secrets = secrets || key == KEY_SECRETS;
	ctl_expect(c, 1, -1, "a rule");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	/* "Whole" means JSON on a terminal too. */
	c->json = true;
	v = ctl_operands(c, &n);
	for (i = 0; i < n; i++) {
		if (ctl_find_rule(c, v[i], &r, &e) < 0) {
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
			continue;
		}
		print_one(c, &r, secrets);
		say_warm(c, &r);
		rule_release(&r);
	}
	return worst;
}

/* ---- rule edit ----------------------------------------------------------- */

/* The partial update as JSON: from options and words, else from stdin. */
static int
edited_json(struct ctl *c, const struct wish *w, const struct rule *r,
    struct buf *text, struct err *e)
{
	struct buf words, config;
	const char *condition;
	int rc;

	buf_init(&words, 4096);
	condition = join_operands(c, 1, &words);
	if (condition != NULL && strcmp(condition, "-") == 0)
		condition = NULL;
	if (condition == NULL && !w->any) {
		buf_release(&words);
		return ctl_read_file("-", RULE_TEXT_MAX, text, e);
	}
	/* --on alone: the condition stays as it is. */
	buf_init(&config, 4096);
	if (condition == NULL && w->on != NULL) {
		char *on;

		words_print(r, &config);
		on = config.p != NULL ? strstr(config.p, " on ") : NULL;
		if (on != NULL)
			*on = '\0';
		condition = config.p;
	}
	rc = wish_print(w, w->symbol, condition, text, e);
	buf_release(&words);
	buf_release(&config);
	return rc;
}

static int
edit(struct ctl *c, const struct wish *w, struct rule *r)
{
	struct buf text;
	struct json *j;
	struct faults f;
	struct err e;
	int code = 0;

	buf_init(&text, RULE_TEXT_MAX);
	if (edited_json(c, w, r, &text, &e) < 0 ||
	    (j = json_parse(text.p != NULL ? text.p : "", text.len, &e)) ==
		NULL) {
		buf_release(&text);
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	faults_init(&f, "");
	if (rule_update(r, j, w->allow_private, clock_now_ms(), &f) < 0)
		code = ctl_faults(c, &f);
	else if (!c->common.dry_run && store_rule_put(c->store, r, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	json_free(j);
	buf_release(&text);
	if (code == 0) {
		print_one(c, r, w->secrets);
		if (w->channels != NULL || !w->any)
			warn_channels_of(c, r);
	}
	return code;
}

int
command_rule_edit(struct ctl *c)
{
	struct wish w;
	struct rule r;
	struct err e;
	int n, code;
	char **v;

	read_wish(c, &w);
	ctl_expect(c, 1, -1, "a rule");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (ctl_find_rule(c, v[0], &r, &e) < 0)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	code = edit(c, &w, &r);
	rule_release(&r);
	return code;
}

/* ---- rule rm, enable, disable -------------------------------------------- */

static int
remove_rule(struct ctl *c, struct rule *r, struct err *e)
{
	if (c->common.dry_run)
		return 0;
	return store_rule_delete(c->store, &r->id, e);
}

static int
switch_rule(struct ctl *c, struct rule *r, bool on, struct err *e)
{
	const char *text =
	    on ? "{\"is_active\":true}" : "{\"is_active\":false}";
	struct json *j = json_parse(text, strlen(text), e);
	struct faults f;
	int rc = -1;

	if (j == NULL)
		return -1;
	faults_init(&f, "");
	/* The URLs it has are not judged again: the rule exists. */
	if (rule_update(r, j, true, clock_now_ms(), &f) < 0)
		err_set(e, "%s: %s", r->name, f.n > 0 ? f.v[0].msg : "?");
	else
		rc = c->common.dry_run ? 0 : store_rule_put(c->store, r, e);
	json_free(j);
	return rc;
}

enum change {
	CHANGE_REMOVE,
	CHANGE_ENABLE,
	CHANGE_DISABLE,
};

/* Do it to each rule named; what cannot be found or done is said, the others
 * are done. */
static int
change_each(struct ctl *c, enum change what)
{
	int n, i, rc, code, worst = 0;
	struct rule r;
	struct err e;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, -1, "a rule");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	v = ctl_operands(c, &n);
	for (i = 0; i < n; i++) {
		if (ctl_find_rule(c, v[i], &r, &e) < 0) {
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
			continue;
		}
		rc = what == CHANGE_REMOVE
			 ? remove_rule(c, &r, &e)
			 : switch_rule(c, &r, what == CHANGE_ENABLE, &e);
		if (rc < 0)
			worst = ctl_fail(c, EXIT_UNAVAILABLE, &e);
		else
			print_one(c, &r, false);
		rule_release(&r);
	}
	return worst;
}

int
command_rule_rm(struct ctl *c)
{
	return change_each(c, CHANGE_REMOVE);
}

int
command_rule_enable(struct ctl *c)
{
	return change_each(c, CHANGE_ENABLE);
}

int
command_rule_disable(struct ctl *c)
{
	return change_each(c, CHANGE_DISABLE);
}

/* ---- rule import --------------------------------------------------------- */

#define IMPORT_BYTES_MAX ((size_t)1024 * 1024 * 1024)

struct import {
	struct ctl *c;
	bool allow_private;
	int64_t now_ms;
	struct rule *v;
	size_t n, cap;
	uint64_t faulty;
};

static int
import_keep(struct import *im, const struct rule *r, struct err *e)
{
	if (im->n == im->cap) {
		size_t cap = im->cap > 0 ? im->cap * 2 : 64;
		struct rule *v = realloc(im->v, cap * sizeof(*v));

		if (v == NULL)
			return err_set(e, "out of memory");
		im->v = v;
		im->cap = cap;
	}
	im->v[im->n++] = *r;
	return 0;
}

/* One rule's JSON; where it stood, for the faults. */
static int
import_json(
    struct import *im, const struct json *j, const char *where, struct err *e)
{
	struct faults f;
	struct rule r;

	faults_init(&f, where);
	if (rule_parse(
		&r, j, RULE_IMPORTED, im->allow_private, im->now_ms, &f) < 0) {
		im->faulty++;
		(void)ctl_faults(im->c, &f);
		return 0;
	}
	if (import_keep(im, &r, e) < 0) {
		rule_release(&r);
		return -1;
	}
	return 0;
}

static int
import_array(struct import *im, const struct json *j, struct err *e)
{
	char where[32];
	size_t i;

	for (i = 0; i < j->len; i++) {
		(void)snprintf(where, sizeof(where), "rules[%zu]", i);
		if (import_json(im, &j->items[i], where, e) < 0)
			return -1;
	}
	return 0;
}

/* NDJSON: each line is a rule (or an array of them). */
static int
import_lines(struct import *im, const char *text, size_t n, struct err *e)
{
	const char *p = text, *end = text + n;
	uint64_t number;
	char where[32];

	for (number = 1; p < end; number++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((nl != NULL ? nl : end) - p);
		struct json *j;
		struct err fault;

		(void)snprintf(where, sizeof(where), "line %llu",
		    (unsigned long long)number);
		if (strspn(p, " \t\r") < len) {
			j = json_parse(p, len, &fault);
			if (j == NULL) {
				im->faulty++;
				err_prefix(&fault, "%s", where);
				(void)ctl_fail(im->c, 0, &fault);
			} else if (import_json(im, j, where, e) < 0) {
				json_free(j);
				return -1;
			}
			json_free(j);
		}
		p += len + 1;
	}
	return 0;
}

static int
import_text(struct import *im, const char *text, size_t n, struct err *e)
{
	struct json *j;
	struct err fault;
	int rc;

	j = json_parse(text, n, &fault);
	/* Lines that are each a text of their own are no JSON as a whole. */
	if (j == NULL && text[strspn(text, " \t\r\n")] != '[')
		return import_lines(im, text, n, e);
	if (j == NULL) {
		*e = fault;
		return -1;
	}
	rc = j->type == JSON_ARRAY ? import_array(im, j, e)
				   : import_json(im, j, "rule", e);
	json_free(j);
	return rc;
}

static int
by_id(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;

	return uuid_cmp(&(*x)->id, &(*y)->id);
}

/* One id twice in a file would silently keep one of the two. */
static int
import_twins(struct import *im, struct err *e)
{
	const struct rule **v = calloc(im->n > 0 ? im->n : 1, sizeof(*v));
	char id[UUID_TEXT_MAX];
	size_t i;

	if (v == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < im->n; i++)
		v[i] = &im->v[i];
	qsort(v, im->n, sizeof(*v), by_id);
	for (i = 1; i < im->n; i++) {
		if (uuid_cmp(&v[i - 1]->id, &v[i]->id) != 0)
			continue;
		uuid_print(&v[i]->id, id);
		fprintf(stderr, "%s: the id %s is given twice\n",
		    im->c->program.name, id);
		im->faulty++;
	}
	free(v);
	return 0;
}

static int
import_write(struct import *im, struct err *e)
{
	struct store *st = im->c->store;
	size_t i;

	if (store_begin(st, true, e) < 0)
		return -1;
	for (i = 0; i < im->n; i++) {
		if (store_rule_put(st, &im->v[i], e) < 0) {
			store_rollback(st);
			return -1;
		}
	}
	return store_commit(st, e);
}

static int
import_run(struct import *im, struct buf *text, struct err *e)
{
	struct buf said;
	size_t i;

	if (import_text(im, text->p != NULL ? text->p : "", text->len, e) < 0 ||
	    import_twins(im, e) < 0)
		return ctl_fail(im->c, EXIT_SOME_FAILED, e);
	if (im->faulty > 0) {
		fprintf(stderr,
		    "%s: %llu of %llu rules at fault: nothing was written\n",
		    im->c->program.name, (unsigned long long)im->faulty,
		    (unsigned long long)(im->faulty + im->n));
		return EXIT_SOME_FAILED;
	}
	if (!im->c->common.dry_run && import_write(im, e) < 0)
		return ctl_fail(im->c, EXIT_UNAVAILABLE, e);
	buf_init(&said, 4096);
	for (i = 0; i < im->n; i++) {
		if (!ctl_tabular(im->c))
			print_one(im->c, &im->v[i], false);
		warn_channels(im->c, &im->v[i], &said);
	}
	buf_release(&said);
	if (im->c->common.verbosity >= 0)
		fprintf(stderr, "%s: %zu rules%s\n", im->c->program.name, im->n,
		    im->c->common.dry_run ? " would be written" : "");
	return 0;
}

int
command_rule_import(struct ctl *c)
{
	struct import im = {.c = c};
	struct buf text;
	struct err e;
	int key, n, code;
	char **v;
	size_t i;

	while ((key = ctl_next(c)) != -1)
		im.allow_private = im.allow_private || key == KEY_ALLOW_PRIVATE;
	im.allow_private = im.allow_private || ctl_private_allowed();
	im.now_ms = clock_now_ms();
	ctl_expect(c, 0, 1, "");
	v = ctl_operands(c, &n);
	buf_init(&text, IMPORT_BYTES_MAX);
	if (ctl_read_file(n > 0 ? v[0] : "-", IMPORT_BYTES_MAX, &text, &e) < 0)
		code = ctl_fail(c, EXIT_SOME_FAILED, &e);
	else if ((code = ctl_open(c, STORE_CREATE)) == 0)
		code = import_run(&im, &text, &e);
	for (i = 0; i < im.n; i++)
		rule_release(&im.v[i]);
	free(im.v);
	buf_release(&text);
	return code;
}

/* ---- rule export --------------------------------------------------------- */

static int
export_named(struct ctl *c, bool secrets)
{
	int n, i, worst = 0;
	char **v = ctl_operands(c, &n);
	struct rule r;
	struct err e;

	for (i = 0; i < n; i++) {
		if (ctl_find_rule(c, v[i], &r, &e) < 0) {
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
			continue;
		}
		print_one(c, &r, secrets);
		rule_release(&r);
	}
	return worst;
}

int
command_rule_export(struct ctl *c)
{
	struct store_rule_filter f = {.active = -1};
	bool secrets = true;
	struct printing p;
	struct err e;
	int key, n, code;

	while ((key = ctl_next(c)) != -1) {
		if (key == KEY_REDACT)
			secrets = false;
		else
			(void)take_filter(c, &f, key);
	}
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	c->json = true;
	(void)ctl_operands(c, &n);
	if (n > 0)
		return export_named(c, secrets);
	printing_init(&p, c, secrets);
	if (store_rule_list(c->store, &f, print_rule, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	printing_end(&p);
	return code;
}
