/* Health, readiness, metrics, the document, and the pages. */
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/digest.h"
#include "pulse-ctl/records.h"
#include "pulse-ctl/serve/assets.h"
#include "pulse-ctl/serve/routes.h"

/* A tool whose last heartbeat is older is not there. */
#define FRESH_MS 30000

int
route_health(struct api *a, struct exchange *x, struct err *e)
{
	struct buf *b = api_json(x, 200);

	(void)a;
	(void)e;
	buf_adds(b, "{\"status\":\"healthy\",");
	record_time(b, "timestamp", clock_now_ms());
	buf_addc(b, '}');
	return 0;
}

/* ---- /ready -------------------------------------------------------------- */

struct seen {
	int64_t now_ms;
	bool ingest, eval;
};

static int
see(void *arg, const char *name, const char *instance, int64_t time_ms,
    const char *counters)
{
	struct seen *s = arg;

	(void)instance;
	if (s->now_ms - time_ms > FRESH_MS ||
	    strstr(counters, "\"ended\":true") != NULL)
		return 0;
	s->ingest = s->ingest || strcmp(name, "hl-ingest") == 0;
	s->eval = s->eval || strcmp(name, "pulse-eval") == 0;
	return 0;
}

static void
missing(struct buf *b, bool *some, const char *what)
{
	buf_adds(b, *some ? "," : "");
	buf_adds_json(b, what);
	*some = true;
}

int
route_ready(struct api *a, struct exchange *x, struct err *e)
{
	struct seen s = {.now_ms = clock_now_ms()};
	bool some = false;
	struct buf list;
	int schema = store_schema(a->st, e);
	bool store =
	    schema >= 0 && store_component_list(a->st, see, &s, e) >= 0;

	buf_init(&list, 1024);
	if (!store)
		missing(&list, &some, "the store cannot be read");
	else if (schema != store_schema_known())
		missing(&list, &some, "the schema is not current");
	if (store && !s.ingest)
		missing(&list, &some, "hl-ingest gives no fresh heartbeat");
	if (store && !s.eval)
		missing(&list, &some, "pulse-eval gives no fresh heartbeat");
	buf_addf(api_json(x, some ? 503 : 200),
	    "{\"status\":\"%s\",\"missing\":[%s]}",
	    some ? "not ready" : "ready", list.p != NULL ? list.p : "");
	buf_release(&list);
	return 0;
}

/* ---- /metrics ------------------------------------------------------------ */

int
route_metrics(struct api *a, struct exchange *x, struct err *e)
{
	const char *accept = message_header(&x->head, "accept");
	struct buf *b = api_json(x, 200);

	api_header(x, "Vary: Accept");
	if (accept != NULL && strstr(accept, "application/json") != NULL)
		return metrics_print_json(&a->metrics, a->st, b, e);
	x->type = "text/plain; version=0.0.4; charset=utf-8";
	return metrics_print(&a->metrics, a->st, b, e);
}

/* ---- documents ----------------------------------------------------------- */

/* Answer 304 when the reader has these bytes already. */
static bool
answer_unchanged(struct exchange *x, const void *p, size_t n)
{
	const char *have = message_header(&x->head, "if-none-match");
	unsigned char digest[DIGEST_SHA256_LEN];
	char tag[2 * DIGEST_SHA256_LEN + 1];

	digest_sha256(p, n, digest);
	digest_hex(digest, 12, tag);
	api_header(x, "ETag: \"%s\"", tag);
	x->cache = "no-cache";
	if (have == NULL || strstr(have, tag) == NULL)
		return false;
	(void)api_json(x, 304);
	x->type = NULL;
	return true;
}

int
route_openapi(struct api *a, struct exchange *x, struct err *e)
{
	(void)e;
	if (answer_unchanged(x, a->openapi.p, a->openapi.len))
		return 0;
	(void)api_json(x, 200);
	x->fixed = a->openapi.p;
	x->fixed_len = a->openapi.len;
	return 0;
}

int
route_file(struct api *a, struct exchange *x, struct err *e)
{
	const char *path = x->head.path, *name;
	const struct embed *file;

	(void)a;
	(void)e;
	name = strcmp(path, "/") == 0	    ? "index.html"
	       : strcmp(path, "/docs") == 0 ? "docs.html"
					    : x->ids[0];
	file = name != NULL ? assets_find(name) : NULL;
	if (file == NULL) {
		api_detail(x, 404, "Not found");
		return 0;
	}
	x->policy = ASSETS_POLICY;
	if (answer_unchanged(x, file->bytes, file->len))
		return 0;
	(void)api_json(x, 200);
	x->type = assets_type(name);
	x->fixed = file->bytes;
	x->fixed_len = file->len;
	return 0;
}

const struct embed *
assets_find(const char *name)
{
	size_t i;

	for (i = 0; i < web_files_count; i++)
		if (strcmp(web_files[i].name, name) == 0)
			return &web_files[i];
	return NULL;
}

const char *
assets_type(const char *name)
{
	static const char *const table[][2] = {
	    {".html", "text/html; charset=utf-8"},
	    {".css", "text/css; charset=utf-8"},
	    {".js", "text/javascript; charset=utf-8"},
	    {".mjs", "text/javascript; charset=utf-8"},
	    {".svg", "image/svg+xml"},
	    {".png", "image/png"},
	    {".json", "application/json"},
	    {".txt", "text/plain; charset=utf-8"},
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot != NULL && i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(dot, table[i][0]) == 0)
			return table[i][1];
	return "application/octet-stream";
}
