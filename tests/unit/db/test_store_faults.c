/*
 * Disks that fail: full, read-only, forbidden, broken. Each is said in one
 * sentence, and nothing is half-done. Needs a mount of its own (root, or user
 * namespaces) and strace; skips with a message what it cannot have.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/db/lib.h"

#define NOW INT64_C(1788912600000)

/* Put alerts, ten a transaction, until it fails; the number kept. */
static int64_t
fill(struct store *st, const struct uuid *rule, int64_t from, int64_t most,
    struct err *e)
{
	struct made_alert m;
	int64_t i;

	for (i = from; i < from + most; i++) {
		if (i % 10 == 0 && store_begin(st, true, e) < 0)
			break;
		make_alert(&m, rule, "BTC", i);
		if (store_alert_put(st, &m.a, m.record, strlen(m.record),
			(const char *const[]){"discord"}, 1, NOW, 0, e) < 0 ||
		    (i % 10 == 9 && store_commit(st, e) < 0))
			break;
	}
	store_rollback(st);
	return i - i % 10;
}

static void
full_disk(const struct scratch *s)
{
	struct store_alert_filter f = {0};
	struct store *st = open_scratch(s);
	struct uuid rule = put_rule(st, 1, "BTC", 1);
	char filler[512], block[4096] = {1};
	struct err e = {.msg = ""};
	int64_t kept, n;
	int fd;

	/* The log is left little room by a file beside it. */
	(void)snprintf(filler, sizeof(filler), "%s/filler", s->dir);
	fd = open(filler, O_WRONLY | O_CREAT, 0600);
	while (write(fd, block, sizeof(block)) == sizeof(block))
		;
	(void)ftruncate(fd, lseek(fd, 0, SEEK_END) - 65536);
	(void)close(fd);
	kept = fill(st, &rule, 0, 100000, &e);
	ok(strstr(e.msg, "no space left") != NULL, "a full disk: %s", e.msg);
	must(store_alert_count(st, &f, &n, &e), &e);
	is_int(n, kept, "what was committed is there, and no more");
	is_whole(st, "the database is whole");
	(void)unlink(filler);
	is_int(fill(st, &rule, kept, 200, &e), kept + 200,
	    "with room again it goes on");
	store_close(st);
	st = open_scratch(s);
	must(store_alert_count(st, &f, &n, &e), &e);
	is_int(n, kept + 200, "after a restart too");
	is_whole(st, "whole");
	store_close(st);
}

static void
read_only_disk(const struct scratch *s)
{
	struct store_rule_filter f = {.active = -1};
	struct store *st = open_scratch(s);
	struct err e = {.msg = ""};
	int64_t n;

	store_close(st);
	if (mount("none", s->dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) < 0) {
		skip("a read-only disk", "cannot remount");
		return;
	}
	ok(store_open(&st, s->db, STORE_CREATE, &e) < 0 && e.msg[0] != '\0',
	    "a read-only disk: %s", e.msg);
	(void)mount("none", s->dir, "tmpfs", MS_REMOUNT, NULL);
	st = open_scratch(s);
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 1, "nothing was harmed");
	store_close(st);
}

static void
on_small_disk(void)
{
	struct scratch s;

	scratch_make(&s);
	if (unshare(CLONE_NEWNS) < 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
		skip("a full disk", "no mount namespace");
	} else if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		   mount("none", s.dir, "tmpfs", 0, "size=2m") < 0) {
		skip("a full disk", "cannot mount");
	} else {
		full_disk(&s);
		read_only_disk(&s);
		(void)umount(s.dir);
	}
	scratch_remove(&s);
}

/* Open as somebody else. */
static void
forbidden(const struct scratch *s)
{
	struct store *st = open_scratch(s);
	struct err e = {.msg = ""};
	int status;
	pid_t pid;

	store_close(st);
	if (geteuid() != 0) {
		skip("a forbidden file", "not root");
		return;
	}
	if (chmod(s->dir, 0755) < 0)
		exit(1);
	(void)fflush(stdout);
	if ((pid = fork()) == 0) {
		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		if (store_open(&st, s->db, STORE_CREATE, &e) == 0)
			_exit(1);
		_exit(strstr(e.msg, "Permission denied") == NULL &&
		      strstr(e.msg, "cannot") == NULL);
	}
	ok(waitpid(pid, &status, 0) == pid && status == 0,
	    "somebody else's file cannot be opened, and that is said");
}

/* What runs under strace: a durable write whose sync fails. */
static int
victim(const char *path)
{
	struct rule r = price_rule(2, "BTC", 1, true);
	struct err e = {.msg = ""};
	struct store *st;
	int rc;

	if (store_open(&st, path, 0, &e) < 0) {
		fprintf(stderr, "%s\n", e.msg);
		return 2;
	}
	rc = store_rule_put(st, &r, &e);
	printf("%s\n", rc < 0 ? e.msg : "kept");
	rule_release(&r);
	store_close(st);
	return rc < 0 ? 0 : 3;
}

static void
broken_disk(const struct scratch *s, const char *self)
{
	struct store_rule_filter f = {.active = -1};
	struct store *st;
	char command[1024], said[512] = "";
	struct err e;
	int64_t n;
	FILE *p;

	(void)snprintf(command, sizeof(command),
	    "exec 2>&1; ASAN_OPTIONS=detect_leaks=0 strace -qq -o /dev/null -e "
	    "trace=fdatasync,fsync "
	    "-e inject=fdatasync,fsync:error=EIO '%s' victim '%s'",
	    self, s->db);
	if (system("strace -qq -o /dev/null true 2>/dev/null") != 0) {
		skip("a broken disk", "no strace");
		return;
	}
	if ((p = popen(command, "r")) != NULL) {
		(void)!fread(said, 1, sizeof(said) - 1, p);
		(void)pclose(p);
	}
	ok(strstr(said, "cannot read or write") != NULL,
	    "a sync that fails: %s", said);
	st = open_scratch(s);
	must(store_rule_count(st, &f, &n, &e), &e);
	is_int(n, 0, "what could not be synced was not kept");
	is_whole(st, "the database is whole");
	store_close(st);
}

int
main(int argc, char *argv[])
{
	struct scratch s;

	if (argc == 3 && strcmp(argv[1], "victim") == 0)
		return victim(argv[2]);
	scratch_make(&s);
	forbidden(&s);
	broken_disk(&s, argv[0]);
	scratch_remove(&s);
	on_small_disk();
	return tap_done();
}
