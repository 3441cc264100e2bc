/* SPDX-License-Identifier: Apache-2.0 */
/* Who may open a stream, and the first message that tells what was opened. */
#ifndef GW_ADMIT_H
#define GW_ADMIT_H

#include <stdbool.h>

#include "call.h"
#include "client.h"
#include "subscription.h"
#include "wish.h"

/* What UNKNOWN is told: the aggregator has not decided in time. */
#define GW_ADMIT_UNKNOWN "whether this user has a place left cannot be told at the moment"

/*
 * gw_admit_call asks for one of the caller's user's places.  WAIT: the call has
 * been put aside, the handler returns without an answer, and the call will run
 * again from the start with what was decided (or never, if the client goes).
 * call->replaces, set before, is the connection that gives way if there is none.
 */
enum gw_admission gw_admit_call(struct gw_call *call);

/* gw_admit_take makes the place that the call holds the client's. */
void gw_admit_take(struct gw_call *call, struct gw_client *client);

/* gw_admit_limit is how many connections an identity's user may have. */
uint32_t gw_admit_limit(const struct gateway *gw, const struct gw_identity *who);

/* gw_admit_surplus ends a user's newest connections: a gw_places_surplus. */
gw_places_surplus gw_admit_surplus;

/*
 * gw_admit_cut ends the connection that an entry of the control log names,
 * {"tenant","sub","id"}, if it is here.  Returns false for a body of another form.
 */
bool gw_admit_cut(struct gateway *gw, struct sl_slice body);

/*
 * gw_admit_same_user says whether ?userId=, if there is one, is the token's
 * subject: it is only ever compared.
 */
bool gw_admit_same_user(const struct gw_call *call);

/*
 * gw_admit_connects counts the opening of a stream as gw_call_connects does; false
 * after it has answered 429.
 */
bool gw_admit_connects(struct gw_call *call);

/*
 * gw_admit_request decides about a request that opens a stream or poll: limits,
 * ?userId=, what it asks for.  True: wish is read, and the call holds a place for
 * gw_admit_take.  False: it has been answered (a HEAD with 200 and this type) or
 * put aside as gw_admit_call does.
 */
bool gw_admit_request(struct gw_call *call, const char *type, struct gw_wish *wish);

/*
 * gw_admit_whole says whether the client's role may be on its route; a client
 * that may not, since its first message or a refresh, is told and disconnected.
 */
bool gw_admit_whole(struct gateway *gw, struct gw_client *client);

/*
 * gw_admit_welcome appends connection_established; id is the client's, token the
 * one that it can reconnect with; both may be empty.
 */
void gw_admit_welcome(struct gateway *gw, const struct gw_client *client,
    struct sl_slice id, struct sl_slice token, struct sl_buf *out);

#endif
