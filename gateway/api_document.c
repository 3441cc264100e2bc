/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"
#include "asyncapi.h"
#include "openapi.h"

/* The tables are constants and websocket_path is read at the start: made once. */
static void answer(struct gw_call *call, struct sl_buf *text,
    void (*write)(struct sl_buf *out, const char *websocket_path))
{
	if (text->len == 0)
		write(text, call->gw->config->websocket_path);
	sl_http_response_begin(call->request, 200);
	sl_http_response_header(call->request, "Cache-Control", "public, max-age=300");
	sl_http_response_end(call->request, "application/json", text->data, text->len);
}

void gw_api_openapi(struct gw_call *call)
{
	static struct sl_buf text;

	answer(call, &text, gw_openapi_write);
}

void gw_api_asyncapi(struct gw_call *call)
{
	static struct sl_buf text;

	answer(call, &text, gw_asyncapi_write);
}
