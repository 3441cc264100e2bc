/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include <stdint.h>
#include <string.h>

#include "error.h"
#include "utf8.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Reads the escape at text ("%41"); the byte, or -1 if it is none. */
static int escaped_byte(const char *text, size_t len)
{
	if (len < 3)
		return -1;
	int high = hex_digit(text[1]), low = hex_digit(text[2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

int sl_url_decode(struct sl_buf *out, const char *text, size_t len, bool plus)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '%') {
			int byte = escaped_byte(text + i, len - i);
			if (byte <= 0)
				return SL_EMALFORMED;
			c = (char)byte;
			i += 2;
		} else if (c == '+' && plus) {
			c = ' ';
		}
		sl_buf_addc(out, c);
	}
	return 0;
}

/* Appends the decoded bytes of one segment; a "/" or "\" may not hide in it. */
static int decode_segment(struct sl_buf *out, const char *text, size_t len)
{
	size_t from = out->len;

	if (sl_url_decode(out, text, len, false) != 0)
		return SL_EMALFORMED;
	for (size_t i = from; i < out->len; i++) {
		unsigned char c = (unsigned char)out->data[i];
		if (c < 0x20 || c == 0x7f || c == '/' || c == '\\')
			return SL_EMALFORMED;
	}
	return 0;
}

/* Removes the last segment behind root; false if there is none. */
static bool pop_segment(struct sl_buf *out, size_t root)
{
	if (out->len <= root)
		return false;
	out->len--; /* the slash that ends it */
	while (out->len > root && out->data[out->len - 1] != '/')
		out->len--;
	return true;
}

/*
 * out always ends with "/" between segments, so that "." and ".." leave a
 * directory behind, as RFC 3986 has it.
 */
int sl_url_path(struct sl_buf *out, const char *path, size_t len)
{
	size_t start = out->len, i = 0;

	sl_buf_addc(out, '/');
	size_t root = out->len;
	while (i < len) {
		while (i < len && path[i] == '/')
			i++;
		size_t end = i;
		while (end < len && path[end] != '/')
			end++;
		if (end == i)
			break;
		size_t from = out->len;
		if (decode_segment(out, path + i, end - i) != 0)
			return SL_EMALFORMED;
		size_t segment = out->len - from;
		if (segment == 1 && out->data[from] == '.') {
			out->len = from;
		} else if (segment == 2 && memcmp(out->data + from, "..", 2) == 0) {
			out->len = from;
			if (!pop_segment(out, root))
				return SL_EMALFORMED;
		} else if (end < len) {
			sl_buf_addc(out, '/');
		}
		i = end;
	}
	return sl_utf8_valid(out->data + start, out->len - start) ? 0 : SL_EMALFORMED;
}

void sl_url_query_begin(struct sl_url_query *it, const char *query, size_t len)
{
	it->at = query;
	it->end = query ? query + len : query;
}

int sl_url_query_next(struct sl_url_query *it, struct sl_buf *scratch,
    struct sl_slice *name, struct sl_slice *value)
{
	while (it->at < it->end && *it->at == '&')
		it->at++;
	if (it->at >= it->end)
		return 0;
	size_t left = (size_t)(it->end - it->at);
	const char *end = memchr(it->at, '&', left);
	if (!end)
		end = it->end;
	size_t len = (size_t)(end - it->at);
	const char *equals = memchr(it->at, '=', len);
	size_t name_len = equals ? (size_t)(equals - it->at) : len;

	sl_buf_reset(scratch);
	if (sl_url_decode(scratch, it->at, name_len, true) != 0)
		return SL_EMALFORMED;
	size_t split = scratch->len;
	if (equals &&
	    sl_url_decode(scratch, equals + 1, (size_t)(end - equals) - 1, true) != 0)
		return SL_EMALFORMED;
	const char *text = sl_buf_text(scratch);
	*name = (struct sl_slice){text, split};
	*value = (struct sl_slice){text + split, scratch->len - split};
	it->at = end;
	return 1;
}

int sl_url_query_get(struct sl_buf *out, const char *query, size_t len, const char *name)
{
	struct sl_url_query it;
	struct sl_buf scratch = {0};
	struct sl_slice key, value;
	size_t name_len = strlen(name);
	int found;

	sl_url_query_begin(&it, query, len);
	while ((found = sl_url_query_next(&it, &scratch, &key, &value)) == 1)
		if (key.len == name_len && memcmp(key.data, name, name_len) == 0) {
			sl_buf_add(out, value.data, value.len);
			break;
		}
	sl_buf_clear(&scratch);
	return found;
}

void sl_url_encode(struct sl_buf *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
		    c == '~') {
			sl_buf_addc(out, (char)c);
			continue;
		}
		sl_buf_addc(out, '%');
		sl_buf_addc(out, hex[c >> 4]);
		sl_buf_addc(out, hex[c & 15]);
	}
}
