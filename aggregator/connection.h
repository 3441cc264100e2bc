/* SPDX-License-Identifier: Apache-2.0 */
/* What clients ask of their live connections, passed to whichever gateway has them. */
#ifndef AGG_CONNECTION_H
#define AGG_CONNECTION_H

#include "handler.h"

/*
 * A request names a connection and what is to be done to it.  Nobody but its
 * gateway knows where it lives, so all are told, by an entry "connection" of
 * the control log:
 *
 *   {"request":id of the request, "connection":uuid, "do":verb, "data":{…},
 *    "tenant", "sub", "role", "jti", "hash", "key", "iat", "exp",
 *    "max_connections"}
 *
 * with what the caller's verified token says (its hash in hex), never the token.
 * The gateway that has the connection, and whose client is of this tenant and
 * sub, does it and says so by SL_REQ_CONNECTION_DONE; that is the answer.  The
 * others say by the same that it is not theirs, {"request", "here":false}.  Where
 * none has done it within a second it is 404 if all have said so, else 503.  Entries are
 * kept for a few seconds, for gateways that have lost a batch, so a gateway may see one
 * twice.
 */
AGG_HANDLER(agg_connection_ask);
AGG_HANDLER(agg_connection_done);

/* How many entries per second are written on average, and how many at once. */
#define AGG_CONNECTION_RATE  400
#define AGG_CONNECTION_BURST 4000

/* The same for one user. */
#define AGG_CONNECTION_USER_RATE  50
#define AGG_CONNECTION_USER_BURST 200

/* Users' rates: two can share one, which their names' hash makes rare. */
#define AGG_CONNECTION_USERS 1024

/* The rate so far; all zeroes is full. */
struct agg_connection_rate {
	int64_t mono_ns;
	double used;
};

/*
 * agg_connection_allowed counts an entry that a client has caused: the control log
 * is shared with revocations, which must always find a place, and the rate with
 * all other users.  False after it has answered 429 or 503.
 */
bool agg_connection_allowed(
    struct agg_core *core, const struct agg_caller *caller, struct agg_answer *answer);

#endif
