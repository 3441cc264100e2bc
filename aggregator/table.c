/* SPDX-License-Identifier: Apache-2.0 */
#include "table.h"

#include <string.h>

#include "aggregator/table_state.h"
#include "common/crc32c.h"
#include "common/error.h"

/* ---- series ----------------------------------------------------------------------- */

/* FNV-1a; never 0, which marks a free slot. */
static uint64_t hash_key(const char *key, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (uint8_t)key[i]) * 0x100000001b3u;
	hash ^= hash >> 32;
	return hash != 0 ? hash : 1;
}

uint32_t agg_table_key_checksum(const char *text, size_t len)
{
	return sl_crc32c((uint32_t)len, text, len);
}

static uint32_t lookup(
    const struct agg_table *table, uint64_t hash, const char *key, size_t len)
{
	uint32_t at = 0, slot;

	while ((slot = agg_table_index_next(&table->index, hash, &at)) !=
	       AGG_TABLE_NO_SLOT) {
		const struct agg_table_key *have = &table->file.keys[slot];
		if (have->len == len && memcmp(have->text, key, len) == 0)
			break;
	}
	return slot;
}

static uint32_t free_series(struct agg_table *table)
{
	struct agg_table_header *header = table->file.header;

	if (table->free_count > 0)
		return table->free_slots[--table->free_count];
	uint64_t used = atomic_load_explicit(&header->series_used, memory_order_relaxed);
	if (used >= header->series_max)
		return AGG_TABLE_NO_SLOT;
	atomic_store_explicit(&header->series_used, used + 1, memory_order_release);
	return (uint32_t)used;
}

int agg_table_series_find(
    struct agg_table *table, const char *key, size_t len, uint32_t *slot)
{
	if (len == 0 || len > AGG_TABLE_KEY_MAX)
		return SL_EINVAL;
	uint64_t hash = hash_key(key, len);
	*slot = lookup(table, hash, key, len);
	if (*slot != AGG_TABLE_NO_SLOT)
		return 0;
	uint32_t number = free_series(table);
	if (number == AGG_TABLE_NO_SLOT)
		return SL_EFULL;
	if (agg_table_index_add(&table->index, hash, number) != 0) {
		table->free_slots[table->free_count++] = number;
		return SL_ENOMEM;
	}
	struct agg_table_value *value = &table->file.values[number];
	struct agg_table_key *have = &table->file.keys[number];
	atomic_store_explicit(&value->generation, 0, memory_order_relaxed);
	value->hash = hash;
	memcpy(have->text, key, len);
	have->len = (uint16_t)len;
	have->crc = agg_table_key_checksum(key, len);
	/* Release: the key counts only when all of it is there. */
	atomic_store_explicit(&have->hash, hash, memory_order_release);
	*slot = number;
	return 0;
}

static uint64_t check_of(
    uint64_t hash, uint64_t generation, uint64_t value, uint64_t time_ns)
{
	return (value ^ (time_ns << 17 | time_ns >> 47) ^ hash) + generation;
}

void agg_table_series_set(
    struct agg_table *table, uint32_t slot, double value, int64_t time_ns)
{
	struct agg_table_value *at = &table->file.values[slot];
	uint64_t generation =
	    atomic_load_explicit(&at->generation, memory_order_relaxed) + 1;
	uint64_t bits;

	memcpy(&bits, &value, sizeof bits);
	at->copy[generation & 1].value = bits;
	at->copy[generation & 1].time_ns = (uint64_t)time_ns;
	at->copy[generation & 1].check =
	    check_of(at->hash, generation, bits, (uint64_t)time_ns);
	/* Release: the copy is whole before it counts; the partner is the next process.
	 */
	atomic_store_explicit(&at->generation, generation, memory_order_release);
}

int agg_table_series_check(const struct agg_table *table, uint32_t slot)
{
	const struct agg_table_value *at = &table->file.values[slot];
	uint64_t generation = atomic_load_explicit(&at->generation, memory_order_relaxed);

	if (generation == 0)
		return SL_ENOTFOUND;
	uint64_t want = check_of(at->hash, generation, at->copy[generation & 1].value,
	    at->copy[generation & 1].time_ns);
	return at->copy[generation & 1].check == want ? 0 : SL_ECORRUPT;
}

int agg_table_series_get(
    const struct agg_table *table, uint32_t slot, double *value, int64_t *time_ns)
{
	const struct agg_table_value *at = &table->file.values[slot];

	if (agg_table_series_check(table, slot) != 0)
		return SL_ENOTFOUND;
	uint64_t generation = atomic_load_explicit(&at->generation, memory_order_relaxed);
	memcpy(value, &at->copy[generation & 1].value, sizeof *value);
	*time_ns = (int64_t)at->copy[generation & 1].time_ns;
	return 0;
}

void agg_table_series_drop(struct agg_table *table, uint32_t slot)
{
	struct agg_table_key *key = &table->file.keys[slot];
	uint64_t hash = atomic_load_explicit(&key->hash, memory_order_relaxed);

	if (hash == 0)
		return;
	agg_table_index_remove(&table->index, hash, slot);
	atomic_store_explicit(&key->hash, 0, memory_order_release);
	table->free_slots[table->free_count++] = slot;
}

uint32_t agg_table_series_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *key)
{
	const struct agg_table_header *header = table->file.header;
	uint64_t used = atomic_load_explicit(&header->series_used, memory_order_relaxed);

	for (uint32_t slot = from; slot < used; slot++) {
		const struct agg_table_key *have = &table->file.keys[slot];
		if (atomic_load_explicit(&have->hash, memory_order_relaxed) == 0)
			continue;
		*key = (struct sl_slice){have->text, have->len};
		return slot;
	}
	return AGG_TABLE_NO_SLOT;
}

/* ---- rings --------------------------------------------------------------------------
 */

static bool read_ring(
    const struct agg_table *table, uint32_t slot, struct agg_table_ring_record *record)
{
	struct sl_slice content;

	if (agg_table_cell_get(agg_table_file_ring(&table->file, slot),
		AGG_TABLE_RING_CAPACITY, &content) != 0)
		return false;
	memcpy(record, content.data, sizeof *record);
	return true;
}

static void write_ring(
    struct agg_table *table, uint32_t slot, const struct agg_table_ring_record *record)
{
	agg_table_cell_set(agg_table_file_ring(&table->file, slot),
	    AGG_TABLE_RING_CAPACITY, record, sizeof *record);
}

int agg_table_ring_find(
    struct agg_table *table, const char *name, size_t len, uint32_t *slot)
{
	struct agg_table_ring_record record;
	uint32_t unused = AGG_TABLE_NO_SLOT;

	if (len == 0 || len > AGG_TABLE_NAME_MAX)
		return SL_EINVAL;
	for (uint32_t i = 0; i < table->file.header->rings_max; i++) {
		if (!read_ring(table, i, &record)) {
			if (unused == AGG_TABLE_NO_SLOT)
				unused = i;
		} else if (record.name_len == len &&
			   memcmp(record.name, name, len) == 0) {
			*slot = i;
			return 0;
		}
	}
	if (unused == AGG_TABLE_NO_SLOT)
		return SL_EFULL;
	memset(&record, 0, sizeof record);
	record.name_len = (uint32_t)len;
	memcpy(record.name, name, len);
	write_ring(table, unused, &record);
	*slot = unused;
	return 0;
}

void agg_table_ring_set(
    struct agg_table *table, uint32_t slot, const struct agg_table_ring *ring)
{
	struct agg_table_ring_record record;

	if (slot >= table->file.header->rings_max || !read_ring(table, slot, &record))
		return;
	record.ring = *ring;
	record.set = 1;
	write_ring(table, slot, &record);
}

int agg_table_ring_get(
    const struct agg_table *table, uint32_t slot, struct agg_table_ring *ring)
{
	struct agg_table_ring_record record;

	if (slot >= table->file.header->rings_max || !read_ring(table, slot, &record) ||
	    !record.set)
		return SL_ENOTFOUND;
	*ring = record.ring;
	return 0;
}

uint32_t agg_table_ring_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *name)
{
	for (uint32_t slot = from; slot < table->file.header->rings_max; slot++) {
		struct sl_slice content;
		if (agg_table_cell_get(agg_table_file_ring(&table->file, slot),
			AGG_TABLE_RING_CAPACITY, &content) != 0)
			continue;
		const struct agg_table_ring_record *record =
		    (const struct agg_table_ring_record *)(const void *)content.data;
		*name = (struct sl_slice){record->name, record->name_len};
		return slot;
	}
	return AGG_TABLE_NO_SLOT;
}

/* ---- flags and alerts ---------------------------------------------------------------
 */

uint64_t agg_table_flags(const struct agg_table *table)
{
	struct sl_slice content;
	uint64_t flags = 0;

	if (agg_table_cell_get(table->file.flags, AGG_TABLE_FLAGS_CAPACITY, &content) ==
	    0)
		memcpy(&flags, content.data, sizeof flags);
	return flags;
}

void agg_table_flags_set(struct agg_table *table, uint64_t flags)
{
	agg_table_cell_set(
	    table->file.flags, AGG_TABLE_FLAGS_CAPACITY, &flags, sizeof flags);
}

int agg_table_alert_set(
    struct agg_table *table, uint32_t *slot, const void *record, size_t len)
{
	uint32_t max = table->file.header->alerts_max;

	if (len > AGG_TABLE_ALERT_MAX)
		return SL_ETOOBIG;
	uint32_t at = *slot;
	if (at == AGG_TABLE_NO_SLOT) {
		for (at = 0; at < max; at++)
			if (agg_table_cell_unused(agg_table_file_alert(&table->file, at)))
				break;
	}
	if (at >= max)
		return SL_EFULL;
	agg_table_cell_set(agg_table_file_alert(&table->file, at), AGG_TABLE_ALERT_MAX,
	    record, (uint32_t)len);
	*slot = at;
	return 0;
}

void agg_table_alert_drop(struct agg_table *table, uint32_t slot)
{
	if (slot < table->file.header->alerts_max)
		agg_table_cell_drop(agg_table_file_alert(&table->file, slot));
}

uint32_t agg_table_alert_next(
    const struct agg_table *table, uint32_t from, struct sl_slice *record)
{
	for (uint32_t slot = from; slot < table->file.header->alerts_max; slot++)
		if (agg_table_cell_get(agg_table_file_alert(&table->file, slot),
			AGG_TABLE_ALERT_MAX, record) == 0)
			return slot;
	return AGG_TABLE_NO_SLOT;
}
