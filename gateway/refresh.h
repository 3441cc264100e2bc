/* SPDX-License-Identifier: Apache-2.0 */
/* A new token for a live client, whichever way it comes. */
#ifndef GW_REFRESH_H
#define GW_REFRESH_H

#include "connection.h"

/*
 * gw_refresh gives a client that is signed in the identity of a new token of
 * the same user (a reference is taken): it is told by connection_established,
 * with the id of its message if it sent one, and with another role gets a fresh
 * initial_metrics of what that may see.
 */
void gw_refresh(struct gateway *gw, struct gw_client *client, struct gw_identity *who,
    struct sl_slice id);

/* gw_refresh_op is the verb "refresh"; the answer has connectionId and expiresAt. */
gw_connection_op gw_refresh_op;

/* gw_refresh_post answers POST /api/v1/connections/{id}/refresh. */
void gw_refresh_post(struct gw_call *call);

#endif
