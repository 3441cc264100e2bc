/* SPDX-License-Identifier: Apache-2.0 */
/* Who may open a stream, and the first message that tells what was opened. */
#ifndef GW_ADMIT_H
#define GW_ADMIT_H

#include <stdbool.h>

#include "call.h"
#include "client.h"
#include "subscription.h"
#include "wish.h"

/*
 * gw_admit_user counts a stream of a user and returns true, or returns false
 * when the user has as many as allowed.  gw_admit_leave takes it back.
 */
bool gw_admit_user(struct gateway *gw, struct gw_identity *who);
void gw_admit_leave(struct gw_identity *who);

/*
 * gw_admit_same_user says whether ?userId=, if there is one, is the token's
 * subject: it is only ever compared.
 */
bool gw_admit_same_user(const struct gw_call *call);

/*
 * gw_admit_request decides about a request that opens a stream or poll: limits,
 * ?userId=, what it asks for.  True: wish is read, and the user has one more
 * stream (gw_admit_leave is due).  False: it has been answered; a HEAD with 200
 * and this type.
 */
bool gw_admit_request(struct gw_call *call, const char *type, struct gw_wish *wish);

/* gw_admit_welcome appends connection_established; id is the client's, or empty. */
void gw_admit_welcome(struct gateway *gw, const struct gw_client *client,
    struct sl_slice id, struct sl_buf *out);

/* gw_admit_subscribed appends the answer to a subscription. */
void gw_admit_subscribed(const struct gw_client *client, struct sl_slice id,
    uint32_t subscription, const struct gw_names *names, const struct gw_stamp *stamp,
    struct sl_buf *out);

#endif
