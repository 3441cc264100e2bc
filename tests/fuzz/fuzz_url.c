/* SPDX-License-Identifier: Apache-2.0 */
/* Paths never leave the root, queries end, hosts and addresses read in bounds. */
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "http_host.h"
#include "url.h"
#include "utf8.h"

static void check_path(const char *text, size_t size)
{
	struct sl_buf path = {0}, encoded = {0}, again = {0};

	if (sl_url_path(&path, text, size) == 0) {
		const char *p = sl_buf_text(&path);
		if (p[0] != '/' || strlen(p) != path.len || strstr(p, "//") ||
		    strstr(p, "/../") || strstr(p, "/./") || strchr(p, '\\') ||
		    !sl_utf8_valid(p, path.len))
			abort();
		if (path.len >= 3 && strcmp(p + path.len - 3, "/..") == 0)
			abort();
		/* Encoding what was decoded gives the same path: decoded exactly once. */
		for (size_t i = 0; i < path.len; i++)
			if (p[i] == '/')
				sl_buf_addc(&encoded, '/');
			else
				sl_url_encode(&encoded, p + i, 1);
		if (sl_url_path(&again, encoded.data, encoded.len) != 0 ||
		    again.len != path.len || memcmp(again.data, p, path.len) != 0)
			abort();
	}
	sl_buf_clear(&path);
	sl_buf_clear(&encoded);
	sl_buf_clear(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_url_query it;
	struct sl_buf scratch = {0};
	struct sl_slice name, value;
	struct sl_addr addr;

	if (size == 0)
		return 0;
	char *text = malloc(size);
	memcpy(text, data, size);
	check_path(text, size);
	sl_url_query_begin(&it, text, size);
	for (size_t n = 0; sl_url_query_next(&it, &scratch, &name, &value) == 1; n++)
		if (n > size || name.len + value.len > size)
			abort();
	sl_buf_reset(&scratch);
	sl_url_query_get(&scratch, text, size, "a");
	sl_buf_clear(&scratch);
	sl_http_host_valid(text, size);
	const char *at = text;
	if (sl_http_host_cut(&at, text + size, &value) && (at < text || at > text + size))
		abort();
	sl_addr_parse(&addr, text, size);
	free(text);
	return 0;
}
