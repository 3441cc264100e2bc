/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

#include <string.h>

#define DIGITS_MAX 18 /* fit into 64 bits whatever they are */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void advance(struct sl_slice *rest, size_t n)
{
	rest->data += n;
	rest->len -= n;
}

static struct sl_slice skip_blanks(struct sl_slice rest)
{
	while (rest.len > 0 && is_blank(rest.data[0]))
		advance(&rest, 1);
	return rest;
}

bool col_scan_line(struct sl_slice *rest, struct sl_slice *line)
{
	if (rest->len == 0)
		return false;
	const char *newline = memchr(rest->data, '\n', rest->len);
	size_t len = newline != NULL ? (size_t)(newline - rest->data) : rest->len;

	*line = (struct sl_slice){rest->data, len};
	advance(rest, newline != NULL ? len + 1 : len);
	return true;
}

bool col_scan_word(struct sl_slice *rest, struct sl_slice *word)
{
	struct sl_slice at = skip_blanks(*rest);
	size_t len = 0;

	while (len < at.len && !is_blank(at.data[len]))
		len++;
	if (len == 0)
		return false;
	*word = (struct sl_slice){at.data, len};
	advance(&at, len);
	*rest = at;
	return true;
}

bool col_scan_skip(struct sl_slice *rest, unsigned n)
{
	struct sl_slice word;

	for (unsigned i = 0; i < n; i++)
		if (!col_scan_word(rest, &word))
			return false;
	return true;
}

bool col_scan_u64(struct sl_slice *rest, uint64_t *value)
{
	struct sl_slice at = skip_blanks(*rest);
	uint64_t n = 0;
	size_t i = 0;

	for (; i < at.len && is_digit(at.data[i]); i++) {
		unsigned digit = (unsigned)(at.data[i] - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	if (i == 0 || (i < at.len && !is_blank(at.data[i])))
		return false;
	advance(&at, i);
	*rest = at;
	*value = n;
	return true;
}

bool col_scan_decimal(struct sl_slice *rest, double *value)
{
	struct sl_slice at = skip_blanks(*rest);
	uint64_t whole = 0, fraction = 0, scale = 1;
	size_t i = 0, dot;

	for (; i < at.len && is_digit(at.data[i]); i++) {
		if (i == DIGITS_MAX)
			return false;
		whole = whole * 10 + (unsigned)(at.data[i] - '0');
	}
	if (i == 0)
		return false;
	if (i < at.len && at.data[i] == '.') {
		dot = i++;
		for (; i < at.len && is_digit(at.data[i]); i++) {
			if (i - dot > DIGITS_MAX)
				return false;
			fraction = fraction * 10 + (unsigned)(at.data[i] - '0');
			scale *= 10;
		}
		if (i == dot + 1)
			return false;
	}
	if (i < at.len && !is_blank(at.data[i]))
		return false;
	advance(&at, i);
	*rest = at;
	*value = (double)whole + (double)fraction / (double)scale;
	return true;
}

bool col_scan_prefix(struct sl_slice *rest, const char *text)
{
	size_t len = strlen(text);

	if (rest->len < len || memcmp(rest->data, text, len) != 0)
		return false;
	advance(rest, len);
	return true;
}

bool col_scan_is(struct sl_slice slice, const char *text)
{
	return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

bool col_scan_copy(struct sl_slice slice, char *out, size_t size)
{
	out[0] = '\0';
	if (slice.len == 0 || slice.len >= size)
		return false;
	for (size_t i = 0; i < slice.len; i++) {
		unsigned char c = (unsigned char)slice.data[i];
		out[i] = c >= 0x20 && c < 0x7f ? (char)c : '_';
	}
	out[slice.len] = '\0';
	return true;
}
