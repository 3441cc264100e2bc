/* SPDX-License-Identifier: Apache-2.0 */
#include "expr_group.h"

#include <string.h>

bool agg_expr_group_init(
    struct agg_expr_groups *groups, struct agg_arena *arena, size_t cap)
{
	*groups = (struct agg_expr_groups){.arena = arena, .cap = cap, .slot_count = 8};
	while (groups->slot_count < cap * 2)
		groups->slot_count *= 2;
	groups->keys = agg_arena_alloc(arena, cap * sizeof(*groups->keys));
	groups->hashes = agg_arena_alloc(arena, cap * sizeof(*groups->hashes));
	groups->slots =
	    agg_arena_alloc(arena, groups->slot_count * sizeof(*groups->slots));
	return groups->keys && groups->hashes && groups->slots;
}

struct agg_labels agg_expr_group_pick(const struct agg_grouping *grouping,
    const struct agg_labels *labels, struct agg_label out[AGG_LABELS_MAX])
{
	struct agg_labels picked = {out, 0};

	for (size_t i = 0; i < labels->count; i++) {
		bool named = false;

		for (size_t n = 0; n < grouping->count && !named; n++)
			named = agg_labels_slice_equal(
			    labels->items[i].name, grouping->names[n]);
		if (named != grouping->without && picked.count < AGG_LABELS_MAX)
			out[picked.count++] = labels->items[i];
	}
	return picked;
}

/* The slot of a key, or the free one where it belongs. */
static uint32_t *find_slot(
    const struct agg_expr_groups *groups, const struct agg_labels *key, uint64_t hash)
{
	for (size_t at = hash;; at++) {
		uint32_t *slot = &groups->slots[at & (groups->slot_count - 1)];

		if (!*slot || (groups->hashes[*slot - 1] == hash &&
				  agg_labels_equal(&groups->keys[*slot - 1], key)))
			return slot;
	}
}

size_t agg_expr_group_find(
    const struct agg_expr_groups *groups, const struct agg_labels *key)
{
	uint32_t slot = *find_slot(groups, key, agg_labels_hash(key));

	return slot ? slot - 1 : AGG_EXPR_GROUP_NONE;
}

size_t agg_expr_group_add(struct agg_expr_groups *groups, const struct agg_labels *key)
{
	uint64_t hash = agg_labels_hash(key);
	uint32_t *slot = find_slot(groups, key, hash);

	if (*slot)
		return *slot - 1;
	struct agg_label *items =
	    agg_arena_alloc(groups->arena, key->count * sizeof(*items));
	if (!items || groups->count == groups->cap)
		return AGG_EXPR_GROUP_NONE;
	if (key->count)
		memcpy(items, key->items, key->count * sizeof(*items));
	groups->keys[groups->count] = (struct agg_labels){items, key->count};
	groups->hashes[groups->count] = hash;
	*slot = (uint32_t)++groups->count;
	return groups->count - 1;
}
