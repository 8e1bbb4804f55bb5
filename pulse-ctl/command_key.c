/* pulse-ctl key …: see the table of commands.c. */
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/keys.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

static const struct table_column columns[] = {
    {"ID", false},
    {"NAME", false},
    {"RIGHTS", false},
    {"PER MINUTE", true},
    {"CREATED", false},
    {"LAST USED", false},
    {"REVOKED", false},
};

int
command_key_create(struct ctl *c)
{
	char id[KEY_ID_MAX], text[KEY_TEXT_MAX];
	bool admin = false;
	int64_t rate = 0;
	struct err e;
	struct buf b;
	int key, n, code;
	char **v;

	while ((key = ctl_next(c)) != -1) {
		if (key == KEY_ADMIN)
			admin = true;
		else if (key == KEY_RATE)
			rate = ctl_number(c, "--rate", 1, 1000000);
	}
	ctl_expect(c, 1, 1, "a name for the key");
	v = ctl_operands(c, &n);
	if (v[0][0] == '\0' || strlen(v[0]) > 100)
		opt_usage_error(
		    &c->program, "the name must have 1 to 100 bytes");
	if (rate == 0)
		rate = admin ? KEY_RATE_ADMIN : KEY_RATE_USER;
	if ((code = ctl_open(c, STORE_CREATE)) != 0)
		return code;
	if (keys_create(c->store, v[0], admin, rate, id, text, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	buf_init(&b, 4096);
	if (ctl_tabular(c)) {
		buf_addf(&b, "%s\n(%s: it is not shown again)", text, id);
	} else {
		buf_addf(&b, "{\"id\":\"%s\",", id);
		record_text(&b, "name", v[0]);
		buf_addf(&b,
		    ",\"admin\":%s,\"rate_per_min\":%lld,\"key\":\"%s\"}",
		    admin ? "true" : "false", (long long)rate, text);
	}
	ctl_line(&b);
	buf_release(&b);
	return 0;
}

struct printing {
	struct table table;
	bool tabular;
};

static int
print_key(void *arg, const struct store_key *k)
{
	struct printing *p = arg;
	const int64_t times[3] = {
	    k->created_ms, k->last_used_ms, k->revoked_ms};
	struct buf b;
	int i;

	buf_init(&b, 4096);
	if (!p->tabular) {
		record_key(k, &b);
		ctl_line(&b);
		buf_release(&b);
		return 0;
	}
	table_cell(&p->table, k->id);
	table_cell(&p->table, k->name);
	table_cell(&p->table, k->admin ? "admin" : "user");
	table_cellf(&p->table, "%lld", (long long)k->rate_per_min);
	for (i = 0; i < 3; i++) {
		buf_reset(&b);
		ctl_print_time(times[i], &b);
		table_cell(&p->table, b.p);
	}
	buf_release(&b);
	return 0;
}

int
command_key_list(struct ctl *c)
{
	struct printing p = {.tabular = false};
	struct err e;
	int code;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	p.tabular = ctl_tabular(c);
	table_init(&p.table, columns, sizeof(columns) / sizeof(columns[0]));
	if (store_key_list(c->store, print_key, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&p.table);
	table_release(&p.table);
	return code;
}

int
command_key_revoke(struct ctl *c)
{
	int n, i, rc, code, worst = 0;
	struct err e;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, -1, "a key's id (k_…)");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	v = ctl_operands(c, &n);
	for (i = 0; i < n; i++) {
		rc = c->common.dry_run
			 ? 1
			 : store_key_revoke(c->store, v[i], clock_now_ms(), &e);
		if (rc == 0)
			err_set(&e, "no live key has the id '%s'", v[i]);
		if (rc <= 0)
			worst = ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	return worst;
}
