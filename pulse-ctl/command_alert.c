/* pulse-ctl alert …: see the table of commands.c. */
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/alert.h"
#include "common/clock.h"
#include "common/sig.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

/* How often tail looks for new alerts: their number is one cheap query. */
#define TAIL_POLL_MS 50
#define TAIL_PAGE    256

static const struct table_column columns[] = {
    {"TRIGGERED", false},
    {"SYMBOL", false},
    {"RULE", false},
    {"MESSAGE", false},
    {"DELIVERY", false},
    {"ID", false},
};

struct printing {
	struct table table;
	bool tabular;
	/* Of tail: only these, and where the last one stood. */
	const struct uuid *rule_id;
	const char *symbol;
	int64_t seq;
};

static void
printing_init(struct printing *p, struct ctl *c)
{
	*p = (struct printing){.tabular = ctl_tabular(c)};
	table_init(&p->table, columns, sizeof(columns) / sizeof(columns[0]));
}

static void
print_row(struct table *t, const struct store_alert *a)
{
	struct alert_record r;
	char id[UUID_TEXT_MAX];
	struct err e;
	struct buf b;

	if (alert_record_parse(&r, a->record, a->record_len, &e) < 0)
		return;
	buf_init(&b, 64);
	ctl_print_time(a->triggered_ms, &b);
	table_cell(t, b.p);
	table_cell(t, a->symbol);
	table_name(t, r.rule_name);
	table_cell(t, r.message);
	table_cellf(t, "%s%s", a->delivery_status, a->late ? " (late)" : "");
	uuid_print(&a->id, id);
	table_cell(t, id);
	buf_release(&b);
	alert_record_release(&r);
}

static int
print_alert(void *arg, const struct store_alert *a, struct err *e)
{
	struct printing *p = arg;
	struct buf b;

	if (p->tabular) {
		print_row(&p->table, a);
		return 0;
	}
	buf_init(&b, RECORD_TEXT_MAX);
	record_alert(a, &b);
	if (!buf_failed(&b))
		ctl_line(&b);
	(void)e;
	buf_release(&b);
	return 0;
}

/* The rule that --rule names. 0, or the exit code after a message. */
static int
find_rule_id(struct ctl *c, const char *name, struct uuid *id)
{
	struct rule r;
	struct err e;

	if (ctl_find_rule(c, name, &r, &e) < 0)
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	*id = r.id;
	rule_release(&r);
	return 0;
}

/* The store compares the word as it is: a misspelt one would fit nothing. */
static const char *
status_asked(struct ctl *c)
{
	static const char *const words[] = {
	    "pending", "delivered", "failed", "none"};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(c->options.arg, words[i]) == 0)
			return words[i];
	opt_usage_error(&c->program,
	    "--status: '%s' is none of pending, delivered, failed, none",
	    c->options.arg);
}

int
command_alert_list(struct ctl *c)
{
	struct store_alert_filter f = {.limit = 50};
	const char *rule = NULL;
	struct printing p;
	struct uuid id;
	struct err e;
	int key, code;

	while ((key = ctl_next(c)) != -1) {
		if (key == 'l')
			f.limit = ctl_number(c, "--limit", 0, INT64_MAX);
		else if (key == KEY_RULE)
			rule = c->options.arg;
		else if (key == KEY_SYMBOL)
			f.symbol = c->options.arg;
		else if (key == KEY_STATUS)
			f.delivery_status = status_asked(c);
		else if (key == KEY_SINCE)
			f.since_ms = ctl_time_ms(c, "--since");
		else if (key == KEY_UNTIL)
			f.until_ms = ctl_time_ms(c, "--until");
	}
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (rule != NULL) {
		if ((code = find_rule_id(c, rule, &id)) != 0)
			return code;
		f.rule_id = &id;
	}
	printing_init(&p, c);
	if (store_alert_list(c->store, &f, print_alert, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&p.table);
	table_release(&p.table);
	return code;
}

/* ---- alert show ---------------------------------------------------------- */

struct whole {
	struct ctl *c;
	struct buf out;
};

static int
whole_alert(void *arg, const struct store_alert *a, struct err *e)
{
	struct whole *w = arg;

	return record_alert_whole(w->c->store, a, &w->out, e);
}

int
command_alert_show(struct ctl *c)
{
	int n, i, rc, code, worst = 0;
	struct uuid id;
	struct err e;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, -1, "an alert's id");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	v = ctl_operands(c, &n);
	for (i = 0; i < n; i++) {
		struct whole w = {.c = c};

		buf_init(&w.out, RECORD_WHOLE_MAX);
		if (uuid_parse(&id, v[i], strlen(v[i])) < 0) {
			err_set(&e, "'%s' is no alert id", v[i]);
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
			continue;
		}
		rc = store_alert_get(c->store, &id, whole_alert, &w, &e);
		if (rc == 0)
			err_set(&e, "no alert has the id %s", v[i]);
		if (rc <= 0)
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
		else
			ctl_line(&w.out);
		buf_release(&w.out);
	}
	return worst;
}

/* ---- alert tail ---------------------------------------------------------- */

static int
tail_one(void *arg, const struct store_alert *a, struct err *e)
{
	struct printing *p = arg;

	p->seq = a->seq;
	if (p->rule_id != NULL && uuid_cmp(p->rule_id, &a->rule_id) != 0)
		return 0;
	if (p->symbol != NULL && strcmp(p->symbol, a->symbol) != 0)
		return 0;
	return print_alert(p, a, e);
}

static int
tail_new(struct ctl *c, struct printing *p, struct err *e)
{
	int64_t newest, before;

	if (store_alert_seq(c->store, &newest, e) < 0)
		return -1;
	while (p->seq < newest) {
		before = p->seq;
		if (store_alert_after(
			c->store, p->seq, TAIL_PAGE, tail_one, p, e) < 0)
			return -1;
		if (p->seq == before)
			p->seq = newest;
	}
	table_flush(&p->table);
	if (ctl_flush(c, 0) != 0)
		return err_set(e, "the output is gone");
	return 0;
}

/* Follow until a signal, or until nobody reads any more. */
static int
tail_follow(struct ctl *c, struct printing *p)
{
	struct pollfd fds[2] = {
	    {.fd = sig_open(), .events = POLLIN},
	    {.fd = STDOUT_FILENO, .events = 0},
	};
	struct err e;

	for (;;) {
		if (tail_new(c, p, &e) < 0)
			return ctl_fail(c, EXIT_UNAVAILABLE, &e);
		if (poll(fds, 2, TAIL_POLL_MS) <= 0)
			continue;
		if ((fds[0].revents & POLLIN) != 0 && sig_read(fds[0].fd) != 0)
			return 0;
		if ((fds[1].revents & (POLLERR | POLLHUP)) != 0)
			return 0;
	}
}

/* Where the last n alerts begin, in order of commit. */
static int
tail_start(struct ctl *c, struct printing *p, int64_t last, struct err *e)
{
	if (store_alert_seq(c->store, &p->seq, e) < 0)
		return -1;
	p->seq = p->seq > last ? p->seq - last : 0;
	return 0;
}

int
command_alert_tail(struct ctl *c)
{
	const char *rule = NULL, *symbol = NULL;
	int64_t last = 10;
	struct printing p;
	struct uuid id;
	struct err e;
	int key, code;

	while ((key = ctl_next(c)) != -1) {
		if (key == 'l')
			last = ctl_number(c, "--last", 0, 1000000);
		else if (key == KEY_RULE)
			rule = c->options.arg;
		else if (key == KEY_SYMBOL)
			symbol = c->options.arg;
	}
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (rule != NULL && (code = find_rule_id(c, rule, &id)) != 0)
		return code;
	printing_init(&p, c);
	p.rule_id = rule != NULL ? &id : NULL;
	p.symbol = symbol;
	if (tail_start(c, &p, last, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	else
		code = tail_follow(c, &p);
	table_release(&p.table);
	return code;
}
