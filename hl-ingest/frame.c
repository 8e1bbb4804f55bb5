#include <stdio.h>
#include <string.h>

#include "common/interval.h"
#include "common/json.h"
#include "hl-ingest/frame.h"

/* ---- candles ------------------------------------------------------------- */

/* The exchange says neither x nor E: whatever else stood there is not its. */
static int
take_candle(
    const char *text, size_t n, frame_candle_fn *fn, void *arg, struct err *e)
{
	struct candle c;
	enum candle_line kind = candle_parse(&c, text, n, e);

	if (kind == CANDLE_LINE_EVENT)
		return err_set(e, "an object with a member event");
	if (kind != CANDLE_LINE_CANDLE)
		return -1;
	c.state = CANDLE_UNSAID;
	c.recv_ms = -1;
	fn(arg, &c);
	return 0;
}

/* The end of the JSON object that begins at p, or NULL. Only brackets and
 * strings are looked at; the object's parser checks the rest. */
static const char *
object_end(const char *p, const char *end)
{
	bool quoted = false;
	int depth = 0;

	for (; p < end; p++) {
		if (quoted) {
			if (*p == '\\')
				p++;
			else if (*p == '"')
				quoted = false;
		} else if (*p == '"') {
			quoted = true;
		} else if (*p == '{' || *p == '[') {
			depth++;
		} else if ((*p == '}' || *p == ']') && --depth == 0) {
			return p + 1;
		}
	}
	return NULL;
}

static const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

/* Up to the bracket that ends the array; NULL when it is no such array. */
static const char *
take_rows(const char *p, const char *end, frame_candle_fn *fn, void *arg,
    long *rows, size_t *bad, struct err *first)
{
	p = skip_space(p + 1, end);
	if (p < end && *p == ']')
		return p + 1;
	for (;;) {
		const char *q =
		    p < end && *p == '{' ? object_end(p, end) : NULL;
		struct err e;

		if (q == NULL)
			return NULL;
		if (take_candle(p, (size_t)(q - p), fn, arg, &e) == 0)
			(*rows)++;
		else if ((*bad)++ == 0 && first != NULL)
			*first = e;
		p = skip_space(q, end);
		if (p < end && *p == ']')
			return p + 1;
		if (p == end || *p != ',')
			return NULL;
		p = skip_space(p + 1, end);
	}
}

long
frame_parse_rows(const char *text, size_t n, frame_candle_fn *fn, void *arg,
    size_t *bad, struct err *e)
{
	const char *end = text + n, *p = skip_space(text, end);
	long rows = 0;

	*bad = 0;
	if (p == end || *p != '[')
		return err_set(e, "the answer is not a list");
	p = take_rows(p, end, fn, arg, &rows, bad, e);
	if (p == NULL || skip_space(p, end) != end)
		return err_set(e, "the answer is not a whole list of candles");
	return rows;
}

/* ---- the other channels -------------------------------------------------- */

static void
take_subscription(struct frame_subscription *s, const struct json *j)
{
	const struct json *coin = json_get(j, "coin");
	const struct json *interval = json_get(j, "interval");
	const char *type = json_string(json_get(j, "type"));

	memset(s, 0, sizeof(*s));
	s->interval = -1;
	s->type = FRAME_TYPE_OTHER;
	if (type == NULL)
		return;
	if (strcmp(type, "candle") == 0)
		s->type = FRAME_TYPE_CANDLE;
	else if (strcmp(type, "activeAssetCtx") == 0)
		s->type = FRAME_TYPE_CTX;
	if (json_string(coin) == NULL || coin->len > SYMBOL_LEN_MAX)
		return;
	memcpy(s->coin, coin->string, coin->len + 1);
	if (json_string(interval) != NULL)
		s->interval = interval_find(interval->string, interval->len);
	s->known = true;
}

static void
take_ack(struct frame *f, const struct json *data)
{
	const char *method = json_string(json_get(data, "method"));

	f->kind = method != NULL && strcmp(method, "unsubscribe") == 0
		      ? FRAME_UNSUBSCRIBED
		      : FRAME_SUBSCRIBED;
	take_subscription(&f->subscription, json_get(data, "subscription"));
}

static void
take_number(char out[FRAME_NUMBER_MAX], const struct json *ctx, const char *key)
{
	const struct json *v = json_get(ctx, key);
	struct decimal d;
	char text[FRAME_NUMBER_MAX];

	out[0] = '\0';
	if (v != NULL && v->type == JSON_NUMBER &&
	    decimal_from_double(&d, v->number) == 0)
		(void)decimal_print(d, out);
	if (json_string(v) == NULL || v->len == 0 || v->len >= sizeof(text))
		return;
	if (strspn(v->string, "0123456789.-") != v->len)
		return;
	memcpy(out, v->string, v->len + 1);
}

static int
take_ctx(struct frame *f, const struct json *data, struct err *e)
{
	const struct json *coin = json_get(data, "coin");
	const struct json *ctx = json_get(data, "ctx");

	if (json_string(coin) == NULL || !symbol_valid(coin->string, coin->len))
		return err_set(e, "a context without a coin");
	memcpy(f->ctx.coin, coin->string, coin->len + 1);
	take_number(f->ctx.mark, ctx, "markPx");
	take_number(f->ctx.oracle, ctx, "oraclePx");
	take_number(f->ctx.mid, ctx, "midPx");
	take_number(f->ctx.funding, ctx, "funding");
	take_number(f->ctx.open_interest, ctx, "openInterest");
	take_number(f->ctx.premium, ctx, "premium");
	take_number(f->ctx.day_volume, ctx, "dayNtlVlm");
	f->kind = FRAME_CTX;
	return 0;
}

static const struct {
	const char *begins;
	enum frame_error error;
} errors[] = {
    {"Invalid subscription", FRAME_ERROR_INVALID},
    {"Error parsing JSON", FRAME_ERROR_MALFORMED},
    {"Already subscribed", FRAME_ERROR_ALREADY},
    {"Already unsubscribed", FRAME_ERROR_NOT_SUBSCRIBED},
    {"Cannot subscribe to more", FRAME_ERROR_TOO_MANY_CHANNELS},
    {"Cannot send more", FRAME_ERROR_TOO_MANY_MESSAGES},
};

static void
take_error(struct frame *f, const struct json *data)
{
	const char *s = json_string(data), *brace;
	struct json *echo;
	size_t i;

	f->kind = FRAME_ERROR;
	f->error = FRAME_ERROR_OTHER;
	if (s == NULL)
		return;
	(void)snprintf(f->text, sizeof(f->text), "%s", s);
	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strncmp(s, errors[i].begins, strlen(errors[i].begins)) == 0)
			f->error = errors[i].error;
	brace = strchr(s, '{');
	echo = brace == NULL ? NULL : json_parse(brace, strlen(brace), NULL);
	if (json_get(echo, "subscription") != NULL)
		take_subscription(
		    &f->subscription, json_get(echo, "subscription"));
	else
		take_subscription(&f->subscription, echo);
	json_free(echo);
}

/* ---- the frame ----------------------------------------------------------- */

/* Candles of a frame whose parts are in an unusual order: printed again to
 * take the one way that candles are parsed. */
static int
take_candles_slowly(struct frame *f, const struct json *data,
    frame_candle_fn *fn, void *arg, struct err *e)
{
	size_t n = data != NULL && data->type == JSON_ARRAY ? data->len : 1, i;
	struct candle c;

	f->kind = FRAME_CANDLE;
	for (i = 0; i < n; i++) {
		const struct json *j = data != NULL && data->type == JSON_ARRAY
					   ? json_at(data, i)
					   : data;

		if (candle_from_json(&c, j, e) < 0) {
			f->bad++;
			continue;
		}
		c.state = CANDLE_UNSAID;
		c.recv_ms = -1;
		fn(arg, &c);
	}
	return n == 1 && f->bad == 1 ? -1 : 0;
}

static int
take_tree(struct frame *f, const struct json *j, frame_candle_fn *fn, void *arg,
    struct err *e)
{
	const char *channel = json_string(json_get(j, "channel"));
	const struct json *data = json_get(j, "data");

	if (channel == NULL)
		return err_set(e, "a frame without a channel");
	if (strcmp(channel, "candle") == 0)
		return take_candles_slowly(f, data, fn, arg, e);
	if (strcmp(channel, "subscriptionResponse") == 0)
		take_ack(f, data);
	else if (strcmp(channel, "activeAssetCtx") == 0 ||
		 strcmp(channel, "activeSpotAssetCtx") == 0)
		return take_ctx(f, data, e);
	else if (strcmp(channel, "pong") == 0)
		f->kind = FRAME_PONG;
	else if (strcmp(channel, "error") == 0)
		take_error(f, data);
	return 0;
}

enum frame_kind
frame_parse(struct frame *f, const char *text, size_t n, frame_candle_fn *fn,
    void *arg, struct err *e)
{
	static const char usual[] = "{\"channel\":\"candle\",\"data\":{";
	const size_t head = sizeof(usual) - 2;
	struct json *j;

	memset(f, 0, sizeof(*f));
	f->subscription.interval = -1;
	f->kind = FRAME_OTHER;
	if (n == 0 || text[0] != '{')
		return f->kind;
	/* As nearly every frame comes: the object as it lies in the frame. */
	if (n > sizeof(usual) && memcmp(text, usual, sizeof(usual) - 1) == 0 &&
	    text[n - 1] == '}' && text[n - 2] == '}' &&
	    take_candle(text + head, n - head - 1, fn, arg, e) == 0)
		return f->kind = FRAME_CANDLE;
	j = json_parse(text, n, e);
	if (j == NULL || take_tree(f, j, fn, arg, e) < 0)
		f->kind = FRAME_BAD;
	json_free(j);
	return f->kind;
}
