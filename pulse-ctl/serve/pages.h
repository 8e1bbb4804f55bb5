/*
 * pages: answers to lists of rules, kept while no rule changes.
 *
 * Exact: every change of a rule takes the next number of change (rule_seq) in
 * its own transaction, whichever process makes it. A page is kept under the
 * number that was read before its rows were, so it can only be newer than its
 * number, never older; and the number is read again before a page is given
 * out. With the first new number all pages go.
 */
#ifndef PULSE_CTL_SERVE_PAGES_H
#define PULSE_CTL_SERVE_PAGES_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"

#define PAGES_MAX     16
#define PAGE_KEY_MAX  256
#define PAGE_TEXT_MAX ((size_t)64 * 1024) /* longer ones are not kept */

struct page {
	char key[PAGE_KEY_MAX];
	char *text;
	size_t len;
};

struct pages {
	struct page v[PAGES_MAX]; /* a ring */
	size_t n; /* ever kept since the last change */
	int64_t seq;
};

void pages_release(struct pages *p);
/*
 * The page kept under key while the number of change is seq, or NULL. key
 * says everything that the page depends on but the rules: the question, and
 * whether secrets are shown. It is good until the next call for p.
 */
const struct page *pages_find(struct pages *p, int64_t seq, const char *key);
/* Keep a copy of the page; without memory, or when it is too long, not. */
void pages_keep(struct pages *p, const char *key, const char *text, size_t len);

#endif
