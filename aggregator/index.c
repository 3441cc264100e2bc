/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing with linear probing, at most three quarters full.  A removed
 * slot keeps its key pointer as NULL and its hash, so that probing goes on past
 * it: a slot is free for good only where hash is 0.
 */
#include "index.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t seed;

static uint64_t mix(uint64_t h)
{
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93ULL;
	return h ^ (h >> 32);
}

static uint64_t hash_of(const char *key, size_t len)
{
	uint64_t h, word;

	while (seed == 0)
		if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
			abort();
	for (h = seed ^ len; len >= 8; key += 8, len -= 8) {
		memcpy(&word, key, 8);
		h = mix(h ^ word) + seed;
	}
	word = 0;
	memcpy(&word, key, len);
	h = mix(h ^ word);
	return h ? h : 1;
}

static struct agg_index_slot *lookup(
    const struct agg_index *index, uint64_t hash, const char *key, size_t len)
{
	if (index->capacity == 0)
		return NULL;
	for (size_t i = hash;; i++) {
		struct agg_index_slot *slot = &index->slots[i & (index->capacity - 1)];
		if (slot->hash == 0)
			return NULL;
		if (slot->hash == hash && slot->value && slot->len == len &&
		    memcmp(slot->key, key, len) == 0)
			return slot;
	}
}

static void insert(
    struct agg_index *index, uint64_t hash, const char *key, size_t len, void *value)
{
	size_t i = hash;

	while (index->slots[i & (index->capacity - 1)].hash)
		i++;
	index->slots[i & (index->capacity - 1)] =
	    (struct agg_index_slot){.hash = hash, .key = key, .len = len, .value = value};
	index->count++;
	index->used++;
}

static void grow(struct agg_index *index)
{
	struct agg_index old = *index;
	size_t capacity = 64;

	while (capacity < old.count * 2 + 2)
		capacity *= 2;
	*index = (struct agg_index){.capacity = capacity};
	index->slots = calloc(capacity, sizeof *index->slots);
	if (!index->slots)
		abort();
	for (size_t i = 0; i < old.capacity; i++) {
		const struct agg_index_slot *slot = &old.slots[i];
		if (slot->value)
			insert(index, slot->hash, slot->key, slot->len, slot->value);
	}
	free(old.slots);
}

void *agg_index_find(const struct agg_index *index, const char *key, size_t len)
{
	struct agg_index_slot *slot = lookup(index, hash_of(key, len), key, len);

	return slot ? slot->value : NULL;
}

void agg_index_put(struct agg_index *index, const char *key, size_t len, void *value)
{
	uint64_t hash = hash_of(key, len);
	struct agg_index_slot *slot = lookup(index, hash, key, len);

	if (slot) {
		slot->value = value;
		return;
	}
	if ((index->used + 1) * 4 > index->capacity * 3)
		grow(index);
	insert(index, hash, key, len, value);
}

void agg_index_remove(struct agg_index *index, const char *key, size_t len)
{
	struct agg_index_slot *slot = lookup(index, hash_of(key, len), key, len);

	if (!slot)
		return;
	slot->key = NULL;
	slot->value = NULL;
	index->count--;
}

void agg_index_clear(struct agg_index *index)
{
	free(index->slots);
	*index = (struct agg_index){0};
}
