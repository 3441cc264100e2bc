/* SPDX-License-Identifier: Apache-2.0 */
#include "statsd_parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"

/* Longest number that is read. */
#define NUMBER_MAX 64

/* Most digits whose value is exact in a double, and most powers of ten. */
#define EXACT_DIGITS 15
#define EXACT_POWER  22

/* Takes what stands before the next separator, which goes, too. */
static bool take(struct sl_slice *rest, char separator, struct sl_slice *out)
{
	const char *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;

	*out = (struct sl_slice){
	    rest->data, at != NULL ? (size_t)(at - rest->data) : rest->len};
	rest->data += out->len + (at != NULL);
	rest->len -= out->len + (at != NULL);
	return at != NULL;
}

/* ---- numbers ----------------------------------------------------------------- */

/* strtod knows words and hexadecimal numbers, too: only what is ours gets there. */
static int parse_slowly(struct sl_slice text, double *out)
{
	char copy[NUMBER_MAX + 1];
	char *end;

	if (text.len > NUMBER_MAX)
		return SL_EMALFORMED;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (strspn(copy, "0123456789+-.eE") != text.len)
		return SL_EMALFORMED;
	*out = strtod(copy, &end);
	return *end == '\0' && end != copy && isfinite(*out) ? 0 : SL_EMALFORMED;
}

int col_statsd_parse_number(struct sl_slice text, double *out)
{
	static const double power[EXACT_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6,
	    1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	    1e20, 1e21, 1e22};
	size_t at = 0, digits = 0, behind_dot = 0;
	uint64_t number = 0;
	bool negative = false, dot = false;

	if (text.len > 0 && (text.data[0] == '-' || text.data[0] == '+'))
		negative = text.data[at++] == '-';
	for (; at < text.len; at++) {
		char c = text.data[at];
		if (c >= '0' && c <= '9') {
			number = number * 10 + (unsigned)(c - '0');
			behind_dot += dot;
			if (++digits > EXACT_DIGITS)
				return parse_slowly(text, out);
		} else if (c == '.' && !dot) {
			dot = true;
		} else {
			return parse_slowly(text, out);
		}
	}
	if (digits == 0)
		return SL_EMALFORMED;
	*out = (double)number / power[behind_dot];
	if (negative)
		*out = -*out;
	return 0;
}

int col_statsd_parse_value(struct sl_slice *rest, struct col_statsd_value *out)
{
	struct sl_slice text;

	take(rest, ':', &text);
	out->relative = text.len > 0 && (text.data[0] == '-' || text.data[0] == '+');
	return col_statsd_parse_number(text, &out->number);
}

/* ---- lines ------------------------------------------------------------------- */

static int parse_kind(struct sl_slice text, enum col_statsd_kind *out)
{
	if (text.len == 2 && text.data[0] == 'm' && text.data[1] == 's') {
		*out = COL_STATSD_TIMER;
		return 0;
	}
	if (text.len != 1)
		return SL_EMALFORMED;
	switch (text.data[0]) {
	case 'c':
	case 'm':
		*out = COL_STATSD_COUNTER;
		return 0;
	case 'g':
		*out = COL_STATSD_GAUGE;
		return 0;
	case 'h':
	case 'd':
		*out = COL_STATSD_TIMER;
		return 0;
	case 's':
		*out = COL_STATSD_SET;
		return 0;
	default:
		return SL_EMALFORMED;
	}
}

static int parse_field(struct sl_slice field, struct col_statsd_line *out)
{
	if (field.len == 0)
		return SL_EMALFORMED;
	char c = field.data[0];
	struct sl_slice rest = {field.data + 1, field.len - 1};
	if (c == '#') {
		out->tags = rest;
		return 0;
	}
	if (c == '@') {
		if (col_statsd_parse_number(rest, &out->rate) != 0)
			return SL_EMALFORMED;
		/* 1 / rate has to be finite, too. */
		return out->rate >= 1e-9 && out->rate <= 1 ? 0 : SL_EMALFORMED;
	}
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? 0 : SL_EMALFORMED;
}

int col_statsd_parse_line(struct sl_slice line, struct col_statsd_line *out)
{
	struct sl_slice field;

	out->tags = (struct sl_slice){"", 0};
	out->rate = 1;
	if (!take(&line, ':', &out->name) || out->name.len == 0 ||
	    !take(&line, '|', &out->values) || out->values.len == 0)
		return SL_EMALFORMED;
	bool more = take(&line, '|', &field);
	if (parse_kind(field, &out->kind) != 0)
		return SL_EMALFORMED;
	while (more) {
		more = take(&line, '|', &field);
		if (parse_field(field, out) != 0)
			return SL_EMALFORMED;
	}
	return 0;
}

bool col_statsd_parse_tag(struct sl_slice *rest, struct col_mapping_label *out)
{
	struct sl_slice tag;

	do {
		if (rest->len == 0)
			return false;
		take(rest, ',', &tag);
	} while (tag.len == 0);
	if (!take(&tag, ':', &out->key))
		tag = (struct sl_slice){"true", 4};
	out->value = tag;
	return true;
}
