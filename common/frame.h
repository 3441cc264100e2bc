/* SPDX-License-Identifier: Apache-2.0 */
/* Immutable bytes that many connections send: rendered once, shared by count. */
#ifndef SL_FRAME_H
#define SL_FRAME_H

#include <stddef.h>
#include <stdint.h>

/*
 * The count is not atomic: frames belong to one loop's thread.  data never
 * changes once the frame is shared.
 */
struct sl_frame {
	uint32_t refs;
	uint32_t len;
	char data[];
};

/*
 * sl_frame_new returns a frame with one reference and a copy of len bytes;
 * with data NULL the bytes are for the caller to fill before sharing it.
 * Aborts when memory runs out.
 */
struct sl_frame *sl_frame_new(const void *data, size_t len);

/* sl_frame_ref adds a reference and returns the frame. */
static inline struct sl_frame *sl_frame_ref(struct sl_frame *frame)
{
	frame->refs++;
	return frame;
}

/* sl_frame_unref gives a reference back; the last one frees.  Accepts NULL. */
void sl_frame_unref(struct sl_frame *frame);

#endif
