#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/wire/http.h"

bool
span_is(struct span s, const char *text)
{
	return strlen(text) == s.n && memcmp(s.p, text, s.n) == 0;
}

bool
span_starts(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p, text, n) == 0;
}

struct span
http_field(const struct http_request *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < r->n_fields; i++)
		if (r->fields[i].name.n == n &&
		    strncasecmp(r->fields[i].name.p, name, n) == 0)
			return r->fields[i].value;
	return (struct span){NULL, 0};
}

static struct span
trim(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return (struct span){p, (size_t)(end - p)};
}

/* "POST /path?query HTTP/1.1". */
static int
parse_line(struct http_request *r, const char *p, const char *end)
{
	const char *sp1 = memchr(p, ' ', (size_t)(end - p));
	const char *sp2, *q;

	if (sp1 == NULL || sp1 == p)
		return -1;
	sp2 = memchr(sp1 + 1, ' ', (size_t)(end - sp1 - 1));
	if (sp2 == NULL || sp1[1] != '/' || end - sp2 != 9 ||
	    memcmp(sp2 + 1, "HTTP/1.", 7) != 0)
		return -1;
	r->method = (struct span){p, (size_t)(sp1 - p)};
	r->keep_alive = end[-1] != '0';
	q = memchr(sp1 + 1, '?', (size_t)(sp2 - sp1 - 1));
	r->path.p = sp1 + 1;
	r->path.n = (size_t)((q != NULL ? q : sp2) - sp1 - 1);
	r->query = (struct span){"", 0};
	if (q != NULL)
		r->query = (struct span){q + 1, (size_t)(sp2 - q - 1)};
	return 0;
}

static int
parse_fields(struct http_request *r, const char *p, const char *end)
{
	while (p < end) {
		const char *eol = memchr(p, '\r', (size_t)(end - p));
		const char *colon;

		if (eol == NULL)
			eol = end;
		colon = memchr(p, ':', (size_t)(eol - p));
		if (colon == NULL || colon == p ||
		    r->n_fields == HTTP_FIELDS_MAX)
			return -1;
		r->fields[r->n_fields].name =
		    (struct span){p, (size_t)(colon - p)};
		r->fields[r->n_fields++].value = trim(colon + 1, eol);
		p = eol + 2;
	}
	return 0;
}

/*
 * The chunked body at p: its end, or NULL with *bad when it is not one. With
 * to != NULL the data is joined there and *len set.
 */
static const char *
chunks(const char *p, const char *end, char *to, size_t *len, bool *bad)
{
	*len = 0;
	*bad = false;
	for (;;) {
		const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
		char *stop;
		unsigned long size;

		if (eol == NULL)
			return NULL;
		size = strtoul(p, &stop, 16);
		if (stop == p || size > 1UL << 30) {
			*bad = true;
			return NULL;
		}
		p = eol + 2;
		if ((size_t)(end - p) < size + 2)
			return NULL;
		if (to != NULL)
			memmove(to + *len, p, size);
		*len += size;
		if (memcmp(p + size, "\r\n", 2) != 0) {
			*bad = true;
			return NULL;
		}
		p += size + 2;
		if (size == 0)
			return p;
	}
}

static int
parse_body(struct http_request *r, char *p, size_t n)
{
	struct span length = http_field(r, "content-length");
	struct span coding = http_field(r, "transfer-encoding");
	const char *end;
	char *stop;
	bool bad;
	size_t len;
	unsigned long want;

	r->body = (struct span){p + r->head, 0};
	r->size = r->head;
	if (coding.p != NULL) {
		if (length.p != NULL || coding.n != 7 ||
		    strncasecmp(coding.p, "chunked", 7) != 0)
			return -1;
		if (chunks(p + r->head, p + n, NULL, &len, &bad) == NULL)
			return bad ? -1 : 0;
		end = chunks(p + r->head, p + n, p + r->head, &len, &bad);
		r->body.n = len;
		r->size = (size_t)(end - p);
		return 1;
	}
	if (length.p == NULL)
		return 1;
	want = strtoul(length.p, &stop, 10);
	if (stop != length.p + length.n || length.n == 0 || length.p[0] < '0' ||
	    length.p[0] > '9' || want > 1UL << 30)
		return -1;
	if (n - r->head < want)
		return 0;
	r->body.n = want;
	r->size = r->head + want;
	return 1;
}

int
http_parse(struct http_request *r, char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4);
	const char *eol;
	struct span field;
	int rc;

	r->n_fields = 0;
	r->expects_continue = false;
	if (end == NULL)
		return n > HTTP_HEAD_MAX ? -1 : 0;
	eol = memmem(p, (size_t)(end - p) + 2, "\r\n", 2);
	r->head = (size_t)(end - p) + 4;
	if (parse_line(r, p, eol) != 0)
		return -1;
	if (eol < end && parse_fields(r, eol + 2, end) != 0)
		return -1;
	field = http_field(r, "connection");
	if (field.n == 5 && strncasecmp(field.p, "close", 5) == 0)
		r->keep_alive = false;
	rc = parse_body(r, p, n);
	field = http_field(r, "expect");
	r->expects_continue = rc == 0 && field.n == 12 &&
			      strncasecmp(field.p, "100-continue", 12) == 0;
	return rc;
}

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decode into out; '+' stays a plus, as coin names may hold one. */
static void
decode(const char *p, const char *end, char *out, size_t size)
{
	size_t n = 0;

	for (; p < end && n + 1 < size; p++) {
		if (*p == '%' && end - p > 2 && hex(p[1]) >= 0 &&
		    hex(p[2]) >= 0) {
			out[n++] = (char)(hex(p[1]) * 16 + hex(p[2]));
			p += 2;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
}

bool
http_query(struct span query, const char *name, char *out, size_t size)
{
	const char *p = query.p, *end = query.p + query.n;
	size_t n = strlen(name);

	out[0] = '\0';
	while (p < end) {
		const char *amp = memchr(p, '&', (size_t)(end - p));

		if (amp == NULL)
			amp = end;
		if ((size_t)(amp - p) >= n && memcmp(p, name, n) == 0 &&
		    (p + n == amp || p[n] == '=')) {
			if (p + n < amp)
				decode(p + n + 1, amp, out, size);
			return true;
		}
		p = amp + 1;
	}
	return false;
}

const char *
http_reason(int status)
{
	static const struct {
		int status;
		const char *reason;
	} table[] = {
	    {200, "OK"},
	    {201, "Created"},
	    {202, "Accepted"},
	    {204, "No Content"},
	    {301, "Moved Permanently"},
	    {302, "Found"},
	    {307, "Temporary Redirect"},
	    {308, "Permanent Redirect"},
	    {400, "Bad Request"},
	    {401, "Unauthorized"},
	    {403, "Forbidden"},
	    {404, "Not Found"},
	    {405, "Method Not Allowed"},
	    {410, "Gone"},
	    {413, "Content Too Large"},
	    {422, "Unprocessable Entity"},
	    {429, "Too Many Requests"},
	    {500, "Internal Server Error"},
	    {502, "Bad Gateway"},
	    {503, "Service Unavailable"},
	    {504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status)
			return table[i].reason;
	return "Status";
}

void
http_respond(struct buf *out, int status, const char *type, const char *fields,
    const void *body, size_t n, bool keep_alive)
{
	buf_addf(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	if (type != NULL)
		buf_addf(out, "Content-Type: %s\r\n", type);
	if (fields != NULL)
		buf_adds(out, fields);
	if (!keep_alive)
		buf_adds(out, "Connection: close\r\n");
	if (status != 204)
		buf_addf(out, "Content-Length: %zu\r\n", n);
	buf_adds(out, "\r\n");
	if (status != 204)
		buf_add(out, body, n);
}
