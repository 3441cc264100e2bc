/* SPDX-License-Identifier: Apache-2.0 */
/* Reconnect tokens: how a client without a cursor finds back to its stream. */
#ifndef GW_RECONNECT_H
#define GW_RECONNECT_H

#include "call.h"
#include "client.h"

/*
 * A token is sealed with a key that all gateways of an instance have (secret.h);
 * without it no token is given.  In it are tenant, user, connection, what the stream was
 * asked for and where it began.  It is no credential: whoever brings it has to sign in as
 * the user that it names.  By itself it is good for connection_timeout; after that as
 * long as the aggregator has a report of its connection that is not older.
 */

/*
 * gw_reconnect_token appends the token of a client that stands at a position and
 * was asked for by a query; nothing if the query is too long for a URL.
 */
void gw_reconnect_token(struct gateway *gw, const struct gw_client *client,
    struct sl_slice query, const struct sl_cursor *at, struct sl_buf *out);

/*
 * gw_reconnect_open answers GET …/reconnect?token=: the stream of the token,
 * from the request's own cursor if it has one, else from where the connection
 * was last known to stand.
 */
void gw_reconnect_open(struct gw_call *call);

#endif
