/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_cache.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "keyhash.h"

#define WAYS 4u

struct slot {
	uint64_t hash;
	char *key; /* name, then tags; NULL: free */
	uint16_t name_len;
	uint16_t tags_len;
	int32_t value;
	uint8_t kind;
};

struct col_statsd_cache {
	struct slot *slot;
	size_t buckets; /* a power of two */
	uint64_t seed;
	unsigned turn; /* which way of a full bucket goes next */
};

struct col_statsd_cache *col_statsd_cache_new(size_t slots)
{
	struct col_statsd_cache *cache = calloc(1, sizeof(*cache));

	if (cache == NULL)
		abort();
	cache->buckets = 1;
	while (cache->buckets * WAYS < slots)
		cache->buckets *= 2;
	cache->slot = calloc(cache->buckets * WAYS, sizeof(*cache->slot));
	if (cache->slot == NULL)
		abort();
	sl_crypto_random(&cache->seed, sizeof(cache->seed));
	return cache;
}

void col_statsd_cache_reset(struct col_statsd_cache *cache)
{
	for (size_t i = 0; i < cache->buckets * WAYS; i++) {
		free(cache->slot[i].key);
		cache->slot[i].key = NULL;
	}
}

void col_statsd_cache_free(struct col_statsd_cache *cache)
{
	if (cache == NULL)
		return;
	col_statsd_cache_reset(cache);
	free(cache->slot);
	free(cache);
}

static bool is_key(
    const struct slot *slot, uint64_t hash, const struct col_statsd_line *line)
{
	return slot->hash == hash && slot->key != NULL && slot->kind == line->kind &&
	       slot->name_len == line->name.len && slot->tags_len == line->tags.len &&
	       memcmp(slot->key, line->name.data, line->name.len) == 0 &&
	       memcmp(slot->key + line->name.len, line->tags.data, line->tags.len) == 0;
}

static void take_over(
    struct slot *slot, uint64_t hash, const struct col_statsd_line *line)
{
	free(slot->key);
	slot->key = malloc(line->name.len + line->tags.len);
	if (slot->key == NULL)
		abort();
	memcpy(slot->key, line->name.data, line->name.len);
	memcpy(slot->key + line->name.len, line->tags.data, line->tags.len);
	slot->hash = hash;
	slot->name_len = (uint16_t)line->name.len;
	slot->tags_len = (uint16_t)line->tags.len;
	slot->kind = (uint8_t)line->kind;
}

int32_t *col_statsd_cache_find(
    struct col_statsd_cache *cache, const struct col_statsd_line *line, bool *known)
{
	*known = false;
	if (line->name.len > COL_STATSD_CACHE_KEY ||
	    line->tags.len > COL_STATSD_CACHE_KEY - line->name.len)
		return NULL;
	uint64_t hash = col_keyhash(line->name.data, line->name.len, cache->seed);
	if (line->tags.len > 0)
		hash = col_keyhash(line->tags.data, line->tags.len, hash);
	hash += line->kind;
	struct slot *bucket = cache->slot + (hash & (cache->buckets - 1)) * WAYS;
	struct slot *victim = NULL;
	for (unsigned i = 0; i < WAYS; i++) {
		if (is_key(&bucket[i], hash, line)) {
			*known = true;
			return &bucket[i].value;
		}
		if (bucket[i].key == NULL && victim == NULL)
			victim = &bucket[i];
	}
	if (victim == NULL)
		victim = &bucket[cache->turn++ % WAYS];
	take_over(victim, hash, line);
	return &victim->value;
}
