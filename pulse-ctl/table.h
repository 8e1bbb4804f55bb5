/*
 * table: rows in aligned columns for a terminal. Cells are text from outside:
 * control characters are shown as '?', so that a name cannot move the cursor.
 */
#ifndef PULSE_CTL_TABLE_H
#define PULSE_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"

#define TABLE_COLUMNS_MAX  12
#define TABLE_NAME_COLUMNS 40

struct table_column {
	const char *title;
	bool right; /* numbers */
};

struct table {
	const struct table_column *columns;
	size_t ncolumns;
	size_t width[TABLE_COLUMNS_MAX];
	/* Cells as NUL-terminated texts, row by row. */
	struct buf cells;
	size_t ncells;
	bool headed;
};

void table_init(
    struct table *t, const struct table_column *columns, size_t ncolumns);
/* Add the next cell of the current row. */
void table_cell(struct table *t, const char *text);
void table_cellf(struct table *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* The same for a name that somebody gave: cut, with an ellipsis, when it would
 * push the other columns off the screen. */
void table_name(struct table *t, const char *name);
/* Print to stdout what was added (whole rows) and forget it. Called by itself
 * for every TABLE_BLOCK rows, so that a long list needs little memory. */
void table_flush(struct table *t);
void table_release(struct table *t);
/* Characters of a UTF-8 text, as columns on a terminal. */
size_t table_columns_of(const char *text);

#endif
