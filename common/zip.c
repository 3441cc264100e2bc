/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Design notes.  What is compressed here is shared by many connections, so
 * nothing may depend on what one of them got before: the compressor is reset
 * before each message, which costs clearing its hash table.  Therefore the
 * table is small (memory level 5: 8 KiB) and the window 4 KiB: JSON of our
 * size loses 1 or 2 % of its ratio by that and a message takes half the time.
 *
 * A smaller window than the compressor's is honoured by a full flush after each
 * window's worth of input: behind it nothing refers to anything before it.
 */
#define ZLIB_CONST
#include "zip.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "error.h"

#define LEVEL        6
#define MEMORY_LEVEL 5

/* Last blocks that one message may have: each starts the decompressor anew. */
#define FINALS_MAX 16

/* Output grows by this much at a time, so that a bomb is noticed early. */
#define STEP_BYTES (16u * 1024u)

#define HISTORY_BYTES (1u << SL_ZIP_WINDOW_BITS_MAX)
#define STORED_MAX    65535u

struct sl_zip {
	z_stream deflate;
	z_stream inflate;
	bool can_deflate;
	bool can_inflate;
};

struct sl_zip *sl_zip_new(void)
{
	struct sl_zip *zip = calloc(1, sizeof *zip);

	if (!zip)
		abort();
	return zip;
}

void sl_zip_free(struct sl_zip *zip)
{
	if (!zip)
		return;
	if (zip->can_deflate)
		deflateEnd(&zip->deflate);
	if (zip->can_inflate)
		inflateEnd(&zip->inflate);
	free(zip);
}

/* ---- compressing --------------------------------------------------------------- */

static void deflate_piece(
    z_stream *z, const char *data, size_t len, int flush, struct sl_buf *out)
{
	z->next_in = (const Bytef *)data;
	z->avail_in = (uInt)len;
	do {
		size_t room = len / 2 + 64;
		z->next_out = (Bytef *)sl_buf_reserve(out, room);
		z->avail_out = (uInt)room;
		if (deflate(z, flush) == Z_STREAM_ERROR)
			abort();
		out->len += room - z->avail_out;
	} while (z->avail_out == 0);
}

void sl_zip_deflate(
    struct sl_zip *zip, const void *data, size_t len, int window_bits, struct sl_buf *out)
{
	const char *p = data;
	size_t step = INT_MAX / 2;

	if (!zip->can_deflate) {
		if (deflateInit2(&zip->deflate, LEVEL, Z_DEFLATED, -SL_ZIP_WINDOW_BITS,
			MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
			abort();
		zip->can_deflate = true;
	} else {
		deflateReset(&zip->deflate);
	}
	if (window_bits < SL_ZIP_WINDOW_BITS)
		step = (size_t)1 << window_bits;
	for (; len > step; len -= step, p += step)
		deflate_piece(&zip->deflate, p, step, Z_FULL_FLUSH, out);
	deflate_piece(&zip->deflate, p, len, Z_SYNC_FLUSH, out);
}

void sl_zip_stored(const void *data, size_t len, struct sl_buf *out)
{
	const char *p = data;

	while (len > 0) {
		unsigned n = len < STORED_MAX ? (unsigned)len : STORED_MAX;
		const char head[5] = {0, (char)(n & 255), (char)(n >> 8),
		    (char)(~n & 255), (char)(~n >> 8 & 255)};
		sl_buf_add(out, head, sizeof head);
		sl_buf_add(out, p, n);
		p += n;
		len -= n;
	}
}

/* ---- decompressing ------------------------------------------------------------- */

/* Bits of data_type: what the decompressor stands at after a call. */
#define AT_BLOCK_END 128

/*
 * Takes all of the input; *ended says whether a last block ended exactly there.
 * What follows a last block goes on with the same window (RFC 7692, 7.2.3.5).
 */
static int take(z_stream *z, size_t from, size_t max, bool *ended, struct sl_buf *out)
{
	int result = Z_OK, finals = 0;

	while (result != Z_STREAM_END || z->avail_in > 0) {
		size_t have = out->len - from;
		size_t room = max - have < STEP_BYTES ? max - have + 1 : STEP_BYTES;
		if (result == Z_STREAM_END) {
			size_t known = have < HISTORY_BYTES ? have : HISTORY_BYTES;
			if (++finals > FINALS_MAX || inflateReset(z) != Z_OK)
				return SL_EMALFORMED;
			if (known > 0)
				inflateSetDictionary(z,
				    (const Bytef *)out->data + out->len - known,
				    (uInt)known);
		}
		z->next_out = (Bytef *)sl_buf_reserve(out, room);
		z->avail_out = (uInt)room;
		result = inflate(z, Z_SYNC_FLUSH);
		out->len += room - z->avail_out;
		if (out->len - from > max)
			return SL_ETOOBIG;
		if (result == Z_BUF_ERROR || (result == Z_OK && z->avail_out > 0))
			break; /* it has no more to give */
		if (result != Z_OK && result != Z_STREAM_END)
			return SL_EMALFORMED;
	}
	*ended = result == Z_STREAM_END;
	return z->avail_in == 0 ? 0 : SL_EMALFORMED;
}

int sl_zip_inflate(
    struct sl_zip *zip, const void *data, size_t len, size_t max, struct sl_buf *out)
{
	z_stream *z = &zip->inflate;
	size_t from = out->len;
	bool ended = false;

	if (!zip->can_inflate) {
		if (inflateInit2(z, -SL_ZIP_WINDOW_BITS_MAX) != Z_OK)
			abort();
		zip->can_inflate = true;
	} else {
		inflateReset(z);
	}
	if (len > UINT_MAX)
		return SL_ETOOBIG;
	z->next_in = data;
	z->avail_in = (uInt)len;
	int error = len > 0 ? take(z, from, max, &ended, out) : 0;
	/* Some senders end with a last block and leave out what RFC 7692 adds. */
	if (error || ended)
		return error;
	z->next_in = (const Bytef *)SL_ZIP_TAIL;
	z->avail_in = SL_ZIP_TAIL_LEN;
	error = take(z, from, max, &ended, out);
	if (error)
		return error;
	return z->data_type & AT_BLOCK_END ? 0 : SL_EMALFORMED;
}

/* ---- gzip ------------------------------------------------------------------------ */

struct sl_zip_sum sl_zip_sum_of(const void *data, size_t len)
{
	return (struct sl_zip_sum){
	    .crc = (uint32_t)crc32_z(0, data, len), .len = (uint32_t)len};
}

void sl_zip_sum_add(struct sl_zip_sum *sum, const struct sl_zip_sum *next)
{
	sum->crc = (uint32_t)crc32_combine(sum->crc, next->crc, (z_off_t)next->len);
	sum->len += next->len;
}

void sl_zip_gzip_begin(struct sl_buf *out)
{
	/* Deflate, no name, no time, unknown system (RFC 1952). */
	sl_buf_add(out, "\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
}

static void add_little(struct sl_buf *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		sl_buf_addc(out, (char)(value >> (8 * i) & 255));
}

void sl_zip_gzip_end(const struct sl_zip_sum *sum, struct sl_buf *out)
{
	sl_buf_add(out, "\x03\0", 2); /* an empty last block */
	add_little(out, sum->crc);
	add_little(out, sum->len);
}
