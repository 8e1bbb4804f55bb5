/*
 * raw: SQLite without the store, to measure beside it in the same run: bare
 * prepared statements, the same batches, the same synchronous=FULL.
 */
#ifndef TESTS_BENCH_DB_RAW_H
#define TESTS_BENCH_DB_RAW_H

#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"

#define MUST(x)                                                                \
	do {                                                                   \
		if ((x) != SQLITE_OK) {                                        \
			fprintf(stderr, "%s:%d: %s failed\n", __FILE__,        \
			    __LINE__, #x);                                     \
			exit(1);                                               \
		}                                                              \
	} while (0)

/* A directory that the run removes again; name it in path. */
__attribute__((unused)) static void
raw_directory(char *path, size_t n)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(
	    path, n, "%s/pulse-bench-XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(path) == NULL) {
		perror(path);
		exit(1);
	}
}

/* Remove the database and its log. */
__attribute__((unused)) static void
raw_remove(const char *path)
{
	char name[600];

	(void)unlink(path);
	(void)snprintf(name, sizeof(name), "%s-wal", path);
	(void)unlink(name);
	(void)snprintf(name, sizeof(name), "%s-shm", path);
	(void)unlink(name);
}

__attribute__((unused)) static void
raw_exec(sqlite3 *db, const char *sql)
{
	char *said = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &said) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, said);
		exit(1);
	}
}

__attribute__((unused)) static sqlite3 *
raw_open(const char *path)
{
	sqlite3 *db;

	MUST(sqlite3_open(path, &db));
	raw_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
		     "PRAGMA cache_size=-16384; PRAGMA cache_spill=32001; "
		     "PRAGMA wal_autocheckpoint=4000; "
		     "PRAGMA foreign_keys=ON");
	return db;
}

__attribute__((unused)) static sqlite3_stmt *
raw_prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *s;

	if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s,
		NULL) != SQLITE_OK) {
		fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
		exit(1);
	}
	return s;
}

__attribute__((unused)) static void
raw_step(sqlite3_stmt *s)
{
	if (sqlite3_step(s) != SQLITE_DONE) {
		fprintf(stderr, "%s\n", sqlite3_errmsg(sqlite3_db_handle(s)));
		exit(1);
	}
	(void)sqlite3_reset(s);
}

#endif
