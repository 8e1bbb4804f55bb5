#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/lines.h"
#include "tests/sink/persona.h"
#include "tests/sink/script.h"

static void
answer_free(struct script_answer *a)
{
	buf_release(&a->fields);
	buf_release(&a->body);
	free(a);
}

static int
take_number(const struct json *j, int64_t min, int64_t max, int64_t *out)
{
	if (j->type != JSON_NUMBER || floor(j->number) != j->number ||
	    j->number < (double)min || j->number > (double)max)
		return -1;
	*out = (int64_t)j->number;
	return 0;
}

static int
take_end(struct script_answer *a, const char *v)
{
	static const char *const names[] = {
	    "", "close", "reset", "hang", "early", "after", "half"};

	for (int i = 1; v != NULL && i < 7; i++)
		if (strcmp(names[i], v) == 0) {
			a->end = (enum script_end)i;
			return 0;
		}
	return -1;
}

static int
take_headers(struct script_answer *a, const struct json *j)
{
	if (j->type != JSON_OBJECT)
		return -1;
	for (size_t i = 0; i < j->len; i++) {
		if (j->items[i].type != JSON_STRING)
			return -1;
		buf_addf(
		    &a->fields, "%s: %s\r\n", j->keys[i], j->items[i].string);
	}
	return 0;
}

static void
take_body(struct script_answer *a, const struct json *j)
{
	buf_reset(&a->body);
	if (j->type == JSON_STRING)
		buf_add(&a->body, j->string, j->len);
	else
		json_print(j, &a->body);
}

static int
take_member(struct script_answer *a, const char *key, const struct json *v)
{
	const char *text = json_string(v);
	int64_t x;

	if (strcmp(key, "path") == 0)
		return text != NULL && text[0] != '\0' ? 0 : -1;
	if (strcmp(key, "n") == 0)
		return take_number(v, 1, INT64_C(1) << 40, &a->n);
	if (strcmp(key, "status") == 0) {
		if (take_number(v, 100, 999, &x) != 0)
			return -1;
		a->status = (int)x;
		return 0;
	}
	if (strcmp(key, "type") == 0) {
		if (text == NULL || strlen(text) >= sizeof(a->type))
			return -1;
		memcpy(a->type, text, strlen(text) + 1);
		return 0;
	}
	if (strcmp(key, "headers") == 0)
		return take_headers(a, v);
	if (strcmp(key, "body") == 0) {
		take_body(a, v);
		return 0;
	}
	if (strcmp(key, "size") == 0) {
		if (take_number(v, 0, 1 << 28, &x) != 0)
			return -1;
		buf_reset(&a->body);
		while (x-- > 0)
			buf_addc(&a->body, 'x');
		return 0;
	}
	if (strcmp(key, "redirect") == 0) {
		if (text == NULL)
			return -1;
		if (a->status == 200)
			a->status = 302;
		return buf_addf(&a->fields, "Location: %s\r\n", text);
	}
	if (strcmp(key, "as") == 0) {
		a->persona = text != NULL ? persona_find(text) : NULL;
		return a->persona != NULL ? 0 : -1;
	}
	if (strcmp(key, "limits") == 0 || strcmp(key, "chunked") == 0) {
		*(key[0] == 'l' ? &a->limits : &a->chunked) = v->boolean;
		return v->type == JSON_BOOL ? 0 : -1;
	}
	if (strcmp(key, "delay_ms") == 0)
		return take_number(v, 0, 86400000, &a->delay_ms);
	if (strcmp(key, "drip_ms") == 0)
		return take_number(v, 0, 86400000, &a->drip_ms);
	if (strcmp(key, "end") == 0)
		return take_end(a, text);
	return -1;
}

static struct script_path *
path_for(struct script *s, const char *text)
{
	size_t len = strlen(text);
	bool prefix = text[len - 1] == '*';
	struct script_path *p;

	len -= prefix;
	for (p = s->paths; p != NULL; p = p->next)
		if (p->prefix == prefix && p->len == len &&
		    memcmp(p->path, text, len) == 0)
			return p;
	p = calloc(1, sizeof(*p));
	if (p == NULL || (p->path = strndup(text, len)) == NULL)
		abort();
	p->len = len;
	p->prefix = prefix;
	p->next = s->paths;
	s->paths = p;
	return p;
}

int
script_add(struct script *s, const char *line, size_t n, struct err *e)
{
	struct json *j = json_parse(line, n, e);
	struct script_answer *a;
	struct script_path *p;
	const char *path;

	if (j == NULL)
		return err_prefix(e, "script");
	if (j->type != JSON_OBJECT) {
		json_free(j);
		return err_set(e, "script: an answer is an object");
	}
	a = calloc(1, sizeof(*a));
	if (a == NULL)
		abort();
	*a = (struct script_answer){
	    .n = 1, .status = 200, .type = "application/json"};
	buf_init(&a->fields, 1 << 20);
	buf_init(&a->body, (size_t)1 << 29);
	buf_adds(&a->body, "{\"ok\":true}");
	for (size_t i = 0; i < j->len; i++)
		if (take_member(a, j->keys[i], &j->items[i]) != 0) {
			err_set(e, "script: \"%s\" does not go", j->keys[i]);
			answer_free(a);
			json_free(j);
			return -1;
		}
	path = json_string(json_get(j, "path"));
	p = path_for(s, path != NULL ? path : "*");
	if (p->last != NULL)
		p->last->next = a;
	else
		p->first = a;
	p->last = a;
	json_free(j);
	return 0;
}

int
script_add_file(struct script *s, const char *path, struct err *e)
{
	struct lines l;
	const char *line;
	size_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc = 0;

	if (fd < 0)
		return err_set(e, "%s: %s", path, strerror(errno));
	if (lines_init(&l, fd, (size_t)1 << 24) != 0) {
		close(fd);
		return err_set(e, "out of memory");
	}
	while (rc == 0) {
		enum lines_status st = lines_next(&l, &line, &n);

		if (st == LINES_END)
			break;
		if (st == LINES_MORE)
			rc = lines_fill(&l) < 0 ? -1 : 0;
		else
			rc = script_add(s, line, n, e);
		if (rc != 0)
			err_prefix(
			    e, "%s:%llu", path, (unsigned long long)l.number);
	}
	lines_release(&l);
	close(fd);
	return rc;
}

void
script_clear(struct script *s)
{
	struct script_path *p;
	struct script_answer *a;

	while ((p = s->paths) != NULL) {
		s->paths = p->next;
		while ((a = p->first) != NULL) {
			p->first = a->next;
			answer_free(a);
		}
		free(p->path);
		free(p);
	}
}

struct script_path *
script_find(struct script *s, struct span path)
{
	struct script_path *best = NULL;

	for (struct script_path *p = s->paths; p != NULL; p = p->next) {
		if (path.n < p->len || memcmp(path.p, p->path, p->len) != 0)
			continue;
		if (!p->prefix && path.n == p->len)
			return p;
		if (p->prefix && (best == NULL || p->len > best->len))
			best = p;
	}
	return best;
}

const struct script_answer *
script_next(struct script_path *p, bool take)
{
	struct script_answer *a = p->first;

	/* The one before is used up: its successor takes over. */
	if (p->used >= a->n && a->next != NULL) {
		p->first = a->next;
		p->used = 0;
		answer_free(a);
		a = p->first;
	}
	if (take) {
		p->used++;
		p->requests++;
	}
	return a;
}
