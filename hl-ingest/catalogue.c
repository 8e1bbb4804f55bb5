#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "hl-ingest/catalogue.h"

#define AGAIN_MS 2000

void
catalogue_init(struct catalogue *c, struct rest *rest)
{
	memset(c, 0, sizeof(*c));
	c->rest = rest;
	names_init(&c->names);
	names_init(&c->fresh);
}

void
catalogue_release(struct catalogue *c)
{
	names_release(&c->names);
	names_release(&c->fresh);
}

void
catalogue_want(struct catalogue *c)
{
	c->wanted = true;
}

void
catalogue_again(struct catalogue *c)
{
	if (c->part != CATALOGUE_DONE ||
	    clock_mono_ms() < c->read_ms + CATALOGUE_AGAIN_MS)
		return;
	c->part = CATALOGUE_SPOT;
	c->n_dexes = c->next_dex = 0;
	c->incomplete = false;
}

bool
catalogue_has_spot(const struct catalogue *c)
{
	return c->readings > 0 || c->part > CATALOGUE_SPOT;
}

bool
catalogue_done(const struct catalogue *c)
{
	return c->readings > 0;
}

static void
take_dex_list(struct catalogue *c, const struct json *list)
{
	const struct json *j;
	size_t i;

	/* The first is null: the exchange's own. */
	for (i = 0; (j = json_at(list, i)) != NULL; i++) {
		const struct json *name = json_get(j, "name");

		if (json_string(name) == NULL || name->len > SYMBOL_LEN_MAX ||
		    c->n_dexes == CATALOGUE_DEXES_MAX)
			continue;
		memcpy(c->dexes[c->n_dexes++], name->string, name->len + 1);
	}
}

/* All was asked for. A reading anew with holes is not believed. */
static void
finish(struct catalogue *c)
{
	c->read_ms = clock_mono_ms();
	if (c->readings++ > 0 && !c->incomplete) {
		names_release(&c->names);
		c->names = c->fresh;
		names_init(&c->fresh);
	}
	names_release(&c->fresh);
}

static void
next_part(struct catalogue *c)
{
	c->tries = 0;
	c->not_before_ms = 0;
	if (c->part == CATALOGUE_DEXES && ++c->next_dex < c->n_dexes)
		return;
	c->part++;
	if (c->part == CATALOGUE_DEXES && c->n_dexes == 0)
		c->part++;
	if (c->part == CATALOGUE_DONE)
		finish(c);
}

static void
take(struct catalogue *c, const struct json *j)
{
	struct names *to = c->readings > 0 ? &c->fresh : &c->names;

	switch (c->part) {
	case CATALOGUE_SPOT:
		names_add_spot(to, j);
		break;
	case CATALOGUE_PERPS:
		names_add_meta(to, j, false);
		break;
	case CATALOGUE_DEX_LIST:
		take_dex_list(c, j);
		break;
	case CATALOGUE_DEXES:
		names_add_meta(to, j, true);
		break;
	case CATALOGUE_DONE:
		break;
	}
}

static void
on_answer(void *arg, const struct rest_answer *a)
{
	struct catalogue *c = arg;
	struct json *j = NULL;
	struct err e = {.msg = "it is empty"};

	c->asked = false;
	c->heard |= a->result != REST_FAILED || a->len > 0;
	if (a->result == REST_OK)
		j = json_parse(a->body, a->len, &e);
	if (j != NULL) {
		take(c, j);
		json_free(j);
		next_part(c);
		return;
	}
	(c->aloud ? log_warn : log_debug)(
	    "names of the exchange: %s", a->result == REST_OK ? e.msg : a->why);
	c->not_before_ms = clock_mono_ms() + AGAIN_MS;
	if (a->result == REST_LIMITED)
		return;
	if (a->result != REST_FAILED || ++c->tries == CATALOGUE_TRIES) {
		c->incomplete = true;
		next_part(c);
	}
}

int64_t
catalogue_step(struct catalogue *c)
{
	static const char *const types[] = {
	    "spotMeta", "meta", "perpDexs", "meta"};
	int64_t now = clock_mono_ms(), weight = BUDGET_WEIGHT_INFO, wait;
	struct buf body;
	struct err e;

	if (!c->wanted || c->asked || c->part == CATALOGUE_DONE)
		return INT64_MAX;
	if (now < c->not_before_ms)
		return c->not_before_ms;
	/* The first reading is waited for; one anew is not urgent. */
	if (c->readings > 0)
		weight += c->rest->budget.limit * BUDGET_RESERVED_PERCENT / 100;
	wait = rest_wait(c->rest, weight);
	if (wait > 0)
		return now + wait;
	buf_init(&body, 256);
	buf_addf(&body, "{\"type\":\"%s\"", types[c->part]);
	if (c->part == CATALOGUE_DEXES) {
		buf_adds(&body, ",\"dex\":");
		buf_adds_json(&body, c->dexes[c->next_dex]);
	}
	buf_addc(&body, '}');
	c->asked =
	    !buf_failed(&body) && rest_post(c->rest, body.p, BUDGET_WEIGHT_INFO,
				      on_answer, c, &e) == 0;
	buf_release(&body);
	if (c->asked)
		return INT64_MAX;
	c->incomplete = true;
	next_part(c);
	return now;
}
