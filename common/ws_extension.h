/* SPDX-License-Identifier: Apache-2.0 */
/* Which WebSocket extension both sides agree on: permessage-deflate (RFC 7692). */
#ifndef SL_WS_EXTENSION_H
#define SL_WS_EXTENSION_H

#include <stdbool.h>
#include <stdint.h>

#include "http_request.h"

/* What was agreed on. */
struct sl_ws_extension {
	bool deflate;        /* permessage-deflate, no context kept in either direction */
	bool names_window;   /* the offer named server_max_window_bits */
	uint8_t window_bits; /* of what we compress: 8 to 15 */
};

/*
 * sl_ws_extension_choose takes the first offer in all Sec-WebSocket-Extensions
 * fields that can be kept.  An offer with an unknown or repeated parameter, or
 * an impossible value, is declined (RFC 7692, 7.1), and so is every other
 * extension.  Pure.  Returns 0, or SL_EMALFORMED when a field is not what
 * RFC 6455, 9.1 allows: then the handshake fails.
 */
int sl_ws_extension_choose(
    const struct sl_http_request *request, struct sl_ws_extension *chosen);

/* Length of the longest answer and its NUL. */
#define SL_WS_EXTENSION_TEXT 112

/* sl_ws_extension_text writes the field's value for the answer; "" if there is none. */
void sl_ws_extension_text(
    const struct sl_ws_extension *chosen, char text[SL_WS_EXTENSION_TEXT]);

#endif
