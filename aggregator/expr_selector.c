/* SPDX-License-Identifier: Apache-2.0 */
#include "expr_selector.h"

#include <string.h>

#include "error.h"

static void add_metric(struct agg_expr_cursor *cursor, struct agg_node *node)
{
	struct agg_expr *expr = cursor->expr;

	for (size_t i = 0; i < expr->metric_count; i++)
		if (!strcmp(expr->metrics[i], node->metric))
			return;
	if (expr->metric_count == AGG_EXPR_METRIC_MAX)
		agg_expr_cursor_too_big(
		    cursor, "expression reads too many metrics (at most 32)");
	else
		expr->metrics[expr->metric_count++] = node->metric;
}

static void parse_matcher(struct agg_expr_cursor *cursor, struct agg_matcher *matcher)
{
	struct agg_token name = cursor->token;

	if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_NAME))
		return;
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_MATCH) ||
	    agg_expr_cursor_at(cursor, AGG_TOKEN_NOMATCH)) {
		agg_expr_cursor_fail(cursor, cursor->token.position,
		    "regular expressions are not supported in matchers: use = or !=");
		return;
	}
	if (memchr(name.text.data, ':', name.text.len) ||
	    agg_labels_slice_equal(name.text, sl_slice_text("__name__"))) {
		agg_expr_cursor_fail(cursor, name.position,
		    "expected a label's name, got '%.*s'",
		    (int)(name.text.len < 64 ? name.text.len : 64), name.text.data);
		return;
	}
	matcher->negated = agg_expr_cursor_at(cursor, AGG_TOKEN_NE);
	if (!agg_expr_cursor_accept(cursor, AGG_TOKEN_NE) &&
	    !agg_expr_cursor_expect(cursor, AGG_TOKEN_ASSIGN))
		return;
	if (!agg_expr_cursor_at(cursor, AGG_TOKEN_STRING)) {
		agg_expr_cursor_expect(cursor, AGG_TOKEN_STRING);
		return;
	}
	char *value = agg_expr_cursor_take(cursor, cursor->token.text.len + 1);
	int len = value ? agg_expr_lex_string(&cursor->token, value, cursor->error) : 0;
	if (len < 0)
		cursor->failed = SL_EMALFORMED;
	matcher->name = agg_expr_cursor_copy(cursor, name.text);
	matcher->value = (struct sl_slice){value, (size_t)(len > 0 ? len : 0)};
	agg_expr_cursor_advance(cursor);
}

static void parse_matchers(struct agg_expr_cursor *cursor, struct agg_node *node)
{
	struct agg_matcher found[AGG_LABELS_MAX];
	size_t count = 0;

	memset(found, 0, sizeof(found));
	while (!cursor->failed && !agg_expr_cursor_at(cursor, AGG_TOKEN_RBRACE)) {
		if (count == AGG_LABELS_MAX) {
			agg_expr_cursor_too_big(
			    cursor, "selector has too many matchers (at most 16)");
			return;
		}
		parse_matcher(cursor, &found[count++]);
		if (!agg_expr_cursor_accept(cursor, AGG_TOKEN_COMMA))
			break;
	}
	if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_RBRACE) || !count)
		return;
	node->matchers = agg_expr_cursor_take(cursor, count * sizeof(*found));
	if (!node->matchers)
		return;
	memcpy(node->matchers, found, count * sizeof(*found));
	node->matcher_count = count;
}

static int64_t parse_duration(struct agg_expr_cursor *cursor)
{
	int64_t duration_ns = cursor->token.duration_ns;

	agg_expr_cursor_expect(cursor, AGG_TOKEN_DURATION);
	return duration_ns;
}

static void parse_range(struct agg_expr_cursor *cursor, struct agg_node *node)
{
	size_t position = cursor->token.position;

	node->range_ns = parse_duration(cursor);
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_COLON)) {
		agg_expr_cursor_fail(
		    cursor, cursor->token.position, "subqueries are not supported");
		return;
	}
	if (agg_expr_cursor_expect(cursor, AGG_TOKEN_RBRACKET) && node->range_ns <= 0)
		agg_expr_cursor_fail(cursor, position, "a range must be longer than 0");
	node->type = AGG_TYPE_RANGE;
}

struct agg_node *agg_expr_selector_parse(
    struct agg_expr_cursor *cursor, const struct agg_token *name)
{
	struct agg_node *node = agg_expr_cursor_node(
	    cursor, AGG_NODE_SELECTOR, AGG_TYPE_VECTOR, name->position);

	if (!node)
		return NULL;
	node->metric = agg_expr_cursor_copy(cursor, name->text).data;
	if (agg_expr_cursor_accept(cursor, AGG_TOKEN_LBRACE))
		parse_matchers(cursor, node);
	if (agg_expr_cursor_accept(cursor, AGG_TOKEN_LBRACKET))
		parse_range(cursor, node);
	if (agg_expr_cursor_accept_word(cursor, "offset")) {
		bool negative = agg_expr_cursor_accept(cursor, AGG_TOKEN_SUB);
		int64_t offset_ns = parse_duration(cursor);

		node->offset_ns = negative ? -offset_ns : offset_ns;
	}
	if (agg_expr_cursor_at(cursor, AGG_TOKEN_AT))
		return agg_expr_cursor_fail(
		    cursor, cursor->token.position, "'@' is not supported");
	if (cursor->failed)
		return NULL;

	struct agg_expr *expr = cursor->expr;
	int64_t reach_ns = node->range_ns + node->offset_ns;
	expr->clock_driven |= node->range_ns || node->offset_ns;
	expr->reach_ns = reach_ns > expr->reach_ns ? reach_ns : expr->reach_ns;
	add_metric(cursor, node);
	return cursor->failed ? NULL : node;
}

/* The names in parentheses after by, without, on, ignoring. */
void agg_expr_selector_grouping(
    struct agg_expr_cursor *cursor, struct agg_grouping *grouping, bool without)
{
	struct sl_slice found[AGG_LABELS_MAX];

	grouping->given = true;
	grouping->without = without;
	if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_LPAREN))
		return;
	while (!cursor->failed && !agg_expr_cursor_at(cursor, AGG_TOKEN_RPAREN)) {
		if (grouping->count == AGG_LABELS_MAX) {
			agg_expr_cursor_too_big(cursor, "too many labels (at most 16)");
			return;
		}
		found[grouping->count++] =
		    agg_expr_cursor_copy(cursor, cursor->token.text);
		if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_NAME) ||
		    !agg_expr_cursor_accept(cursor, AGG_TOKEN_COMMA))
			break;
	}
	if (!agg_expr_cursor_expect(cursor, AGG_TOKEN_RPAREN) || !grouping->count)
		return;
	grouping->names = agg_expr_cursor_take(cursor, grouping->count * sizeof(*found));
	if (grouping->names)
		memcpy(grouping->names, found, grouping->count * sizeof(*found));
}
