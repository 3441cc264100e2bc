/* SPDX-License-Identifier: Apache-2.0 */
#include "table_index.h"

#include <stdlib.h>
#include <string.h>

#include "aggregator/table.h"
#include "common/error.h"

#define FIRST_CAPACITY 256u

void agg_table_index_clear(struct agg_table_index *index)
{
	free(index->items);
	memset(index, 0, sizeof *index);
}

static void place(struct agg_table_index *index, uint64_t hash, uint32_t item)
{
	uint32_t at = (uint32_t)hash & (index->capacity - 1);

	while (index->items[at].item != 0)
		at = (at + 1) & (index->capacity - 1);
	index->items[at].hash = hash;
	index->items[at].item = item;
}

static int grow(struct agg_table_index *index)
{
	struct agg_table_index larger = {.count = index->count};

	larger.capacity = index->capacity ? index->capacity * 2 : FIRST_CAPACITY;
	larger.items = calloc(larger.capacity, sizeof *larger.items);
	if (!larger.items)
		return SL_ENOMEM;
	for (uint32_t i = 0; i < index->capacity; i++)
		if (index->items[i].item != 0)
			place(&larger, index->items[i].hash, index->items[i].item);
	free(index->items);
	*index = larger;
	return 0;
}

int agg_table_index_add(struct agg_table_index *index, uint64_t hash, uint32_t slot)
{
	if (index->count * 2 >= index->capacity && grow(index) != 0)
		return SL_ENOMEM;
	place(index, hash, slot + 1);
	index->count++;
	return 0;
}

uint32_t agg_table_index_next(
    const struct agg_table_index *index, uint64_t hash, uint32_t *at)
{
	while (index->capacity != 0) {
		const struct agg_table_index_item *item =
		    &index->items[((uint32_t)hash + (*at)++) & (index->capacity - 1)];
		if (item->item == 0)
			break;
		if (item->hash == hash)
			return item->item - 1;
	}
	return AGG_TABLE_NO_SLOT;
}

/* What follows the gap moves up, so that no walk ends too early. */
void agg_table_index_remove(struct agg_table_index *index, uint64_t hash, uint32_t slot)
{
	uint32_t mask = index->capacity - 1;
	uint32_t at = (uint32_t)hash & mask;

	if (index->capacity == 0)
		return;
	while (index->items[at].item != slot + 1) {
		if (index->items[at].item == 0)
			return;
		at = (at + 1) & mask;
	}
	index->items[at].item = 0;
	index->count--;
	for (at = (at + 1) & mask; index->items[at].item != 0; at = (at + 1) & mask) {
		struct agg_table_index_item moved = index->items[at];
		index->items[at].item = 0;
		place(index, moved.hash, moved.item);
	}
}
