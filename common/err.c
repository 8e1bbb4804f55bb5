#include <stdio.h>
#include <string.h>

#include "common/err.h"

static void
set(struct err *e, bool local, const char *fmt, va_list ap)
{
	if (e == NULL)
		return;
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	e->local = local;
}

int
err_set(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, false, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_local(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, true, fmt, ap);
	va_end(ap);
	return -1;
}

int
err_prefix(struct err *e, const char *fmt, ...)
{
	char old[sizeof(e->msg)];
	va_list ap;
	size_t n;

	if (e == NULL)
		return -1;
	memcpy(old, e->msg, sizeof(old));
	va_start(ap, fmt);
	(void)vsnprintf(e->msg, sizeof(e->msg), fmt, ap);
	va_end(ap);
	n = strlen(e->msg);
	(void)snprintf(e->msg + n, sizeof(e->msg) - n, ": %s", old);
	return -1;
}
