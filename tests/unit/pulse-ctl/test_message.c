/* serve/message: what is a request, and what is refused with which status. */
#include <stdlib.h>

#include "pulse-ctl/serve/message.h"
#include "tests/unit/tap.h"

static const struct {
	const char *text;
	int status;
	int64_t length;
	bool keep_alive;
} table[] = {
    {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, -1, true},
    {"GET / HTTP/1.0\r\n\r\n", 0, -1, false},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, -1, true},
    {"GET / HTTP/1.1\r\nHost: x\r\nConnection: foo, Close\r\n\r\n", 0, -1,
	false},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 0, -1, true},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 0, 0, true},
    {"POST / HTTP/1.1\r\nHost: x\r\ncontent-length:  12 \r\n\r\n", 0, 12, true},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999999\r\n\r\n", 0,
	INT64_C(999999999999999), true},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000000\r\n"
     "\r\n",
	400, 0, false},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400, 0, false},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
     "Content-Length: 1\r\n\r\n",
	400, 0, false},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 411, 0,
	false},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
     "Content-Length: 1\r\n\r\n",
	400, 0, false},
    {"GET / HTTP/1.1\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, 0, false},
    {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 0, false},
    {"GET / HTTP/1.10\r\nHost: a\r\n\r\n", 505, 0, false},
    {"GET / http/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 505, 0, false},
    {" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET /\x80 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\n b: c\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\n: c\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nb : c\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\nHost: a\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\rHost: a\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nb: c\rd\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nb: c\x01\r\n\r\n", 400, 0, false},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n\r\n", 0, -1, true},
    {"GET / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n", 417, 0, false},
    {"GET /%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET /?a=%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, false},
    {"GET http://h/p?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", 0, -1, true},
    {"CONNECT h:1 HTTP/1.1\r\nHost: a\r\n\r\n", 0, -1, true},
    {"\r\n\r\n", 400, 0, false},
};

static void
test_table(void)
{
	struct message_head h;
	const char *why;
	char text[512];
	size_t i, n;
	int status;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		n = strlen(table[i].text);
		memcpy(text, table[i].text, n);
		is_int(
		    message_head_len(text, n), (int64_t)n, "its head is whole");
		status = message_parse(text, n, &h, &why);
		if (!ok(status == table[i].status, "request %zu: %d", i,
			table[i].status))
			printf("# got %d (%s) for %s\n", status, why,
			    table[i].text);
		if (status == 0) {
			is_int(h.content_length, table[i].length, "its length");
			ok(h.keep_alive == table[i].keep_alive, "keep-alive");
		}
	}
}

static void
test_length(void)
{
	char *big = malloc(MESSAGE_HEAD_MAX + 8);
	const char *part = "GET / HTTP/1.1\r\nHost: x\r\n";

	is_int(message_head_len(part, strlen(part)), 0, "a part is no head");
	is_int(message_head_len("", 0), 0, "nothing is no head");
	if (!ok(big != NULL, "memory"))
		return;
	memset(big, 'x', MESSAGE_HEAD_MAX + 8);
	is_int(message_head_len(big, MESSAGE_HEAD_MAX - 1), 0,
	    "it may grow to the limit");
	is_int(message_head_len(big, MESSAGE_HEAD_MAX), -1, "and not beyond");
	memcpy(big + MESSAGE_HEAD_MAX - 4, "\r\n\r\n", 4);
	is_int(message_head_len(big, MESSAGE_HEAD_MAX + 8),
	    (int64_t)MESSAGE_HEAD_MAX, "a head of just the limit is one");
	free(big);
}

static void
test_parts(void)
{
	char text[] = "GET /a%20b%2fc/%c3%a9?x=1&y=a+b%26&x=2&=z&flag HTTP/1.1"
		      "\r\nHost: h\r\nX-ONE: \t v w \t\r\n\r\n";
	struct message_head h;
	const char *why;

	is_int(message_parse(text, strlen(text), &h, &why), 0, "it parses");
	is_str(h.method, "GET", "method");
	is_str(h.path, "/a b/c/\xc3\xa9", "path, decoded");
	is_str(message_query(&h, "x"), "2", "the last of two values counts");
	is_str(message_query(&h, "y"), "a b&", "a value is decoded");
	is_str(message_query(&h, "flag"), "", "a name without value");
	ok(message_query(&h, "z") == NULL, "a value without name is none");
	is_str(message_header(&h, "x-one"), "v w", "blanks around are cut");
	ok(message_header(&h, "x-on") == NULL, "names fit whole");
}

int
main(void)
{
	test_table();
	test_length();
	test_parts();
	return tap_done();
}
