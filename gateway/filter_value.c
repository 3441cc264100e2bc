/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "filter_program.h"

/* ---- strings as they stand --------------------------------------------------- */

static unsigned hex4(const char *p)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];
		value = value << 4 | (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return value;
}

static size_t to_utf8(unsigned c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)((0xf00u >> n) | c);
	return n;
}

/* What an escape stands for; p is at the backslash, the place behind it comes back. */
static const char *unescape(const char *p, const char *end, char out[4], size_t *n)
{
	static const char letters[] = "bfnrt";
	static const char bytes[] = "\b\f\n\r\t";

	*n = 1;
	if (end - p < 2)
		return end;
	if (p[1] != 'u') {
		const char *at = strchr(letters, p[1]);
		out[0] = at && p[1] ? bytes[at - letters] : p[1];
		return p + 2;
	}
	if (end - p < 6)
		return end;
	unsigned c = hex4(p + 2);
	p += 6;
	if (c >= 0xd800 && c < 0xdc00 && end - p >= 6) {
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(p + 2) - 0xdc00);
		p += 6;
	}
	*n = to_utf8(c & 0x1fffff, out);
	return p;
}

/* Compares a string as it stands with decoded text, by bytes of UTF-8. */
static int compare_string(struct sl_slice raw, struct sl_slice text)
{
	const char *p = raw.data, *end = raw.data + raw.len;
	const char *t = text.data, *t_end = text.data + text.len;
	char bytes[4];

	while (p < end) {
		const char *back = memchr(p, '\\', (size_t)(end - p));
		const char *stop = back ? back : end;
		size_t n = (size_t)(stop - p);
		const char *piece = p;
		if (n == 0) {
			p = unescape(p, end, bytes, &n);
			piece = bytes;
		} else {
			p = stop;
		}
		size_t left = (size_t)(t_end - t);
		int order = memcmp(piece, t, n < left ? n : left);
		if (order != 0 || n > left)
			return order != 0 ? order : 1;
		t += n;
	}
	return t < t_end ? -1 : 0;
}

bool gw_filter_same(struct sl_slice raw, struct sl_slice text)
{
	/* Escapes only make a string longer. */
	return raw.len >= text.len && compare_string(raw, text) == 0;
}

/* ---- numbers -------------------------------------------------------------------- */

static double read_double(struct sl_slice raw)
{
	char text[64];

	if (raw.len < sizeof text) {
		memcpy(text, raw.data, raw.len);
		text[raw.len] = '\0';
		return strtod(text, NULL);
	}
	char *copy = strndup(raw.data, raw.len);
	if (!copy)
		abort();
	double d = strtod(copy, NULL);
	free(copy);
	return d;
}

/* 18 digits fit into 64 bits whatever they are; longer ones are checked. */
struct gw_filter_number gw_filter_number(struct sl_slice raw)
{
	struct gw_filter_number out = {.whole = true};
	size_t i = raw.len > 0 && raw.data[0] == '-' ? 1 : 0;
	bool negative = i == 1;

	for (; i < raw.len && out.whole; i++) {
		unsigned digit = (unsigned)(raw.data[i] - '0');
		out.whole = digit <= 9 && !__builtin_mul_overflow(out.i, 10, &out.i) &&
			    !(negative ? __builtin_sub_overflow(out.i, digit, &out.i)
				       : __builtin_add_overflow(out.i, digit, &out.i));
	}
	out.d = out.whole ? (double)out.i : read_double(raw);
	return out;
}

static int compare_number(struct gw_filter_number a, struct gw_filter_number b)
{
	if (a.whole && b.whole)
		return (a.i > b.i) - (a.i < b.i);
	return (a.d > b.d) - (a.d < b.d);
}

/* ---- comparisons ------------------------------------------------------------------ */

static bool equals(const struct gw_filter_scalar *s, const struct gw_filter_value *v)
{
	if (s->type != v->type)
		return false;
	if (s->type == JSON_STRING)
		return gw_filter_same(s->raw, v->string);
	return s->type != JSON_INTEGER || compare_number(s->number, v->number) == 0;
}

static int order_of(const struct gw_filter_scalar *s, const struct gw_filter_value *v)
{
	return s->type == JSON_STRING ? compare_string(s->raw, v->string)
				      : compare_number(s->number, v->number);
}

static bool in_range(const struct gw_filter *f, const struct gw_filter_test *t,
    const struct gw_filter_scalar *s)
{
	const struct gw_filter_value *v = &f->value[t->first];

	if (s->type != v->type)
		return false;
	if (t->has_low) {
		int order = order_of(s, v++);
		if (order < 0 || (order == 0 && t->low_open))
			return false;
	}
	if (t->has_high) {
		int order = order_of(s, v);
		if (order > 0 || (order == 0 && t->high_open))
			return false;
	}
	return true;
}

bool gw_filter_holds(const struct gw_filter *f, const struct gw_filter_test *t,
    const struct gw_filter_scalar *s)
{
	if (t->is_range)
		return in_range(f, t, s);
	for (uint16_t i = 0; i < t->count; i++) {
		if (equals(s, &f->value[t->first + i]))
			return true;
	}
	return false;
}
