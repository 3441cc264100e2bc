/* SPDX-License-Identifier: Apache-2.0 */
#include "http_problem.h"

#include <stdio.h>

#include "http_response.h"
#include "json_out.h"

static void add_text(struct sl_json_out *w, const char *key, const char *text)
{
	sl_json_out_key(w, key);
	sl_json_out_text(w, text);
}

static const char *title_of(const struct sl_http_problem *problem)
{
	return problem->title ? problem->title : sl_http_response_reason(problem->status);
}

void sl_http_problem_json(
    struct sl_buf *out, const struct sl_http_problem *problem, const char *request_id)
{
	struct sl_json_out w;
	char type[96];

	snprintf(type, sizeof type, "/problems/%s", problem->name);
	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	add_text(&w, "type", type);
	add_text(&w, "title", title_of(problem));
	sl_json_out_key(&w, "status");
	sl_json_out_int(&w, problem->status);
	if (problem->detail)
		add_text(&w, "detail", problem->detail);
	add_text(&w, "request_id", request_id);
	sl_json_out_object_end(&w);
}

/* A quoted string of RFC 9110 has no quotes or backslashes of its own here. */
static void challenge(struct sl_http_request *request, const struct sl_http_problem *p)
{
	char text[160];
	size_t n = 0;

	for (const char *s = p->detail ? p->detail : ""; *s && n < sizeof text - 1; s++)
		text[n++] =
		    *s == '"' || *s == '\\' || (unsigned char)*s >= 0x7f ? '\'' : *s;
	text[n] = '\0';
	if (!p->bearer_error)
		sl_http_response_header(
		    request, "WWW-Authenticate", "Bearer realm=\"sightline\"");
	else
		sl_http_response_headerf(request, "WWW-Authenticate",
		    "Bearer realm=\"sightline\", error=\"%s\", error_description=\"%s\"",
		    p->bearer_error, text);
}

void sl_http_problem_send(
    struct sl_http_request *request, const struct sl_http_problem *problem)
{
	struct sl_buf body = {0};

	sl_http_problem_json(&body, problem, request->id);
	sl_http_response_begin(request, problem->status);
	if (problem->status == 401 || (problem->status == 403 && problem->bearer_error))
		challenge(request, problem);
	if (problem->allow)
		sl_http_response_header(request, "Allow", problem->allow);
	if (problem->status == 426) {
		/* RFC 9110, 15.5.22; RFC 6455, 4.4. */
		sl_http_response_header(request, "Upgrade", "websocket");
		sl_http_response_header(request, "Sec-WebSocket-Version", "13");
	}
	if (problem->retry_after_s > 0)
		sl_http_response_headerf(
		    request, "Retry-After", "%d", problem->retry_after_s);
	sl_http_response_header(request, "Cache-Control", "no-store");
	sl_http_response_end(request, "application/problem+json", body.data, body.len);
	sl_buf_clear(&body);
}
