/* /api/v1/rules … */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/digest.h"
#include "common/json.h"
#include "pulse-ctl/serve/etag.h"
#include "pulse-ctl/serve/routes.h"

#define IDEMPOTENCY_KEY_MAX 255
/* More than the parts of a question to a list can have. */
#define KEY_ROOM 1024

/* Namespace of rules made with an Idempotency-Key: such a rule's id is the
 * UUIDv5 of who asked and the key's text. So a repeated POST finds the rule
 * it made, over a restart too, without a table of its own. */
static const struct uuid once_namespace = {{0x7c, 0x0e, 0x2b, 0x5d, 0x93, 0x4f,
    0x4a, 0x6e, 0x8a, 0x11, 0x5e, 0xc4, 0x60, 0x27, 0xd9, 0xb3}};

/* ---- answers ------------------------------------------------------------- */

static int
answer_rule(struct exchange *x, int status, const struct rule *r, struct err *e)
{
	struct buf *b = api_json(x, status);

	etag_add(x, r->seq);
	if (rule_print(r, x->secrets, b) < 0)
		return err_set(e, "out of memory");
	return 0;
}

static int
answer_not_found(struct exchange *x)
{
	api_detail(x, 404, "Rule not found");
	return 0;
}

/* 1 and the rule of the path, 0 after a 404, or -1. */
static int
get_rule(struct api *a, struct exchange *x, struct rule *r, struct err *e)
{
	struct uuid id;
	int rc;

	(void)uuid_parse(&id, x->ids[0], strlen(x->ids[0]));
	rc = store_rule_get(a->st, &id, r, e);
	if (rc == 0)
		(void)answer_not_found(x);
	return rc;
}

/* ---- POST ---------------------------------------------------------------- */

static struct api_once *
once_find(struct api *a, const unsigned char key[32])
{
	size_t n = a->nonce < API_ONCE_MAX ? a->nonce : API_ONCE_MAX, i;

	for (i = 0; i < n; i++)
		if (memcmp(a->once[i].key, key, 32) == 0)
			return &a->once[i];
	return NULL;
}

static void
once_keep(struct api *a, struct exchange *x, const struct api_once *o)
{
	a->once[a->nonce++ % API_ONCE_MAX] = *o;
	x->has_once = true;
	memcpy(x->once_key, o->key, sizeof(x->once_key));
}

void
route_rule_forget(struct api *a, struct exchange *x)
{
	struct api_once *o = x->has_once ? once_find(a, x->once_key) : NULL;

	/* No key's hash is zero. */
	if (o != NULL)
		memset(o, 0, sizeof(*o));
	x->has_once = false;
}

/*
 * What an Idempotency-Key asks: 1 when the answer is made already (the rule
 * exists, or the key was used for something else), 0 when r is to be created
 * under o->rule_id, or -1.
 */
static int
once_judge(struct api *a, struct exchange *x, const char *text,
    struct api_once *o, struct err *e)
{
	const struct api_once *old;
	struct rule r;
	struct buf name;
	int rc;

	buf_init(&name, 512);
	buf_addf(&name, "%s\n%s", x->who, text);
	digest_sha256(name.p, name.len, o->key);
	digest_sha256(x->body, x->body_len, o->body);
	o->rule_id = uuid_named(&once_namespace, name.p, name.len);
	buf_release(&name);
	old = once_find(a, o->key);
	if (old != NULL && memcmp(old->body, o->body, 32) != 0) {
		api_detail(
		    x, 409, "This Idempotency-Key was used with another body");
		return 1;
	}
	rc = store_rule_get(a->st, &o->rule_id, &r, e);
	if (rc == 1) {
		api_header(x, "Idempotent-Replayed: true");
		rc = answer_rule(x, 201, &r, e) < 0 ? -1 : 1;
		rule_release(&r);
	} else if (rc == 0 && old != NULL) {
		api_detail(x, 409,
		    "The rule made with this Idempotency-Key was deleted");
		rc = 1;
	}
	return rc;
}

static bool
once_valid(struct exchange *x, const char *text)
{
	size_t n = strlen(text);

	if (n >= 1 && n <= IDEMPOTENCY_KEY_MAX)
		return true;
	faults_add(x->faults, "value_error", "header.Idempotency-Key", NULL,
	    "must have 1 to %d bytes", IDEMPOTENCY_KEY_MAX);
	api_faulty(x);
	return false;
}

static int
create(struct api *a, struct exchange *x, struct rule *r, struct err *e)
{
	char id[UUID_TEXT_MAX];

	if (store_rule_put(a->st, r, e) < 0)
		return -1;
	uuid_print(&r->id, id);
	api_header(x, "Location: /api/v1/rules/%s", id);
	return answer_rule(x, 201, r, e);
}

int
route_rule_create(struct api *a, struct exchange *x, struct err *e)
{
	const char *text = message_header(&x->head, "idempotency-key");
	struct api_once once;
	struct json *j;
	struct rule r;
	int rc = 0;

	if (text != NULL && !once_valid(x, text))
		return 0;
	j = api_body(x);
	if (j == NULL)
		return 0;
	faults_init(x->faults, "body");
	if (rule_parse(&r, j, RULE_CREATED, a->config.allow_private,
		clock_now_ms(), x->faults) < 0) {
		json_free(j);
		api_faulty(x);
		return 0;
	}
	json_free(j);
	if (text != NULL) {
		rc = once_judge(a, x, text, &once, e);
		r.id = once.rule_id;
	}
	if (rc == 0) {
		rc = create(a, x, &r, e);
		if (rc == 0 && text != NULL)
			once_keep(a, x, &once);
	}
	rule_release(&r);
	return rc < 0 ? -1 : 0;
}

/* ---- GET list ------------------------------------------------------------ */

struct listing {
	struct exchange *x;
	int64_t limit, n;
	int64_t last_ms;
	struct uuid last_id;
	bool more;
};

static int
list_one(void *arg, const struct rule *r, struct err *e)
{
	struct listing *l = arg;

	/* One more than asked for says whether there is a next page. */
	if (l->n == l->limit) {
		l->more = true;
		return 1;
	}
	if (l->n++ > 0)
		buf_addc(&l->x->out, ',');
	l->last_ms = r->created_ms;
	l->last_id = r->id;
	if (rule_print(r, l->x->secrets, &l->x->out) < 0)
		return err_set(e, "out of memory");
	return 0;
}

/* How many rules fit the filter: counted anew only after a rule changed. */
static int
total(struct api *a, const struct store_rule_filter *f, int64_t seq, int64_t *n,
    struct err *e)
{
	struct api_total *t;
	char filter[96];
	size_t i;

	(void)snprintf(filter, sizeof(filter), "%d|%s|%s", f->active,
	    f->rule_type != NULL ? f->rule_type : "",
	    f->symbol != NULL ? f->symbol : "");
	for (i = 0; i < API_TOTALS_MAX; i++) {
		t = &a->totals[i];
		if (t->seq == seq && strcmp(t->filter, filter) == 0) {
			*n = t->n;
			return 0;
		}
	}
	if (store_rule_count(a->st, f, n, e) < 0)
		return -1;
	t = &a->totals[a->ntotals++ % API_TOTALS_MAX];
	(void)memcpy(t->filter, filter, sizeof(filter));
	t->seq = seq;
	t->n = *n;
	return 0;
}

/* The page, from the store. */
static int
print_list(struct api *a, struct exchange *x, struct store_rule_filter *f,
    int64_t seq, struct err *e)
{
	struct listing l = {.x = x, .limit = f->limit};
	struct buf *b = &x->out;
	int64_t n;

	if (total(a, f, seq, &n, e) < 0)
		return -1;
	f->limit = l.limit + 1;
	buf_adds(b, "{\"rules\":[");
	if (store_rule_list(a->st, f, list_one, &l, e) < 0)
		return -1;
	page_end(b, n, l.more, l.last_ms, &l.last_id);
	return 0;
}

/* All that a page depends on but the rules. A symbol is the one part that is
 * not ours; it stands last. */
static void
page_key(const struct exchange *x, const struct store_rule_filter *f,
    const char *cursor, struct buf *key)
{
	buf_cat(key, x->secrets ? "1|" : "0|", cursor != NULL ? cursor : "",
	    f->active < 0 ? "||"
	    : f->active	  ? "|1|"
			  : "|0|",
	    NULL);
	buf_add_int(key, f->limit);
	buf_addc(key, '|');
	buf_add_int(key, f->offset);
	buf_cat(key, "|", f->rule_type != NULL ? f->rule_type : "", "|",
	    f->symbol != NULL ? f->symbol : "", NULL);
}

/* The page kept under key, or a new one. */
static int
give_page(struct api *a, struct exchange *x, struct store_rule_filter *f,
    const char *key, struct err *e)
{
	struct buf *b = &x->out;
	const struct page *kept;
	int64_t seq;

	if (store_rule_seq(a->st, &seq, e) < 0)
		return -1;
	kept = pages_find(&a->pages, seq, key);
	if (kept != NULL) {
		buf_add(b, kept->text, kept->len);
		return 0;
	}
	if (print_list(a, x, f, seq, e) < 0)
		return -1;
	if (!buf_failed(b))
		pages_keep(&a->pages, key, b->p + API_HEAD_ROOM,
		    b->len - API_HEAD_ROOM);
	return 0;
}

int
route_rule_list(struct api *a, struct exchange *x, struct err *e)
{
	const char *active = api_text(x, "is_active"),
		   *cursor = api_text(x, "cursor");
	struct store_rule_filter f = {
	    .symbol = api_text(x, "symbol"),
	    .rule_type = api_text(x, "rule_type"),
	    .active = active == NULL ? -1 : strcmp(active, "true") == 0,
	    .limit = api_int(x, "limit"),
	    .offset = api_int(x, "offset"),
	};
	struct buf key;
	int rc;

	buf_init(&key, KEY_ROOM);
	page_key(x, &f, cursor, &key);
	if (cursor != NULL) {
		(void)cursor_parse(cursor, &f.after_created_ms, &f.after_id);
		f.has_after = true;
	}
	(void)api_json(x, 200);
	rc = buf_failed(&key) ? err_set(e, "out of memory")
			      : give_page(a, x, &f, key.p, e);
	buf_release(&key);
	return rc;
}

/* ---- GET, PUT, DELETE one ------------------------------------------------ */

int
route_rule_get(struct api *a, struct exchange *x, struct err *e)
{
	struct rule r;
	int rc = get_rule(a, x, &r, e);

	if (rc <= 0)
		return rc;
	if (etag_known(x, r.seq)) {
		(void)api_json(x, 304);
		x->type = NULL;
		etag_add(x, r.seq);
		rc = 0;
	} else {
		rc = answer_rule(x, 200, &r, e);
	}
	rule_release(&r);
	return rc;
}

/* The body's members into the rule, and it into the store. */
static int
update(struct api *a, struct exchange *x, struct rule *r, struct err *e)
{
	struct json *j = api_body(x);
	int rc = 0;

	if (j == NULL)
		return 0;
	faults_init(x->faults, "body");
	if (rule_update(
		r, j, a->config.allow_private, clock_now_ms(), x->faults) < 0) {
		api_faulty(x);
	} else {
		rc = store_rule_put(a->st, r, e);
		if (rc == 0)
			rc = answer_rule(x, 200, r, e);
	}
	json_free(j);
	return rc;
}

int
route_rule_update(struct api *a, struct exchange *x, struct err *e)
{
	struct rule r;
	int rc;

	/* What is not there (404), or not any more what the asker knows (412),
	 * is said before the faults of the body. */
	rc = get_rule(a, x, &r, e);
	if (rc <= 0)
		return rc;
	rc = etag_still(x, "rule", r.seq) ? update(a, x, &r, e) : 0;
	rule_release(&r);
	return rc;
}

int
route_rule_delete(struct api *a, struct exchange *x, struct err *e)
{
	struct rule r;
	int rc = get_rule(a, x, &r, e);

	if (rc <= 0)
		return rc;
	rc = 0;
	if (etag_still(x, "rule", r.seq)) {
		rc = store_rule_delete(a->st, &r.id, e);
		(void)api_json(x, 204);
		x->type = NULL;
	}
	rule_release(&r);
	return rc < 0 ? -1 : 0;
}
