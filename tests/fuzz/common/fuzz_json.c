/* A text that the strict check takes must parse, print, and parse again to
 * the same print. */
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
