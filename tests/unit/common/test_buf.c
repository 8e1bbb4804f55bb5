#include "common/buf.h"
#include "common/err.h"
#include "tests/unit/tap.h"

static void
test_maximum(void)
{
	struct buf b;
	int i;

	buf_init(&b, 10);
	ok(buf_adds(&b, "1234567890") == 0, "ten bytes fit ten");
	ok(!buf_failed(&b) && b.p[10] == '\0', "and end in a NUL");
	ok(buf_addc(&b, 'x') < 0 && buf_failed(&b), "the eleventh does not");
	is_str(b.p, "1234567890", "what was there stays");
	ok(buf_adds(&b, "") < 0 || buf_failed(&b), "failed stays failed");
	buf_reset(&b);
	ok(buf_adds(&b, "abc") == 0 && !buf_failed(&b), "until a reset");
	ok(buf_addf(&b, "%08d", 7) < 0, "a format that does not fit fails");
	is_str(b.p, "abc", "and leaves nothing half");
	buf_release(&b);
	ok(buf_adds(&b, "again") == 0, "usable after a release");
	buf_release(&b);

	buf_init(&b, 100000);
	for (i = 0; i < 10000 && !buf_failed(&b); i++)
		buf_addf(&b, "%d,", i % 10);
	is_int((int64_t)b.len, 20000, "grows as far as it must");
	buf_consume(&b, 19998);
	is_str(b.p, "9,", "bytes are taken from the front");
	buf_consume(&b, 2);
	is_int((int64_t)b.len, 0, "to the last");
	buf_release(&b);
}

static void
test_json_string(void)
{
	struct buf b;

	buf_init(&b, 200);
	buf_adds_json(&b, "a\"b\\c\n\t\x01/\xc3\xa9");
	is_str(b.p, "\"a\\\"b\\\\c\\n\\t\\u0001/\xc3\xa9\"", "JSON escapes");
	buf_reset(&b);
	buf_add_json(&b, "a\0b", 3);
	is_str(b.p, "\"a\\u0000b\"", "a NUL too");
	buf_release(&b);
}

static void
test_sentences(void)
{
	struct err e;
	char longest[1000];

	ok(err_set(&e, "no %s", "luck") == -1, "err_set gives -1");
	is_str(e.msg, "no luck", "and its sentence");
	ok(err_prefix(&e, "line %d", 3) == -1, "so does err_prefix");
	is_str(e.msg, "line 3: no luck", "with what was there behind it");
	ok(err_set(NULL, "nobody hears") == -1 && err_prefix(NULL, "x") == -1,
	    "NULL takes no sentence");
	memset(longest, 'y', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	err_set(&e, "%s", longest);
	is_int((int64_t)strlen(e.msg), sizeof(e.msg) - 1, "cut to fit");
	err_prefix(&e, "front");
	ok(strncmp(e.msg, "front: yyy", 10) == 0, "a prefix keeps the front");
}

int
main(void)
{
	test_maximum();
	test_json_string();
	test_sentences();
	return tap_done();
}
