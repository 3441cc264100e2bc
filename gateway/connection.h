/* SPDX-License-Identifier: Apache-2.0 */
/* What the owner of a live client asks of it by another request, on any gateway. */
#ifndef GW_CONNECTION_H
#define GW_CONNECTION_H

#include "call.h"
#include "client.h"
#include "json_in.h"

/* What came of it: the answer to the request. */
struct gw_outcome {
	int status;          /* 0 is 200 */
	const char *problem; /* from 400 on: a name of problem.h */
	char detail[160];
	struct sl_buf body; /* below 400: a JSON object; empty is {} */
};

/* gw_outcome_problem makes the outcome a refusal. */
void gw_outcome_problem(struct gw_outcome *out, int status, const char *problem,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * One verb.  who is the verified identity of the one that asks, of the same
 * tenant and sub as the client (the reference is the caller's); data is a JSON
 * object or NULL.  Runs where the client lives; it may disconnect the client.
 */
typedef void gw_connection_op(struct gateway *gw, struct gw_client *client,
    struct gw_identity *who, const json_t *data, struct gw_outcome *out);

/*
 * gw_connection_ask does verb to the client whose id stands in the call's path,
 * or has its gateway do it, and answers the call with what came of it: 404 if
 * no gateway has it or it is another user's, 503 if not all could say so.  who is the
 * identity of token: the caller's own or a new one.  The table of verbs is
 * connection.c's.
 */
void gw_connection_ask(struct gw_call *call, struct gw_identity *who,
    struct sl_slice token, const char *verb, const json_t *data);

/*
 * gw_connection_ask_streams does verb to each event stream of the caller, on every
 * gateway, and answers with what came of one of them: of one that took it, if any
 * did; 404 if there is none, 503 if not all gateways could say so.
 */
void gw_connection_ask_streams(
    struct gw_call *call, const char *verb, const json_t *data);

/*
 * gw_connection_control takes a "connection" entry of the control log
 * (aggregator/connection.h): if the client is here, its verb is done, once
 * however often the entry comes, and the aggregator is told the outcome, or that
 * the client is not here.
 */
void gw_connection_control(struct gateway *gw, struct sl_slice body);

/* gw_connection_clear frees what is remembered of entries; at the end. */
void gw_connection_clear(struct gateway *gw);

#endif
