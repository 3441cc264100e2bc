/* SPDX-License-Identifier: Apache-2.0 */
#include "websocket.h"

#include <stdlib.h>
#include <string.h>

#include "access.h"
#include "admit.h"
#include "clock.h"
#include "command.h"
#include "message_in.h"
#include "packing.h"
#include "pump.h"
#include "route.h"
#include "selftest.h"
#include "signing.h"
#include "upgrade.h"
#include "ws.h"

static const char subprotocol[] = "sightline.v1.json";

static bool on_message(
    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len)
{
	struct gw_websocket *ws = arg;
	const char *why;

	ws->gw->count.inbound++;
	if (!gw_command_allowed(ws))
		return false;
	int code = compressed ? gw_packing_open(&ws->gw->hub.packing, opcode, &data, &len,
				    ws->codec.message_max, &why)
			      : 0;
	if (code) {
		gw_client_end_with(&ws->client, code,
		    code == SL_WS_TOO_BIG ? SL_CONN_TOO_BIG : SL_CONN_MALFORMED, why);
		return false;
	}
	ws->used += (uint32_t)(len / GW_COMMAND_BYTES); /* those that follow pay */
	if (ws->signing && opcode == SL_WS_TEXT) {
		if (gw_signing_hold(ws->signing, data, len))
			return true;
		gw_client_disconnect(&ws->client, GW_BYE_TOO_MANY);
		return false;
	}
	if (opcode != SL_WS_TEXT) {
		gw_client_end_with(&ws->client, SL_WS_UNSUPPORTED, SL_CONN_MALFORMED,
		    "messages are text");
		return false;
	}
	gw_command_run(ws, data, len);
	return !ws->client.leaving;
}

static bool on_ping(void *arg, const char *data, size_t len)
{
	struct gw_websocket *ws = arg;
	struct sl_buf out = {0};

	/* Pings cost an answer, so they count as messages. */
	if (!gw_command_allowed(ws))
		return false;
	sl_ws_write(&out, SL_WS_PONG, data, len);
	gw_client_send(&ws->client, out.data, out.len);
	sl_buf_clear(&out);
	return !ws->client.leaving;
}

static bool on_pong(void *arg, const char *data, size_t len)
{
	struct gw_websocket *ws = arg;

	gw_selftest_pong(ws->gw, &ws->client, data, len);
	/* One comes for each of our pings; whoever sends more pays for them. */
	return gw_command_allowed(ws);
}

static bool on_fragment(void *arg)
{
	struct gw_websocket *ws = arg;

	return ++ws->fragments % GW_COMMAND_FRAGMENTS != 0 || gw_command_allowed(ws);
}

static bool on_close_frame(void *arg, int code, const char *reason, size_t len)
{
	struct gw_websocket *ws = arg;

	(void)reason;
	(void)len;
	gw_client_end_with(&ws->client, code == SL_WS_NO_CODE ? SL_WS_NORMAL : code,
	    SL_CONN_CLOSE_FRAME, "");
	return false;
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	static const struct sl_ws_sink sink = {
	    .message = on_message,
	    .ping = on_ping,
	    .pong = on_pong,
	    .close = on_close_frame,
	    .fragment = on_fragment,
	};
	struct gw_websocket *ws = owner;
	const char *why = "";

	(void)conn;
	if (ws->client.leaving)
		return;
	if (ws->client.who)
		gw_pulse_heard(&ws->client);
	int code = sl_ws_feed(&ws->codec, data, len, &sink, ws, &why);
	if (code > 0)
		gw_client_end_with(&ws->client, code,
		    code == SL_WS_TOO_BIG ? SL_CONN_TOO_BIG : SL_CONN_MALFORMED, why);
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	struct gw_websocket *ws = owner;

	(void)conn;
	gw_pulse_heard(&ws->client);
	gw_pump_run(&ws->client);
}

static void on_closed(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct gw_websocket *ws = owner;
	struct gateway *gw = ws->gw;

	(void)conn;
	gw_signing_cancel(ws);
	free(ws->user_id);
	gw_access_stream(gw, &ws->client, reason);
	gw_client_clear(&ws->client);
	sl_ws_clear(&ws->codec);
	free(ws);
	gw->count.ws--;
	gw_gateway_left(gw);
}

static const struct sl_conn_handler handler = {
    .on_read = on_read,
    .on_drain = on_drain,
    .on_close = on_closed,
};

/*
 * Finds what the handshake's credential says.  YES: the user has a place, or the
 * first message will tell who it is.  NO: why and bye say it.
 */
static enum gw_admission sign_in(struct gw_call *call, const char **why, enum gw_bye *bye)
{
	struct gateway *gw = call->gw;
	struct gw_credential *c = &call->credential;

	*why = "too many connections from this address in a second";
	*bye = GW_BYE_TOO_MANY;
	if (!gw_call_connects(call))
		return GW_ADMISSION_NO;
	*why = "not a JSON Web Token";
	*bye = GW_BYE_NO_TOKEN;
	gw_auth_find(call->request, gw_call_cookie(call), gw->config->query_token, c);
	if (c->place == GW_PLACE_NONE)
		return GW_ADMISSION_YES;
	if (c->place == GW_PLACE_COOKIE && !gw_call_origin_allowed(call)) {
		*why = "a session cookie can be used from listed origins only";
		*bye = GW_BYE_FORBIDDEN;
		return GW_ADMISSION_NO;
	}
	if (c->why)
		*why = c->why;
	if (c->token.data)
		call->who = gw_auth_token(gw->auth, c->token.data, c->token.len, why);
	if (!call->who)
		return GW_ADMISSION_NO;
	if (!gw_admit_same_user(call)) {
		*why = "userId is not the token's subject";
		*bye = GW_BYE_FORBIDDEN;
		return GW_ADMISSION_NO;
	}
	*why = "this user has as many connections as allowed";
	*bye = GW_BYE_LIMIT;
	enum gw_admission admission = gw_admit_call(call);
	if (admission == GW_ADMISSION_UNKNOWN) {
		*why = GW_ADMIT_UNKNOWN;
		*bye = GW_BYE_UNDECIDED;
		return GW_ADMISSION_NO;
	}
	return admission;
}

static bool offers_ours(const struct sl_http_request *request)
{
	size_t at = 0;

	for (;;) {
		struct sl_slice offer = sl_ws_handshake_protocol(request, &at);
		if (!offer.data)
			return false;
		if (offer.len == sizeof subprotocol - 1 &&
		    memcmp(offer.data, subprotocol, offer.len) == 0)
			return true;
	}
}

/* Says why on the WebSocket, as browsers cannot see a status, and ends it. */
static void refuse(struct gw_websocket *ws, const char *why, enum gw_bye bye)
{
	const char *code = bye == GW_BYE_LIMIT       ? "connection-limit"
			   : bye == GW_BYE_FORBIDDEN ? "forbidden"
			   : bye == GW_BYE_TOO_MANY  ? "too-many-requests"
			   : bye == GW_BYE_UNDECIDED ? "aggregator-unavailable"
						     : "invalid-token";

	if (why)
		gw_command_error(ws, (struct sl_slice){0}, code, why);
	ws->gw->count.refused++;
	gw_client_disconnect(&ws->client, bye);
}

void gw_websocket_open(struct gw_call *call)
{
	struct gateway *gw = call->gw;
	struct sl_ws_handshake shake;
	const char *why = NULL;
	enum gw_bye bye = GW_BYE_SHUTDOWN;

	if (!gw_upgrade_check(call, &shake))
		return;
	if (gw_gateway_full(gw) || !gw->config->websocket || !gw->streaming) {
		gw_call_problem(call, 503, "unavailable",
		    "no WebSocket is to be had here at the moment");
		return;
	}
	bool points;
	if (!gw_call_supports(call, "format") || !gw_call_points(call, &points))
		return;
	enum gw_admission admission = GW_ADMISSION_NO;
	if (gw_follow_ready(gw->follow))
		admission = sign_in(call, &why, &bye);
	if (admission == GW_ADMISSION_WAIT)
		return;
	struct gw_websocket *ws = calloc(1, sizeof *ws);
	if (!ws)
		abort();
	ws->gw = gw;
	ws->codec.message_max = (uint32_t)gw->config->message_bytes_max;
	ws->codec.allow_rsv1 = shake.extension.deflate;
	/* Compared with whoever the first message brings. */
	struct sl_buf user_id = {0};
	if (!call->who && gw_call_query(call, "userId", &user_id))
		ws->user_id = strdup(sl_buf_text(&user_id));
	sl_buf_clear(&user_id);
	gw->count.ws++;
	gw->count.ws_opened++;
	/* The handshake's answer ends the request. */
	if (why && admission == GW_ADMISSION_NO)
		gw_call_refused(call, why);
	gw_access_sign(call->request, call->who);
	struct sl_conn *conn = sl_ws_handshake_accept(call->request, &shake,
	    offers_ours(call->request) ? subprotocol : NULL, &handler, ws);
	gw_client_init(&ws->client, &gw->hub, conn, GW_FORM_WS, call->who);
	ws->client.route = gw_route_number(call->route);
	if (shake.extension.deflate)
		ws->client.packing = gw_packing_websocket(shake.extension.window_bits);
	ws->client.points = points;
	ws->client.updates = call->route->flags & GW_ROUTE_UPDATES;
	ws->client.whole = call->route->flags & GW_ROUTE_ALL;
	gw_pulse_start(gw->pulse, &ws->client);
	if (admission == GW_ADMISSION_NO) {
		refuse(ws, why, bye);
	} else if (ws->client.who) {
		gw_admit_take(call, &ws->client);
		gw_command_welcome(ws, (struct sl_slice){0});
	}
}
