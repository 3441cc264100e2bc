/* SPDX-License-Identifier: Apache-2.0 */
/* Any two Sec-WebSocket-Extensions fields: what is agreed on is always possible. */
#include <stdlib.h>
#include <string.h>

#include "ws_extension.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sl_http_request request;
	struct sl_ws_extension chosen, again;
	char text[SL_WS_EXTENSION_TEXT];
	char *copy = malloc(size + 1);
	char *line = memcpy(copy, data, size);
	char *second = memchr(line, '\n', size);

	request.field_count = second ? 2 : 1;
	request.fields[0].name = request.fields[1].name =
	    (struct sl_slice){"Sec-WebSocket-Extensions", 24};
	request.fields[0].value =
	    (struct sl_slice){line, second ? (size_t)(second - line) : size};
	if (second)
		request.fields[1].value =
		    (struct sl_slice){second + 1, size - (size_t)(second + 1 - line)};
	if (sl_ws_extension_choose(&request, &chosen) == 0) {
		if (chosen.deflate && (chosen.window_bits < 8 || chosen.window_bits > 15))
			abort();
		sl_ws_extension_text(&chosen, text);
		if (chosen.deflate != (*text != '\0') || strlen(text) >= sizeof text)
			abort();
		/* Our answer is an offer that we would take as it stands. */
		request.field_count = 1;
		request.fields[0].value = (struct sl_slice){text, strlen(text)};
		if (sl_ws_extension_choose(&request, &again) ||
		    again.deflate != chosen.deflate ||
		    again.window_bits != chosen.window_bits)
			abort();
	}
	free(copy);
	return 0;
}
