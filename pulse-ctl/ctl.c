#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/interval.h"
#include "common/num.h"
#include "common/sig.h"
#include "pulse-ctl/commands.h"
#include "pulse-ctl/ctl.h"

/* ---- options and operands ------------------------------------------------ */

int
ctl_next(struct ctl *c)
{
	int key;

	while ((key = opt_next(&c->options)) == KEY_JSON)
		c->json = true;
	return key;
}

char **
ctl_operands(struct ctl *c, int *n)
{
	*n = c->options.argc - optind;
	return c->options.argv + optind;
}

void
ctl_expect(struct ctl *c, int min, int max, const char *what)
{
	int n;
	char **v = ctl_operands(c, &n);

	if (n < min)
		opt_usage_error(&c->program, "%s is missing", what);
	if (max >= 0 && n > max)
		opt_usage_error(
		    &c->program, "'%s': one operand too many", v[max]);
}

int64_t
ctl_number(struct ctl *c, const char *name, int64_t min, int64_t max)
{
	struct err e;
	int64_t v;

	if (num_parse(&v, c->options.arg, min, max, name, &e) < 0)
		opt_usage_error(&c->program, "%s", e.msg);
	return v;
}

int64_t
ctl_duration_ms(struct ctl *c, const char *name, int64_t min_ms, int64_t max_ms)
{
	struct err e;
	int64_t v;

	if (num_parse_duration(&v, c->options.arg, min_ms, max_ms, name, &e) <
	    0)
		opt_usage_error(&c->program, "%s", e.msg);
	return v;
}

int64_t
ctl_time_ms(struct ctl *c, const char *name)
{
	const char *s = c->options.arg;
	size_t n = strlen(s);
	int64_t v;

	/* "2h" is a time ago; a bare number is a time since 1970. */
	if (n > 1 && strchr("smhdw", s[n - 1]) != NULL &&
	    num_parse_duration(&v, s, 0, CLOCK_MS_MAX, name, NULL) == 0)
		return clock_now_ms() - v;
	if (clock_parse(&v, s, n) < 0)
		opt_usage_error(&c->program,
		    "%s: '%s' is no time (2026-11-22T14:38Z) and no age (2h)",
		    name, s);
	return v;
}

bool
ctl_private_allowed(void)
{
	const char *v = getenv("PULSE_ALLOW_PRIVATE");

	return v != NULL && strcmp(v, "1") == 0;
}

/* ---- series --------------------------------------------------------------- */

/* Whether the text after a colon is nothing, or a number and a unit of time.
 * No coin of the exchange is called so; "0G" and "1INCH" are coins. */
static bool
meant_as_interval(const char *s)
{
	static const char *const units[] = {"s", "sec", "m", "min", "h", "hr",
	    "hour", "d", "day", "w", "week", "mo", "month", "y"};
	size_t i, digits = strspn(s, "0123456789");

	if (s[0] == '\0')
		return true;
	for (i = 0; digits > 0 && i < sizeof(units) / sizeof(units[0]); i++)
		if (strcasecmp(s + digits, units[i]) == 0)
			return true;
	return false;
}

const char *
ctl_split_series(struct ctl *c, char *text)
{
	char *colon = strrchr(text, ':');

	if (colon == NULL)
		return NULL;
	if (interval_find(colon + 1, strlen(colon + 1)) < 0) {
		if (meant_as_interval(colon + 1))
			opt_usage_error(&c->program,
			    "'%s': no interval '%s' (%s)", text, colon + 1,
			    interval_names());
		return NULL;
	}
	*colon = '\0';
	return colon + 1;
}

/* ---- the store and messages ---------------------------------------------- */

int
ctl_open(struct ctl *c, unsigned flags)
{
	struct err e;

	if (store_open(&c->store, c->common.db, flags, &e) < 0)
		return ctl_fail(c, EXIT_UNAVAILABLE, &e);
	return 0;
}

int
ctl_fail(struct ctl *c, int code, const struct err *e)
{
	fflush(stdout);
	fprintf(stderr, "%s: %s\n", c->program.name, e->msg);
	/* A store that another program holds is there again soon. */
	if (code == EXIT_UNAVAILABLE && c->store != NULL &&
	    store_busy(c->store))
		return EXIT_TEMPFAIL;
	return code;
}

int
ctl_faults(struct ctl *c, const struct faults *f)
{
	struct buf text;
	char *p, *end;

	buf_init(&text, (size_t)64 * 1024);
	faults_print_text(f, &text);
	for (p = text.p; p != NULL && *p != '\0'; p = end + 1) {
		end = strchr(p, '\n');
		if (end == NULL)
			break;
		fprintf(
		    stderr, "%s: %.*s\n", c->program.name, (int)(end - p), p);
	}
	buf_release(&text);
	return EXIT_SOME_FAILED;
}

/* ---- output -------------------------------------------------------------- */

bool
ctl_tabular(const struct ctl *c)
{
	return !c->json && isatty(STDOUT_FILENO);
}

void
ctl_line(const struct buf *b)
{
	if (fwrite(b->p, 1, b->len, stdout) != b->len || putchar('\n') == EOF) {
		if (errno == EPIPE)
			sig_die_of_pipe();
	}
}

int
ctl_flush(struct ctl *c, int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		sig_die_of_pipe();
	fprintf(stderr, "%s: cannot write the output: %s\n", c->program.name,
	    strerror(errno));
	return EXIT_SOME_FAILED;
}

void
ctl_print_time(int64_t ms, struct buf *out)
{
	char text[CLOCK_TEXT_MAX];

	if (ms <= 0 || ms > CLOCK_MS_MAX) {
		buf_addc(out, '-');
		return;
	}
	clock_print(ms, text);
	text[10] = ' ';
	buf_add(out, text, 19);
}

void
ctl_print_span(int64_t ms, struct buf *out)
{
	int64_t s = ms / 1000;

	if (ms < 0)
		buf_addc(out, '-');
	else if (s < 120)
		buf_addf(out, "%llds", (long long)s);
	else if (s < 120 * 60)
		buf_addf(out, "%lldm", (long long)(s / 60));
	else if (s < 48 * 3600)
		buf_addf(out, "%lldh", (long long)(s / 3600));
	else
		buf_addf(out, "%lldd", (long long)(s / 86400));
}

/* ---- input --------------------------------------------------------------- */

static int
read_all(int fd, size_t max, struct buf *out)
{
	char part[16384];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (out->len + (size_t)n > max) {
			errno = EFBIG;
			return -1;
		}
		if (buf_add(out, part, (size_t)n) < 0)
			return -1;
	}
	return 0;
}

int
ctl_read_file(const char *path, size_t max, struct buf *out, struct err *e)
{
	bool in = strcmp(path, "-") == 0;
	int fd, rc;

	fd = in ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, "cannot open %s: %s", path, strerror(errno));
	rc = read_all(fd, max, out);
	if (rc < 0 && errno == EFBIG)
		err_set(e, "%s is longer than %zu bytes", path, max);
	else if (rc < 0)
		err_set(e, "cannot read %s: %s", path, strerror(errno));
	if (!in)
		close(fd);
	return rc;
}

int
ctl_read_secret(const char *path, size_t max, struct buf *out, struct err *e)
{
	size_t from = 0, to;

	if (ctl_read_file(path, max, out, e) < 0)
		return -1;
	while (from < out->len && strchr(" \t\r\n", out->p[from]) != NULL)
		from++;
	for (to = from;
	     to < out->len && out->p[to] != '\n' && out->p[to] != '\r'; to++)
		;
	while (to > from && (out->p[to - 1] == ' ' || out->p[to - 1] == '\t'))
		to--;
	if (to == from)
		return err_set(e, "%s is empty", path);
	buf_consume(out, from);
	out->len = to - from;
	out->p[out->len] = '\0';
	return 0;
}

/* ---- finding a rule ------------------------------------------------------ */

struct search {
	const char *text;
	size_t len;
	struct uuid found;
	int hits;
};

static int
search_one(void *arg, const struct rule *r, struct err *e)
{
	struct search *s = arg;
	char id[UUID_TEXT_MAX];

	(void)e;
	uuid_print(&r->id, id);
	if (strcmp(r->name, s->text) == 0 ||
	    (s->len >= 4 && strncasecmp(id, s->text, s->len) == 0)) {
		s->found = r->id;
		s->hits++;
	}
	return 0;
}

int
ctl_look_for_rule(
    struct ctl *c, const char *text, struct rule *r, struct err *e)
{
	struct store_rule_filter all = {.active = -1};
	struct search s = {.text = text, .len = strlen(text)};

	if (uuid_parse(&s.found, text, s.len) < 0) {
		if (store_rule_list(c->store, &all, search_one, &s, e) < 0)
			return -1;
		if (s.hits > 1)
			return err_set(
			    e, "'%s' fits %d rules: give an id", text, s.hits);
		if (s.hits == 0)
			return 0;
	}
	return store_rule_get(c->store, &s.found, r, e);
}

int
ctl_find_rule(struct ctl *c, const char *text, struct rule *r, struct err *e)
{
	int rc = ctl_look_for_rule(c, text, r, e);

	if (rc == 0)
		return err_set(e, "no rule has the id or name '%s'", text);
	return rc < 0 ? -1 : 0;
}
