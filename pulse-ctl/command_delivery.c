/* pulse-ctl delivery …: see the table of commands.c. */
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

static const struct table_column columns[] = {
    {"CREATED", false},
    {"CHANNEL", false},
    {"STATUS", false},
    {"TRIES", true},
    {"NEXT TRY", false},
    {"ERROR", false},
    {"ID", false},
};

struct printing {
	struct table table;
	bool tabular;
};

static void
print_row(struct table *t, const struct store_delivery *d)
{
	bool open =
	    d->status == DELIVERY_PENDING || d->status == DELIVERY_RETRYING;
	char id[UUID_TEXT_MAX];
	struct buf b;

	buf_init(&b, 64);
	ctl_print_time(d->created_ms, &b);
	table_cell(t, b.p);
	table_cell(t, d->channel);
	table_cell(t, delivery_status_name(d->status));
	table_cellf(t, "%lld", (long long)d->attempts);
	buf_reset(&b);
	ctl_print_time(open ? d->next_attempt_ms : 0, &b);
	table_cell(t, b.p);
	table_cell(t, d->last_error != NULL ? d->last_error : "");
	uuid_print(&d->id, id);
	table_cell(t, id);
	buf_release(&b);
}

static int
print_delivery(void *arg, const struct store_delivery *d, struct err *e)
{
	struct printing *p = arg;
	struct buf b;

	(void)e;
	if (p->tabular) {
		print_row(&p->table, d);
		return 0;
	}
	buf_init(&b, RECORD_TEXT_MAX);
	record_delivery(d, &b);
	if (!buf_failed(&b))
		ctl_line(&b);
	buf_release(&b);
	return 0;
}

/* What was asked for; texts that need the store are kept until it is open. */
struct asked {
	struct store_delivery_filter f;
	struct uuid alert_id, rule_id;
	const char *rule;
	bool all, any;
};

static void
take_asked(struct ctl *c, struct asked *a, int key)
{
	const char *arg = c->options.arg;

	a->any = a->any || key != KEY_ALL;
	if (key == KEY_ALL) {
		a->all = true;
	} else if (key == KEY_ALERT) {
		if (uuid_parse(&a->alert_id, arg, strlen(arg)) < 0)
			opt_usage_error(
			    &c->program, "--alert: '%s' is no alert id", arg);
		a->f.alert_id = &a->alert_id;
	} else if (key == KEY_RULE) {
		a->rule = arg;
	} else if (key == KEY_CHANNEL) {
		a->f.channel = arg;
	} else if (key == KEY_SINCE) {
		a->f.since_ms = ctl_time_ms(c, "--since");
	} else if (key == KEY_UNTIL) {
		a->f.until_ms = ctl_time_ms(c, "--until");
	}
}

static int
open_asked(struct ctl *c, struct asked *a, unsigned flags)
{
	struct rule r;
	struct err e;
	int code = ctl_open(c, flags);

	if (code != 0 || a->rule == NULL)
		return code;
	if (ctl_find_rule(c, a->rule, &r, &e) < 0)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	a->rule_id = r.id;
	a->f.rule_id = &a->rule_id;
	rule_release(&r);
	return 0;
}

int
command_delivery_list(struct ctl *c)
{
	struct asked a = {.f = {.status = -1, .limit = 50}};
	struct printing p = {.tabular = false};
	struct err e;
	int key, code;

	while ((key = ctl_next(c)) != -1) {
		if (key == 'l') {
			a.f.limit = ctl_number(c, "--limit", 0, INT64_MAX);
		} else if (key == KEY_STATUS) {
			a.f.status = delivery_status_find(c->options.arg);
			if (a.f.status < 0)
				opt_usage_error(&c->program,
				    "--status: '%s' is none of pending, "
				    "retrying, delivered, dead, held",
				    c->options.arg);
		} else {
			take_asked(c, &a, key);
		}
	}
	ctl_expect(c, 0, 0, "");
	if ((code = open_asked(c, &a, 0)) != 0)
		return code;
	p.tabular = ctl_tabular(c);
	table_init(&p.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (store_delivery_list(c->store, &a.f, print_delivery, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&p.table);
	table_release(&p.table);
	return code;
}

int
command_delivery_show(struct ctl *c)
{
	struct printing p = {.tabular = false};
	int n, i, rc, code, worst = 0;
	struct uuid id;
	struct err e;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, -1, "a delivery's id");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	v = ctl_operands(c, &n);
	for (i = 0; i < n; i++) {
		rc = 0;
		err_set(&e, "no delivery has the id '%s'", v[i]);
		if (uuid_parse(&id, v[i], strlen(v[i])) == 0)
			rc = store_delivery_get(
			    c->store, &id, print_delivery, &p, &e);
		if (rc <= 0)
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	return worst;
}

/* ---- retry, drop --------------------------------------------------------- */

typedef int change_fn(struct store *st, const struct store_delivery_filter *f,
    int64_t now_ms, struct err *e);

struct found {
	struct uuid alert_id;
	char channel[80];
};

static int
note_found(void *arg, const struct store_delivery *d, struct err *e)
{
	struct found *f = arg;

	(void)e;
	f->alert_id = d->alert_id;
	(void)snprintf(f->channel, sizeof(f->channel), "%s", d->channel);
	return 0;
}

/* One delivery by its id: alert and channel name it too. */
static int
change_one(struct ctl *c, const char *text, change_fn *change, struct err *e)
{
	struct store_delivery_filter f = {.status = -1};
	struct found found;
	struct uuid id;
	int rc = 0;

	if (uuid_parse(&id, text, strlen(text)) == 0)
		rc = store_delivery_get(c->store, &id, note_found, &found, e);
	if (rc == 0)
		return err_set(e, "no delivery has the id '%s'", text);
	if (rc < 0)
		return -1;
	f.alert_id = &found.alert_id;
	f.channel = found.channel;
	return c->common.dry_run ? 1 : change(c->store, &f, clock_now_ms(), e);
}

static int
count_asked(struct ctl *c, struct asked *a, struct err *e)
{
	int64_t n = 0;

	if (store_delivery_count(c->store, &a->f, &n, e) < 0)
		return -1;
	return (int)n;
}

static int
change_many(struct ctl *c, change_fn *change, const char *done)
{
	struct asked a = {.f = {.status = -1}};
	int key, n, i, rc, code, worst = 0;
	long total = 0;
	struct err e;
	char **v;

	while ((key = ctl_next(c)) != -1)
		take_asked(c, &a, key);
	v = ctl_operands(c, &n);
	if (n == 0 && !a.all && !a.any)
		opt_usage_error(
		    &c->program, "say which: ids, a filter, or --all");
	if ((code = open_asked(c, &a, 0)) != 0)
		return code;
	for (i = 0; i < n; i++) {
		rc = change_one(c, v[i], change, &e);
		if (rc < 0)
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
		else
			total += rc;
	}
	if (n == 0) {
		rc = c->common.dry_run
			 ? count_asked(c, &a, &e)
			 : change(c->store, &a.f, clock_now_ms(), &e);
		if (rc < 0)
			return ctl_fail(c, EXIT_UNAVAILABLE, &e);
		total = rc;
	}
	if (c->common.verbosity >= 0)
		fprintf(stderr, "%s: %ld %s%s\n", c->program.name, total,
		    c->common.dry_run ? "at most would be " : "", done);
	return worst;
}

int
command_delivery_retry(struct ctl *c)
{
	return change_many(c, store_delivery_retry, "due again");
}

int
command_delivery_drop(struct ctl *c)
{
	return change_many(c, store_delivery_drop, "dropped");
}
