/* SPDX-License-Identifier: Apache-2.0 */
#include "name_index.h"

#include <stdlib.h>
#include <string.h>

/* FNV-1a: names come from configuration, not from attackers. */
static uint64_t hash(const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

static struct sl_name_slot *find(
    const struct sl_name_index *index, const char *name, size_t len)
{
	size_t mask = index->capacity - 1;

	for (size_t i = hash(name, len) & mask;; i = (i + 1) & mask) {
		struct sl_name_slot *slot = &index->slot[i];

		if (!slot->name ||
		    (slot->len == len && memcmp(slot->name, name, len) == 0))
			return slot;
	}
}

static void grow(struct sl_name_index *index)
{
	struct sl_name_index bigger = {
	    .capacity = index->capacity ? index->capacity * 2 : 16};

	bigger.slot = calloc(bigger.capacity, sizeof *bigger.slot);
	if (!bigger.slot)
		abort();
	for (size_t i = 0; i < index->capacity; i++) {
		const struct sl_name_slot *slot = &index->slot[i];

		if (slot->name)
			*find(&bigger, slot->name, slot->len) = *slot;
	}
	bigger.count = index->count;
	free(index->slot);
	*index = bigger;
}

void sl_name_index_put(
    struct sl_name_index *index, const char *name, size_t len, uint32_t value)
{
	if ((index->count + 1) * 2 > index->capacity)
		grow(index);
	struct sl_name_slot *slot = find(index, name, len);
	if (!slot->name)
		index->count++;
	*slot = (struct sl_name_slot){name, len, value};
}

int64_t sl_name_index_get(const struct sl_name_index *index, const char *name, size_t len)
{
	if (index->count == 0)
		return -1;
	const struct sl_name_slot *slot = find(index, name, len);
	return slot->name ? (int64_t)slot->value : -1;
}

void sl_name_index_clear(struct sl_name_index *index)
{
	free(index->slot);
	*index = (struct sl_name_index){0};
}
