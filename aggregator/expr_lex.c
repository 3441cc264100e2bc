/* SPDX-License-Identifier: Apache-2.0 */
#include "expr_lex.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "error.h"

const char *agg_expr_lex_name(enum agg_token_kind kind)
{
	static const char *const names[] = {
#define X(name, text) [name] = text,
	    AGG_TOKEN_TABLE(X)
#undef X
	};

	return names[kind];
}

static int fail(struct agg_expr_error *error, size_t position, const char *text)
{
	error->position = position;
	snprintf(error->text, sizeof(error->text), "%s", text);
	return SL_EMALFORMED;
}

/* Locale-free: the ctype functions are not. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_name(char c)
{
	return is_name_start(c) || is_digit(c);
}

static char peek(const struct agg_expr_lexer *lexer, size_t ahead)
{
	size_t at = lexer->at + ahead;

	return at < lexer->len ? lexer->text[at] : '\0';
}

static void skip_space(struct agg_expr_lexer *lexer)
{
	for (; lexer->at < lexer->len; lexer->at++) {
		char c = lexer->text[lexer->at];

		if (c == '#') {
			while (lexer->at + 1 < lexer->len &&
			       lexer->text[lexer->at + 1] != '\n')
				lexer->at++;
		} else if (c != ' ' && c != '\t' && c != '\n' && c != '\r') {
			return;
		}
	}
}

/* Largest first: a duration names each unit once, in this order. */
static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
    {"y", 365 * 24 * 3600 * SL_NS_PER_S},
    {"w", 7 * 24 * 3600 * SL_NS_PER_S},
    {"d", 24 * 3600 * SL_NS_PER_S},
    {"h", 3600 * SL_NS_PER_S},
    {"m", 60 * SL_NS_PER_S},
    {"s", SL_NS_PER_S},
    {"ms", SL_NS_PER_MS},
};

static int find_unit(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, text, len))
			return (int)i;
	return -1;
}

static int parse_duration(struct agg_token *token, struct agg_expr_error *error)
{
	const char *p = token->text.data, *end = p + token->text.len;
	const int64_t max_ns = 100 * units[0].ns;
	int last = -1;

	token->duration_ns = 0;
	while (p < end) {
		int64_t count = 0;
		size_t letters = 0;

		for (; p < end && is_digit(*p); p++)
			if ((count = count * 10 + (*p - '0')) > INT32_MAX * 1000LL)
				return fail(error, token->position,
				    "duration is longer than 100 years");
		while (p + letters < end && !is_digit(p[letters]))
			letters++;
		int unit = find_unit(p, letters);
		if (unit < 0)
			return fail(error, token->position,
			    "bad number or duration: units are y w d h m s ms");
		if (unit <= last)
			return fail(error, token->position,
			    "bad duration: units go from large to small, each once");
		if (count > (max_ns - token->duration_ns) / units[unit].ns)
			return fail(
			    error, token->position, "duration is longer than 100 years");
		token->duration_ns += count * units[unit].ns;
		last = unit;
		p += letters;
	}
	token->kind = AGG_TOKEN_DURATION;
	token->number = (double)token->duration_ns / 1e9;
	return 0;
}

/* A number, or a duration: what begins with a digit and has a unit's letter. */
static int lex_number(
    struct agg_expr_lexer *lexer, struct agg_token *token, struct agg_expr_error *error)
{
	const char *start = lexer->text + lexer->at;
	bool hex = start[0] == '0' && (peek(lexer, 1) | 32) == 'x';
	bool plain = true;
	size_t len = 0;

	for (;; len++) {
		char c = peek(lexer, len);
		bool sign =
		    (c == '+' || c == '-') && len && !hex && (start[len - 1] | 32) == 'e';

		if (!is_name(c) && c != '.' && !sign)
			break;
		plain = plain && (is_digit(c) || c == '.' || sign || (c | 32) == 'e');
	}
	token->text = (struct sl_slice){start, len};
	lexer->at += len;
	if (!hex && !plain)
		return parse_duration(token, error);

	char copy[64], *end;
	if (len >= sizeof(copy))
		return fail(error, token->position, "number is too long");
	memcpy(copy, start, len);
	copy[len] = '\0';
	token->kind = AGG_TOKEN_NUMBER;
	token->number = hex ? (double)strtoull(copy, &end, 16) : strtod(copy, &end);
	if (*end)
		return fail(error, token->position, "bad number");
	return 0;
}

static int lex_string(
    struct agg_expr_lexer *lexer, struct agg_token *token, struct agg_expr_error *error)
{
	char quote = lexer->text[lexer->at++];
	size_t start = lexer->at;

	for (; lexer->at < lexer->len && lexer->text[lexer->at] != quote; lexer->at++) {
		if (lexer->text[lexer->at] == '\n' && quote != '`')
			break;
		if (lexer->text[lexer->at] == '\\' && quote != '`')
			lexer->at++;
	}
	if (lexer->at >= lexer->len || lexer->text[lexer->at] != quote)
		return fail(error, token->position, "string has no closing quote");
	token->kind = AGG_TOKEN_STRING;
	token->text = (struct sl_slice){lexer->text + start, lexer->at - start};
	lexer->at++;
	return 0;
}

int agg_expr_lex_string(
    const struct agg_token *token, char *out, struct agg_expr_error *error)
{
	static const char from[] = "\\\"'ntr`", to[] = "\\\"'\n\t\r`";
	const char *text = token->text.data;
	int len = 0;

	for (size_t i = 0; i < token->text.len; i++) {
		char c = text[i];

		if (c == '\\' && text[-1] != '`') {
			const char *escape =
			    i + 1 < token->text.len ? strchr(from, text[++i]) : NULL;
			if (!escape || !*escape) {
				fail(error, token->position,
				    "unknown escape in string: \\\\ \\\" \\' \\n \\t \\r "
				    "are known");
				return -1;
			}
			c = to[escape - from];
		}
		out[len++] = c;
	}
	return len;
}

/* Longest first, so that "==" is not two "=". */
static const struct operator
{
	const char *text;
	enum agg_token_kind kind;
}
operators[] = {
    {"==", AGG_TOKEN_EQ},
    {"!=", AGG_TOKEN_NE},
    {"<=", AGG_TOKEN_LE},
    {">=", AGG_TOKEN_GE},
    {"=~", AGG_TOKEN_MATCH},
    {"!~", AGG_TOKEN_NOMATCH},
    {"<", AGG_TOKEN_LT},
    {">", AGG_TOKEN_GT},
    {"=", AGG_TOKEN_ASSIGN},
    {"(", AGG_TOKEN_LPAREN},
    {")", AGG_TOKEN_RPAREN},
    {"{", AGG_TOKEN_LBRACE},
    {"}", AGG_TOKEN_RBRACE},
    {"[", AGG_TOKEN_LBRACKET},
    {"]", AGG_TOKEN_RBRACKET},
    {",", AGG_TOKEN_COMMA},
    {":", AGG_TOKEN_COLON},
    {"@", AGG_TOKEN_AT},
    {"+", AGG_TOKEN_ADD},
    {"-", AGG_TOKEN_SUB},
    {"*", AGG_TOKEN_MUL},
    {"/", AGG_TOKEN_DIV},
    {"%", AGG_TOKEN_MOD},
    {"^", AGG_TOKEN_POW},
};

static int lex_operator(
    struct agg_expr_lexer *lexer, struct agg_token *token, struct agg_expr_error *error)
{
	const char *text = lexer->text + lexer->at;
	size_t left = lexer->len - lexer->at;

	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
		size_t len = strlen(operators[i].text);

		if (len <= left && !memcmp(text, operators[i].text, len)) {
			token->kind = operators[i].kind;
			token->text = (struct sl_slice){text, len};
			lexer->at += len;
			return 0;
		}
	}
	error->position = token->position;
	if (*text > ' ' && *text < 127)
		snprintf(error->text, sizeof(error->text), "unexpected '%c'", *text);
	else
		snprintf(error->text, sizeof(error->text), "unexpected byte 0x%02x",
		    (unsigned char)*text);
	return SL_EMALFORMED;
}

/* Names may hold colons (recording rules), but the colon of "[5m:1m]" stands alone. */
static void lex_name(struct agg_expr_lexer *lexer, struct agg_token *token)
{
	size_t start = lexer->at;

	while (lexer->at < lexer->len &&
	       (is_name(lexer->text[lexer->at]) || lexer->text[lexer->at] == ':'))
		lexer->at++;
	token->kind = AGG_TOKEN_NAME;
	token->text = (struct sl_slice){lexer->text + start, lexer->at - start};
}

int agg_expr_lex(
    struct agg_expr_lexer *lexer, struct agg_token *token, struct agg_expr_error *error)
{
	skip_space(lexer);
	memset(token, 0, sizeof(*token));
	token->position = lexer->at;
	if (lexer->at >= lexer->len)
		return 0;

	char c = lexer->text[lexer->at];
	if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1))))
		return lex_number(lexer, token, error);
	if (c == '"' || c == '\'' || c == '`')
		return lex_string(lexer, token, error);
	if (!is_name_start(c))
		return lex_operator(lexer, token, error);
	lex_name(lexer, token);
	return 0;
}
