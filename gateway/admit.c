/* SPDX-License-Identifier: Apache-2.0 */
#include "admit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "http_problem.h"
#include "json_in.h"
#include "route.h"
#include "uuid.h"

/* ---- places ---------------------------------------------------------------------- */

/* A call that waits; the request keeps it alive by its on_abort. */
struct parked {
	struct gateway *gw;
	struct sl_http_request *request;
	struct gw_user *user;
	struct gw_wait *wait;
};

uint32_t gw_admit_limit(const struct gateway *gw, const struct gw_identity *who)
{
	return who->max_connections ? who->max_connections
				    : (uint32_t)gw->config->max_connections_per_user;
}

static void on_decided(void *arg, enum gw_admission admission)
{
	struct parked *p = arg;
	struct parked copy = *p;

	free(p);
	sl_http_on_abort(copy.request, NULL, NULL);
	gw_route_again(copy.gw, copy.request, admission,
	    admission == GW_ADMISSION_YES ? copy.user : NULL);
	gw_user_unref(copy.user);
}

static void on_abort(void *arg, struct sl_http_request *request)
{
	struct parked *p = arg;

	(void)request;
	gw_places_cancel(p->wait);
	gw_user_unref(p->user);
	free(p);
}

static void end_replaced(
    struct gateway *gw, const struct gw_user *user, const uint8_t id[GW_CLIENT_ID])
{
	struct gw_client *client = gw_client_find(&gw->hub, id);

	if (client && client->placed && client->who->user == user)
		gw_client_disconnect(client, GW_BYE_REPLACED);
}

enum gw_admission gw_admit_call(struct gw_call *call)
{
	struct gateway *gw = call->gw;
	struct gw_user *user = call->who->user;
	uint32_t limit = gw_admit_limit(gw, call->who);

	if (call->admission != GW_ADMISSION_OPEN)
		return call->admission;
	if (call->replaces && user->connections >= limit)
		end_replaced(gw, user, call->replaces);
	struct parked *p = malloc(sizeof *p);
	if (!p)
		abort();
	*p = (struct parked){.gw = gw, .request = call->request, .user = user};
	struct gw_want want = {.user = user,
	    .limit = limit,
	    .replaces = call->replaces,
	    .done = on_decided,
	    .arg = p};
	enum gw_admission admission = gw_places_ask(gw->hub.places, &want, &p->wait);
	if (admission == GW_ADMISSION_NO) {
		free(p);
		return admission;
	}
	user->refs++;
	if (admission == GW_ADMISSION_YES) {
		call->placed = user;
		free(p);
	} else {
		sl_http_on_abort(call->request, on_abort, p);
	}
	return admission;
}

void gw_admit_take(struct gw_call *call, struct gw_client *client)
{
	client->placed = true;
	gw_user_unref(call->placed);
	call->placed = NULL;
}

void gw_admit_surplus(void *arg, struct gw_user *user, uint32_t count)
{
	struct gateway *gw = arg;

	/* The newest clients stand in front. */
	for (struct gw_client *c = gw->hub.client_first; c && count > 0; c = c->next) {
		if (!c->placed || c->who->user != user)
			continue;
		gw_client_disconnect(c, GW_BYE_LIMIT);
		count--;
	}
}

bool gw_admit_cut(struct gateway *gw, struct sl_slice body)
{
	json_t *tree = sl_json_in_parse(body.data, body.len, NULL);
	struct sl_slice tenant, sub, text;
	uint8_t id[SL_UUID_BYTES];
	bool read = sl_json_in_string(tree, "tenant", &tenant) &&
		    sl_json_in_string(tree, "sub", &sub) &&
		    sl_json_in_string(tree, "id", &text) &&
		    sl_uuid_parse(text.data, text.len, id) == 0;

	if (read) {
		struct gw_user *user = gw_user_get(gw->users, tenant.data, sub.data);
		end_replaced(gw, user, id);
		gw_user_unref(user);
	}
	json_decref(tree);
	return read;
}

/* ---- what opens a stream --------------------------------------------------------- */

bool gw_admit_same_user(const struct gw_call *call)
{
	struct sl_buf id = {0};
	bool same = !gw_call_query(call, "userId", &id) ||
		    strcmp(sl_buf_text(&id), gw_user_sub(call->who->user)) == 0;

	sl_buf_clear(&id);
	return same;
}

bool gw_admit_whole(struct gateway *gw, struct gw_client *client)
{
	const struct sl_catalog *catalog = gw_mirror_catalog(gw->hub.mirror);
	struct sl_buf out = {0};

	if (!client->whole || client->who->modules == sl_catalog_all_modules(catalog))
		return true;
	gw_render_error(&out, (enum gw_form)client->form, (struct sl_slice){0},
	    "forbidden", "this is for roles that may read every module");
	gw_client_send(client, out.data, out.len);
	sl_buf_clear(&out);
	gw->count.refused++;
	gw_client_disconnect(client, GW_BYE_FORBIDDEN);
	return false;
}

static void add_limits(const struct gateway *gw, struct sl_json_out *w)
{
	sl_json_out_key(w, "limits");
	sl_json_out_object_begin(w);
	sl_json_out_key(w, "maxBufferSize");
	sl_json_out_int(w, gw->config->max_buffer_size);
	sl_json_out_key(w, "maxMessageBytes");
	sl_json_out_int(w, gw->config->message_bytes_max);
	sl_json_out_key(w, "messagesPerSecond");
	sl_json_out_int(w, gw->config->messages_per_second);
	sl_json_out_key(w, "maxSubscriptions");
	sl_json_out_int(w, GW_SUB_MAX);
	sl_json_out_object_end(w);
}

void gw_admit_welcome(struct gateway *gw, const struct gw_client *client,
    struct sl_slice id, struct sl_slice token, struct sl_buf *out)
{
	enum gw_form form = (enum gw_form)client->form;
	size_t mark = gw_render_open(out, form, "connection_established", id, 0);
	char uuid[SL_UUID_TEXT];
	char expires[SL_CLOCK_TEXT];
	struct sl_json_out w;

	sl_uuid_format(client->id, uuid);
	sl_clock_format(client->who->exp_s * SL_NS_PER_S, expires);
	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "connectionId");
	sl_json_out_text(&w, uuid);
	if (token.len > 0) {
		sl_json_out_key(&w, "reconnectToken");
		sl_json_out_string(&w, token.data, token.len);
	}
	sl_json_out_key(&w, "role");
	sl_json_out_text(&w, client->who->role->name);
	sl_json_out_key(&w, "expiresAt");
	sl_json_out_text(&w, expires);
	sl_json_out_key(&w, "heartbeatInterval");
	sl_json_out_int(&w, gw->config->heartbeat_interval_ms);
	add_limits(gw, &w);
	sl_json_out_object_end(&w);
	gw_render_close(out, form, mark, NULL);
}

/* ---- requests ------------------------------------------------------------------ */

static void refuse_limit(struct gw_call *call)
{
	struct sl_http_problem problem = {
	    .status = 429,
	    .name = "connection-limit",
	    .detail = "this user has as many connections as allowed",
	    .retry_after_s = 5,
	};

	call->gw->count.refused++;
	sl_http_problem_send(call->request, &problem);
}

static void refuse_address(struct gw_call *call)
{
	struct sl_http_problem problem = {
	    .status = 429,
	    .name = "too-many-requests",
	    .detail = "too many connections from this address in a second",
	    .retry_after_s = 1,
	};

	call->request->rate = (struct sl_http_rate){.policy = "connects",
	    .quota = (uint32_t)call->gw->config->connects_per_second,
	    .window_s = 1,
	    .reset_s = 1};
	call->gw->count.refused++;
	gw_call_refused(call, problem.name);
	sl_http_problem_send(call->request, &problem);
}

bool gw_admit_connects(struct gw_call *call)
{
	bool allowed = gw_call_connects(call);

	if (!allowed)
		refuse_address(call);
	return allowed;
}

static bool may_open(struct gw_call *call)
{
	if (gw_gateway_full(call->gw) || !call->gw->streaming) {
		gw_call_problem(call, 503, "unavailable",
		    "no stream is to be had here at the moment");
		return false;
	}
	if (!gw_admit_connects(call))
		return false;
	if (!gw_admit_same_user(call)) {
		gw_call_problem(
		    call, 403, "forbidden", "userId is not the token's subject");
		return false;
	}
	return true;
}

bool gw_admit_request(struct gw_call *call, const char *type, struct gw_wish *wish)
{
	if (!may_open(call) || !gw_wish_read(call, wish))
		return false;
	if (call->request->method == SL_HTTP_HEAD) {
		sl_http_response_send(call->request, 200, type, NULL, 0);
		return false;
	}
	enum gw_admission admission = gw_admit_call(call);
	if (admission == GW_ADMISSION_NO)
		refuse_limit(call);
	else if (admission == GW_ADMISSION_UNKNOWN)
		gw_call_problem(
		    call, 503, "aggregator-unavailable", "%s", GW_ADMIT_UNKNOWN);
	return admission == GW_ADMISSION_YES;
}
