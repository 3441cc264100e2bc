/* SPDX-License-Identifier: Apache-2.0 */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

struct sl_frame *sl_frame_new(const void *data, size_t len)
{
	struct sl_frame *frame = NULL;

	if (len <= UINT32_MAX)
		frame = malloc(sizeof *frame + len);
	if (!frame)
		abort();
	frame->refs = 1;
	frame->len = (uint32_t)len;
	if (data && len > 0)
		memcpy(frame->data, data, len);
	return frame;
}

void sl_frame_unref(struct sl_frame *frame)
{
	if (frame && --frame->refs == 0)
		free(frame);
}
