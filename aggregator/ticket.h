/* SPDX-License-Identifier: Apache-2.0 */
/* Tickets: random names under which a token waits for half a minute to be used once. */
#ifndef AGG_TICKET_H
#define AGG_TICKET_H

#include "handler.h"

/*
 * Gateways make the names and clients bring them to any gateway; only here are
 * they spent, so each is good for one request in the whole instance.  They are kept
 * in memory: a restart makes those void that are under way.
 */
#define AGG_TICKET_S         30
#define AGG_TICKET_USER_MAX  100                 /* of one user at a time */
#define AGG_TICKET_BYTES_MAX (16u * 1024 * 1024) /* of all tokens together */

struct agg_tickets;

struct agg_tickets *agg_tickets_new(void);
void agg_tickets_free(struct agg_tickets *tickets);

/* agg_tickets_tick drops those that are over; about once a second. */
void agg_tickets_tick(struct agg_tickets *tickets, int64_t mono_ns);

/*
 * ticket: keeps the caller's token under a name; 429 past one of the limits.
 * ticket-spend: gives it back, once; 404 if it is unknown, over or spent.  A
 * request that is sent again gets the same answer.
 */
AGG_HANDLER(agg_ticket_keep);
AGG_HANDLER(agg_ticket_spend);

#endif
