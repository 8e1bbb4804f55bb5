/*
 * api: from a request to its answer, without sockets. server.c feeds it from
 * connections, the tests and the fuzzer from memory.
 *
 * The order of checks is fixed (api.md): 401 > 429 > 404/405 > 413/415 > 422.
 * All but the last are api_begin()'s, which sees the head alone, so that a
 * body that nobody will read is not waited for.
 */
#ifndef PULSE_CTL_SERVE_API_H
#define PULSE_CTL_SERVE_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/faults.h"
#include "common/json.h"
#include "common/uuid.h"
#include "db/store.h"
#include "pulse-ctl/serve/auth.h"
#include "pulse-ctl/serve/message.h"
#include "pulse-ctl/serve/limiter.h"
#include "pulse-ctl/serve/metrics.h"
#include "pulse-ctl/serve/pages.h"
#include "pulse-ctl/serve/stream.h"

/* Room kept before a body for the head, so that both leave in one write. */
#define API_HEAD_ROOM  2048
#define API_ANSWER_MAX ((size_t)16 * 1024 * 1024)
#define API_PATH_IDS   2

struct route;

/* How serve was started. */
struct api_config {
	bool open_reads; /* reads need no key */
	bool allow_private;
	bool behind_proxy;
	bool tls;
	const char *cors_origin; /* or NULL */
};

/* An answered POST that carried an Idempotency-Key. */
struct api_once {
	unsigned char key[32]; /* hash of who asked and the key's text */
	unsigned char body[32];
	struct uuid rule_id;
};
#define API_ONCE_MAX 4096

/* A count of rules, good while no rule changes. */
struct api_total {
	char filter[96];
	int64_t seq;
	int64_t n;
};
#define API_TOTALS_MAX 64

struct api {
	struct store *st;
	struct api_config config;
	struct auth auth;
	struct limiter_table failed; /* by address */
	struct metrics metrics;
	struct stream stream;
	/* Newest last, in a ring. */
	struct api_once *once;
	size_t nonce;
	struct api_total totals[API_TOTALS_MAX];
	size_t ntotals;
	struct pages pages; /* of rules */
	/* The document never changes while the process lives. */
	struct buf openapi;
	/* Whether the store answered last time, for /metrics. */
	bool store_ok;
	/* The line of the head that changes once a second, and its second. */
	char date[48];
	int64_t date_s;
};

/* One request and its answer. */
struct exchange {
	struct message_head head;
	char *head_text; /* owned: what head points into */
	const char *body;
	size_t body_len;
	char peer[64];
	/* Found by api_begin(). */
	const struct route *route;
	const char *ids[API_PATH_IDS]; /* parts of the path in braces */
	char *path_text; /* owned: cut into ids */
	char who[AUTH_ID_MAX]; /* the key's id, or "" without a key */
	bool secrets; /* webhook URLs may be shown */
	bool is_head;
	struct faults *faults;
	int64_t start_us;
	size_t judged; /* of extra: what api_begin() wrote */
	/* In api.once since the last api_run(). */
	bool has_once;
	unsigned char once_key[32];

	int status;
	const char *type; /* of the body, or NULL for none */
	struct buf extra; /* header lines, each with CR LF */
	/* API_HEAD_ROOM bytes, then the body. */
	struct buf out;
	/* A body that lives elsewhere (embedded files), or NULL. */
	const void *fixed;
	size_t fixed_len;
	/* The page's own policy instead of the strict one, or NULL. */
	const char *policy;
	const char *cache; /* Cache-Control, or NULL for no-store */
	/* The answer does not end: events from seq on. */
	enum stream_form stream;
	int64_t stream_seq;
	struct stream_filter stream_filter;
	bool close; /* the connection ends after it */
	/* Where the bytes to be sent start in out, after api_finish(). */
	size_t from;
};

/* What is to be done next. */
enum api_next {
	API_ANSWERED, /* the answer is ready */
	API_RUN, /* api_run(), when the body is complete */
	API_WRITE, /* the same, inside a transaction */
};

int api_init(struct api *a, struct store *st, const struct api_config *config,
    struct err *e);
void api_release(struct api *a);

struct exchange *exchange_new(void);
void exchange_free(struct exchange *x);

/* Judge the head. x->head and x->peer are set. */
enum api_next api_begin(struct api *a, struct exchange *x);
/*
 * Let the route's function answer. 0, or -1 when the store failed: within a
 * transaction of several requests the caller then rolls back and tries each
 * alone; x may be run again. In the end it calls api_store_failed().
 */
int api_run(struct api *a, struct exchange *x, struct err *e);
void api_store_failed(struct api *a, struct exchange *x, const struct err *e);
/* Answer a head that message_parse() refused. */
void api_refuse(struct api *a, struct exchange *x, int status, const char *why);
/* Put the head before the body; count. now_ms for Date. */
void api_finish(struct api *a, struct exchange *x);
/* An access-log line (without a newline) for a finished exchange. */
void api_log_line(const struct exchange *x, bool json, struct buf *out);

/* ---- for the routes ------------------------------------------------------ */

/* Answer with {"detail":sentence}. */
void api_detail(struct exchange *x, int status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Answer 422 with the faults noted in x->faults. */
void api_faulty(struct exchange *x);
/* The body as JSON, or NULL after a 422. */
struct json *api_body(struct exchange *x);
/* Begin a JSON answer: append to the result. */
struct buf *api_json(struct exchange *x, int status);
/* A header line of the answer. */
void api_header(struct exchange *x, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Parameters of the query that the route documents; checked before the
 * route's function runs. The default stands where none was given. */
int64_t api_int(const struct exchange *x, const char *name);
const char *api_text(const struct exchange *x, const char *name);
/* A time in ms, or absent. */
int64_t api_time(const struct exchange *x, const char *name, int64_t absent);

#endif
