/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for label sets: elements of a vector by the labels that count. */
#ifndef AGG_EXPR_GROUP_H
#define AGG_EXPR_GROUP_H

#include "arena.h"
#include "expr_ast.h"
#include "labels.h"

#define AGG_EXPR_GROUP_NONE SIZE_MAX

/* Distinct label sets, numbered from 0 in the order in which they came. */
struct agg_expr_groups {
	struct agg_arena *arena; /* holds everything below */
	struct agg_labels *keys;
	uint64_t *hashes;
	uint32_t *slots; /* number + 1 of a key, 0: free */
	size_t slot_count;
	size_t count;
	size_t cap;
};

/* agg_expr_group_init makes an empty set of groups for at most cap of them; false: no
 * memory. */
bool agg_expr_group_init(
    struct agg_expr_groups *groups, struct agg_arena *arena, size_t cap);

/*
 * agg_expr_group_pick writes the labels that count for a grouping into out and
 * returns them; they stay sorted.
 */
struct agg_labels agg_expr_group_pick(const struct agg_grouping *grouping,
    const struct agg_labels *labels, struct agg_label out[AGG_LABELS_MAX]);

/* agg_expr_group_find returns the number of a label set, or AGG_EXPR_GROUP_NONE. */
size_t agg_expr_group_find(
    const struct agg_expr_groups *groups, const struct agg_labels *key);

/*
 * agg_expr_group_add returns the number of a label set, a new one if need be;
 * copies the key's items.  AGG_EXPR_GROUP_NONE: no memory.
 */
size_t agg_expr_group_add(struct agg_expr_groups *groups, const struct agg_labels *key);

#endif
