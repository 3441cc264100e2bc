/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"

/* wyhash's mixing step: the high and low half of a product, folded. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t gw_table_hash(uint64_t seed, const void *data, size_t len)
{
	static uint64_t key[2];
	const unsigned char *p = data;

	if (key[0] == 0) {
		sl_crypto_random(key, sizeof key);
		key[0] |= 1;
	}
	uint64_t hash = mix(seed ^ key[0], len ^ key[1]);
	while (len >= 8) {
		uint64_t word;
		memcpy(&word, p, 8);
		hash = mix(hash ^ word, key[1] ^ 0x9e3779b97f4a7c15u);
		p += 8;
		len -= 8;
	}
	uint64_t tail = 0;
	if (len > 0)
		memcpy(&tail, p, len);
	return mix(hash ^ tail, key[0] ^ 0xd6e8feb86659fd93u);
}

static struct gw_table_node **slot(const struct gw_table *table, uint64_t hash)
{
	return &table->bucket[hash & (table->buckets - 1)];
}

struct gw_table_node *gw_table_first(const struct gw_table *table, uint64_t hash)
{
	if (table->buckets == 0)
		return NULL;
	struct gw_table_node *node = *slot(table, hash);
	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct gw_table_node *gw_table_next(const struct gw_table_node *node)
{
	struct gw_table_node *next = node->next;

	while (next && next->hash != node->hash)
		next = next->next;
	return next;
}

static void grow(struct gw_table *table)
{
	struct gw_table bigger = {.buckets = table->buckets ? table->buckets * 2 : 16};

	bigger.bucket = calloc(bigger.buckets, sizeof *bigger.bucket);
	if (!bigger.bucket)
		abort();
	for (size_t i = 0; i < table->buckets; i++) {
		struct gw_table_node *node = table->bucket[i];
		while (node) {
			struct gw_table_node *next = node->next;
			struct gw_table_node **into = slot(&bigger, node->hash);
			node->next = *into;
			*into = node;
			node = next;
		}
	}
	bigger.count = table->count;
	free(table->bucket);
	*table = bigger;
}

void gw_table_add(struct gw_table *table, struct gw_table_node *node, uint64_t hash)
{
	if (table->count >= table->buckets)
		grow(table);
	node->hash = hash;
	struct gw_table_node **into = slot(table, hash);
	node->next = *into;
	*into = node;
	table->count++;
}

void gw_table_remove(struct gw_table *table, struct gw_table_node *node)
{
	struct gw_table_node **at = slot(table, node->hash);

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	table->count--;
}

void gw_table_each(
    struct gw_table *table, void (*fn)(void *arg, struct gw_table_node *node), void *arg)
{
	for (size_t i = 0; i < table->buckets; i++) {
		struct gw_table_node *node = table->bucket[i];
		while (node) {
			struct gw_table_node *next = node->next;
			fn(arg, node);
			node = next;
		}
	}
}

void gw_table_clear(struct gw_table *table)
{
	free(table->bucket);
	*table = (struct gw_table){0};
}
