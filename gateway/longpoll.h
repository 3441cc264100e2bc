/* SPDX-License-Identifier: Apache-2.0 */
/* GET /api/v1/poll: the messages of a stream, for clients that can only ask. */
#ifndef GW_LONGPOLL_H
#define GW_LONGPOLL_H

#include "call.h"
#include "client.h"

/* Seconds that a poll waits unless ?wait= says otherwise, and at most. */
#define GW_LONGPOLL_WAIT_S     25
#define GW_LONGPOLL_WAIT_S_MAX 60

/*
 * gw_longpoll_open answers 200 {"messages":[…],"cursor":"…"} as soon as there is a
 * message behind the request's cursor, and without one after ?wait= seconds.
 */
void gw_longpoll_open(struct gw_call *call);

/* gw_longpoll_answer is the hub's answer: it answers the request, once. */
void gw_longpoll_answer(struct gw_client *client, const void *data, size_t len);

#endif
