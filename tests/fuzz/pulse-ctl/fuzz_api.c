/*
 * Bytes from a connection to answers, without sockets: the parser of
 * messages, the order of checks, every route. Requests in one input follow
 * each other as on one connection. No answer is a fault of ours (5xx, but
 * for /ready which says so when nothing runs), every answer is well formed,
 * and what says that it is JSON is.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/unit/pulse-ctl/answer.h"

/* Requests of one input. */
#define REQUESTS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* The server of all inputs; its store takes writes only where it was made. */
static struct answering *the_server;

static void
forget(void)
{
	answering_unlink(the_server);
}

static struct answering *
server(void)
{
	struct api_config config = {.open_reads = true};

	if (the_server == NULL) {
		the_server = calloc(1, sizeof(*the_server));
		if (the_server == NULL ||
		    answering_open(the_server, &config) < 0 ||
		    atexit(forget) != 0)
			abort();
	}
	/* A wrong key of one input must not lock out the next. */
	memset(&the_server->api.failed, 0, sizeof(the_server->api.failed));
	return the_server;
}

static void
judge(const struct exchange *x)
{
	const char *text = x->out.p + x->from, *end;
	size_t n = x->out.len - x->from;

	if (x->status < 200 || x->status > 599 || n < 20 ||
	    memcmp(text, "HTTP/1.1 ", 9) != 0)
		abort();
	if (x->status >= 500 && x->status != 505 &&
	    (x->head.path == NULL || strcmp(x->head.path, "/ready") != 0))
		abort();
	end = memmem(text, n, "\r\n\r\n", 4);
	if (end == NULL)
		abort();
	end += 4;
	if (x->type != NULL && strcmp(x->type, "application/json") == 0 &&
	    !x->is_head && json_check(end, n - (size_t)(end - text), NULL) < 0)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct answering *a = server();
	const char *text = (const char *)p;
	struct exchange *x;
	size_t used;
	int i;

	for (i = 0; i < REQUESTS_MAX && n > 0; i++) {
		x = answer(a, text, n, &used);
		if (x == NULL)
			break;
		judge(x);
		exchange_free(x);
		if (used > n)
			break;
		text += used;
		n -= used;
	}
	return 0;
}
