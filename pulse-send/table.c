#include <stdlib.h>

#include "pulse-send/table.h"

static struct table_node *
same(struct table_node *node, uint64_t hash)
{
	while (node != NULL && node->hash != hash)
		node = node->next;
	return node;
}

struct table_node *
table_first(const struct table *t, uint64_t hash)
{
	return t->nslots == 0 ? NULL
			      : same(t->slots[hash & (t->nslots - 1)], hash);
}

struct table_node *
table_next(const struct table_node *node)
{
	return same(node->next, node->hash);
}

static int
grow(struct table *t)
{
	size_t n = t->nslots ? 2 * t->nslots : 64, i;
	struct table_node **more = calloc(n, sizeof(*more)), *node;

	if (more == NULL)
		return -1;
	for (i = 0; i < t->nslots; i++)
		while ((node = t->slots[i]) != NULL) {
			t->slots[i] = node->next;
			node->next = more[node->hash & (n - 1)];
			more[node->hash & (n - 1)] = node;
		}
	free(t->slots);
	t->slots = more;
	t->nslots = n;
	return 0;
}

int
table_add(struct table *t, struct table_node *node, uint64_t hash, void *owner)
{
	struct table_node **slot;

	if (t->n >= t->nslots && grow(t) < 0)
		return -1;
	slot = &t->slots[hash & (t->nslots - 1)];
	*node = (struct table_node){*slot, hash, owner};
	*slot = node;
	t->n++;
	return 0;
}

void
table_remove(struct table *t, struct table_node *node)
{
	struct table_node **at = &t->slots[node->hash & (t->nslots - 1)];

	while (*at != NULL && *at != node)
		at = &(*at)->next;
	if (*at == NULL)
		return;
	*at = node->next;
	t->n--;
}

void
table_release(struct table *t)
{
	free(t->slots);
	*t = (struct table){.slots = NULL};
}
