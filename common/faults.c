#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/faults.h"

void
faults_init(struct faults *f, const char *prefix)
{
	f->n = f->total = 0;
	(void)snprintf(f->prefix, sizeof(f->prefix), "%s", prefix);
}

/* The value at fault, if it is short enough to be shown. */
static void
show_input(struct fault *v, const struct json *j)
{
	struct buf text;

	buf_init(&text, sizeof(v->input) - 1);
	if (json_print(j, &text) < 0)
		(void)snprintf(
		    v->input, sizeof(v->input), "\"(%s)\"", json_type_name(j));
	else
		(void)snprintf(v->input, sizeof(v->input), "%s", text.p);
	buf_release(&text);
}

int
faults_add(struct faults *f, const char *type, const char *loc,
    const struct json *j, const char *fmt, ...)
{
	struct fault *v;
	va_list ap;

	if (f->total++ >= FAULTS_MAX)
		return -1;
	v = &f->v[f->n++];
	(void)snprintf(v->type, sizeof(v->type), "%s", type);
	(void)snprintf(v->loc, sizeof(v->loc), "%s%s%s", f->prefix,
	    f->prefix[0] != '\0' && loc[0] != '\0' ? "." : "", loc);
	show_input(v, j);
	va_start(ap, fmt);
	(void)vsnprintf(v->msg, sizeof(v->msg), fmt, ap);
	va_end(ap);
	return -1;
}

static void
print_loc(const char *loc, struct buf *out)
{
	const char *dot;

	buf_addc(out, '[');
	while ((dot = strchr(loc, '.')) != NULL) {
		buf_add_json(out, loc, (size_t)(dot - loc));
		buf_addc(out, ',');
		loc = dot + 1;
	}
	buf_adds_json(out, loc);
	buf_addc(out, ']');
}

int
faults_print_json(const struct faults *f, struct buf *out)
{
	size_t i;

	buf_addc(out, '[');
	for (i = 0; i < f->n; i++) {
		const struct fault *v = &f->v[i];

		buf_addf(out, "%s{\"type\":\"%s\",\"loc\":", i > 0 ? "," : "",
		    v->type);
		print_loc(v->loc, out);
		buf_adds(out, ",\"msg\":");
		buf_adds_json(out, v->msg);
		buf_adds(out, ",\"input\":");
		buf_adds(out, v->input);
		buf_addc(out, '}');
	}
	return buf_addc(out, ']');
}

int
faults_print_text(const struct faults *f, struct buf *out)
{
	size_t i;

	for (i = 0; i < f->n; i++)
		buf_addf(out, "%s%s%s\n", f->v[i].loc,
		    f->v[i].loc[0] != '\0' ? ": " : "", f->v[i].msg);
	if (f->total > f->n)
		buf_addf(out, "and %zu more faults\n", f->total - f->n);
	return buf_failed(out) ? -1 : 0;
}
