/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include <string.h>

#include "cors.h"
#include "http_problem.h"
#include "static.h"
#include "ticket.h"
#include "url.h"
#include "ws_handshake.h"

static bool match(const char *pattern, struct sl_slice path, struct sl_slice *param)
{
	const char *brace = strchr(pattern, '{');

	if (!brace)
		return strlen(pattern) == path.len &&
		       memcmp(pattern, path.data, path.len) == 0;
	size_t head = (size_t)(brace - pattern);
	const char *tail = strchr(brace, '}') + 1;
	size_t tail_len = strlen(tail);
	if (path.len <= head + tail_len || memcmp(pattern, path.data, head) != 0 ||
	    memcmp(tail, path.data + path.len - tail_len, tail_len) != 0)
		return false;
	*param = (struct sl_slice){path.data + head, path.len - head - tail_len};
	return !memchr(param->data, '/', param->len);
}

/* The methods that a path takes, and the route of the one that was sent. */
static unsigned find(const struct gateway *gw, const struct sl_http_request *request,
    const struct gw_route **route, struct sl_slice *param)
{
	unsigned method = request->method == SL_HTTP_HEAD ? SL_HTTP_GET : request->method;
	unsigned methods = 0;
	const struct gw_route *at;

	for (size_t i = 0; (at = gw_route_at(i)); i++) {
		if (!match(gw_route_path(at, gw->config->websocket_path), request->path,
			param))
			continue;
		if ((at->flags & GW_ROUTE_ROOT) && !sl_ws_handshake_wanted(request))
			continue;
		methods |= at->methods;
		if (at->methods & method)
			*route = at;
		if (methods & method)
			return methods;
	}
	return methods;
}

static void list_methods(unsigned methods, char *out, size_t size)
{
	static const struct {
		unsigned bit;
		const char *names;
	} all[] = {{SL_HTTP_GET, "GET, HEAD"}, {SL_HTTP_POST, "POST"},
	    {SL_HTTP_PUT, "PUT"}, {SL_HTTP_DELETE, "DELETE"}};
	struct sl_buf text = {0};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (methods & all[i].bit)
			sl_buf_addf(&text, "%s, ", all[i].names);
	}
	sl_buf_addf(&text, "OPTIONS");
	size_t len = text.len < size - 1 ? text.len : size - 1;
	memcpy(out, text.data, len);
	out[len] = '\0';
	sl_buf_clear(&text);
}

static void answer_methods(struct gw_call *call, unsigned methods)
{
	char allow[64];

	list_methods(methods, allow, sizeof allow);
	if (gw_cors_preflight(call, allow))
		return;
	if (call->request->method == SL_HTTP_OPTIONS) {
		sl_http_response_begin(call->request, 204);
		sl_http_response_header(call->request, "Allow", allow);
		sl_http_response_end(call->request, NULL, NULL, 0);
		return;
	}
	struct sl_http_problem problem = {.status = 405,
	    .name = "method-not-allowed",
	    .detail = "this path does not take this method",
	    .allow = allow};
	sl_http_problem_send(call->request, &problem);
}

static bool permitted(struct gw_call *call)
{
	const struct gw_route *route = call->route;
	const struct gw_identity *who = call->who;
	const struct sl_catalog *catalog = gw_mirror_catalog(call->gw->hub.mirror);

	if ((who->may & route->rights) != route->rights) {
		gw_call_problem(call, 403, "forbidden", "the role %s may not do this",
		    who->role->name);
		return false;
	}
	if ((route->flags & GW_ROUTE_DEFAULT) && !gw_identity_is_default(who)) {
		gw_call_problem(
		    call, 403, "forbidden", "this is for the default tenant only");
		return false;
	}
	if ((route->flags & GW_ROUTE_ALL) &&
	    who->modules != sl_catalog_all_modules(catalog)) {
		gw_call_problem(call, 403, "forbidden",
		    "this is for roles that may read every module");
		return false;
	}
	return true;
}

/* A parameter that cannot be read must not look as if it were absent. */
static bool query_readable(struct gw_call *call)
{
	struct sl_url_query it;
	struct sl_slice name, value;
	struct sl_buf scratch = {0};
	int rc;

	if (call->request->query.len == 0)
		return true;
	sl_url_query_begin(&it, call->request->query.data, call->request->query.len);
	do
		rc = sl_url_query_next(&it, &scratch, &name, &value);
	while (rc == 1);
	sl_buf_clear(&scratch);
	if (rc == 0)
		return true;
	gw_call_problem(call, 400, "bad-request", "the query has a broken escape");
	return false;
}

static void run(struct gw_call *call)
{
	unsigned flags = call->route->flags;

	if (!query_readable(call))
		return;
	bool is_public = (flags & GW_ROUTE_PUBLIC) ||
			 ((flags & GW_ROUTE_LOCAL) && gw_call_local(call));

	if (!is_public && gw_ticket_pending(call)) {
		gw_ticket_spend(call);
		return;
	}
	if (flags & GW_ROUTE_UPGRADE) {
		call->route->handler(call);
		return;
	}
	if (!(flags & GW_ROUTE_ALWAYS) && !gw_follow_ready(call->gw->follow)) {
		gw_call_problem(call, 503, "starting",
		    "the gateway waits for the aggregator's first state");
		return;
	}
	if (is_public ||
	    (gw_call_signin(call) && ((flags & GW_ROUTE_STREAM) || gw_call_count(call)) &&
		permitted(call)))
		call->route->handler(call);
}

static void handle(struct gw_call *call)
{
	struct sl_http_request *request = call->request;
	unsigned methods = find(call->gw, request, &call->route, &call->param);
	bool reads = request->method == SL_HTTP_GET || request->method == SL_HTTP_HEAD;

	if (request->extra.len == 0)
		gw_cors_begin(call);
	if (call->route)
		run(call);
	else if (methods)
		answer_methods(call, methods);
	else if (!gw_static_has(call->gw->files, request->path))
		gw_call_problem(call, 404, "not-found", "there is nothing at this path");
	else if (!reads)
		answer_methods(call, SL_HTTP_GET);
	else
		gw_static_serve(call);
	gw_call_clear(call);
}

void gw_route_handle(void *arg, struct sl_http_request *request)
{
	struct gw_call call = {.gw = arg, .request = request};

	handle(&call);
}

void gw_route_again(struct gateway *gw, struct sl_http_request *request,
    enum gw_admission admission, struct gw_user *placed)
{
	struct gw_call call = {.gw = gw, .request = request, .admission = admission};

	if (placed) {
		placed->refs++;
		call.placed = placed;
	}
	handle(&call);
}
