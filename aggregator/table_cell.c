/* SPDX-License-Identifier: Apache-2.0 */
#include "table_cell.h"

#include <string.h>

#include "common/crc32c.h"
#include "common/error.h"

struct copy_head {
	uint32_t len;
	uint32_t crc;
};

static const uint8_t *copy_of(
    const struct agg_table_cell *cell, uint32_t capacity, uint64_t generation)
{
	uint32_t size = (uint32_t)sizeof(struct copy_head) + capacity;

	return (const uint8_t *)(cell + 1) + (generation & 1) * size;
}

static uint32_t checksum(uint64_t generation, uint32_t len, const void *data)
{
	uint32_t crc = sl_crc32c(0, &generation, sizeof generation);

	crc = sl_crc32c(crc, &len, sizeof len);
	return sl_crc32c(crc, data, len);
}

uint32_t agg_table_cell_size(uint32_t capacity)
{
	return (uint32_t)sizeof(struct agg_table_cell) +
	       2 * ((uint32_t)sizeof(struct copy_head) + capacity);
}

void agg_table_cell_set(
    struct agg_table_cell *cell, uint32_t capacity, const void *data, uint32_t len)
{
	uint64_t generation =
	    atomic_load_explicit(&cell->generation, memory_order_relaxed) + 1;
	struct copy_head head = {len, checksum(generation, len, data)};
	uint8_t *copy = (uint8_t *)(uintptr_t)copy_of(cell, capacity, generation);

	memcpy(copy, &head, sizeof head);
	memcpy(copy + sizeof head, data, len);
	/* Release: the copy is whole before it counts; the partner is the next process.
	 */
	atomic_store_explicit(&cell->generation, generation, memory_order_release);
}

int agg_table_cell_get(
    const struct agg_table_cell *cell, uint32_t capacity, struct sl_slice *content)
{
	uint64_t generation =
	    atomic_load_explicit(&cell->generation, memory_order_relaxed);
	const uint8_t *copy = copy_of(cell, capacity, generation);
	struct copy_head head;

	if (generation == 0)
		return SL_ENOTFOUND;
	memcpy(&head, copy, sizeof head);
	copy += sizeof head;
	if (head.len > capacity || head.crc != checksum(generation, head.len, copy))
		return SL_ECORRUPT;
	content->data = (const char *)copy;
	content->len = head.len;
	return 0;
}

void agg_table_cell_drop(struct agg_table_cell *cell)
{
	atomic_store_explicit(&cell->generation, 0, memory_order_release);
}
