/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  What is kept of an id is a keyed hash of tenant and id in 128
 * bits: sources choose ids, and must not be able to choose what collides.  The
 * hashes stand in a circle, oldest first; an open-addressed table of twice its
 * size finds them.  Taking one out closes its gap, so that no probe gets longer
 * with time.
 */
#include "dedup.h"

#include <stdlib.h>
#include <string.h>

#include "common/crypto.h"
#include "common/msg.h"
#include "journal.h"

#define RESTORE_BYTES (16u * 1024u * 1024u) /* of each log, at most */

__extension__ typedef unsigned __int128 wide;

struct hash {
	uint64_t at, check;
};

struct agg_dedup {
	uint64_t key[4];
	struct hash *circle;
	uint32_t *table; /* place in the circle + 1; 0: free */
	size_t size, mask, next, count;
};

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

struct agg_dedup *agg_dedup_new(size_t size)
{
	size_t slots = 16;

	if (size == 0)
		return NULL;
	struct agg_dedup *dedup = must(calloc(1, sizeof *dedup));
	while (slots < size * 2)
		slots *= 2;
	dedup->size = size;
	dedup->mask = slots - 1;
	dedup->circle = must(calloc(size, sizeof *dedup->circle));
	dedup->table = must(calloc(slots, sizeof *dedup->table));
	sl_crypto_random(dedup->key, sizeof dedup->key);
	return dedup;
}

void agg_dedup_free(struct agg_dedup *dedup)
{
	if (!dedup)
		return;
	free(dedup->circle);
	free(dedup->table);
	free(dedup);
}

/* One multiplication to 128 bits, folded: the step of wyhash. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	wide product = (wide)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static struct hash hash_of(const struct agg_dedup *dedup, struct sl_slice tenant,
    const uint8_t id[SL_UUID_BYTES])
{
	uint64_t part[2], low = dedup->key[0], high = dedup->key[1];

	for (size_t i = 0; i < tenant.len; i++) {
		low = mix(low ^ (uint8_t)tenant.data[i], dedup->key[2]);
		high = mix(high ^ (uint8_t)tenant.data[i], dedup->key[3]);
	}
	memcpy(part, id, sizeof part);
	low = mix(low ^ part[0], dedup->key[2] ^ part[1]);
	high = mix(high ^ part[1], dedup->key[3] ^ part[0]);
	return (struct hash){.at = low, .check = high};
}

static bool is_nil(const uint8_t id[SL_UUID_BYTES])
{
	static const uint8_t nil[SL_UUID_BYTES];

	return memcmp(id, nil, sizeof nil) == 0;
}

static bool equal(const struct hash *a, const struct hash *b)
{
	return a->at == b->at && a->check == b->check;
}

/* The slot of a hash, or the free one where it would stand. */
static size_t slot_of(const struct agg_dedup *dedup, const struct hash *hash)
{
	size_t slot = hash->at & dedup->mask;

	while (dedup->table[slot] && !equal(&dedup->circle[dedup->table[slot] - 1], hash))
		slot = (slot + 1) & dedup->mask;
	return slot;
}

/* Frees a slot and moves up what would not be found behind the gap. */
static void take_out(struct agg_dedup *dedup, size_t gap)
{
	size_t slot = gap;

	for (;;) {
		slot = (slot + 1) & dedup->mask;
		if (!dedup->table[slot])
			break;
		size_t home = dedup->circle[dedup->table[slot] - 1].at & dedup->mask;
		if (((slot - home) & dedup->mask) >= ((slot - gap) & dedup->mask)) {
			dedup->table[gap] = dedup->table[slot];
			gap = slot;
		}
	}
	dedup->table[gap] = 0;
}

bool agg_dedup_known(const struct agg_dedup *dedup, struct sl_slice tenant,
    const uint8_t id[SL_UUID_BYTES])
{
	if (!dedup || is_nil(id))
		return false;
	struct hash hash = hash_of(dedup, tenant, id);
	return dedup->table[slot_of(dedup, &hash)] != 0;
}

void agg_dedup_add(
    struct agg_dedup *dedup, struct sl_slice tenant, const uint8_t id[SL_UUID_BYTES])
{
	if (!dedup || is_nil(id))
		return;
	struct hash hash = hash_of(dedup, tenant, id);
	if (dedup->count == dedup->size)
		take_out(dedup, slot_of(dedup, &dedup->circle[dedup->next]));
	else
		dedup->count++;
	dedup->circle[dedup->next] = hash;
	dedup->table[slot_of(dedup, &hash)] = (uint32_t)dedup->next + 1;
	dedup->next = (dedup->next + 1) % dedup->size;
}

/* ---- restart ---------------------------------------------------------------------- */

struct restore {
	struct agg_dedup *dedup;
	size_t found;
};

static int restore_entry(void *arg, uint64_t seq, const void *packed, size_t len)
{
	struct restore *restore = arg;
	uint8_t id[SL_UUID_BYTES];
	struct sl_entry entry;

	(void)seq;
	if (sl_msg_entry_read(packed, len, &entry) != 0 ||
	    sl_uuid_parse(entry.key.data, entry.key.len, id) != 0 ||
	    agg_dedup_known(restore->dedup, entry.tenant, id))
		return 0;
	agg_dedup_add(restore->dedup, entry.tenant, id);
	restore->found++;
	return 0;
}

size_t agg_dedup_restore(struct agg_dedup *dedup, struct agg_journal *journal)
{
	struct restore restore = {.dedup = dedup};

	for (int s = 0; dedup && s < SL_STREAM_COUNT; s++) {
		enum sl_stream stream = (enum sl_stream)s;
		uint64_t from = agg_journal_oldest(journal, stream);
		uint64_t next = agg_journal_next(journal, stream);

		if (stream == SL_STREAM_ALERTS)
			continue;
		if (next - from > dedup->size)
			from = next - dedup->size;
		agg_journal_read(
		    journal, stream, from, RESTORE_BYTES, restore_entry, &restore, NULL);
	}
	return restore.found;
}
