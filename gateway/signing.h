/* SPDX-License-Identifier: Apache-2.0 */
/* Signing in by a WebSocket's first message: the time until there is a place. */
#ifndef GW_SIGNING_H
#define GW_SIGNING_H

#include <stddef.h>

#include "command.h"
#include "entry.h"
#include "identity.h"

/*
 * gw_signing_begin asks for a place for who (the reference is taken over) and
 * answers the message id with connection_established, or with an error and the
 * end.  Until then nothing more is read; what was read already is held.
 */
void gw_signing_begin(
    struct gw_websocket *ws, struct gw_identity *who, struct sl_slice id);

/*
 * gw_signing_hold keeps a message until it is decided; copies.  False if they are
 * larger together than one message may be.
 */
bool gw_signing_hold(struct gw_signing *signing, const char *data, size_t len);

/* gw_signing_cancel forgets it, if there is one: the connection is over. */
void gw_signing_cancel(struct gw_websocket *ws);

#endif
