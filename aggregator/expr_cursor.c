/* SPDX-License-Identifier: Apache-2.0 */
#include "expr_cursor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "error.h"

void *agg_expr_cursor_fail(
    struct agg_expr_cursor *cursor, size_t position, const char *fmt, ...)
{
	va_list args;

	if (cursor->failed)
		return NULL;
	va_start(args, fmt);
	vsnprintf(cursor->error->text, sizeof(cursor->error->text), fmt, args);
	va_end(args);
	cursor->error->position = position;
	cursor->failed = SL_EMALFORMED;
	return NULL;
}

void *agg_expr_cursor_too_big(struct agg_expr_cursor *cursor, const char *what)
{
	agg_expr_cursor_fail(cursor, cursor->token.position, "%s", what);
	cursor->failed = SL_ETOOBIG;
	return NULL;
}

void agg_expr_cursor_advance(struct agg_expr_cursor *cursor)
{
	if (!cursor->failed)
		cursor->failed =
		    agg_expr_lex(&cursor->lexer, &cursor->token, cursor->error);
}

bool agg_expr_cursor_at(const struct agg_expr_cursor *cursor, enum agg_token_kind kind)
{
	return !cursor->failed && cursor->token.kind == kind;
}

bool agg_expr_cursor_accept(struct agg_expr_cursor *cursor, enum agg_token_kind kind)
{
	if (!agg_expr_cursor_at(cursor, kind))
		return false;
	agg_expr_cursor_advance(cursor);
	return !cursor->failed;
}

bool agg_expr_cursor_expect(struct agg_expr_cursor *cursor, enum agg_token_kind kind)
{
	if (agg_expr_cursor_at(cursor, kind)) {
		agg_expr_cursor_advance(cursor);
		return !cursor->failed;
	}
	agg_expr_cursor_fail(cursor, cursor->token.position, "expected %s, got %s",
	    agg_expr_lex_name(kind), agg_expr_lex_name(cursor->token.kind));
	return false;
}

/* Keywords are names that the grammar knows by their place; any case, as in PromQL. */
bool agg_expr_cursor_at_word(const struct agg_expr_cursor *cursor, const char *word)
{
	const struct agg_token *token = &cursor->token;

	return agg_expr_cursor_at(cursor, AGG_TOKEN_NAME) &&
	       token->text.len == strlen(word) &&
	       !strncasecmp(token->text.data, word, token->text.len);
}

bool agg_expr_cursor_accept_word(struct agg_expr_cursor *cursor, const char *word)
{
	if (!agg_expr_cursor_at_word(cursor, word))
		return false;
	agg_expr_cursor_advance(cursor);
	return !cursor->failed;
}

void *agg_expr_cursor_take(struct agg_expr_cursor *cursor, size_t size)
{
	void *memory =
	    cursor->failed ? NULL : agg_arena_alloc(&cursor->expr->arena, size);

	return memory || cursor->failed
		   ? memory
		   : agg_expr_cursor_too_big(cursor, "expression too large");
}

struct agg_node *agg_expr_cursor_node(struct agg_expr_cursor *cursor,
    enum agg_node_kind kind, enum agg_expr_type type, size_t position)
{
	if (++cursor->nodes > AGG_EXPR_NODES_MAX)
		return agg_expr_cursor_too_big(
		    cursor, "expression has too many parts (at most 512)");
	struct agg_node *node = agg_expr_cursor_take(cursor, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	node->type = type;
	node->position = position;
	return node;
}

struct sl_slice agg_expr_cursor_copy(struct agg_expr_cursor *cursor, struct sl_slice text)
{
	char *copy = agg_expr_cursor_take(cursor, text.len + 1);

	if (copy)
		memcpy(copy, text.data, text.len);
	return (struct sl_slice){copy, copy ? text.len : 0};
}
