/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  Recursive descent with precedence climbing; one token of
 * look-ahead.  Every node gets its type as it is made, so a tree that exists
 * is well typed and the evaluator need not check.  Nesting is bounded by
 * depth, the size of the tree by nodes; a left-leaning chain ("1+1+1…") is
 * built by the loop, not by recursion.  Once cursor->failed is set every
 * function returns NULL and nothing else is read.
 */
#include "expr_parse.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "error.h"
#include "expr_ast.h"
#include "expr_cursor.h"
#include "expr_selector.h"

static struct agg_node *parse_expression(struct agg_expr_cursor *cursor, int precedence);

static bool want_type(
    struct agg_expr_cursor *cursor, const struct agg_node *node, enum agg_expr_type type)
{
	if (!node)
		return false;
	if (node->type == type)
		return true;
	agg_expr_cursor_fail(cursor, node->position, "expected %s, got %s",
	    agg_expr_func_type(type), agg_expr_func_type(node->type));
	return false;
}

/* ---- calls and aggregations --------------------------------------------------- */

static struct agg_node *parse_call(
    struct agg_expr_cursor *cursor, const struct agg_token *name)
{
	const struct agg_expr_func *func = agg_expr_func_find(name->text);

	if (!func)
		return agg_expr_cursor_fail(cursor, name->position,
		    "unknown function '%.*s'",
		    (int)(name->text.len < 64 ? name->text.len : 64), name->text.data);
	struct agg_node *node =
	    agg_expr_cursor_node(cursor, AGG_NODE_CALL, func->result, name->position);
	if (!node || !agg_expr_cursor_expect(cursor, AGG_TOKEN_LPAREN))
		return NULL;
	node->func = func;
	for (int i = 0; i < func->arg_count; i++) {
		if (i && !agg_expr_cursor_expect(cursor, AGG_TOKEN_COMMA))
			return NULL;
		if (agg_expr_cursor_at(cursor, AGG_TOKEN_RPAREN))
			return agg_expr_cursor_fail(cursor, cursor->token.position,
			    "%s takes %d argument%s", func->name, func->arg_count,
			    func->arg_count == 1 ? "" : "s");
		node->args[i] = parse_expression(cursor, 0);
		if (!want_type(cursor, node->args[i], func->args[i]))
			return NULL;
	}
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_COMMA))
		return agg_expr_cursor_fail(cursor, cursor->token.position,
		    "%s takes %d argument%s", func->name, func->arg_count,
		    func->arg_count == 1 ? "" : "s");
	if (func->kind == AGG_FUNC_TIME || func->kind == AGG_FUNC_ABSENT)
		cursor->expr->clock_driven = true;
	return agg_expr_cursor_expect(cursor, AGG_TOKEN_RPAREN) ? node : NULL;
}

static bool accept_by(struct agg_expr_cursor *cursor, struct agg_grouping *grouping)
{
	bool without = agg_expr_cursor_at_word(cursor, "without");

	if (!without && !agg_expr_cursor_at_word(cursor, "by"))
		return false;
	agg_expr_cursor_advance(cursor);
	agg_expr_selector_grouping(cursor, grouping, without);
	return true;
}

static int find_aggregate(struct sl_slice name)
{
	static const char *const names[] = {
	    [AGG_AGGREGATE_SUM] = "sum",
	    [AGG_AGGREGATE_AVG] = "avg",
	    [AGG_AGGREGATE_MIN] = "min",
	    [AGG_AGGREGATE_MAX] = "max",
	    [AGG_AGGREGATE_COUNT] = "count",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (name.len == strlen(names[i]) &&
		    !strncasecmp(name.data, names[i], name.len))
			return (int)i;
	return -1;
}

static struct agg_node *parse_aggregate(
    struct agg_expr_cursor *cursor, const struct agg_token *name, int aggregate)
{
	struct agg_node *node = agg_expr_cursor_node(
	    cursor, AGG_NODE_AGGREGATE, AGG_TYPE_VECTOR, name->position);

	if (!node)
		return NULL;
	node->aggregate = (enum agg_aggregate)aggregate;
	bool grouped = accept_by(cursor, &node->grouping);
	if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_LPAREN))
		return NULL;
	node->args[0] = parse_expression(cursor, 0);
	if (!want_type(cursor, node->args[0], AGG_TYPE_VECTOR) ||
	    !agg_expr_cursor_expect(cursor, AGG_TOKEN_RPAREN))
		return NULL;
	if (!grouped)
		accept_by(cursor, &node->grouping);
	return cursor->failed ? NULL : node;
}

/* ---- operands and operators --------------------------------------------------- */

static bool is_keyword(struct sl_slice name)
{
	static const char *const words[] = {"and", "or", "unless", "by", "without", "on",
	    "ignoring", "bool", "offset", "group_left", "group_right"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (name.len == strlen(words[i]) &&
		    !strncasecmp(name.data, words[i], name.len))
			return true;
	return false;
}

static struct agg_node *parse_number(struct agg_expr_cursor *cursor, double value)
{
	struct agg_node *node = agg_expr_cursor_node(
	    cursor, AGG_NODE_NUMBER, AGG_TYPE_SCALAR, cursor->token.position);

	if (node)
		node->number = value;
	agg_expr_cursor_advance(cursor);
	return node;
}

static struct agg_node *parse_name(struct agg_expr_cursor *cursor)
{
	struct agg_token name = cursor->token;
	int aggregate = find_aggregate(name.text);

	if (agg_expr_cursor_at_word(cursor, "inf"))
		return parse_number(cursor, INFINITY);
	if (agg_expr_cursor_at_word(cursor, "nan"))
		return parse_number(cursor, NAN);
	if (is_keyword(name.text))
		return agg_expr_cursor_fail(cursor, name.position,
		    "expected a value, got '%.*s'", (int)name.text.len, name.text.data);
	agg_expr_cursor_advance(cursor);
	if (aggregate >= 0 && (agg_expr_cursor_at(cursor, AGG_TOKEN_LPAREN) ||
				  agg_expr_cursor_at_word(cursor, "by") ||
				  agg_expr_cursor_at_word(cursor, "without")))
		return parse_aggregate(cursor, &name, aggregate);
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_LPAREN))
		return parse_call(cursor, &name);
	return agg_expr_selector_parse(cursor, &name);
}

static struct agg_node *parse_operand(struct agg_expr_cursor *cursor)
{
	size_t position = cursor->token.position;
	struct agg_node *node;

	switch (cursor->token.kind) {
	case AGG_TOKEN_NUMBER:
	case AGG_TOKEN_DURATION:
		return parse_number(cursor, cursor->token.number);
	case AGG_TOKEN_NAME:
		return parse_name(cursor);
	case AGG_TOKEN_LBRACE:
		return agg_expr_cursor_fail(
		    cursor, position, "a selector needs a metric's name before '{'");
	case AGG_TOKEN_LPAREN:
		agg_expr_cursor_advance(cursor);
		node = parse_expression(cursor, 0);
		if (!node || !agg_expr_cursor_expect(cursor, AGG_TOKEN_RPAREN))
			return NULL;
		if (agg_expr_cursor_at_word(cursor, "offset"))
			return agg_expr_cursor_fail(cursor, cursor->token.position,
			    "offset must stand directly behind a selector");
		if (agg_expr_cursor_at(cursor, AGG_TOKEN_LBRACKET))
			return agg_expr_cursor_fail(cursor, cursor->token.position,
			    "a range must stand directly behind a selector");
		return node;
	default:
		return agg_expr_cursor_fail(cursor, position, "expected a value, got %s",
		    agg_expr_lex_name(cursor->token.kind));
	}
}

/* The sign binds like '*': -2^2 is -(2^2). */
static struct agg_node *parse_unary(struct agg_expr_cursor *cursor)
{
	size_t position = cursor->token.position;
	bool negative = agg_expr_cursor_at(cursor, AGG_TOKEN_SUB);

	if (cursor->failed)
		return NULL;
	if (!negative && !agg_expr_cursor_at(cursor, AGG_TOKEN_ADD))
		return parse_operand(cursor);
	agg_expr_cursor_advance(cursor);
	struct agg_node *operand = parse_expression(cursor, 6);
	if (!operand)
		return NULL;
	if (operand->type == AGG_TYPE_RANGE)
		return agg_expr_cursor_fail(
		    cursor, position, "a range vector has no sign");
	if (!negative)
		return operand;
	struct agg_node *node =
	    agg_expr_cursor_node(cursor, AGG_NODE_NEGATE, operand->type, position);
	if (node)
		node->args[0] = operand;
	return node;
}

/* The operator that the next token is; its precedence, or 0 if it is none. */
static int next_op(const struct agg_expr_cursor *cursor, enum agg_op *op)
{
	static const struct {
		const char *text;
		int precedence;
	} ops[] = {
#define X(name, text, precedence) [name] = {text, precedence},
	    AGG_OP_TABLE(X)
#undef X
	};

	for (size_t i = 0; !cursor->failed && i < sizeof(ops) / sizeof(ops[0]); i++) {
		bool word = agg_op_is_set((enum agg_op)i);

		if (word ? agg_expr_cursor_at_word(cursor, ops[i].text)
			 : cursor->token.kind > AGG_TOKEN_STRING &&
			       agg_labels_slice_equal(
				   cursor->token.text, sl_slice_text(ops[i].text))) {
			*op = (enum agg_op)i;
			return ops[i].precedence;
		}
	}
	return 0;
}

static void parse_modifiers(struct agg_expr_cursor *cursor, struct agg_node *node)
{
	size_t position = cursor->token.position;

	if (agg_expr_cursor_accept_word(cursor, "bool")) {
		node->returns_bool = true;
		if (!agg_op_is_comparison(node->op))
			agg_expr_cursor_fail(
			    cursor, position, "bool belongs to comparisons only");
	}
	bool ignoring = agg_expr_cursor_at_word(cursor, "ignoring");
	if (ignoring || agg_expr_cursor_at_word(cursor, "on")) {
		agg_expr_cursor_advance(cursor);
		agg_expr_selector_grouping(cursor, &node->grouping, ignoring);
	}
	if (agg_expr_cursor_at_word(cursor, "group_left") ||
	    agg_expr_cursor_at_word(cursor, "group_right"))
		agg_expr_cursor_fail(cursor, cursor->token.position,
		    "group_left and group_right are not supported");
}

static bool check_operands(struct agg_expr_cursor *cursor, struct agg_node *node)
{
	const struct agg_node *left = node->args[0], *right = node->args[1];
	bool scalars = left->type == AGG_TYPE_SCALAR && right->type == AGG_TYPE_SCALAR;
	bool vectors = left->type == AGG_TYPE_VECTOR && right->type == AGG_TYPE_VECTOR;

	if (left->type == AGG_TYPE_RANGE || right->type == AGG_TYPE_RANGE)
		agg_expr_cursor_fail(cursor,
		    left->type == AGG_TYPE_RANGE ? left->position : right->position,
		    "expected scalar or instant vector, got range vector");
	else if (agg_op_is_set(node->op) && !vectors)
		agg_expr_cursor_fail(
		    cursor, node->position, "and, or, unless need two instant vectors");
	else if (agg_op_is_comparison(node->op) && scalars && !node->returns_bool)
		agg_expr_cursor_fail(
		    cursor, node->position, "comparisons between scalars need bool");
	else if (node->grouping.given && !vectors)
		agg_expr_cursor_fail(
		    cursor, node->position, "on and ignoring need two instant vectors");
	node->type = scalars ? AGG_TYPE_SCALAR : AGG_TYPE_VECTOR;
	return !cursor->failed;
}

static struct agg_node *parse_expression(struct agg_expr_cursor *cursor, int precedence)
{
	enum agg_op op = AGG_OP_OR;
	int binds;

	if (++cursor->depth > AGG_EXPR_DEPTH_MAX)
		return agg_expr_cursor_too_big(
		    cursor, "expression is nested too deeply (at most 64)");
	struct agg_node *left = parse_unary(cursor);
	while (left && (binds = next_op(cursor, &op)) && binds >= precedence) {
		struct agg_node *node = agg_expr_cursor_node(
		    cursor, AGG_NODE_BINARY, AGG_TYPE_VECTOR, cursor->token.position);

		agg_expr_cursor_advance(cursor);
		if (!node)
			return NULL;
		node->op = op;
		parse_modifiers(cursor, node);
		node->args[0] = left;
		node->args[1] =
		    parse_expression(cursor, op == AGG_OP_POW ? binds : binds + 1);
		if (!node->args[1] || !check_operands(cursor, node))
			return NULL;
		left = node;
	}
	cursor->depth--;
	return cursor->failed ? NULL : left;
}

/* ---- the whole ------------------------------------------------------------------ */

static int parse_all(struct agg_expr_cursor *cursor)
{
	agg_expr_cursor_advance(cursor);
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_END))
		agg_expr_cursor_fail(cursor, 0, "expression is empty");
	cursor->expr->root = parse_expression(cursor, 0);
	if (!cursor->failed && !agg_expr_cursor_at(cursor, AGG_TOKEN_END))
		agg_expr_cursor_fail(cursor, cursor->token.position,
		    "expected an operator, got %s",
		    agg_expr_lex_name(cursor->token.kind));
	if (!cursor->failed && cursor->expr->root->type == AGG_TYPE_RANGE)
		agg_expr_cursor_fail(cursor, cursor->expr->root->position,
		    "a range vector cannot be the result: put a function around it");
	return cursor->failed;
}

int agg_expr_parse(
    const char *text, size_t len, struct agg_expr **expr, struct agg_expr_error *error)
{
	struct agg_expr_cursor cursor = {.lexer = {text, len, 0}, .error = error};

	*expr = NULL;
	*error = (struct agg_expr_error){0};
	if (len > AGG_EXPR_TEXT_MAX) {
		error->position = AGG_EXPR_TEXT_MAX;
		snprintf(error->text, sizeof(error->text),
		    "expression is longer than %d bytes", AGG_EXPR_TEXT_MAX);
		return SL_ETOOBIG;
	}
	cursor.expr = calloc(1, sizeof(*cursor.expr));
	if (!cursor.expr)
		return SL_ENOMEM;
	cursor.expr->arena.max_bytes = 1024 * 1024;
	if (parse_all(&cursor)) {
		agg_expr_free(cursor.expr);
		return cursor.failed;
	}
	*expr = cursor.expr;
	return 0;
}

void agg_expr_free(struct agg_expr *expr)
{
	if (!expr)
		return;
	agg_arena_clear(&expr->arena);
	free(expr);
}

size_t agg_expr_metric_count(const struct agg_expr *expr)
{
	return expr->metric_count;
}

const char *agg_expr_metric(const struct agg_expr *expr, size_t index)
{
	return expr->metrics[index];
}

bool agg_expr_clock_driven(const struct agg_expr *expr)
{
	return expr->clock_driven;
}

int64_t agg_expr_reach_ns(const struct agg_expr *expr)
{
	return expr->reach_ns;
}

bool agg_expr_is_scalar(const struct agg_expr *expr)
{
	return expr->root->type == AGG_TYPE_SCALAR;
}
