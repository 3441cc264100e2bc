/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  One pass, no recursion: a bit per level says object or array.
 * The loop alternates between "a value is due here" and "a value is over: comma,
 * colon or closing bracket is due".  Every function takes and returns the place
 * where reading goes on, NULL for malformed, and never reads at end.
 */
#include "json_check.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "utf8.h"

#define ONES  0x0101010101010101ull
#define HIGHS 0x8080808080808080ull

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

static bool is_digit(const char *p, const char *end)
{
	return p < end && *p >= '0' && *p <= '9';
}

/* A byte of the word that is zero gets its highest bit set (and maybe others above). */
static uint64_t zero_bytes(uint64_t word)
{
	return (word - ONES) & ~word & HIGHS;
}

/* Skips 8 bytes at a time while all are plain string characters in ASCII. */
static const char *skip_plain(const char *p, const char *end)
{
	uint64_t word;

	while (end - p >= 8) {
		memcpy(&word, p, 8);
		uint64_t special = (word & HIGHS) | zero_bytes(word ^ (ONES * '"')) |
				   zero_bytes(word ^ (ONES * '\\')) |
				   ((word - ONES * 0x20) & ~word & HIGHS);
		if (special)
			break;
		p += 8;
	}
	return p;
}

/* Reads four hex digits; the value or -1. */
static int hex4(const char *p, const char *end)
{
	int value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;
		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* p is behind the backslash. */
static const char *escape(const char *p, const char *end)
{
	if (p >= end)
		return NULL;
	if (*p != 'u')
		return *p && strchr("\"\\/bfnrt", *p) ? p + 1 : NULL;
	int unit = hex4(p + 1, end);
	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return NULL;
	p += 5;
	if (unit < 0xd800 || unit > 0xdbff)
		return p;
	if (end - p < 6 || p[0] != '\\' || p[1] != 'u')
		return NULL;
	int low = hex4(p + 2, end);
	return low >= 0xdc00 && low <= 0xdfff ? p + 6 : NULL;
}

/* p is behind the opening quote; the place behind the closing one. */
static const char *string(const char *p, const char *end)
{
	while ((p = skip_plain(p, end)) < end) {
		unsigned char c = (unsigned char)*p;
		if (c == '"')
			return p + 1;
		if (c < 0x20)
			return NULL;
		if (c == '\\') {
			p = escape(p + 1, end);
			if (!p)
				return NULL;
		} else if (c < 0x80) {
			p++;
		} else {
			int width = sl_utf8_char(p, (size_t)(end - p));
			if (width == 0)
				return NULL;
			p += width;
		}
	}
	return NULL;
}

static const char *digits(const char *p, const char *end)
{
	if (!is_digit(p, end))
		return NULL;
	while (is_digit(p, end))
		p++;
	return p;
}

static const char *number(const char *p, const char *end)
{
	if (*p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if (!(p = digits(p, end)))
		return NULL;
	if (p < end && *p == '.' && !(p = digits(p + 1, end)))
		return NULL;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = digits(p, end);
	}
	return p;
}

static const char *literal(const char *p, const char *end, const char *word, size_t len)
{
	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static const char *scalar(const char *p, const char *end)
{
	switch (*p) {
	case '"':
		return string(p + 1, end);
	case 't':
		return literal(p, end, "true", 4);
	case 'f':
		return literal(p, end, "false", 5);
	case 'n':
		return literal(p, end, "null", 4);
	default:
		return number(p, end);
	}
}

/* A member's name and colon; the place of its value. */
static const char *member_name(const char *p, const char *end)
{
	p = skip_space(p, end);
	if (p >= end || *p != '"' || !(p = string(p + 1, end)))
		return NULL;
	p = skip_space(p, end);
	return p < end && *p == ':' ? p + 1 : NULL;
}

struct levels {
	uint64_t objects; /* bit d-1: the container at depth d is an object */
	int depth;
};

static bool in_object(const struct levels *l)
{
	return l->objects >> (l->depth - 1) & 1;
}

/*
 * Reads one value's beginning at p: a whole scalar, an empty container, or the
 * opening of one (*opened).
 */
static const char *begin_value(
    const char *p, const char *end, struct levels *l, bool *opened)
{
	*opened = false;
	if (p >= end)
		return NULL;
	if (*p != '{' && *p != '[')
		return scalar(p, end);
	char closing = *p == '{' ? '}' : ']';
	const char *inside = skip_space(p + 1, end);
	if (l->depth == SL_JSON_CHECK_DEPTH) {
		l->depth++; /* tells the caller which error it is */
		return NULL;
	}
	if (inside < end && *inside == closing)
		return inside + 1;
	l->objects &= ~(1ull << l->depth);
	if (closing == '}')
		l->objects |= 1ull << l->depth;
	l->depth++;
	*opened = true;
	return closing == '}' ? member_name(inside, end) : inside;
}

/* After a value: closes what is closed, until the next value is due or all is over. */
static const char *end_value(const char *p, const char *end, struct levels *l)
{
	while (l->depth > 0) {
		p = skip_space(p, end);
		if (p >= end)
			return NULL;
		if (*p == ',')
			return in_object(l) ? member_name(p + 1, end) : p + 1;
		if (*p++ != (in_object(l) ? '}' : ']'))
			return NULL;
		l->depth--;
	}
	return p;
}

int sl_json_check_value(const char *data, size_t len)
{
	const char *p = data, *end = data + len;
	struct levels l = {0};

	do {
		bool opened;
		p = begin_value(skip_space(p, end), end, &l, &opened);
		if (p && !opened)
			p = end_value(p, end, &l);
		if (!p)
			return l.depth > SL_JSON_CHECK_DEPTH ? SL_ETOOBIG : SL_EMALFORMED;
	} while (l.depth > 0);
	return skip_space(p, end) == end ? 0 : SL_EMALFORMED;
}

int sl_json_check_object(const char *data, size_t len)
{
	const char *p = skip_space(data, data + len);

	if (p == data + len || *p != '{')
		return SL_EMALFORMED;
	return sl_json_check_value(p, (size_t)(data + len - p));
}
