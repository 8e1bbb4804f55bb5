/*
 * table: a hash table of nodes that lie inside what they find. It grows, and
 * knows nothing of keys: the caller hashes and compares.
 */
#ifndef PULSE_SEND_TABLE_H
#define PULSE_SEND_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct table_node {
	struct table_node *next;
	uint64_t hash;
	void *owner;
};

struct table {
	struct table_node **slots;
	size_t nslots, n;
};

/* The first node of that hash, and the next one after a node; NULL. */
struct table_node *table_first(const struct table *t, uint64_t hash);
struct table_node *table_next(const struct table_node *node);
/* 0, or -1 without memory. */
int
table_add(struct table *t, struct table_node *node, uint64_t hash, void *owner);
void table_remove(struct table *t, struct table_node *node);
void table_release(struct table *t);

#endif
