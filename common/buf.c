/* SPDX-License-Identifier: Apache-2.0 */
#include "buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sl_buf_clear(struct sl_buf *buf)
{
	free(buf->data);
	*buf = (struct sl_buf){0};
}

char *sl_buf_reserve(struct sl_buf *buf, size_t n)
{
	if (n > SIZE_MAX / 2 - buf->len)
		abort();
	size_t want = buf->len + n;
	if (want > buf->cap) {
		size_t cap = buf->cap ? buf->cap : 64;
		while (cap < want)
			cap *= 2;
		char *data = realloc(buf->data, cap);
		if (!data)
			abort();
		buf->data = data;
		buf->cap = cap;
	}
	return buf->data + buf->len;
}

void sl_buf_add(struct sl_buf *buf, const void *data, size_t n)
{
	if (n == 0)
		return;
	memcpy(sl_buf_reserve(buf, n), data, n);
	buf->len += n;
}

void sl_buf_adds(struct sl_buf *buf, const char *text)
{
	sl_buf_add(buf, text, strlen(text));
}

void sl_buf_addc(struct sl_buf *buf, char c)
{
	*sl_buf_reserve(buf, 1) = c;
	buf->len++;
}

void sl_buf_addf(struct sl_buf *buf, const char *fmt, ...)
{
	va_list ap;

	/* Tells gcc what UBSan's own check hides from -Wformat-truncation. */
	if (fmt == NULL)
		abort();
	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		abort();
	char *at = sl_buf_reserve(buf, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)n;
}

void sl_buf_drop(struct sl_buf *buf, size_t n)
{
	if (n >= buf->len) {
		buf->len = 0;
		return;
	}
	memmove(buf->data, buf->data + n, buf->len - n);
	buf->len -= n;
}

const char *sl_buf_text(struct sl_buf *buf)
{
	*sl_buf_reserve(buf, 1) = '\0';
	return buf->data;
}
