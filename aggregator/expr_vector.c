/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Elements are paired by the labels that count: all of them, or
 * what on/ignoring say; the metric's name never counts.  Between two vectors
 * each element has at most one partner: a second one is an error, never a
 * silent choice.  Arithmetic and bool drop the metric's name, a comparison
 * that filters keeps the left element as it is.
 */
#include "expr_vector.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "expr_group.h"

void agg_expr_vector_fail(
    struct agg_expr_run *run, const struct agg_node *node, int code, const char *text)
{
	if (run->failed)
		return;
	run->failed = code;
	run->error->position = node->position;
	snprintf(run->error->text, sizeof(run->error->text), "%s", text);
}

static void out_of_memory(struct agg_expr_run *run, const struct agg_node *node)
{
	agg_expr_vector_fail(run, node, SL_ETOOBIG, "evaluation needs too much memory");
}

bool agg_expr_vector_step(struct agg_expr_run *run, const struct agg_node *node, size_t n)
{
	if (n > run->steps_left)
		agg_expr_vector_fail(run, node, SL_ETOOBIG,
		    "evaluation touches too many series and samples");
	else
		run->steps_left -= n;
	return !run->failed;
}

bool agg_expr_vector_add(struct agg_expr_run *run, const struct agg_node *node,
    struct agg_expr_value *vector, const struct agg_expr_item *item)
{
	if (vector->count == vector->cap) {
		size_t cap = vector->cap ? vector->cap * 2 : 8;
		struct agg_expr_item *items =
		    agg_arena_alloc(&run->arena, cap * sizeof(*items));

		if (!items) {
			out_of_memory(run, node);
			return false;
		}
		if (vector->count)
			memcpy(items, vector->items, vector->count * sizeof(*items));
		vector->items = items;
		vector->cap = cap;
	}
	vector->items[vector->count++] = *item;
	return agg_expr_vector_step(run, node, 1);
}

/* ---- operators between two numbers ------------------------------------------------ */

static bool compare(enum agg_op op, double left, double right)
{
	switch (op) {
	case AGG_OP_EQ:
		return left == right;
	case AGG_OP_NE:
		return left != right;
	case AGG_OP_LT:
		return left < right;
	case AGG_OP_LE:
		return left <= right;
	case AGG_OP_GT:
		return left > right;
	default:
		return left >= right;
	}
}

static double arithmetic(enum agg_op op, double left, double right)
{
	switch (op) {
	case AGG_OP_ADD:
		return left + right;
	case AGG_OP_SUB:
		return left - right;
	case AGG_OP_MUL:
		return left * right;
	case AGG_OP_DIV:
		return left / right;
	case AGG_OP_MOD:
		return fmod(left, right);
	default:
		return pow(left, right);
	}
}

/*
 * One element of a result: false if a comparison filters it out.  kept is the
 * element whose value and name a filtering comparison passes on.
 */
static bool combine(const struct agg_node *node, double left, double right,
    const struct agg_expr_item *kept, struct agg_expr_item *out)
{
	*out = *kept;
	if (!agg_op_is_comparison(node->op)) {
		out->value = arithmetic(node->op, left, right);
		out->metric = NULL;
		return true;
	}
	bool holds = compare(node->op, left, right);
	if (!node->returns_bool)
		return holds;
	out->value = holds;
	out->metric = NULL;
	return true;
}

static void vector_and_scalar(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *left, const struct agg_expr_value *right,
    struct agg_expr_value *out)
{
	const struct agg_expr_value *vector = left->is_scalar ? right : left;

	for (size_t i = 0; i < vector->count && !run->failed; i++) {
		const struct agg_expr_item *item = &vector->items[i];
		struct agg_expr_item result;

		if (combine(node, left->is_scalar ? left->scalar : item->value,
			right->is_scalar ? right->scalar : item->value, item, &result))
			agg_expr_vector_add(run, node, out, &result);
	}
}

/* ---- operators between two vectors ------------------------------------------------ */

static struct agg_grouping matching(const struct agg_node *node)
{
	if (node->grouping.given)
		return node->grouping;
	return (struct agg_grouping){.without = true};
}

/* Which elements have which partner: groups of the right side's label sets. */
static bool group_vector(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *vector, struct agg_expr_groups *groups, bool unique)
{
	struct agg_grouping grouping = matching(node);
	struct agg_label picked[AGG_LABELS_MAX];

	if (!agg_expr_group_init(groups, &run->arena, vector->count)) {
		out_of_memory(run, node);
		return false;
	}
	for (size_t i = 0; i < vector->count; i++) {
		struct agg_labels key =
		    agg_expr_group_pick(&grouping, &vector->items[i].labels, picked);
		size_t before = groups->count;

		if (agg_expr_group_add(groups, &key) == AGG_EXPR_GROUP_NONE)
			out_of_memory(run, node);
		else if (unique && groups->count == before)
			agg_expr_vector_fail(run, node, SL_EINVAL,
			    "several elements on the right have the same labels");
		if (run->failed || !agg_expr_vector_step(run, node, 1))
			return false;
	}
	return true;
}

static size_t partner(const struct agg_node *node, const struct agg_expr_groups *groups,
    const struct agg_labels *labels, struct agg_labels *key,
    struct agg_label picked[AGG_LABELS_MAX])
{
	struct agg_grouping grouping = matching(node);

	*key = agg_expr_group_pick(&grouping, labels, picked);
	return agg_expr_group_find(groups, key);
}

static void one_to_one(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *left, const struct agg_expr_value *right,
    struct agg_expr_value *out)
{
	struct agg_expr_groups groups;
	struct agg_label picked[AGG_LABELS_MAX];
	struct agg_labels key;

	if (!group_vector(run, node, right, &groups, true))
		return;
	bool *taken = agg_arena_alloc(&run->arena, right->count);
	if (!taken) {
		out_of_memory(run, node);
		return;
	}
	for (size_t i = 0; i < left->count && !run->failed; i++) {
		const struct agg_expr_item *item = &left->items[i];
		struct agg_expr_item result;
		size_t other = partner(node, &groups, &item->labels, &key, picked);

		if (other == AGG_EXPR_GROUP_NONE ||
		    !combine(node, item->value, right->items[other].value, item, &result))
			continue;
		if (taken[other])
			agg_expr_vector_fail(run, node, SL_EINVAL,
			    "several elements on the left match one on the right");
		taken[other] = true;
		result.labels = groups.keys[other];
		if (node->grouping.given && !node->grouping.without)
			result.metric = NULL;
		agg_expr_vector_add(run, node, out, &result);
	}
}

static void set_operation(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *left, const struct agg_expr_value *right,
    struct agg_expr_value *out)
{
	const struct agg_expr_value *filtered = node->op == AGG_OP_OR ? right : left;
	struct agg_expr_groups groups;
	struct agg_label picked[AGG_LABELS_MAX];
	struct agg_labels key;

	if (!group_vector(
		run, node, node->op == AGG_OP_OR ? left : right, &groups, false))
		return;
	for (size_t i = 0; node->op == AGG_OP_OR && i < left->count; i++)
		if (!agg_expr_vector_add(run, node, out, &left->items[i]))
			return;
	for (size_t i = 0; i < filtered->count && !run->failed; i++) {
		bool found = partner(node, &groups, &filtered->items[i].labels, &key,
				 picked) != AGG_EXPR_GROUP_NONE;

		if (found == (node->op == AGG_OP_AND))
			agg_expr_vector_add(run, node, out, &filtered->items[i]);
	}
}

void agg_expr_vector_binary(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *left, const struct agg_expr_value *right,
    struct agg_expr_value *out)
{
	if (agg_op_is_set(node->op)) {
		set_operation(run, node, left, right, out);
	} else if (!left->is_scalar && !right->is_scalar) {
		one_to_one(run, node, left, right, out);
	} else if (left->is_scalar && right->is_scalar) {
		out->is_scalar = true;
		out->scalar = agg_op_is_comparison(node->op)
				  ? compare(node->op, left->scalar, right->scalar)
				  : arithmetic(node->op, left->scalar, right->scalar);
	} else {
		vector_and_scalar(run, node, left, right, out);
	}
}

/* ---- aggregation ------------------------------------------------------------------ */

struct fold {
	double sum;
	double lost; /* what the additions have rounded off */
	double min;
	double max;
	double count;
};

static void fold_add(struct fold *fold, double value)
{
	double next = fold->sum + value;

	if (isinf(next))
		fold->lost = 0;
	else if (fabs(fold->sum) >= fabs(value))
		fold->lost += fold->sum - next + value;
	else
		fold->lost += value - next + fold->sum;
	fold->sum = next;
	if (fold->count == 0 || value < fold->min || isnan(fold->min))
		fold->min = value;
	if (fold->count == 0 || value > fold->max || isnan(fold->max))
		fold->max = value;
	fold->count++;
}

static double fold_result(const struct fold *fold, enum agg_aggregate aggregate)
{
	switch (aggregate) {
	case AGG_AGGREGATE_SUM:
		return fold->sum + fold->lost;
	case AGG_AGGREGATE_AVG:
		return (fold->sum + fold->lost) / fold->count;
	case AGG_AGGREGATE_MIN:
		return fold->min;
	case AGG_AGGREGATE_MAX:
		return fold->max;
	default:
		return fold->count;
	}
}

void agg_expr_vector_aggregate(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *vector, struct agg_expr_value *out)
{
	struct agg_expr_groups groups;
	struct agg_label picked[AGG_LABELS_MAX];
	struct fold *folds = agg_arena_alloc(&run->arena, vector->count * sizeof(*folds));

	if (!folds || !agg_expr_group_init(&groups, &run->arena, vector->count)) {
		out_of_memory(run, node);
		return;
	}
	for (size_t i = 0; i < vector->count && !run->failed; i++) {
		struct agg_labels key = agg_expr_group_pick(
		    &node->grouping, &vector->items[i].labels, picked);
		size_t group = agg_expr_group_add(&groups, &key);

		if (group == AGG_EXPR_GROUP_NONE)
			out_of_memory(run, node);
		else
			fold_add(&folds[group], vector->items[i].value);
	}
	for (size_t i = 0; i < groups.count && !run->failed; i++) {
		struct agg_expr_item item = {
		    .labels = groups.keys[i],
		    .value = fold_result(&folds[i], node->aggregate),
		};

		agg_expr_vector_add(run, node, out, &item);
	}
}
