/* SPDX-License-Identifier: Apache-2.0 */
/* Values in the middle of an evaluation, and the operators between them. */
#ifndef AGG_EXPR_VECTOR_H
#define AGG_EXPR_VECTOR_H

#include "expr_ast.h"
#include "expr_eval.h"

/* One evaluation.  Once failed is set, it only unwinds. */
struct agg_expr_run {
	const struct agg_expr_source *source;
	int64_t at_ns;
	size_t steps_left;
	struct agg_arena arena; /* of everything in between */
	struct agg_expr_error *error;
	int failed;
	struct agg_sample *samples; /* scratch of range selectors */
	size_t sample_cap;
};

/* Of type scalar or vector.  Items are in the run's arena. */
struct agg_expr_value {
	bool is_scalar;
	double scalar;
	struct agg_expr_item *items;
	size_t count;
	size_t cap;
};

/* agg_expr_vector_fail ends a run; the first error is the one reported. */
void agg_expr_vector_fail(
    struct agg_expr_run *run, const struct agg_node *node, int code, const char *text);

/* agg_expr_vector_step takes n steps of what the run may use; false: it has failed. */
bool agg_expr_vector_step(
    struct agg_expr_run *run, const struct agg_node *node, size_t n);

/* agg_expr_vector_add appends an element; labels are not copied.  False: it has failed.
 */
bool agg_expr_vector_add(struct agg_expr_run *run, const struct agg_node *node,
    struct agg_expr_value *vector, const struct agg_expr_item *item);

/* agg_expr_vector_binary computes left op right into *out. */
void agg_expr_vector_binary(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *left, const struct agg_expr_value *right,
    struct agg_expr_value *out);

/* agg_expr_vector_aggregate computes sum, avg, … of a vector into *out. */
void agg_expr_vector_aggregate(struct agg_expr_run *run, const struct agg_node *node,
    const struct agg_expr_value *vector, struct agg_expr_value *out);

#endif
