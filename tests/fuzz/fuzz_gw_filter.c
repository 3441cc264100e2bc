/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is a filter, the rest an event. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "gateway/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gw_table home;
	const char *text = (const char *)data;
	const char *line = size > 0 ? memchr(text, '\n', size) : NULL;
	size_t len = line ? (size_t)(line - text) : size;
	char error[GW_FILTER_ERROR] = "";
	struct gw_filter *filter = NULL;
	struct gw_filter *again = NULL;
	int code = gw_filter_parse(&home, text, len, &filter, error);

	if (code) {
		assert((code == SL_EMALFORMED || code == SL_ETOOBIG) && error[0]);
		assert(!filter && home.count == 0);
		return 0;
	}
	if (filter) {
		struct sl_slice form = gw_filter_text(filter);
		assert(gw_filter_parse(&home, form.data, form.len, &again, error) == 0);
		assert(again == filter);
		gw_filter_unref(again);
		/* A copy of its own, so that a read past the end is found. */
		size_t rest = line ? size - len - 1 : 0;
		char *event = malloc(rest + 1);
		assert(event);
		memcpy(event, line ? line + 1 : text, rest);
		gw_filter_match(filter, event, rest);
		free(event);
	}
	gw_filter_unref(filter);
	assert(home.count == 0);
	return 0;
}
