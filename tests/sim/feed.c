#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "tests/sim/describe.h"
#include "tests/sim/feed.h"
#include "tests/sim/peer.h"
#include "tests/sim/play.h"
#include "tests/sim/rest.h"

static const struct {
	const char *name;
	bool needs_coin;
} types[FEED_TYPE_COUNT] = {
    [FEED_CANDLE] = {"candle", true},
    [FEED_CTX] = {"activeAssetCtx", true},
    [FEED_TRADES] = {"trades", true},
    [FEED_BBO] = {"bbo", true},
    [FEED_BOOK] = {"l2Book", true},
    [FEED_MIDS] = {"allMids", false},
};

/* What a subscribe or unsubscribe names. */
struct wish {
	enum feed_type type;
	struct coin *coin;
	struct series *series;
	char text[256]; /* as the exchange repeats it: its own order of keys */
};

static void
error_frame(struct peer *p, const char *what, const char *echo, size_t n)
{
	struct buf text, frame;

	buf_init(&text, 1 << 20);
	buf_init(&frame, 1 << 21);
	buf_adds(&text, what);
	buf_add(&text, echo, n);
	buf_adds(&frame, "{\"channel\":\"error\",\"data\":");
	buf_add_json(&frame, text.p, text.len);
	buf_addc(&frame, '}');
	sim_count(p->sim, STATS_ERRORS, 1);
	peer_text(p, frame.p, frame.len);
	buf_release(&text);
	buf_release(&frame);
}

/* The normalised form: order of keys and omitted members as the real acks
 * have them. */
static void
normalise(struct wish *w, const char *coin, const char *interval)
{
	struct buf b;

	buf_init(&b, sizeof(w->text) - 1);
	buf_addf(&b, "{\"type\":\"%s\"", types[w->type].name);
	if (interval != NULL)
		buf_addf(&b, ",\"interval\":\"%s\"", interval);
	if (coin != NULL) {
		buf_adds(&b, ",\"coin\":");
		buf_adds_json(&b, coin);
	}
	if (w->type == FEED_BOOK)
		buf_adds(&b, ",\"nSigFigs\":null,\"mantissa\":null,"
			     "\"fast\":false");
	buf_addc(&b, '}');
	memcpy(w->text, b.p, b.len + 1);
	buf_release(&b);
}

/* 0; -1 when it does not even parse, -2 when it names nothing we have. */
static int
read_wish(struct sim *s, struct wish *w, const struct json *sub)
{
	const char *type = json_string(json_get(sub, "type"));
	const char *coin = json_string(json_get(sub, "coin"));
	const char *interval = json_string(json_get(sub, "interval"));
	int i, iv = -1;

	if (type == NULL)
		return -1;
	for (i = 0; i < FEED_TYPE_COUNT; i++)
		if (strcmp(types[i].name, type) == 0)
			break;
	if (i == FEED_TYPE_COUNT || (types[i].needs_coin && coin == NULL))
		return -1;
	*w = (struct wish){.type = (enum feed_type)i};
	if (w->type != FEED_CANDLE)
		interval = NULL;
	else if (interval == NULL ||
		 (iv = interval_find(interval, strlen(interval))) < 0)
		return -1;
	if (coin != NULL && strlen(coin) > 100)
		return -1;
	normalise(w, types[i].needs_coin ? coin : NULL, interval);
	if (!types[i].needs_coin)
		return 0;
	w->coin = sim_coin(s, coin);
	if (w->coin == NULL)
		return -2;
	if (w->type == FEED_CANDLE && (w->series = market_series(&s->market,
					   w->coin, (interval_id)iv)) == NULL)
		return -2;
	return 0;
}

static struct subscription *
find(struct peer *p, const struct wish *w)
{
	struct subscription *sub = p->subscriptions;

	while (sub != NULL && (sub->type != w->type || sub->coin != w->coin ||
				  sub->series != w->series))
		sub = sub->peer_next;
	return sub;
}

static struct subscription **
list_of(struct sim *s, const struct wish *w)
{
	if (w->type == FEED_CANDLE)
		return &w->series->subscriptions;
	return w->coin != NULL ? &w->coin->ctx_subscriptions : &s->mids;
}

static struct fault_occasion
occasion(const struct peer *p, const struct wish *w)
{
	return (struct fault_occasion){
	    .conn = p->number,
	    .coin = w->coin != NULL ? w->coin->name : NULL,
	    .interval =
		w->series != NULL ? interval_name(w->series->interval) : NULL,
	    .type = types[w->type].name,
	};
}

static struct subscription *
add(struct peer *p, const struct wish *w)
{
	struct subscription *sub = calloc(1, sizeof(*sub));

	if (sub == NULL)
		abort();
	sub->peer = p;
	sub->type = w->type;
	sub->coin = w->coin;
	sub->series = w->series;
	sub->list = list_of(p->sim, w);
	sub->last_t = -1;
	buf_init(&sub->held, 1 << 20);
	buf_init(&sub->old, 1 << 20);
	buf_init(&sub->last, 1 << 20);
	sub->peer_next = p->subscriptions;
	p->subscriptions = sub;
	sub->next = *sub->list;
	*sub->list = sub;
	p->sim->subscriptions++;
	if (w->type == FEED_CANDLE)
		sim_count(p->sim, STATS_SUBS, 1);
	sim_count(p->sim, STATS_SUBSCRIBES, 1);
	return sub;
}

static void
discard(struct subscription *sub)
{
	struct subscription **at = sub->list;
	struct sim *s = sub->peer->sim;

	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	s->subscriptions--;
	if (sub->type == FEED_CANDLE)
		s->stats.value[STATS_SUBS]--;
	play_leave(s, sub);
	buf_release(&sub->held);
	buf_release(&sub->old);
	buf_release(&sub->last);
	free(sub);
}

void
feed_leave(struct peer *p)
{
	struct subscription *sub;

	while ((sub = p->subscriptions) != NULL) {
		p->subscriptions = sub->peer_next;
		discard(sub);
	}
}

static void
acknowledge(struct peer *p, const char *method, const struct wish *w)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_addf(&b,
	    "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":"
	    "\"%s\",\"subscription\":%s}}",
	    method, w->text);
	peer_ack(p, b.p, b.len);
	buf_release(&b);
}

static void
subscribe(struct peer *p, const struct wish *w)
{
	struct fault_occasion o = occasion(p, w);
	struct faults *fs = &p->sim->faults;
	struct subscription *sub;
	struct fault *lost;

	if (find(p, w) != NULL) {
		error_frame(
		    p, "Already subscribed: ", w->text, strlen(w->text));
		return;
	}
	if (p->sim->budget.enforced &&
	    p->sim->subscriptions >= BUDGET_CHANNELS_MAX) {
		error_frame(
		    p, "Cannot subscribe to more than 1000 channels.", "", 0);
		return;
	}
	lost = faultset_take(fs, FAULT_ACKLOST, &o);
	if (lost != NULL && strcmp(lost->how, "not") == 0)
		return;
	sub = add(p, w);
	if (lost == NULL)
		acknowledge(p, "subscribe", w);
	play_join(p->sim, sub);
	sim_maybe_start(p->sim);
}

static void
unsubscribe(struct peer *p, const struct wish *w)
{
	struct subscription *sub = find(p, w);
	struct subscription **at = &p->subscriptions;

	if (sub == NULL) {
		error_frame(
		    p, "Already unsubscribed: ", w->text, strlen(w->text));
		return;
	}
	while (*at != sub)
		at = &(*at)->peer_next;
	*at = sub->peer_next;
	discard(sub);
	acknowledge(p, "unsubscribe", w);
}

static void
pong(struct peer *p)
{
	struct fault_occasion o = {.conn = p->number};

	sim_count(p->sim, STATS_PINGS, 1);
	if (faultset_take(&p->sim->faults, FAULT_NOPONG, &o) == NULL)
		peer_text(p, "{\"channel\":\"pong\"}", 18);
}

/* An info request over the socket. */
static void
post(struct peer *p, const struct json *j, const char *text, size_t n)
{
	const struct json *id = json_get(j, "id");
	const struct json *req = json_get(j, "request");
	const char *type = json_string(json_get(req, "type"));
	const struct json *payload = json_get(req, "payload");
	const char *what = json_string(json_get(payload, "type"));
	struct buf body, out;
	int status;

	if (id == NULL || id->type != JSON_NUMBER || type == NULL ||
	    strcmp(type, "info") != 0 || payload == NULL) {
		error_frame(p,
		    "Error parsing JSON into valid websocket request: ", text,
		    n);
		return;
	}
	buf_init(&body, 64 << 20);
	buf_init(&out, 65 << 20);
	status = rest_info(p->sim, payload, p->number, &body);
	buf_addf(&out,
	    "{\"channel\":\"post\",\"data\":{\"id\":%.0f,"
	    "\"response\":",
	    id->number);
	if (status == 200)
		buf_addf(&out,
		    "{\"type\":\"info\",\"payload\":{\"type\":\"%s\","
		    "\"data\":%s}}}}",
		    what != NULL ? what : "", body.p);
	else
		buf_addf(
		    &out, "{\"type\":\"error\",\"payload\":\"%d\"}}}", status);
	peer_text(p, out.p, out.len);
	buf_release(&body);
	buf_release(&out);
}

void
feed_message(struct peer *p, const char *text, size_t n)
{
	struct json *j = json_parse(text, n, NULL);
	const char *method = json_string(json_get(j, "method"));
	struct wish w;
	int rc = -1;

	sim_count(p->sim, STATS_MESSAGES, 1);
	if (!budget_spend(&p->sim->budget, BUDGET_MESSAGES, 1)) {
		error_frame(p,
		    "Cannot send more than 2000 messages per minute.", "", 0);
		json_free(j);
		return;
	}
	if (method != NULL && strcmp(method, "ping") == 0) {
		pong(p);
		rc = 0;
	} else if (method != NULL && strcmp(method, "post") == 0) {
		post(p, j, text, n);
		rc = 0;
	} else if (method != NULL && (strcmp(method, "subscribe") == 0 ||
					 strcmp(method, "unsubscribe") == 0)) {
		rc = read_wish(p->sim, &w, json_get(j, "subscription"));
		if (rc == 0 && method[0] == 's')
			subscribe(p, &w);
		else if (rc == 0)
			unsubscribe(p, &w);
		else if (rc == -2)
			error_frame(
			    p, "Invalid subscription ", w.text, strlen(w.text));
	}
	if (rc == -1)
		error_frame(p,
		    "Error parsing JSON into valid websocket request: ", text,
		    n);
	json_free(j);
}
