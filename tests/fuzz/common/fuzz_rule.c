/*
 * A rule that is taken must print, and be read back as the same rule; its
 * config must be scanned and parsed to the same bytes; an update with its own
 * text must change nothing. What is refused must say where.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/rules/rule_type.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NOW INT64_C(1700000000000)

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
check_config(const struct rule *r)
{
	struct rule a = {.type = r->type, .interval = r->interval}, b = a;
	struct buf text;
	struct err e;

	buf_init(&text, 4096);
	must(rule_config_print(r, &text) == 0);
	must(rule_config_parse(&a, text.p, text.len, &e) == 0);
	/* A space behind it: no longer what the scanner takes. */
	buf_addc(&text, ' ');
	must(rule_config_parse(&b, text.p, text.len, &e) == 0);
	must(a.on == r->on && b.on == r->on);
	must(memcmp(&a.config, &r->config, sizeof(r->config)) == 0);
	must(memcmp(&b.config, &r->config, sizeof(r->config)) == 0);
	buf_release(&text);
}

static void
check_again(struct rule *r, struct faults *f)
{
	struct buf text, other;
	struct rule again;
	struct json *j;

	buf_init(&text, RULE_TEXT_MAX);
	buf_init(&other, RULE_TEXT_MAX);
	must(rule_print(r, true, &text) == 0);
	j = json_parse(text.p, text.len, NULL);
	must(j != NULL);
	must(rule_parse(&again, j, RULE_IMPORTED, true, NOW, f) == 0);
	must(rule_print(&again, true, &other) == 0);
	must(strcmp(text.p, other.p) == 0);
	rule_release(&again);
	must(rule_update(r, j, true, r->updated_ms, f) == 0);
	buf_reset(&other);
	must(rule_print(r, true, &other) == 0);
	must(strcmp(text.p, other.p) == 0);
	json_free(j);
	buf_release(&text);
	buf_release(&other);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct json *j = json_parse((const char *)p, n, NULL);
	static struct faults f;
	struct buf text;
	struct rule r;

	if (j == NULL)
		return 0;
	faults_init(&f, "body");
	buf_init(&text, (size_t)1 << 20);
	if (rule_parse(&r, j, RULE_IMPORTED, true, NOW, &f) == 0) {
		must(f.total == 0);
		must(rule_warmup(&r) >= rule_first(&r));
		check_config(&r);
		check_again(&r, &f);
		must(rule_print(&r, false, &text) == 0);
		rule_release(&r);
	} else {
		must(f.n > 0);
		must(faults_print_json(&f, &text) == 0);
		json_free(j);
		j = json_parse(text.p, text.len, NULL);
		must(j != NULL && j->type == JSON_ARRAY && j->len == f.n);
	}
	json_free(j);
	buf_release(&text);
	return 0;
}
