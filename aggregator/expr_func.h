/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of expressions: one table, one pure function each. */
#ifndef AGG_EXPR_FUNC_H
#define AGG_EXPR_FUNC_H

#include <stdbool.h>
#include <stddef.h>

#include "expr_eval.h"

enum agg_expr_type {
	AGG_TYPE_SCALAR,
	AGG_TYPE_VECTOR,
	AGG_TYPE_RANGE,
};

/* agg_expr_func_type returns "scalar", "instant vector", "range vector". */
const char *agg_expr_func_type(enum agg_expr_type type);

/* The samples of one series in a range; the range excludes from_ns. */
struct agg_expr_window {
	const struct agg_sample *samples;
	size_t count; /* at least 1 */
	int64_t from_ns;
	int64_t to_ns;
	int64_t at_ns; /* of the evaluation, without offset */
};

enum agg_expr_func_kind {
	AGG_FUNC_RANGE, /* a value of each series' window, by window() */
	AGG_FUNC_MAP,   /* a value of each element, by map() */
	AGG_FUNC_ABSENT,
	AGG_FUNC_SCALAR,
	AGG_FUNC_VECTOR,
	AGG_FUNC_TIME,
};

#define AGG_FUNC_ARGS_MAX 2

struct agg_expr_func {
	const char *name;
	enum agg_expr_func_kind kind;
	enum agg_expr_type result;
	int arg_count;
	enum agg_expr_type args[AGG_FUNC_ARGS_MAX];
	/* Returns false where the window has no answer; parameter is the scalar argument.
	 */
	bool (*window)(
	    const struct agg_expr_window *window, double parameter, double *value);
	double (*map)(double value);
};

/* agg_expr_func_find returns the function of a name, or NULL. */
const struct agg_expr_func *agg_expr_func_find(struct sl_slice name);

#endif
