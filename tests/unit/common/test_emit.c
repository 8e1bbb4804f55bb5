#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/emit.h"
#include "tests/unit/tap.h"

static void
test_collects(void)
{
	struct emit e;
	char got[64] = "";
	int fds[2];

	if (pipe(fds) < 0)
		return;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	emit_init(&e, fds[1], 16);
	ok(emit_add(&e, "one", 3) == 0 && emit_add(&e, "two", 3) == 0,
	    "two lines are collected");
	ok(read(fds[0], got, sizeof(got)) < 0, "and not yet written");
	ok(emit_flush(&e) == 0, "flushed");
	ok(read(fds[0], got, sizeof(got)) == 8 &&
		memcmp(got, "one\ntwo\n", 8) == 0,
	    "they arrive together");
	emit_add(&e, "0123456789", 10);
	ok(emit_add(&e, "abcdefghij", 10) == 0 &&
		read(fds[0], got, sizeof(got)) == 11,
	    "a line that does not fit writes what was there first");
	emit_flush(&e);
	ok(read(fds[0], got, sizeof(got)) == 11, "and then itself");
	ok(emit_add(&e, "0123456789abcdefX", 17) < 0 && errno == ENOBUFS,
	    "a line beyond the maximum is refused");
	ok(emit_add(&e, "next", 4) == 0 && emit_flush(&e) == 0,
	    "without harm to the next");
	emit_release(&e);
	close(fds[0]);
	close(fds[1]);
}

static void
test_full_and_broken(void)
{
	static char line[60000];
	struct emit e;
	int fds[2], i;
	long held = 0;

	if (pipe(fds) < 0)
		return;
	fcntl(fds[1], F_SETFL, O_NONBLOCK);
	memset(line, 'x', sizeof(line));
	emit_init(&e, fds[1], (size_t)1 << 20);
	for (i = 0; i < 4; i++)
		emit_add(&e, line, sizeof(line));
	held = emit_try(&e);
	ok(held > 0, "a full pipe keeps the rest with us");
	ok(read(fds[0], line, sizeof(line)) > 0 && emit_try(&e) < held,
	    "room in the pipe takes more");
	close(fds[0]);
	ok(emit_try(&e) < 0 && errno == EPIPE, "a reader that left is EPIPE");
	ok(emit_flush(&e) < 0 && errno == EPIPE, "for flush too");
	emit_release(&e);
	close(fds[1]);
}

int
main(void)
{
	signal(SIGPIPE, SIG_IGN);
	test_collects();
	test_full_and_broken();
	return tap_done();
}
