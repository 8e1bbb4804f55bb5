/*
 * A text that the strict check takes must parse, print, and parse again to
 * the same print; and the library must make the same tree of it as the short
 * way for plain texts.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct json *
parse_and_print(const char *text, size_t n, struct buf *out)
{
	struct json *j = json_parse(text, n, NULL);

	if (j != NULL && json_print(j, out) < 0)
		abort();
	return j;
}

static int
same_string(const char *a, const char *b)
{
	return (a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0);
}

static void
compare(const struct json *a, const struct json *b)
{
	size_t i;

	if (a->type != b->type || a->len != b->len ||
	    a->boolean != b->boolean ||
	    memcmp(&a->number, &b->number, sizeof(a->number)) != 0 ||
	    !same_string(a->string, b->string) ||
	    (a->keys == NULL) != (b->keys == NULL))
		abort();
	if (a->type != JSON_ARRAY && a->type != JSON_OBJECT)
		return;
	for (i = 0; i < a->len; i++) {
		if (a->keys != NULL && !same_string(a->keys[i], b->keys[i]))
			abort();
		compare(&a->items[i], &b->items[i]);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct buf once, twice;
	struct json *j, *again;

	buf_init(&once, (size_t)1 << 24);
	buf_init(&twice, (size_t)1 << 24);
	j = parse_and_print((const char *)p, n, &once);
	if ((j != NULL) != (json_check((const char *)p, n, NULL) == 0))
		abort();
	if (j != NULL) {
		again = json_parse_library((const char *)p, n, NULL);
		if (again == NULL)
			abort();
		compare(j, again);
		json_free(again);
		again = parse_and_print(once.p, once.len, &twice);
		if (again == NULL || once.len != twice.len ||
		    memcmp(once.p, twice.p, once.len) != 0)
			abort();
		json_free(again);
	}
	json_free(j);
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
