/* SPDX-License-Identifier: Apache-2.0 */
/* The parser's place in its tokens, and what it makes nodes from. */
#ifndef AGG_EXPR_CURSOR_H
#define AGG_EXPR_CURSOR_H

#include "expr_ast.h"
#include "expr_lex.h"

/*
 * Once failed is set, every function here does nothing and says no, so a
 * parser need not look after each step; the first error is the one reported.
 */
struct agg_expr_cursor {
	struct agg_expr_lexer lexer;
	struct agg_token token; /* the next one */
	struct agg_expr *expr;
	struct agg_expr_error *error;
	int failed; /* error code, 0 while all is well */
	int depth;
	int nodes;
};

/* agg_expr_cursor_fail reports an error at a byte of the text; returns NULL. */
void *agg_expr_cursor_fail(struct agg_expr_cursor *cursor, size_t position,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* agg_expr_cursor_too_big reports a passed limit at the next token; returns NULL. */
void *agg_expr_cursor_too_big(struct agg_expr_cursor *cursor, const char *what);

/* agg_expr_cursor_advance reads the next token. */
void agg_expr_cursor_advance(struct agg_expr_cursor *cursor);

/* agg_expr_cursor_at tells whether the next token is of a kind; accept passes it. */
bool agg_expr_cursor_at(const struct agg_expr_cursor *cursor, enum agg_token_kind kind);
bool agg_expr_cursor_accept(struct agg_expr_cursor *cursor, enum agg_token_kind kind);

/* agg_expr_cursor_expect passes a token that must be there, or fails. */
bool agg_expr_cursor_expect(struct agg_expr_cursor *cursor, enum agg_token_kind kind);

/*
 * The same for keywords: names that the grammar knows by their place, in upper
 * or lower case as in PromQL.
 */
bool agg_expr_cursor_at_word(const struct agg_expr_cursor *cursor, const char *word);
bool agg_expr_cursor_accept_word(struct agg_expr_cursor *cursor, const char *word);

/* agg_expr_cursor_take returns zeroed memory of the expression, or fails. */
void *agg_expr_cursor_take(struct agg_expr_cursor *cursor, size_t size);

/* agg_expr_cursor_copy copies a text into the expression; NUL-terminated. */
struct sl_slice agg_expr_cursor_copy(
    struct agg_expr_cursor *cursor, struct sl_slice text);

/* agg_expr_cursor_node makes a node, or fails. */
struct agg_node *agg_expr_cursor_node(struct agg_expr_cursor *cursor,
    enum agg_node_kind kind, enum agg_expr_type type, size_t position);

#endif
