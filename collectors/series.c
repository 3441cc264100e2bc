/* SPDX-License-Identifier: Apache-2.0 */
#include "series.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "crypto.h"
#include "error.h"
#include "keyhash.h"

#define SLOTS_FIRST 64

struct col_series_entry {
	char *key; /* NULL: free */
	size_t key_len;
	uint32_t handle;
	uint32_t hash;
};

/* Parts are ended by their NUL, so that no two series have one key. */
static void make_key(struct sl_buf *key, const char *metric,
    const struct col_label *labels, size_t label_count)
{
	sl_buf_add(key, metric, strlen(metric) + 1);
	for (size_t i = 0; i < label_count; i++) {
		sl_buf_add(key, labels[i].key, strlen(labels[i].key) + 1);
		sl_buf_add(key, labels[i].value, strlen(labels[i].value) + 1);
	}
}

/* Seeded: where names come from outside, nobody may choose which ones meet. */
static uint32_t hash_key(const struct col_series *series, const struct sl_buf *key)
{
	return (uint32_t)col_keyhash(key->data, key->len, series->seed);
}

/* The slot that holds the key, or the free one where it belongs. */
static struct col_series_entry *find_slot(
    const struct col_series *series, const struct sl_buf *key, uint32_t hash)
{
	size_t at = hash & (series->slots - 1);

	for (;;) {
		struct col_series_entry *entry = &series->slot[at];
		if (entry->key == NULL ||
		    (entry->hash == hash && entry->key_len == key->len &&
			memcmp(entry->key, key->data, key->len) == 0))
			return entry;
		at = (at + 1) & (series->slots - 1);
	}
}

static void grow(struct col_series *series)
{
	struct col_series_entry *old = series->slot;
	size_t old_slots = series->slots;

	if (old_slots == 0)
		sl_crypto_random(&series->seed, sizeof(series->seed));
	series->slots = old_slots == 0 ? SLOTS_FIRST : old_slots * 2;
	series->slot = calloc(series->slots, sizeof(*series->slot));
	if (series->slot == NULL)
		abort();
	for (size_t i = 0; i < old_slots; i++) {
		if (old[i].key == NULL)
			continue;
		struct sl_buf key = {old[i].key, old[i].key_len, old[i].key_len};
		*find_slot(series, &key, old[i].hash) = old[i];
	}
	free(old);
}

int col_series_find(const struct col_series *series, const char *metric,
    const struct col_label *labels, size_t label_count, uint32_t *handle)
{
	struct sl_buf key = {0};
	int rc = SL_ENOTFOUND;

	if (series->slots == 0)
		return rc;
	make_key(&key, metric, labels, label_count);
	const struct col_series_entry *entry =
	    find_slot(series, &key, hash_key(series, &key));
	if (entry->key != NULL) {
		*handle = entry->handle;
		rc = 0;
	}
	sl_buf_clear(&key);
	return rc;
}

void col_series_add(struct col_series *series, const char *metric,
    const struct col_label *labels, size_t label_count, uint32_t handle)
{
	struct sl_buf key = {0};

	/* At most half full: a search ends after two probes on average. */
	if (series->count * 2 >= series->slots)
		grow(series);
	make_key(&key, metric, labels, label_count);
	uint32_t hash = hash_key(series, &key);
	*find_slot(series, &key, hash) = (struct col_series_entry){
	    .key = key.data, .key_len = key.len, .handle = handle, .hash = hash};
	series->count++;
}

void col_series_clear(struct col_series *series)
{
	for (size_t i = 0; i < series->slots; i++)
		free(series->slot[i].key);
	free(series->slot);
	*series = (struct col_series){0};
}
