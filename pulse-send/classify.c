#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "pulse-send/classify.h"

/* What holds for every target. A redirect would have to be followed, which
 * is never done: permanent ones are permanent. 408, 425: try again. */
static const struct classify_row common_rows[] = {
    {200, 299, NULL, VERDICT_OK, ""},
    {301, 301, NULL, VERDICT_PERMANENT, "redirects are not followed"},
    {308, 308, NULL, VERDICT_PERMANENT, "redirects are not followed"},
    {300, 399, NULL, VERDICT_TRANSIENT, "redirects are not followed"},
    {404, 404, NULL, VERDICT_GONE, "the address is not known there"},
    {410, 410, NULL, VERDICT_GONE, "the address is gone"},
    {408, 408, NULL, VERDICT_TRANSIENT, "the receiver timed out"},
    {425, 425, NULL, VERDICT_TRANSIENT, "too early"},
    {429, 429, NULL, VERDICT_THROTTLED, "too many requests"},
    {400, 499, NULL, VERDICT_PERMANENT, "the receiver refuses the request"},
    {503, 503, NULL, VERDICT_TRANSIENT, "the receiver is unavailable"},
    {500, 599, NULL, VERDICT_TRANSIENT, "the receiver failed"},
    {0, 9999, NULL, VERDICT_TRANSIENT, "an answer that makes no sense"},
};

static const struct classify_row *
find(const struct classify_row *rows, size_t n, const struct http_response *r)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (r->status >= rows[i].low && r->status <= rows[i].high &&
		    (rows[i].body == NULL ||
			strstr(r->body, rows[i].body) != NULL))
			return &rows[i];
	return NULL;
}

void
classify(const struct classify_row *rows, size_t n,
    const struct http_response *r, struct verdict *v)
{
	const struct classify_row *row = find(rows, n, r);
	const char *after = http_header(r, "retry-after");

	if (row == NULL)
		row = find(common_rows,
		    sizeof(common_rows) / sizeof(common_rows[0]), r);
	v->kind = row->kind;
	(void)snprintf(v->reason, sizeof(v->reason), "%s", row->reason);
	if (r->status != 429 && r->status != 503)
		return;
	if (after != NULL)
		v->wait_us = classify_retry_after(
		    after, http_header(r, "date"), clock_now_ms());
	if (v->kind == VERDICT_TRANSIENT && v->wait_us >= 0)
		v->kind = VERDICT_THROTTLED;
}

int64_t
classify_seconds(const char *text)
{
	int64_t us = 0, unit = 1000000;
	const char *p = text;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		if (us < WAIT_MAX_US)
			us = us * 10 + (*p - '0') * INT64_C(1000000);
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			us += unit > 0 ? (*p - '0') * unit : *p > '0';
		}
	if (*p != '\0')
		return -1;
	return us < WAIT_MAX_US ? us : WAIT_MAX_US;
}

int64_t
classify_retry_after(const char *text, const char *date, int64_t now_ms)
{
	int64_t then, us = classify_seconds(text);

	if (us >= 0)
		return us;
	if (clock_parse_http(&then, text) < 0)
		return -1;
	if (date != NULL)
		(void)clock_parse_http(&now_ms, date);
	if (then <= now_ms)
		return 0;
	if (then - now_ms >= WAIT_MAX_US / 1000)
		return WAIT_MAX_US;
	return (then - now_ms) * 1000;
}

int64_t
classify_json_seconds(const struct json *j)
{
	if (j == NULL || j->type != JSON_NUMBER)
		return -1;
	if (!(j->number > 0))
		return 0;
	if (j->number >= (double)WAIT_MAX_US / 1e6)
		return WAIT_MAX_US;
	return (int64_t)ceil(j->number * 1e6 - 1e-3);
}
