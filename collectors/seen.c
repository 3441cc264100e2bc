/* SPDX-License-Identifier: Apache-2.0 */
#include "seen.h"

#include <stdlib.h>
#include <string.h>

/*
 * A ring of entries in the order of their coming and a table of chains over
 * them; numbers are index + 1, 0 ends a chain.  Keys are hashes, so their own
 * bytes choose the chain.
 */
struct entry {
	uint8_t key[COL_BATCH_KEY];
	uint64_t number;
	int64_t time_ns;
	uint32_t next;
};

struct col_seen {
	struct entry *entry;
	uint32_t *chain;
	size_t max, chains; /* chains: a power of two */
	size_t count, oldest;
};

struct col_seen *col_seen_new(size_t max)
{
	struct col_seen *seen = calloc(1, sizeof(*seen));

	if (seen == NULL)
		abort();
	seen->max = max;
	for (seen->chains = 1; seen->chains < max; seen->chains *= 2)
		;
	seen->entry = calloc(max, sizeof(*seen->entry));
	seen->chain = calloc(seen->chains, sizeof(*seen->chain));
	if (seen->entry == NULL || seen->chain == NULL)
		abort();
	return seen;
}

void col_seen_free(struct col_seen *seen)
{
	if (seen == NULL)
		return;
	free(seen->entry);
	free(seen->chain);
	free(seen);
}

static uint32_t *chain_of(const struct col_seen *seen, const uint8_t key[COL_BATCH_KEY])
{
	uint64_t hash;

	memcpy(&hash, key, sizeof(hash));
	return &seen->chain[hash & (seen->chains - 1)];
}

bool col_seen_find(
    const struct col_seen *seen, const uint8_t key[COL_BATCH_KEY], uint64_t *number)
{
	for (uint32_t at = *chain_of(seen, key); at != 0; at = seen->entry[at - 1].next)
		if (memcmp(seen->entry[at - 1].key, key, COL_BATCH_KEY) == 0) {
			*number = seen->entry[at - 1].number;
			return true;
		}
	return false;
}

static void forget(struct col_seen *seen, size_t index)
{
	uint32_t *link = chain_of(seen, seen->entry[index].key);

	while (*link != index + 1)
		link = &seen->entry[*link - 1].next;
	*link = seen->entry[index].next;
}

void col_seen_add(struct col_seen *seen, const uint8_t key[COL_BATCH_KEY],
    uint64_t number, int64_t now_ns)
{
	size_t index = (seen->oldest + seen->count) % seen->max;

	if (seen->count == seen->max) {
		forget(seen, index);
		seen->oldest = (seen->oldest + 1) % seen->max;
	} else {
		seen->count++;
	}
	struct entry *entry = &seen->entry[index];
	uint32_t *link = chain_of(seen, key);
	memcpy(entry->key, key, COL_BATCH_KEY);
	entry->number = number;
	entry->time_ns = now_ns;
	entry->next = *link;
	*link = (uint32_t)index + 1;
}

bool col_seen_busy(const struct col_seen *seen, int64_t keep_ns, int64_t now_ns)
{
	return seen->count == seen->max &&
	       now_ns - seen->entry[seen->oldest].time_ns < keep_ns;
}
