#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/engine/engine.h"
#include "common/lines.h"
#include "common/rules/rule_file.h"
#include "pulse-ctl/rule_cases.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define ALERTS_MAX     ((size_t)1000000)
#define PATH_BYTES_MAX 4096

/* An alert that came. */
struct got {
	char *rule, *message, *record; /* owned */
	char symbol[SYMBOL_TEXT_MAX];
	struct decimal value;
	int64_t window_ms;
	size_t by; /* the one who expected it, or NOBODY */
	size_t seen; /* the search that looked at it last */
};
#define NOBODY SIZE_MAX

/* One that is expected; NULL: any. */
struct want {
	int64_t window_ms;
	const char *rule, *symbol, *message;
	bool has_value;
	struct decimal value;
};

struct cases {
	struct ctl *c;
	struct engine *engine;
	struct got *v;
	size_t n, cap;
	uint64_t bars;
};

bool
rule_cases_is_file(const char *operand)
{
	struct stat st;

	return stat(operand, &st) == 0 && !S_ISDIR(st.st_mode);
}

/* ---- a run --------------------------------------------------------------------- */

static int
on_alert(
    void *arg, struct alert *a, const struct engine_alert_to *to, struct err *e)
{
	struct cases *s = arg;
	struct buf record;
	struct got *v, *g;

	(void)to;
	if (s->n == s->cap) {
		size_t cap = s->cap == 0 ? 64 : 2 * s->cap;

		if (s->n >= ALERTS_MAX)
			return err_set(e, "more than %zu alerts", ALERTS_MAX);
		v = realloc(s->v, cap * sizeof(*v));
		if (v == NULL)
			return err_set(e, "out of memory");
		s->v = v;
		s->cap = cap;
	}
	g = &s->v[s->n];
	*g = (struct got){.window_ms = a->window_start_ms,
	    .value = a->trigger_value,
	    .by = NOBODY};
	memcpy(g->symbol, a->symbol, strlen(a->symbol) + 1);
	buf_init(&record, ALERT_TEXT_MAX);
	alert_print(a, &record);
	g->rule = strdup(a->rule_name);
	g->message = strdup(a->message);
	g->record = record.p;
	s->n++;
	if (g->rule == NULL || g->message == NULL || buf_failed(&record))
		return err_set(e, "out of memory");
	return 0;
}

static int
run_begin(struct cases *s, struct ctl *c, struct err *e)
{
	struct engine_options o = {.old_news = false};
	struct engine_calls calls = {.arg = s, .alert = on_alert};

	*s = (struct cases){.c = c};
	s->engine = engine_new(&o, &calls);
	return s->engine == NULL ? err_set(e, "out of memory") : 0;
}

static void
run_end(struct cases *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->v[i].rule);
		free(s->v[i].message);
		free(s->v[i].record);
	}
	free(s->v);
	engine_free(s->engine);
}

static int
feed(struct cases *s, const struct candle *k, struct err *e)
{
	s->bars++;
	switch (engine_feed(s->engine, k, e)) {
	case ENGINE_FAILED:
	case ENGINE_REFUSED:
		return -1;
	default:
		return 0;
	}
}

/* A control record among the candles. */
static int
feed_event(struct cases *s, const struct json *j, struct err *e)
{
	return engine_event(s->engine, j, e) < 0 ? -1 : 0;
}

static int
feed_line(struct cases *s, const char *line, size_t len, struct err *e)
{
	struct candle k;
	struct json *j;
	int rc;

	switch (candle_parse(&k, line, len, e)) {
	case CANDLE_LINE_CANDLE:
		return feed(s, &k, e);
	case CANDLE_LINE_EVENT:
		j = json_parse(line, len, NULL);
		rc = feed_event(s, j, e);
		json_free(j);
		return rc;
	default:
		return -1;
	}
}

/* A record of a case. */
static int
feed_item(struct cases *s, const struct json *j, struct err *e)
{
	struct candle k;

	if (json_get(j, "event") != NULL)
		return feed_event(s, j, e);
	return candle_from_json(&k, j, e) < 0 ? -1 : feed(s, &k, e);
}

/* Candles of a descriptor, a line each. */
static int
feed_lines(struct cases *s, int fd, struct err *e)
{
	enum lines_status status = LINES_MORE;
	struct lines l;
	const char *line;
	size_t len;
	int rc = 0;

	if (lines_init(&l, fd, LINES_MAX_DEFAULT) < 0)
		return err_set(e, "out of memory");
	while (rc == 0 && status != LINES_END) {
		status = lines_next(&l, &line, &len);
		if (status == LINES_MORE && lines_fill(&l) < 0)
			rc = err_set(e, "%s", strerror(errno));
		else if (status == LINES_TOO_LONG)
			rc = err_set(e, "the line is too long");
		else if (status == LINES_LINE)
			rc = feed_line(s, line, len, e);
	}
	if (rc < 0)
		(void)err_prefix(e, "line %llu", (unsigned long long)l.number);
	lines_release(&l);
	return rc < 0 ? -1 : engine_end(s->engine, e);
}

static int
put_rule(void *arg, struct rule *r, struct err *e)
{
	struct cases *s = arg;

	/* A paused rule is tried as well as any. */
	r->is_active = true;
	return engine_rule_put(s->engine, r, e);
}

static int
put_file(struct cases *s, const char *path, struct err *e)
{
	struct buf complaints;
	int bad;

	buf_init(&complaints, (size_t)1 << 20);
	bad = rule_file_read(
	    path, true, clock_now_ms(), put_rule, s, &complaints, e);
	if (bad > 0) {
		fputs(complaints.p, stderr);
		bad = err_set(e, "%s: %d rules are at fault", path, bad);
	}
	buf_release(&complaints);
	return bad;
}

/* ---- rule test ------------------------------------------------------------------- */

/* A path of the file, beside the file. */
static int
beside(
    const char *file, const char *path, char out[PATH_BYTES_MAX], struct err *e)
{
	char copy[PATH_BYTES_MAX];
	int n;

	if (strlen(file) >= sizeof(copy))
		return err_set(e, "%s: the path is too long", file);
	memcpy(copy, file, strlen(file) + 1);
	n = path[0] == '/'
		? snprintf(out, PATH_BYTES_MAX, "%s", path)
		: snprintf(out, PATH_BYTES_MAX, "%s/%s", dirname(copy), path);
	if (n < 0 || n >= PATH_BYTES_MAX)
		return err_set(e, "%s: the path is too long", path);
	return 0;
}

static int
put_rules(
    struct cases *s, const char *file, const struct json *j, struct err *e)
{
	const char *path = json_string(json_get(j, "rules_file"));
	const struct json *rules = json_get(j, "rules");
	char full[PATH_BYTES_MAX];
	struct buf text, complaints;
	int rc;

	if (path != NULL)
		return beside(file, path, full, e) < 0 ? -1
						       : put_file(s, full, e);
	if (rules == NULL || rules->type != JSON_ARRAY)
		return err_set(e, "rules (an array) or rules_file is missing");
	buf_init(&text, FILE_BYTES_MAX);
	buf_init(&complaints, (size_t)1 << 20);
	json_print(rules, &text);
	rc = rule_file_parse(text.p, text.len, true, clock_now_ms(), put_rule,
	    s, &complaints, e);
	if (rc > 0) {
		fputs(complaints.p, stderr);
		rc = err_set(e, "%d rules are at fault", rc);
	}
	buf_release(&complaints);
	buf_release(&text);
	return rc;
}

static int
feed_case(
    struct cases *s, const char *file, const struct json *j, struct err *e)
{
	const char *path = json_string(json_get(j, "candles_file"));
	const struct json *v = json_get(j, "candles");
	char full[PATH_BYTES_MAX];
	size_t i;
	int fd, rc;

	if (path != NULL) {
		if (beside(file, path, full, e) < 0)
			return -1;
		fd = open(full, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return err_set(e, "%s: %s", full, strerror(errno));
		rc = feed_lines(s, fd, e);
		close(fd);
		return rc < 0 ? err_prefix(e, "%s", full) : 0;
	}
	if (v == NULL || v->type != JSON_ARRAY)
		return err_set(
		    e, "candles (an array) or candles_file is missing");
	for (i = 0; i < v->len; i++)
		if (feed_item(s, &v->items[i], e) < 0)
			return err_prefix(e, "candle %zu", i + 1);
	return engine_end(s->engine, e);
}

static const char *const file_members[] = {
    "rules", "rules_file", "tests", NULL};
static const char *const case_members[] = {
    "name", "candles", "candles_file", "alerts", NULL};
static const char *const alert_members[] = {
    "t", "rule", "symbol", "message", "trigger_value", NULL};

/* A member that nobody knows would be one that nobody looks at: a test that
 * cannot fail. */
static int
know_members(const struct json *j, const char *const *names, struct err *e)
{
	size_t i, k;

	if (j->type != JSON_OBJECT)
		return err_set(e, "must be an object");
	for (i = 0; i < j->len; i++) {
		for (k = 0; names[k] != NULL; k++)
			if (strcmp(names[k], j->keys[i]) == 0)
				break;
		if (names[k] == NULL)
			return err_set(
			    e, "unknown member \"%.60s\"", j->keys[i]);
	}
	return 0;
}

/* The text of a member, NULL when there is none. */
static int
get_text(
    const struct json *j, const char *member, const char **text, struct err *e)
{
	const struct json *v = json_get(j, member);

	*text = json_string(v);
	return v != NULL && *text == NULL
		   ? err_set(e, "%s must be a string", member)
		   : 0;
}

static int
get_value(struct want *w, const struct json *v, struct err *e)
{
	int rc = -1;

	w->has_value = v != NULL;
	if (v == NULL)
		return 0;
	if (v->type == JSON_STRING)
		rc = decimal_parse(&w->value, v->string, v->len);
	else if (v->type == JSON_NUMBER)
		rc = decimal_from_double(&w->value, v->number);
	return rc < 0 ? err_set(e, "trigger_value must be a decimal") : 0;
}

static int
get_window(struct want *w, const struct json *t, struct err *e)
{
	if (t != NULL && t->type == JSON_NUMBER && t->number >= 0 &&
	    t->number <= (double)CLOCK_MS_MAX) {
		w->window_ms = (int64_t)t->number;
		return 0;
	}
	if (json_string(t) != NULL &&
	    clock_parse(&w->window_ms, t->string, t->len) == 0)
		return 0;
	return err_set(e,
	    "an expected alert needs t: the time its bar opens, in "
	    "milliseconds or as RFC 3339");
}

static int
read_want(struct want *w, const struct json *j, struct err *e)
{
	if (know_members(j, alert_members, e) < 0 ||
	    get_window(w, json_get(j, "t"), e) < 0 ||
	    get_text(j, "rule", &w->rule, e) < 0 ||
	    get_text(j, "symbol", &w->symbol, e) < 0 ||
	    get_text(j, "message", &w->message, e) < 0)
		return -1;
	return get_value(w, json_get(j, "trigger_value"), e);
}

static bool
agrees(const struct want *w, const struct got *g)
{
	return w->window_ms == g->window_ms &&
	       (w->rule == NULL || strcmp(w->rule, g->rule) == 0) &&
	       (w->symbol == NULL || strcmp(w->symbol, g->symbol) == 0) &&
	       (w->message == NULL || strcmp(w->message, g->message) == 0) &&
	       (!w->has_value || decimal_cmp(w->value, g->value) == 0);
}

/* Find one for w[i]: one that is free, or one whose holder finds another. So
 * as many are met as can be, in whatever order they are expected (Kuhn's
 * bipartite matching). */
static bool
meet(struct cases *s, const struct want *w, size_t i, size_t search)
{
	size_t k;

	for (k = 0; k < s->n; k++)
		if (s->v[k].by == NOBODY && agrees(&w[i], &s->v[k])) {
			s->v[k].by = i;
			return true;
		}
	for (k = 0; k < s->n; k++) {
		if (s->v[k].seen == search || !agrees(&w[i], &s->v[k]))
			continue;
		s->v[k].seen = search;
		if (meet(s, w, s->v[k].by, search)) {
			s->v[k].by = i;
			return true;
		}
	}
	return false;
}

static void
say(char sign, int64_t window_ms, const char *rule, const char *what)
{
	char t[CLOCK_TEXT_MAX];

	clock_print(window_ms, t);
	printf("  %c %s %s%s%s\n", sign, t, rule, what[0] != '\0' ? ": " : "",
	    what);
}

/* Print what was expected and did not come, and what came unexpected: how
 * many. */
static int
compare(struct cases *s, const struct want *w, size_t n)
{
	int differ = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (meet(s, w, i, i + 1))
			continue;
		differ++;
		say('-', w[i].window_ms,
		    w[i].rule != NULL ? w[i].rule : "(any rule)",
		    w[i].message != NULL ? w[i].message : "");
	}
	for (i = 0; i < s->n; i++)
		if (s->v[i].by == NOBODY) {
			differ++;
			say('+', s->v[i].window_ms, s->v[i].rule,
			    s->v[i].message);
		}
	return differ;
}

/* How many differ from the alerts that are expected, or -1. */
static int
compare_with(struct cases *s, const struct json *alerts, struct err *e)
{
	size_t n = alerts != NULL ? alerts->len : 0, i;
	struct want *w = calloc(n + 1, sizeof(*w));
	int rc = 0;

	if (w == NULL)
		return err_set(e, "out of memory");
	for (i = 0; i < n && rc == 0; i++)
		if (read_want(&w[i], &alerts->items[i], e) < 0)
			rc = err_prefix(e, "alert %zu", i + 1);
	if (rc == 0)
		rc = compare(s, w, n);
	free(w);
	return rc;
}

/* 1 when the case holds, 0 when not, -1. */
static int
one_case(struct ctl *c, const char *file, const struct json *all,
    const struct json *test, size_t number, struct err *e)
{
	const struct json *alerts = json_get(test, "alerts");
	const char *name = NULL;
	struct cases s;
	int rc;

	if (know_members(test, case_members, e) < 0 ||
	    get_text(test, "name", &name, e) < 0)
		return err_prefix(e, "test %zu", number);
	if (alerts != NULL && alerts->type != JSON_ARRAY)
		return err_set(e, "test %zu: alerts must be an array", number);
	if (run_begin(&s, c, e) < 0)
		return -1;
	rc = put_rules(&s, file, all, e);
	if (rc == 0)
		rc = feed_case(&s, file, test, e);
	if (rc == 0)
		rc = compare_with(&s, alerts, e);
	if (rc >= 0)
		printf("%s %zu - %s (%zu alerts, %llu candles)\n",
		    rc == 0 ? "ok" : "not ok", number, name != NULL ? name : "",
		    s.n, (unsigned long long)s.bars);
	run_end(&s);
	if (rc < 0)
		return err_prefix(e, "test %zu", number);
	return rc == 0;
}

static struct json *
read_cases(const char *path, struct err *e)
{
	struct json *j = NULL;
	struct buf b;
	FILE *f = fopen(path, "r");
	size_t n = 1;

	if (f == NULL) {
		(void)err_set(e, "%s", strerror(errno));
		return NULL;
	}
	buf_init(&b, FILE_BYTES_MAX);
	while (n > 0 && buf_reserve(&b, 65536) == 0) {
		n = fread(b.p + b.len, 1, 65536, f);
		b.len += n;
	}
	if (buf_failed(&b))
		(void)err_set(e, "more than %zu bytes", FILE_BYTES_MAX);
	else
		j = json_parse(b.p, b.len, e);
	fclose(f);
	buf_release(&b);
	return j;
}

int
rule_cases_test(struct ctl *c, const char *path)
{
	const struct json *tests;
	struct err e = {.msg = ""};
	struct json *j = read_cases(path, &e);
	size_t i;
	int rc = 1, failed = 0;

	tests = json_get(j, "tests");
	if (j != NULL &&
	    (tests == NULL || tests->type != JSON_ARRAY || tests->len == 0))
		rc = err_set(&e, "tests: an array of cases is missing");
	else if (j != NULL)
		rc = know_members(j, file_members, &e);
	for (i = 0; j != NULL && rc >= 0 && i < tests->len; i++) {
		rc = one_case(c, path, j, &tests->items[i], i + 1, &e);
		failed += rc == 0;
	}
	if (j != NULL && rc >= 0)
		printf("1..%zu\n", i);
	if (j == NULL || rc < 0) {
		(void)err_prefix(&e, "%s", path);
		json_free(j);
		return ctl_fail(c, EXIT_SOME_FAILED, &e);
	}
	json_free(j);
	return failed > 0 ? EXIT_SOME_FAILED : EXIT_DONE;
}

/* ---- rule diff --------------------------------------------------------------------- */

static int
got_cmp(const void *va, const void *vb)
{
	const struct got *a = va, *b = vb;
	int d = strcmp(a->symbol, b->symbol);

	if (a->window_ms != b->window_ms)
		return a->window_ms < b->window_ms ? -1 : 1;
	return d != 0 ? d : strcmp(a->rule, b->rule);
}

static void
print_only(struct ctl *c, const struct got *g, const char *which)
{
	struct buf b;

	if (ctl_tabular(c)) {
		say(which[0] == 'o' ? '-' : '+', g->window_ms, g->rule,
		    g->message);
		return;
	}
	buf_init(&b, ALERT_TEXT_MAX + 64);
	buf_adds(&b, "{\"only\":\"");
	buf_adds(&b, which);
	buf_adds(&b, "\",\"alert\":");
	buf_adds(&b, g->record);
	buf_addc(&b, '}');
	ctl_line(&b);
	buf_release(&b);
}

static void
print_diff(struct ctl *c, struct cases *old, struct cases *new)
{
	size_t i = 0, k = 0, both = 0;
	int d;

	if (old->n > 0)
		qsort(old->v, old->n, sizeof(*old->v), got_cmp);
	if (new->n > 0)
		qsort(new->v, new->n, sizeof(*new->v), got_cmp);
	while (i < old->n || k < new->n) {
		d = i == old->n	  ? 1
		    : k == new->n ? -1
				  : got_cmp(&old->v[i], &new->v[k]);
		if (d < 0)
			print_only(c, &old->v[i++], "old");
		else if (d > 0)
			print_only(c, &new->v[k++], "new");
		else
			both++, i++, k++;
	}
	if (c->common.verbosity >= 0)
		fprintf(stderr,
		    "%s: %zu alerts in both, %zu only before, %zu only after, "
		    "on %llu candles\n",
		    c->program.name, both, old->n - both, new->n - both,
		    (unsigned long long)new->bars);
}

/* The same candles through both: each line is read once. */
static int
feed_both(struct cases *a, struct cases *b, struct err *e)
{
	struct buf text;
	FILE *f = tmpfile();
	size_t n;
	int rc = 0;

	if (f == NULL)
		return err_set(e, "a temporary file: %s", strerror(errno));
	buf_init(&text, 65536);
	if (buf_reserve(&text, 65535) < 0)
		rc = err_set(e, "out of memory");
	while (rc == 0 && (n = fread(text.p, 1, 65535, stdin)) > 0)
		if (fwrite(text.p, 1, n, f) != n)
			rc =
			    err_set(e, "a temporary file: %s", strerror(errno));
	if (rc == 0 && fflush(f) != 0)
		rc = err_set(e, "a temporary file: %s", strerror(errno));
	if (rc == 0 && lseek(fileno(f), 0, SEEK_SET) == 0)
		rc = feed_lines(a, fileno(f), e);
	if (rc == 0 && lseek(fileno(f), 0, SEEK_SET) == 0)
		rc = feed_lines(b, fileno(f), e);
	fclose(f);
	buf_release(&text);
	return rc < 0 ? err_prefix(e, "stdin") : 0;
}

int
rule_cases_diff(struct ctl *c, const char *old_path, const char *new_path)
{
	struct cases old = {.n = 0}, new = {.n = 0};
	struct err e = {.msg = ""};
	int rc;

	rc = run_begin(&old, c, &e);
	if (rc == 0)
		rc = run_begin(&new, c, &e);
	if (rc == 0 && (put_file(&old, old_path, &e) < 0 ||
			   put_file(&new, new_path, &e) < 0 ||
			   feed_both(&old, &new, &e) < 0))
		rc = -1;
	if (rc == 0)
		print_diff(c, &old, &new);
	run_end(&old);
	run_end(&new);
	return rc == 0 ? EXIT_DONE : ctl_fail(c, EXIT_SOME_FAILED, &e);
}
