/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api.h"
#include "json_out.h"
#include "mirror_alert.h"
#include "stream.h"

static const struct sl_slice empty = {"", 0};

void gw_api_status(struct gw_call *call)
{
	gw_call_ask(call, SL_REQ_STATUS, empty);
}

/* ---- acknowledge
 * ----------------------------------------------------------------------- */

/* Copies a member that the aggregator will judge, if it is there and text. */
static bool copy_text(
    struct gw_call *call, struct sl_json_out *w, const json_t *body, const char *key)
{
	const json_t *value = json_object_get(body, key);

	if (!value || json_is_null(value))
		return true;
	if (!json_is_string(value)) {
		gw_call_problem(call, 400, "bad-request", "\"%s\" must be a string", key);
		return false;
	}
	sl_json_out_key(w, key);
	sl_json_out_string(w, json_string_value(value), json_string_length(value));
	return true;
}

static void acknowledge(struct gw_call *call, struct sl_slice id, const json_t *body)
{
	static struct sl_buf out;
	struct sl_json_out w;

	if (!gw_identity_may(call->who, SL_RIGHT_ACKNOWLEDGE)) {
		gw_call_problem(call, 403, "forbidden",
		    "the role %s may not acknowledge alerts", call->who->role->name);
		return;
	}
	sl_buf_reset(&out);
	sl_json_out_init(&w, &out);
	sl_json_out_object_begin(&w);
	sl_json_out_key(&w, "alertId");
	sl_json_out_string(&w, id.data, id.len);
	if (!copy_text(call, &w, body, "note") || !copy_text(call, &w, body, "expiresAt"))
		return;
	sl_json_out_object_end(&w);
	gw_call_ask(call, SL_REQ_ACKNOWLEDGE, (struct sl_slice){out.data, out.len});
}

void gw_api_acknowledge(struct gw_call *call)
{
	json_t *body = gw_call_body(call);

	if (!body)
		return;
	acknowledge(call, call->param, body);
	json_decref(body);
}

/* ---- control
 * ----------------------------------------------------------------------------- */

static const struct {
	const char *action;
	enum sl_msg_request_kind kind;
	enum sl_right right;
} controls[] = {
    {"force-aggregation", SL_REQ_FORCE_AGGREGATION, SL_RIGHT_FORCE_AGGREGATION},
    {"start-aggregator", SL_REQ_START_AGGREGATOR, SL_RIGHT_CONTROL},
    {"stop-aggregator", SL_REQ_STOP_AGGREGATOR, SL_RIGHT_CONTROL},
};

static void control(struct gw_call *call, const char *action)
{
	for (size_t i = 0; i < sizeof controls / sizeof *controls; i++) {
		if (strcmp(controls[i].action, action) != 0)
			continue;
		if (!gw_identity_may(call->who, controls[i].right) ||
		    !gw_identity_is_default(call->who))
			gw_call_problem(call, 403, "forbidden",
			    "the role %s may not do this", call->who->role->name);
		else
			gw_call_ask(call, controls[i].kind, empty);
		return;
	}
	gw_call_problem(call, 400, "unknown-action",
	    "action is force-aggregation, start-aggregator or stop-aggregator");
}

/* The body's action; {NULL, 0} after an answer. */
static struct sl_slice read_action(struct gw_call *call, const json_t *body)
{
	struct sl_slice action = {0};

	if (!sl_json_in_string(body, "action", &action))
		gw_call_problem(call, 400, "bad-request", "\"action\" is missing");
	return action;
}

void gw_api_control(struct gw_call *call)
{
	json_t *body = gw_call_body(call);

	if (!body)
		return;
	struct sl_slice action = read_action(call, body);
	if (action.data)
		control(call, action.data);
	json_decref(body);
}

/* ---- requirement document 000
 * ------------------------------------------------------------ */

void gw_api_realtime_get(struct gw_call *call)
{
	static const struct {
		const char *action;
		void (*handler)(struct gw_call *call);
	} actions[] = {
	    {"snapshot", gw_api_snapshot},
	    {"alerts", gw_api_alerts_list},
	    {"sse", gw_stream_open},
	};
	struct sl_buf action = {0};

	if (!gw_call_query(call, "action", &action))
		sl_buf_adds(&action, "snapshot");
	const char *name = sl_buf_text(&action);
	if (strcmp(name, "sse") != 0 && !gw_call_count(call)) {
		sl_buf_clear(&action);
		return;
	}
	if (strcmp(name, "system-status") == 0) {
		if (!gw_identity_may(call->who, SL_RIGHT_STATUS) ||
		    !gw_identity_is_default(call->who))
			gw_call_problem(call, 403, "forbidden",
			    "the role %s may not see this", call->who->role->name);
		else
			gw_api_status(call);
		sl_buf_clear(&action);
		return;
	}
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
		if (strcmp(actions[i].action, name) == 0) {
			sl_buf_clear(&action);
			actions[i].handler(call);
			return;
		}
	}
	sl_buf_clear(&action);
	gw_call_problem(call, 400, "unknown-action",
	    "action is snapshot, system-status, alerts or sse");
}

void gw_api_realtime_post(struct gw_call *call)
{
	json_t *body = gw_call_body(call);
	struct sl_slice id;

	if (!body)
		return;
	struct sl_slice action = read_action(call, body);
	if (!action.data) {
		json_decref(body);
		return;
	}
	if (strcmp(action.data, "acknowledge-alert") != 0)
		control(call, action.data);
	else if (!sl_json_in_string(body, "alertId", &id))
		gw_call_problem(call, 400, "bad-request", "\"alertId\" is missing");
	else
		acknowledge(call, id, body);
	json_decref(body);
}
