/* SPDX-License-Identifier: Apache-2.0 */
/* Derived metrics in the order in which they have to be computed. */
#ifndef AGG_DERIVED_ORDER_H
#define AGG_DERIVED_ORDER_H

#include "derived.h"

struct agg_derived_item {
	size_t spec; /* index as it was given */
	char *module;
	char *name;
	enum agg_derived_kind kind;
	enum agg_derived_fold fold;
	struct agg_expr *expr; /* NULL unless AGG_DERIVED_EXPR */
	bool clock_driven;
	bool shadowed; /* sources feed a metric of its name: expressions mean that */
};

/* Expressions first, each after those that it reads, then the statuses. */
struct agg_derived_order {
	struct agg_derived_item *items;
	size_t count;
	size_t expr_count;
};

/*
 * agg_derived_order_make checks and orders the specs.  Returns 0 or SL_EINVAL
 * with a line in error; order needs agg_derived_order_clear in any case.
 */
int agg_derived_order_make(const struct agg_derived_spec *specs, size_t count,
    struct agg_derived_order *order, char error[AGG_DERIVED_ERROR_MAX]);
void agg_derived_order_clear(struct agg_derived_order *order);

/*
 * agg_derived_order_readers lists the places of the expressions that read a
 * metric; *readers is to free, NULL if there are none.
 */
size_t agg_derived_order_readers(const struct agg_derived_order *order,
    const char *module, const char *metric, uint32_t **readers);

#endif
