#include <stdlib.h>
#include <string.h>

#include "common/engine/ladder.h"

/* A range this many rungs from the finger is walked to, not searched. */
#define WALK_MAX 8

struct rung {
	ladder_key key;
	uint32_t ref;
};

void
ladder_init(struct ladder *l, ladder_key value)
{
	*l = (struct ladder){.value = value};
}

void
ladder_release(struct ladder *l)
{
	free(l->key);
	free(l->ref);
	ladder_init(l, l->value);
}

/* The first sorted rung at or above the key, within [lo, hi]. */
static uint32_t
search(const struct ladder *l, ladder_key key, uint32_t lo, uint32_t hi)
{
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->key[mid] < key)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The same, looking first near the finger. */
static uint32_t
find(const struct ladder *l, ladder_key key)
{
	uint32_t i = l->at, k;

	for (k = 0; k < WALK_MAX && i < l->sorted && l->key[i] < key; k++)
		i++;
	if (k == WALK_MAX)
		return search(l, key, i, l->sorted);
	for (k = 0; k < WALK_MAX && i > 0 && l->key[i - 1] >= key; k++)
		i--;
	return k == WALK_MAX ? search(l, key, 0, i) : i;
}

static int
grow(struct ladder *l)
{
	uint32_t cap = l->cap < 4 ? 4 : l->cap + l->cap / 2;
	ladder_key *key = realloc(l->key, cap * sizeof(*key));
	uint32_t *ref;

	if (key == NULL)
		return -1;
	l->key = key;
	ref = realloc(l->ref, cap * sizeof(*ref));
	if (ref == NULL)
		return -1;
	l->ref = ref;
	l->cap = cap;
	return 0;
}

int
ladder_add(struct ladder *l, ladder_key key, uint32_t ref)
{
	if (l->n == l->cap && grow(l) < 0)
		return -1;
	l->key[l->n] = key;
	l->ref[l->n] = ref;
	l->n++;
	return 0;
}

static int
rung_cmp(const void *va, const void *vb)
{
	const struct rung *a = va, *b = vb;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->ref < b->ref ? -1 : a->ref > b->ref;
}

/* Drop the rungs that went. */
static void
sweep(struct ladder *l)
{
	uint32_t i, k = 0, at = l->at;

	for (i = 0; i < l->sorted; i++) {
		if (l->ref[i] == LADDER_GONE) {
			at -= i < l->at;
			continue;
		}
		l->key[k] = l->key[i];
		l->ref[k++] = l->ref[i];
	}
	l->n = l->sorted = k;
	l->at = at;
	l->gone = 0;
}

/* Merge m sorted rungs into the sorted ones, from the top down. */
static void
merge(struct ladder *l, const struct rung *v, uint32_t m)
{
	uint32_t i = l->sorted, to = l->sorted + m;

	while (m > 0) {
		bool ours = i > 0 && l->key[i - 1] > v[m - 1].key;

		to--;
		if (ours) {
			i--;
			l->key[to] = l->key[i];
			l->ref[to] = l->ref[i];
			continue;
		}
		m--;
		l->at += v[m].key < l->value;
		l->key[to] = v[m].key;
		l->ref[to] = v[m].ref;
	}
	l->sorted = l->n;
}

int
ladder_sort(struct ladder *l)
{
	uint32_t m = l->n - l->sorted, i;
	struct rung *v;

	if (m > 0) {
		v = malloc(m * sizeof(*v));
		if (v == NULL)
			return -1;
		for (i = 0; i < m; i++) {
			v[i].key = l->key[l->sorted + i];
			v[i].ref = l->ref[l->sorted + i];
		}
		qsort(v, m, sizeof(*v), rung_cmp);
		merge(l, v, m);
		free(v);
	}
	if (l->gone > 16 && l->gone > l->n / 4)
		sweep(l);
	return 0;
}

int
ladder_remove(struct ladder *l, ladder_key key, uint32_t ref)
{
	uint32_t i;

	if (ladder_sort(l) < 0)
		return -1;
	for (i = find(l, key); i < l->n && l->key[i] == key; i++) {
		if (l->ref[i] != ref)
			continue;
		l->ref[i] = LADDER_GONE;
		l->gone++;
		return 1;
	}
	return 0;
}

void
ladder_place(struct ladder *l, ladder_key value)
{
	l->at = find(l, value);
	l->value = value;
}

uint32_t
ladder_range(struct ladder *l, ladder_key from, ladder_key to, uint32_t *first)
{
	*first = find(l, from);
	if (to <= from)
		return 0;
	if (*first < l->n && l->key[*first] >= to)
		return 0;
	return search(l, to, *first, l->n) - *first;
}
