#include <stdlib.h>
#include <string.h>

#include "pulse-ctl/serve/pages.h"

void
pages_release(struct pages *p)
{
	size_t i;

	for (i = 0; i < PAGES_MAX; i++) {
		free(p->v[i].text);
		p->v[i].text = NULL;
	}
	p->n = 0;
}

const struct page *
pages_find(struct pages *p, int64_t seq, const char *key)
{
	size_t i;

	if (seq != p->seq) {
		pages_release(p);
		p->seq = seq;
	}
	for (i = 0; i < PAGES_MAX && i < p->n; i++)
		if (p->v[i].text != NULL && strcmp(p->v[i].key, key) == 0)
			return &p->v[i];
	return NULL;
}

void
pages_keep(struct pages *p, const char *key, const char *text, size_t len)
{
	struct page *to;
	char *copy;

	if (len > PAGE_TEXT_MAX || strlen(key) >= PAGE_KEY_MAX ||
	    (copy = malloc(len)) == NULL)
		return;
	memcpy(copy, text, len);
	to = &p->v[p->n++ % PAGES_MAX];
	free(to->text);
	memcpy(to->key, key, strlen(key) + 1);
	to->text = copy;
	to->len = len;
}
