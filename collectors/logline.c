/* SPDX-License-Identifier: Apache-2.0 */
#include "logline.h"

#include <string.h>

bool col_logline_next(
    const char *data, size_t len, size_t max, bool skip, struct col_logline *out)
{
	const char *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t text = end != NULL ? (size_t)(end - data) : len;

	*out = (struct col_logline){.used = end != NULL ? text + 1 : text};
	if (skip) {
		out->skipped = true;
		out->skip = end == NULL;
		return len > 0;
	}
	if (text > max) {
		/* What is beyond the bound is not looked at, so it need not be there. */
		out->cut = true;
		out->skip = end == NULL;
		text = max;
	} else if (end == NULL) {
		return false;
	} else if (text > 0 && data[text - 1] == '\r') {
		text--;
	}
	out->text = (struct sl_slice){data, text};
	return true;
}
