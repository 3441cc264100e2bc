/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of an expression: between the parser and the evaluator. */
#ifndef AGG_EXPR_AST_H
#define AGG_EXPR_AST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "expr_func.h"
#include "expr_parse.h"
#include "labels.h"

enum agg_node_kind {
	AGG_NODE_NUMBER,
	AGG_NODE_SELECTOR,
	AGG_NODE_CALL,
	AGG_NODE_AGGREGATE,
	AGG_NODE_NEGATE,
	AGG_NODE_BINARY,
};

/* name, text, precedence (higher binds tighter) */
#define AGG_OP_TABLE(X)                                                                  \
	X(AGG_OP_OR, "or", 1)                                                            \
	X(AGG_OP_AND, "and", 2)                                                          \
	X(AGG_OP_UNLESS, "unless", 2)                                                    \
	X(AGG_OP_EQ, "==", 3)                                                            \
	X(AGG_OP_NE, "!=", 3)                                                            \
	X(AGG_OP_LT, "<", 3)                                                             \
	X(AGG_OP_LE, "<=", 3)                                                            \
	X(AGG_OP_GT, ">", 3)                                                             \
	X(AGG_OP_GE, ">=", 3)                                                            \
	X(AGG_OP_ADD, "+", 4)                                                            \
	X(AGG_OP_SUB, "-", 4)                                                            \
	X(AGG_OP_MUL, "*", 5)                                                            \
	X(AGG_OP_DIV, "/", 5)                                                            \
	X(AGG_OP_MOD, "%", 5)                                                            \
	X(AGG_OP_POW, "^", 6)

enum agg_op {
#define X(name, text, precedence) name,
	AGG_OP_TABLE(X)
#undef X
};

static inline bool agg_op_is_set(enum agg_op op)
{
	return op <= AGG_OP_UNLESS;
}

static inline bool agg_op_is_comparison(enum agg_op op)
{
	return op >= AGG_OP_EQ && op <= AGG_OP_GE;
}

enum agg_aggregate {
	AGG_AGGREGATE_SUM,
	AGG_AGGREGATE_AVG,
	AGG_AGGREGATE_MIN,
	AGG_AGGREGATE_MAX,
	AGG_AGGREGATE_COUNT,
};

struct agg_matcher {
	struct sl_slice name;
	struct sl_slice value;
	bool negated;
};

/* Which labels count when elements are grouped or paired. */
struct agg_grouping {
	bool given;
	bool without; /* all but these: without, ignoring */
	struct sl_slice *names;
	size_t count;
};

struct agg_node {
	enum agg_node_kind kind;
	enum agg_expr_type type;
	size_t position;
	double number;
	/* selector */
	const char *metric;
	struct agg_matcher *matchers;
	size_t matcher_count;
	int64_t range_ns; /* 0: instant */
	int64_t offset_ns;
	/* call */
	const struct agg_expr_func *func;
	/* aggregate, binary */
	enum agg_aggregate aggregate;
	enum agg_op op;
	bool returns_bool;
	struct agg_grouping grouping;
	/* arguments of a call, operands */
	struct agg_node *args[2];
};

struct agg_expr {
	struct agg_arena arena; /* holds the tree and its strings */
	struct agg_node *root;
	const char *metrics[AGG_EXPR_METRIC_MAX];
	size_t metric_count;
	bool clock_driven;
	int64_t reach_ns;
};

#endif
