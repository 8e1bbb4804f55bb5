/*
 * routes: THE table of the HTTP API. It routes, it validates the query and
 * the path, and openapi.c makes the document from it: they cannot disagree.
 */
#ifndef PULSE_CTL_SERVE_ROUTES_H
#define PULSE_CTL_SERVE_ROUTES_H

#include "pulse-ctl/serve/api.h"

enum param_type {
	PARAM_INTEGER,
	PARAM_TEXT,
	PARAM_CHOICE,
	PARAM_BOOLEAN,
	PARAM_UUID,
	PARAM_TIME, /* ISO 8601, or unix seconds or ms */
	PARAM_CURSOR,
};

/* A parameter of the query, or of the path when its name stands in braces
 * there, or a header of the request. */
struct param {
	const char *name;
	enum param_type type;
	const char *doc;
	int64_t min, max; /* of an integer; lengths of a text */
	int64_t fallback; /* of an integer */
	const char *choices; /* "a|b" */
	bool required;
	bool header;
};

enum route_flags {
	ROUTE_PUBLIC = 1, /* never needs a key */
	ROUTE_WRITE = 2, /* runs in a transaction */
	ROUTE_BODY = 4, /* takes a JSON body */
	ROUTE_HIDDEN = 8, /* a page, not in the document */
	ROUTE_LONG = 16, /* a list that may have to search for long */
};

/* One documented answer: a schema by name ("Rule"), or NULL for none. */
struct answer {
	int status;
	const char *schema;
	const char *doc;
};

struct route {
	const char *method;
	const char *path; /* "/api/v1/rules/{rule_id}" */
	const char *id; /* operationId */
	const char *tag;
	const char *summary;
	unsigned flags;
	const struct param *params; /* ends with a NULL name, or NULL */
	const char *body_schema;
	const char *type; /* of the good answer; NULL: application/json */
	const struct answer *answers; /* ends with status 0 */
	int (*run)(struct api *a, struct exchange *x, struct err *e);
};

extern const struct route routes[];
extern const size_t routes_count;

/*
 * The route of method and path. NULL when there is none; then *allow is the
 * list of methods that the path has ("GET, PUT"), or empty when the path is
 * unknown. x->ids is set.
 */
const struct route *
routes_find(struct exchange *x, const char *method, char allow[64]);
/* Check path and query of x against its route: faults go to x->faults. 0 or
 * -1. */
int routes_check(struct exchange *x);

int route_health(struct api *a, struct exchange *x, struct err *e);
int route_ready(struct api *a, struct exchange *x, struct err *e);
int route_metrics(struct api *a, struct exchange *x, struct err *e);
int route_openapi(struct api *a, struct exchange *x, struct err *e);
int route_file(struct api *a, struct exchange *x, struct err *e);
/* The rule of an Idempotency-Key was not made after all. */
void route_rule_forget(struct api *a, struct exchange *x);
int route_rule_create(struct api *a, struct exchange *x, struct err *e);
int route_rule_list(struct api *a, struct exchange *x, struct err *e);
int route_rule_get(struct api *a, struct exchange *x, struct err *e);
int route_rule_update(struct api *a, struct exchange *x, struct err *e);
int route_rule_delete(struct api *a, struct exchange *x, struct err *e);
int route_alert_list(struct api *a, struct exchange *x, struct err *e);
int route_alert_get(struct api *a, struct exchange *x, struct err *e);
int route_alert_attempts(struct api *a, struct exchange *x, struct err *e);
int route_alert_redeliver(struct api *a, struct exchange *x, struct err *e);
int route_alert_stream(struct api *a, struct exchange *x, struct err *e);
int route_channel_list(struct api *a, struct exchange *x, struct err *e);
int route_channel_create(struct api *a, struct exchange *x, struct err *e);
int route_channel_get(struct api *a, struct exchange *x, struct err *e);
int route_channel_update(struct api *a, struct exchange *x, struct err *e);
int route_channel_delete(struct api *a, struct exchange *x, struct err *e);
int route_channel_pause(struct api *a, struct exchange *x, struct err *e);
int route_channel_resume(struct api *a, struct exchange *x, struct err *e);
int route_candle_list(struct api *a, struct exchange *x, struct err *e);

/* ---- pages by cursor ----------------------------------------------------- */

/* "time:id" in base64url: where the next page begins. */
#define CURSOR_TEXT_MAX 100
void cursor_print(int64_t ms, const struct uuid *id, char *out);
/* The end of a list's answer: the array is closed, how many there are in all,
 * and the cursor of what follows that item, or null when nothing does. */
void page_end(struct buf *b, int64_t total, bool more, int64_t last_ms,
    const struct uuid *last_id);
int cursor_parse(const char *text, int64_t *ms, struct uuid *id);

#endif
