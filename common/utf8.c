/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State between pieces: bits 0-7 the smallest and 8-15 the largest byte that may
 * come next, bits 16-17 how many continuation bytes are still to come.  Only
 * the first continuation byte has bounds of its own (no overlong forms, no
 * surrogates, nothing past U+10FFFF).
 */
#include "utf8.h"

#include <string.h>

#define STATE(left, low, high) ((uint32_t)(left) << 16 | (uint32_t)(high) << 8 | (low))

static uint32_t lead(uint8_t c)
{
	if (c < 0x80)
		return SL_UTF8_START;
	if (c < 0xc2)
		return SL_UTF8_BROKEN;
	if (c < 0xe0)
		return STATE(1, 0x80, 0xbf);
	if (c == 0xe0)
		return STATE(2, 0xa0, 0xbf);
	if (c == 0xed)
		return STATE(2, 0x80, 0x9f);
	if (c < 0xf0)
		return STATE(2, 0x80, 0xbf);
	if (c == 0xf0)
		return STATE(3, 0x90, 0xbf);
	if (c < 0xf4)
		return STATE(3, 0x80, 0xbf);
	if (c == 0xf4)
		return STATE(3, 0x80, 0x8f);
	return SL_UTF8_BROKEN;
}

static uint32_t next(uint32_t state, uint8_t c)
{
	if (state == SL_UTF8_START)
		return lead(c);
	if (c < (state & 0xff) || c > (state >> 8 & 0xff))
		return SL_UTF8_BROKEN;
	uint32_t left = state >> 16;
	return left > 1 ? STATE(left - 1, 0x80, 0xbf) : SL_UTF8_START;
}

uint32_t sl_utf8_step(uint32_t state, const char *data, size_t len)
{
	size_t i = 0;

	if (state == SL_UTF8_BROKEN)
		return state;
	while (i < len) {
		if (state == SL_UTF8_START && len - i >= 8) {
			uint64_t word;
			memcpy(&word, data + i, 8);
			if (!(word & 0x8080808080808080ull)) {
				i += 8;
				continue;
			}
		}
		state = next(state, (uint8_t)data[i++]);
		if (state == SL_UTF8_BROKEN)
			return state;
	}
	return state;
}

bool sl_utf8_valid(const char *data, size_t len)
{
	return sl_utf8_step(SL_UTF8_START, data, len) == SL_UTF8_START;
}

int sl_utf8_char(const char *data, size_t len)
{
	uint32_t state = SL_UTF8_START;

	for (int i = 0; i < 4 && (size_t)i < len; i++) {
		state = next(state, (uint8_t)data[i]);
		if (state == SL_UTF8_BROKEN)
			return 0;
		if (state == SL_UTF8_START)
			return i + 1;
	}
	return 0;
}
