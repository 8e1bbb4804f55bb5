/*
 * open: the file, its permissions, its schema; and the online copy.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/embed.h"
#include "db/sqlite/db.h"

#define PATH_LEN_MAX 4096
/* Pages that the copy takes at a time; writers get in between. */
#define BACKUP_PAGES 1000
/* Bytes of a statement's own journal kept in memory. */
#define STATEMENT_JOURNAL (8 * 1024 * 1024)
/* Between two looks at the clock: about 100 us. */
#define BUDGET_STEPS 4000

static void sqlite_close_store(struct store *st);
static int sqlite_version(struct store *st, int64_t *version, struct err *e);
static void sqlite_set_wait(struct store *st, int64_t wait_ms);
static void sqlite_set_cache(struct store *st, int64_t bytes);
static void sqlite_set_budget(struct store *st, int64_t us);
static int sqlite_begin(struct store *st, bool durable, struct err *e);
static int sqlite_commit(struct store *st, struct err *e);
static void sqlite_rollback(struct store *st);

static const struct store_ops sqlite_ops = {
    .close = sqlite_close_store,
    .schema = sqlite_schema,
    .check = sqlite_check,
    .recount = sqlite_recount,
    .backup = sqlite_backup,
    .version = sqlite_version,
    .set_wait = sqlite_set_wait,
    .set_cache = sqlite_set_cache,
    .set_budget = sqlite_set_budget,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .tidy = sqlite_tidy,
    .sync_begin = sqlite_sync_begin,
    .sync_fd = sqlite_sync_fd,
    .sync_end = sqlite_sync_end,
    .rule_put = sqlite_rule_put,
    .rule_get = sqlite_rule_get,
    .rule_delete = sqlite_rule_delete,
    .rule_list = sqlite_rule_list,
    .rule_count = sqlite_rule_count,
    .rule_seq = sqlite_rule_seq,
    .rule_changes = sqlite_rule_changes,
    .rule_series = sqlite_rule_series,
    .state_put = sqlite_state_put,
    .state_list = sqlite_state_list,
    .series_put = sqlite_series_put,
    .series_list = sqlite_series_list,
    .candle_put = sqlite_candle_put,
    .candle_last = sqlite_candle_last,
    .candle_list = sqlite_candle_list,
    .candle_tail = sqlite_candle_tail,
    .candle_count = sqlite_candle_count,
    .candle_series = sqlite_candle_series,
    .alert_put = sqlite_alert_put,
    .alert_put_foreign = sqlite_alert_put_foreign,
    .alert_get = sqlite_alert_get,
    .alert_list = sqlite_alert_list,
    .alert_count = sqlite_alert_count,
    .alert_after = sqlite_alert_after,
    .alert_seq = sqlite_alert_seq,
    .delivery_claim_alerts = sqlite_delivery_claim_alerts,
    .delivery_claim_due = sqlite_delivery_claim_due,
    .delivery_claim_id = sqlite_delivery_claim_id,
    .delivery_claim_lane = sqlite_delivery_claim_lane,
    .delivery_adopt = sqlite_delivery_adopt,
    .delivery_renew = sqlite_delivery_renew,
    .delivery_release = sqlite_delivery_release,
    .delivery_settle = sqlite_delivery_settle,
    .delivery_list = sqlite_delivery_list,
    .delivery_count = sqlite_delivery_count,
    .delivery_get = sqlite_delivery_get,
    .delivery_retry = sqlite_delivery_retry,
    .delivery_drop = sqlite_delivery_drop,
    .delivery_stats = sqlite_delivery_stats,
    .attempt_list = sqlite_attempt_list,
    .attempt_count = sqlite_attempt_count,
    .channel_put = sqlite_channel_put,
    .channel_get = sqlite_channel_get,
    .channel_list = sqlite_channel_list,
    .channel_delete = sqlite_channel_delete,
    .channel_seq = sqlite_channel_seq,
    .endpoint_put = sqlite_endpoint_put,
    .endpoint_delete = sqlite_endpoint_delete,
    .endpoint_list = sqlite_endpoint_list,
    .key_put = sqlite_key_put,
    .key_list = sqlite_key_list,
    .key_revoke = sqlite_key_revoke,
    .key_used = sqlite_key_used,
    .component_put = sqlite_component_put,
    .component_list = sqlite_component_list,
    .prune_step = sqlite_prune_step,
};

/* ---- the file ------------------------------------------------------------ */

/* Make the directories that lead to the file, 0700 each. */
static int
make_directories(const char *path, struct err *e)
{
	char dir[PATH_LEN_MAX];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", path);
	for (slash = strchr(dir + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(dir, 0700) < 0 && errno != EEXIST)
			return err_set(e, "cannot make the directory %s: %s",
			    dir, strerror(errno));
		*slash = '/';
	}
	return 0;
}

/*
 * See that the file is there. SQLite would make it by the umask, readable to
 * all; the log beside it takes over the permissions of the file.
 */
static int
make_file(const char *path, unsigned flags, struct err *e)
{
	struct stat sb;
	int fd;

	if (stat(path, &sb) == 0) {
		if (!S_ISREG(sb.st_mode))
			return err_set(e, "%s is no regular file", path);
		return 0;
	}
	if (errno != ENOENT && errno != ENOTDIR)
		return err_set(e, "cannot open the database %s: %s", path,
		    strerror(errno));
	if (!(flags & STORE_CREATE) || (flags & STORE_READONLY))
		return err_set(e,
		    "there is no database %s: "
		    "\"pulse-ctl db init\" makes one",
		    path);
	if (make_directories(path, e) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, "cannot make the database %s: %s", path,
		    strerror(errno));
	(void)close(fd);
	return 0;
}

/* ---- the schema ---------------------------------------------------------- */

int
sqlite_schema_known(void)
{
	return (int)migrations_sqlite_count;
}

static int
pragma_number(struct db *db, const char *sql, int64_t *v, struct err *e)
{
	struct query q;

	*v = 0;
	if (q_open(&q, db, sql, e) < 0)
		return -1;
	return q_number(&q, v, e) < 0 ? -1 : 0;
}

int
sqlite_schema(struct store *st, struct err *e)
{
	int64_t v;

	if (pragma_number(db_of(st), "PRAGMA user_version", &v, e) < 0)
		return -1;
	return (int)v;
}

/* The schema the file has: whether it is ours and not newer than we are. */
static int
read_schema(struct db *db, int64_t *version, struct err *e)
{
	int64_t application, tables;

	if (pragma_number(db, "PRAGMA application_id", &application, e) < 0 ||
	    pragma_number(db, "PRAGMA user_version", version, e) < 0 ||
	    pragma_number(
		db, "SELECT count(*) FROM sqlite_schema", &tables, e) < 0)
		return -1;
	if (application != DB_APPLICATION_ID && (tables > 0 || *version != 0))
		return err_set(e,
		    "%s is a database of another program, not of Pulse",
		    db->path);
	if (*version > sqlite_schema_known())
		return err_set(e,
		    "%s has schema %lld, which is newer than this program "
		    "knows (%d): use a newer Pulse",
		    db->path, (long long)*version, sqlite_schema_known());
	return 0;
}

static int
exec(struct db *db, const char *sql, struct err *e)
{
	if (sqlite3_exec(db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
		return db_fail(db, e);
	return 0;
}

/* Apply the migrations that are missing, in one transaction. */
static int
migrate(struct db *db, struct err *e)
{
	int64_t version;
	char text[64];
	size_t i;
	int rc;

	if (db_begin(db, true, e) < 0)
		return -1;
	/* Again, now that nobody else can be at it. */
	rc = read_schema(db, &version, e);
	for (i = (size_t)version; rc == 0 && i < migrations_sqlite_count; i++)
		if (exec(db, (const char *)migrations_sqlite[i].bytes, e) < 0)
			rc = err_prefix(
			    e, "migration %s", migrations_sqlite[i].name);
	if (rc == 0) {
		(void)snprintf(text, sizeof(text),
		    "PRAGMA application_id=%d; PRAGMA user_version=%d",
		    DB_APPLICATION_ID, sqlite_schema_known());
		rc = exec(db, text, e);
	}
	return db_leave(db, true, rc, e);
}

static int
ready_schema(struct db *db, struct err *e)
{
	int64_t version;

	if (read_schema(db, &version, e) < 0)
		return -1;
	if (version == sqlite_schema_known())
		return 0;
	if (db->readonly)
		return err_set(e,
		    "%s has schema %lld, this program needs %d: "
		    "run \"pulse-ctl db init\"",
		    db->path, (long long)version, sqlite_schema_known());
	/* The write-ahead log lets readers and one writer work at once. It is
	 * a property of the file; it cannot be set inside a transaction.
	 *
	 * An alert alone changes about twenty pages, and half their bytes are
	 * on the disk sooner (bench_store latency); with pages of 1 KiB bursts
	 * are a third slower. A file that has its size keeps it. */
	if (exec(db, "PRAGMA page_size=2048; PRAGMA journal_mode=WAL", e) < 0)
		return -1;
	return migrate(db, e);
}

/* ---- opening and closing ------------------------------------------------- */

/*
 * cache_size: 16 MB at most, taken as needed. cache_spill: pages that a
 * transaction may change in memory, 128 MB of 2 KiB; SQLite reads the number
 * as a truth too, of its lowest byte alone: 65536 would be "never".
 */
static int
configure(struct db *db, struct err *e)
{
	(void)sqlite3_extended_result_codes(db->sql, 1);
	sqlite_set_wait(&db->store, DB_BUSY_MS);
	wal_watch(db);
	(void)sqlite3_db_config(
	    db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (uuids_register(db) != SQLITE_OK)
		return db_fail(db, e);
	return exec(db,
	    "PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; "
	    "PRAGMA cache_size=-16384; PRAGMA cache_spill=65537; "
	    "PRAGMA journal_size_limit=67108864",
	    e);
}

/*
 * No thread but one ever uses SQLite here: no locks around its memory, and no
 * statistics of it, that would need them (a tenth of a transaction's time).
 *
 * A statement that triggers extend keeps a journal of the pages it changes, to
 * undo itself alone. SQLite moves that into a file above 64 KB and then writes
 * every later statement of the transaction there as well: twenty system calls
 * an alert. Settable only before the first connection of the process; when
 * another part of it was earlier, all works as before, slower.
 */
static void
configure_process(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	(void)sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, STATEMENT_JOURNAL);
}

static int
open_connection(struct db *db, struct err *e)
{
	int flags =
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    (db->readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
	int rc;

	configure_process();
	rc = sqlite3_open_v2(db->path, &db->sql, flags, vfs_register());
	if (rc != SQLITE_OK)
		return db_fail_at(db->sql, db->path, rc, e);
	/* SQLite opens for reading what it cannot open for writing. */
	if (!db->readonly && sqlite3_db_readonly(db->sql, "main") == 1)
		return err_set(e,
		    "%s: the database cannot be written: "
		    "its file or its disk is read-only",
		    db->path);
	if (configure(db, e) < 0 || ready_schema(db, e) < 0)
		return -1;
	return pragma_number(db, "PRAGMA page_size", &db->page_bytes, e);
}

int
sqlite_store_open(
    struct store **st, const char *path, unsigned flags, struct err *e)
{
	struct db *db;

	if (path[0] == '\0')
		return err_set(e, "the path of the database is empty");
	if (strlen(path) >= PATH_LEN_MAX)
		return err_set(e, "the path of the database is too long");
	if (make_file(path, flags, e) < 0)
		return -1;
	if ((db = calloc(1, sizeof(*db))) == NULL)
		return err_set(e, "out of memory");
	db->store.ops = &sqlite_ops;
	db->sync.event_fd = db->sync.log_fd = -1;
	db->readonly = (flags & STORE_READONLY) != 0;
	if ((db->path = strdup(path)) == NULL) {
		free(db);
		return err_set(e, "out of memory");
	}
	if (open_connection(db, e) < 0) {
		sqlite_close_store(&db->store);
		return -1;
	}
	*st = &db->store;
	return 0;
}

static void
sqlite_close_store(struct store *st)
{
	struct db *db = db_of(st);
	size_t i;

	db_rollback(db);
	for (i = 0; i < DB_STMT_SLOTS; i++)
		(void)sqlite3_finalize(db->stmts[i].stmt);
	for (i = 0; i < db->ntexts; i++)
		free(db->texts[i]);
	free(db->texts);
	series_free(db);
	counts_free(db);
	sync_close(db);
	(void)sqlite3_close(db->sql);
	free(db->path);
	free(db);
}

/* What others commit changes the one number, what we commit the other. */
static int
sqlite_version(struct store *st, int64_t *version, struct err *e)
{
	struct db *db = db_of(st);
	int64_t others;

	if (pragma_number(db, "PRAGMA data_version", &others, e) < 0)
		return -1;
	*version = (int64_t)((uint64_t)others << 40) + db->commits;
	return 0;
}

static void
sqlite_set_wait(struct store *st, int64_t wait_ms)
{
	struct db *db = db_of(st);

	db->wait_ms = wait_ms < 0 ? 0 : wait_ms > 3600000 ? 3600000 : wait_ms;
	(void)sqlite3_busy_timeout(db->sql, (int)db->wait_ms);
}

static void
sqlite_set_cache(struct store *st, int64_t bytes)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "PRAGMA cache_size=-%lld",
	    (long long)(bytes / 1024));
	(void)sqlite3_exec(db_of(st)->sql, text, NULL, NULL, NULL);
}

/* Called by SQLite every BUDGET_STEPS of its machine. */
static int
is_over(void *arg)
{
	const struct db *db = arg;

	return clock_mono_us() > db->budget_end_us;
}

static void
sqlite_set_budget(struct store *st, int64_t us)
{
	struct db *db = db_of(st);

	db->store.overran = false;
	db->budget_end_us = us > 0 ? clock_mono_us() + us : 0;
	sqlite3_progress_handler(
	    db->sql, BUDGET_STEPS, us > 0 ? is_over : NULL, db);
}

static int
sqlite_begin(struct store *st, bool durable, struct err *e)
{
	return db_begin(db_of(st), durable, e);
}

static int
sqlite_commit(struct store *st, struct err *e)
{
	return db_commit(db_of(st), e);
}

static void
sqlite_rollback(struct store *st)
{
	db_rollback(db_of(st));
}

/* ---- the copy ------------------------------------------------------------ */

static int
copy_pages(struct db *db, sqlite3 *to, const char *path, struct err *e)
{
	sqlite3_backup *copy = sqlite3_backup_init(to, "main", db->sql, "main");
	int rc;

	if (copy == NULL)
		return db_fail_at(to, path, sqlite3_errcode(to), e);
	do {
		rc = sqlite3_backup_step(copy, BACKUP_PAGES);
	} while (rc == SQLITE_OK);
	if (rc != SQLITE_DONE)
		(void)db_fail_at(to, path, rc, e);
	(void)sqlite3_backup_finish(copy);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_backup(struct store *st, const char *path, struct err *e)
{
	struct db *db = db_of(st);
	sqlite3 *to = NULL;
	int fd, rc;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(
		    e, "cannot make the copy %s: %s", path, strerror(errno));
	(void)close(fd);
	rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);
	if (rc != SQLITE_OK)
		rc = db_fail_at(to, path, rc, e);
	else
		rc = copy_pages(db, to, path, e);
	if (sqlite3_close(to) != SQLITE_OK && rc == 0)
		rc = err_set(e, "%s: cannot finish the copy", path);
	if (rc < 0)
		(void)unlink(path); /* no half copies */
	return rc;
}
