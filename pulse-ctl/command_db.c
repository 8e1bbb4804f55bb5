/* pulse-ctl db …: see the table of commands.c. */
#include <string.h>

#include "common/clock.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"

/* Rows a transaction: a few milliseconds of lock. */
#define PRUNE_BATCH 2000

int
command_db_init(struct ctl *c)
{
	struct err e;
	struct buf b;
	int code, schema;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, STORE_CREATE)) != 0)
		return code;
	schema = store_schema(c->store, &e);
	if (schema < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	buf_init(&b, 8192);
	if (ctl_tabular(c)) {
		buf_addf(&b, "%s: schema %d", store_name(c->store), schema);
	} else {
		buf_addc(&b, '{');
		record_text(&b, "store", store_name(c->store));
		buf_addf(&b, ",\"schema\":%d}", schema);
	}
	ctl_line(&b);
	buf_release(&b);
	return 0;
}

static void
print_problem(void *arg, const char *problem)
{
	struct ctl *c = arg;

	fprintf(stderr, "%s: %s\n", c->program.name, problem);
}

int
command_db_check(struct ctl *c)
{
	bool recount = false;
	struct err e;
	struct buf b;
	int code, key, n;

	while ((key = ctl_next(c)) != -1)
		recount |= key == KEY_RECOUNT;
	ctl_expect(c, 0, 0, "");
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (recount && !c->common.dry_run && store_recount(c->store, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	n = store_check(c->store, print_problem, c, &e);
	if (n < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	buf_init(&b, 8192);
	if (ctl_tabular(c)) {
		buf_addf(&b, "%s: %s", store_name(c->store),
		    n == 0 ? "no damage" : "damaged");
	} else {
		buf_addc(&b, '{');
		record_text(&b, "store", store_name(c->store));
		buf_addf(&b, ",\"problems\":%d}", n);
	}
	ctl_line(&b);
	buf_release(&b);
	return n > 0 ? EXIT_SOME_FAILED : 0;
}

int
command_db_prune(struct ctl *c)
{
	struct store_prune p = {.keep_candles = 5000, .batch = PRUNE_BATCH};
	int64_t keep_ms = INT64_C(90) * 86400000;
	long total = 0;
	struct err e;
	int key, code, n;

	while ((key = ctl_next(c)) != -1) {
		if (key == KEY_KEEP_CANDLES)
			p.keep_candles =
			    ctl_number(c, "--keep-candles", 1, 1000000000);
		else if (key == KEY_KEEP_ALERTS)
			keep_ms = ctl_duration_ms(c, "--keep-alerts", 1000,
			    INT64_C(100) * 365 * 86400000);
	}
	ctl_expect(c, 0, 0, "");
	p.alerts_before_ms = clock_now_ms() - keep_ms;
	if (c->common.dry_run)
		return 0;
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	while ((n = store_prune_step(c->store, &p, &e)) > 0)
		total += n;
	if (n < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	if (c->common.verbosity >= 0)
		fprintf(
		    stderr, "%s: %ld rows deleted\n", c->program.name, total);
	return 0;
}

int
command_db_backup(struct ctl *c)
{
	struct err e;
	int code, n;
	char **v;

	while (ctl_next(c) != -1)
		;
	ctl_expect(c, 1, 1, "the file to write");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (c->common.dry_run)
		return 0;
	if (store_backup(c->store, v[0], &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	return 0;
}
