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

/* The three forms that RFC 9110 (5.6.7) wants understood: "Sun, 06 Nov 1994
 * 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT" and "Sun Nov  6 08:49:37
 * 1994". In ms since 1970, or -1. */
static int64_t
parse_date(const char *s)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char month[4] = "", iso[96];
	int day = -1, year = -1, h = -1, m = -1, sec = -1, end = 0;
	const char *at;
	int64_t ms;

	(void)sscanf(s, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n",
	    &day, month, &year, &h, &m, &sec, &end);
	if (end == 0) {
		(void)sscanf(s,
		    "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n", &day,
		    month, &year, &h, &m, &sec, &end);
		/* More than 50 years ahead is the past (until 2076). */
		year += year < 70 ? 2000 : 1900;
	}
	if (end == 0)
		(void)sscanf(s, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n",
		    month, &day, &h, &m, &sec, &year, &end);
	if (end == 0 || s[end] != '\0' || strlen(month) != 3)
		return -1;
	at = strstr(months, month);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	if (day < 0 || year < 0 || h < 0 || m < 0 || sec < 0)
		return -1;
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", year,
	    (int)(at - months) / 3 + 1, day, h, m, sec);
	return clock_parse(&ms, iso, strlen(iso)) == 0 ? ms : -1;
}

int64_t
classify_retry_after(const char *text, const char *date, int64_t now_ms)
{
	int64_t then, us = classify_seconds(text);

	if (us >= 0)
		return us;
	then = parse_date(text);
	if (then < 0)
		return -1;
	if (date != NULL && parse_date(date) >= 0)
		now_ms = parse_date(date);
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
