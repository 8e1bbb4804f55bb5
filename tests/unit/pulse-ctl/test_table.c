/* table: cells from outside do not move a terminal's cursor. */
#include <unistd.h>

#include "pulse-ctl/table.h"
#include "tests/unit/tap.h"

static const struct table_column columns[] = {{"A", false}, {"N", true}};

#define TEN "0123456789"
#define E_TEN                                                                  \
	"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3" \
	"\xa9\xc3\xa9"
#define NARROW E_TEN E_TEN TEN

int
main(void)
{
	char text[512];
	struct table t;
	int fds[2], keep;
	ssize_t n;

	is_int((int64_t)table_columns_of("a\xc3\xa9z"), 3, "characters");
	if (pipe(fds) < 0 || (keep = dup(STDOUT_FILENO)) < 0)
		return 1;
	fflush(stdout);
	dup2(fds[1], STDOUT_FILENO);
	table_init(&t, columns, 2);
	table_cell(&t, "\x1b[31mred\x07");
	table_cell(&t, "1");
	table_cell(&t, "c1:\xc2\x9b"
		       "x \xc3\xa9");
	table_cellf(&t, "%d", 1234);
	table_cell(&t, "");
	table_cell(&t, "2");
	table_flush(&t);
	/* Names of 40 characters stay, longer ones are cut to as many. */
	table_name(&t, NARROW TEN);
	table_cell(&t, "3");
	table_name(&t, NARROW "01234\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9xy");
	table_cell(&t, "4");
	table_flush(&t);
	table_release(&t);
	fflush(stdout);
	dup2(keep, STDOUT_FILENO);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	is_str(text,
	    "A             N\n"
	    "?[31mred?     1\n"
	    "c1:?x \xc3\xa9    1234\n"
	    "-             2\n" NARROW TEN "     3\n" NARROW
	    "01234\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xe2\x80\xa6     4\n",
	    "aligned, and harmless");
	return tap_done();
}
