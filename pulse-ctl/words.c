#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/num.h"
#include "pulse-ctl/words.h"

#define TOKENS_MAX 24
#define TOKEN_LEN  40

/* The condition cut into words, numbers and operators, lower case. */
struct tokens {
	char v[TOKENS_MAX][TOKEN_LEN];
	int n, at;
};

/* ---- cutting ------------------------------------------------------------- */

static size_t
token_len(const char *s)
{
	size_t n = 0;

	if (strchr("<>=!", *s) != NULL)
		return s[1] == '=' ? 2 : 1;
	if (strchr("(),%", *s) != NULL)
		return 1;
	while (s[n] != '\0' && !isspace((unsigned char)s[n]) &&
	       strchr("<>=!(),%", s[n]) == NULL)
		n++;
	return n;
}

static int
tokens_cut(struct tokens *t, const char *s, struct err *e)
{
	size_t n, i;

	if (strlen(s) > WORDS_MAX)
		return err_set(
		    e, "the condition is longer than %d characters", WORDS_MAX);
	for (;; s += n) {
		while (isspace((unsigned char)*s))
			s++;
		if (*s == '\0')
			return 0;
		n = token_len(s);
		if (n >= TOKEN_LEN || t->n == TOKENS_MAX)
			return err_set(
			    e, "the condition is too long at '%s'", s);
		for (i = 0; i < n; i++)
			t->v[t->n][i] = (char)tolower((unsigned char)s[i]);
		t->v[t->n++][n] = '\0';
	}
}

static const char *
peek(const struct tokens *t)
{
	return t->at < t->n ? t->v[t->at] : "";
}

static bool
take(struct tokens *t, const char *word)
{
	if (t->at < t->n && strcmp(t->v[t->at], word) == 0) {
		t->at++;
		return true;
	}
	return false;
}

/* The next token if it looks like a number (with ',' left out: 50_000 is
 * written 50000), else NULL. */
static const char *
take_number(struct tokens *t)
{
	const char *s = peek(t);

	if (isdigit((unsigned char)s[0]) ||
	    (strchr("-.", s[0]) != NULL && s[0] != '\0' &&
		isdigit((unsigned char)s[1])))
		return t->v[t->at++];
	return NULL;
}

static int
expected(const struct tokens *t, const char *what, struct err *e)
{
	if (t->at < t->n)
		return err_set(
		    e, "%s is expected where '%s' stands", what, peek(t));
	return err_set(e, "%s is missing at the end", what);
}

/* A number as it goes into JSON: rejected here when it would not be one. */
static int
add_number(struct tokens *t, const char *member, struct buf *out, struct err *e)
{
	const char *s = take_number(t);
	struct err ignored;

	if (s == NULL)
		return expected(t, "a number", e);
	if (json_check(s, strlen(s), &ignored) < 0)
		return err_set(e, "'%s' is not a number", s);
	return buf_addf(out, "\"%s\":%s", member, s);
}

/* ---- one function for each kind of condition ----------------------------- */

static const char *
take_operator(struct tokens *t)
{
	static const struct {
		const char *word, *op;
	} table[] = {
	    {">=", ">="},
	    {"<=", "<="},
	    {">", ">"},
	    {"<", "<"},
	    {"above", ">"},
	    {"below", "<"},
	    {"over", ">"},
	    {"under", "<"},
	};
	size_t i;

	(void)take(t, "is");
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (take(t, table[i].word))
			return table[i].op;
	if (!take(t, "crosses") && !take(t, "cross"))
		return NULL;
	if (take(t, "above") || take(t, "up") || take(t, "over"))
		return "cross_up";
	if (take(t, "below") || take(t, "down") || take(t, "under"))
		return "cross_down";
	return "cross";
}

static int
parse_level(struct tokens *t, bool close, struct buf *out, struct err *e)
{
	const char *op = take_operator(t);

	if (op == NULL)
		return expected(t,
		    ">=, <=, >, <, 'crosses above', 'crosses below' or "
		    "'crosses'",
		    e);
	buf_addf(out, "\"rule_type\":\"%s\",\"config\":{\"operator\":\"%s\",",
	    close ? "candle_close" : "price_threshold", op);
	return add_number(t, close ? "value" : "threshold", out, e);
}

static int
parse_move(
    struct tokens *t, const char *direction, struct buf *out, struct err *e)
{
	int64_t ms;

	if (take(t, "up"))
		direction = "up";
	else if (take(t, "down"))
		direction = "down";
	(void)take(t, "by");
	buf_addf(out,
	    "\"rule_type\":\"percent_move\",\"config\":{\"direction\":\"%s\",",
	    direction);
	if (add_number(t, "percent_threshold", out, e) < 0)
		return -1;
	(void)take(t, "%");
	if (!take(t, "in") && !take(t, "within"))
		return expected(t, "'in' and a duration ('in 1h')", e);
	if (t->at == t->n)
		return expected(t, "a duration (30s, 5m, 1h)", e);
	if (num_parse_duration(&ms, t->v[t->at++], 1000, INT64_C(31536000000),
		"the window", e) < 0)
		return -1;
	return buf_addf(
	    out, ",\"window_seconds\":%lld", (long long)(ms / 1000));
}

/* "(12,26,9)" or "12 26 9" or nothing: up to n numbers, by name. */
static int
parse_periods(struct tokens *t, const char *const *names, int n,
    struct buf *out, struct err *e)
{
	bool open = take(t, "(");
	int i;

	for (i = 0; i < n; i++) {
		if (!isdigit((unsigned char)peek(t)[0]))
			break;
		if (add_number(t, names[i], out, e) < 0)
			return -1;
		buf_addc(out, ',');
		(void)take(t, ",");
	}
	if (open && !take(t, ")"))
		return expected(t, "')'", e);
	return 0;
}

static int
parse_rsi(struct tokens *t, struct buf *out, struct err *e)
{
	static const char *const names[] = {"period"};
	bool over;

	buf_adds(out, "\"rule_type\":\"rsi\",\"config\":{");
	if (parse_periods(t, names, 1, out, e) < 0)
		return -1;
	if (take(t, ">") || take(t, ">=") || take(t, "above") ||
	    take(t, "over") || take(t, "overbought"))
		over = true;
	else if (take(t, "<") || take(t, "<=") || take(t, "below") ||
		 take(t, "under") || take(t, "oversold"))
		over = false;
	else
		return expected(t, "> or <, overbought or oversold", e);
	buf_addf(out, "\"direction\":\"%s\"", over ? "overbought" : "oversold");
	if (t->at == t->n || strcmp(peek(t), "on") == 0)
		return 0;
	buf_addc(out, ',');
	return add_number(t, "threshold", out, e);
}

static int
parse_macd(struct tokens *t, struct buf *out, struct err *e)
{
	static const char *const names[] = {
	    "fast_period", "slow_period", "signal_period"};
	int from = t->at;

	buf_adds(out, "\"rule_type\":\"macd_cross\",\"config\":{");
	if (parse_periods(t, names, 3, out, e) < 0)
		return -1;
	if (t->at == from)
		buf_adds(out, "\"fast_period\":12,\"slow_period\":26,"
			      "\"signal_period\":9,");
	(void)take(t, "crosses");
	if (take(t, "bullish") || take(t, "up") || take(t, "above"))
		return buf_adds(out, "\"crossover_type\":\"bullish\"");
	if (take(t, "bearish") || take(t, "down") || take(t, "below"))
		return buf_adds(out, "\"crossover_type\":\"bearish\"");
	return expected(t, "bullish or bearish", e);
}

static int
parse_bollinger(struct tokens *t, struct buf *out, struct err *e)
{
	static const char *const names[] = {"period", "std_dev"};
	const char *band = NULL, *event = NULL;
	int i;

	buf_adds(out, "\"rule_type\":\"bollinger_bands\",\"config\":{");
	if (parse_periods(t, names, 2, out, e) < 0)
		return -1;
	/* "touch upper" and "upper touch" both. */
	for (i = 0; i < 2; i++) {
		if (take(t, "upper"))
			band = "upper";
		else if (take(t, "lower"))
			band = "lower";
		else if (take(t, "touch") || take(t, "touches"))
			event = "touch";
		else if (take(t, "break") || take(t, "breaks"))
			event = "break";
	}
	if (band == NULL || event == NULL)
		return expected(t, "touch or break, and upper or lower", e);
	return buf_addf(out, "\"band\":\"%s\",\"event\":\"%s\"", band, event);
}

static int
parse_kind(struct tokens *t, struct buf *out, struct err *e)
{
	if (take(t, "price"))
		return parse_level(t, false, out, e);
	if (take(t, "close"))
		return parse_level(t, true, out, e);
	if (take(t, "move") || take(t, "moves"))
		return parse_move(t, "any", out, e);
	if (strcmp(peek(t), "up") == 0 || strcmp(peek(t), "down") == 0)
		return parse_move(t, "any", out, e);
	if (take(t, "rsi"))
		return parse_rsi(t, out, e);
	if (take(t, "macd"))
		return parse_macd(t, out, e);
	if (take(t, "bollinger") || take(t, "bb"))
		return parse_bollinger(t, out, e);
	return expected(
	    t, "price, close, move, up, down, rsi, macd or bollinger", e);
}

int
words_parse(const char *text, struct buf *out, struct err *e)
{
	struct tokens t = {.n = 0};

	if (tokens_cut(&t, text, e) < 0 || parse_kind(&t, out, e) < 0)
		return -1;
	if (take(&t, "on")) {
		if (take(&t, "tick"))
			buf_adds(out, ",\"on\":\"tick\"");
		else if (take(&t, "close"))
			buf_adds(out, ",\"on\":\"close\"");
		else
			return expected(&t, "tick or close", e);
	}
	if (t.at < t.n)
		return expected(&t, "the end of the condition", e);
	return buf_addc(out, '}');
}

/* ---- and back ------------------------------------------------------------ */

/* A member as text: numbers and strings alike. */
static void
add_member(const struct json *config, const char *name, struct buf *out)
{
	const struct json *j = json_get(config, name);

	if (json_string(j) != NULL)
		buf_adds(out, json_string(j));
	else
		json_print(j, out);
}

static const char *
member(const struct json *config, const char *name)
{
	const char *s = json_string(json_get(config, name));

	return s != NULL ? s : "";
}

static void
print_level(
    const struct json *c, const char *what, const char *value, struct buf *out)
{
	const char *op = member(c, "operator");

	buf_addf(out, "%s ", what);
	if (strcmp(op, "cross_up") == 0)
		buf_adds(out, "crosses above");
	else if (strcmp(op, "cross_down") == 0)
		buf_adds(out, "crosses below");
	else if (strcmp(op, "cross") == 0)
		buf_adds(out, "crosses");
	else
		buf_adds(out, op);
	buf_addc(out, ' ');
	add_member(c, value, out);
}

static void
print_move(const struct json *c, struct buf *out)
{
	const char *direction = member(c, "direction");
	const struct json *w = json_get(c, "window_seconds");
	long long s = w != NULL ? (long long)w->number : 0;

	buf_addf(out, "%s ",
	    strcmp(direction, "up") == 0     ? "up"
	    : strcmp(direction, "down") == 0 ? "down"
					     : "move");
	add_member(c, "percent_threshold", out);
	if (s % 3600 == 0)
		buf_addf(out, "%% in %lldh", s / 3600);
	else if (s % 60 == 0)
		buf_addf(out, "%% in %lldm", s / 60);
	else
		buf_addf(out, "%% in %llds", s);
}

static void
print_indicator(const char *type, const struct json *c, struct buf *out)
{
	if (strcmp(type, "rsi") == 0) {
		buf_adds(out, "rsi(");
		add_member(c, "period", out);
		buf_adds(out, strcmp(member(c, "direction"), "overbought") == 0
				  ? ") > "
				  : ") < ");
		add_member(c, "threshold", out);
	} else if (strcmp(type, "macd_cross") == 0) {
		buf_adds(out, "macd(");
		add_member(c, "fast_period", out);
		buf_addc(out, ',');
		add_member(c, "slow_period", out);
		buf_addc(out, ',');
		add_member(c, "signal_period", out);
		buf_addf(out, ") %s", member(c, "crossover_type"));
	} else if (strcmp(type, "bollinger_bands") == 0) {
		buf_adds(out, "bollinger(");
		add_member(c, "period", out);
		buf_addc(out, ',');
		add_member(c, "std_dev", out);
		buf_addf(out, ") %s %s", member(c, "event"), member(c, "band"));
	} else {
		json_print(c, out);
	}
}

int
words_print(const struct rule *r, struct buf *out)
{
	const char *type = rule_type_name(r->type);
	struct buf text;
	struct json *c;
	struct err e;

	buf_init(&text, RULE_TEXT_MAX);
	if (rule_config_print(r, &text) < 0 ||
	    (c = json_parse(text.p, text.len, &e)) == NULL) {
		buf_release(&text);
		return -1;
	}
	if (strcmp(type, "price_threshold") == 0)
		print_level(c, "price", "threshold", out);
	else if (strcmp(type, "candle_close") == 0)
		print_level(c, "close", "value", out);
	else if (strcmp(type, "percent_move") == 0)
		print_move(c, out);
	else
		print_indicator(type, c, out);
	/* Only what the type would not do by itself. */
	if (strcmp(member(c, "on"), "close") == 0 &&
	    (strcmp(type, "price_threshold") == 0 ||
		strcmp(type, "percent_move") == 0))
		buf_adds(out, " on close");
	else if (strcmp(member(c, "on"), "tick") == 0 &&
		 strcmp(type, "price_threshold") != 0 &&
		 strcmp(type, "percent_move") != 0)
		buf_adds(out, " on tick");
	json_free(c);
	buf_release(&text);
	return buf_failed(out) ? -1 : 0;
}
