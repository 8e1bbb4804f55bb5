/*
 * frame: messages of the exchange taken apart; with PULSE_REAL_DATA the
 * recorded ones, and recorded REST answers, to exactly their values.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/json.h"
#include "hl-ingest/frame.h"
#include "tests/unit/tap.h"

static struct candle last;
static int candles;

static void
on_candle(void *arg, const struct candle *c)
{
	(void)arg;
	last = *c;
	candles++;
}

#define CANDLE                                                                 \
	"{\"t\":1788936660000,\"T\":1788936719999,\"s\":\"BTC\",\"i\":\"1m\"," \
	"\"o\":\"79139.0\",\"c\":\"79118.0\",\"h\":\"79139.0\","               \
	"\"l\":\"79110.0\",\"v\":\"0.77139\",\"n\":89}"
#define SUB(type, coin) "{\"type\":\"" type "\",\"coin\":\"" coin "\"}"
#define SUB_1M(coin)                                                           \
	"{\"interval\":\"1m\",\"type\":\"candle\",\"coin\":\"" coin "\"}"
#define ESCAPED                                                                \
	"{\\\"type\\\":\\\"candle\\\",\\\"interval\\\":\\\"30m\\\","           \
	"\\\"coin\\\":\\\"UNI\\\"}"

static const struct {
	const char *what, *text;
	enum frame_kind kind;
	int candles, bad;
} frames[] = {
    {"a candle", "{\"channel\":\"candle\",\"data\":" CANDLE "}", FRAME_CANDLE,
	1, 0},
    {"a candle, parts turned round",
	"{\"data\":" CANDLE ",\"channel\":\"candle\"}", FRAME_CANDLE, 1, 0},
    {"a candle with spaces",
	"{ \"channel\" : \"candle\", \"data\" : " CANDLE " }", FRAME_CANDLE, 1,
	0},
    {"an array of candles",
	"{\"channel\":\"candle\",\"data\":[" CANDLE "," CANDLE "]}",
	FRAME_CANDLE, 2, 0},
    {"an array with one that is none",
	"{\"channel\":\"candle\",\"data\":[" CANDLE ",{\"t\":1}]}",
	FRAME_CANDLE, 1, 1},
    {"a candle without members", "{\"channel\":\"candle\",\"data\":{}}",
	FRAME_BAD, 0, 1},
    {"a candle that is a number", "{\"channel\":\"candle\",\"data\":7}",
	FRAME_BAD, 0, 1},
    {"a control record is no candle",
	"{\"channel\":\"candle\",\"data\":{\"event\":\"gap\"}}", FRAME_BAD, 0,
	1},
    {"pong", "{\"channel\":\"pong\"}", FRAME_PONG, 0, 0},
    {"an ack",
	"{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":"
	"\"subscribe\",\"subscription\":" SUB_1M("BTC") "}}",
	FRAME_SUBSCRIBED, 0, 0},
    {"an ack of leaving",
	"{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":"
	"\"unsubscribe\",\"subscription\":" SUB_1M("BTC") "}}",
	FRAME_UNSUBSCRIBED, 0, 0},
    {"an error without an echo",
	"{\"channel\":\"error\",\"data\":\"something\"}", FRAME_ERROR, 0, 0},
    {"another channel", "{\"channel\":\"allMids\",\"data\":{\"mids\":{}}}",
	FRAME_OTHER, 0, 0},
    {"the old greeting", "Websocket connection established.", FRAME_OTHER, 0,
	0},
    {"nothing", "", FRAME_OTHER, 0, 0},
    {"no channel", "{\"data\":{}}", FRAME_BAD, 0, 0},
    {"no JSON", "{\"channel\":\"candle\"", FRAME_BAD, 0, 0},
    {"a lone brace", "{", FRAME_BAD, 0, 0},
    {"a context without a coin", "{\"channel\":\"activeAssetCtx\",\"data\":{}}",
	FRAME_BAD, 0, 0},
};

static void
test_kinds(void)
{
	struct frame f;
	struct err e;
	size_t i;

	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		candles = 0;
		frame_parse(&f, frames[i].text, strlen(frames[i].text),
		    on_candle, NULL, &e);
		ok(f.kind == frames[i].kind && candles == frames[i].candles &&
			(int)f.bad == frames[i].bad,
		    "%s: kind %d, %d candles, %zu bad", frames[i].what, f.kind,
		    candles, f.bad);
	}
}

static const struct {
	const char *text;
	enum frame_error error;
	bool known;
	const char *coin;
	int interval;
} errors[] = {
    {"Invalid subscription " ESCAPED, FRAME_ERROR_INVALID, true, "UNI", 4},
    {"Already subscribed: " ESCAPED, FRAME_ERROR_ALREADY, true, "UNI", 4},
    {"Already unsubscribed: " ESCAPED, FRAME_ERROR_NOT_SUBSCRIBED, true, "UNI",
	4},
    {"Error parsing JSON into valid websocket request: {\\\"method\\\":"
     "\\\"subscribe\\\",\\\"subscription\\\":" ESCAPED "}",
	FRAME_ERROR_MALFORMED, true, "UNI", 4},
    {"Error parsing JSON into valid websocket request: {nonsense",
	FRAME_ERROR_MALFORMED, false, "", -1},
    {"Cannot subscribe to more than 1000 channels.",
	FRAME_ERROR_TOO_MANY_CHANNELS, false, "", -1},
    {"Cannot send more than 2000 messages per minute.",
	FRAME_ERROR_TOO_MANY_MESSAGES, false, "", -1},
    {"too many pending post requests id=1234", FRAME_ERROR_OTHER, false, "",
	-1},
};

static void
test_errors(void)
{
	char text[1024];
	struct frame f;
	struct err e;
	size_t i;
	int n;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		n = snprintf(text, sizeof(text),
		    "{\"channel\":\"error\",\"data\":\"%s\"}", errors[i].text);
		frame_parse(&f, text, (size_t)n, on_candle, NULL, &e);
		ok(f.kind == FRAME_ERROR && f.error == errors[i].error &&
			f.subscription.known == errors[i].known &&
			f.subscription.interval == errors[i].interval &&
			strcmp(f.subscription.coin, errors[i].coin) == 0,
		    "error: %.30s", errors[i].text);
	}
}

static void
test_ctx(void)
{
	static const char text[] =
	    "{\"channel\":\"activeAssetCtx\",\"data\":{\"coin\":\"SOL\","
	    "\"ctx\":{\"funding\":\"0.0000125\",\"dayNtlVlm\":"
	    "\"2115733633.6778900623\",\"premium\":null,\"markPx\":128.45,"
	    "\"oraclePx\":\"1\\\"2\"}}}";
	struct frame f;
	struct err e;

	frame_parse(&f, text, sizeof(text) - 1, on_candle, NULL, &e);
	is_int(f.kind, FRAME_CTX, "a context");
	is_str(f.ctx.day_volume, "2115733633.6778900623", "decimals verbatim");
	is_str(f.ctx.premium, "", "null is nothing");
	is_str(f.ctx.mark, "128.45", "a number is taken as well");
	is_str(f.ctx.oracle, "", "what is no number is left out");
}

static const struct {
	const char *what, *text;
	long rows;
	size_t bad;
} answers[] = {
    {"rows", " [" CANDLE ", " CANDLE "]\n", 2, 0},
    {"no rows", "[]", 0, 0},
    {"a row that is none", "[" CANDLE ",{\"t\":\"]\"}]", 1, 1},
    {"null", "null", -1, 0},
    {"a page", "<html>", -1, 0},
    {"nothing", "", -1, 0},
    {"half an answer", "[" CANDLE ",{\"t\":17", -1, 0},
    {"without an end", "[" CANDLE, -1, 0},
    {"with a tail", "[" CANDLE "]]", -1, 0},
    {"numbers", "[1,2]", -1, 0},
    {"a comma too many", "[" CANDLE ",]", -1, 0},
};

static void
test_rows(void)
{
	struct err e;
	size_t i, bad;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		long n = frame_parse_rows(answers[i].text,
		    strlen(answers[i].text), on_candle, NULL, &bad, &e);

		ok(n == answers[i].rows && (n < 0 || bad == answers[i].bad),
		    "rows: %s: %ld, %zu bad", answers[i].what, n, bad);
	}
}

/* ---- recordings ---------------------------------------------------------- */

static bool
same(const struct json *j, const char *key, struct decimal d)
{
	char text[DECIMAL_TEXT_MAX];
	const char *want = json_string(json_get(j, key));

	decimal_print(d, text);
	return want != NULL && strcmp(text, want) == 0;
}

/* Every member as the text says it, verbatim. */
static bool
same_candle(const struct candle *c, const struct json *j)
{
	return json_get(j, "t") != NULL &&
	       (int64_t)json_get(j, "t")->number == c->open_ms &&
	       (int64_t)json_get(j, "T")->number == c->close_ms &&
	       (int64_t)json_get(j, "n")->number == c->trades &&
	       strcmp(json_string(json_get(j, "s")), c->symbol) == 0 &&
	       strcmp(json_string(json_get(j, "i")),
		   interval_name(c->interval)) == 0 &&
	       same(j, "o", c->open) && same(j, "c", c->close) &&
	       same(j, "h", c->high) && same(j, "l", c->low) &&
	       same(j, "v", c->volume);
}

static const struct {
	const char *channel;
	enum frame_kind kind;
} channels[] = {
    {"candle", FRAME_CANDLE},
    {"subscriptionResponse", FRAME_SUBSCRIBED},
    {"activeAssetCtx", FRAME_CTX},
    {"pong", FRAME_PONG},
    {"error", FRAME_ERROR},
};

static bool
good_frame(const char *text, const struct json *j)
{
	const char *channel = json_string(json_get(j, "channel"));
	enum frame_kind want = FRAME_OTHER;
	struct frame f;
	struct err e;
	size_t i;

	candles = 0;
	frame_parse(&f, text, strlen(text), on_candle, NULL, &e);
	for (i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		if (channel != NULL &&
		    strcmp(channel, channels[i].channel) == 0)
			want = channels[i].kind;
	if (f.kind != want)
		return false;
	return want != FRAME_CANDLE ||
	       (candles == 1 && same_candle(&last, json_get(j, "data")));
}

static void
replay_frames(const char *dir)
{
	char path[1024], *line = NULL;
	size_t cap = 0;
	int n = 0, good = 0, of_candles = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/data/ws/frames.jsonl", dir);
	f = fopen(path, "r");
	while (f != NULL && getline(&line, &cap, f) > 0) {
		struct json *j = json_parse(line, strlen(line), NULL);
		const char *text = json_string(json_get(j, "frame"));
		struct json *in =
		    text == NULL ? NULL : json_parse(text, strlen(text), NULL);

		if (in != NULL) {
			n++;
			good += good_frame(text, in);
			of_candles += candles;
		}
		json_free(in);
		json_free(j);
	}
	ok(n > 0 && good == n, "%d of %d recorded frames say what they said",
	    good, n);
	ok(of_candles >= 12, "%d candles among them", of_candles);
	free(line);
	if (f != NULL)
		(void)fclose(f);
}

static const struct json *row_tree;
static size_t row_at, row_good;

static void
on_row(void *arg, const struct candle *c)
{
	(void)arg;
	row_good += same_candle(c, json_at(row_tree, row_at++));
}

static void
replay_rows(const char *dir)
{
	static char text[1 << 20];
	char path[1024];
	struct json *j;
	struct err e;
	size_t n = 0, bad;
	FILE *f;

	(void)snprintf(path, sizeof(path),
	    "%s/data/rest/py_test_get_candles_snapshot_1_candleSnapshot.json",
	    dir);
	f = fopen(path, "r");
	if (f != NULL) {
		n = fread(text, 1, sizeof(text), f);
		(void)fclose(f);
	}
	row_tree = j = json_parse(text, n, &e);
	is_int(frame_parse_rows(text, n, on_row, NULL, &bad, &e), 24,
	    "the recorded candleSnapshot has 24 rows");
	is_int((int64_t)row_good, 24, "each with exactly its values");
	json_free(j);
}

/* A sum of doubles in all its digits: what a double cannot hold is cut. */
static void
test_noise(void)
{
	static const char text[] =
	    "{\"channel\":\"candle\",\"data\":{\"t\":0,\"T\":59999,"
	    "\"s\":\"SUI\",\"i\":\"1m\",\"o\":\"1\",\"c\":\"1\","
	    "\"h\":\"1\",\"l\":\"1\",\"v\":\"1234567890.8399999142\","
	    "\"n\":1}}";
	char got[CANDLE_VOLUME_TEXT_MAX];
	struct candle again;
	struct buf line;
	struct frame f;
	struct err e;

	is_int(frame_parse(&f, text, sizeof(text) - 1, on_candle, NULL, &e),
	    FRAME_CANDLE, "a volume of twenty digits is taken");
	candle_volume_print(&last, got);
	is_str(got, "1234567890.8399999142", "digit for digit");
	buf_init(&line, CANDLE_TEXT_MAX);
	candle_print(&last, &line);
	ok(strstr(line.p, "\"v\":\"1234567890.8399999142\"") != NULL &&
		candle_parse(&again, line.p, line.len, &e) ==
		    CANDLE_LINE_CANDLE &&
		candle_same_values(&last, &again),
	    "and so it goes out and comes in again");
	buf_release(&line);
	ok(candle_volume_parse(&again, "1.23456789012345678901x", 23) < 0 &&
		candle_volume_parse(&again, "12345678901234567890.5", 22) < 0 &&
		candle_volume_parse(&again, "34956e0.8399999999", 18) < 0 &&
		candle_volume_parse(&again, "1.", 2) < 0 &&
		candle_volume_parse(&again, ".5", 2) < 0 &&
		candle_volume_parse(&again,
		    "1.0000000000000000000000000000000000000000001", 45) < 0,
	    "what is no number, or too large, is not");
}

int
main(void)
{
	const char *dir = getenv("PULSE_REAL_DATA");

	test_kinds();
	test_errors();
	test_ctx();
	test_rows();
	test_noise();
	if (dir == NULL) {
		skip("recorded frames", "PULSE_REAL_DATA is not set");
	} else {
		replay_frames(dir);
		replay_rows(dir);
	}
	return tap_done();
}
