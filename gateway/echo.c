/* SPDX-License-Identifier: Apache-2.0 */
#include "echo.h"

#include <stdlib.h>

#include "packing.h"
#include "upgrade.h"
#include "ws.h"

/* Output past which nothing more is read until it has drained. */
#define PENDING_MAX (1u << 20)

struct echo {
	struct sl_ws codec;
	struct sl_conn *conn;
	struct gw_packing_home *home;
	enum gw_packing_kind kind;
};

static void send_frame(struct echo *echo, enum sl_ws_opcode opcode, const char *data,
    size_t len, enum gw_packing_kind kind)
{
	struct sl_buf frame = {0}, wire = {0};
	struct sl_buf *out = &frame;

	sl_ws_write(&frame, opcode, data, len);
	if (kind != GW_PACKING_NONE) {
		gw_packing_frames(echo->home, kind, frame.data, frame.len, &wire);
		out = &wire;
	}
	sl_conn_send(echo->conn, out->data, out->len);
	if (sl_conn_pending_bytes(echo->conn) > PENDING_MAX)
		sl_conn_pause(echo->conn);
	sl_buf_clear(&frame);
	sl_buf_clear(&wire);
}

static void end_with(struct echo *echo, int code, enum sl_conn_reason why)
{
	struct sl_buf out = {0};

	sl_ws_write_close(&out, code, "");
	sl_conn_send(echo->conn, out.data, out.len);
	sl_buf_clear(&out);
	sl_conn_finish(echo->conn, why);
}

static bool on_message(
    void *arg, enum sl_ws_opcode opcode, bool compressed, char *data, size_t len)
{
	struct echo *echo = arg;
	const char *why;
	int code = compressed ? gw_packing_open(echo->home, opcode, &data, &len,
				    GW_ECHO_MESSAGE_MAX, &why)
			      : 0;

	if (code)
		end_with(echo, code, SL_CONN_MALFORMED);
	else
		send_frame(echo, opcode, data, len, echo->kind);
	return sl_conn_is_open(echo->conn);
}

static bool on_ping(void *arg, const char *data, size_t len)
{
	send_frame(arg, SL_WS_PONG, data, len, GW_PACKING_NONE);
	return true;
}

static bool on_close_frame(void *arg, int code, const char *reason, size_t len)
{
	(void)reason;
	(void)len;
	end_with(arg, code, SL_CONN_CLOSE_FRAME);
	return false;
}

static void on_read(struct sl_conn *conn, void *owner, char *data, size_t len)
{
	static const struct sl_ws_sink sink = {
	    .message = on_message,
	    .ping = on_ping,
	    .close = on_close_frame,
	};
	struct echo *echo = owner;
	int code = sl_ws_feed(&echo->codec, data, len, &sink, echo, NULL);

	(void)conn;
	if (code > 0)
		end_with(echo, code, SL_CONN_MALFORMED);
}

static void on_drain(struct sl_conn *conn, void *owner)
{
	(void)owner;
	sl_conn_resume(conn);
}

static void on_closed(struct sl_conn *conn, void *owner, enum sl_conn_reason reason)
{
	struct echo *echo = owner;

	(void)conn;
	(void)reason;
	sl_ws_clear(&echo->codec);
	free(echo);
}

void gw_echo_open(struct gw_call *call)
{
	static const struct sl_conn_handler handler = {
	    .on_read = on_read,
	    .on_drain = on_drain,
	    .on_close = on_closed,
	};
	struct sl_ws_handshake shake;

	if (!gw_upgrade_check(call, &shake))
		return;
	struct echo *echo = calloc(1, sizeof *echo);
	if (!echo)
		abort();
	echo->codec.message_max = GW_ECHO_MESSAGE_MAX;
	echo->codec.allow_rsv1 = shake.extension.deflate;
	echo->home = &call->gw->hub.packing;
	if (shake.extension.deflate)
		echo->kind =
		    gw_packing_kind_of(gw_packing_websocket(shake.extension.window_bits));
	echo->conn = sl_ws_handshake_accept(call->request, &shake, NULL, &handler, echo);
}
