#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "pulse-ctl/table.h"

#define TABLE_BLOCK	1000
#define TABLE_BYTES_MAX ((size_t)64 * 1024 * 1024)

void
table_init(struct table *t, const struct table_column *columns, size_t ncolumns)
{
	size_t i;

	*t = (struct table){.columns = columns, .ncolumns = ncolumns};
	buf_init(&t->cells, TABLE_BYTES_MAX);
	for (i = 0; i < ncolumns; i++)
		t->width[i] = table_columns_of(columns[i].title);
}

void
table_release(struct table *t)
{
	buf_release(&t->cells);
}

size_t
table_columns_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

/* Append with C0, DEL and C1 (two bytes in UTF-8: c2 80..9f) made visible. */
static void
add_printable(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p != '\0'; p++) {
		if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			buf_addc(b, '?');
			p++;
		} else {
			buf_addc(b, *p < 0x20 || *p == 0x7f ? '?' : (char)*p);
		}
	}
}

void
table_cell(struct table *t, const char *text)
{
	size_t column = t->ncells % t->ncolumns, from = t->cells.len, n;

	add_printable(&t->cells, text[0] != '\0' ? text : "-");
	if (buf_failed(&t->cells))
		return;
	n = table_columns_of(t->cells.p + from);
	if (n > t->width[column])
		t->width[column] = n;
	buf_addc(&t->cells, '\0');
	t->ncells++;
	if (t->ncells == TABLE_BLOCK * t->ncolumns)
		table_flush(t);
}

void
table_name(struct table *t, const char *name)
{
	char cut[4 * TABLE_NAME_COLUMNS + 4];
	size_t n = 0, columns = 0;

	if (table_columns_of(name) <= TABLE_NAME_COLUMNS) {
		table_cell(t, name);
		return;
	}
	/* The last column is the ellipsis'. */
	for (; columns < TABLE_NAME_COLUMNS - 1; columns++)
		do
			n++;
		while (((unsigned char)name[n] & 0xc0) == 0x80);
	if (n > sizeof(cut) - 4)
		n = sizeof(cut) - 4;
	(void)snprintf(cut, sizeof(cut), "%.*s…", (int)n, name);
	table_cell(t, cut);
}

void
table_cellf(struct table *t, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	table_cell(t, text);
}

static void
print_cell(const struct table *t, size_t column, const char *text)
{
	size_t pad = t->width[column] - table_columns_of(text);
	bool last = column + 1 == t->ncolumns;

	if (t->columns[column].right)
		printf("%*s%s", (int)pad, "", text);
	else
		printf("%s%*s", text, last ? 0 : (int)pad, "");
	fputs(last ? "\n" : "  ", stdout);
}

void
table_flush(struct table *t)
{
	const char *p = t->cells.p;
	size_t i;

	if (t->ncells == 0)
		return;
	for (i = 0; i < t->ncolumns && !t->headed; i++)
		print_cell(t, i, t->columns[i].title);
	t->headed = true;
	for (i = 0; i < t->ncells; i++) {
		print_cell(t, i % t->ncolumns, p);
		p += strlen(p) + 1;
	}
	buf_reset(&t->cells);
	t->ncells = 0;
}
