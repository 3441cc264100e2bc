/* SPDX-License-Identifier: Apache-2.0 */
/* The WebSocket endpoint. */
#ifndef GW_WEBSOCKET_H
#define GW_WEBSOCKET_H

#include "call.h"

/*
 * gw_websocket_open answers a request for a WebSocket.  Faults of the handshake
 * itself get an HTTP status; everything else is told over the open socket
 * (error, disconnect, close code), because browsers cannot see a status.
 */
void gw_websocket_open(struct gw_call *call);

#endif
