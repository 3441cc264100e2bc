/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the API documents for the lint and system tests. */
#include <stdio.h>
#include <string.h>

#include "gateway/asyncapi.h"
#include "gateway/openapi.h"

int main(int argc, char **argv)
{
	static const char websocket_path[] = "/api/admin/analytics/websocket";
	struct sl_buf out = {0};

	if (argc == 2 && strcmp(argv[1], "openapi") == 0) {
		gw_openapi_write(&out, websocket_path);
	} else if (argc == 2 && strcmp(argv[1], "asyncapi") == 0) {
		gw_asyncapi_write(&out, websocket_path);
	} else {
		fprintf(stderr, "usage: api_documents openapi|asyncapi\n");
		return 64;
	}
	fwrite(out.data, 1, out.len, stdout);
	sl_buf_clear(&out);
	return 0;
}
