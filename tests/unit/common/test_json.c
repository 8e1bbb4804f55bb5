#include <stdlib.h>

#include "common/json.h"
#include "tests/unit/tap.h"

/* Texts and whether the strict check takes them. Those marked "libjq" are
 * what libjq alone lets through, changed. */
static const struct {
	const char *text;
	bool good;
} texts[] = {
    {"null", true}, {" [1, 2.5e-3, -0] ", true},
    {"{\"a\":{\"b\":[true,false]}}", true},
    {"\"\\u00e9\\ud83d\\ude00\\n\"", true},
    {"\"\xc3\xa9\xf0\x9f\x98\x80\"", true}, {"1e308", true}, {"", false},
    {"   ", false}, {"nan", false}, /* libjq */
    {"NaN", false}, {"Infinity", false}, {"1e1000", false}, /* libjq */
    {"01", false}, {"+1", false}, {"1.", false}, {".5", false}, {"-", false},
    {"1e", false}, {"[1,]", false}, {"[,1]", false}, {"{\"a\":1,}", false},
    {"{a:1}", false}, {"{\"a\" 1}", false}, {"{'a':1}", false},
    {"[1 2]", false}, {"[1", false}, {"{\"a\":", false}, {"\"abc", false},
    {"\"a\nb\"", false}, {"\"\\x41\"", false}, {"\"\\u12\"", false},
    {"\"\\u0000\"", false}, /* libjq */
    {"\"\\ud800\"", false}, /* libjq */
    {"\"\\ud800\\u0041\"", false}, {"\"\\udc00\"", false},
    {"\"\xff\"", false}, /* libjq */
    {"\"\xc0\xaf\"", false}, /* overlong */
    {"\"\xed\xa0\x80\"", false}, /* a surrogate in UTF-8 */
    {"\"\xf4\x90\x80\x80\"", false}, /* past U+10FFFF */
    {"\"\xe2\x82\"", false}, /* cut short */
    {"1 2", false}, {"{} x", false}, {"tru", false}, {"nulll", false},
    {"\xef\xbb\xbf{}", false}, /* byte order mark */
};

static const struct {
	const char *in, *want;
} prints[] = {
    {"{\"b\":1,\"a\":[]}", "{\"a\":[],\"b\":1}"},
    {"[0.1,1e21,100000,-2.5]", "[0.1,1e+21,100000,-2.5]"},
    {"\"q\\\"\\\\\\u0001\\u00e9\"", "\"q\\\"\\\\\\u0001\xc3\xa9\""},
    {"{\"a\":1,\"a\":2}", "{\"a\":2}"},
    {"[{},[],null,true,\"\"]", "[{},[],null,true,\"\"]"},
};

static void
test_depth(void)
{
	char text[2 * 2000];
	struct err e;
	size_t depth;

	for (depth = JSON_DEPTH_MAX; depth <= 2000; depth += 1936) {
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		ok((json_check(text, 2 * depth, &e) == 0) ==
			(depth <= JSON_DEPTH_MAX),
		    "nesting of %zu is %s", depth,
		    depth <= JSON_DEPTH_MAX ? "taken" : "refused");
	}
}

static void
test_looking(void)
{
	const char text[] = "{\"s\":\"BTC\",\"list\":[1,2],\"no\":null}";
	struct json *j = json_parse(text, sizeof(text) - 1, NULL);

	ok(j != NULL, "an object parses");
	is_str(json_string(json_get(j, "s")), "BTC", "its string member");
	ok(json_at(json_get(j, "list"), 1)->number == 2, "its second item");
	ok(json_at(json_get(j, "list"), 2) == NULL, "no third item");
	ok(json_get(j, "absent") == NULL, "no absent member");
	ok(json_get(NULL, "s") == NULL && json_string(NULL) == NULL &&
		json_at(NULL, 0) == NULL,
	    "NULL is no value to any of them");
	ok(json_string(json_get(j, "no")) == NULL, "null is no string");
	is_str(json_type_name(json_get(j, "list")), "array", "name of a type");
	json_free(j);
	json_free(NULL);
}

int
main(void)
{
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i].text);
		/* On the heap to the byte: a sanitizer sees a read past it. */
		char *copy = malloc(n > 0 ? n : 1);
		struct json *j;

		if (copy == NULL)
			return 1;
		memcpy(copy, texts[i].text, n);
		j = json_parse(copy, n, &e);
		ok((j != NULL) == texts[i].good, "text %zu is %s", i,
		    texts[i].good ? "taken" : "refused");
		if (!texts[i].good)
			ok(strstr(e.msg, "at byte ") != NULL,
			    "and the fault has its place");
		json_free(j);
		free(copy);
	}
	ok(json_check("\"a\0b\"", 5, &e) < 0, "a NUL byte is refused");
	for (i = 0; i < sizeof(prints) / sizeof(prints[0]); i++) {
		struct json *j =
		    json_parse(prints[i].in, strlen(prints[i].in), &e);
		struct buf out;

		buf_init(&out, 4096);
		ok(json_print(j, &out) == 0, "prints");
		is_str(
		    out.p, prints[i].want, "as compact JSON in order of key");
		buf_release(&out);
		json_free(j);
	}
	test_depth();
	test_looking();
	return tap_done();
}
