/* SPDX-License-Identifier: Apache-2.0 */
/* From the hash of a series' key to its slot in the state table. */
#ifndef AGG_TABLE_INDEX_H
#define AGG_TABLE_INDEX_H

#include <stdbool.h>
#include <stdint.h>

/* Open addressing; an item is slot + 1, 0 is free.  All zeroes is empty. */
struct agg_table_index {
	struct agg_table_index_item {
		uint64_t hash;
		uint32_t item;
	} * items;
	uint32_t capacity; /* a power of two */
	uint32_t count;
};

void agg_table_index_clear(struct agg_table_index *index);

/* agg_table_index_add adds a slot: 0 or SL_ENOMEM. */
int agg_table_index_add(struct agg_table_index *index, uint64_t hash, uint32_t slot);

/*
 * agg_table_index_next walks the slots of a hash: *at is 0 to begin.  Returns
 * AGG_TABLE_NO_SLOT at the end.
 */
uint32_t agg_table_index_next(
    const struct agg_table_index *index, uint64_t hash, uint32_t *at);

/* agg_table_index_remove takes a slot out. */
void agg_table_index_remove(struct agg_table_index *index, uint64_t hash, uint32_t slot);

#endif
