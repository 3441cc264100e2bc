/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint of conformance suites, only with -Dtest_endpoints=true. */
#ifndef GW_ECHO_H
#define GW_ECHO_H

#include "call.h"

/* Largest message that comes back. */
#define GW_ECHO_MESSAGE_MAX (16u << 20)

/*
 * gw_echo_open answers a request for a WebSocket that sends each text or binary
 * message back as it came, compressed where that was negotiated, through the
 * codec that clients' WebSockets have.  Nobody signs in.
 */
void gw_echo_open(struct gw_call *call);

#endif
