/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions as text to tokens. */
#ifndef AGG_EXPR_LEX_H
#define AGG_EXPR_LEX_H

#include <stddef.h>
#include <stdint.h>

#include "entry.h"
#include "expr_parse.h"

/* kind, what an error message calls it */
#define AGG_TOKEN_TABLE(X)                                                               \
	X(AGG_TOKEN_END, "the end")                                                      \
	X(AGG_TOKEN_NAME, "a name")                                                      \
	X(AGG_TOKEN_NUMBER, "a number")                                                  \
	X(AGG_TOKEN_DURATION, "a duration")                                              \
	X(AGG_TOKEN_STRING, "a string")                                                  \
	X(AGG_TOKEN_LPAREN, "'('")                                                       \
	X(AGG_TOKEN_RPAREN, "')'")                                                       \
	X(AGG_TOKEN_LBRACE, "'{'")                                                       \
	X(AGG_TOKEN_RBRACE, "'}'")                                                       \
	X(AGG_TOKEN_LBRACKET, "'['")                                                     \
	X(AGG_TOKEN_RBRACKET, "']'")                                                     \
	X(AGG_TOKEN_COMMA, "','")                                                        \
	X(AGG_TOKEN_COLON, "':'")                                                        \
	X(AGG_TOKEN_AT, "'@'")                                                           \
	X(AGG_TOKEN_ADD, "'+'")                                                          \
	X(AGG_TOKEN_SUB, "'-'")                                                          \
	X(AGG_TOKEN_MUL, "'*'")                                                          \
	X(AGG_TOKEN_DIV, "'/'")                                                          \
	X(AGG_TOKEN_MOD, "'%'")                                                          \
	X(AGG_TOKEN_POW, "'^'")                                                          \
	X(AGG_TOKEN_ASSIGN, "'='")                                                       \
	X(AGG_TOKEN_EQ, "'=='")                                                          \
	X(AGG_TOKEN_NE, "'!='")                                                          \
	X(AGG_TOKEN_LT, "'<'")                                                           \
	X(AGG_TOKEN_LE, "'<='")                                                          \
	X(AGG_TOKEN_GT, "'>'")                                                           \
	X(AGG_TOKEN_GE, "'>='")                                                          \
	X(AGG_TOKEN_MATCH, "'=~'")                                                       \
	X(AGG_TOKEN_NOMATCH, "'!~'")

enum agg_token_kind {
#define X(name, text) name,
	AGG_TOKEN_TABLE(X)
#undef X
};

struct agg_token {
	enum agg_token_kind kind;
	size_t position;
	struct sl_slice text; /* as it stands; a string's without its quotes */
	double number;        /* of a number; seconds of a duration */
	int64_t duration_ns;
};

struct agg_expr_lexer {
	const char *text;
	size_t len;
	size_t at;
};

/* agg_expr_lex_name returns what an error message calls a kind of token. */
const char *agg_expr_lex_name(enum agg_token_kind kind);

/*
 * agg_expr_lex reads the next token; white space and comments are passed over.
 * Returns 0, or SL_EMALFORMED with *error filled.
 */
int agg_expr_lex(
    struct agg_expr_lexer *lexer, struct agg_token *token, struct agg_expr_error *error);

/*
 * agg_expr_lex_string resolves the escapes of a string token into out, which
 * has room for token->text.len bytes.  Returns its length, or -1 with *error.
 */
int agg_expr_lex_string(
    const struct agg_token *token, char *out, struct agg_expr_error *error);

#endif
