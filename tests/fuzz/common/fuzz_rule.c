/* A rule that is taken prints as JSON, and that names the same rule again. A
 * refused one holds nothing and has a fault. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rules/rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
print(const struct rule *r, struct buf *out)
{
	if (rule_print(r, true, out) < 0)
		abort();
}

static void
check_again(const struct rule *r)
{
	struct buf once, twice;
	struct faults f;
	struct rule again;
	struct json *j;

	buf_init(&once, RULE_TEXT_MAX);
	buf_init(&twice, RULE_TEXT_MAX);
	print(r, &once);
	j = json_parse(once.p, once.len, NULL);
	faults_init(&f, "");
	if (j == NULL || rule_parse(&again, j, RULE_IMPORTED, true, 0, &f) < 0)
		abort();
	print(&again, &twice);
	if (once.len != twice.len || memcmp(once.p, twice.p, once.len) != 0)
		abort();
	rule_release(&again);
	json_free(j);
	buf_release(&once);
	buf_release(&twice);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct json *j = json_parse((const char *)p, n, NULL);
	struct faults f;
	struct rule r;

	if (j == NULL)
		return 0;
	faults_init(&f, "body");
	if (rule_parse(&r, j, RULE_IMPORTED, true, 1788936671203, &f) == 0) {
		check_again(&r);
		rule_release(&r);
	} else if (f.total == 0) {
		abort();
	}
	json_free(j);
	return 0;
}
