/*
 * The VFS that gathers frames (db/sqlite/vfs.c) beside SQLite's own: by it the
 * file says the same at every moment, whatever transactions spill, roll back,
 * or are undone in part, and whoever else writes between them; and it makes
 * fewer writes.
 */
#include <errno.h>

#include "db/sqlite/db.h"
#include "tests/unit/db/lib.h"

#define ROWS  60
#define TURNS 1500
#define PAGE  512

static uint64_t seed = 20260728;

static int
random_below(int n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int)(seed >> 33) % n;
}

static void
sql(sqlite3 *c, const char *fmt, ...)
{
	char text[512], *why = NULL;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (sqlite3_exec(c, text, NULL, NULL, &why) != SQLITE_OK) {
		printf("Bail out! %s: %s\n", text, why);
		exit(1);
	}
}

static sqlite3 *
connect(const char *path, const char *vfs, int cache_pages)
{
	sqlite3 *c;

	if (sqlite3_open_v2(path, &c,
		SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) != SQLITE_OK) {
		printf("Bail out! %s: %s\n", path, sqlite3_errmsg(c));
		exit(1);
	}
	sql(c,
	    "PRAGMA page_size=%d; PRAGMA journal_mode=WAL; "
	    "PRAGMA cache_size=%d; PRAGMA wal_autocheckpoint=0",
	    PAGE, cache_pages);
	return c;
}

/* Whether a connection sees these numbers in the rows. */
static bool
sees(sqlite3 *c, const int *numbers)
{
	sqlite3_stmt *s;
	int at = 0;

	(void)sqlite3_prepare_v2(
	    c, "SELECT k, n, length(v) FROM t ORDER BY k", -1, &s, NULL);
	while (sqlite3_step(s) == SQLITE_ROW && at < ROWS &&
	       sqlite3_column_int(s, 0) == at &&
	       sqlite3_column_int(s, 1) == numbers[at] &&
	       sqlite3_column_int(s, 2) == numbers[at] % 1500)
		at++;
	(void)sqlite3_finalize(s);
	return at == ROWS;
}

static bool
whole(sqlite3 *c)
{
	sqlite3_stmt *s;
	bool good;

	(void)sqlite3_prepare_v2(c, "PRAGMA integrity_check", -1, &s, NULL);
	good = sqlite3_step(s) == SQLITE_ROW &&
	       strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
	(void)sqlite3_finalize(s);
	return good;
}

static void
change(sqlite3 *c, int *numbers, int n)
{
	int k;

	while (n-- > 0) {
		k = random_below(ROWS);
		numbers[k] = random_below(1000000);
		sql(c, "UPDATE t SET n = %d, v = zeroblob(%d) WHERE k = %d",
		    numbers[k], numbers[k] % 1500, k);
	}
}

/*
 * One transaction, with parts undone, and perhaps the whole. Parts are undone
 * only where nothing spills: after both SQLite 3.40 itself writes a log that
 * cannot be read again (a sum over a frame that was taken back).
 */
static void
transact(sqlite3 *c, bool spills, int *numbers)
{
	int was[ROWS], inner[ROWS], parts = random_below(4);

	memcpy(was, numbers, sizeof(was));
	sql(c, "PRAGMA synchronous=%s",
	    random_below(4) == 0 ? "FULL" : "NORMAL");
	sql(c, "BEGIN IMMEDIATE");
	change(c, numbers, random_below(5) == 0 ? 30 : 1 + random_below(3));
	while (parts-- > 0) {
		memcpy(inner, numbers, sizeof(inner));
		sql(c, "SAVEPOINT s");
		change(c, numbers, 1 + random_below(8));
		if (!spills && random_below(2) == 0) {
			sql(c, "ROLLBACK TO s");
			memcpy(numbers, inner, sizeof(inner));
		}
		sql(c, "RELEASE s");
	}
	if (random_below(4) == 0) {
		sql(c, "ROLLBACK");
		memcpy(numbers, was, sizeof(was));
	} else {
		sql(c, "COMMIT");
	}
}

static void
copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	char block[65536];
	size_t n;

	while (in != NULL && out != NULL &&
	       (n = fread(block, 1, sizeof(block), in)) > 0)
		(void)fwrite(block, 1, n, out);
	if (in != NULL)
		(void)fclose(in);
	if (out != NULL)
		(void)fclose(out);
}

/* What a process finds that comes after all others were killed now. */
static bool
found_after_a_kill(const struct scratch *s, const int *numbers)
{
	char wal[300], copy[300], copied_wal[304];
	sqlite3 *c;
	bool good;

	(void)snprintf(wal, sizeof(wal), "%s-wal", s->db);
	(void)snprintf(copy, sizeof(copy), "%s/copy", s->dir);
	(void)snprintf(copied_wal, sizeof(copied_wal), "%s-wal", copy);
	copy_file(s->db, copy);
	copy_file(wal, copied_wal);
	c = connect(copy, NULL, 100);
	good = sees(c, numbers) && whole(c);
	(void)sqlite3_close(c);
	return good;
}

/* Two that gather, with a cache of few pages, and one of SQLite's own. */
static void
among_others(const struct scratch *s)
{
	static const char *const copies[] = {"PASSIVE", "RESTART", "TRUNCATE"};
	const char *vfs = vfs_register();
	int numbers[ROWS] = {0}, wrong = 0, found = 0, i, j;
	sqlite3 *c[3];

	is_str(vfs, "pulse", "the VFS has a name");
	c[0] = connect(s->db, vfs, 8);
	c[1] = connect(s->db, vfs, 1000);
	c[2] = connect(s->db, NULL, 8);
	sql(c[0], "CREATE TABLE t (k INTEGER PRIMARY KEY, n INTEGER, v BLOB)");
	for (i = 0; i < ROWS; i++)
		sql(c[0], "INSERT INTO t VALUES (%d, 0, '')", i);
	for (i = 0; i < TURNS; i++) {
		j = random_below(3);
		transact(c[j], j != 1, numbers);
		for (j = 0; j < 3; j++)
			wrong += !sees(c[j], numbers);
		if (i % 30 == 0 && found_after_a_kill(s, numbers))
			found++;
		if (random_below(25) == 0)
			sql(c[random_below(3)], "PRAGMA wal_checkpoint(%s)",
			    copies[random_below(3)]);
		if (random_below(100) == 0) {
			(void)sqlite3_close(c[1]);
			c[1] = connect(s->db, vfs, 1000);
		}
	}
	is_int(wrong, 0, "after every transaction all see the same");
	is_int(found, TURNS / 30, "whoever opens the files then, too");
	for (j = 0; j < 3; j++) {
		ok(whole(c[j]), "the database is whole");
		(void)sqlite3_close(c[j]);
	}
}

/* Calls that write, of this process; -1 where the kernel does not count. */
static int64_t
writes_so_far(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	long long n = -1;
	char line[128];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "syscw: %lld", &n) == 1)
			break;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

/* Of a transaction that puts so many bytes into a row. */
static int64_t
writes(const struct scratch *s, const char *vfs, int bytes)
{
	sqlite3 *c = connect(s->db, vfs, 10000);
	int64_t before, after;

	sql(c, "UPDATE t SET n = n + 1"); /* the log is there */
	before = writes_so_far();
	sql(c,
	    "BEGIN IMMEDIATE; "
	    "UPDATE t SET v = randomblob(%d) WHERE k = 1; COMMIT",
	    bytes);
	after = writes_so_far();
	ok(whole(c), "whole");
	(void)sqlite3_close(c);
	return after - before;
}

static void
fewer_writes(const struct scratch *s)
{
	int64_t own, ours, many;

	if (writes_so_far() < 0) {
		skip("fewer writes", "the kernel does not count them");
		return;
	}
	own = writes(s, NULL, 20 * PAGE);
	ours = writes(s, vfs_register(), 20 * PAGE);
	many = writes(s, vfs_register(), 2000 * PAGE);
	ok(own >= 2 * 20, "SQLite's own VFS writes %lld times", (long long)own);
	is_int(ours, 1, "ours once");
	ok(many > 1 && many < 20, "and a megabyte %lld times", (long long)many);
}

/* ---- a hole in the log --------------------------------------------------- */

static bool full;

static ssize_t
write_or_full(int fd, const void *p, size_t n, off_t at)
{
	if (!full)
		return pwrite(fd, p, n, at);
	errno = ENOSPC;
	return -1;
}

static void
hook_writes(void)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
	sqlite3_syscall_ptr f = (sqlite3_syscall_ptr)write_or_full;

	if (vfs->xSetSystemCall(vfs, "pwrite", f) != SQLITE_OK ||
	    vfs->xSetSystemCall(vfs, "pwrite64", f) != SQLITE_OK) {
		printf("Bail out! the writes cannot be hooked\n");
		exit(1);
	}
}

static int
count(sqlite3 *c, const char *what)
{
	char text[128];
	sqlite3_stmt *s;
	int n;

	(void)snprintf(text, sizeof(text), "SELECT count(*) FROM %s", what);
	(void)sqlite3_prepare_v2(c, text, -1, &s, NULL);
	n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : -1;
	(void)sqlite3_finalize(s);
	return n;
}

/* A table of 150 rows with an index, and a statement that can be undone alone:
 * by the trigger. */
static sqlite3 *
indexed(const char *path)
{
	sqlite3 *c = connect(path, vfs_register(), 8);

	sql(c, "CREATE TABLE r (k INTEGER PRIMARY KEY, u UNIQUE, v BLOB)");
	sql(c, "CREATE TABLE z (a)");
	sql(c, "CREATE TRIGGER tr AFTER UPDATE ON r BEGIN "
	       "INSERT INTO z VALUES (1); END");
	sql(c, "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 "
	       "FROM i WHERE n < 150) "
	       "INSERT INTO r SELECT n, n, zeroblob(200) FROM i");
	sql(c, "PRAGMA wal_checkpoint(TRUNCATE)");
	return c;
}

/* What was gathered cannot be written when a statement reads it back: that
 * statement fails alone, but the transaction must not commit with a hole. */
static void
no_hole(const struct scratch *s)
{
	sqlite3 *c, *other;
	char path[300];
	int rc;

	(void)snprintf(path, sizeof(path), "%s/hole", s->dir);
	c = indexed(path);
	sql(c, "BEGIN IMMEDIATE");
	sql(c, "UPDATE r SET v = randomblob(210)");
	full = true;
	rc = sqlite3_exec(c, "UPDATE r SET u = u + 1000 WHERE k < 5 OR k > 148",
	    NULL, NULL, NULL);
	full = false;
	ok(rc != SQLITE_OK, "a full disk: the statement fails");
	rc = sqlite3_exec(c, "COMMIT", NULL, NULL, NULL);
	ok(rc != SQLITE_OK, "and so does the commit");
	(void)sqlite3_exec(c, "ROLLBACK", NULL, NULL, NULL);
	other = connect(path, NULL, 100);
	ok(whole(other) && count(other, "r WHERE length(v) = 200") == 150,
	    "nothing of it is there");
	sql(c, "UPDATE r SET v = zeroblob(220)");
	is_int(count(other, "r WHERE length(v) = 220"), 150, "it goes on");
	(void)sqlite3_close(c);
	(void)sqlite3_close(other);
}

/* In the exclusive mode nobody tells when writing begins and ends. */
static void
exclusive(const struct scratch *s)
{
	sqlite3 *c, *other;
	char path[300];

	(void)snprintf(path, sizeof(path), "%s/exclusive", s->dir);
	c = indexed(path);
	sql(c, "PRAGMA locking_mode=EXCLUSIVE; SELECT count(*) FROM r; "
	       "BEGIN IMMEDIATE; UPDATE r SET v = randomblob(210); ROLLBACK; "
	       "PRAGMA locking_mode=NORMAL; SELECT 1 FROM r LIMIT 1");
	other = connect(path, NULL, 8);
	sql(other, "UPDATE r SET v = zeroblob(220)");
	is_int(count(c, "r WHERE length(v) = 220"), 150,
	    "what another wrote after it is seen");
	ok(count(other, "r WHERE length(v) = 220") == 150 && whole(other),
	    "and stays");
	(void)sqlite3_close(c);
	(void)sqlite3_close(other);
}

int
main(void)
{
	struct scratch dir;

	scratch_make(&dir);
	among_others(&dir);
	fewer_writes(&dir);
	hook_writes();
	no_hole(&dir);
	exclusive(&dir);
	scratch_remove(&dir);
	return tap_done();
}
