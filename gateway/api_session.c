/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "clock.h"
#include "cookie.h"
#include "json_out.h"

/*
 * A session is the token itself in a cookie: no state is kept anywhere, and
 * signing out revokes the token on every gateway.
 */

static void add_session(const struct gw_call *call, struct sl_buf *out)
{
	const struct gw_identity *who = call->who;
	const struct sl_catalog *catalog = gw_mirror_catalog(call->gw->hub.mirror);
	const struct sl_catalog_module *module;
	char expires[SL_CLOCK_TEXT];
	struct sl_json_out w;

	static const char *const rights[] = {
#define X(id, bit, name) [bit] = (name),
	    SL_RIGHT_TABLE(X)
#undef X
	};
	sl_clock_format(who->exp_s * SL_NS_PER_S, expires);
	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "sub");
	sl_json_out_text(&w, gw_user_sub(who->user));
	sl_json_out_key(&w, "role");
	sl_json_out_text(&w, who->role->name);
	sl_json_out_key(&w, "tenant");
	sl_json_out_text(&w, who->tenant->name);
	sl_json_out_key(&w, "expiresAt");
	sl_json_out_text(&w, expires);
	sl_json_out_key(&w, "modules");
	sl_json_out_array_begin(&w);
	for (size_t i = 0; (module = sl_catalog_module_at(catalog, i)); i++) {
		if (module->bit & who->modules)
			sl_json_out_text(&w, module->name);
	}
	sl_json_out_array_end(&w);
	sl_json_out_key(&w, "may");
	sl_json_out_array_begin(&w);
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
		if (who->may & 1u << i)
			sl_json_out_text(&w, rights[i]);
	}
	sl_json_out_array_end(&w);
	sl_json_out_object_end(&w);
}

static void answer(struct gw_call *call, bool cookie)
{
	struct sl_buf out = {0};

	if (cookie && call->credential.token.len > GW_COOKIE_TOKEN_MAX) {
		gw_call_problem(call, 400, "bad-request",
		    "the token is too long for a cookie: it has over %d bytes",
		    GW_COOKIE_TOKEN_MAX);
		return;
	}
	if (cookie)
		gw_cookie_set(call, call->credential.token, call->who);
	add_session(call, &out);
	sl_http_response_begin(call->request, 200);
	sl_http_response_header(call->request, "Cache-Control", "no-store");
	sl_http_response_end(call->request, "application/json", out.data, out.len);
	sl_buf_clear(&out);
}

/* ---- sign out
 * ------------------------------------------------------------------------------ */

struct leaving {
	struct gateway *gw;
	struct sl_http_request *request;
	struct gw_question *question;
};

static void on_signed_out(void *arg, const struct sl_msg_reply *reply)
{
	struct leaving *l = arg;
	struct gw_call call = {.gw = l->gw, .request = l->request};
	struct sl_slice nothing = {"", 0};

	sl_http_on_abort(l->request, NULL, NULL);
	if (!reply || (reply->status >= 400 && reply->status != 401)) {
		gw_call_problem(&call, 503, "aggregator-unavailable",
		    "the token could not be revoked: the aggregator did not answer");
	} else {
		gw_cookie_set(&call, nothing, NULL);
		sl_http_response_begin(l->request, 200);
		sl_http_response_header(l->request, "Cache-Control", "no-store");
		sl_http_response_end(l->request, "application/json", "{}", 2);
	}
	free(l);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct leaving *l = arg;

	/* Whoever has gone still wants to be signed out: the request stays sent. */
	(void)request;
	gw_ask_cancel(l->question);
	free(l);
}

static void sign_out(struct gw_call *call)
{
	struct leaving *l = malloc(sizeof *l);
	char body[48];
	int len =
	    snprintf(body, sizeof body, "{\"exp\":%lld}", (long long)call->who->exp_s);

	if (!l)
		abort();
	l->gw = call->gw;
	l->request = call->request;
	l->question = gw_ask_send(call->gw->ask, SL_REQ_SIGN_OUT, call->credential.token,
	    (struct sl_slice){body, (size_t)len}, on_signed_out, l);
	if (!l->question) {
		free(l);
		gw_call_problem(call, 503, "aggregator-unavailable",
		    "too many requests wait for the aggregator");
		return;
	}
	sl_http_on_abort(call->request, on_abort, l);
}

void gw_api_session(struct gw_call *call)
{
	switch (call->request->method) {
	case SL_HTTP_POST:
		answer(call, true);
		break;
	case SL_HTTP_DELETE:
		sign_out(call);
		break;
	default:
		answer(call, false);
		break;
	}
}
