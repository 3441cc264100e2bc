/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from text keys to pointers. */
#ifndef AGG_INDEX_H
#define AGG_INDEX_H

#include <stddef.h>
#include <stdint.h>

/*
 * Keys and values belong to others: a key must stay as it is while it is in the
 * index.  Hashing is keyed per process, so that who chooses names from outside
 * cannot make them collide.  All zeroes is an empty index.
 */
struct agg_index_slot {
	uint64_t hash;
	const char *key;
	size_t len;
	void *value; /* NULL: free, or a grave */
};

struct agg_index {
	struct agg_index_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
	size_t used; /* count and graves */
};

/* agg_index_find returns the value of a key, NULL without one. */
void *agg_index_find(const struct agg_index *index, const char *key, size_t len);

/* agg_index_put sets the value (not NULL) of a key. */
void agg_index_put(struct agg_index *index, const char *key, size_t len, void *value);

/* agg_index_remove takes a key out; unknown keys are ignored. */
void agg_index_remove(struct agg_index *index, const char *key, size_t len);

/* agg_index_clear frees the table and leaves an empty index. */
void agg_index_clear(struct agg_index *index);

#endif
