/* SPDX-License-Identifier: Apache-2.0 */
/* A cursor of a client: what is accepted is the canonical text of its value. */
#include <stdlib.h>
#include <string.h>

#include "cursor.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct sl_cursor cursor;
	char again[SL_CURSOR_LONG];

	if (sl_cursor_parse((const char *)data, size, &cursor) == 0) {
		if (size == SL_CURSOR_LONG)
			sl_cursor_format_long(&cursor, again);
		else
			sl_cursor_format(&cursor, again);
		if (memcmp(again, data, size) != 0)
			abort();
	}
	return 0;
}
