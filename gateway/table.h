/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table of nodes that live inside the objects they find. */
#ifndef GW_TABLE_H
#define GW_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lives in the object; the table owns neither. */
struct gw_table_node {
	struct gw_table_node *next;
	uint64_t hash;
};

/* All zeroes is an empty table. */
struct gw_table {
	struct gw_table_node **bucket;
	size_t buckets; /* a power of two, or 0 */
	size_t count;
};

/* The object that a node lives in. */
#define GW_TABLE_OBJECT(node, type, member)                                              \
	((type *)(void *)((char *)(node)-offsetof(type, member)))

/*
 * gw_table_hash hashes bytes, starting from seed to chain several parts.  The
 * function is keyed by a random number of the process, so that names from
 * outside cannot be chosen to collide.
 */
uint64_t gw_table_hash(uint64_t seed, const void *data, size_t len);

/* gw_table_first returns the first node of a hash, gw_table_next the following. */
struct gw_table_node *gw_table_first(const struct gw_table *table, uint64_t hash);
struct gw_table_node *gw_table_next(const struct gw_table_node *node);

/* gw_table_add puts a node in under its hash; grows, aborts without memory. */
void gw_table_add(struct gw_table *table, struct gw_table_node *node, uint64_t hash);

/* gw_table_remove takes a node out; it must be in. */
void gw_table_remove(struct gw_table *table, struct gw_table_node *node);

/*
 * gw_table_each calls fn for every node; fn may remove the node that it is
 * given, and no other.
 */
void gw_table_each(
    struct gw_table *table, void (*fn)(void *arg, struct gw_table_node *node), void *arg);

/* gw_table_clear frees the table's own memory; the nodes are their owners'. */
void gw_table_clear(struct gw_table *table);

#endif
