/* SPDX-License-Identifier: Apache-2.0 */
#include "entry.h"

#include <string.h>

static const char *const stream_names[SL_STREAM_COUNT] = {
#define X(name, value, text) [value] = text,
    SL_STREAM_TABLE(X)
#undef X
};

const char *sl_stream_name(int stream)
{
	return stream >= 0 && stream < SL_STREAM_COUNT ? stream_names[stream] : "?";
}

int sl_stream_parse(const char *name, size_t len)
{
	for (int i = 0; i < SL_STREAM_COUNT; i++)
		if (strlen(stream_names[i]) == len &&
		    memcmp(stream_names[i], name, len) == 0)
			return i;
	return -1;
}
