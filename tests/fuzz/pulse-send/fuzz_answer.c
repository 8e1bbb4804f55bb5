/*
 * Whatever a receiver answers, every channel comes to a verdict that makes
 * sense: a wait within bounds, a reason unless it is good, a plan of the state
 * machine that its table knows, and audit text without control characters.
 * Input: a status in two bytes, a header's value up to the first zero byte,
 * the body.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "pulse-send/channel.h"
#include "pulse-send/classify.h"
#include "pulse-send/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

#define NAMES 5

static void
must(bool good)
{
	if (!good)
		abort();
}

static void
check(enum channel_kind kind, const struct http_response *r)
{
	struct verdict v;
	struct delivery_plan plan;
	int step;

	channel_judge(channel_ops(kind), r, &v);
	must(v.kind < VERDICT_KINDS);
	must(v.wait_us >= -1 && v.wait_us <= WAIT_MAX_US);
	must((v.kind == VERDICT_OK) == (v.reason[0] == '\0'));
	must(v.remaining >= -1 && v.remaining <= PACING_COUNT_MAX);
	must(v.remaining < 0 ||
	     (v.reset_after_us >= 0 && v.reset_after_us <= WAIT_MAX_US));
	for (step = 0; step < 12; step++) {
		plan = delivery_plan(&retry_policy_default, step, 0, v.kind,
		    v.wait_us, false, (uint64_t)r->len);
		must(delivery_transition(DELIVERY_STATE_SENDING, plan.event) !=
		     NULL);
		must(plan.delay_us >= 0 && plan.step <= step + 1);
	}
}

static void
check_audit(const struct http_response *r)
{
	struct channel c = {.url = (char *)"https://a.b/secretsecret"};
	char text[1025];
	size_t i;

	request_keep_answer(&c, r->body, r->len, text, sizeof(text));
	for (i = 0; text[i] != '\0'; i++)
		must((unsigned char)text[i] >= ' ' && text[i] != 127);
	must(i < sizeof(text));
	must(strstr(text, "secretsecret") == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const char *const names[NAMES] = {"retry-after", "date",
	    "x-ratelimit-remaining", "x-ratelimit-reset-after",
	    "x-ratelimit-global"};
	struct http_response r = {
	    .outcome = HTTP_ANSWERED, .error = "", .address = ""};
	char head[1024], body[4096];
	size_t value, k, at = 0;
	int kind;

	if (n < 3)
		return 0;
	r.status = (p[0] << 8 | p[1]) % 1000;
	p += 2;
	n -= 2;
	value = strnlen((const char *)p, n < 100 ? n : 100);
	for (k = 0; k < NAMES; k++) {
		memcpy(head + at, names[k], strlen(names[k]) + 1);
		at += strlen(names[k]) + 1;
		memcpy(head + at, p, value);
		at += value;
		head[at++] = '\0';
	}
	r.head = head;
	r.head_len = at;
	p += value;
	n -= value;
	if (n > 0)
		p++, n--;
	if (n >= sizeof(body))
		n = sizeof(body) - 1;
	memcpy(body, p, n);
	body[n] = '\0';
	r.body = body;
	r.len = n;
	for (kind = 0; kind < CHANNEL_KIND_EXEC; kind++)
		check((enum channel_kind)kind, &r);
	check_audit(&r);
	return 0;
}
