/* SPDX-License-Identifier: Apache-2.0 */
/* The document of the messages on streams and WebSockets. */
#ifndef GW_ASYNCAPI_H
#define GW_ASYNCAPI_H

#include "buf.h"

/*
 * gw_asyncapi_write appends the AsyncAPI 3 document: a channel for each route
 * that opens a stream or a WebSocket, and every kind of message.
 */
void gw_asyncapi_write(struct sl_buf *out, const char *websocket_path);

#endif
