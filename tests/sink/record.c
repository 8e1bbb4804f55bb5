#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/digest.h"
#include "common/json.h"
#include "tests/sink/record.h"

static void
add_span(struct buf *b, const char *key, struct span v)
{
	buf_addf(b, ",\"%s\":", key);
	buf_add_json(b, v.p, v.n);
}

/* Whether an earlier field has the same name. */
static bool
seen(const struct http_request *r, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (r->fields[k].name.n == r->fields[i].name.n &&
		    strncasecmp(r->fields[k].name.p, r->fields[i].name.p,
			r->fields[i].name.n) == 0)
			return true;
	return false;
}

static void
add_headers(struct buf *b, const struct http_request *r)
{
	struct buf v;
	bool first = true;

	buf_init(&v, 1 << 20);
	buf_adds(b, ",\"headers\":{");
	for (size_t i = 0; i < r->n_fields; i++) {
		const struct span name = r->fields[i].name;

		if (seen(r, i))
			continue;
		buf_reset(&v);
		for (size_t k = i; k < r->n_fields; k++)
			if (r->fields[k].name.n == name.n &&
			    strncasecmp(r->fields[k].name.p, name.p, name.n) ==
				0) {
				if (k > i)
					buf_adds(&v, ", ");
				buf_add(&v, r->fields[k].value.p,
				    r->fields[k].value.n);
			}
		buf_adds(b, first ? "\"" : ",\"");
		first = false;
		for (size_t k = 0; k < name.n; k++)
			buf_addc(b, (char)tolower((unsigned char)name.p[k]));
		buf_adds(b, "\":");
		buf_add_json(b, v.len > 0 ? v.p : "", v.len);
	}
	buf_addc(b, '}');
	buf_release(&v);
}

/* The body as a JSON string, or in base64 when it is none. */
static void
add_body(struct buf *b, struct span body)
{
	size_t mark = b->len, start;
	char *text;

	buf_adds(b, ",\"body\":");
	start = b->len;
	buf_add_json(b, body.n > 0 ? body.p : "", body.n);
	if (!buf_failed(b) &&
	    json_check(b->p + start, b->len - start, NULL) == 0)
		return;
	b->len = mark;
	text = malloc(DIGEST_BASE64_LEN(body.n));
	if (text == NULL)
		abort();
	digest_base64(body.p, body.n, text);
	buf_addf(b, ",\"body_base64\":\"%s\"", text);
	free(text);
}

static void
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k <= 0)
			return;
		p += k;
		n -= (size_t)k;
	}
}

void
record_request(struct sink *s, const struct visitor *v,
    const struct http_request *r, bool with_body)
{
	struct buf *b = &s->line;
	struct timespec ts;

	if (s->record_fd < 0)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	buf_reset(b);
	buf_addf(b,
	    "{\"us\":%lld,\"mono_us\":%" PRId64 ",\"seq\":%" PRIu64
	    ",\"conn\":%" PRIu64,
	    (long long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000, clock_mono_us(),
	    s->requests, v->number);
	add_span(b, "method", r->method);
	add_span(b, "path", r->path);
	add_span(b, "query", r->query);
	add_headers(b, r);
	if (with_body)
		add_body(b, r->body);
	else
		buf_adds(b, ",\"body\":null");
	buf_adds(b, "}\n");
	write_all(s->record_fd, b->p, b->len);
}
