#include <stdlib.h>
#include <string.h>

#include "pulse-send/template.h"

/* Programs that are kept ready; each has a process of its own. */
#define READY_MAX 16

struct templates {
	/* The one used last comes first. */
	struct {
		char *program;
		struct filter *filter;
	} v[READY_MAX];
	size_t n;
};

struct templates *
templates_open(void)
{
	return calloc(1, sizeof(struct templates));
}

static void
drop_last(struct templates *t)
{
	t->n--;
	filter_close(t->v[t->n].filter);
	free(t->v[t->n].program);
}

void
templates_close(struct templates *t)
{
	if (t == NULL)
		return;
	while (t->n > 0)
		drop_last(t);
	free(t);
}

/* Open the program as the first of them. */
static int
add(struct templates *t, const char *program, struct err *e)
{
	struct filter *f;
	char *copy;

	if (filter_open(&f, program, e) < 0)
		return -1;
	copy = strdup(program);
	if (copy == NULL) {
		filter_close(f);
		return err_local(e, "out of memory");
	}
	if (t->n == READY_MAX)
		drop_last(t);
	memmove(&t->v[1], &t->v[0], t->n * sizeof(t->v[0]));
	t->v[0].program = copy;
	t->v[0].filter = f;
	t->n++;
	return 0;
}

static struct filter *
find(struct templates *t, const char *program, struct err *e)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		if (strcmp(t->v[i].program, program) == 0)
			return t->v[i].filter;
	return add(t, program, e) < 0 ? NULL : t->v[0].filter;
}

int
template_run(struct templates *t, const char *program, const char *record,
    size_t n, struct buf *out, struct err *e)
{
	struct filter *f = find(t, program, e);

	if (f == NULL || filter_run(f, record, n, out, e) < 0)
		return err_prefix(e, "template");
	return 0;
}
