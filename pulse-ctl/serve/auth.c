#include <stdlib.h>
#include <string.h>

#include "common/digest.h"
#include "pulse-ctl/serve/auth.h"

#define KEYS_MAX 100000

void
auth_init(struct auth *a, struct store *st)
{
	*a = (struct auth){.st = st};
}

void
auth_release(struct auth *a)
{
	free(a->v);
	a->v = NULL;
	a->n = a->cap = 0;
}

void
auth_set_admin(struct auth *a, const char *key, int64_t rate_per_min)
{
	a->has_admin = true;
	a->admin = (struct auth_key){
	    .id = "admin", .admin = true, .rate_per_min = rate_per_min};
	digest_sha256(key, strlen(key), a->admin.hash);
}

static int
by_hash(const void *x, const void *y)
{
	const struct auth_key *a = x, *b = y;

	return memcmp(a->hash, b->hash, sizeof(a->hash));
}

struct loading {
	struct auth_key *v;
	size_t n, cap;
};

static int
load_one(void *arg, const struct store_key *k)
{
	struct loading *l = arg;
	struct auth_key *to;

	if (k->revoked_ms != 0)
		return 0;
	if (l->n == l->cap) {
		size_t cap = l->cap > 0 ? l->cap * 2 : 16;
		struct auth_key *v;

		if (l->n >= KEYS_MAX)
			return -1;
		v = realloc(l->v, cap * sizeof(*v));
		if (v == NULL)
			return -1;
		l->v = v;
		l->cap = cap;
	}
	to = &l->v[l->n++];
	*to = (struct auth_key){
	    .admin = k->admin, .rate_per_min = k->rate_per_min};
	strncpy(to->id, k->id, sizeof(to->id) - 1);
	memcpy(to->hash, k->hash, sizeof(to->hash));
	return 0;
}

/* Buckets and times of use live on in the new list. */
static void
carry_over(const struct auth *a, struct loading *l)
{
	size_t i;

	for (i = 0; i < l->n && a->n > 0; i++) {
		const struct auth_key *old =
		    bsearch(&l->v[i], a->v, a->n, sizeof(*a->v), by_hash);

		if (old != NULL) {
			l->v[i].tat_us = old->tat_us;
			l->v[i].used_ms = old->used_ms;
		}
	}
}

int
auth_refresh(struct auth *a, struct err *e)
{
	struct loading l = {NULL, 0, 0};
	int64_t version;

	if (store_version(a->st, &version, e) < 0)
		return -1;
	if (a->loaded && version == a->version)
		return 0;
	if (store_key_list(a->st, load_one, &l, e) < 0) {
		free(l.v);
		return -1;
	}
	if (l.n > 0)
		qsort(l.v, l.n, sizeof(*l.v), by_hash);
	carry_over(a, &l);
	free(a->v);
	a->v = l.v;
	a->n = l.n;
	a->cap = l.cap;
	a->version = version;
	a->loaded = true;
	return 0;
}

bool
auth_any_admin(const struct auth *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->v[i].admin)
			return true;
	return a->has_admin;
}

/*
 * The search goes by the SHA-256 of what was presented. Its timing tells
 * something of the order of hashes, which says nothing about a key; the
 * comparison that decides takes constant time.
 */
struct auth_key *
auth_find(struct auth *a, const char *text)
{
	struct auth_key want, *found;

	digest_sha256(text, strlen(text), want.hash);
	if (a->has_admin &&
	    digest_equal(a->admin.hash, want.hash, sizeof(want.hash)))
		return &a->admin;
	if (a->n == 0)
		return NULL;
	found = bsearch(&want, a->v, a->n, sizeof(*a->v), by_hash);
	if (found == NULL ||
	    !digest_equal(found->hash, want.hash, sizeof(want.hash)))
		return NULL;
	return found;
}

bool
auth_used(const struct auth *a)
{
	size_t i;

	for (i = 0; i < a->n; i++)
		if (a->v[i].used_ms != 0)
			return true;
	return false;
}

int
auth_note_use(struct auth *a, struct err *e)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		if (a->v[i].used_ms == 0)
			continue;
		if (store_key_used(a->st, a->v[i].id, a->v[i].used_ms, e) < 0)
			return -1;
		a->v[i].used_ms = 0;
	}
	return 0;
}
