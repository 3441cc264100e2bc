/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriptions of a live client: by a message of its own, or by POST. */
#ifndef GW_SUBSCRIBE_H
#define GW_SUBSCRIBE_H

#include <stdbool.h>

#include "connection.h"
#include "message_in.h"
#include "names.h"

/* Why a message was not done. */
struct gw_refusal {
	const char *code; /* a name of problem.h */
	char text[192];
};

/*
 * gw_subscribe_run does a subscribe or unsubscribe of a client that is signed in:
 * the answer and what follows it go into the client's stream, and data, unless it
 * is NULL, gets the answer's data as a JSON object.  Returns false with why if it
 * is refused; nothing has changed then.
 */
bool gw_subscribe_run(struct gw_client *client, const struct gw_message *m,
    struct sl_buf *data, struct gw_refusal *why);

/* gw_subscribe_told appends the message `subscribed`; id is the client's, or empty. */
void gw_subscribe_told(const struct gw_client *client, struct sl_slice id,
    uint32_t subscription, const struct gw_names *names, const struct gw_stamp *stamp,
    struct sl_buf *out);

/*
 * gw_subscribe_post handles POST /api/v1/connections/{id}/subscriptions, whose body
 * is the message; gw_subscribe_op does it where the connection lives.
 */
void gw_subscribe_post(struct gw_call *call);
gw_connection_op gw_subscribe_op;

#endif
