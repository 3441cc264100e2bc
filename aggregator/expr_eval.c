/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  The tree is walked once; every value in between lives in the
 * run's arena, labels of series are borrowed from the source until the result
 * copies them.  Ranges exclude their left edge: a range of five seconds over
 * samples at whole seconds holds five of them.
 */
#include "expr_eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "expr_ast.h"
#include "expr_vector.h"

#define STEPS_DEFAULT  10000000
#define MEMORY_DEFAULT (64u * 1024 * 1024)

static void eval_node(
    struct agg_expr_run *run, const struct agg_node *node, struct agg_expr_value *out);

/* ---- selectors -------------------------------------------------------------------- */

/* One selector under evaluation; func is NULL for an instant selector. */
struct selection {
	struct agg_expr_run *run;
	const struct agg_node *node;
	const struct agg_expr_func *func;
	double parameter;
	struct agg_expr_value *out;
};

/* A label that a series does not have counts as empty, as in Prometheus. */
static bool matches(const struct agg_node *node, const struct agg_labels *labels)
{
	for (size_t i = 0; i < node->matcher_count; i++) {
		const struct agg_matcher *matcher = &node->matchers[i];

		if (agg_labels_slice_equal(agg_labels_find(labels, matcher->name),
			matcher->value) == matcher->negated)
			return false;
	}
	return true;
}

/* Fills the scratch with the samples of a range; returns how many, 0 after a failure. */
static size_t read_range(struct agg_expr_run *run, const struct agg_node *node,
    uint64_t key, int64_t from_ns, int64_t to_ns)
{
	size_t count = run->source->range(
	    run->source->arg, key, from_ns, to_ns, run->samples, run->sample_cap);

	if (!agg_expr_vector_step(run, node, count))
		return 0;
	if (count <= run->sample_cap)
		return count;
	struct agg_sample *samples = realloc(run->samples, count * sizeof(*samples));
	if (!samples) {
		agg_expr_vector_fail(run, node, SL_ETOOBIG, "out of memory");
		return 0;
	}
	run->samples = samples;
	run->sample_cap = count;
	return run->source->range(run->source->arg, key, from_ns, to_ns, samples, count);
}

static int each_series(void *arg, uint64_t key, const struct agg_labels *labels)
{
	struct selection *selection = arg;
	struct agg_expr_run *run = selection->run;
	const struct agg_node *node = selection->node;
	struct agg_expr_item item = {.labels = *labels};
	int64_t to_ns = run->at_ns - node->offset_ns;

	if (!agg_expr_vector_step(run, node, 1))
		return run->failed;
	if (labels->count > AGG_LABELS_MAX || !matches(node, labels))
		return 0;
	if (!selection->func) {
		struct agg_sample sample;

		if (!run->source->newest(run->source->arg, key,
			to_ns - AGG_EXPR_LOOKBACK_NS, to_ns, &sample))
			return 0;
		item.value = sample.value;
		item.metric = node->metric;
	} else {
		int64_t from_ns = to_ns - node->range_ns;
		size_t count = read_range(run, node, key, from_ns, to_ns);
		struct agg_expr_window window = {
		    run->samples, count, from_ns, to_ns, run->at_ns};

		if (!count ||
		    !selection->func->window(&window, selection->parameter, &item.value))
			return run->failed;
	}
	agg_expr_vector_add(run, node, selection->out, &item);
	return run->failed;
}

static void eval_selector(struct selection *selection)
{
	const struct agg_expr_source *source = selection->run->source;

	source->series(source->arg, selection->node->metric, each_series, selection);
}

/* ---- calls ------------------------------------------------------------------------ */

static void eval_window_call(
    struct agg_expr_run *run, const struct agg_node *node, struct agg_expr_value *out)
{
	struct selection selection = {.run = run, .func = node->func, .out = out};

	for (int i = 0; i < node->func->arg_count; i++) {
		struct agg_expr_value parameter = {0};

		if (node->func->args[i] == AGG_TYPE_RANGE) {
			selection.node = node->args[i];
			continue;
		}
		eval_node(run, node->args[i], &parameter);
		selection.parameter = parameter.scalar;
	}
	if (!run->failed)
		eval_selector(&selection);
}

/* The labels of what is missing, as far as the selector names them. */
static void eval_absent(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *arg, struct agg_expr_value *out)
{
	const struct agg_node *selector = node->args[0];
	struct agg_expr_item item = {.value = 1};

	if (arg->count)
		return;
	if (selector->kind == AGG_NODE_SELECTOR && selector->matcher_count) {
		struct agg_label *labels = agg_arena_alloc(
		    &run->arena, selector->matcher_count * sizeof(*labels));

		for (size_t i = 0; labels && i < selector->matcher_count; i++)
			if (!selector->matchers[i].negated &&
			    selector->matchers[i].value.len)
				labels[item.labels.count++] =
				    (struct agg_label){selector->matchers[i].name,
					selector->matchers[i].value};
		if (labels)
			agg_labels_sort(labels, item.labels.count);
		item.labels.items = labels;
	}
	agg_expr_vector_add(run, node, out, &item);
}

static void eval_call(
    struct agg_expr_run *run, const struct agg_node *node, struct agg_expr_value *out)
{
	struct agg_expr_value arg = {0};

	if (node->func->kind == AGG_FUNC_RANGE) {
		eval_window_call(run, node, out);
		return;
	}
	if (node->func->arg_count)
		eval_node(run, node->args[0], &arg);
	if (run->failed)
		return;
	switch (node->func->kind) {
	case AGG_FUNC_MAP:
		for (size_t i = 0; i < arg.count; i++) {
			arg.items[i].value = node->func->map(arg.items[i].value);
			arg.items[i].metric = NULL;
		}
		*out = arg;
		break;
	case AGG_FUNC_ABSENT:
		eval_absent(run, node, &arg, out);
		break;
	case AGG_FUNC_SCALAR:
		out->is_scalar = true;
		out->scalar = arg.count == 1 ? arg.items[0].value : NAN;
		break;
	case AGG_FUNC_VECTOR:
		agg_expr_vector_add(
		    run, node, out, &(struct agg_expr_item){.value = arg.scalar});
		break;
	default: /* time() */
		out->is_scalar = true;
		out->scalar = (double)run->at_ns / 1e9;
	}
}

/* ---- the tree --------------------------------------------------------------------- */

static void eval_node(
    struct agg_expr_run *run, const struct agg_node *node, struct agg_expr_value *out)
{
	struct agg_expr_value left = {0}, right = {0};

	if (!agg_expr_vector_step(run, node, 1))
		return;
	switch (node->kind) {
	case AGG_NODE_NUMBER:
		out->is_scalar = true;
		out->scalar = node->number;
		break;
	case AGG_NODE_SELECTOR:
		eval_selector(&(struct selection){.run = run, .node = node, .out = out});
		break;
	case AGG_NODE_CALL:
		eval_call(run, node, out);
		break;
	case AGG_NODE_AGGREGATE:
		eval_node(run, node->args[0], &left);
		if (!run->failed)
			agg_expr_vector_aggregate(run, node, &left, out);
		break;
	case AGG_NODE_NEGATE:
		eval_node(run, node->args[0], out);
		out->scalar = -out->scalar;
		for (size_t i = 0; i < out->count; i++) {
			out->items[i].value = -out->items[i].value;
			out->items[i].metric = NULL;
		}
		break;
	case AGG_NODE_BINARY:
		eval_node(run, node->args[0], &left);
		eval_node(run, node->args[1], &right);
		if (!run->failed)
			agg_expr_vector_binary(run, node, &left, &right, out);
		break;
	}
}

/* ---- the result ------------------------------------------------------------------- */

static bool copy_slice(struct agg_arena *arena, struct sl_slice *slice)
{
	slice->data = agg_arena_text(arena, slice->data, slice->len);
	return slice->data;
}

static bool copy_items(struct agg_arena *arena, const struct agg_expr_value *value,
    struct agg_expr_result *result)
{
	result->items = agg_arena_alloc(arena, value->count * sizeof(*result->items));
	if (!result->items)
		return false;
	for (size_t i = 0; i < value->count; i++) {
		const struct agg_expr_item *from = &value->items[i];
		struct agg_label *labels =
		    agg_arena_alloc(arena, from->labels.count * sizeof(*labels));

		if (!labels)
			return false;
		result->items[i] = *from;
		result->items[i].labels.items = labels;
		for (size_t n = 0; n < from->labels.count; n++) {
			labels[n] = from->labels.items[n];
			if (!copy_slice(arena, &labels[n].name) ||
			    !copy_slice(arena, &labels[n].value))
				return false;
		}
		if (from->metric && !(result->items[i].metric = agg_arena_text(
					  arena, from->metric, strlen(from->metric))))
			return false;
	}
	result->count = value->count;
	return true;
}

static void make_result(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *value, struct agg_expr_result *result)
{
	result->is_scalar = value->is_scalar;
	result->scalar = value->scalar;
	if (value->is_scalar || !value->count)
		return;
	struct agg_arena *arena = calloc(1, sizeof(*arena));
	if (arena)
		arena->max_bytes = run->arena.max_bytes;
	result->memory = arena;
	if (!arena || !copy_items(arena, value, result))
		agg_expr_vector_fail(
		    run, node, SL_ETOOBIG, "evaluation needs too much memory");
}

int agg_expr_eval(const struct agg_expr *expr, const struct agg_expr_source *source,
    int64_t at_ns, const struct agg_expr_limits *limits, struct agg_expr_result *result,
    struct agg_expr_error *error)
{
	struct agg_expr_run run = {
	    .source = source,
	    .at_ns = at_ns,
	    .steps_left = limits && limits->steps ? limits->steps : STEPS_DEFAULT,
	    .error = error,
	};
	struct agg_expr_value value = {0};

	run.arena.max_bytes =
	    limits && limits->memory_bytes ? limits->memory_bytes : MEMORY_DEFAULT;
	*result = (struct agg_expr_result){0};
	eval_node(&run, expr->root, &value);
	if (!run.failed)
		make_result(&run, expr->root, &value, result);
	if (run.failed)
		agg_expr_result_clear(result);
	agg_arena_clear(&run.arena);
	free(run.samples);
	return run.failed;
}

void agg_expr_result_clear(struct agg_expr_result *result)
{
	if (result->memory)
		agg_arena_clear(result->memory);
	free(result->memory);
	*result = (struct agg_expr_result){0};
}
