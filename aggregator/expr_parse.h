/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions as text to checked syntax trees: a subset of PromQL. */
#ifndef AGG_EXPR_PARSE_H
#define AGG_EXPR_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Limits of one expression; past one of them it is refused. */
#define AGG_EXPR_TEXT_MAX   4096
#define AGG_EXPR_DEPTH_MAX  64  /* nesting */
#define AGG_EXPR_NODES_MAX  512 /* operators, calls, selectors, numbers */
#define AGG_EXPR_METRIC_MAX 32  /* different metrics read */

/* A parsed expression.  Immutable, so any number of evaluations may share it. */
struct agg_expr;

/* Why an expression was refused: position is the byte where, text what was wrong. */
struct agg_expr_error {
	size_t position;
	char text[192];
};

/*
 * agg_expr_parse reads and type-checks an expression.  Names, precedence and
 * types are Prometheus's: selectors with = and != matchers, ranges, offset,
 * functions, aggregation with by/without, arithmetic, comparison with and
 * without bool, and/or/unless, on/ignoring.  Pure: the text may come from
 * outside and is not kept.  On success *expr is the caller's to free.
 *
 * Returns 0; SL_EMALFORMED with *error filled where the text is wrong or asks
 * for what is not supported; SL_ETOOBIG likewise where a limit is passed.
 */
int agg_expr_parse(
    const char *text, size_t len, struct agg_expr **expr, struct agg_expr_error *error);

/* agg_expr_free frees an expression; NULL is fine. */
void agg_expr_free(struct agg_expr *expr);

/* agg_expr_metric_count and agg_expr_metric tell which metrics it reads, each once. */
size_t agg_expr_metric_count(const struct agg_expr *expr);
const char *agg_expr_metric(const struct agg_expr *expr, size_t index);

/*
 * agg_expr_clock_driven tells whether the value may change though no sample
 * arrives, because it has a range, an offset, absent() or time().
 */
bool agg_expr_clock_driven(const struct agg_expr *expr);

/*
 * agg_expr_reach_ns tells how far behind the time of evaluation samples can
 * matter: the longest range plus its offset, 0 for plain selectors.
 */
int64_t agg_expr_reach_ns(const struct agg_expr *expr);

/* agg_expr_is_scalar tells whether the result is a scalar, not a vector. */
bool agg_expr_is_scalar(const struct agg_expr *expr);

#endif
