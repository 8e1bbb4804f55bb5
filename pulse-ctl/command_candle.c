/* pulse-ctl candle list: see the table of commands.c. */
#include <string.h>

#include "common/candle.h"
#include "common/clock.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/table.h"

static const struct table_column candle_columns[] = {
    {"OPENED", false},
    {"OPEN", true},
    {"HIGH", true},
    {"LOW", true},
    {"CLOSE", true},
    {"VOLUME", true},
    {"TRADES", true},
};

static const struct table_column series_columns[] = {
    {"SYMBOL", false},
    {"INTERVAL", false},
    {"LAST OPENED", false},
    {"AGE", true},
};

struct printing {
	struct table table;
	bool tabular;
};

static void
cell_decimal(struct table *t, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];

	decimal_print(d, text);
	table_cell(t, text);
}

/* The record is the one of the pipeline, so that it can be fed to
 * pulse-eval -r. */
static int
print_candle(void *arg, const struct candle *c, struct err *e)
{
	struct printing *p = arg;
	struct buf b;

	(void)e;
	buf_init(&b, CANDLE_TEXT_MAX);
	if (!p->tabular) {
		candle_print(c, &b);
		ctl_line(&b);
		buf_release(&b);
		return 0;
	}
	ctl_print_time(c->open_ms, &b);
	table_cell(&p->table, b.p);
	cell_decimal(&p->table, c->open);
	cell_decimal(&p->table, c->high);
	cell_decimal(&p->table, c->low);
	cell_decimal(&p->table, c->close);
	cell_decimal(&p->table, c->volume);
	table_cellf(&p->table, "%lld", (long long)c->trades);
	buf_release(&b);
	return 0;
}

static int
print_series(
    void *arg, const char *symbol, interval_id interval, int64_t last_open_ms)
{
	struct printing *p = arg;
	int64_t age;
	struct buf b;

	age = clock_now_ms() - last_open_ms - interval_step(interval);
	buf_init(&b, 1024);
	if (!p->tabular) {
		buf_adds(&b, "{");
		record_text(&b, "symbol", symbol);
		buf_addf(&b, ",\"interval\":\"%s\",", interval_name(interval));
		record_time(&b, "last", last_open_ms);
		buf_addf(&b, ",\"age_seconds\":%lld}", (long long)(age / 1000));
		ctl_line(&b);
		buf_release(&b);
		return 0;
	}
	table_cell(&p->table, symbol);
	table_cell(&p->table, interval_name(interval));
	ctl_print_time(last_open_ms, &b);
	table_cell(&p->table, b.p);
	buf_reset(&b);
	ctl_print_span(age > 0 ? age : 0, &b);
	table_cell(&p->table, b.p);
	buf_release(&b);
	return 0;
}

static int
list_series(struct ctl *c)
{
	struct printing p = {.tabular = ctl_tabular(c)};
	struct err e;
	int code = 0;

	table_init(&p.table, series_columns, 4);
	if (store_candle_series(c->store, print_series, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&p.table);
	table_release(&p.table);
	return code;
}

/* "BTC:1h", "BTC" (1m), "xyz:TSLA:1d". The text is cut in place. */
static void
take_series(struct ctl *c, char *text, struct store_candle_filter *f)
{
	const char *interval = ctl_split_series(c, text);

	if (interval == NULL)
		interval = "1m";
	if (!symbol_valid(text, strlen(text)))
		opt_usage_error(&c->program, "'%s' is no symbol", text);
	f->symbol = text;
	f->interval = (interval_id)interval_find(interval, strlen(interval));
}

int
command_candle_list(struct ctl *c)
{
	struct store_candle_filter f = {.to_ms = INT64_MAX, .limit = 50};
	struct printing p = {.tabular = false};
	struct err e;
	int key, n, code;
	char **v;

	while ((key = ctl_next(c)) != -1) {
		if (key == 'l')
			f.limit = ctl_number(c, "--limit", 0, INT64_MAX);
		else if (key == KEY_SINCE)
			f.from_ms = ctl_time_ms(c, "--since");
		else if (key == KEY_UNTIL)
			f.to_ms = ctl_time_ms(c, "--until");
		else if (key == KEY_ASC)
			f.ascending = true;
	}
	if (f.limit == 0)
		f.limit = INT64_MAX;
	ctl_expect(c, 0, 1, "");
	v = ctl_operands(c, &n);
	if ((code = ctl_open(c, 0)) != 0)
		return code;
	if (n == 0)
		return list_series(c);
	take_series(c, v[0], &f);
	p.tabular = ctl_tabular(c);
	table_init(&p.table, candle_columns, 7);
	if (store_candle_list(c->store, &f, print_candle, &p, &e) < 0)
		code = ctl_fail(c, EXIT_UNAVAILABLE, &e);
	table_flush(&p.table);
	table_release(&p.table);
	return code;
}
