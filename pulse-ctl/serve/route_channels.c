/* /api/v1/channels … */
#include <string.h>

#include "common/json.h"
#include "pulse-ctl/channels.h"
#include "pulse-ctl/serve/etag.h"
#include "pulse-ctl/serve/routes.h"

static unsigned
parse_flags(const struct api *a, const struct exchange *x)
{
	return (a->config.allow_private ? CHANNEL_ALLOW_PRIVATE : 0) |
	       (x->secrets ? 0 : CHANNEL_BLIND);
}

/* ---- answers ------------------------------------------------------------- */

static int
answer_channel(struct exchange *x, int status, const struct stored_channel *s,
    struct err *e)
{
	struct buf *b = api_json(x, status);

	etag_add(x, s->updated_ms);
	if (channels_print(s, x->secrets, b) < 0)
		return err_set(e, "out of memory");
	return 0;
}

/* 1 and the channel of the path, 0 after a 404, or -1. */
static int
get_channel(
    struct api *a, struct exchange *x, struct stored_channel *s, struct err *e)
{
	int rc = channels_get(a->st, x->ids[0], s, e);

	if (rc == 0)
		api_detail(x, 404, "Channel not found");
	return rc;
}

/* False after a 403: what runs on the machine is for its operator. */
static bool
may_change(struct exchange *x, const struct stored_channel *s)
{
	if (s->channel.kind != CHANNEL_KIND_EXEC)
		return true;
	api_detail(x, 403,
	    "An exec channel is made, changed and deleted on the machine "
	    "itself: pulse-ctl channel");
	return false;
}

/* ---- the list ------------------------------------------------------------ */

struct listing {
	struct exchange *x;
	int64_t limit, n;
	char last[CHANNEL_NAME_MAX];
	bool more;
};

static int
list_one(void *arg, const struct stored_channel *s, struct err *e)
{
	struct listing *l = arg;

	if (l->n == l->limit) {
		l->more = true;
		return 1;
	}
	if (l->n++ > 0)
		buf_addc(&l->x->out, ',');
	memcpy(l->last, s->channel.name, strlen(s->channel.name) + 1);
	if (channels_print(s, l->x->secrets, &l->x->out) < 0)
		return err_set(e, "out of memory");
	return 0;
}

int
route_channel_list(struct api *a, struct exchange *x, struct err *e)
{
	struct listing l = {.x = x, .limit = api_int(x, "limit")};
	struct buf *b = api_json(x, 200);

	buf_adds(b, "{\"channels\":[");
	if (channels_list(a->st, api_text(x, "cursor"), list_one, &l, e) < 0)
		return -1;
	buf_adds(b, "],\"next_cursor\":");
	if (l.more)
		buf_adds_json(b, l.last);
	else
		buf_adds(b, "null");
	buf_addc(b, '}');
	return 0;
}

/* ---- one ----------------------------------------------------------------- */

static int
create(
    struct api *a, struct exchange *x, struct stored_channel *s, struct err *e)
{
	struct stored_channel old;
	int rc = channels_get(a->st, s->channel.name, &old, e);

	if (rc > 0) {
		stored_channel_release(&old);
		api_detail(x, 409, "There is a channel of that name");
	}
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (channels_put(a->st, s, e) < 0)
		return -1;
	api_header(x, "Location: /api/v1/channels/%s", s->channel.name);
	return answer_channel(x, 201, s, e);
}

int
route_channel_create(struct api *a, struct exchange *x, struct err *e)
{
	struct stored_channel s = {.created_ms = 0};
	struct json *j = api_body(x);
	int rc;

	if (j == NULL)
		return 0;
	faults_init(x->faults, "body");
	rc = channel_parse(&s.channel, j, parse_flags(a, x), x->faults);
	json_free(j);
	if (rc < 0) {
		api_faulty(x);
		return 0;
	}
	rc = create(a, x, &s, e);
	stored_channel_release(&s);
	return rc;
}

int
route_channel_get(struct api *a, struct exchange *x, struct err *e)
{
	struct stored_channel s;
	int rc = get_channel(a, x, &s, e);

	if (rc <= 0)
		return rc;
	rc = answer_channel(x, 200, &s, e);
	stored_channel_release(&s);
	return rc;
}

/* 1 when it is changed, 0 when the refusal is answered, or -1. */
static int
update(struct api *a, struct exchange *x, struct stored_channel *s,
    const struct json *j, struct err *e)
{
	if (!may_change(x, s) || !etag_still(x, "channel", s->updated_ms))
		return 0;
	faults_init(x->faults, "body");
	if (channel_update(&s->channel, j, parse_flags(a, x), x->faults) < 0) {
		api_faulty(x);
		return 0;
	}
	return channels_put(a->st, s, e) < 0 ? -1 : 1;
}

int
route_channel_update(struct api *a, struct exchange *x, struct err *e)
{
	struct stored_channel s;
	struct json *j;
	int rc;

	/* As for rules: 404 before the faults of the body. */
	rc = get_channel(a, x, &s, e);
	if (rc <= 0)
		return rc;
	j = api_body(x);
	rc = j != NULL ? update(a, x, &s, j, e) : 0;
	json_free(j);
	stored_channel_release(&s);
	/* Read again: a pause shows in its state. */
	return rc > 0 ? route_channel_get(a, x, e) : rc;
}

int
route_channel_delete(struct api *a, struct exchange *x, struct err *e)
{
	struct stored_channel s;
	int rc = get_channel(a, x, &s, e);

	if (rc <= 0)
		return rc;
	rc = 0;
	if (may_change(x, &s) && etag_still(x, "channel", s.updated_ms)) {
		rc = channels_delete(a->st, s.channel.name, e);
		(void)api_json(x, 204);
		x->type = NULL;
	}
	stored_channel_release(&s);
	return rc < 0 ? -1 : 0;
}

/* ---- pause and resume ---------------------------------------------------- */

static int
set_paused(struct api *a, struct exchange *x, bool paused, struct err *e)
{
	struct stored_channel s;
	int rc = get_channel(a, x, &s, e);

	if (rc <= 0)
		return rc;
	s.channel.paused = paused;
	rc = channels_put(a->st, &s, e);
	if (rc == 0 && !paused)
		rc = channels_wake(a->st, s.channel.name, e);
	stored_channel_release(&s);
	return rc < 0 ? -1 : route_channel_get(a, x, e);
}

int
route_channel_pause(struct api *a, struct exchange *x, struct err *e)
{
	return set_paused(a, x, true, e);
}

int
route_channel_resume(struct api *a, struct exchange *x, struct err *e)
{
	return set_paused(a, x, false, e);
}
