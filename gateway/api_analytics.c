/* SPDX-License-Identifier: Apache-2.0 */
/* Requirement document 004: what only the routes under /api/admin/analytics have. */
#include "api.h"
#include "connection.h"
#include "json_out.h"

static void add_list(struct sl_json_out *w, const char *key, const char *const *text)
{
	sl_json_out_key(w, key);
	sl_json_out_array_begin(w);
	for (; *text; text++)
		sl_json_out_text(w, *text);
	sl_json_out_array_end(w);
}

void gw_api_websocket_info(struct gw_call *call)
{
	static const char *const protocols[] = {"ws", "wss", NULL};
	static const char *const types[] = {"subscribe", "unsubscribe", "ping", NULL};
	static const char *const features[] = {"Automatic reconnection",
	    "Message buffering", "Priority-based message handling",
	    "Connection health monitoring", NULL};
	const struct gateway *gw = call->gw;
	struct sl_buf out = {0};
	struct sl_json_out w;

	sl_json_out_init(&w, &out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "enabled");
	sl_json_out_bool(&w, gw->config->websocket && gw->streaming);
	sl_json_out_key(&w, "endpoint");
	sl_json_out_text(&w, gw->config->websocket_path);
	add_list(&w, "protocols", protocols);
	add_list(&w, "messageTypes", types);
	add_list(&w, "features", features);
	sl_json_out_object_end(&w);
	gw_call_json(call, out.data, out.len);
	sl_buf_clear(&out);
}

/* The body is the data of a message of this type, to all event streams of the caller. */
static void change(struct gw_call *call, const char *type)
{
	json_t *body = gw_call_body(call);
	json_t *message = json_object();

	if (body) {
		json_object_set_new(message, "type", json_string(type));
		json_object_set(message, "data", body);
		gw_connection_ask_streams(call, "subscriptions", message);
	}
	json_decref(message);
	json_decref(body);
}

void gw_api_analytics_subscribe(struct gw_call *call)
{
	change(call, "subscribe");
}

void gw_api_analytics_unsubscribe(struct gw_call *call)
{
	change(call, "unsubscribe");
}
