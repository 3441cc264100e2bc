/* SPDX-License-Identifier: Apache-2.0 */
#include "uuid.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "clock.h"
#include "error.h"

/*
 * Layout (RFC 9562): 48 bits of milliseconds, version, 12 bits of counter,
 * variant, 62 random bits.  The counter starts at a random value in its lower
 * half in each millisecond and grows by one; where it would overflow, the
 * millisecond is counted ahead instead.
 */
struct uuid_state {
	uint64_t ms;
	uint16_t counter;
	uint8_t pool[512];
	size_t pool_left;
};

static _Thread_local struct uuid_state state;

static void take_random(uint8_t *out, size_t n)
{
	if (state.pool_left < n) {
		if (getrandom(state.pool, sizeof state.pool, 0) !=
		    (ssize_t)sizeof state.pool)
			abort();
		state.pool_left = sizeof state.pool;
	}
	state.pool_left -= n;
	memcpy(out, state.pool + state.pool_left, n);
}

void sl_uuid_make(uint8_t out[SL_UUID_BYTES])
{
	uint64_t now = (uint64_t)(sl_clock_wall_ns() / SL_NS_PER_MS);
	uint8_t seed[2];

	if (now > state.ms || state.counter == 0xfff) {
		state.ms = now > state.ms ? now : state.ms + 1;
		take_random(seed, sizeof seed);
		state.counter = (uint16_t)((seed[0] << 8 | seed[1]) & 0x7ff);
	} else {
		state.counter++;
	}
	for (int i = 0; i < 6; i++)
		out[i] = (uint8_t)(state.ms >> (40 - 8 * i));
	out[6] = (uint8_t)(0x70 | state.counter >> 8);
	out[7] = (uint8_t)state.counter;
	take_random(out + 8, 8);
	out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}

void sl_uuid_format(const uint8_t id[SL_UUID_BYTES], char out[SL_UUID_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (int i = 0; i < SL_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[id[i] >> 4];
		*p++ = digits[id[i] & 0xf];
	}
	*p = '\0';
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int sl_uuid_parse(const char *text, size_t len, uint8_t out[SL_UUID_BYTES])
{
	if (len != SL_UUID_TEXT - 1)
		return SL_EMALFORMED;
	for (size_t i = 0, n = 0; i < len; i++) {
		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (text[i] != '-')
				return SL_EMALFORMED;
			continue;
		}
		int high = digit(text[i]), low = digit(text[i + 1]);
		if (high < 0 || low < 0)
			return SL_EMALFORMED;
		out[n++] = (uint8_t)(high << 4 | low);
		i++;
	}
	return 0;
}
