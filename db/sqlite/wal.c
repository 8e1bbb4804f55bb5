/*
 * wal: when the write-ahead log is copied into the database file.
 *
 * SQLite does it in the commit after which the log is long enough, and that
 * commit then takes several times as long: the copy waits for the disk twice.
 * A program that has moments with nothing to do does it in one of these, with
 * store_tidy(), before any commit has to.
 */
#include "db/sqlite/db.h"

/* A commit copies a log of so many bytes of pages: one that changes often is
 * copied once. */
#define LOG_MAX (INT64_C(16) * 1000 * 1000)
/* So many more since the last copy are worth one when there is time. */
#define LOG_TIDY (LOG_MAX / 2)

/*
 * Copy what no reader of older pages needs. One that fails or gets only so far
 * damages nothing and is repeated by a later one, whoever makes it.
 */
static void
copy_log(struct db *db)
{
	(void)sqlite3_wal_checkpoint_v2(
	    db->sql, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	db->log_copied = db->log_pages;
}

/* After a commit of ours: the log has so many pages now. */
static int
on_log(void *arg, sqlite3 *sql, const char *name, int pages)
{
	struct db *db = arg;

	(void)sql;
	(void)name;
	db->log_pages = pages;
	if (pages < db->log_copied) /* it began anew */
		db->log_copied = 0;
	if (pages * db->page_bytes >= LOG_MAX)
		copy_log(db);
	return SQLITE_OK;
}

void
wal_watch(struct db *db)
{
	(void)sqlite3_wal_hook(db->sql, on_log, db);
}

bool
sqlite_tidy(struct store *st)
{
	struct db *db = db_of(st);

	if (db->in_transaction ||
	    (db->log_pages - db->log_copied) * db->page_bytes < LOG_TIDY)
		return false;
	copy_log(db);
	return true;
}
