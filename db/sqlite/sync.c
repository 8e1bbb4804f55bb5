/*
 * sync: bringing committed transactions to the disk without waiting for it.
 *
 * A commit with synchronous=NORMAL leaves its pages in the write-ahead log,
 * seen by everybody, but perhaps not on the disk yet. SQLite itself would wait
 * for them in the commit; here the kernel is asked to tell when they are
 * there (io_submit(2), IOCB_CMD_FDSYNC, since Linux 4.18), through a
 * descriptor that a loop can watch. The log needs no lock: whoever copies it
 * into the database file and begins it anew syncs both before.
 *
 * Where the kernel does not do it (a sandbox, its limit reached) the beginning
 * of a sync waits for the disk itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "db/sqlite/db.h"

static int
fail(struct db *db, int error, struct err *e)
{
	db->store.busy = db->store.overran = false;
	return err_set(
	    e, "%s: it does not reach the disk: %s", db->path, strerror(error));
}

/* The log, opened once more; anew if it was deleted meanwhile. 0 or -1. */
static int
open_log(struct db *db, struct err *e)
{
	const char *path =
	    sqlite3_filename_wal(sqlite3_db_filename(db->sql, "main"));
	struct stat st;

	if (db->sync.log_fd >= 0 &&
	    (fstat(db->sync.log_fd, &st) < 0 || st.st_nlink == 0)) {
		close(db->sync.log_fd);
		db->sync.log_fd = -1;
	}
	if (db->sync.log_fd < 0)
		db->sync.log_fd = open(path, O_RDONLY | O_CLOEXEC);
	return db->sync.log_fd < 0 ? fail(db, errno, e) : 0;
}

/* Once: the descriptor that tells, and the kernel's queue (0: none). */
static int
prepare(struct db *db, struct err *e)
{
	if (db->sync.event_fd >= 0)
		return 0;
	db->sync.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (db->sync.event_fd < 0)
		return fail(db, errno, e);
	if (syscall(SYS_io_setup, 1, &db->sync.queue) < 0)
		db->sync.queue = 0;
	return 0;
}

static bool
submit(struct db *db)
{
	struct iocb ask = {.aio_lio_opcode = IOCB_CMD_FDSYNC,
	    .aio_fildes = (uint32_t)db->sync.log_fd,
	    .aio_flags = IOCB_FLAG_RESFD,
	    .aio_resfd = (uint32_t)db->sync.event_fd};
	struct iocb *asks[1] = {&ask};

	return db->sync.queue != 0 &&
	       syscall(SYS_io_submit, db->sync.queue, 1, asks) == 1;
}

int
sqlite_sync_begin(struct store *st, struct err *e)
{
	struct db *db = db_of(st);

	if (db->sync.running)
		return err_set(e, "a sync is running already");
	if (prepare(db, e) < 0 || open_log(db, e) < 0)
		return -1;
	db->sync.error = 0;
	db->sync.asked = submit(db);
	if (!db->sync.asked) {
		if (fdatasync(db->sync.log_fd) < 0)
			db->sync.error = errno;
		(void)eventfd_write(db->sync.event_fd, 1);
	}
	db->sync.running = true;
	return 0;
}

int
sqlite_sync_fd(struct store *st)
{
	return db_of(st)->sync.running ? db_of(st)->sync.event_fd : -1;
}

/* What became of it, as errno. */
static int
result(struct db *db)
{
	struct io_event event = {.res = 0};

	if (db->sync.asked &&
	    syscall(SYS_io_getevents, db->sync.queue, 1, 1, &event, NULL) != 1)
		return EIO;
	return event.res < 0 ? (int)-event.res : db->sync.error;
}

int
sqlite_sync_end(struct store *st, bool wait, struct err *e)
{
	struct db *db = db_of(st);
	struct pollfd p = {.fd = db->sync.event_fd, .events = POLLIN};
	eventfd_t n;
	int error;

	if (!db->sync.running)
		return 1;
	while (wait && poll(&p, 1, -1) < 0 && errno == EINTR)
		;
	if (eventfd_read(db->sync.event_fd, &n) < 0)
		return 0;
	db->sync.running = false;
	error = result(db);
	return error == 0 ? 1 : fail(db, error, e);
}

void
sync_close(struct db *db)
{
	if (db->sync.queue != 0) /* waits for what still runs */
		(void)syscall(SYS_io_destroy, db->sync.queue);
	if (db->sync.event_fd >= 0)
		close(db->sync.event_fd);
	if (db->sync.log_fd >= 0)
		close(db->sync.log_fd);
}
