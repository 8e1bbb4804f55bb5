/*
 * vfs: a transaction's pages go to the write-ahead log in one write.
 *
 * SQLite writes a log page by page, each as a frame: a header of 24 bytes and
 * the page, two system calls. An alert changes about twenty pages, and forty
 * calls take a seventh of the time until it is on the disk (bench_store). Here
 * frames that follow each other are gathered and written when the transaction
 * is complete. The file is the same to the byte, and is written before SQLite
 * tells readers of it or syncs it. The layout of a log:
 * https://sqlite.org/fileformat2.html#walformat
 *
 * This is SQLite's own VFS with some methods replaced
 * (https://sqlite.org/vfs.html). Nothing is gathered
 *  - when the frame that commits is complete: its header holds the size of the
 *    database, where others hold zero. An error is thus an error of a write
 *    that SQLite waits for;
 *  - when the log is read, measured, cut or synced: it is written out first;
 *  - when the lock for writing is given up: what a rolled back transaction
 *    left (it had more pages than its cache) is forgotten, for the place in
 *    the log belongs to the next writer from then on. Without the lock
 *    (PRAGMA locking_mode=EXCLUSIVE) nothing is gathered at all.
 * Frames that could not be written are a hole in the log: nothing more is
 * written, and nothing read, until the lock is given up, so that the
 * transaction cannot commit.
 */
#include <string.h>

#include "db/sqlite/db.h"

/* Bytes of frames gathered at most: sixty pages of 2 KiB. SQLite's VFS cannot
 * write more than 131,071 bytes at once. */
#define GATHER_MAX (124 * 1024)
/* A frame's header, and where in it the size of the database is. */
#define FRAME_HEADER  24
#define FRAME_SIZE_AT 4
/* The lock for writing, of those that https://sqlite.org/walformat.html names. */
#define WRITE_LOCK 0

/* What we keep of a file, behind what SQLite's VFS keeps of it. */
struct tail {
	const sqlite3_io_methods *real;
	sqlite3_io_methods methods; /* the same, some replaced */
	sqlite3_file *other; /* of a database its log, of a log its database */
	/* Of a log: bytes for the file, from offset on. */
	unsigned char *bytes;
	int len;
	sqlite3_int64 offset;
	bool commits; /* the last header is that of a commit */
	bool locked; /* we may write */
	int failed; /* the error that made a hole, SQLITE_OK: none */
};

static sqlite3_vfs *system_vfs; /* SQLite's own */

static struct tail *
tail_of(sqlite3_file *f)
{
	/* Behind it, aligned for pointers: vfs_register(). */
	return (struct tail *)(void *)((char *)f + system_vfs->szOsFile);
}

/* ---- the log ------------------------------------------------------------- */

static int
write_out(sqlite3_file *f)
{
	struct tail *t = tail_of(f);
	int len = t->len;

	t->len = 0;
	if (len > 0)
		t->failed = t->real->xWrite(f, t->bytes, len, t->offset);
	return t->failed;
}

static void
gather(struct tail *t, const void *p, int n, sqlite3_int64 offset)
{
	if (t->len == 0)
		t->offset = offset;
	memcpy(t->bytes + t->len, p, (size_t)n);
	t->len += n;
}

/* A header that commits says how many pages the database has now. */
static bool
is_commit(const void *header)
{
	static const unsigned char zero[4];

	return memcmp((const char *)header + FRAME_SIZE_AT, zero, 4) != 0;
}

/*
 * Frames are gathered from the header of one that does not commit until the
 * end of the one that does. What is not a part of such a row goes to the file
 * as it comes: the log's own header, a transaction of one page, the headers
 * that are written anew after a page was changed twice.
 */
static int
log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 offset)
{
	struct tail *t = tail_of(f);
	bool header = n == FRAME_HEADER, ends;
	int rc;

	if ((t->len == 0 || offset != t->offset + t->len ||
		n > GATHER_MAX - t->len) &&
	    (rc = write_out(f)) != SQLITE_OK)
		return rc;
	if (t->len == 0 && (!header || is_commit(p) || !t->locked))
		return t->real->xWrite(f, p, n, offset);
	ends = !header && t->commits;
	t->commits = header && is_commit(p);
	gather(t, p, n, offset);
	return ends ? write_out(f) : SQLITE_OK;
}

static int
log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 offset)
{
	int rc = write_out(f);

	return rc != SQLITE_OK ? rc : tail_of(f)->real->xRead(f, p, n, offset);
}

static int
log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = write_out(f);

	return rc != SQLITE_OK ? rc : tail_of(f)->real->xTruncate(f, size);
}

static int
log_sync(sqlite3_file *f, int flags)
{
	int rc = write_out(f);

	return rc != SQLITE_OK ? rc : tail_of(f)->real->xSync(f, flags);
}

static int
log_size(sqlite3_file *f, sqlite3_int64 *size)
{
	int rc = write_out(f);

	return rc != SQLITE_OK ? rc : tail_of(f)->real->xFileSize(f, size);
}

static int
log_close(sqlite3_file *f)
{
	struct tail *t = tail_of(f);

	if (t->other != NULL)
		tail_of(t->other)->other = NULL;
	sqlite3_free(t->bytes);
	return t->real->xClose(f);
}

static int
watch_log(sqlite3_file *f, const char *name)
{
	struct tail *t = tail_of(f);

	t->bytes = sqlite3_malloc(GATHER_MAX);
	if (t->bytes == NULL) {
		(void)f->pMethods->xClose(f);
		f->pMethods = NULL;
		return SQLITE_NOMEM;
	}
	t->other = sqlite3_database_file_object(name);
	tail_of(t->other)->other = f;
	t->methods.xClose = log_close;
	t->methods.xRead = log_read;
	t->methods.xWrite = log_write;
	t->methods.xTruncate = log_truncate;
	t->methods.xSync = log_sync;
	t->methods.xFileSize = log_size;
	f->pMethods = &t->methods;
	return SQLITE_OK;
}

/* ---- the database -------------------------------------------------------- */

static int
database_lock(sqlite3_file *f, int first, int n, int flags)
{
	struct tail *t = tail_of(f), *log;
	int rc;

	if ((flags & SQLITE_SHM_EXCLUSIVE) == 0 || first > WRITE_LOCK ||
	    WRITE_LOCK >= first + n || t->other == NULL)
		return t->real->xShmLock(f, first, n, flags);
	log = tail_of(t->other);
	log->len = 0;
	log->failed = SQLITE_OK;
	log->locked = false;
	rc = t->real->xShmLock(f, first, n, flags);
	if (rc == SQLITE_OK && (flags & SQLITE_SHM_LOCK) != 0)
		log->locked = true;
	return rc;
}

static void
watch_database(sqlite3_file *f)
{
	struct tail *t = tail_of(f);

	t->methods.xShmLock = database_lock;
	f->pMethods = &t->methods;
}

/* ---- both ---------------------------------------------------------------- */

static int
open_file(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *f, int flags,
    int *flags_out)
{
	int rc = system_vfs->xOpen(system_vfs, name, f, flags, flags_out);

	(void)vfs;
	if (rc != SQLITE_OK)
		return rc;
	memset(tail_of(f), 0, sizeof(struct tail));
	tail_of(f)->real = f->pMethods;
	tail_of(f)->methods = *f->pMethods;
	if ((flags & SQLITE_OPEN_WAL) != 0)
		return watch_log(f, name);
	if ((flags & SQLITE_OPEN_MAIN_DB) != 0)
		watch_database(f);
	return SQLITE_OK;
}

const char *
vfs_register(void)
{
	static sqlite3_vfs ours;
	const int align = (int)_Alignof(struct tail);

	if (system_vfs != NULL)
		return ours.zName;
	if ((system_vfs = sqlite3_vfs_find(NULL)) == NULL)
		return NULL;
	ours = *system_vfs;
	ours.zName = "pulse";
	ours.pNext = NULL;
	ours.xOpen = open_file;
	ours.szOsFile += (int)sizeof(struct tail);
	if (system_vfs->szOsFile % align != 0 ||
	    sqlite3_vfs_register(&ours, 0) != SQLITE_OK) {
		system_vfs = NULL;
		return NULL;
	}
	return ours.zName;
}
