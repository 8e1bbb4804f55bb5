/*
 * uuids: the table-valued function uuids(P), in which SQL finds the ids of an
 * array: a row for each, in its order, with the columns id (a blob) and i (its
 * place, from 0). P is bound by q_uuids(). One statement for many ids opens its
 * tables once, where one for each spends half of its time on that.
 * (https://sqlite.org/vtab.html, "Table-valued functions"; the pointer is
 * passed as https://sqlite.org/bindptr.html says.)
 */
#include <stdlib.h>

#include "db/sqlite/db.h"

#define POINTER "pulse-uuids"

enum column {
	COLUMN_ID,
	COLUMN_I,
	COLUMN_POINTER, /* hidden: the argument */
};

struct cursor {
	sqlite3_vtab_cursor base; /* first: SQLite's */
	const struct db_uuids *ids;
	size_t at;
};

static struct cursor *
cursor_of(sqlite3_vtab_cursor *c)
{
	return (struct cursor *)(void *)c;
}

static int
on_connect(sqlite3 *sql, void *arg, int argc, const char *const *argv,
    sqlite3_vtab **out, char **error)
{
	int rc = sqlite3_declare_vtab(
	    sql, "CREATE TABLE x (id BLOB, i INTEGER, p HIDDEN)");

	(void)arg;
	(void)argc;
	(void)argv;
	(void)error;
	if (rc != SQLITE_OK)
		return rc;
	*out = sqlite3_malloc(sizeof(**out));
	if (*out == NULL)
		return SQLITE_NOMEM;
	**out = (sqlite3_vtab){.zErrMsg = NULL};
	return sqlite3_vtab_config(sql, SQLITE_VTAB_INNOCUOUS);
}

static int
on_disconnect(sqlite3_vtab *t)
{
	sqlite3_free(t);
	return SQLITE_OK;
}

static int
on_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	int i;

	(void)t;
	for (i = 0; i < info->nConstraint; i++)
		if (info->aConstraint[i].iColumn == COLUMN_POINTER &&
		    info->aConstraint[i].op == SQLITE_INDEX_CONSTRAINT_EQ &&
		    info->aConstraint[i].usable) {
			info->aConstraintUsage[i].argvIndex = 1;
			info->aConstraintUsage[i].omit = 1;
			info->estimatedCost = 1;
			info->estimatedRows = 100;
			return SQLITE_OK;
		}
	return SQLITE_CONSTRAINT; /* without its argument it has no plan */
}

static int
on_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = calloc(1, sizeof(*c));

	(void)t;
	if (c == NULL)
		return SQLITE_NOMEM;
	*out = &c->base;
	return SQLITE_OK;
}

static int
on_close(sqlite3_vtab_cursor *c)
{
	free(c);
	return SQLITE_OK;
}

static int
on_filter(sqlite3_vtab_cursor *cursor, int plan, const char *text, int argc,
    sqlite3_value **argv)
{
	struct cursor *c = cursor_of(cursor);

	(void)plan;
	(void)text;
	c->ids = argc > 0 ? sqlite3_value_pointer(argv[0], POINTER) : NULL;
	c->at = 0;
	return SQLITE_OK;
}

static int
on_next(sqlite3_vtab_cursor *c)
{
	cursor_of(c)->at++;
	return SQLITE_OK;
}

static int
on_eof(sqlite3_vtab_cursor *cursor)
{
	const struct cursor *c = cursor_of(cursor);

	return c->ids == NULL || c->at >= c->ids->n;
}

static int
on_column(sqlite3_vtab_cursor *cursor, sqlite3_context *ctx, int column)
{
	const struct cursor *c = cursor_of(cursor);

	if (column == COLUMN_ID)
		sqlite3_result_blob(ctx, c->ids->v[c->at].b,
		    sizeof(c->ids->v[c->at].b), SQLITE_STATIC);
	else if (column == COLUMN_I)
		sqlite3_result_int64(ctx, (sqlite3_int64)c->at);
	return SQLITE_OK;
}

static int
on_rowid(sqlite3_vtab_cursor *c, sqlite3_int64 *id)
{
	*id = (sqlite3_int64)cursor_of(c)->at;
	return SQLITE_OK;
}

/* Only a function, no table that can be made: xCreate is NULL. */
static const sqlite3_module module = {
    .xConnect = on_connect,
    .xBestIndex = on_best_index,
    .xDisconnect = on_disconnect,
    .xOpen = on_open,
    .xClose = on_close,
    .xFilter = on_filter,
    .xNext = on_next,
    .xEof = on_eof,
    .xColumn = on_column,
    .xRowid = on_rowid,
};

int
uuids_register(struct db *db)
{
	return sqlite3_create_module(db->sql, "uuids", &module, NULL);
}

void
q_uuids(struct query *q, const struct db_uuids *ids)
{
	q_pointer(q, ids, POINTER);
}
