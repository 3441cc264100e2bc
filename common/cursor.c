/* SPDX-License-Identifier: Apache-2.0 */
/*
 * 48 bytes, big-endian: version (1), check (1), aggregator (8), epoch (8), five
 * positions (6 each).  The long form, 60 bytes, is version 2 and has the position
 * of the metrics (8) and the view (4) behind these.  Both are multiples of three,
 * so base64 needs no padding and every text is the one canonical form of its
 * cursor.
 */
#include "cursor.h"

#include <stdbool.h>
#include <string.h>

#include "error.h"

#define VERSION      1
#define VERSION_LONG 2
#define BYTES        48
#define BYTES_LONG   60
#define SEQ_BYTES    6

static const char alphabet[64] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static unsigned char *put(unsigned char *at, uint64_t value, int n)
{
	for (int i = 0; i < n; i++)
		*at++ = (unsigned char)(value >> (8 * (n - 1 - i)));
	return at;
}

static uint64_t get(const unsigned char **at, int n)
{
	uint64_t value = 0;

	for (int i = 0; i < n; i++)
		value = value << 8 | *(*at)++;
	return value;
}

/* FNV-1a over all bytes but the check itself, folded to eight bits. */
static unsigned char check_of(const unsigned char *bytes, int count)
{
	uint32_t hash = 2166136261u;

	for (int i = 0; i < count; i++)
		if (i != 1)
			hash = (hash ^ bytes[i]) * 16777619u;
	return (unsigned char)(hash ^ hash >> 8 ^ hash >> 16 ^ hash >> 24);
}

static void format(const struct sl_cursor *cursor, int version, int count, char *out)
{
	unsigned char bytes[BYTES_LONG] = {(unsigned char)version};
	unsigned char *at = bytes + 2;

	at = put(at, cursor->aggregator, 8);
	at = put(at, cursor->epoch, 8);
	for (int i = 0; i < SL_STREAM_COUNT; i++) {
		uint64_t next = cursor->next[i];

		if (next < 1)
			next = 1;
		if (next > SL_CURSOR_SEQ_MAX)
			next = SL_CURSOR_SEQ_MAX;
		at = put(at, next, SEQ_BYTES);
	}
	if (count == BYTES_LONG)
		put(put(at, cursor->metrics, 8), cursor->view, 4);
	bytes[1] = check_of(bytes, count);
	for (int i = 0; i < count; i += 3) {
		uint32_t word =
		    (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = alphabet[word >> shift & 63];
	}
}

void sl_cursor_format(const struct sl_cursor *cursor, char out[SL_CURSOR_LEN])
{
	format(cursor, VERSION, BYTES, out);
}

void sl_cursor_format_long(const struct sl_cursor *cursor, char out[SL_CURSOR_LONG])
{
	format(cursor, VERSION_LONG, BYTES_LONG, out);
}

/* The value of a character of the alphabet, -1 for any other. */
static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static int decode(const char *text, unsigned char *bytes, int count)
{
	for (int i = 0; i < count; i += 3) {
		uint32_t word = 0;

		for (int j = 0; j < 4; j++) {
			int value = value_of(*text++);

			if (value < 0)
				return SL_EMALFORMED;
			word = word << 6 | (uint32_t)value;
		}
		put(bytes + i, word, 3);
	}
	return 0;
}

int sl_cursor_parse(const char *text, size_t len, struct sl_cursor *cursor)
{
	unsigned char bytes[BYTES_LONG];
	const unsigned char *at = bytes + 2;
	struct sl_cursor read = {0};
	bool is_long = len == SL_CURSOR_LONG;
	int count = is_long ? BYTES_LONG : BYTES;

	if ((!is_long && len != SL_CURSOR_LEN) || decode(text, bytes, count) != 0 ||
	    bytes[1] != check_of(bytes, count))
		return SL_EMALFORMED;
	if (bytes[0] != (is_long ? VERSION_LONG : VERSION))
		return SL_EVERSION;
	read.aggregator = get(&at, 8);
	read.epoch = get(&at, 8);
	for (int i = 0; i < SL_STREAM_COUNT; i++) {
		read.next[i] = get(&at, SEQ_BYTES);
		if (read.next[i] < 1)
			return SL_EMALFORMED;
	}
	if (is_long) {
		read.metrics = get(&at, 8);
		read.view = (uint32_t)get(&at, 4);
	}
	*cursor = read;
	return 0;
}
