/* SPDX-License-Identifier: Apache-2.0 */
#include "admit.h"

#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "http_problem.h"
#include "uuid.h"

bool gw_admit_user(struct gateway *gw, struct gw_identity *who)
{
	uint32_t limit = who->max_connections
			     ? who->max_connections
			     : (uint32_t)gw->config->max_connections_per_user;

	if (who->user->connections >= limit)
		return false;
	who->user->connections++;
	return true;
}

void gw_admit_leave(struct gw_identity *who)
{
	who->user->connections--;
}

bool gw_admit_same_user(const struct gw_call *call)
{
	struct sl_buf id = {0};
	bool same = !gw_call_query(call, "userId", &id) ||
		    strcmp(sl_buf_text(&id), gw_user_sub(call->who->user)) == 0;

	sl_buf_clear(&id);
	return same;
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
    struct sl_slice id, struct sl_buf *out)
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

static void add_names(
    struct sl_json_out *w, const char *key, const struct gw_names *names)
{
	sl_json_out_key(w, key);
	sl_json_out_array_begin(w);
	for (size_t i = 0; i < names->asked_count; i++)
		sl_json_out_string(w, names->asked[i].data, names->asked[i].len);
	sl_json_out_array_end(w);
}

void gw_admit_subscribed(const struct gw_client *client, struct sl_slice id,
    uint32_t subscription, const struct gw_names *names, const struct gw_stamp *stamp,
    struct sl_buf *out)
{
	enum gw_form form = (enum gw_form)client->form;
	size_t mark = gw_render_open(out, form, "subscribed", id, 0);
	char number[24];
	struct sl_json_out w;

	sl_json_out_init(&w, out);
	sl_json_out_object_begin(&w);
	snprintf(number, sizeof number, "sub-%u", subscription);
	sl_json_out_key(&w, "subscriptionId");
	sl_json_out_text(&w, number);
	/* The documents' clients read the one or the other. */
	add_names(&w, "topics", names);
	add_names(&w, "metrics", names);
	sl_json_out_object_end(&w);
	gw_render_close(out, form, mark, stamp);
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

	call->gw->count.refused++;
	gw_call_refused(call, problem.name);
	sl_http_problem_send(call->request, &problem);
}

static bool may_open(struct gw_call *call)
{
	if (gw_gateway_full(call->gw) || !call->gw->streaming) {
		gw_call_problem(call, 503, "unavailable",
		    "no stream is to be had here at the moment");
		return false;
	}
	if (!gw_call_connects(call)) {
		refuse_address(call);
		return false;
	}
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
	if (!gw_admit_user(call->gw, call->who)) {
		refuse_limit(call);
		return false;
	}
	return true;
}
