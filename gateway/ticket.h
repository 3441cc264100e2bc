/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: a token's stand-in for one request, where no header can be sent. */
#ifndef GW_TICKET_H
#define GW_TICKET_H

#include "call.h"

/* gw_ticket_post answers POST /api/v1/ticket with a ticket for the caller's token. */
void gw_ticket_post(struct gw_call *call);

/*
 * gw_ticket_pending says whether a request brings a ticket that has to be spent
 * before the call can go on.  gw_ticket_spend asks the aggregator for its token and
 * handles the request again once it has come: then the credential has the token,
 * and a cookie for what EventSource sends by itself is added to the answer.  What no
 * gateway of the instance has made is refused at once, without asking.
 */
bool gw_ticket_pending(const struct gw_call *call);
void gw_ticket_spend(struct gw_call *call);

#endif
