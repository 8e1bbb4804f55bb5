#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/lines.h"
#include "tests/unit/tap.h"

static int
put_line(char *out, const char *line, size_t len)
{
	return snprintf(out, 1024, "[%.*s]", (int)len, line);
}

/* Give the input in chunks of a size and write down what came out: lines in
 * brackets, an over-long one as (length). */
static void
read_all(const char *in, size_t n, size_t chunk, size_t max, char *out)
{
	struct lines l;
	const char *line;
	size_t len, sent = 0;
	int fds[2];

	*out = '\0';
	if (pipe(fds) < 0 || lines_init(&l, fds[0], max) < 0)
		return;
	for (;;) {
		enum lines_status s = lines_next(&l, &line, &len);

		if (s == LINES_END)
			break;
		if (s == LINES_LINE)
			out += put_line(out, line, len);
		else if (s == LINES_TOO_LONG)
			out += snprintf(out, 64, "(%zu)", len);
		else if (sent < n) {
			size_t k = n - sent < chunk ? n - sent : chunk;

			if (write(fds[1], in + sent, k) != (ssize_t)k)
				break;
			sent += k;
			if (sent == n)
				close(fds[1]);
			(void)lines_fill(&l);
		} else {
			(void)lines_fill(&l);
		}
	}
	(void)snprintf(out, 64, "#%d", (int)l.number);
	lines_release(&l);
	close(fds[0]);
}

static const struct {
	const char *in, *want;
} inputs[] = {
    {"a\n", "[a]#1"},
    {"a", "[a]#1"},
    {"a\nb", "[a][b]#2"},
    {"a\n\n\nb\n", "[a][b]#4"},
    {"a\r\nb\r\n\r\n", "[a][b]#3"},
    {"12345678\n", "[12345678]#1"},
    {"123456789\nok\n", "(9)[ok]#2"},
    {"12345678901234567890\nok\n", "(20)[ok]#2"},
    {"ok\n123456789012345", "[ok](15)#2"},
    {"\n", "#1"},
};

static void
test_nonblocking(void)
{
	struct lines l;
	const char *line;
	size_t len;
	int fds[2];

	if (pipe(fds) < 0 || lines_init(&l, fds[0], 100) < 0)
		return;
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	ok(lines_next(&l, &line, &len) == LINES_MORE, "nothing yet");
	ok(lines_fill(&l) < 0, "a non-blocking read of nothing fails");
	ok(write(fds[1], "ab", 2) == 2 && lines_fill(&l) == 2, "half a line");
	ok(lines_next(&l, &line, &len) == LINES_MORE, "is no line");
	ok(write(fds[1], "c\nd", 3) == 3 && lines_fill(&l) == 3, "the rest");
	ok(lines_next(&l, &line, &len) == LINES_LINE && len == 3 &&
		memcmp(line, "abc", 3) == 0,
	    "makes it one");
	close(fds[1]);
	ok(lines_fill(&l) == 0, "end of input");
	ok(lines_next(&l, &line, &len) == LINES_LINE && len == 1,
	    "a last line without a newline is a line");
	ok(lines_next(&l, &line, &len) == LINES_END &&
		lines_next(&l, &line, &len) == LINES_END,
	    "and the end stays the end");
	lines_release(&l);
	close(fds[0]);
}

int
main(void)
{
	char whole[4096];
	size_t i, chunk;

	for (i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		size_t n = strlen(inputs[i].in);

		/* However the bytes arrive, the lines are the same. */
		for (chunk = 1; chunk <= n; chunk++) {
			read_all(inputs[i].in, n, chunk, 8, whole);
			if (strcmp(whole, inputs[i].want) != 0)
				break;
		}
		is_str(whole, inputs[i].want, "lines");
	}
	test_nonblocking();
	return tap_done();
}
