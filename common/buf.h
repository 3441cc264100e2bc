/* SPDX-License-Identifier: Apache-2.0 */
/* A growable byte buffer owned by its user. */
#ifndef SL_BUF_H
#define SL_BUF_H

#include <stdarg.h>
#include <stddef.h>

/*
 * All zeroes is an empty buffer.  data[0..len) is valid and stays where it is
 * until the next call that grows.  When memory runs out the process aborts:
 * every buffer here is bounded by its caller, so that is a defect.
 */
struct sl_buf {
	char *data;
	size_t len;
	size_t cap;
};

/* sl_buf_clear frees the memory and leaves an empty buffer. */
void sl_buf_clear(struct sl_buf *buf);

/* sl_buf_reset empties the buffer and keeps its memory. */
static inline void sl_buf_reset(struct sl_buf *buf)
{
	buf->len = 0;
}

/* sl_buf_reserve makes room for n more bytes and returns where they go. */
char *sl_buf_reserve(struct sl_buf *buf, size_t n);

/* sl_buf_add appends n bytes. */
void sl_buf_add(struct sl_buf *buf, const void *data, size_t n);

/* sl_buf_adds appends a C string without its NUL. */
void sl_buf_adds(struct sl_buf *buf, const char *text);

/* sl_buf_addc appends one byte. */
void sl_buf_addc(struct sl_buf *buf, char c);

/* sl_buf_addf appends formatted text. */
void sl_buf_addf(struct sl_buf *buf, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* sl_buf_drop removes the first n bytes (at most len). */
void sl_buf_drop(struct sl_buf *buf, size_t n);

/*
 * sl_buf_text returns the contents as a C string: a NUL is kept behind the
 * data and is not part of len.  Valid until the buffer changes.
 */
const char *sl_buf_text(struct sl_buf *buf);

#endif
