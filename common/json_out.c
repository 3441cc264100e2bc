/* SPDX-License-Identifier: Apache-2.0 */
#include "json_out.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

void sl_json_out_init(struct sl_json_out *w, struct sl_buf *buf)
{
	*w = (struct sl_json_out){.buf = buf};
}

/* What comes before a value: nothing after a key, a comma between elements. */
static void before_value(struct sl_json_out *w)
{
	if (w->after_key) {
		w->after_key = false;
		return;
	}
	uint64_t bit = 1ull << w->depth;
	if (w->depth > 0 && (w->filled & bit))
		sl_buf_addc(w->buf, ',');
	w->filled |= bit;
}

static void open_container(struct sl_json_out *w, char c)
{
	before_value(w);
	sl_buf_addc(w->buf, c);
	assert(w->depth < 63);
	w->depth++;
	w->filled &= ~(1ull << w->depth);
}

static void close_container(struct sl_json_out *w, char c)
{
	assert(w->depth > 0 && !w->after_key);
	w->depth--;
	sl_buf_addc(w->buf, c);
}

void sl_json_out_object_begin(struct sl_json_out *w)
{
	open_container(w, '{');
}

void sl_json_out_object_end(struct sl_json_out *w)
{
	close_container(w, '}');
}

void sl_json_out_array_begin(struct sl_json_out *w)
{
	open_container(w, '[');
}

void sl_json_out_array_end(struct sl_json_out *w)
{
	close_container(w, ']');
}

/* Length of the prefix that needs no escape: printable ASCII but '"' and '\\'. */
static size_t plain_prefix(const char *data, size_t len)
{
	size_t i = 0;

	while (i < len) {
		unsigned char c = (unsigned char)data[i];
		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
			break;
		i++;
	}
	return i;
}

static void add_escape(struct sl_buf *buf, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char named[] = "\"\\\b\f\n\r\t";
	static const char letters[] = "\"\\bfnrt";
	const char *at = c ? strchr(named, c) : NULL;

	sl_buf_addc(buf, '\\');
	if (at) {
		sl_buf_addc(buf, letters[at - named]);
		return;
	}
	sl_buf_adds(buf, "u00");
	sl_buf_addc(buf, hex[c >> 4]);
	sl_buf_addc(buf, hex[c & 15]);
}

void sl_json_out_quote(struct sl_buf *buf, const char *data, size_t len)
{
	sl_buf_addc(buf, '"');
	while (len > 0) {
		size_t n = plain_prefix(data, len);
		sl_buf_add(buf, data, n);
		data += n;
		len -= n;
		if (len == 0)
			break;
		unsigned char c = (unsigned char)*data;
		int width = c < 0x80 ? 1 : sl_utf8_char(data, len);
		if (c < 0x80)
			add_escape(buf, c);
		else if (width > 0)
			sl_buf_add(buf, data, (size_t)width);
		else
			sl_buf_adds(buf, "\xef\xbf\xbd");
		data += width > 0 ? width : 1;
		len -= width > 0 ? (size_t)width : 1;
	}
	sl_buf_addc(buf, '"');
}

void sl_json_out_keyn(struct sl_json_out *w, const char *key, size_t len)
{
	assert(!w->after_key);
	before_value(w);
	sl_json_out_quote(w->buf, key, len);
	sl_buf_addc(w->buf, ':');
	w->after_key = true;
}

void sl_json_out_key(struct sl_json_out *w, const char *key)
{
	sl_json_out_keyn(w, key, strlen(key));
}

void sl_json_out_string(struct sl_json_out *w, const char *data, size_t len)
{
	before_value(w);
	sl_json_out_quote(w->buf, data, len);
}

void sl_json_out_text(struct sl_json_out *w, const char *text)
{
	if (text)
		sl_json_out_string(w, text, strlen(text));
	else
		sl_json_out_null(w);
}

static int format_uint(char *out, uint64_t value)
{
	char digits[20];
	int n = 0;

	do
		digits[n++] = (char)('0' + value % 10);
	while ((value /= 10) > 0);
	for (int i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	return n;
}

void sl_json_out_uint(struct sl_json_out *w, uint64_t value)
{
	before_value(w);
	char *at = sl_buf_reserve(w->buf, 20);
	w->buf->len += (size_t)format_uint(at, value);
}

void sl_json_out_int(struct sl_json_out *w, int64_t value)
{
	if (value >= 0) {
		sl_json_out_uint(w, (uint64_t)value);
		return;
	}
	before_value(w);
	sl_buf_addc(w->buf, '-');
	char *at = sl_buf_reserve(w->buf, 20);
	w->buf->len += (size_t)format_uint(at, 0 - (uint64_t)value);
}

/*
 * Most values have few decimals.  If n / 10^k equals the value for whole numbers
 * below 2^53, then "n with k decimals" reads back as it: both the division and
 * strtod round the same quotient correctly.
 */
static int format_decimal(double value, char *out)
{
	static const double powers[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
	double magnitude = fabs(value);

	for (int k = 0; k <= 6; k++) {
		double scaled = magnitude * powers[k];
		if (scaled >= 9007199254740992.0)
			return 0;
		uint64_t n = (uint64_t)(scaled + 0.5);
		if ((double)n / powers[k] != magnitude)
			continue;
		char *at = out;
		if (value < 0)
			*at++ = '-';
		uint64_t unit = (uint64_t)powers[k];
		at += format_uint(at, n / unit);
		if (k > 0) {
			*at++ = '.';
			uint64_t rest = n % unit;
			for (int i = k - 1; i >= 0; i--, rest /= 10)
				at[i] = (char)('0' + rest % 10);
			at += k;
		}
		*at = '\0';
		return (int)(at - out);
	}
	return 0;
}

int sl_json_out_format_double(double value, char out[SL_JSON_OUT_DOUBLE])
{
	if (!isfinite(value)) {
		memcpy(out, "null", 5);
		return 4;
	}
	int n = format_decimal(value, out);
	for (int digits = 15; n == 0 && digits <= 17; digits++) {
		snprintf(out, SL_JSON_OUT_DOUBLE, "%.*g", digits, value);
		if (digits == 17 || strtod(out, NULL) == value)
			n = (int)strlen(out);
	}
	return n;
}

void sl_json_out_double(struct sl_json_out *w, double value)
{
	before_value(w);
	char *at = sl_buf_reserve(w->buf, SL_JSON_OUT_DOUBLE);
	w->buf->len += (size_t)sl_json_out_format_double(value, at);
}

void sl_json_out_bool(struct sl_json_out *w, bool value)
{
	sl_json_out_raw(w, value ? "true" : "false", value ? 4 : 5);
}

void sl_json_out_null(struct sl_json_out *w)
{
	sl_json_out_raw(w, "null", 4);
}

void sl_json_out_raw(struct sl_json_out *w, const char *json, size_t len)
{
	before_value(w);
	sl_buf_add(w->buf, json, len);
}
