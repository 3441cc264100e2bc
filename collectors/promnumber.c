/* SPDX-License-Identifier: Apache-2.0 */
#include "promnumber.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "error.h"

#define NUMBER_MAX 128

/* Times that 64 bits of nanoseconds can say. */
#define TIME_MS_MAX 9223372036854LL

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Whether text is a decimal number: strtod(3) would take more than the formats do. */
static bool is_decimal(struct sl_slice text)
{
	const char *at = text.data, *end = at + text.len;
	size_t digits = 0;

	if (at < end && (*at == '+' || *at == '-'))
		at++;
	for (; at < end && is_digit(*at); at++)
		digits++;
	if (at < end && *at == '.')
		for (at++; at < end && is_digit(*at); at++)
			digits++;
	if (digits == 0)
		return false;
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if (at == end || !is_digit(*at))
			return false;
		while (at < end && is_digit(*at))
			at++;
	}
	return at == end;
}

static bool same_word(struct sl_slice text, const char *word)
{
	return text.len == strlen(word) && strncasecmp(text.data, word, text.len) == 0;
}

/* NaN and the infinities; false if it is no such word. */
static bool read_word(struct sl_slice text, double *out)
{
	struct sl_slice rest = text;
	bool negative = false;

	if (same_word(text, "nan")) {
		*out = NAN;
		return true;
	}
	if (rest.len > 0 && (*rest.data == '+' || *rest.data == '-')) {
		negative = *rest.data == '-';
		rest.data++;
		rest.len--;
	}
	if (!same_word(rest, "inf") && !same_word(rest, "infinity"))
		return false;
	*out = negative ? -INFINITY : INFINITY;
	return true;
}

/*
 * Up to 15 digits without an exponent are exact in a double, and so are the
 * powers of ten below: one division rounds once, which is what strtod does.
 */
static bool read_short(struct sl_slice text, double *out)
{
	static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	    1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	bool negative = text.len > 0 && *text.data == '-';
	size_t at = negative ? 1 : 0, fraction = 0, digits = 0;
	uint64_t number = 0;
	bool point = false;

	if (text.len > 17)
		return false;
	for (; at < text.len; at++) {
		char c = text.data[at];
		if (c == '.' && !point) {
			point = true;
			continue;
		}
		if (!is_digit(c))
			return false;
		number = number * 10 + (uint64_t)(c - '0');
		digits++;
		fraction += point;
	}
	if (digits == 0 || digits > 15)
		return false;
	double value = (double)number / power[fraction];
	*out = negative ? -value : value;
	return true;
}

int col_promnumber_read(struct sl_slice text, double *out)
{
	char copy[NUMBER_MAX];

	if (read_short(text, out))
		return 0;
	if (text.len == 0 || text.len >= sizeof(copy))
		return SL_EMALFORMED;
	if (!is_decimal(text))
		return read_word(text, out) ? 0 : SL_EMALFORMED;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*out = strtod(copy, NULL);
	return 0;
}

int col_promnumber_milliseconds(struct sl_slice text, int64_t *time_ns)
{
	size_t at = text.len > 0 && (*text.data == '-' || *text.data == '+') ? 1 : 0;
	int64_t ms = 0;

	if (at == text.len)
		return SL_EMALFORMED;
	for (; at < text.len; at++) {
		if (!is_digit(text.data[at]))
			return SL_EMALFORMED;
		ms = ms * 10 + (text.data[at] - '0');
		if (ms > TIME_MS_MAX)
			return SL_EMALFORMED;
	}
	*time_ns = (*text.data == '-' ? -ms : ms) * SL_NS_PER_MS;
	return 0;
}

int col_promnumber_seconds(struct sl_slice text, int64_t *time_ns)
{
	double seconds;

	if (col_promnumber_read(text, &seconds) != 0 ||
	    !(fabs(seconds) < (double)(TIME_MS_MAX / 1000)))
		return SL_EMALFORMED;
	/* In two parts, as a double has no room for nanoseconds since 1970. */
	double whole = floor(seconds);
	*time_ns = (int64_t)whole * SL_NS_PER_S +
		   (int64_t)((seconds - whole) * (double)SL_NS_PER_S);
	return 0;
}
