/* SPDX-License-Identifier: Apache-2.0 */
/* Evaluation of an expression at one moment over a source of series. */
#ifndef AGG_EXPR_EVAL_H
#define AGG_EXPR_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "expr_parse.h"
#include "labels.h"

struct agg_sample {
	int64_t ts_ns; /* wall clock */
	double value;
};

/* A plain selector sees the newest sample that is at most this much older. */
#define AGG_EXPR_LOOKBACK_NS (5 * 60 * 1000000000LL)

/*
 * Where an evaluation gets its series from: the short memory now, history
 * later.  Labels and their bytes must stay until the evaluation has ended.
 */
struct agg_expr_source {
	void *arg;
	/*
	 * Calls each() once for every series of the metric, until it returns
	 * nonzero, and returns that (or 0).  key names the series in the next two.
	 * Labels are sorted by name; no two series have the same.
	 */
	int (*series)(void *arg, const char *metric,
	    int (*each)(void *each_arg, uint64_t key, const struct agg_labels *labels),
	    void *each_arg);
	/* Newest sample with from_ns < ts_ns <= to_ns; false if there is none. */
	bool (*newest)(void *arg, uint64_t key, int64_t from_ns, int64_t to_ns,
	    struct agg_sample *sample);
	/*
	 * Copies the samples with from_ns < ts_ns <= to_ns, oldest first, at most
	 * max, and returns how many there are in all.
	 */
	size_t (*range)(void *arg, uint64_t key, int64_t from_ns, int64_t to_ns,
	    struct agg_sample *out, size_t max);
};

/* What one evaluation may use; past it the evaluation fails with SL_ETOOBIG. */
struct agg_expr_limits {
	size_t steps;        /* series and samples touched; 0: 10 million */
	size_t memory_bytes; /* of intermediate results; 0: 64 MiB */
};

struct agg_expr_item {
	struct agg_labels labels; /* without the metric's name */
	const char *metric;       /* its name where the expression kept it, or NULL */
	double value;
};

/* items live in memory of the result, except the scalar in value. */
struct agg_expr_result {
	bool is_scalar;
	double scalar;
	struct agg_expr_item *items;
	size_t count;
	void *memory;
};

/*
 * agg_expr_eval evaluates at the wall time at_ns.  limits may be NULL.  *result
 * is empty on failure, else the caller's to clear.  Its labels are copies.
 * Does not block; time and memory are bounded by limits.
 * Returns 0; SL_ETOOBIG past a limit; SL_EINVAL where the data has no answer
 * (several partners for one element); error->text says which, its position
 * points at the operator.
 */
int agg_expr_eval(const struct agg_expr *expr, const struct agg_expr_source *source,
    int64_t at_ns, const struct agg_expr_limits *limits, struct agg_expr_result *result,
    struct agg_expr_error *error);

/* agg_expr_result_clear frees what a result holds. */
void agg_expr_result_clear(struct agg_expr_result *result);

#endif
