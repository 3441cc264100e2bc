/* SPDX-License-Identifier: Apache-2.0 */
#include "cors.h"

#include <string.h>

/* What clients send and read beyond the few fields that pages may always use. */
#define GW_CORS_REQUEST                                                                  \
	"Authorization, Content-Type, Cache-Control, Last-Event-ID, If-None-Match"
#define GW_CORS_ANSWER                                                                   \
	"ETag, Retry-After, RateLimit, RateLimit-Policy, WWW-Authenticate, "             \
	"X-Request-Id, X-Reconnect-Token"
#define GW_CORS_SECONDS "7200"

static bool open_to_all(const struct sl_names *origins)
{
	for (size_t i = 0; i < origins->count; i++)
		if (strcmp(origins->name[i], "*") == 0)
			return true;
	return false;
}

void gw_cors_begin(const struct gw_call *call)
{
	struct sl_http_request *request = call->request;
	struct sl_slice origin = sl_http_request_header(request, "Origin");
	struct sl_buf text = {0};

	if (!origin.data)
		return;
	/* Caches must not give one origin's answer to another. */
	sl_http_response_extra(request, "Vary", "Origin");
	if (gw_call_origin_allowed(call)) {
		sl_buf_add(&text, origin.data, origin.len);
		sl_http_response_extra(
		    request, "Access-Control-Allow-Origin", sl_buf_text(&text));
		sl_http_response_extra(
		    request, "Access-Control-Allow-Credentials", "true");
		sl_buf_clear(&text);
	} else if (open_to_all(&call->gw->config->origins)) {
		sl_http_response_extra(request, "Access-Control-Allow-Origin", "*");
	} else {
		return;
	}
	sl_http_response_extra(request, "Access-Control-Expose-Headers", GW_CORS_ANSWER);
}

bool gw_cors_preflight(const struct gw_call *call, const char *methods)
{
	struct sl_http_request *request = call->request;

	if (request->method != SL_HTTP_OPTIONS ||
	    !sl_http_request_header(request, "Origin").data ||
	    !sl_http_request_header(request, "Access-Control-Request-Method").data)
		return false;
	sl_http_response_begin(request, 204);
	sl_http_response_header(request, "Allow", methods);
	if (gw_call_origin_allowed(call) || open_to_all(&call->gw->config->origins)) {
		sl_http_response_header(request, "Access-Control-Allow-Methods", methods);
		sl_http_response_header(
		    request, "Access-Control-Allow-Headers", GW_CORS_REQUEST);
		sl_http_response_header(
		    request, "Access-Control-Max-Age", GW_CORS_SECONDS);
	}
	sl_http_response_end(request, NULL, NULL, 0);
	return true;
}
