#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/rules/rule_file.h"

#define CHUNK ((size_t)64 * 1024)

struct reader {
	const char *p, *end;
	size_t line, number; /* of the text; of the rule, from 1 */
	bool allow_private;
	int64_t now_ms;
	int (*fn)(void *arg, struct rule *r, struct err *e);
	void *arg;
	struct buf *complaints;
	int bad;
};

static void
skip_space(struct reader *r)
{
	for (; r->p < r->end; r->p++) {
		if (*r->p == '\n')
			r->line++;
		else if (*r->p != ' ' && *r->p != '\t' && *r->p != '\r')
			break;
	}
}

/* The end of the string that begins at p, behind its quote. */
static const char *
string_end(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/* The end of the object that begins at p: where its braces balance. What
 * lies between is the JSON parser's to judge. */
static const char *
object_end(const char *p, const char *end)
{
	size_t depth = 0;

	while (p < end) {
		if (*p == '"') {
			p = string_end(p, end);
			continue;
		}
		if (*p == '{' || *p == '[')
			depth++;
		else if (*p == '}' || *p == ']')
			depth--;
		p++;
		if (depth == 0)
			return p;
	}
	return end;
}

static void
complain(struct reader *r, const struct faults *f)
{
	struct buf text;
	char *line, *next;

	buf_init(&text, (size_t)128 * 1024);
	faults_print_text(f, &text);
	for (line = text.p; line != NULL && *line != '\0'; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		buf_addf(r->complaints, "rule %zu, line %zu: %s\n", r->number,
		    r->line, line);
	}
	buf_release(&text);
	r->bad++;
}

static int
one_rule(struct reader *r, const char *to, struct err *e)
{
	struct json *j = json_parse(r->p, (size_t)(to - r->p), e);
	struct faults f;
	struct rule rule;
	int rc = 0;

	r->number++;
	if (j == NULL)
		return err_prefix(e, "rule %zu, line %zu", r->number, r->line);
	faults_init(&f, "");
	if (rule_parse(
		&rule, j, RULE_IMPORTED, r->allow_private, r->now_ms, &f) < 0) {
		complain(r, &f);
	} else {
		rc = r->fn(r->arg, &rule, e) != 0 ? -1 : 0;
		rule_release(&rule);
	}
	json_free(j);
	return rc;
}

/* The rule at p, and p moves behind it. */
static int
next_rule(struct reader *r, struct err *e)
{
	const char *to;

	if (*r->p != '{')
		return err_set(e, "line %zu: a rule is an object, not '%c…'",
		    r->line, *r->p);
	to = object_end(r->p, r->end);
	if (one_rule(r, to, e) < 0)
		return -1;
	for (; r->p < to; r->p++)
		r->line += *r->p == '\n';
	skip_space(r);
	return 0;
}

static int
array(struct reader *r, struct err *e)
{
	r->p++;
	skip_space(r);
	while (r->p < r->end && *r->p != ']') {
		if (next_rule(r, e) < 0)
			return -1;
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			skip_space(r);
			if (r->p < r->end && *r->p == ']')
				return err_set(
				    e, "line %zu: a comma before ']'", r->line);
		} else if (r->p < r->end && *r->p != ']') {
			return err_set(e,
			    "line %zu: ',' or ']' is missing between rules",
			    r->line);
		}
	}
	if (r->p == r->end)
		return err_set(e, "the array of rules does not end");
	r->p++;
	skip_space(r);
	if (r->p < r->end)
		return err_set(e,
		    "line %zu: something follows the array of rules", r->line);
	return 0;
}

int
rule_file_parse(const char *text, size_t n, bool allow_private, int64_t now_ms,
    int (*fn)(void *arg, struct rule *r, struct err *e), void *arg,
    struct buf *complaints, struct err *e)
{
	struct reader r = {
	    .p = text,
	    .end = text + n,
	    .line = 1,
	    .allow_private = allow_private,
	    .now_ms = now_ms,
	    .fn = fn,
	    .arg = arg,
	    .complaints = complaints,
	};

	skip_space(&r);
	if (r.p < r.end && *r.p == '[')
		return array(&r, e) < 0 ? -1 : r.bad;
	while (r.p < r.end)
		if (next_rule(&r, e) < 0)
			return -1;
	return r.bad;
}

static int
slurp(int fd, struct buf *b, struct err *e)
{
	ssize_t n;

	do {
		if (buf_reserve(b, CHUNK) < 0)
			return err_set(
			    e, "more than %zu bytes of rules", RULE_FILE_MAX);
		n = read(fd, b->p + b->len, CHUNK);
		if (n < 0 && errno != EINTR)
			return err_set(e, "%s", strerror(errno));
		if (n > 0)
			b->len += (size_t)n;
	} while (n != 0);
	return 0;
}

int
rule_file_read(const char *path, bool allow_private, int64_t now_ms,
    int (*fn)(void *arg, struct rule *r, struct err *e), void *arg,
    struct buf *complaints, struct err *e)
{
	int fd = STDIN_FILENO, rc;
	struct buf text;

	if (strcmp(path, "-") != 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	buf_init(&text, RULE_FILE_MAX);
	rc = slurp(fd, &text, e);
	if (rc == 0)
		rc = rule_file_parse(text.p != NULL ? text.p : "", text.len,
		    allow_private, now_ms, fn, arg, complaints, e);
	if (rc < 0)
		(void)err_prefix(e, "%s", path);
	if (fd != STDIN_FILENO)
		close(fd);
	buf_release(&text);
	return rc;
}
