#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "pulse-ctl/serve/etag.h"

void
etag_add(struct exchange *x, int64_t version)
{
	api_header(x,
	    "ETag: \"%" PRId64 "%s\"\r\nVary: X-API-Key, "
	    "Authorization",
	    version, x->secrets ? ".whole" : "");
}

/* True when the list of tags has this version (or is "*"). */
static bool
listed(const char *list, int64_t version)
{
	char tag[32];
	size_t n;

	if (strcmp(list, "*") == 0)
		return true;
	n = (size_t)snprintf(tag, sizeof(tag), "\"%" PRId64, version);
	for (; (list = strstr(list, tag)) != NULL; list += n)
		if (list[n] == '"' || list[n] == '.')
			return true;
	return false;
}

bool
etag_known(const struct exchange *x, int64_t version)
{
	const char *have = message_header(&x->head, "if-none-match");

	return have != NULL && listed(have, version) &&
	       (strstr(have, ".whole") != NULL) == x->secrets;
}

bool
etag_still(struct exchange *x, const char *it, int64_t version)
{
	const char *want = message_header(&x->head, "if-match");

	if (want == NULL || listed(want, version))
		return true;
	api_detail(x, 412,
	    "The %s was changed since; its ETag is "
	    "\"%" PRId64 "\" now",
	    it, version);
	return false;
}
