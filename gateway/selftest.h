/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of a user's live streams: a message goes through each, and has to arrive. */
#ifndef GW_SELFTEST_H
#define GW_SELFTEST_H

#include "client.h"
#include "gateway.h"
#include "json_in.h"

/*
 * gw_selftest_start sends connection_test to the clients here of a tenant's
 * subject, of data's "transport" if it names one, and answers the census entry
 * once it has arrived everywhere, or after 400 ms: on a WebSocket the peer's
 * pong says so, on an event stream that its system has acknowledged every byte.
 */
void gw_selftest_start(struct gateway *gw, const char *request, const char *tenant,
    const char *sub, const json_t *data);

/* gw_selftest_pong is told of every pong. */
void gw_selftest_pong(
    struct gateway *gw, const struct gw_client *client, const char *data, size_t len);

/* gw_selftest_clear ends the tests that are under way, unanswered. */
void gw_selftest_clear(struct gateway *gw);

/* Clients that one test reaches at most, and tests under way on a gateway. */
#define GW_SELFTEST_CLIENTS 32
#define GW_SELFTEST_OPEN    64

#endif
