/* SPDX-License-Identifier: Apache-2.0 */
/* The opening handshake of RFC 6455 on a parsed request. */
#ifndef SL_WS_HANDSHAKE_H
#define SL_WS_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "http_request.h"
#include "ws_extension.h"

/* Length of Sec-WebSocket-Accept and its NUL. */
#define SL_WS_ACCEPT 29

struct sl_ws_handshake {
	char accept[SL_WS_ACCEPT];
	/* What the client offers and we could keep; the caller may switch it off. */
	struct sl_ws_extension extension;
	/* When refused: 400, 405 or 426 (then send "Sec-WebSocket-Version: 13"). */
	int status;
	const char *detail;
};

/* sl_ws_handshake_wanted says whether the request asks for a WebSocket at all. */
bool sl_ws_handshake_wanted(const struct sl_http_request *request);

/*
 * sl_ws_handshake_check checks method, version, Upgrade, Connection, key,
 * Sec-WebSocket-Version and -Extensions.  Pure.  Returns 0 with accept and
 * extension filled, or SL_EMALFORMED with status and detail.
 */
int sl_ws_handshake_check(
    const struct sl_http_request *request, struct sl_ws_handshake *handshake);

/*
 * sl_ws_handshake_protocol walks the offered subprotocols: *at is 0 first, and
 * returns the next token or {NULL, 0} after the last.
 */
struct sl_slice sl_ws_handshake_protocol(
    const struct sl_http_request *request, size_t *at);

/*
 * sl_ws_handshake_accept answers 101 and hands the connection over
 * (sl_http_response_upgrade), agreeing to what handshake->extension says.
 * protocol may be NULL.
 */
struct sl_conn;
struct sl_conn_handler;
struct sl_conn *sl_ws_handshake_accept(struct sl_http_request *request,
    const struct sl_ws_handshake *handshake, const char *protocol,
    const struct sl_conn_handler *conn_handler, void *owner);

#endif
