/* SPDX-License-Identifier: Apache-2.0 */
/* Raw deflate (RFC 1951) of whole messages: the one place that knows zlib. */
#ifndef SL_ZIP_H
#define SL_ZIP_H

#include <stddef.h>
#include <stdint.h>

#include "buf.h"

/* The window that is compressed with: what most clients ask for at most. */
#define SL_ZIP_WINDOW_BITS 12

/* Windows that RFC 7692 can name. */
#define SL_ZIP_WINDOW_BITS_MIN 8
#define SL_ZIP_WINDOW_BITS_MAX 15

/* Every flushed piece ends with these: an empty stored block's length. */
#define SL_ZIP_TAIL     "\0\0\xff\xff"
#define SL_ZIP_TAIL_LEN 4

/*
 * One compressor and one decompressor, each made when it is first needed: for
 * a process, not for a connection.  Nothing is remembered from one message to
 * the next.  Not thread-safe.
 */
struct sl_zip;

struct sl_zip *sl_zip_new(void);

/* sl_zip_free frees it; accepts NULL. */
void sl_zip_free(struct sl_zip *zip);

/*
 * sl_zip_deflate appends data as deflate blocks that end on a byte's border
 * with SL_ZIP_TAIL.  No block is the last one, and none refers to anything
 * before data, so such pieces can follow each other in any stream.  Distances
 * stay within a window of window_bits (8 to 15).  Never fails; aborts when
 * memory runs out.
 */
void sl_zip_deflate(struct sl_zip *zip, const void *data, size_t len, int window_bits,
    struct sl_buf *out);

/*
 * sl_zip_inflate appends what a message of RFC 7692 (without its tail) stands
 * for, at most max bytes.  Returns 0, SL_ETOOBIG as soon as there is more, or
 * SL_EMALFORMED; out then holds a part of it.
 */
int sl_zip_inflate(
    struct sl_zip *zip, const void *data, size_t len, size_t max, struct sl_buf *out);

/*
 * sl_zip_stored appends data as a stored block that is not the last one (5 bytes
 * more for each 65,535), beginning at a byte's border.
 */
void sl_zip_stored(const void *data, size_t len, struct sl_buf *out);

/* The check sum of gzip over bytes that are seen in pieces. */
struct sl_zip_sum {
	uint32_t crc;
	uint32_t len; /* modulo 2^32, as gzip has it */
};

/* sl_zip_sum_of returns the sum of one piece. */
struct sl_zip_sum sl_zip_sum_of(const void *data, size_t len);

/* sl_zip_sum_add makes sum that of its bytes followed by those of next. */
void sl_zip_sum_add(struct sl_zip_sum *sum, const struct sl_zip_sum *next);

/* sl_zip_gzip_begin appends a member's header, _end its last block and trailer. */
void sl_zip_gzip_begin(struct sl_buf *out);
void sl_zip_gzip_end(const struct sl_zip_sum *sum, struct sl_buf *out);

#endif
