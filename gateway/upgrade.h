/* SPDX-License-Identifier: Apache-2.0 */
/* From an HTTP request to an open WebSocket: what all its endpoints share. */
#ifndef GW_UPGRADE_H
#define GW_UPGRADE_H

#include <stdbool.h>

#include "call.h"
#include "ws_handshake.h"

/*
 * gw_upgrade_check checks the handshake itself and chooses extensions as the
 * configuration allows; false after it has answered 400, 405 or 426.
 */
bool gw_upgrade_check(struct gw_call *call, struct sl_ws_handshake *shake);

#endif
