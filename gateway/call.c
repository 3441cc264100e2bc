/* SPDX-License-Identifier: Apache-2.0 */
#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "clock.h"
#include "http_problem.h"
#include "log.h"
#include "proxy.h"
#include "route.h"

void gw_call_refused(const struct gw_call *call, const char *why)
{
	struct gw_proxy_origin origin;
	char text[SL_ADDR_TEXT];

	gw_proxy_read(call->request, &call->gw->config->trusted_proxies, &origin);
	sl_log_debug("gateway", "refused client=%s why=%s request_id=%s",
	    sl_addr_format_ip(&origin.client, text), why, call->request->id);
}

static void refuse_token(struct gw_call *call, const char *why)
{
	struct sl_http_problem problem = {
	    .status = 401,
	    .name = why ? "invalid-token" : "missing-token",
	    .title = why ? "The token is not valid" : "A token is needed",
	    .detail = why ? why : "send it as \"Authorization: Bearer …\"",
	    .bearer_error = why ? "invalid_token" : NULL,
	};

	call->gw->count.refused++;
	gw_call_refused(call, problem.name);
	sl_http_problem_send(call->request, &problem);
}

static bool refuse_rate(struct gw_call *call)
{
	struct sl_http_problem problem = {
	    .status = 429,
	    .name = "too-many-requests",
	    .detail = "more requests in a second than one user may make",
	    .retry_after_s = 1,
	};

	call->gw->count.refused++;
	sl_http_problem_send(call->request, &problem);
	return false;
}

bool gw_call_signin(struct gw_call *call)
{
	struct gateway *gw = call->gw;
	struct gw_credential *c = &call->credential;
	const char *why = "not a JSON Web Token";

	bool query_token =
	    gw->config->query_token && !(call->route->flags & GW_ROUTE_RESUMES);
	gw_auth_find(call->request, gw_call_cookie(call), query_token, c);
	if (c->place == GW_PLACE_NONE) {
		refuse_token(call, NULL);
		return false;
	}
	if (c->why)
		why = c->why;
	if (c->token.data)
		call->who = gw_auth_token(gw->auth, c->token.data, c->token.len, &why);
	if (!call->who) {
		refuse_token(call, why);
		return false;
	}
	gw_access_sign(call->request, call->who);
	bool unsafe =
	    call->request->method != SL_HTTP_GET && call->request->method != SL_HTTP_HEAD;
	if (c->place == GW_PLACE_COOKIE && unsafe && !gw_call_origin_allowed(call)) {
		gw_call_problem(call, 403, "forbidden-origin",
		    "a session cookie can be used from listed origins only");
		return false;
	}
	return true;
}

bool gw_call_count(struct gw_call *call)
{
	uint32_t limit = (uint32_t)call->gw->config->requests_per_second;

	if (call->admission != GW_ADMISSION_OPEN)
		return true; /* counted at the first time */
	struct sl_http_rate rate = {
	    .policy = "requests", .quota = limit, .window_s = 1, .reset_s = 1};
	bool allowed =
	    gw_user_request(call->who->user, limit, sl_clock_mono_ns(), &rate.remaining);

	call->request->rate = rate;
	return allowed || refuse_rate(call);
}

void gw_call_clear(struct gw_call *call)
{
	gw_identity_unref(call->who);
	sl_buf_clear(&call->credential.scratch);
	call->who = NULL;
	if (call->placed) {
		gw_places_leave(call->gw->hub.places, call->placed);
		gw_user_unref(call->placed);
		call->placed = NULL;
	}
}

static void read_origin(const struct gw_call *call, struct gw_proxy_origin *origin)
{
	gw_proxy_read(call->request, &call->gw->config->trusted_proxies, origin);
}

bool gw_call_secure(const struct gw_call *call)
{
	struct gw_proxy_origin origin;

	read_origin(call, &origin);
	return origin.secure;
}

bool gw_call_local(const struct gw_call *call)
{
	struct gw_proxy_origin origin;

	read_origin(call, &origin);
	return call->request->peer.family == SL_ADDR_UNIX && !origin.forwarded;
}

const char *gw_call_cookie(const struct gw_call *call)
{
	/* A browser keeps __Host- to what came by TLS. */
	return gw_call_secure(call) ? "__Host-sightline" : call->gw->cookie;
}

bool gw_call_connects(struct gw_call *call)
{
	struct gateway *gw = call->gw;
	struct gw_proxy_origin origin;

	if (call->admission != GW_ADMISSION_OPEN)
		return true; /* counted at the first time */
	read_origin(call, &origin);
	/* Without a proxy in between it was counted when it was accepted. */
	if (!origin.forwarded || gw_proxy_is_local(&origin) ||
	    (!origin.trusted && !sl_addr_is_loopback(&origin.client)))
		return true;
	return gw_limit_connect(gw->limit, &origin.client,
	    (uint32_t)gw->config->connects_per_second, sl_clock_mono_ns());
}

bool gw_call_origin_allowed(const struct gw_call *call)
{
	struct sl_slice origin = sl_http_request_header(call->request, "Origin");
	const struct sl_names *listed = &call->gw->config->origins;
	struct sl_slice host = call->request->host;
	const char *scheme = gw_call_secure(call) ? "https://" : "http://";
	size_t scheme_len = strlen(scheme);

	if (!origin.data)
		return false;
	if (origin.len == scheme_len + host.len &&
	    memcmp(origin.data, scheme, scheme_len) == 0 &&
	    strncasecmp(origin.data + scheme_len, host.data, host.len) == 0)
		return true;
	for (size_t i = 0; i < listed->count; i++) {
		const char *name = listed->name[i];
		if (strlen(name) == origin.len &&
		    strncasecmp(name, origin.data, origin.len) == 0)
			return true;
	}
	return false;
}

void gw_call_json(struct gw_call *call, const void *json, size_t len)
{
	static struct sl_buf wrapped;

	if (call->route->flags & GW_ROUTE_WRAPS) {
		sl_buf_reset(&wrapped);
		sl_buf_adds(&wrapped, "{\"success\":true,\"data\":");
		sl_buf_add(&wrapped, json, len);
		sl_buf_addc(&wrapped, '}');
		json = wrapped.data;
		len = wrapped.len;
	}
	sl_http_response_begin(call->request, 200);
	sl_http_response_header(call->request, "Cache-Control", "no-store");
	sl_http_response_end(call->request, "application/json", json, len);
}

void gw_call_problem(
    struct gw_call *call, int status, const char *name, const char *fmt, ...)
{
	char detail[256];
	struct sl_http_problem problem = {
	    .status = status,
	    .name = name,
	    .detail = detail,
	    .bearer_error = status == 403 ? "insufficient_scope" : NULL,
	    .retry_after_s = status == 503 || status == 429 ? 1 : 0,
	};
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof detail, fmt, ap);
	va_end(ap);
	if (status == 403) {
		call->gw->count.refused++;
		gw_call_refused(call, name);
	}
	sl_http_problem_send(call->request, &problem);
}

json_t *gw_call_body(struct gw_call *call)
{
	struct sl_slice body = call->request->body;
	struct sl_json_in_error why;

	if (body.len == 0)
		return json_object();
	json_t *tree = sl_json_in_parse(body.data, body.len, &why);
	if (!tree) {
		gw_call_problem(call, 400, "bad-request", "body, line %d, column %d: %s",
		    why.line, why.column, why.text);
		return NULL;
	}
	if (!json_is_object(tree)) {
		gw_call_problem(
		    call, 400, "bad-request", "the body is not a JSON object");
		json_decref(tree);
		return NULL;
	}
	return tree;
}

/* ---- passing on to the aggregator ----------------------------------------------------
 */

struct passed {
	struct gateway *gw;
	const struct gw_route *route;
	struct sl_http_request *request;
	struct gw_question *question;
	gw_call_present *present; /* NULL: the reply is the answer */
	void *arg;
};

static void on_answer(void *arg, const struct sl_msg_reply *reply)
{
	struct passed *p = arg;
	struct gw_call call = {.gw = p->gw, .route = p->route, .request = p->request};

	sl_http_on_abort(p->request, NULL, NULL);
	if (!reply) {
		gw_call_problem(&call, 503, "aggregator-unavailable",
		    "the aggregator did not answer in time");
	} else if (reply->status < 400 && p->present) {
		p->present(&call, p->arg, reply->body);
		p->arg = NULL;
	} else if (reply->status < 400) {
		gw_call_json(&call, reply->body.data, reply->body.len);
	} else {
		char name[64];
		snprintf(name, sizeof name, "%.*s", (int)reply->problem.len,
		    reply->problem.data);
		gw_call_problem(&call, reply->status, name, "%.*s",
		    (int)reply->detail.len, reply->detail.data);
	}
	free(p->arg);
	free(p);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct passed *p = arg;

	(void)request;
	gw_ask_cancel(p->question);
	free(p->arg);
	free(p);
}

void gw_call_ask(
    struct gw_call *call, enum sl_msg_request_kind kind, struct sl_slice body)
{
	gw_call_ask_as(call, call->credential.token, kind, body);
}

static void pass_on(struct gw_call *call, struct sl_slice token,
    enum sl_msg_request_kind kind, struct sl_slice body, const struct passed *passed)
{
	struct passed *p = malloc(sizeof *p);

	if (!p)
		abort();
	*p = *passed;
	p->gw = call->gw;
	p->route = call->route;
	p->request = call->request;
	p->question = gw_ask_send(call->gw->ask, kind, token, body, on_answer, p);
	if (!p->question) {
		free(p->arg);
		free(p);
		gw_call_problem(call, 503, "aggregator-unavailable",
		    "too many requests wait for the aggregator");
		return;
	}
	sl_http_on_abort(call->request, on_abort, p);
}

void gw_call_ask_as(struct gw_call *call, struct sl_slice token,
    enum sl_msg_request_kind kind, struct sl_slice body)
{
	struct passed plain = {0};

	pass_on(call, token, kind, body, &plain);
}

void gw_call_ask_then(struct gw_call *call, enum sl_msg_request_kind kind,
    struct sl_slice body, gw_call_present *present, void *arg)
{
	struct passed then = {.present = present, .arg = arg};

	pass_on(call, call->credential.token, kind, body, &then);
}

bool gw_call_supports(struct gw_call *call, const char *but)
{
	static const char *const terms[] = {"filter", "max_hz", "format"};
	struct sl_buf value = {0};
	const char *found = NULL;

	for (size_t i = 0; !found && i < sizeof terms / sizeof *terms; i++) {
		if ((!but || strcmp(but, terms[i]) != 0) &&
		    gw_call_query(call, terms[i], &value))
			found = terms[i];
	}
	sl_buf_clear(&value);
	if (found)
		gw_call_problem(call, 400, "unsupported",
		    "the parameter %s is not supported here", found);
	return !found;
}

bool gw_call_points(struct gw_call *call, bool *points)
{
	struct sl_buf format = {0};

	*points = gw_call_query(call, "format", &format);
	bool good = !*points || strcmp(sl_buf_text(&format), "points") == 0;
	sl_buf_clear(&format);
	if (!good)
		gw_call_problem(call, 400, "bad-request", "format is not points");
	return good;
}

bool gw_call_query(const struct gw_call *call, const char *name, struct sl_buf *out)
{
	sl_buf_reset(out);
	return sl_http_request_query(call->request, name, out) == 1 && out->len > 0;
}
